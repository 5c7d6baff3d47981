#include "core/route/route_explain.h"

struct str route_explain_condition(const struct model_string_match *m, struct arena *a)
{
    static const char *const words[] = {
        [MODEL_MATCH_PRESENT] = "",
        [MODEL_MATCH_EXACT] = "exact",
        [MODEL_MATCH_PREFIX] = "prefix",
        [MODEL_MATCH_REGEX] = "regex",
        [MODEL_MATCH_PATH_PREFIX] = "path prefix",
    };

    if (m->type == MODEL_MATCH_PRESENT)
        return m->invert ? STR("none") : STR("any value");
    return arena_printf(a, "%s%s \"%.*s\"%s", m->invert ? "not " : "", words[m->type],
                        STR_ARG(m->value), m->ignore_case ? " in any case" : "");
}

static bool fail(const struct route_query *q, const char *field, struct str name,
                 const struct model_string_match *m, struct str had, struct route_explain *why)
{
    *why = (struct route_explain){ field, name, route_explain_condition(m, q->arena), had };
    return false;
}

static bool field_holds(const char *field, const struct model_string_match *m, struct str value,
                        const struct route_query *q, struct route_explain *why)
{
    return !m || route_match_string(m, value) || fail(q, field, STR_NONE, m, value, why);
}

static bool headers_hold(const struct model_match *m, const struct route_query *q,
                         struct route_explain *why)
{
    for (uint32_t i = 0; i < m->header_count; i++) {
        const struct model_header_match *h = &m->headers[i];
        struct str value = route_match_header_value(q->head, h->name, h->token, q->arena);
        struct model_string_match shown = h->match;

        if (route_match_header(h, q))
            continue;
        shown.invert = false; /* the field's name says it */
        return fail(q, h->match.invert ? "withoutHeaders" : "headers", h->name, &shown, value, why);
    }
    return true;
}

static bool queries_hold(const struct model_match *m, const struct route_query *q,
                         struct route_explain *why)
{
    for (uint32_t i = 0; i < m->query_count; i++) {
        const struct model_query_match *p = &m->queries[i];
        struct str value = route_match_query_value(q->query, p->name);

        if (!route_match_optional(&p->match, value))
            return fail(q, "queryParams", p->name, &p->match, value, why);
    }
    return true;
}

bool route_explain_match(const struct model_match *m, const struct route_query *q,
                         struct route_explain *why)
{
    if (!field_holds("uri", m->path, q->path, q, why))
        return false;
    if (m->port && m->port != q->port) {
        *why = (struct route_explain){ "port", STR_NONE, arena_printf(q->arena, "%u", m->port),
                                       arena_printf(q->arena, "%u", q->port) };
        return false;
    }
    return field_holds("method", m->method, q->head->method_name, q, why) &&
           field_holds("scheme", m->scheme, q->head->scheme, q, why) &&
           field_holds("authority", m->authority, q->head->authority, q, why) &&
           headers_hold(m, q, why) && queries_hold(m, q, why);
}
