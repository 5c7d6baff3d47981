#include "core/api/k8s_lease.h"

#include "core/api/object_meta.h"

#define V1 "io.k8s.api.coordination.v1."

/* clang-format off */
#define T struct k8s_lease
static const struct field k8s_lease_fields[] = {
    FIELD_STR(T, holder, "holderIdentity", .help = "Who holds it."),
    FIELD_OPT_INT32(T, duration_s, "leaseDurationSeconds", .min = 1, .max = INT32_MAX, .help = "Seconds that it holds without renewal."),
    FIELD_TIMESTAMP(T, acquired, "acquireTime", .help = "When it was taken."),
    FIELD_TIMESTAMP(T, renewed, "renewTime", .help = "When it was last renewed."),
    FIELD_INT32(T, transitions, "leaseTransitions", .max = INT32_MAX, .help = "How often the holder changed."),
};
FIELD_MESSAGE(k8s_lease, V1 "LeaseSpec", .help = "Who holds something.");
#undef T

struct k8s_lease_root {
    OBJECT_META_HEAD;
    struct k8s_lease *spec;
};

#define T struct k8s_lease_root
static const struct field k8s_lease_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", k8s_lease, .help = "What is wanted."),
};
FIELD_MESSAGE(k8s_lease_root, V1 "Lease", .at = FIELD_AT(T, at), .help = "Who holds something, until when.");
#undef T
/* clang-format on */
