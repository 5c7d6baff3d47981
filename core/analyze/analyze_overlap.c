/* Matches of a VirtualService that an earlier one takes every request from, without being the
 * same: "/products" behind "/product", or anything behind the same without its header. */
#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/string_match.h"
#include "core/api/virtual_service.h"

static bool starts(struct str text, struct str prefix, bool any_case)
{
    return any_case ? str_istarts(text, prefix) : str_starts(text, prefix);
}

static bool equals(struct str a, struct str b, bool any_case)
{
    return any_case ? str_ieq(a, b) : str_eq(a, b);
}

/* Whether all values that b is for are ones that a is for. NULL: any, and none; present without
 * a text: any. */
static bool covers_text(const struct string_match *a, const struct string_match *b, bool any_case)
{
    struct str text;

    if (!a || !b)
        return !a;
    if (string_match_is_presence(a) || string_match_is_presence(b))
        return string_match_is_presence(a);
    if (a->regex.p || b->regex.p)
        return a->regex.p && b->regex.p && str_eq(a->regex, b->regex);
    text = b->exact.p ? b->exact : b->prefix;
    return a->exact.p ? b->exact.p && equals(b->exact, a->exact, any_case)
                      : starts(text, a->prefix, any_case);
}

static const struct string_match *find(const struct string_match_entry *list, size_t count,
                                       struct str key)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(list[i].key, key))
            return &list[i].value;
    }
    return NULL;
}

/* Whether who has all of b has all of a. */
static bool covers_entries(const struct string_match_entry *a, size_t a_count,
                           const struct string_match_entry *b, size_t b_count)
{
    for (size_t i = 0; i < a_count; i++) {
        const struct string_match *other = find(b, b_count, a[i].key);

        if (!other || !covers_text(&a[i].value, other, false))
            return false;
    }
    return true;
}

/* Whether who has nothing of b has nothing of a: then b forbids at least as much. */
static bool covers_absent(const struct virtual_service_http_match *a,
                          const struct virtual_service_http_match *b)
{
    for (size_t i = 0; i < a->without_headers_count; i++) {
        const struct string_match *other =
            find(b->without_headers, b->without_headers_count, a->without_headers[i].key);

        if (!other || !covers_text(other, &a->without_headers[i].value, false))
            return false;
    }
    return true;
}

static bool covers_gateways(const struct virtual_service_http_match *a,
                            const struct virtual_service_http_match *b)
{
    for (size_t i = 0; i < b->gateways_count && a->gateways_count; i++) {
        bool found = false;

        for (size_t k = 0; k < a->gateways_count; k++)
            found |= str_eq(b->gateways[i], a->gateways[k]);
        if (!found)
            return false;
    }
    return a->gateways_count == 0 || b->gateways_count;
}

static bool covers_source(const struct virtual_service_http_match *a,
                          const struct virtual_service_http_match *b)
{
    for (size_t i = 0; i < a->source_labels_count; i++) {
        bool found = false;

        for (size_t k = 0; k < b->source_labels_count; k++)
            found |= str_eq(a->source_labels[i].key, b->source_labels[k].key) &&
                     str_eq(a->source_labels[i].value, b->source_labels[k].value);
        if (!found)
            return false;
    }
    return !a->source_namespace.len || str_eq(a->source_namespace, b->source_namespace);
}

/* Whether every request that b is for is one that a is for. */
static bool covers(const struct virtual_service_http_match *a,
                   const struct virtual_service_http_match *b)
{
    return (a->ignore_uri_case || !b->ignore_uri_case) &&
           covers_text(a->uri, b->uri, a->ignore_uri_case) &&
           covers_text(a->scheme, b->scheme, false) && covers_text(a->method, b->method, false) &&
           covers_text(a->authority, b->authority, false) && (!a->port || a->port == b->port) &&
           covers_entries(a->headers, a->headers_count, b->headers, b->headers_count) &&
           covers_entries(a->query_params, a->query_params_count, b->query_params,
                          b->query_params_count) &&
           covers_absent(a, b) && covers_gateways(a, b) && covers_source(a, b);
}

/* The first rule with a match before number k of rule i that takes all its requests; -1: none. */
static int find_wider(const struct virtual_service *vs, size_t i, size_t k)
{
    const struct virtual_service_http_match *m = &vs->http[i].match[k];

    for (size_t r = 0; r <= i; r++) {
        size_t end = r == i ? k : vs->http[r].match_count;

        /* What a delegate has no rule for comes back. */
        for (size_t n = 0; n < end && !vs->http[r].delegate; n++) {
            if (covers(&vs->http[r].match[n], m) && !covers(m, &vs->http[r].match[n]))
                return (int)r;
        }
    }
    return -1;
}

static void check(struct analyze_state *s, const struct object *o)
{
    const struct virtual_service *vs = o->spec;

    for (size_t i = 0; i < vs->http_count && (i == 0 || vs->http[i - 1].match_count); i++) {
        for (size_t k = 0; k < vs->http[i].match_count; k++) {
            int wider = find_wider(vs, i, k);

            if (wider >= 0)
                analyze_state_report(s, o, DIAG_INFO, "IST0131",
                                     arena_printf(&s->arena, "spec.http[%zu].match[%zu]", i, k),
                                     "VirtualService rule #%zu match #%zu is not used (overlapping "
                                     "match in rule #%d).",
                                     i, k, wider);
        }
    }
}

void analyze_overlap_matches(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_VIRTUAL_SERVICE, &at));)
        check(s, o);
}
