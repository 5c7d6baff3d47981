#include "core/flow/upstream_dial.h"

#include "core/net/stream_proxy.h"
#include "core/net/stream_tcp.h"
#include "core/tls/stream_tls.h"

#define IDLE_MS           ((uint64_t)60 * 60 * 1000) /* RT-10 */
#define H1_READ_MAX_BYTES ((size_t)32 * 1024)
/* Of a hop's connection, whose streams grow to a quarter of it. */
#define MESH_WINDOW_BYTES ((uint32_t)16 * 1024 * 1024)

/* An app sees its sidecar come from here (TC-3), not from the address that its own neighbours have
 * and that it may trust. Besides, a sidecar's connections to its own address are redirected to its
 * inbound listener (that is how a call of an app to its own service is served), but for these. */
static const struct addr *inbound_source(const struct upstream_host *h)
{
    static const struct addr source = { .family = ADDR_IPV4, .ip = { 127, 0, 0, 6 } };

    const struct model_cluster_config *config = h->cluster->config;
    bool to_app = config->is_inbound || config->type == MODEL_CLUSTER_APP;

    return to_app && h->addr.family == ADDR_IPV4 ? &source : NULL;
}

int upstream_dial_tcp(struct upstream_host *h, struct stream **out)
{
    const struct flow_options *o = flow_worker_options(h->fw);
    const struct model_limits *l = &h->cluster->config->limits;
    struct stream_tcp_options tcp = { .mark = o->mark };

    if (h->cluster->config->type == MODEL_CLUSTER_APP && o->dial_app)
        return o->dial_app(o->dial_app_arg, h->fw->worker, &h->addr, out);
    tcp.connect_timeout_ms = (uint32_t)l->connect_timeout_ms;
    tcp.bind = inbound_source(h);
    tcp.keepalive.idle_s = l->keepalive.idle_s;
    tcp.keepalive.interval_s = l->keepalive.interval_s;
    tcp.keepalive.probes = l->keepalive.probes;
    return stream_tcp_connect(h->fw->worker, &h->addr, &tcp, out);
}

int upstream_dial_open(struct upstream_host *h, struct tls_config **tls, enum upstream_tls_use use,
                       const struct upstream_from *from, struct stream **out)
{
    int version = h->cluster->config->proxy_protocol;
    struct stream *tcp;
    int err;

    if (!*tls && upstream_tls_is_needed(h)) {
        err = upstream_tls_config(h, use, tls);
        if (err)
            return err;
    }
    err = upstream_dial_tcp(h, &tcp);
    if (err)
        return err;
    if (version && from && (err = stream_proxy_write(tcp, version, from->src, from->dst)) != 0) {
        stream_close(tcp);
        return err;
    }
    /* What a read brings must find room behind a client that stops reading. */
    if (use == UPSTREAM_TLS_H1)
        stream_tcp_set_read_max(tcp, H1_READ_MAX_BYTES);
    if (!*tls) {
        *out = tcp;
        return 0;
    }
    return stream_tls_client(tcp, *tls, out);
}

int upstream_dial_for_pool(void *arg, struct worker *w, struct stream **out)
{
    struct upstream_dial *dial = arg;
    static const enum upstream_tls_use uses[] = { UPSTREAM_TLS_H1, UPSTREAM_TLS_H2,
                                                  UPSTREAM_TLS_MESH };

    const struct upstream_from from = { &dial->src, &dial->dst };

    (void)w;
    return upstream_dial_open(dial->host, &dial->tls, uses[dial->kind], dial->tells ? &from : NULL,
                              out);
}

struct http_pool_config upstream_dial_pool_config(const struct upstream_host *h,
                                                  enum upstream_kind kind)
{
    const struct model_limits *l = &h->cluster->config->limits;
    struct upstream_counts *counts = h->up ? h->up->counts : NULL;
    struct http_pool_config config = {
        .protocol = kind == UPSTREAM_H1 ? HTTP_PROTOCOL_H1 : HTTP_PROTOCOL_H2,
        .max_connections = l->max_connections,
        .max_pending = l->max_pending,
        .max_requests = l->max_requests,
        .max_requests_per_conn = l->max_requests_per_conn,
        .max_streams_per_conn = l->max_streams_per_conn,
        .idle_timeout_ms = (uint32_t)(l->idle_timeout_ms ? l->idle_timeout_ms : IDLE_MS),
        .connect_timeout_ms = (uint32_t)l->connect_timeout_ms,
        .max_age_ms = (uint32_t)l->max_connection_ms,
        .ping_interval_ms = (uint32_t)l->ping_interval_ms,
        .counts = counts ? &counts->pool : NULL,
    };

    if (kind == UPSTREAM_MESH) {
        config.require_alpn = TLS_ALPN_MESH;
        config.connection_window_bytes = MESH_WINDOW_BYTES;
        config.max_frame_bytes = UPSTREAM_MESH_FRAME_BYTES;
    }
    return config;
}
