#include "core/telemetry/access_op.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/telemetry/access_peer.h"
#include "core/telemetry/access_time.h"

/* ---- helpers ---- */

static bool add_text(struct str s, struct buf *out)
{
    return s.len && buf_add_str(out, s) == 0;
}

static bool add_number(uint64_t value, struct buf *out)
{
    char text[24];
    size_t at = sizeof(text);

    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return buf_add(out, text + at, sizeof(text) - at) == 0;
}

enum addr_part { ADDR_WHOLE, ADDR_HOST, ADDR_PORT };

static bool add_addr(const struct addr *a, enum addr_part part, struct buf *out)
{
    char text[ADDR_TEXT_MAX];

    if (a->family == ADDR_NONE)
        return false;
    if (part == ADDR_PORT)
        return add_number(a->port, out);
    return add_text(str_of(part == ADDR_HOST ? addr_format_ip(a, text) : addr_format(a, text)),
                    out);
}

static uint64_t ms_between(uint64_t from_ns, uint64_t to_ns)
{
    return to_ns > from_ns ? (to_ns - from_ns) / 1000000 : 0;
}

/* ---- headers ---- */

/* Those that a decision keeps when the head is gone. */
static struct str kept_header(const struct decision *d, struct str name, uint16_t token)
{
    switch (token) {
    case HTTP_TOKEN_X_FORWARDED_FOR:
        return d->forwarded_for;
    case HTTP_TOKEN_USER_AGENT:
        return d->user_agent;
    case HTTP_TOKEN_X_REQUEST_ID:
        return d->request_id;
    case HTTP_TOKEN_HOST:
        return d->authority;
    case HTTP_TOKEN_X_ENVOY_ORIGINAL_PATH:
        return d->original_path;
    default:
        break;
    }
    if (name.len == 0 || name.p[0] != ':')
        return STR_NONE;
    if (str_is(name, ":method"))
        return d->method;
    if (str_is(name, ":path"))
        return d->path.len ? d->path : d->original_path;
    return str_is(name, ":authority") ? d->authority : STR_NONE;
}

static struct str head_field(const struct http_msg *m, struct str name)
{
    if (str_is(name, ":method"))
        return m->method_name;
    if (str_is(name, ":path"))
        return m->path;
    if (str_is(name, ":authority") || str_is(name, "host"))
        return m->authority;
    return str_is(name, ":scheme") ? m->scheme : STR_NONE;
}

static struct str header_of(const struct http_msg *m, struct str name, uint16_t token)
{
    if (token != HTTP_TOKEN_NONE && token != HTTP_TOKEN_HOST)
        return http_headers_get(&m->headers, (enum http_token)token);
    if (token == HTTP_TOKEN_HOST || (name.len && name.p[0] == ':'))
        return head_field(m, name);
    return http_headers_get_name(&m->headers, name);
}

static struct str request_header(const struct access_source *s, struct str name, uint16_t token)
{
    struct str value = kept_header(s->decision, name, token);

    return value.len || !s->request ? value : header_of(s->request, name, token);
}

static struct str request_value(const struct access_op *op, const struct access_source *s)
{
    struct str value = request_header(s, op->arg, op->token);

    return value.len || !op->alt.len ? value : request_header(s, op->alt, op->alt_token);
}

static bool write_req(const struct access_op *op, const struct access_source *s, struct buf *out)
{
    return add_text(request_value(op, s), out);
}

static bool write_req_bare(const struct access_op *op, const struct access_source *s,
                           struct buf *out)
{
    struct str value = request_value(op, s);

    return add_text(str_cut(&value, '?'), out);
}

static bool write_one_resp(struct str name, uint16_t token, const struct access_source *s,
                           struct buf *out)
{
    const struct decision *d = s->decision;

    if (token == HTTP_TOKEN_X_ENVOY_UPSTREAM_SERVICE_TIME && d->has_upstream_service_time)
        return add_number(d->upstream_service_time_ms, out);
    if (str_is(name, ":status"))
        return d->status && add_number(d->status, out);
    return s->response && add_text(header_of(s->response, name, token), out);
}

static bool write_resp(const struct access_op *op, const struct access_source *s, struct buf *out)
{
    return write_one_resp(op->arg, op->token, s, out) ||
           (op->alt.len && write_one_resp(op->alt, op->alt_token, s, out));
}

/* ---- the exchange ---- */

static bool write_start_time(const struct access_op *op, const struct access_source *s,
                             struct buf *out)
{
    char text[25];

    if (op->arg.len) {
        access_time_write(op->arg, s->decision->start_wall_us, out);
        return true;
    }
    access_time_iso(s->decision->start_wall_us, text);
    return buf_add(out, text, 24) == 0;
}

static bool write_protocol(const struct access_op *op, const struct access_source *s,
                           struct buf *out)
{
    (void)op;
    if (s->decision->is_tcp)
        return false;
    return add_text(http_msg_version_text((enum http_version)s->decision->version), out);
}

static bool write_details(const struct access_op *op, const struct access_source *s,
                          struct buf *out)
{
    (void)op;
    return add_text(str_of(s->decision->details), out);
}

static bool write_termination(const struct access_op *op, const struct access_source *s,
                              struct buf *out)
{
    (void)op;
    return add_text(str_of(s->decision->termination), out);
}

static bool write_flags(const struct access_op *op, const struct access_source *s, struct buf *out)
{
    char text[128];

    (void)op;
    return s->decision->flags &&
           add_text(str_of(decision_flags_text(s->decision->flags, text)), out);
}

static bool write_flags_long(const struct access_op *op, const struct access_source *s,
                             struct buf *out)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } names[] = {
        { DECISION_DC, "DownstreamConnectionTermination" },
        { DECISION_DI, "DelayInjected" },
        { DECISION_FI, "FaultInjected" },
        { DECISION_LR, "LocalReset" },
        { DECISION_NC, "NoClusterFound" },
        { DECISION_NR, "NoRouteFound" },
        { DECISION_OM, "OverloadManagerTerminated" },
        { DECISION_DPE, "DownstreamProtocolError" },
        { DECISION_DR, "DownstreamRemoteReset" },
        { DECISION_DT, "DurationTimeout" },
        { DECISION_DF, "DnsResolutionFailed" },
        { DECISION_RL, "RateLimited" },
        { DECISION_SI, "StreamIdleTimeout" },
        { DECISION_UAEX, "UnauthorizedExternalService" },
        { DECISION_UC, "UpstreamConnectionTermination" },
        { DECISION_UF, "UpstreamConnectionFailure" },
        { DECISION_UH, "NoHealthyUpstream" },
        { DECISION_UO, "UpstreamOverflow" },
        { DECISION_UPE, "UpstreamProtocolError" },
        { DECISION_UR, "UpstreamRemoteReset" },
        { DECISION_URX, "UpstreamRetryLimitExceeded" },
        { DECISION_UT, "UpstreamRequestTimeout" },
    };
    bool found = false;

    (void)op;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!(s->decision->flags & names[i].flag))
            continue;
        if (found)
            buf_add_char(out, ',');
        buf_add_str(out, str_of(names[i].name));
        found = true;
    }
    return found;
}

static bool write_grpc(const struct access_op *op, const struct access_source *s, struct buf *out)
{
    static const char *const names[] = {
        "OK",
        "Canceled",
        "Unknown",
        "InvalidArgument",
        "DeadlineExceeded",
        "NotFound",
        "AlreadyExists",
        "PermissionDenied",
        "ResourceExhausted",
        "FailedPrecondition",
        "Aborted",
        "OutOfRange",
        "Unimplemented",
        "Internal",
        "Unavailable",
        "DataLoss",
        "Unauthenticated",
    };
    int code = s->decision->grpc_status;

    if (code < 0)
        return false;
    if (str_is(op->arg, "NUMBER") || code > 16)
        return add_number((uint64_t)code, out);
    return add_text(str_of(names[code]), out);
}

/* D is the decision; VALUE appends and says whether there was something. */
#define OP(id, value)                                                                              \
    static bool write_##id(const struct access_op *op, const struct access_source *source,         \
                           struct buf *out)                                                        \
    {                                                                                              \
        const struct decision *d = source->decision;                                               \
                                                                                                   \
        (void)op;                                                                                  \
        (void)d;                                                                                   \
        (void)out;                                                                                 \
        return value;                                                                              \
    }
#define OP_ADDR(id, a)                                                                             \
    OP(id, add_addr((a), ADDR_WHOLE, out))                                                         \
    OP(id##_host, add_addr((a), ADDR_HOST, out))                                                   \
    OP(id##_port, add_addr((a), ADDR_PORT, out))

/* Where the client meant to go is the local address of captured connections, as in Envoy. */
static const struct addr *local_of(const struct decision *d)
{
    return d->original_dst.family == ADDR_NONE ? &d->local : &d->original_dst;
}

static struct str own_identity(const struct decision *d)
{
    const struct model_node *node = d->snapshot ? d->snapshot->node : NULL;

    return node ? node->service_account : STR_NONE;
}

static bool add_own_uri(const struct decision *d, struct buf *out)
{
    const struct model_node *node = d->snapshot ? d->snapshot->node : NULL;

    return own_identity(d).len &&
           buf_printf(out, "spiffe://%.*s/ns/%.*s/sa/%.*s", STR_ARG(node->trust_domain),
                      STR_ARG(node->ns), STR_ARG(node->service_account)) == 0;
}

static bool add_uri(struct str identity, struct buf *out)
{
    if (identity.len && !str_starts(identity, STR("spiffe://")))
        buf_add_str(out, STR("spiffe://"));
    return add_text(identity, out);
}

OP(code, add_number(d->status, out))
OP(received, add_number(d->bytes_in, out))
OP(sent, add_number(d->bytes_out, out))
OP(duration, add_number(ms_between(d->start_ns, d->end_ns), out))
OP(response_duration,
   d->upstream_first_ns &&add_number(ms_between(d->start_ns, d->upstream_first_ns), out))
OP(response_tx_duration,
   d->upstream_first_ns &&add_number(ms_between(d->upstream_first_ns, d->end_ns), out))
OP(failure, add_text(str_of(d->upstream_failure), out))
OP(cluster, d->cluster &&add_text(d->cluster->config->name, out))
OP(attempts, add_number(d->try_count, out))
OP(sni, add_text(d->sni, out))
/* Inbound requests have no route to look up: Istio calls the one they take "default". */
OP(route, d->route ? add_text(d->route->name, out)
                   : d->inbound && !d->is_tcp && add_text(STR("default"), out))
OP(vhost, d->vhost &&add_text(d->vhost->name, out))
OP(peer_uri, add_uri(d->peer_identity, out))
OP(upstream_uri, add_uri(d->upstream_identity, out))
OP(own_uri, add_own_uri(d, out))
OP(stream_id, add_text(d->request_id, out))
OP(unique_id, add_number(d->id, out))
OP(nothing, false)
OP_ADDR(upstream_remote, &d->upstream_remote)
OP_ADDR(upstream_local, &d->upstream_local)
OP_ADDR(peer, &d->peer)
OP_ADDR(client, d->client ? d->client : &d->peer)
OP_ADDR(local, local_of(d))

static bool write_hostname(const struct access_op *op, const struct access_source *s,
                           struct buf *out)
{
    char text[256];

    (void)op;
    (void)s;
    if (gethostname(text, sizeof(text)))
        return false;
    text[sizeof(text) - 1] = '\0';
    return add_text(str_of(text), out);
}

/* The environment does not change after the start. */
static bool write_environment(const struct access_op *op, const struct access_source *s,
                              struct buf *out)
{
    (void)s;
    return op->arg.len && add_text(str_of(getenv(op->arg.p)), out);
}

/* ---- the table ---- */

#define ROWS_ADDR(name, id)                                                                        \
    { name, write_##id, ACCESS_OP_NO_ARG, false },                                                 \
        { name "_WITHOUT_PORT", write_##id##_host, ACCESS_OP_NO_ARG, false },                      \
    {                                                                                              \
        name "_PORT", write_##id##_port, ACCESS_OP_NO_ARG, true                                    \
    }

/* clang-format off */
static const struct access_op_def table[] = {
    { "REQ", write_req, ACCESS_OP_HEADER, false },
    { "REQ_WITHOUT_QUERY", write_req_bare, ACCESS_OP_HEADER, false },
    { "RESP", write_resp, ACCESS_OP_HEADER, false },
    { "TRAILER", write_nothing, ACCESS_OP_HEADER, false },
    { "START_TIME", write_start_time, ACCESS_OP_OPTIONAL_ARG, false },
    { "DURATION", write_duration, ACCESS_OP_NO_ARG, true },
    { "REQUEST_DURATION", write_response_duration, ACCESS_OP_NO_ARG, true },
    { "RESPONSE_DURATION", write_response_duration, ACCESS_OP_NO_ARG, true },
    { "RESPONSE_TX_DURATION", write_response_tx_duration, ACCESS_OP_NO_ARG, true },
    { "COMMON_DURATION", write_duration, ACCESS_OP_OPTIONAL_ARG, true },
    { "BYTES_RECEIVED", write_received, ACCESS_OP_NO_ARG, true },
    { "BYTES_SENT", write_sent, ACCESS_OP_NO_ARG, true },
    { "PROTOCOL", write_protocol, ACCESS_OP_NO_ARG, false },
    { "RESPONSE_CODE", write_code, ACCESS_OP_NO_ARG, true },
    { "RESPONSE_CODE_DETAILS", write_details, ACCESS_OP_OPTIONAL_ARG, false },
    { "RESPONSE_FLAGS", write_flags, ACCESS_OP_NO_ARG, false },
    { "RESPONSE_FLAGS_LONG", write_flags_long, ACCESS_OP_NO_ARG, false },
    { "GRPC_STATUS", write_grpc, ACCESS_OP_OPTIONAL_ARG, false },
    { "CONNECTION_TERMINATION_DETAILS", write_termination, ACCESS_OP_NO_ARG, false },
    { "UPSTREAM_TRANSPORT_FAILURE_REASON", write_failure, ACCESS_OP_OPTIONAL_ARG, false },
    { "UPSTREAM_HOST", write_upstream_remote, ACCESS_OP_NO_ARG, false },
    ROWS_ADDR("UPSTREAM_REMOTE_ADDRESS", upstream_remote),
    ROWS_ADDR("UPSTREAM_LOCAL_ADDRESS", upstream_local),
    { "UPSTREAM_CLUSTER", write_cluster, ACCESS_OP_NO_ARG, false },
    { "UPSTREAM_CLUSTER_RAW", write_cluster, ACCESS_OP_NO_ARG, false },
    { "UPSTREAM_REQUEST_ATTEMPT_COUNT", write_attempts, ACCESS_OP_NO_ARG, true },
    { "UPSTREAM_PEER_URI_SAN", write_upstream_uri, ACCESS_OP_NO_ARG, false },
    ROWS_ADDR("DOWNSTREAM_LOCAL_ADDRESS", local),
    ROWS_ADDR("DOWNSTREAM_REMOTE_ADDRESS", client),
    ROWS_ADDR("DOWNSTREAM_DIRECT_REMOTE_ADDRESS", peer),
    { "UPSTREAM_REMOTE_PORT", write_upstream_remote_port, ACCESS_OP_NO_ARG, true },
    { "UPSTREAM_LOCAL_PORT", write_upstream_local_port, ACCESS_OP_NO_ARG, true },
    { "DOWNSTREAM_LOCAL_PORT", write_local_port, ACCESS_OP_NO_ARG, true },
    { "DOWNSTREAM_REMOTE_PORT", write_client_port, ACCESS_OP_NO_ARG, true },
    { "DOWNSTREAM_PEER_URI_SAN", write_peer_uri, ACCESS_OP_NO_ARG, false },
    { "DOWNSTREAM_LOCAL_URI_SAN", write_own_uri, ACCESS_OP_NO_ARG, false },
    { "REQUESTED_SERVER_NAME", write_sni, ACCESS_OP_OPTIONAL_ARG, false },
    { "ROUTE_NAME", write_route, ACCESS_OP_NO_ARG, false },
    { "VIRTUAL_CLUSTER_NAME", write_vhost, ACCESS_OP_NO_ARG, false },
    { "STREAM_ID", write_stream_id, ACCESS_OP_NO_ARG, false },
    { "UNIQUE_ID", write_unique_id, ACCESS_OP_NO_ARG, false },
    { "HOSTNAME", write_hostname, ACCESS_OP_NO_ARG, false },
    { "ENVIRONMENT", write_environment, ACCESS_OP_OPTIONAL_ARG, false },
    { "FILTER_STATE", access_peer_write, ACCESS_OP_STATE, false },
    { "UPSTREAM_FILTER_STATE", access_peer_write, ACCESS_OP_STATE, false },
    /* Understood, so that formats written for Envoy parse; always without value here. */
    { "CONNECTION_ID", write_nothing, ACCESS_OP_NO_ARG, false },
    { "TRACE_ID", write_nothing, ACCESS_OP_NO_ARG, false },
    { "LOCAL_REPLY_BODY", write_nothing, ACCESS_OP_NO_ARG, false },
    { "DYNAMIC_METADATA", write_nothing, ACCESS_OP_OPTIONAL_ARG, false },
    { "METADATA", write_nothing, ACCESS_OP_OPTIONAL_ARG, false },
    { "CEL", write_nothing, ACCESS_OP_OPTIONAL_ARG, false },
    { "DOWNSTREAM_TLS_VERSION", write_nothing, ACCESS_OP_NO_ARG, false },
    { "DOWNSTREAM_TLS_CIPHER", write_nothing, ACCESS_OP_NO_ARG, false },
    { "DOWNSTREAM_TLS_SESSION_ID", write_nothing, ACCESS_OP_NO_ARG, false },
    { "DOWNSTREAM_PEER_SUBJECT", write_nothing, ACCESS_OP_NO_ARG, false },
    { "DOWNSTREAM_PEER_ISSUER", write_nothing, ACCESS_OP_NO_ARG, false },
    { "DOWNSTREAM_PEER_SERIAL", write_nothing, ACCESS_OP_NO_ARG, false },
    { "DOWNSTREAM_PEER_FINGERPRINT_256", write_nothing, ACCESS_OP_NO_ARG, false },
    { "DOWNSTREAM_PEER_FINGERPRINT_1", write_nothing, ACCESS_OP_NO_ARG, false },
    { "DOWNSTREAM_PEER_CERT", write_nothing, ACCESS_OP_NO_ARG, false },
    { "DOWNSTREAM_PEER_CERT_V_START", write_nothing, ACCESS_OP_OPTIONAL_ARG, false },
    { "DOWNSTREAM_PEER_CERT_V_END", write_nothing, ACCESS_OP_OPTIONAL_ARG, false },
    { "UPSTREAM_TLS_VERSION", write_nothing, ACCESS_OP_NO_ARG, false },
    { "UPSTREAM_TLS_CIPHER", write_nothing, ACCESS_OP_NO_ARG, false },
    { "UPSTREAM_TLS_SESSION_ID", write_nothing, ACCESS_OP_NO_ARG, false },
    { "UPSTREAM_PEER_SUBJECT", write_nothing, ACCESS_OP_NO_ARG, false },
    { "UPSTREAM_PEER_ISSUER", write_nothing, ACCESS_OP_NO_ARG, false },
    { "UPSTREAM_PEER_CERT", write_nothing, ACCESS_OP_NO_ARG, false },
};
/* clang-format on */

const struct access_op_def *access_op_find(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        if (str_is(name, table[i].name))
            return &table[i];
    }
    return NULL;
}
