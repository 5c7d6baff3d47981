/* Istio's WorkloadEntry: one workload that is not a pod; and its group and probe. */
#ifndef CORE_API_WORKLOAD_ENTRY_H
#define CORE_API_WORKLOAD_ENTRY_H

#include "core/text/field.h"

struct workload_entry { /* the spec; also an endpoint of a ServiceEntry */
    struct field_at at;
    struct str address;           /* IP, host name or "unix://..." */
    struct field_pair_int *ports; /* number by the service's port name */
    size_t ports_count;
    struct field_pair *labels;
    size_t labels_count;
    struct str network, locality;
    int64_t weight;
    struct str service_account;
};

extern FIELD_DECLARE(workload_entry);
/* The same fields for a template, where the address comes later. */
extern FIELD_DECLARE(workload_entry_template);
extern FIELD_DECLARE(workload_entry_root);

#endif
