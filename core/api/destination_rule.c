#include "core/api/destination_rule.h"

#include "core/api/api_check.h"
#include "core/api/istio_status.h"
#include "core/api/object_meta.h"

#define PROTO "istio.networking.v1alpha3."

static void check_subset(struct field_check *c, const void *message)
{
    const struct destination_rule_subset *s = message;

    api_check_labels(c, "labels", s->labels, s->labels_count);
}

static void check_rule(struct field_check *c, const void *message)
{
    const struct destination_rule *r = message;

    for (size_t i = 0; i < r->subsets_count; i++)
        for (size_t j = 0; j < i; j++)
            if (r->subsets[i].name.len > 0 && str_eq(r->subsets[i].name, r->subsets[j].name)) {
                field_decode_error_at(c, "subsets", "two subsets are called \"%.*s\"",
                                      STR_ARG(r->subsets[i].name));
                break;
            }
    if (r->workload_selector && r->workload_selector->labels_count == 0)
        field_decode_warn_at(c, "workloadSelector", "selects every workload of the namespace");
}

/* clang-format off */
#define T struct destination_rule_subset
static const struct field destination_rule_subset_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .required = true, .check = api_check_label, .help = "Name that routes refer to."),
    FIELD_MAP_STR(T, labels, "labels", .proto = 2, .help = "Labels of the endpoints that belong to it."),
    FIELD_MSG(T, policy, "trafficPolicy", traffic_policy, .proto = 3, .help = "Settings for this subset, in place of the rule's."),
};
static FIELD_MESSAGE(destination_rule_subset, PROTO "Subset", .at = FIELD_AT(T, at), .check = check_subset, .help = "Some of the endpoints, under a name.");
#undef T

#define T struct destination_rule
static const struct field destination_rule_fields[] = {
    FIELD_STR(T, host, "host", .proto = 1, .required = true, .check = api_check_wildcard_host, .help = "The service: short name (of this namespace), full name or *.suffix."),
    FIELD_MSG(T, policy, "trafficPolicy", traffic_policy, .proto = 2, .help = "Settings for all of the service."),
    FIELD_LIST_MSG(T, subsets, "subsets", destination_rule_subset, .proto = 3, .help = "Named parts of the service, as its versions."),
    FIELD_LIST_STR(T, export_to, "exportTo", .proto = 4, .check = api_check_export_to, .default_text = "*", .help = "Namespaces that see this: a name, \".\" or \"*\"."),
    FIELD_MSG(T, workload_selector, "workloadSelector", workload_selector, .proto = 5, .default_text = "all", .help = "Only for these clients, of this namespace."),
};
FIELD_MESSAGE(destination_rule, PROTO "DestinationRule", .at = FIELD_AT(T, at), .check = check_rule, .help = "What holds for requests to a service after routing.");
#undef T

struct destination_rule_root {
    OBJECT_META_HEAD;
    struct destination_rule *spec;
    struct istio_status *status;
};

#define T struct destination_rule_root
static const struct field destination_rule_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", destination_rule, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", istio_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(destination_rule_root, "io.istio.networking.v1.DestinationRule", .at = FIELD_AT(T, at), .help = "What holds for requests to a service after routing.");
#undef T
/* clang-format on */
