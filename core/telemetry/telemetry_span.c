#include "core/telemetry/telemetry_span.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/http/http_msg.h"
#include "core/text/proto.h"
#include "core/text/proto_wire.h"

#define PROTO "opentelemetry.proto."

struct otlp_value {
    struct str text;
};

struct otlp_pair {
    struct str key;
    struct otlp_value value;
};

enum { KIND_SERVER = 2, KIND_CLIENT = 3, STATUS_ERROR = 2 };

struct otlp_status {
    int64_t code;
};

struct otlp_span {
    struct str trace_id, span_id, parent_id, name;
    int64_t kind, start_ns, end_ns;
    struct otlp_pair *attributes;
    size_t attributes_count;
    struct otlp_status *status;
};

struct otlp_resource {
    struct otlp_pair *attributes;
    size_t attributes_count;
};

struct otlp_scope {
    struct str name;
};

/* clang-format off */
#define T struct otlp_value
static const struct field otlp_value_fields[] = {
    FIELD_STR(T, text, "stringValue", .proto = 1, .presence = true, .help = "A text."),
};
static FIELD_MESSAGE(otlp_value, PROTO "common.v1.AnyValue", .help = "A value.");
#undef T

#define T struct otlp_pair
static const struct field otlp_pair_fields[] = {
    FIELD_STR(T, key, "key", .proto = 1, .help = "Name."),
    FIELD_INLINE(T, value, "value", otlp_value, .proto = 2, .help = "Value."),
};
static FIELD_MESSAGE(otlp_pair, PROTO "common.v1.KeyValue", .help = "An attribute.");
#undef T

#define T struct otlp_status
static const struct field otlp_status_fields[] = {
    FIELD_INT32(T, code, "code", .proto = 3, .help = "2 is an error."),
};
static FIELD_MESSAGE(otlp_status, PROTO "trace.v1.Status", .help = "How it went.");
#undef T

#define T struct otlp_span
static const struct field otlp_span_fields[] = {
    FIELD_BYTES(T, trace_id, "traceId", .proto = 1, .help = "16 bytes."),
    FIELD_BYTES(T, span_id, "spanId", .proto = 2, .help = "8 bytes."),
    FIELD_BYTES(T, parent_id, "parentSpanId", .proto = 4, .help = "8 bytes, or none."),
    FIELD_STR(T, name, "name", .proto = 5, .help = "What was done."),
    FIELD_INT32(T, kind, "kind", .proto = 6, .help = "2 server, 3 client."),
    FIELD_INT(T, start_ns, "startTimeUnixNano", .proto = 7, .wire = FIELD_WIRE_FIXED, .help = "Begin."),
    FIELD_INT(T, end_ns, "endTimeUnixNano", .proto = 8, .wire = FIELD_WIRE_FIXED, .help = "End."),
    FIELD_LIST_MSG(T, attributes, "attributes", otlp_pair, .proto = 9, .help = "Attributes."),
    FIELD_MSG(T, status, "status", otlp_status, .proto = 15, .help = "How it went."),
};
static FIELD_MESSAGE(otlp_span, PROTO "trace.v1.Span", .help = "A span.");
#undef T

#define T struct otlp_resource
static const struct field otlp_resource_fields[] = {
    FIELD_LIST_MSG(T, attributes, "attributes", otlp_pair, .proto = 1, .help = "Attributes."),
};
static FIELD_MESSAGE(otlp_resource, PROTO "resource.v1.Resource", .help = "Who reports.");
#undef T

#define T struct otlp_scope
static const struct field otlp_scope_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .help = "Name."),
};
static FIELD_MESSAGE(otlp_scope, PROTO "common.v1.InstrumentationScope", .help = "What made spans.");
#undef T
/* clang-format on */

/* ---- writing parts around parts ---- */

static int add_message(struct buf *out, unsigned number, const struct field_message *m,
                       const void *object)
{
    struct buf inner;
    int err;

    buf_init(&inner, 0);
    err = proto_encode(m, object, &inner);
    if (!err)
        proto_wire_put_bytes(out, number, buf_str(&inner));
    buf_deinit(&inner);
    return out->full ? ERR_LIMIT : err;
}

/* ---- a span ---- */

#define ATTRIBUTES_MAX 64

struct making {
    const struct decision *d;
    const struct model_tracing *t;
    struct arena *a;
    struct otlp_pair list[ATTRIBUTES_MAX];
    size_t count;
};

static void put(struct making *m, const char *key, struct str value)
{
    if (!value.p || m->count == ATTRIBUTES_MAX)
        return;
    m->list[m->count++] =
        (struct otlp_pair){ .key = str_of(key), .value = { str_head(value, m->t->max_tag_bytes) } };
}

static void put_number(struct making *m, const char *key, uint64_t n)
{
    put(m, key, arena_u64(m->a, n));
}

static void put_addr(struct making *m, const char *key, const struct addr *addr)
{
    char text[ADDR_TEXT_MAX];

    if (addr->family != ADDR_NONE)
        put(m, key, arena_str(m->a, str_of(addr_format_ip(addr, text))));
}

static void put_request(struct making *m)
{
    const struct decision *d = m->d;
    struct str path = d->original_path.len ? d->original_path : d->path;
    char flags[128];

    put(m, "component", STR("proxy"));
    put(m, "guid:x-request-id", d->request_id);
    put(m, "http.url",
        arena_printf(m->a, "%s://%.*s%.*s", d->mtls_down ? "https" : "http", STR_ARG(d->authority),
                     STR_ARG(path)));
    put(m, "http.method", d->method);
    put(m, "http.protocol", http_msg_version_text((enum http_version)d->version));
    put_number(m, "http.status_code", d->status);
    put(m, "downstream_cluster", STR("-"));
    put(m, "user_agent", d->user_agent.p ? d->user_agent : STR("-"));
    put_number(m, "request_size", d->bytes_in);
    put_number(m, "response_size", d->bytes_out);
    put(m, "response_flags", arena_str(m->a, str_of(decision_flags_text(d->flags, flags))));
    if (d->cluster) {
        put(m, "upstream_cluster", d->cluster->config->name);
        put(m, "upstream_cluster.name", d->cluster->config->name);
    }
    put_addr(m, "peer.address", &d->peer);
    if (d->status >= 500)
        put(m, "error", STR("true"));
    if (d->is_grpc && d->grpc_status >= 0) {
        put(m, "grpc.path", path);
        put(m, "grpc.authority", d->authority);
        put_number(m, "grpc.status_code", (uint64_t)d->grpc_status);
    }
}

static void put_node(struct making *m, const struct model_node *node)
{
    put(m, "node_id", node->id);
    if (!m->t->istio_tags)
        return;
    put(m, "istio.canonical_service", node->canonical_service);
    put(m, "istio.canonical_revision", node->canonical_revision);
    put(m, "istio.namespace", node->ns);
    put(m, "istio.cluster_id", node->cluster_id);
    put(m, "istio.mesh_id", node->trust_domain);
}

static void put_tags(struct making *m)
{
    for (uint32_t i = 0; i < m->t->tag_count; i++) {
        const struct model_trace_tag *tag = &m->t->tags[i];
        struct str value = tag->value;

        if (tag->kind == MODEL_TRACE_TAG_HEADER) {
            value = m->d->request_head
                        ? http_headers_get_name(&m->d->request_head->headers, tag->value)
                        : STR_NONE;
            if (!value.p)
                value = tag->absent;
        }
        if (value.len && m->count < ATTRIBUTES_MAX) {
            put(m, "", value);
            m->list[m->count - 1].key = tag->name;
        }
    }
}

/* "reviews.default.svc.cluster.local:9080/..." as Istio's decorator has it. */
static struct str name_of(const struct decision *d, struct arena *a)
{
    const struct model_cluster_config *c = d->cluster ? d->cluster->config : NULL;
    struct str host = c && c->service_host.len ? c->service_host : d->authority;

    if (c && c->service_host.len)
        return arena_printf(a, "%.*s:%u/*", STR_ARG(host), (unsigned)c->port);
    return arena_printf(a, "%.*s/*", STR_ARG(host));
}

static struct str id_bytes(struct arena *a, uint64_t high, uint64_t low, size_t len)
{
    unsigned char *p = arena_alloc(a, 16);

    for (size_t i = 0; i < 8; i++) {
        p[i] = (unsigned char)(high >> (56 - 8 * i));
        p[8 + i] = (unsigned char)(low >> (56 - 8 * i));
    }
    return str_make(p + 16 - len, len);
}

int telemetry_span_add(const struct decision *d, const struct model_tracing *t,
                       const struct model_node *node, struct arena *a, struct buf *out)
{
    struct making m = { .d = d, .t = t, .a = a };
    struct otlp_status error = { STATUS_ERROR };
    struct otlp_span span = {
        .trace_id = id_bytes(a, d->trace.trace_high, d->trace.trace_low, 16),
        .span_id = id_bytes(a, 0, d->trace.span, 8),
        .parent_id = d->trace.parent ? id_bytes(a, 0, d->trace.parent, 8) : STR_NONE,
        .name = name_of(d, a),
        .kind = d->inbound || d->gateway ? KIND_SERVER : KIND_CLIENT,
        .start_ns = (int64_t)d->start_wall_us * 1000,
        .attributes = m.list,
        .status = d->status >= 500 ? &error : NULL,
    };
    size_t before = out->end;
    int err;

    span.end_ns = span.start_ns + (int64_t)(d->end_ns > d->start_ns ? d->end_ns - d->start_ns : 0);
    put_request(&m);
    put_node(&m, node);
    put_tags(&m);
    span.attributes_count = m.count;
    err = add_message(out, 2, &otlp_span_message, &span);
    if (err)
        out->end = before;
    return err;
}

int telemetry_span_export(struct str spans, struct str service_name, const struct model_node *node,
                          struct buf *out)
{
    struct otlp_pair pairs[] = { { STR("service.name"), { service_name } },
                                 { STR("service.namespace"), { node->ns } },
                                 { STR("host.name"), { node->name } } };
    struct otlp_resource resource = { pairs, COUNT_OF(pairs) };
    struct otlp_scope scope = { STR("mesh") };
    struct buf inner, outer;
    int err;

    buf_init(&inner, 0);
    buf_init(&outer, 0);
    err = add_message(&inner, 1, &otlp_scope_message, &scope);
    if (!err)
        err = buf_add_str(&inner, spans);
    if (!err)
        err = add_message(&outer, 1, &otlp_resource_message, &resource);
    proto_wire_put_bytes(&outer, 2, buf_str(&inner));
    proto_wire_put_bytes(out, 1, buf_str(&outer));
    buf_deinit(&inner);
    buf_deinit(&outer);
    return out->full ? ERR_LIMIT : err;
}
