#include "core/flow/flow_conn.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/flow/flow_challenge.h"
#include "core/flow/flow_gateway.h"
#include "core/flow/flow_hop.h"
#include "core/flow/flow_judge.h"
#include "core/flow/flow_listen.h"
#include "core/flow/flow_probe.h"
#include "core/flow/flow_request.h"
#include "core/flow/flow_target.h"
#include "core/flow/flow_tcp.h"
#include "core/flow/flow_view.h"
#include "core/http/stream_tunnel.h"
#include "core/net/sniff.h"
#include "core/net/stream_peek.h"
#include "core/net/stream_proxy.h"
#include "core/tls/stream_tls.h"
#include "core/tls/tls_config.h"
#include "core/tls/tls_peer.h"

static struct log_module log_module = LOG_MODULE("flow");

/* ---- life ---- */

static void conn_free(struct flow_conn *c)
{
    list_remove(&c->link);
    timer_cancel(&c->quiet);
    flow_probe_abandon(c->probe);
    flow_worker_drop_lease(c->fw, c->view.lease);
    flow_listen_unref(c->listen);
    tls_peer_unref(c->tls_peer);
    tls_config_unref(c->challenge);
    mem_free(c->sni_own);
    mem_free((char *)(uintptr_t)c->xfcc.p);
    mem_free(c);
}

void flow_conn_forget(struct flow_conn *c)
{
    conn_free(c);
}

void flow_conn_close(struct flow_conn *c)
{
    struct flow_worker *fw = c->fw;

    if (c->http) {
        http_server_conn_close(c->http); /* on_http_close frees */
        return;
    }
    stream_close(c->stream);
    conn_free(c);
    flow_worker_count(&fw->connections, -1);
}

void flow_conn_drain(struct flow_conn *c)
{
    if (c->http)
        http_server_conn_drain(c->http);
    else
        flow_conn_close(c);
}

const struct addr *flow_conn_dst(const struct flow_conn *c)
{
    bool is_here = c->kind == MODEL_LISTENER_OUTBOUND && addr_eq(&c->original_dst, &c->local);

    return is_here ? NULL : &c->original_dst;
}

const struct flow_view *flow_conn_view(struct flow_conn *c)
{
    if (c->view.lease != c->fw->lease) {
        flow_worker_drop_lease(c->fw, c->view.lease);
        c->view.lease = flow_worker_take_lease(c->fw);
        flow_view_resolve(c, c->view.lease->snapshot, &c->view);
    }
    return &c->view;
}

/* ---- bytes: a TCP route ---- */

static void begin_tcp(struct flow_conn *c)
{
    const struct model_authz *authz;
    struct model_cluster *cluster;

    if (c->probe && !c->sni.len) { /* names may lead elsewhere */
        flow_probe_commit(c->probe, c);
        return;
    }
    cluster = flow_target_tcp(c, &authz);
    flow_tcp_start(c, cluster, authz);
}

/* ---- HTTP ---- */

static void on_request(void *arg, struct http_server_conn *conn, struct http_stream *hs,
                       struct http_msg *head, bool end)
{
    struct flow_conn *c = arg;

    (void)conn;
    if (c->is_mesh_hop && head->method == HTTP_METHOD_CONNECT)
        flow_hop_connect(c, hs, head, end);
    else
        flow_request_begin(c, hs, head, end);
}

static void on_http_close(void *arg, struct http_server_conn *conn, int err)
{
    struct flow_conn *c = arg;
    struct flow_worker *fw = c->fw;

    (void)conn;
    (void)err;
    conn_free(c);
    flow_worker_count(&fw->connections, -1);
}

static const struct http_server_handler handler = {
    .on_request = on_request,
    .on_close = on_http_close,
};

static void begin_http(struct flow_conn *c)
{
    const struct http_server_config *config = &c->fw->outbound_http;
    struct stream *s = c->stream;

    if (c->kind == MODEL_LISTENER_GATEWAY)
        config = &c->fw->gateway_http;
    else if (c->kind != MODEL_LISTENER_OUTBOUND)
        config = c->is_mesh_hop ? &c->fw->hop_http : &c->fw->inbound_http;
    flow_probe_abandon(c->probe);
    c->probe = NULL;
    c->stream = NULL;
    if (http_server_conn_new(s, config, &handler, c, &c->http) != 0) {
        flow_conn_close(c);
        return;
    }
    /* While new connections are still taken, their first request is. */
    if (c->fw->draining && list_is_empty(&c->fw->listens))
        http_server_conn_drain(c->http);
}

/* ---- TLS ---- */

static void log_refusal(const struct flow_conn *c, const char *why)
{
    char peer[ADDR_TEXT_MAX];

    log_info("connection from %s to port %u of %.*s refused: %s", addr_format(&c->peer, peer),
             c->port, STR_ARG(c->listen->name), why);
}

static void refuse(struct flow_conn *c, const char *why)
{
    log_refusal(c, why);
    flow_conn_close(c);
}

static void on_tls_error(void *arg, int err)
{
    struct flow_conn *c = arg;
    const char *why = stream_tls_error(c->stream);

    why = why[0] ? why : error_text(err);
    if (err == ERR_CLOSED) { /* a probe of the port, often: nothing for an access log */
        refuse(c, why);
        return;
    }
    log_refusal(c, why);
    flow_tcp_refuse(c, 0, why);
}

static void note_peer(struct flow_conn *c, const struct stream_tls_info *tls)
{
    c->is_tls = true;
    c->sni = tls->sni;
    c->is_mesh_hop = tls->alpn_id == TLS_ALPN_MESH;
    if (!tls->peer)
        return;
    c->tls_peer = tls_peer_ref(tls->peer);
    if (tls_peer_is_verified(tls->peer))
        c->peer_identity = tls_peer_spiffe(tls->peer)->id;
    c->is_mtls = c->peer_identity.len > 0;
}

static void on_tls_ready(void *arg)
{
    struct flow_conn *c = arg;
    const struct flow_view *v;
    struct stream_tls_info tls;

    if (!stream_tls_get_info(c->stream, &tls)) {
        flow_conn_close(c);
        return;
    }
    if (c->challenge) { /* seen: that was all */
        flow_conn_close(c);
        return;
    }
    note_peer(c, &tls);
    if (c->view.inbound && flow_judge_ends_own_tls(c->view.inbound)) {
        c->peer_identity = STR_NONE; /* another authority's word */
        c->is_mtls = false;
    }
    flow_view_resolve(c, c->view.lease->snapshot, &c->view);
    v = flow_conn_view(c);
    if (v->inbound ? flow_judge_inbound_tls_is_http(v->inbound, tls.alpn_offered, tls.alpn_id)
                   : v->server && (v->server->http != NULL))
        begin_http(c);
    else if (v->inbound || v->server)
        begin_tcp(c);
    else
        refuse(c, "nothing is configured for it any more");
}

static const struct stream_events tls_events = {
    .on_ready = on_tls_ready,
    .on_error = on_tls_error,
};

static void begin_tls(struct flow_conn *c, struct tls_config *config)
{
    struct stream *lower = c->stream, *tls;

    c->stream = NULL;
    if (stream_tls_server(lower, config, &tls) != 0) {
        flow_conn_close(c);
        return;
    }
    c->stream = tls;
    stream_set_events(tls, &tls_events, c);
}

static struct flow_challenge *challenges_of(const struct flow_conn *c)
{
    return flow_worker_options(c->fw)->challenges;
}

static struct tls_config *choose_server(void *arg, const struct tls_hello *hello)
{
    struct flow_conn *c = arg;
    const struct flow_view *v = flow_conn_view(c);
    const struct model_gateway_server *s;

    if (!v->listener || !v->listener->gateway)
        return NULL;
    if ((hello->alpn & TLS_ALPN_ACME) && !flow_challenge_is_empty(challenges_of(c))) {
        c->challenge = flow_challenge_find_tls(challenges_of(c), tls_hello_sni(hello));
        if (c->challenge)
            return c->challenge;
    }
    s = flow_gateway_named(v->listener->gateway, tls_hello_sni(hello));
    if (s && s->tls_mode == MODEL_GATEWAY_MESH)
        return c->fw->id.server;
    return s ? s->tls : NULL;
}

static void begin_tls_choose(struct flow_conn *c)
{
    struct stream *lower = c->stream, *tls;

    c->stream = NULL;
    if (stream_tls_server_choose(lower, choose_server, c, &tls) != 0) {
        flow_conn_close(c);
        return;
    }
    c->stream = tls;
    stream_set_events(tls, &tls_events, c);
}

/* ---- first bytes ---- */

static bool accepts_http10(const struct flow_conn *c)
{
    return c->view.lease->snapshot->settings.http.accept_http10;
}

static void keep_sni(struct flow_conn *c, const struct sniff_hello *hello)
{
    mem_free(c->sni_own);
    c->sni_own = str_dup(str_make(hello->sni, hello->sni_len));
    c->sni = str_make(c->sni_own, hello->sni_len);
}

/* Outbound: TLS of the app is opaque; its server name chooses among TLS routes. */
static enum flow_verdict judge_outbound(struct flow_conn *c, const struct flow_view *v,
                                        struct str bytes)
{
    struct sniff_hello hello;
    enum sniff_answer tls = sniff_tls(bytes, &hello);

    if (tls == SNIFF_MORE)
        return FLOW_VERDICT_MORE;
    if (tls == SNIFF_YES) {
        keep_sni(c, &hello);
        return FLOW_VERDICT_TCP;
    }
    return v->table || flow_target_is_explicit(c)
               ? flow_judge_plain(bytes, flow_target_is_explicit(c) || accepts_http10(c))
               : FLOW_VERDICT_TCP;
}

static enum flow_verdict judge_gateway(struct flow_conn *c, const struct flow_view *v,
                                       struct str bytes)
{
    const struct model_gateway_server *s;
    struct sniff_hello hello;
    enum sniff_answer tls = sniff_tls(bytes, &hello);

    if (tls == SNIFF_MORE)
        return FLOW_VERDICT_MORE;
    if (tls == SNIFF_NO || !v->listener || !v->listener->gateway)
        return FLOW_VERDICT_REFUSE;
    if ((flow_judge_offered(&hello) & TLS_ALPN_ACME) && !flow_challenge_is_empty(challenges_of(c)))
        return FLOW_VERDICT_TLS;
    s = flow_gateway_named(v->listener->gateway, str_make(hello.sni, hello.sni_len));
    if (!s)
        return FLOW_VERDICT_REFUSE;
    if (s->tls_mode == MODEL_GATEWAY_AUTO && !(flow_judge_offered(&hello) & TLS_ALPN_ISTIO_ANY))
        return FLOW_VERDICT_REFUSE;
    if (s->tls_mode == MODEL_GATEWAY_TLS || s->tls_mode == MODEL_GATEWAY_MESH)
        return FLOW_VERDICT_TLS;
    c->is_tls = true;
    keep_sni(c, &hello);
    c->view.server = s;
    return FLOW_VERDICT_TCP;
}

static void follow(struct flow_conn *c, enum flow_verdict verdict)
{
    switch (verdict) {
    case FLOW_VERDICT_HTTP:
        begin_http(c);
        return;
    case FLOW_VERDICT_TCP:
        begin_tcp(c);
        return;
    case FLOW_VERDICT_TLS:
        if (c->kind == MODEL_LISTENER_GATEWAY)
            begin_tls_choose(c);
        else if (flow_judge_ends_own_tls(c->view.inbound))
            begin_tls(c, c->view.inbound->tls);
        else
            begin_tls(c, c->fw->id.server);
        return;
    default:
        log_refusal(c, c->kind == MODEL_LISTENER_GATEWAY ? "no server for this name"
                                                         : "mutual TLS is required here");
        flow_tcp_refuse(c, DECISION_NR, "filter_chain_not_found");
        return;
    }
}

static bool on_peek(void *arg, struct stream *s, struct str bytes, enum stream_peek_why why)
{
    struct flow_conn *c = arg;
    const struct flow_view *v = flow_conn_view(c);
    enum flow_verdict verdict = FLOW_VERDICT_REFUSE;
    bool last = why != STREAM_PEEK_BYTES;

    (void)s;
    if (why == STREAM_PEEK_ERROR || (why == STREAM_PEEK_EOF && bytes.len == 0)) {
        flow_conn_close(c);
        return true;
    }
    timer_cancel(&c->quiet);
    if (c->kind == MODEL_LISTENER_OUTBOUND)
        verdict = judge_outbound(c, v, bytes);
    else if (c->kind == MODEL_LISTENER_GATEWAY)
        verdict = judge_gateway(c, v, bytes);
    else if (v->inbound)
        verdict = flow_judge_inbound(v->inbound, c->fw->id.server, accepts_http10(c), bytes, last);
    if (verdict == FLOW_VERDICT_MORE) {
        if (!last)
            return false;
        verdict = FLOW_VERDICT_TCP; /* neither TLS nor HTTP would be so long, or so short */
    }
    follow(c, verdict);
    return true;
}

static void on_quiet(struct timer *timer)
{
    struct flow_conn *c = CONTAINER_OF(timer, struct flow_conn, quiet);
    const struct model_authz *authz;
    struct model_cluster *cluster = flow_target_tcp(c, &authz);

    if (cluster && flow_probe_after_ms(c, flow_conn_view(c)))
        (void)flow_probe_start(c, cluster, authz);
}

/* protocolDetectionTimeout; 0: for ever, as at gateways, which look for names only. */
static uint32_t detection_ms(const struct flow_conn *c)
{
    return c->kind == MODEL_LISTENER_GATEWAY ? 0 : c->view.lease->snapshot->settings.detection_ms;
}

static void peek(struct flow_conn *c)
{
    uint64_t quiet_ms = flow_probe_after_ms(c, flow_conn_view(c));
    struct stream_peek_options options = { .timeout_ms = detection_ms(c) };

    c->stream = stream_peek_new(c->stream, &options, on_peek, c);
    if (quiet_ms)
        timer_start(&c->quiet, quiet_ms);
}

/* ---- accept ---- */

static void decide_outbound(struct flow_conn *c, const struct flow_view *v)
{
    if (flow_judge_is_http(v->protocol) && v->table)
        begin_http(c);
    else if (!v->service && !v->by_port && !v->table && !flow_target_is_explicit(c))
        begin_tcp(c); /* nothing known: passed through without a look */
    else if (v->protocol == MODEL_PROTOCOL_TCP)
        begin_tcp(c);
    else
        peek(c);
}

static void decide_inbound(struct flow_conn *c, const struct flow_view *v)
{
    enum flow_verdict verdict;

    /* What was not captured came to us, and would come again and again. */
    if (!v->inbound || (c->kind == MODEL_LISTENER_INBOUND && flow_listen_on(c->fw, c->port))) {
        refuse(c, "no workload listens there");
        return;
    }
    verdict = flow_judge_inbound_unseen(v->inbound, c->fw->id.server);
    if (verdict == FLOW_VERDICT_TLS && detection_ms(c) && !flow_judge_ends_own_tls(v->inbound))
        verdict = FLOW_VERDICT_MORE; /* what does not come in time is no TLS */
    if (verdict == FLOW_VERDICT_MORE)
        peek(c);
    else
        follow(c, verdict);
}

static void decide_gateway(struct flow_conn *c, const struct flow_view *v)
{
    const struct model_gateway *g = v->listener ? v->listener->gateway : NULL;

    if (!g)
        refuse(c, "no gateway server listens there any more");
    else if (flow_gateway_has_passthrough(g))
        peek(c);
    else if (flow_gateway_has_tls(g) || (!v->server && !flow_challenge_is_empty(challenges_of(c))))
        begin_tls_choose(c);
    else if (v->server && v->server->http)
        begin_http(c);
    else
        begin_tcp(c);
}

static void note_peer_ip(struct flow_conn *c)
{
    char text[ADDR_TEXT_MAX];

    str_copy(str_of(addr_format_ip(&c->peer, text)), c->peer_ip, sizeof(c->peer_ip));
    c->peer_ip_len = (uint8_t)strlen(c->peer_ip);
}

static void decide(struct flow_conn *c)
{
    const struct flow_view *v;

    c->peer = *stream_peer(c->stream);
    note_peer_ip(c);
    c->local = *stream_local(c->stream);
    c->original_dst = *stream_original_dst(c->stream);
    c->port = c->kind == MODEL_LISTENER_INBOUND_PORT ? c->listen->app_port : c->original_dst.port;
    v = flow_conn_view(c);
    if (c->kind == MODEL_LISTENER_OUTBOUND)
        decide_outbound(c, v);
    else if (c->kind == MODEL_LISTENER_GATEWAY)
        decide_gateway(c, v);
    else
        decide_inbound(c, v);
}

static void on_proxy_ready(void *arg)
{
    decide(arg);
}

static void on_proxy_error(void *arg, int err)
{
    (void)err;
    refuse(arg, "no valid PROXY header");
}

static const struct stream_events proxy_events = {
    .on_ready = on_proxy_ready,
    .on_error = on_proxy_error,
};

static struct flow_conn *conn_new(struct flow_listen *listen, struct stream *s)
{
    struct flow_worker *fw = listen->fw;
    struct flow_conn *c = mem_alloc0(1, sizeof(*c));

    c->fw = fw;
    c->listen = flow_listen_ref(listen);
    c->kind = listen->kind;
    c->stream = s;
    timer_init(&c->quiet, &fw->worker->timers, on_quiet);
    list_push(&fw->conns, &c->link);
    flow_worker_count(&fw->connections, 1);
    flow_worker_count(&fw->connections_total, 1);
    return c;
}

void flow_conn_accept_inside(struct flow_conn *outer, struct stream *s, uint16_t port)
{
    struct flow_conn *c = conn_new(outer->listen, s);

    c->peer = outer->peer;
    note_peer_ip(c);
    c->local = outer->local;
    c->original_dst = outer->original_dst;
    c->original_dst.port = c->port = port;
    c->is_tls = c->is_mtls = true;
    c->tls_peer = tls_peer_ref(outer->tls_peer);
    c->peer_identity = tls_peer_spiffe(c->tls_peer)->id;
    c->sni_own = str_dup(outer->sni);
    c->sni = str_make(c->sni_own, outer->sni.len);
    /* An app that speaks HTTP is told HTTP, by whatever way the bytes came. */
    if (flow_judge_is_http(flow_conn_view(c)->inbound->protocol)) {
        stream_tunnel_accept(s);
        begin_http(c);
    } else {
        begin_tcp(c);
    }
}

void flow_conn_accept(struct flow_listen *listen, struct stream *s)
{
    struct flow_conn *c;

    if (!listen->fw->lease) {
        stream_close(s);
        return;
    }
    c = conn_new(listen, s);
    if (!listen->proxy_protocol) {
        decide(c);
        return;
    }
    c->stream = stream_proxy_new(s, NULL);
    stream_set_events(c->stream, &proxy_events, c);
}
