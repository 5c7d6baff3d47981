/* Kubernetes' Lease: who holds something, until when. */
#ifndef CORE_API_K8S_LEASE_H
#define CORE_API_K8S_LEASE_H

#include "core/text/field.h"

struct k8s_lease { /* the spec */
    struct str holder;
    struct field_opt duration_s;
    struct field_opt acquired, renewed;
    int64_t transitions;
};

extern FIELD_DECLARE(k8s_lease);
extern FIELD_DECLARE(k8s_lease_root);

#endif
