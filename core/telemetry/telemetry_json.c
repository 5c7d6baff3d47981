#include "core/telemetry/telemetry_json.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/encode.h"
#include "core/base/mem.h"
#include "core/http/http_msg.h"
#include "core/telemetry/access_time.h"

/* Members of the top level, in the order they are written. */
static const struct {
    const char *name;
    enum telemetry_ring_text text;
} texts[] = {
    { "requestId", TELEMETRY_RING_REQUEST_ID },
    { "method", TELEMETRY_RING_METHOD },
    { "authority", TELEMETRY_RING_AUTHORITY },
    { "path", TELEMETRY_RING_PATH },
    { "userAgent", TELEMETRY_RING_USER_AGENT },
    { "listener", TELEMETRY_RING_LISTENER },
    { "sni", TELEMETRY_RING_SNI },
    { "peerIdentity", TELEMETRY_RING_PEER },
    { "cluster", TELEMETRY_RING_CLUSTER },
    { "upstreamIdentity", TELEMETRY_RING_UPSTREAM_PEER },
    { "details", TELEMETRY_RING_DETAILS },
    { "upstreamFailure", TELEMETRY_RING_FAILURE },
};

/* Starts a member: a comma unless it is the first of its object. */
static void key(struct buf *out, const char *name)
{
    struct str so_far = buf_str(out);

    if (so_far.len && so_far.p[so_far.len - 1] != '{')
        buf_add_char(out, ',');
    buf_printf(out, "\"%s\":", name);
}

static void add_text(struct buf *out, const char *name, struct str value)
{
    if (value.len == 0)
        return;
    key(out, name);
    encode_json(out, value);
}

static void add_number(struct buf *out, const char *name, uint64_t value)
{
    key(out, name);
    buf_printf(out, "%" PRIu64, value);
}

static void add_true(struct buf *out, const char *name, bool value)
{
    if (!value)
        return;
    key(out, name);
    buf_add_str(out, STR("true"));
}

static void add_flags(struct buf *out, uint32_t flags)
{
    char text[128];

    add_text(out, "flags", flags ? str_of(decision_flags_text(flags, text)) : STR_NONE);
}

static void add_addr(struct buf *out, const char *name, const struct telemetry_ring_addr *a)
{
    struct addr whole = { .family = a->family, .port = a->port };
    char text[ADDR_TEXT_MAX];

    if (a->family != ADDR_IPV4 && a->family != ADDR_IPV6)
        return;
    memcpy(whole.ip, a->ip, sizeof(whole.ip));
    add_text(out, name, str_of(addr_format(&whole, text)));
}

static void add_route(struct buf *out, const struct telemetry_record *r)
{
    struct str name = telemetry_ring_text(r, TELEMETRY_RING_ROUTE);

    if (name.len == 0 && telemetry_ring_text(r, TELEMETRY_RING_ROUTE_NAME).len == 0)
        return;
    key(out, "route");
    buf_add_char(out, '{');
    add_text(out, "name", name);
    add_text(out, "kind", telemetry_ring_text(r, TELEMETRY_RING_ROUTE_KIND));
    add_text(out, "object", telemetry_ring_text(r, TELEMETRY_RING_ROUTE_NAME));
    add_text(out, "namespace", telemetry_ring_text(r, TELEMETRY_RING_ROUTE_NS));
    add_text(out, "file", telemetry_ring_text(r, TELEMETRY_RING_ROUTE_FILE));
    if (r->route_line)
        add_number(out, "line", r->route_line);
    buf_add_char(out, '}');
}

static void add_authz(struct buf *out, const struct telemetry_record *r)
{
    if (!r->has_authz_policy && !r->authz_denied && !r->shadow_denied)
        return;
    key(out, "authz");
    buf_add_char(out, '{');
    add_text(out, "result", r->authz_denied ? STR("denied") : STR("allowed"));
    if (r->has_authz_policy) {
        add_text(out, "namespace", telemetry_ring_text(r, TELEMETRY_RING_AUTHZ_NS));
        add_text(out, "policy", telemetry_ring_text(r, TELEMETRY_RING_AUTHZ_NAME));
        if (r->authz_rule >= 0)
            add_number(out, "rule", (uint64_t)r->authz_rule);
        if (r->authz_line)
            add_number(out, "line", r->authz_line);
    }
    add_true(out, "dryRunDenied", r->shadow_denied);
    buf_add_char(out, '}');
}

static void add_tries(struct buf *out, const struct telemetry_record *r)
{
    if (r->try_count == 0)
        return;
    key(out, "tries");
    buf_add_char(out, '[');
    for (uint32_t i = 0; i < r->try_count; i++) {
        struct telemetry_ring_try one = telemetry_ring_try(r, i);

        buf_add_str(out, i ? STR(",{") : STR("{"));
        add_addr(out, "endpoint", &one.addr);
        if (one.status)
            add_number(out, "status", one.status);
        add_flags(out, one.flags);
        add_number(out, "durationUs", one.duration_us);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
}

static struct str protocol_of(const struct telemetry_record *r)
{
    return r->is_tcp ? STR("TCP") : http_msg_version_text((enum http_version)r->version);
}

void telemetry_json_write(const struct telemetry_record *r, struct buf *out)
{
    char time[25];

    access_time_iso(r->start_wall_us, time);
    buf_add_char(out, '{');
    add_text(out, "time", str_of(time));
    add_number(out, "id", r->id);
    add_number(out, "worker", r->worker);
    add_text(out, "direction",
             r->inbound   ? STR("inbound")
             : r->gateway ? STR("gateway")
                          : STR("outbound"));
    add_text(out, "protocol", protocol_of(r));
    add_true(out, "grpc", r->is_grpc);
    if (!r->is_tcp)
        add_number(out, "status", r->status);
    if (r->is_grpc && r->grpc_status >= 0)
        add_number(out, "grpcStatus", (uint64_t)r->grpc_status);
    add_flags(out, r->flags);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        add_text(out, texts[i].name, telemetry_ring_text(r, texts[i].text));
    add_addr(out, "peer", &r->peer);
    add_addr(out, "local", &r->local);
    add_addr(out, "upstream", &r->upstream);
    add_true(out, "mtlsDownstream", r->mtls_down);
    add_true(out, "mtlsUpstream", r->mtls_up);
    add_route(out, r);
    add_authz(out, r);
    add_tries(out, r);
    add_number(out, "bytesReceived", r->bytes_in);
    add_number(out, "bytesSent", r->bytes_out);
    add_number(out, "durationUs", r->duration_us);
    if (r->first_byte_us != UINT64_MAX)
        add_number(out, "firstByteUs", r->first_byte_us);
    add_number(out, "snapshot", r->snapshot_version);
    buf_add_char(out, '}');
}
