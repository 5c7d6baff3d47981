#include "core/compile/compile_gwapi_gateway.h"

#include "core/base/mem.h"
#include "core/compile/compile_gateway_tls.h"
#include "core/compile/compile_gwapi_hosts.h"
#include "core/compile/compile_gwapi_stream.h"
#include "core/compile/compile_gwapi_view.h"
#include "core/tls/tls_config.h"

#define NAME_LABEL  "gateway.networking.k8s.io/gateway-name"
#define MODE_OPTION "gateway.istio.io/tls-terminate-mode"
#define CIPHERS     "gateway.istio.io/tls-cipher-suites"
#define FIRST_INDEX 1000 /* of cached TLS settings, behind those of Istio's Gateways */
#define SET_INDEX   2000 /* likewise of ListenerSets */
#define CIPHERS_MAX 16

struct job {
    struct compile *c;
    const struct compile_gwapi_view *v;
    struct compile_part *part;
    struct compile_gateway *data;
    const struct compile_gateway *old;
    struct compile_gwapi_listener **all; /* that serve, of gateways that are ours */
    uint32_t count;
    struct arena *scratch;
};

/* ---- which ---- */

static bool is_served_here(const struct compile *c, const struct object *gateway)
{
    const struct field_pair want = { STR(NAME_LABEL), gateway->name };

    for (uint32_t i = 0; i < c->label_count; i++)
        if (str_is(c->labels[i].key, NAME_LABEL))
            return str_eq(gateway->ns, c->node->ns) && compile_has_labels(c, &want, 1);
    return true;
}

uint32_t compile_gwapi_gateway_room(struct compile *c, const struct compile_gwapi_view *v)
{
    uint32_t room = 0;

    for (uint32_t i = 0; i < v->gateway_count; i++)
        if (is_served_here(c, v->gateways[i].object))
            room += v->gateways[i].listener_count;
    return room;
}

static void complain(const struct job *j, const struct compile_gwapi_listener *l,
                     const struct compile_gwapi_fault *f)
{
    compile_warn(j->c, l->owner, l->spec->at, "MSH1037", "", "the listener is left out: %s: %.*s",
                 f->reason, STR_ARG(f->message));
}

static void collect(struct job *j)
{
    j->all = arena_alloc0(j->scratch, compile_gwapi_gateway_room(j->c, j->v), sizeof(*j->all));
    for (uint32_t i = 0; i < j->v->gateway_count; i++) {
        const struct compile_gwapi_gateway *g = &j->v->gateways[i];

        for (uint32_t k = 0; is_served_here(j->c, g->object) && k < g->listener_count; k++) {
            struct compile_gwapi_listener *l = g->listeners[k];

            if (compile_gwapi_view_works(l))
                j->all[j->count++] = l;
            else if (l->accepted.reason)
                complain(j, l, &l->accepted);
            else if (l->conflict.reason)
                complain(j, l, &l->conflict);
            else if (l->refs.reason)
                complain(j, l, &l->refs);
        }
    }
}

/* ---- TLS ---- */

static struct str option(const struct gateway_api_listener_tls *tls, const char *name)
{
    for (size_t i = 0; i < tls->options_count; i++)
        if (str_is(tls->options[i].key, name))
            return tls->options[i].value;
    return STR_NONE;
}

static void set_certificates(const struct job *j, const struct compile_gwapi_listener *l,
                             struct istio_gateway_tls *to)
{
    const struct gateway_api_listener_tls *from = l->spec->tls;

    to->credential_names =
        arena_alloc0(j->scratch, from->certificates_count, sizeof(*to->credential_names));
    for (size_t i = 0; i < from->certificates_count; i++) {
        const struct gateway_api_ref *ref = GATEWAY_API_REF(&from->certificates[i]);
        struct str ns = compile_gwapi_ns(ref, l->owner->ns);

        to->credential_names[to->credential_names_count++] = arena_printf(
            j->scratch, "kubernetes-gateway://%.*s/%.*s", STR_ARG(ns), STR_ARG(ref->name));
    }
}

static void set_validation(const struct job *j, const struct compile_gwapi_listener *l,
                           struct istio_gateway_tls *to)
{
    const struct gateway_api_frontend_validation *v = compile_gwapi_view_validation(l);
    struct str mode = option(l->spec->tls, MODE_OPTION);

    to->mode = ISTIO_GATEWAY_TLS_SIMPLE;
    if (str_is(mode, "MUTUAL"))
        to->mode = ISTIO_GATEWAY_TLS_MUTUAL;
    else if (str_is(mode, "OPTIONAL_MUTUAL"))
        to->mode = ISTIO_GATEWAY_TLS_OPTIONAL_MUTUAL;
    else if (str_is(mode, "ISTIO_MUTUAL"))
        to->mode = ISTIO_GATEWAY_TLS_ISTIO_MUTUAL;
    if (!v || v->cas_count == 0)
        return;
    to->mode = ISTIO_GATEWAY_TLS_MUTUAL;
    if (v->mode == GATEWAY_API_INSECURE_FALLBACK) {
        to->mode = ISTIO_GATEWAY_TLS_OPTIONAL_MUTUAL;
        to->insecure_skip_verify = (struct field_opt){ true, true };
    }
    to->ca_cert_credential_name = arena_printf(
        j->scratch, "%s://%.*s/%.*s",
        str_is(v->cas[0].kind, "ConfigMap") ? "configmap-gateway" : "kubernetes-gateway",
        STR_ARG(compile_gwapi_ns(GATEWAY_API_REF(&v->cas[0]), l->gateway->object->ns)),
        STR_ARG(v->cas[0].name));
}

static void set_ciphers(const struct job *j, const struct compile_gwapi_listener *l,
                        struct istio_gateway_tls *to)
{
    struct str rest = option(l->spec->tls, CIPHERS);

    to->cipher_suites = arena_alloc0(j->scratch, CIPHERS_MAX, sizeof(*to->cipher_suites));
    while (rest.p && rest.len && to->cipher_suites_count < CIPHERS_MAX)
        to->cipher_suites[to->cipher_suites_count++] = str_trim(str_cut(&rest, ','));
}

/* ---- servers ---- */

static void keep_table(struct job *j, struct model_route_table *t)
{
    compile_part_table(j->part, t);
    model_route_table_unref(t); /* the part's reference stays */
    j->data->tables[j->data->table_count++] = t;
}

static struct model_gateway_server *add_server(struct job *j, struct model_gateway *m,
                                               const struct compile_gwapi_listener *l,
                                               uint8_t protocol)
{
    struct model_gateway_server *to = &m->servers[m->server_count++];
    struct arena *a = &j->part->arena;

    to->name = arena_printf(a, "%.*s/%.*s/%.*s", STR_ARG(l->owner->ns), STR_ARG(l->owner->name),
                            STR_ARG(l->spec->name));
    to->protocol = protocol;
    to->source = compile_source(l->owner, l->spec->at.line, a);
    to->sni_hosts = arena_alloc0(a, 1, sizeof(*to->sni_hosts));
    return to;
}

static void drop_tls(void *ptr)
{
    tls_config_unref(ptr);
}

static void build_encrypted(struct job *j, struct model_gateway *m,
                            struct compile_gwapi_listener *const *group, uint32_t count,
                            struct compile_gwapi_listener *l)
{
    bool http = l->protocol == COMPILE_GWAPI_HTTPS;
    struct istio_gateway_tls tls = { .at = l->spec->tls->at };
    struct istio_gateway_server spec = { .at = l->spec->at, .tls = &tls };
    struct tls_config *config = NULL;
    struct model_gateway_server *to;
    uint8_t mode = MODEL_GATEWAY_PASSTHROUGH;

    if (!l->passthrough) {
        set_certificates(j, l, &tls);
        set_validation(j, l, &tls);
        set_ciphers(j, l, &tls);
        mode = tls.mode == ISTIO_GATEWAY_TLS_ISTIO_MUTUAL ? MODEL_GATEWAY_MESH : MODEL_GATEWAY_TLS;
    }
    if (mode == MODEL_GATEWAY_TLS) {
        config = compile_gateway_tls_get(j->c, j->data, j->old, l->owner, &spec,
                                         (l->set ? SET_INDEX : FIRST_INDEX) + l->index, http);
        if (!config)
            return; /* said; its clients see a handshake that fails */
        compile_part_hold(j->part, drop_tls, config);
    }
    to = add_server(j, m, l, http ? MODEL_PROTOCOL_HTTPS : MODEL_PROTOCOL_TLS);
    to->tls_mode = mode;
    to->tls = config;
    to->sni_hosts[to->sni_host_count++] =
        l->spec->hostname.len ? arena_lower(&j->part->arena, l->spec->hostname) : STR("*");
    if (http) {
        struct compile_gwapi_hosts_place place = {
            .listeners = &l,
            .count = 1,
            .others = group,
            .other_count = count,
            .name = arena_printf(j->scratch, "https.%lld.%.*s.%.*s.%.*s", (long long)l->spec->port,
                                 STR_ARG(l->spec->name), STR_ARG(l->owner->name),
                                 STR_ARG(l->owner->ns)),
        };

        to->http = compile_gwapi_hosts_build(j->c, j->v, &place, j->data);
        keep_table(j, to->http);
    } else {
        compile_gwapi_stream_build(j->c, j->v, l, j->part, j->data, to);
    }
}

/* ---- ports ---- */

static bool is_tls(const struct compile_gwapi_listener *l)
{
    return l->protocol == COMPILE_GWAPI_HTTPS || l->protocol == COMPILE_GWAPI_TLS;
}

/* The listeners of several Gateways meet here when one process serves all of them. */
static bool fits(const struct job *j, struct compile_gwapi_listener *const *group, uint32_t count,
                 const struct compile_gwapi_listener *l)
{
    struct compile_gwapi_fault f = { "ProtocolConflict",
                                     STR("another Gateway of this process uses the port") };

    if (count == 0)
        return true;
    if (is_tls(group[0]) == is_tls(l) &&
        (is_tls(l) || (group[0]->protocol == l->protocol && l->protocol == COMPILE_GWAPI_HTTP)))
        return true;
    complain(j, l, &f);
    return false;
}

static bool is_udp(const struct compile_gwapi_listener *l)
{
    return l->protocol == COMPILE_GWAPI_UDP;
}

/* Of the first `count` listeners. UDP has ports of its own. */
static bool has_port(const struct job *j, uint32_t count, const struct compile_gwapi_listener *l)
{
    for (uint32_t i = 0; i < count; i++)
        if (j->data->listeners[i].app_port == l->spec->port &&
            (j->data->listeners[i].kind == MODEL_LISTENER_UDP) == is_udp(l))
            return true;
    return false;
}

static void build_port(struct job *j, uint32_t first)
{
    struct compile_gwapi_listener **group = arena_alloc0(j->scratch, j->count, sizeof(*group));
    uint16_t port = (uint16_t)j->all[first]->spec->port;
    struct model_listener *l;
    struct arena *a = &j->part->arena;
    uint32_t n = 0;

    for (uint32_t i = first; i < j->count; i++)
        if (j->all[i]->spec->port == port && is_udp(j->all[i]) == is_udp(j->all[first]) &&
            fits(j, group, n, j->all[i]))
            group[n++] = j->all[i];
    l = &j->data->listeners[j->data->listener_count++];
    l->name = arena_printf(a, is_udp(group[0]) ? "udp.0.0.0.0_%u" : "0.0.0.0_%u", port);
    l->bind = compile_gateway_bind(j->c, STR_NONE, port);
    l->kind = is_udp(group[0]) ? MODEL_LISTENER_UDP : MODEL_LISTENER_GATEWAY;
    l->app_port = port;
    l->gateway = arena_alloc0(a, 1, sizeof(*l->gateway));
    l->gateway->servers = arena_alloc0(a, n, sizeof(*l->gateway->servers));
    l->gateway->authz = j->c->authz;
    l->gateway->jwt = j->c->jwt;
    if (group[0]->protocol == COMPILE_GWAPI_HTTP) {
        struct model_gateway_server *to = add_server(j, l->gateway, group[0], MODEL_PROTOCOL_HTTP);
        struct compile_gwapi_hosts_place place = {
            .listeners = group, .count = n, .name = arena_printf(j->scratch, "http.%u", port)
        };

        to->http = compile_gwapi_hosts_build(j->c, j->v, &place, j->data);
        keep_table(j, to->http);
    } else if (group[0]->protocol == COMPILE_GWAPI_TCP || is_udp(group[0])) {
        compile_gwapi_stream_build(j->c, j->v, group[0], j->part, j->data,
                                   add_server(j, l->gateway, group[0], MODEL_PROTOCOL_TCP));
    } else {
        for (uint32_t i = 0; i < n; i++)
            build_encrypted(j, l->gateway, group, n, group[i]);
    }
    compile_gateway_name_servers(j->part, l->gateway);
}

void compile_gwapi_gateway_build(struct compile *c, const struct compile_gwapi_view *v,
                                 struct compile_part *part, struct compile_gateway *data,
                                 const struct compile_gateway *old)
{
    struct job j = { .c = c, .v = v, .part = part, .data = data, .old = old };
    struct arena scratch;
    uint32_t istio = data->listener_count;

    arena_init(&scratch, 4096);
    j.scratch = &scratch;
    collect(&j);
    for (uint32_t i = 0; i < j.count; i++) {
        struct compile_gwapi_fault f = { "PortUnavailable",
                                         STR("a Gateway of Istio's uses the port") };

        if (has_port(&j, istio, j.all[i]))
            complain(&j, j.all[i], &f);
        else if (!has_port(&j, data->listener_count, j.all[i]))
            build_port(&j, i);
    }
    arena_deinit(&scratch);
}
