#include "core/flow/flow_heads.h"

#include "core/base/random.h"
#include "core/tls/tls_identity.h"
#include "core/tls/tls_peer.h"

#define HEADERS (&r->filter.head->headers)

static const char hex[] = "0123456789abcdef";

static char *put_hex(char *p, uint64_t bits, int nibbles)
{
    for (int i = 0; i < nibbles; i++, bits >>= 4)
        *p++ = hex[bits & 15];
    return p;
}

/* RFC 4122 version 4. Its bits come from the worker's generator: an id must be unique, not secret.
 */
static struct str new_request_id(struct flow_request *r)
{
    uint64_t a = random_next(&r->fw->worker->random), b = random_next(&r->fw->worker->random);
    char *text = arena_alloc(r->filter.arena, 36), *p = text;

    p = put_hex(p, a, 8);
    *p++ = '-';
    p = put_hex(p, a >> 32, 4);
    *p++ = '-';
    *p++ = '4';
    p = put_hex(p, a >> 48, 3);
    *p++ = '-';
    *p++ = hex[8 | (b & 3)];
    p = put_hex(p, b >> 2, 3);
    *p++ = '-';
    put_hex(p, b >> 14, 12);
    return str_make(text, 36);
}

static void add_request_id(struct flow_request *r)
{
    struct str id = http_headers_get(HEADERS, HTTP_TOKEN_X_REQUEST_ID);

    /* A gateway's clients are strangers: their ids are not kept. */
    if (id.p && r->conn->kind != MODEL_LISTENER_GATEWAY) {
        r->decision.request_id = id;
        return;
    }
    r->decision.request_id = new_request_id(r);
    http_headers_set_token(HEADERS, HTTP_TOKEN_X_REQUEST_ID, r->decision.request_id);
}

static void forwarded_on_gateway(struct flow_request *r)
{
    static const bool internal[HTTP_TOKEN_COUNT] = {
        [HTTP_TOKEN_X_ENVOY_HEDGE_ON_PER_TRY_TIMEOUT] = true,
        [HTTP_TOKEN_X_ENVOY_MAX_RETRIES] = true,
        [HTTP_TOKEN_X_ENVOY_RETRIABLE_HEADER_NAMES] = true,
        [HTTP_TOKEN_X_ENVOY_RETRIABLE_STATUS_CODES] = true,
        [HTTP_TOKEN_X_ENVOY_RETRY_GRPC_ON] = true,
        [HTTP_TOKEN_X_ENVOY_RETRY_ON] = true,
        [HTTP_TOKEN_X_ENVOY_UPSTREAM_RQ_PER_TRY_TIMEOUT_MS] = true,
        [HTTP_TOKEN_X_ENVOY_UPSTREAM_RQ_TIMEOUT_ALT_RESPONSE] = true,
        [HTTP_TOKEN_X_ENVOY_UPSTREAM_RQ_TIMEOUT_MS] = true,
        [HTTP_TOKEN_X_ENVOY_ATTEMPT_COUNT] = true,
        [HTTP_TOKEN_X_ENVOY_EXPECTED_RQ_TIMEOUT_MS] = true,
        [HTTP_TOKEN_X_ENVOY_ORIGINAL_HOST] = true,
        [HTTP_TOKEN_X_ENVOY_ORIGINAL_PATH] = true,
        [HTTP_TOKEN_X_ENVOY_DECORATOR_OPERATION] = true,
        [HTTP_TOKEN_X_ENVOY_PEER_METADATA] = true,
        [HTTP_TOKEN_X_ENVOY_PEER_METADATA_ID] = true,
        [HTTP_TOKEN_X_FORWARDED_CLIENT_CERT] = true,
        [HTTP_TOKEN_X_ENVOY_EXTERNAL_ADDRESS] = true,
    };
    struct str peer = str_make(r->conn->peer_ip, r->conn->peer_ip_len), before = STR_NONE;

    http_headers_remove_marked(HEADERS, internal);
    if (http_headers_get(HEADERS, HTTP_TOKEN_X_FORWARDED_FOR).p)
        before = http_headers_get_all(HEADERS, STR("x-forwarded-for"), r->filter.arena);
    if (before.p)
        peer = arena_printf(r->filter.arena, "%.*s,%.*s", STR_ARG(before), STR_ARG(peer));
    http_headers_set_token(HEADERS, HTTP_TOKEN_X_FORWARDED_FOR, peer);
    http_headers_set_token(HEADERS, HTTP_TOKEN_X_FORWARDED_PROTO,
                           r->conn->is_tls ? STR("https") : STR("http"));
}

void flow_heads_on_arrival(struct flow_request *r)
{
    struct http_msg *head = r->filter.head;
    struct decision *d = &r->decision;
    struct str proto;

    if (r->conn->kind == MODEL_LISTENER_GATEWAY) {
        forwarded_on_gateway(r);
        head->scheme = r->conn->is_tls ? STR("https") : STR("http");
    } else if (!http_headers_get(HEADERS, HTTP_TOKEN_X_FORWARDED_PROTO).p) {
        http_headers_add_token(HEADERS, HTTP_TOKEN_X_FORWARDED_PROTO,
                               r->conn->is_tls && !r->conn->is_mtls ? STR("https") : STR("http"));
    }
    /* The multiplexed hop says which protocol the client spoke; nobody else may. */
    proto = http_headers_get(HEADERS, HTTP_TOKEN_MESH_PROTO);
    r->wants_h2 = head->version == HTTP_VERSION_2;
    if (proto.p) {
        if (r->conn->is_mesh_hop)
            r->wants_h2 = str_is(proto, "2");
        http_headers_remove_token(HEADERS, HTTP_TOKEN_MESH_PROTO);
    }
    add_request_id(r);
    d->request_head = head;
    d->method = head->method_name;
    d->path = head->path;
    d->authority = head->authority;
    d->user_agent = http_headers_get(HEADERS, HTTP_TOKEN_USER_AGENT);
    d->forwarded_for = http_headers_get(HEADERS, HTTP_TOKEN_X_FORWARDED_FOR);
}

static struct str add_names(struct flow_request *r, struct str entry, const char *key,
                            const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        entry =
            arena_printf(r->filter.arena, "%.*s;%s=%.*s", STR_ARG(entry), key, STR_ARG(names[i]));
    return entry;
}

/* What x-forwarded-client-cert says of the client. Peers of the mesh: both ids; clients of a
 * gateway: whatever names their certificate has. */
static struct str client_cert_entry(struct flow_request *r)
{
    const struct pki_cert_info *info = tls_peer_info(r->conn->tls_peer);
    struct str hash = str_make(arena_alloc(r->filter.arena, 64), 64), entry;

    for (int i = 0; i < 32; i++) {
        static const char digits[] = "0123456789abcdef";
        char *at = (char *)(uintptr_t)hash.p + 2 * i;

        at[0] = digits[info->sha256[i] >> 4];
        at[1] = digits[info->sha256[i] & 15];
    }
    entry = arena_printf(r->filter.arena, "Hash=%.*s;Subject=\"%.*s\"", STR_ARG(hash),
                         STR_ARG(info->subject));
    if (r->decision.gateway) {
        entry = add_names(r, entry, "URI", info->uris, info->uri_count);
        return add_names(r, entry, "DNS", info->dns_names, info->dns_count);
    }
    if (r->fw->id.identity)
        entry = arena_printf(r->filter.arena, "By=%.*s;%.*s",
                             STR_ARG(tls_identity_spiffe(r->fw->id.identity)->id), STR_ARG(entry));
    return arena_printf(r->filter.arena, "%.*s;URI=%.*s", STR_ARG(entry),
                        STR_ARG(r->conn->peer_identity));
}

static void add_client_cert(struct flow_request *r)
{
    bool is_known =
        r->conn->tls_peer &&
        (r->decision.gateway ? tls_peer_is_verified(r->conn->tls_peer) : r->conn->is_mtls);
    struct str old, entry;

    if (!is_known) {
        if (r->decision.inbound)
            http_headers_remove_token(HEADERS, HTTP_TOKEN_X_FORWARDED_CLIENT_CERT);
        return;
    }
    entry = client_cert_entry(r);
    old = http_headers_get_all(HEADERS, STR("x-forwarded-client-cert"), r->filter.arena);
    if (old.p)
        entry = arena_printf(r->filter.arena, "%.*s,%.*s", STR_ARG(old), STR_ARG(entry));
    http_headers_set_token(HEADERS, HTTP_TOKEN_X_FORWARDED_CLIENT_CERT, entry);
}

void flow_heads_to_upstream(struct flow_request *r)
{
    uint64_t expected_ms = flow_policy_expected_ms(&r->policy);

    if (!r->decision.inbound)
        http_headers_set_token(HEADERS, HTTP_TOKEN_X_ENVOY_ATTEMPT_COUNT,
                               arena_u64(r->filter.arena, r->decision.try_count));
    if (r->decision.try_count > 1)
        return;
    add_client_cert(r);
    if (expected_ms)
        http_headers_set_token(HEADERS, HTTP_TOKEN_X_ENVOY_EXPECTED_RQ_TIMEOUT_MS,
                               arena_u64(r->filter.arena, expected_ms));
    if (r->original_path.p && !str_eq(r->original_path, r->filter.head->path))
        http_headers_set_token(HEADERS, HTTP_TOKEN_X_ENVOY_ORIGINAL_PATH, r->original_path);
    if (!str_eq(r->decision.authority, r->filter.head->authority))
        http_headers_set_token(HEADERS, HTTP_TOKEN_X_ENVOY_ORIGINAL_HOST, r->decision.authority);
}

void flow_heads_to_downstream(struct flow_request *r, struct http_msg *head, bool local)
{
    struct http_headers *h = &head->headers;
    bool outbound = r->conn && r->conn->kind == MODEL_LISTENER_OUTBOUND;

    if (!http_headers_get(h, HTTP_TOKEN_DATE).p)
        http_headers_add_token(h, HTTP_TOKEN_DATE,
                               flow_worker_date(r->fw, r->decision.start_wall_us));
    http_headers_set_token(h, HTTP_TOKEN_SERVER, outbound ? STR("envoy") : STR("istio-envoy"));
    if (local)
        return;
    http_headers_remove_token(h, HTTP_TOKEN_MESH_PROTO);
    if (!r->decision.inbound)
        http_headers_set_token(h, HTTP_TOKEN_X_ENVOY_UPSTREAM_SERVICE_TIME,
                               arena_u64(r->filter.arena, r->decision.upstream_service_time_ms));
    if (r->conn && r->conn->kind == MODEL_LISTENER_GATEWAY) {
        http_headers_remove_token(h, HTTP_TOKEN_X_ENVOY_DECORATOR_OPERATION);
        http_headers_remove_token(h, HTTP_TOKEN_X_ENVOY_PEER_METADATA);
        http_headers_remove_token(h, HTTP_TOKEN_X_ENVOY_PEER_METADATA_ID);
    }
}
