/* Kubernetes' label selector, as it stands in objects. */
#ifndef CORE_API_LABEL_SELECTOR_H
#define CORE_API_LABEL_SELECTOR_H

#include "core/text/field.h"

struct label_selector_rule {
    struct field_at at;
    struct str key;
    struct str op; /* "In", "NotIn", "Exists", "DoesNotExist"; checked */
    struct str *values;
    size_t values_count;
};

struct label_selector {
    struct field_at at;
    struct field_pair *match_labels;
    size_t match_labels_count;
    struct label_selector_rule *rules; /* matchExpressions */
    size_t rules_count;
};

extern FIELD_DECLARE(label_selector);

/* Whether the labels fit all that s says; an empty selector fits everything. */
bool label_selector_is_match(const struct label_selector *s, const struct field_pair *labels,
                             size_t n);

#endif
