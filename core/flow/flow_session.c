#include "core/flow/flow_session.h"

#include "core/flow/flow_request.h"
#include "core/flow/upstream_session.h"
#include "core/http/http_cookie.h"
#include "core/route/route.h"

/* Clocks of gateways differ: a session of a little later than now has just begun elsewhere. */
#define SKEW_MS ((uint64_t)60 * 1000)

static uint64_t wall_ms(const struct flow_request *r)
{
    return r->decision.start_wall_us / 1000;
}

static const struct model_session *session_of(const struct model_route *route,
                                              const struct model_weighted_cluster *target)
{
    if (route->session)
        return route->session;
    return target->cluster ? target->cluster->config->session : NULL;
}

static bool is_alive(const struct model_session *s, const struct session_token *t, uint64_t now_ms)
{
    if (t->since_ms > now_ms + SKEW_MS)
        return false;
    return !s->lifetime_ms || now_ms < t->since_ms + s->lifetime_ms;
}

/* Reads what the request has for s into r->session. */
static void read_token(struct flow_request *r, const struct model_session *s, uint32_t rule)
{
    const struct http_headers *h = &r->filter.head->headers;
    struct flow_session *out = &r->session;
    struct http_cookie at = { 0 };
    struct str list;

    *out = (struct flow_session){ .model = s };
    if (s->by_header) {
        out->list = http_headers_get_name(h, s->name);
        out->is_known = session_token_find(out->list, rule, &out->token);
    } else {
        while (!out->is_known && (list = http_cookie_next(h, s->name, &at)).p) {
            out->list = list;
            out->is_known = session_token_find(list, rule, &out->token);
        }
    }
    out->is_known = out->is_known && is_alive(s, &out->token, wall_ms(r));
}

/* Whether the token of the request leads to this backend. */
static bool is_kept(struct flow_request *r, const struct model_weighted_cluster *target)
{
    struct upstream *up;

    if (!r->session.is_known || !target->cluster ||
        r->session.token.backend != upstream_session_backend(target->cluster))
        return false;
    up = upstream_get(r->fw, target->cluster);
    if (upstream_session_find(up, r->session.token.endpoint))
        return true;
    return target->weight > 0 && upstream_session_has_any(up);
}

const struct model_weighted_cluster *
flow_session_choose(struct flow_request *r, const struct model_route *route, uint64_t ticket)
{
    const struct model_weighted_cluster *target = NULL;
    const struct model_session *s = NULL;

    for (uint32_t i = 0; i < route->cluster_count; i++) {
        s = session_of(route, &route->clusters[i]);
        if (!s)
            continue;
        if (s != r->session.model)
            read_token(r, s, route->session_scope);
        if (is_kept(r, &route->clusters[i]))
            return &route->clusters[i];
    }
    target = route_pick_cluster(route, ticket);
    s = target ? session_of(route, target) : NULL;
    if (s && s != r->session.model)
        read_token(r, s, route->session_scope);
    r->session.model = s;
    r->session.is_known = false;
    return target;
}

uint64_t flow_session_endpoint(const struct flow_request *r)
{
    return r->session.is_known && r->retries == 0 ? r->session.token.endpoint : 0;
}

void flow_session_respond(struct flow_request *r, struct http_msg *head)
{
    const struct model_session *s = r->session.model;
    uint64_t id = s ? upstream_session_id(r->host) : 0;
    struct session_token token;
    struct str list;

    if (!id || (r->session.is_known && r->session.token.endpoint == id))
        return;
    token = (struct session_token){ .rule = r->filter.route->session_scope,
                                    .backend = upstream_session_backend(r->cluster_model),
                                    .endpoint = id,
                                    .since_ms = wall_ms(r) };
    list = session_token_join(&token, r->session.list, r->filter.arena);
    if (s->by_header)
        http_headers_set(&head->headers, s->name, list);
    else
        http_headers_add(&head->headers, STR("set-cookie"),
                         arena_printf(r->filter.arena, "%.*s=%.*s%.*s%s", STR_ARG(s->name),
                                      STR_ARG(list), STR_ARG(s->cookie_tail),
                                      r->conn->kind == MODEL_LISTENER_GATEWAY && r->conn->is_tls
                                          ? "; Secure"
                                          : ""));
}
