#include "core/compile/compile_route.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/compile/compile_action.h"
#include "core/compile/compile_host.h"
#include "core/compile/compile_match.h"
#include "core/compile/compile_mesh.h"
#include "core/text/duration.h"
#include "core/text/regex.h"

/* ---- virtual hosts and what they hold ---- */

struct hold {
    void (*drop)(void *ptr);
    void *ptr;
    struct hold *next;
};

struct own_vhost {
    struct model_route_vhost model; /* first: it is freed as a whole */
    struct hold *holds;
};

static void hold(struct model_route_vhost *v, void (*drop)(void *ptr), void *ptr)
{
    struct own_vhost *own = CONTAINER_OF(v, struct own_vhost, model);
    struct hold *h = arena_alloc(&v->arena, sizeof(*h));

    *h = (struct hold){ drop, ptr, own->holds };
    own->holds = h;
}

static void deinit_vhost(struct model_route_vhost *v)
{
    for (struct hold *h = CONTAINER_OF(v, struct own_vhost, model)->holds; h; h = h->next)
        h->drop(h->ptr);
}

struct model_route_vhost *compile_route_new_vhost(void)
{
    struct own_vhost *own = mem_alloc0(1, sizeof(*own));

    atomic_init(&own->model.refs, 1);
    arena_init(&own->model.arena, 1024);
    own->model.deinit = deinit_vhost;
    return &own->model;
}

static void drop_regex(void *ptr)
{
    regex_free(ptr);
}

void compile_route_keep_regex(void *arg, struct regex *r)
{
    hold(arg, drop_regex, r);
}

static void drop_cluster(void *ptr)
{
    model_cluster_unref(ptr);
}

struct model_cluster *compile_route_keep_cluster(struct model_route_vhost *v,
                                                 struct model_cluster *c)
{
    if (c)
        hold(v, drop_cluster, model_cluster_ref(c));
    return c;
}

/* ---- for whom ---- */

bool compile_route_is_for(const struct compile_route_place *place, const struct object *owner,
                          const struct str *gateways, size_t gateway_count,
                          const struct field_pair *labels, size_t label_count, struct str ns)
{
    if (gateway_count) { /* VS-6: then sources are not looked at */
        for (size_t i = 0; i < gateway_count; i++) {
            struct arena a;
            bool hit;

            if (str_is(gateways[i], "mesh")) {
                if (!place->gateway.len)
                    return true;
                continue;
            }
            arena_init(&a, 256);
            hit = place->gateway.len &&
                  str_eq(place->gateway, str_chr(gateways[i], '/') >= 0
                                             ? gateways[i]
                                             : compile_pair(owner->ns, gateways[i], &a));
            arena_deinit(&a);
            if (hit)
                return true;
        }
        return false;
    }
    if (place->gateway.len) /* VS-7 */
        return label_count == 0 && ns.len == 0;
    return compile_has_labels(place->c, labels, label_count) &&
           (ns.len == 0 || str_eq(ns, place->c->node->ns));
}

/* ---- destinations ---- */

static uint16_t port_of(const struct compile_route_place *place, const struct compile_host *h,
                        const struct virtual_service_destination *d)
{
    if (d->port)
        return (uint16_t)d->port->number;
    if (h && h->service && h->service->port_count == 1)
        return h->service->ports[0].port;
    return place->port;
}

/* A bare IPv4 or IPv6 host is nobody's name; Istio reports the whole destination. */
static void warn_unknown(const struct compile_route_place *place, const struct object *owner,
                         const struct virtual_service_destination *d, struct str host,
                         const struct compile_host *h, uint16_t port)
{
    const struct compile *c = place->c;

    if (!h || !h->service)
        compile_warn(c, owner, d->at, "IST0101", "", "Referenced host not found: \"%.*s\"",
                     STR_ARG(host));
    else if (!registry_service_port(h->service, port))
        compile_warn(c, owner, d->at, "IST0101", "", "Referenced host:port not found: \"%.*s:%u\"",
                     STR_ARG(host), port);
    else if (d->subset.len)
        compile_warn(c, owner, d->at, "IST0101", "",
                     "Referenced host+subset in destinationrule not found: \"%.*s+%.*s\"",
                     STR_ARG(host), STR_ARG(d->subset));
}

struct model_cluster *compile_route_cluster(const struct compile_route_place *place,
                                            const struct object *owner,
                                            const struct virtual_service_destination *d,
                                            struct str *name, struct arena *a)
{
    struct str host = compile_full_host(place->c, d->host, owner->ns, a);
    const struct compile_host *h = compile_host_find(place->c, host);
    struct model_cluster *cluster;
    uint16_t port;

    place->on_use(place->arg, host);
    if (h && h->service && h->service->alias_of.len) { /* H-9 */
        const struct compile_host *concrete = compile_host_find(place->c, h->service->alias_of);

        place->on_use(place->arg, h->service->alias_of);
        if (concrete && concrete->service)
            h = concrete;
    }
    port = port_of(place, h, d);
    cluster = h ? compile_host_cluster(h, port, d->subset) : NULL;
    if (cluster)
        *name = cluster->config->name;
    else
        *name = arena_printf(a, "outbound|%u|%.*s|%.*s", port, STR_ARG(d->subset), STR_ARG(host));
    if (!cluster)
        warn_unknown(place, owner, d, host, h, port);
    return cluster;
}

static void add_clusters(const struct compile_route_place *place,
                         const struct compile_route_rule *rule, struct model_route_vhost *v,
                         struct model_route *r)
{
    const struct virtual_service_http *http = rule->http;
    struct arena *a = &v->arena;

    r->clusters = arena_alloc0(a, http->route_count, sizeof(*r->clusters));
    for (size_t i = 0; i < http->route_count; i++) {
        const struct virtual_service_http_route *from = &http->route[i];
        struct model_weighted_cluster *to = &r->clusters[r->cluster_count];

        if (!from->destination || (from->weight == 0 && http->route_count > 1))
            continue; /* VS-9 */
        to->cluster = compile_route_keep_cluster(
            v, compile_route_cluster(place, rule->owner, from->destination, &to->cluster_name, a));
        to->weight = from->weight > 0 ? (uint32_t)from->weight : 1;
        if (from->headers) {
            bool is_only = http->route_count == 1; /* VS-13: then they stand behind the route's */

            compile_action_headers(from->headers->request, a, is_only ? &r->request : &to->request);
            compile_action_headers(from->headers->response, a,
                                   is_only ? &r->response : &to->response);
        }
        r->weight_total += to->weight;
        r->cluster_count++;
    }
}

static void add_mirror(const struct compile_route_place *place,
                       const struct compile_route_rule *rule, struct model_route_vhost *v,
                       const struct virtual_service_destination *d, double pct,
                       struct model_route *r)
{
    struct model_mirror *m = &r->mirrors[r->mirror_count];
    struct str name;

    if (!d || pct <= 0) /* VS-15 */
        return;
    m->cluster = compile_route_keep_cluster(
        v, compile_route_cluster(place, rule->owner, d, &name, &v->arena));
    m->pct = pct;
    r->mirror_count++;
}

static void add_mirrors(const struct compile_route_place *place,
                        const struct compile_route_rule *rule, struct model_route_vhost *v,
                        struct model_route *r)
{
    const struct virtual_service_http *http = rule->http;

    r->mirrors = arena_alloc0(&v->arena, http->mirrors_count + 1, sizeof(*r->mirrors));
    for (size_t i = 0; i < http->mirrors_count; i++)
        add_mirror(place, rule, v, http->mirrors[i].destination,
                   http->mirrors[i].percentage ? http->mirrors[i].percentage->value : 100, r);
    add_mirror(place, rule, v, http->mirror,
               http->mirror_percentage    ? http->mirror_percentage->value
               : http->mirror_percent.set ? (double)http->mirror_percent.value
                                          : 100,
               r);
}

/* ---- one route ---- */

static struct str route_name(const struct virtual_service_http *http,
                             const struct virtual_service_http_match *match, struct arena *a)
{
    if (http->name.len && match && match->name.len)
        return arena_printf(a, "%.*s.%.*s", STR_ARG(http->name), STR_ARG(match->name));
    return arena_str(a, http->name.len ? http->name : match ? match->name : STR_NONE);
}

static void set_action(const struct compile_route_rule *rule, struct arena *a,
                       struct model_route *r)
{
    const struct virtual_service_http *http = rule->http;

    if (http->redirect) {
        r->action = MODEL_ACTION_REDIRECT;
        r->redirect = compile_action_redirect(http->redirect, a);
    } else if (http->direct_response) {
        const struct virtual_service_body *body = http->direct_response->body;

        r->action = MODEL_ACTION_DIRECT;
        r->direct_status = (uint16_t)http->direct_response->status;
        r->direct_body = arena_str(a, !body ? STR_NONE : body->text.p ? body->text : body->bytes);
    } else {
        r->action = MODEL_ACTION_FORWARD;
        r->unknown_cluster_status = 503;
    }
}

static bool is_hashed(const struct model_cluster *c)
{
    return c && (c->config->lb == MODEL_LB_RING_HASH || c->config->lb == MODEL_LB_MAGLEV);
}

/* What the rule says whatever the match; 0, or ERR_INVALID with *why. */
static int fill_route(const struct compile_route_place *place,
                      const struct compile_route_rule *rule, struct model_route_vhost *v,
                      struct model_route *r, struct str *why)
{
    const struct virtual_service_http *http = rule->http;
    struct compile_match_keeper k = { &v->arena, compile_route_keep_regex, v };
    struct arena *a = &v->arena;
    int err = 0;

    set_action(rule, a, r);
    if (http->headers) {
        compile_action_headers(http->headers->request, a, &r->request);
        compile_action_headers(http->headers->response, a, &r->response);
    }
    add_clusters(place, rule, v, r);
    add_mirrors(place, rule, v, r);
    r->timeout_ms = http->timeout.set ? (uint64_t)(http->timeout.value / DURATION_MS) : 0;
    r->retry = compile_action_retry(
        http->retries ? http->retries : place->c->mesh->config.default_http_retry_policy, a);
    if (r->retry && r->cluster_count == 1 && is_hashed(r->clusters[0].cluster) &&
        !(http->retries && http->retries->ignore_previous_hosts.set))
        r->retry->avoid_previous_hosts = false; /* RT-3 */
    if (http->fault)
        r->fault = compile_action_fault(http->fault, a);
    if (http->rewrite)
        err = compile_action_rewrite(&k, http->rewrite, &r->rewrite, why);
    if (!err && http->cors)
        err = compile_action_cors(&k, http->cors, &r->cors, why);
    return err;
}

/* Whether a claim of a token is asked for: only gateways know any, so elsewhere such a route never
 * matches. */
static bool needs_claims(const struct virtual_service_http_match *m)
{
    for (size_t i = 0; i < m->headers_count; i++) {
        if (str_starts(m->headers[i].key, STR("@request.auth.claims")))
            return true;
    }
    return false;
}

/* Appends a route, unless it cannot be made. */
static void add_route(const struct compile_route_place *place,
                      const struct compile_route_rule *rule,
                      const struct virtual_service_http_match *match, struct model_route_vhost *v)
{
    struct compile_match_keeper k = { &v->arena, compile_route_keep_regex, v };
    struct model_route *r = &v->vhost.routes[v->vhost.route_count];
    struct str why = STR_NONE;
    struct field_at at = match ? match->at : rule->http->at;
    int err = 0;

    memset(r, 0, sizeof(*r));
    if (match)
        err = compile_match_request(&k, match, &r->match, &why);
    if (!err)
        err = fill_route(place, rule, v, r, &why);
    if (err) {
        compile_warn(place->c, rule->owner, at, "MSH1030", "",
                     "the route is left out: its regular expression is not valid: %.*s",
                     STR_ARG(why));
        return;
    }
    r->name = route_name(rule->http, match, &v->arena);
    r->stat_prefix = match ? arena_str(&v->arena, match->stat_prefix) : STR_NONE;
    r->source = compile_source(rule->owner, at.line, &v->arena);
    v->vhost.route_count++;
}

static bool is_match_for(const struct compile_route_place *place, const struct object *owner,
                         const struct virtual_service_http_match *m)
{
    if (m->port && m->port != place->port) /* VS-5 */
        return false;
    if (!place->c->node->is_gateway && needs_claims(m))
        return false;
    return compile_route_is_for(place, owner, m->gateways, m->gateways_count, m->source_labels,
                                m->source_labels_count, m->source_namespace);
}

uint32_t compile_route_room(const struct compile_route_rule *rules, uint32_t rule_count)
{
    uint32_t room = 0;

    for (uint32_t i = 0; i < rule_count; i++)
        room += rules[i].http->match_count ? (uint32_t)rules[i].http->match_count : 1;
    return room;
}

static bool ends(const struct model_route_vhost *v, uint32_t since)
{
    return v->vhost.route_count > since &&
           compile_match_is_all(&v->vhost.routes[v->vhost.route_count - 1].match);
}

void compile_route_build(const struct compile_route_place *place,
                         const struct compile_route_rule *rules, uint32_t rule_count,
                         struct model_route_vhost *v, uint32_t room)
{
    uint32_t since = v->vhost.route_count; /* earlier VirtualServices on a gateway */

    for (uint32_t i = 0; i < rule_count; i++) {
        const struct virtual_service_http *http = rules[i].http;

        ASSERT(v->vhost.route_count + (http->match_count ? http->match_count : 1) <= room);
        if (http->match_count == 0)
            add_route(place, &rules[i], NULL, v);
        for (size_t m = 0; m < http->match_count; m++) {
            if (!is_match_for(place, rules[i].owner, &http->match[m]))
                continue;
            add_route(place, &rules[i], &http->match[m], v);
            if (ends(v, since))
                return; /* H-6 */
        }
        if (ends(v, since))
            return;
    }
}

void compile_route_default(const struct compile_route_place *place, struct model_cluster *cluster,
                           struct model_route_vhost *v)
{
    struct model_route *r = arena_alloc0(&v->arena, 1, sizeof(*r));

    r->name = STR("default");
    r->action = MODEL_ACTION_FORWARD;
    r->unknown_cluster_status = 503;
    r->clusters = arena_alloc0(&v->arena, 1, sizeof(*r->clusters));
    r->clusters[0].cluster = compile_route_keep_cluster(v, cluster);
    r->clusters[0].cluster_name = cluster->config->name;
    r->clusters[0].weight = 1;
    r->cluster_count = 1;
    r->weight_total = 1;
    r->retry = compile_action_retry(place->c->mesh->config.default_http_retry_policy, &v->arena);
    r->source = cluster->config->source;
    v->vhost.routes = r;
    v->vhost.route_count = 1;
}
