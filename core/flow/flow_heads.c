#include "core/flow/flow_heads.h"

#include "core/base/random.h"
#include "core/flow/flow_edge.h"
#include "core/flow/flow_trace.h"
#include "core/flow/flow_xfcc.h"

#define HEADERS  (&r->filter.head->headers)
#define SETTINGS (&r->lease->snapshot->settings.http)

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

    /* A gateway's clients are strangers: their ids are not kept, unless there are no others. */
    if ((id.p && r->conn->kind != MODEL_LISTENER_GATEWAY) || SETTINGS->no_request_id) {
        r->decision.request_id = id;
        return;
    }
    r->decision.request_id = new_request_id(r);
    http_headers_set_token(HEADERS, HTTP_TOKEN_X_REQUEST_ID, r->decision.request_id);
}

void flow_heads_on_arrival(struct flow_request *r)
{
    struct http_msg *head = r->filter.head;
    struct decision *d = &r->decision;
    struct str proto;

    if (r->conn->kind == MODEL_LISTENER_GATEWAY) {
        flow_edge_arrive(r);
    } else if (!http_headers_get(HEADERS, HTTP_TOKEN_X_FORWARDED_PROTO).p) {
        http_headers_add_token(HEADERS, HTTP_TOKEN_X_FORWARDED_PROTO,
                               r->conn->is_tls && !r->conn->is_mtls ? STR("https") : STR("http"));
    }
    /* The multiplexed hop says which protocol the client spoke; nobody else may. */
    proto = http_headers_get(HEADERS, HTTP_TOKEN_MESH_PROTO);
    r->wants_h2 = head->version == HTTP_VERSION_2;
    r->wants_case = head->spelling != NULL;
    if (proto.p) {
        if (r->conn->is_mesh_hop)
            r->wants_h2 = str_is(proto, "2");
        http_headers_remove_token(HEADERS, HTTP_TOKEN_MESH_PROTO);
    }
    flow_xfcc_apply(r); /* policies believe it */
    add_request_id(r);
    flow_trace_arrive(r);
    d->request_head = head;
    d->method = head->method_name;
    d->path = head->path;
    d->authority = head->authority;
    d->user_agent = http_headers_get(HEADERS, HTTP_TOKEN_USER_AGENT);
    d->forwarded_for = http_headers_get(HEADERS, HTTP_TOKEN_X_FORWARDED_FOR);
}

void flow_heads_to_upstream(struct flow_request *r)
{
    uint64_t expected_ms = flow_policy_expected_ms(&r->policy);

    if (!r->decision.inbound && !SETTINGS->no_attempt_count)
        http_headers_set_token(HEADERS, HTTP_TOKEN_X_ENVOY_ATTEMPT_COUNT,
                               arena_u64(r->filter.arena, r->decision.try_count));
    if (r->decision.try_count > 1)
        return;
    if (SETTINGS->no_debug_headers)
        return;
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
    if (!SETTINGS->no_server)
        http_headers_set_token(h, HTTP_TOKEN_SERVER,
                               SETTINGS->server.len ? SETTINGS->server
                               : outbound           ? STR("envoy")
                                                    : STR("istio-envoy"));
    if (local)
        return;
    http_headers_remove_token(h, HTTP_TOKEN_MESH_PROTO);
    if (!r->decision.inbound && !SETTINGS->no_debug_headers)
        http_headers_set_token(h, HTTP_TOKEN_X_ENVOY_UPSTREAM_SERVICE_TIME,
                               arena_u64(r->filter.arena, r->decision.upstream_service_time_ms));
    if (r->conn && r->conn->kind == MODEL_LISTENER_GATEWAY) {
        http_headers_remove_token(h, HTTP_TOKEN_X_ENVOY_DECORATOR_OPERATION);
        http_headers_remove_token(h, HTTP_TOKEN_X_ENVOY_PEER_METADATA);
        http_headers_remove_token(h, HTTP_TOKEN_X_ENVOY_PEER_METADATA_ID);
    }
}
