#include "core/compile/compile_gwapi_route.h"

#include <stdlib.h>

#include "core/api/gateway_api_route.h"
#include "core/base/mem.h"
#include "core/compile/compile_action.h"
#include "core/compile/compile_gwapi_filter.h"
#include "core/compile/compile_gwapi_match.h"
#include "core/compile/compile_gwapi_session.h"
#include "core/compile/compile_host.h"
#include "core/text/duration.h"

enum { RETRY_ATTEMPTS = 2 }; /* when only codes are given; the mesh's own number */

/* One match of one rule, as it competes with all others. */
struct entry {
    const struct compile_gwapi_route_source *source;
    struct compile_gwapi_match match;
    const struct gateway_api_http_rule *http; /* or */
    const struct gateway_api_grpc_rule *grpc;
    size_t rule; /* its place in the route */
    uint32_t order;
};

struct job {
    const struct compile_gwapi_world *w;
    const struct compile_route_place *place;
    struct model_route_vhost *v;
    struct arena *scratch;
    struct entry *entries;
    uint32_t count;
};

/* ---- order (GW-1) ---- */

static int more(size_t a, size_t b)
{
    return a > b ? -1 : a < b;
}

static int by_host(struct str a, struct str b)
{
    bool exact_a = a.len && a.p[0] != '*', exact_b = b.len && b.p[0] != '*';

    return exact_a != exact_b ? (exact_a ? -1 : 1) : more(a.len, b.len);
}

static int by_precedence(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = by_host(x->source->hostname, y->source->hostname);

    if (order == 0)
        order = compile_gwapi_match_order(&x->match, &y->match);
    if (order == 0 && x->source->route != y->source->route)
        order = object_compare_age(x->source->route, y->source->route);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

static void add_entry(struct job *j, const struct compile_gwapi_route_source *s,
                      const struct gateway_api_http_rule *http,
                      const struct gateway_api_grpc_rule *grpc, size_t rule)
{
    struct entry *e;

    j->entries = arena_grow(j->scratch, j->entries, j->count, (size_t)j->count + 1, sizeof(*e));
    e = &j->entries[j->count];
    *e = (struct entry){ .source = s, .http = http, .grpc = grpc, .rule = rule, .order = j->count };
    j->count++;
}

static void add_route(struct job *j, const struct compile_gwapi_route_source *s)
{
    if (s->route->kind->id == API_KIND_GRPC_ROUTE) {
        const struct gateway_api_route_grpc_route *r = s->route->spec;

        for (size_t i = 0; i < r->rules_count; i++) {
            for (size_t m = 0; m < r->rules[i].matches_count; m++) {
                add_entry(j, s, NULL, &r->rules[i], i);
                compile_gwapi_match_read_grpc(&r->rules[i].matches[m], j->scratch,
                                              &j->entries[j->count - 1].match);
            }
            if (r->rules[i].matches_count == 0)
                add_entry(j, s, NULL, &r->rules[i], i);
        }
        return;
    }
    for (size_t i = 0;
         i < ((const struct gateway_api_route_http_route *)s->route->spec)->rules_count; i++) {
        const struct gateway_api_route_http_route *r = s->route->spec;

        for (size_t m = 0; m < r->rules[i].matches_count; m++) {
            add_entry(j, s, &r->rules[i], NULL, i);
            compile_gwapi_match_read_http(&r->rules[i].matches[m], &j->entries[j->count - 1].match);
        }
        if (r->rules[i].matches_count == 0)
            add_entry(j, s, &r->rules[i], NULL, i);
    }
}

/* ---- backends ---- */

struct model_cluster *compile_gwapi_route_cluster(const struct compile_gwapi_world *w,
                                                  const struct compile_route_place *place,
                                                  const struct object *route,
                                                  const struct gateway_api_ref *ref,
                                                  struct str *name, struct arena *a)
{
    struct compile_gwapi_backend b;
    const struct compile_host *h;
    struct model_cluster *cluster = NULL;

    compile_gwapi_find_backend(w, route, ref, a, &b);
    *name = arena_printf(a, "outbound|%u||%.*s", b.port, STR_ARG(b.host));
    if (b.host.len)
        place->on_use(place->arg, b.host);
    h = b.fault.reason ? NULL : compile_host_find(place->c, b.host);
    if (h && h->service && b.port == 0 && h->service->port_count == 1)
        b.port = h->service->ports[0].port;
    if (h && route->kind->id == API_KIND_UDP_ROUTE)
        cluster = compile_host_udp_cluster(h, b.port);
    else if (h)
        cluster = compile_host_cluster(h, b.port, STR_NONE);
    if (!cluster && b.fault.reason)
        compile_warn(place->c, route, ref->at, "MSH1040", "", "%s: %.*s", b.fault.reason,
                     STR_ARG(b.fault.message));
    if (cluster)
        *name = cluster->config->name;
    return cluster;
}

/* GEP-1619: who has a session with a backend keeps it when its weight becomes 0. */
static bool keeps_sessions(const struct model_route *r, const struct model_weighted_cluster *to)
{
    return to->cluster && (r->session || to->cluster->config->session);
}

static void add_backend(struct job *j, const struct entry *e, struct model_route *r,
                        const struct gateway_api_ref *ref, const struct field_opt *weight,
                        const struct gateway_api_filter *filters, size_t filter_count)
{
    struct model_weighted_cluster *to = &r->clusters[r->cluster_count];
    struct arena *a = &j->v->arena;

    *to = (struct model_weighted_cluster){ 0 };
    to->weight = weight->set ? (uint32_t)weight->value : 1;
    to->cluster = compile_route_keep_cluster(
        j->v,
        compile_gwapi_route_cluster(j->w, j->place, e->source->route, ref, &to->cluster_name, a));
    /* A backend whose filters cannot be done gets nothing, rather than requests as they are not
     * meant to be. */
    if (!compile_gwapi_filter_headers(filters, filter_count, a, &to->request, &to->response))
        to->cluster = NULL;
    if (to->weight == 0 && !keeps_sessions(r, to))
        return;
    r->weight_total += to->weight;
    r->cluster_count++;
}

static void add_backends(struct job *j, const struct entry *e, struct model_route *r)
{
    size_t count = e->http ? e->http->backends_count : e->grpc->backends_count;

    r->clusters = arena_alloc0(&j->v->arena, count, sizeof(*r->clusters));
    for (size_t i = 0; i < count; i++) {
        if (e->http)
            add_backend(j, e, r, GATEWAY_API_REF(&e->http->backends[i]),
                        &e->http->backends[i].weight, e->http->backends[i].filters,
                        e->http->backends[i].filters_count);
        else
            add_backend(j, e, r, GATEWAY_API_REF(&e->grpc->backends[i]),
                        &e->grpc->backends[i].weight, e->grpc->backends[i].filters,
                        e->grpc->backends[i].filters_count);
    }
}

/* GW-3: nobody to send to is our fault, not the client's. */
static void answer_500(struct model_route *r)
{
    r->action = MODEL_ACTION_DIRECT;
    r->direct_status = 500;
}

/* ---- timeouts and retries ---- */

static uint64_t ms_of(const struct field_opt *d)
{
    return d->set && d->value > 0 ? (uint64_t)(d->value / DURATION_MS) : 0;
}

static void set_retry(const struct gateway_api_retry *from, struct arena *a, struct model_route *r)
{
    r->retry = compile_action_retry(NULL, a); /* the mesh's default (RT-1) */
    if (!from)
        return;
    r->retry->attempts = from->attempts.set ? (uint32_t)from->attempts.value : RETRY_ATTEMPTS;
    if (ms_of(&from->backoff)) {
        r->retry->backoff_base_ms = ms_of(&from->backoff);
        r->retry->backoff_max_ms = r->retry->backoff_base_ms * 10;
    }
    r->retry->status_codes = arena_alloc0(a, from->codes_count, sizeof(uint16_t));
    for (size_t i = 0; i < from->codes_count; i++)
        r->retry->status_codes[r->retry->status_code_count++] = (uint16_t)from->codes[i];
}

/* Without retries of its own a request has one try that the user thinks of: then the try's limit is
 * the request's, as in Istio. */
static void set_timeouts(const struct gateway_api_http_rule *rule, struct arena *a,
                         struct model_route *r)
{
    const struct gateway_api_timeouts *t = rule->timeouts;
    uint64_t request = t ? ms_of(&t->request) : 0, backend = t ? ms_of(&t->backend_request) : 0;

    set_retry(rule->retry, a, r);
    r->timeout_ms = request;
    if (backend && rule->retry)
        r->retry->per_try_timeout_ms = backend;
    else if (backend && (!request || backend < request))
        r->timeout_ms = backend;
}

/* ---- one route ---- */

static void build_entry(struct job *j, struct entry *e)
{
    struct model_route *r = &j->v->vhost.routes[j->v->vhost.route_count];
    struct arena *a = &j->v->arena;
    const struct gateway_api_filter *filters = e->http ? e->http->filters : e->grpc->filters;
    size_t filter_count = e->http ? e->http->filters_count : e->grpc->filters_count;
    struct field_at at = e->http ? e->http->at : e->grpc->at;
    struct str why = STR_NONE, name = e->http ? e->http->name : e->grpc->name;

    memset(r, 0, sizeof(*r));
    if (compile_gwapi_match_build(&e->match, j->v, &r->match, &why) != 0) {
        compile_warn(j->place->c, e->source->route, at, "MSH1030", "",
                     "the rule is left out: its regular expression is not valid: %.*s",
                     STR_ARG(why));
        return;
    }
    r->name = arena_str(a, name.len ? name : e->source->route->name);
    r->source = compile_source(e->source->route, at.line, a);
    r->action = MODEL_ACTION_FORWARD;
    r->unknown_cluster_status = 500; /* NR-6 */
    r->session_scope = compile_gwapi_session_scope(e->source->route, name, e->rule);
    r->session = compile_gwapi_session_build(e->http ? e->http->session : e->grpc->session,
                                             r->session_scope, a);
    add_backends(j, e, r);
    if (e->http)
        set_timeouts(e->http, a, r);
    else
        set_retry(NULL, a, r);
    if (!compile_gwapi_filter_build(j->w, j->place, e->source->route, filters, filter_count, j->v,
                                    r))
        answer_500(r);
    else if (r->action == MODEL_ACTION_FORWARD && r->weight_total == 0)
        answer_500(r);
    j->v->vhost.route_count++;
}

void compile_gwapi_route_build(const struct compile_gwapi_world *w,
                               const struct compile_route_place *place,
                               const struct compile_gwapi_route_source *sources, uint32_t count,
                               struct model_route_vhost *vhost)
{
    struct job j = { .w = w, .place = place, .v = vhost };
    struct arena scratch;

    arena_init(&scratch, 4096);
    j.scratch = &scratch;
    for (uint32_t i = 0; i < count; i++)
        add_route(&j, &sources[i]);
    if (j.count > 1)
        qsort(j.entries, j.count, sizeof(*j.entries), by_precedence);
    vhost->vhost.routes =
        arena_grow(&vhost->arena, vhost->vhost.routes, vhost->vhost.route_count,
                   (size_t)vhost->vhost.route_count + j.count, sizeof(*vhost->vhost.routes));
    for (uint32_t i = 0; i < j.count; i++)
        build_entry(&j, &j.entries[i]);
    arena_deinit(&scratch);
}
