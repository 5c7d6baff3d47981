#include "core/flow/flow_xfcc.h"

#include "core/base/encode.h"
#include "core/base/mem.h"
#include "core/tls/tls_config.h"
#include "core/tls/tls_identity.h"
#include "core/tls/tls_peer.h"

static uint8_t mode_of(const struct flow_request *r, const struct model_http_settings *s)
{
    if (r->decision.gateway)
        return s->gateway_xfcc ? s->gateway_xfcc : MODEL_XFCC_SANITIZE_SET;
    return s->xfcc ? s->xfcc : MODEL_XFCC_APPEND_FORWARD;
}

/* ---- the text ---- */

static void add_field(struct buf *out, const char *key, struct str value)
{
    buf_printf(out, "%s%s=%.*s", buf_len(out) ? ";" : "", key, STR_ARG(value));
}

static void add_names(struct buf *out, const char *key, const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_field(out, key, names[i]);
}

static void add_pem(struct buf *out, const char *key, const struct tls_peer *peer,
                    int (*write)(const struct tls_peer *peer, struct buf *out))
{
    struct buf pem;

    buf_init(&pem, 0);
    if (write(peer, &pem) == 0) {
        buf_printf(out, ";%s=\"", key);
        encode_percent(out, buf_str(&pem));
        buf_printf(out, "\"");
    }
    buf_deinit(&pem);
}

/* With which certificate this connection was answered. */
static const struct tls_identity *own_identity(const struct flow_conn *c)
{
    const struct model_gateway_server *s = c->view.server;

    if (s && s->tls_mode == MODEL_GATEWAY_TLS)
        return s->tls ? tls_config_identity(s->tls) : NULL;
    return c->fw->id.identity;
}

static void write_entry(const struct flow_request *r, const struct model_http_settings *s,
                        struct buf *out)
{
    const struct tls_peer *peer = r->conn->tls_peer;
    const struct pki_cert_info *info = tls_peer_info(peer);
    const struct tls_identity *own = own_identity(r->conn);
    bool custom = s->xfcc_details.set && !r->decision.gateway;

    if (own)
        add_names(out, "By", tls_identity_info(own)->uris, tls_identity_info(own)->uri_count);
    add_field(out, "Hash", STR_NONE);
    encode_hex(out, str_make(info->sha256, sizeof(info->sha256)));
    if (custom ? s->xfcc_details.cert : r->decision.gateway)
        add_pem(out, "Cert", peer, tls_peer_leaf_pem);
    if (custom && s->xfcc_details.chain)
        add_pem(out, "Chain", peer, tls_peer_chain_pem);
    if (!custom || s->xfcc_details.subject)
        buf_printf(out, ";Subject=\"%.*s\"", STR_ARG(info->subject));
    if (!custom || s->xfcc_details.uri) {
        add_names(out, "URI", info->uris, info->uri_count);
        if (!info->uri_count)
            add_field(out, "URI", STR_NONE); /* the key is there all the same */
    }
    if (!custom || s->xfcc_details.dns)
        add_names(out, "DNS", info->dns_names, info->dns_count);
}

static struct str entry_of(struct flow_request *r, const struct model_http_settings *s)
{
    struct flow_conn *c = r->conn;
    struct buf text;

    if (c->xfcc.p && c->xfcc_version == r->lease->snapshot->version)
        return arena_str(r->filter.arena, c->xfcc);
    buf_init(&text, 0);
    write_entry(r, s, &text);
    mem_free((char *)(uintptr_t)c->xfcc.p);
    c->xfcc = str_make(str_dup(buf_str(&text)), buf_len(&text));
    c->xfcc_version = r->lease->snapshot->version;
    buf_deinit(&text);
    return arena_str(r->filter.arena, c->xfcc);
}

void flow_xfcc_apply(struct flow_request *r)
{
    const struct model_http_settings *s = &r->lease->snapshot->settings.http;
    struct http_headers *h = &r->filter.head->headers;
    uint8_t mode = mode_of(r, s);
    struct str old, entry;

    if (mode == MODEL_XFCC_ALWAYS_FORWARD_ONLY)
        return;
    if (!r->conn->tls_peer || mode == MODEL_XFCC_SANITIZE) {
        http_headers_remove_token(h, HTTP_TOKEN_X_FORWARDED_CLIENT_CERT);
        return;
    }
    if (mode == MODEL_XFCC_FORWARD_ONLY)
        return;
    entry = entry_of(r, s);
    old = mode == MODEL_XFCC_APPEND_FORWARD
              ? http_headers_get_all(h, STR("x-forwarded-client-cert"), r->filter.arena)
              : STR_NONE;
    if (old.p)
        entry = arena_printf(r->filter.arena, "%.*s,%.*s", STR_ARG(old), STR_ARG(entry));
    http_headers_set_token(h, HTTP_TOKEN_X_FORWARDED_CLIENT_CERT, entry);
}
