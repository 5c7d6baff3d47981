/* A port by its number. */
#ifndef CORE_API_PORT_SELECTOR_H
#define CORE_API_PORT_SELECTOR_H

#include "core/text/field.h"

struct port_selector {
    int64_t number;
};

extern FIELD_DECLARE(port_selector);

#endif
