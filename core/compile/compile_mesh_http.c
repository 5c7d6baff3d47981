#include "core/compile/compile_mesh_http.h"

#include "core/text/duration.h"

static bool is_on(const struct field_opt *o)
{
    return o->set && o->value;
}

static void add_headers(const struct mesh_proxy_config_headers *h, struct model_http_settings *out)
{
    const struct mesh_proxy_config_cert_details *d = h->set_current_client_cert_details;

    out->xfcc = (uint8_t)h->forwarded_client_cert; /* numbered alike */
    if (d) {
        out->xfcc_details.set = true;
        out->xfcc_details.subject = !d->subject.set || d->subject.value;
        out->xfcc_details.cert = is_on(&d->cert);
        out->xfcc_details.chain = is_on(&d->chain);
        out->xfcc_details.dns = !d->dns.set || d->dns.value;
        out->xfcc_details.uri = !d->uri.set || d->uri.value;
    }
    out->no_request_id = h->request_id && is_on(&h->request_id->disabled);
    out->no_attempt_count = h->attempt_count && is_on(&h->attempt_count->disabled);
    out->no_debug_headers = h->envoy_debug_headers && is_on(&h->envoy_debug_headers->disabled);
    out->no_server = h->server && is_on(&h->server->disabled);
    if (h->server && h->server->value.len)
        out->server = h->server->value;
    out->add_forwarded_host = h->x_forwarded_host && is_on(&h->x_forwarded_host->enabled);
    out->add_forwarded_port = h->x_forwarded_port && is_on(&h->x_forwarded_port->enabled);
    out->keep_header_case = is_on(&h->preserve_header_case);
}

static void add_edge(struct model_http_settings *out)
{
    out->max_streams = 100;
    out->stream_window_bytes = 65536;
    out->connection_window_bytes = 1048576;
    out->idle_timeout_ms = 3600 * 1000;
    out->underscores = MODEL_UNDERSCORES_REJECT;
    out->merge_slashes = true;
    out->escaped_slashes = MODEL_ESCAPED_SLASHES_UNESCAPE_AND_REDIRECT;
}

static void set_u32(uint32_t *to, const struct field_opt *from)
{
    if (from->set && from->value > 0)
        *to = (uint32_t)from->value;
}

static void set_ms(uint64_t *to, const struct field_opt *from)
{
    if (from->set)
        *to = (uint64_t)(from->value / DURATION_MS);
}

static void add_connection(const struct mesh_proxy_config_connection *s,
                           struct model_http_settings *out)
{
    if (s->profile == MESH_PROXY_CONFIG_PROFILE_EDGE)
        add_edge(out);
    set_u32(&out->max_streams, &s->http_max_concurrent_streams);
    set_u32(&out->stream_window_bytes, &s->http2_initial_stream_window_size);
    set_u32(&out->connection_window_bytes, &s->http2_initial_connection_window_size);
    set_ms(&out->idle_timeout_ms, &s->http_idle_timeout);
    set_ms(&out->head_timeout_ms, &s->http_request_headers_timeout);
    /* Both have "unspecified" as 0, and then the model's values in their order. */
    if (s->http_headers_with_underscores_action)
        out->underscores = (uint8_t)(s->http_headers_with_underscores_action - 1);
    if (s->http_path_with_escaped_slashes_action)
        out->escaped_slashes = (uint8_t)(s->http_path_with_escaped_slashes_action - 1);
    if (s->http_merge_slashes.set)
        out->merge_slashes = s->http_merge_slashes.value;
}

void compile_mesh_http(const struct mesh_config *config, const struct mesh_proxy_config *proxy,
                       struct model_http_settings *out)
{
    if (config->path_normalization)
        out->path_normalization = (uint8_t)config->path_normalization->normalization;
    for (size_t i = 0; i < proxy->proxy_metadata_count; i++)
        if (str_is(proxy->proxy_metadata[i].key, "ISTIO_META_HTTP10"))
            out->accept_http10 = str_is(proxy->proxy_metadata[i].value, "1");
    if (proxy->gateway_topology) {
        out->trusted_proxies = (uint32_t)proxy->gateway_topology->num_trusted_proxies;
        out->proxy_protocol = proxy->gateway_topology->proxy_protocol != NULL;
        out->gateway_xfcc = (uint8_t)proxy->gateway_topology->forward_client_cert_details;
    }
    if (proxy->proxy_headers)
        add_headers(proxy->proxy_headers, out);
    if (proxy->connection_settings)
        add_connection(proxy->connection_settings, out);
}
