/* Which workloads a policy is for, by their labels. Two messages say it under different names. */
#ifndef CORE_API_WORKLOAD_SELECTOR_H
#define CORE_API_WORKLOAD_SELECTOR_H

#include "core/text/field.h"

struct workload_selector { /* "selector: {matchLabels: ...}" */
    struct field_at at;
    struct field_pair *labels;
    size_t labels_count;
};

struct workload_selector_labels { /* "workloadSelector: {labels: ...}" */
    struct field_at at;
    struct field_pair *labels;
    size_t labels_count;
};

extern FIELD_DECLARE(workload_selector);
extern FIELD_DECLARE(workload_selector_labels);

/* Whether labels has every pair of want. */
bool workload_selector_is_match(const struct field_pair *want, size_t want_count,
                                const struct field_pair *labels, size_t labels_count);

#endif
