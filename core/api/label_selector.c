#include "core/api/label_selector.h"

#include "core/api/api_check.h"
#include "core/api/workload_selector.h"

#define META "io.k8s.apimachinery.pkg.apis.meta.v1."

static bool takes_values(struct str op)
{
    return str_is(op, "In") || str_is(op, "NotIn");
}

static void check_rule(struct field_check *c, const void *message)
{
    const struct label_selector_rule *r = message;

    if (!takes_values(r->op) && !str_is(r->op, "Exists") && !str_is(r->op, "DoesNotExist") &&
        r->op.len > 0)
        field_decode_error_at(c, "operator", "\"%.*s\" is not In, NotIn, Exists or DoesNotExist",
                              STR_ARG(r->op));
    if (takes_values(r->op) && r->values_count == 0)
        field_decode_error_at(c, "values", "are required for %.*s", STR_ARG(r->op));
    if (r->op.len > 0 && !takes_values(r->op) && r->values_count > 0)
        field_decode_error_at(c, "values", "must be left out for %.*s", STR_ARG(r->op));
}

static void check_selector(struct field_check *c, const void *message)
{
    const struct label_selector *s = message;

    api_check_labels(c, "matchLabels", s->match_labels, s->match_labels_count);
}

/* clang-format off */
#define T struct label_selector_rule
static const struct field label_selector_rule_fields[] = {
    FIELD_STR(T, key, "key", .required = true, .help = "Name of a label."),
    FIELD_STR(T, op, "operator", .required = true, .help = "In, NotIn, Exists or DoesNotExist."),
    FIELD_LIST_STR(T, values, "values", .check = api_check_label_value, .help = "Values, for In and NotIn."),
};
static FIELD_MESSAGE(label_selector_rule, META "LabelSelectorRequirement", .at = FIELD_AT(T, at), .check = check_rule, .help = "What must hold for one label.");
#undef T

#define T struct label_selector
static const struct field label_selector_fields[] = {
    FIELD_MAP_STR(T, match_labels, "matchLabels", .help = "Labels that must be there with these values."),
    FIELD_LIST_MSG(T, rules, "matchExpressions", label_selector_rule, .help = "More that must hold."),
};
FIELD_MESSAGE(label_selector, META "LabelSelector", .at = FIELD_AT(T, at), .check = check_selector, .help = "Selects objects by labels.");
#undef T
/* clang-format on */

static const struct field_pair *find(const struct field_pair *labels, size_t n, struct str key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(labels[i].key, key))
            return &labels[i];
    return NULL;
}

static bool has_value(const struct label_selector_rule *r, struct str value)
{
    for (size_t i = 0; i < r->values_count; i++)
        if (str_eq(r->values[i], value))
            return true;
    return false;
}

static bool holds(const struct label_selector_rule *r, const struct field_pair *label)
{
    if (str_is(r->op, "In"))
        return label && has_value(r, label->value);
    if (str_is(r->op, "NotIn"))
        return !label || !has_value(r, label->value);
    return str_is(r->op, "Exists") ? label != NULL : label == NULL;
}

bool label_selector_is_match(const struct label_selector *s, const struct field_pair *labels,
                             size_t n)
{
    if (!workload_selector_is_match(s->match_labels, s->match_labels_count, labels, n))
        return false;
    for (size_t i = 0; i < s->rules_count; i++)
        if (!holds(&s->rules[i], find(labels, n, s->rules[i].key)))
            return false;
    return true;
}
