#include "core/api/port_selector.h"

/* clang-format off */
#define T struct port_selector
static const struct field port_selector_fields[] = {
    FIELD_UINT32(T, number, "number", .proto = 1, .min = 1, .max = 65535, .help = "The port's number."),
};
FIELD_MESSAGE(port_selector, "istio.networking.v1alpha3.PortSelector", .help = "A port of a service.");
#undef T
/* clang-format on */
