/* Istio's DestinationRule: what holds for requests after routing: subsets and traffic policy. */
#ifndef CORE_API_DESTINATION_RULE_H
#define CORE_API_DESTINATION_RULE_H

#include "core/api/traffic_policy.h"
#include "core/api/workload_selector.h"
#include "core/text/field.h"

struct destination_rule_subset {
    struct field_at at;
    struct str name;
    struct field_pair *labels;
    size_t labels_count;
    struct traffic_policy *policy;
};

struct destination_rule { /* the spec */
    struct field_at at;
    struct str host;
    struct traffic_policy *policy;
    struct destination_rule_subset *subsets;
    size_t subsets_count;
    struct str *export_to;
    size_t export_to_count;
    struct workload_selector *workload_selector;
};

extern FIELD_DECLARE(destination_rule);
extern FIELD_DECLARE(destination_rule_root);

#endif
