#include "core/api/workload_selector.h"

#include "core/api/api_check.h"

static void check_selected(struct field_check *c, const char *name, const struct field_pair *pairs,
                           size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (pairs[i].key.len == 0)
            field_decode_error_at(c, name, "a label's name must not be empty");
        else if (str_chr(pairs[i].key, '*') >= 0 || str_chr(pairs[i].value, '*') >= 0)
            field_decode_error_at(c, name, "%.*s: a wildcard is not supported in a selector",
                                  STR_ARG(pairs[i].key));
        else if (pairs[i].value.len > 63)
            field_decode_error_at(c, name, "%.*s: a label value has at most 63 bytes",
                                  STR_ARG(pairs[i].key));
    }
}

static void check_match_labels(struct field_check *c, const void *message)
{
    const struct workload_selector *s = message;

    check_selected(c, "matchLabels", s->labels, s->labels_count);
}

static void check_labels(struct field_check *c, const void *message)
{
    const struct workload_selector_labels *s = message;

    check_selected(c, "labels", s->labels, s->labels_count);
}

/* clang-format off */
#define T struct workload_selector
static const struct field workload_selector_fields[] = {
    FIELD_MAP_STR(T, labels, "matchLabels", .proto = 1, .max_items = 4096, .max_len = 63, .help = "Labels that a workload must have, all of them."),
};
FIELD_MESSAGE(workload_selector, "istio.type.v1beta1.WorkloadSelector", .at = FIELD_AT(T, at),
              .check = check_match_labels, .help = "Selects workloads of the same namespace by labels.");
#undef T

#define T struct workload_selector_labels
static const struct field workload_selector_labels_fields[] = {
    FIELD_MAP_STR(T, labels, "labels", .proto = 1, .max_items = 256, .max_len = 63, .help = "Labels that a workload must have, all of them."),
};
FIELD_MESSAGE(workload_selector_labels, "istio.networking.v1alpha3.WorkloadSelector", .at = FIELD_AT(T, at),
              .check = check_labels, .help = "Selects workloads of the same namespace by labels.");
#undef T
/* clang-format on */

static bool has_pair(const struct field_pair *labels, size_t n, const struct field_pair *want)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(labels[i].key, want->key))
            return str_eq(labels[i].value, want->value);
    return false;
}

bool workload_selector_is_match(const struct field_pair *want, size_t want_count,
                                const struct field_pair *labels, size_t labels_count)
{
    for (size_t i = 0; i < want_count; i++)
        if (!has_pair(labels, labels_count, &want[i]))
            return false;
    return true;
}
