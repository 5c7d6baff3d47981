#include "core/telemetry/telemetry_attrs.h"

#include "core/base/mem.h"
#include "core/net/addr.h"

/* Of an expression over one request: enough for what people write, and bounded. */
#define COST 10000

typedef bool get_fn(const struct access_source *s, struct arena *a, struct cel_value *out);

struct attr {
    const char *name;
    get_fn *get;
};

static bool text(struct str s, struct cel_value *out)
{
    *out = cel_of_str(s);
    return s.p != NULL;
}

static bool number(uint64_t n, struct cel_value *out)
{
    *out = cel_of_int(n > INT64_MAX ? INT64_MAX : (int64_t)n);
    return true;
}

static bool address(const struct addr *addr, struct arena *a, struct cel_value *out)
{
    char buf[ADDR_TEXT_MAX];

    return addr->family != ADDR_NONE && text(arena_str(a, str_of(addr_format(addr, buf))), out);
}

#define GET(name)                                                                                  \
    static bool name(const struct access_source *s, struct arena *a, struct cel_value *out)
#define D(s) ((s)->decision)

static struct str path_of(const struct access_source *s)
{
    return D(s)->original_path.len ? D(s)->original_path : D(s)->path;
}

static struct str header_of(const struct access_source *s, struct str name)
{
    return s->request ? http_headers_get_name(&s->request->headers, name) : STR_NONE;
}

/* ---- headers ---- */

static bool get_header(const void *data, struct str name, struct arena *a, struct cel_value *out)
{
    const struct http_msg *m = data;
    struct str value = http_headers_get_name(&m->headers, arena_lower(a, name));

    return text(value, out);
}

static const struct cel_object_ops header_ops = { "headers", get_header };

static bool headers(const struct http_msg *m, struct cel_value *out)
{
    static const struct http_msg none;

    *out = (struct cel_value){ .type = CEL_OBJECT };
    out->object.ops = &header_ops;
    out->object.data = m ? m : &none;
    return true;
}

/* ---- request ---- */

GET(request_path)
{
    (void)a;
    return text(path_of(s), out);
}

GET(request_url_path)
{
    struct str rest = path_of(s);

    (void)a;
    return text(str_cut(&rest, '?'), out);
}

GET(request_query)
{
    struct str rest = path_of(s);

    (void)a;
    (void)str_cut(&rest, '?');
    return text(rest.p ? rest : STR(""), out);
}

GET(request_host)
{
    (void)a;
    return text(D(s)->authority, out);
}

GET(request_scheme)
{
    (void)a;
    return text(s->request        ? s->request->scheme
                : D(s)->mtls_down ? STR("https")
                                  : STR("http"),
                out);
}

GET(request_method)
{
    (void)a;
    return text(D(s)->method, out);
}

GET(request_headers)
{
    (void)a;
    return headers(s->request, out);
}

GET(request_referer)
{
    (void)a;
    return text(header_of(s, STR("referer")), out);
}

GET(request_useragent)
{
    (void)a;
    return text(D(s)->user_agent, out);
}

GET(request_time)
{
    (void)a;
    *out = (struct cel_value){ .type = CEL_TIMESTAMP, .i = (int64_t)D(s)->start_wall_us * 1000 };
    return true;
}

GET(request_id)
{
    (void)a;
    return text(D(s)->request_id, out);
}

GET(request_protocol)
{
    (void)a;
    return text(http_msg_version_text((enum http_version)D(s)->version), out);
}

GET(request_duration)
{
    (void)a;
    *out = (struct cel_value){ .type = CEL_DURATION,
                               .i = D(s)->end_ns > D(s)->start_ns
                                        ? (int64_t)(D(s)->end_ns - D(s)->start_ns)
                                        : 0 };
    return true;
}

GET(request_size)
{
    (void)a;
    return number(D(s)->bytes_in, out);
}

/* ---- response ---- */

GET(response_code)
{
    (void)a;
    return !D(s)->is_tcp && number(D(s)->status, out);
}

GET(response_code_details)
{
    (void)a;
    return text(str_of(D(s)->details), out);
}

GET(response_flags)
{
    (void)a;
    return number(D(s)->flags, out);
}

GET(response_grpc_status)
{
    (void)a;
    return D(s)->is_grpc && D(s)->grpc_status >= 0 && number((uint64_t)D(s)->grpc_status, out);
}

GET(response_headers)
{
    (void)a;
    return headers(s->response, out);
}

GET(response_size)
{
    (void)a;
    return number(D(s)->bytes_out, out);
}

/* ---- ends of connections ---- */

GET(source_address)
{
    return address(&D(s)->peer, a, out);
}

GET(source_port)
{
    (void)a;
    return number(D(s)->peer.port, out);
}

GET(destination_address)
{
    return address(&D(s)->local, a, out);
}

GET(destination_port)
{
    (void)a;
    return number(D(s)->local.port, out);
}

GET(connection_mtls)
{
    (void)a;
    *out = cel_of_bool(D(s)->mtls_down);
    return true;
}

GET(connection_sni)
{
    (void)a;
    return text(D(s)->sni, out);
}

GET(connection_uri)
{
    (void)a;
    return text(D(s)->peer_identity, out);
}

GET(connection_termination)
{
    (void)a;
    return text(str_of(D(s)->termination), out);
}

GET(upstream_address)
{
    return address(&D(s)->upstream_remote, a, out);
}

GET(upstream_port)
{
    (void)a;
    return number(D(s)->upstream_remote.port, out);
}

GET(upstream_local_address)
{
    return address(&D(s)->upstream_local, a, out);
}

GET(upstream_failure)
{
    (void)a;
    return text(str_of(D(s)->upstream_failure), out);
}

GET(upstream_uri)
{
    (void)a;
    return text(D(s)->upstream_identity, out);
}

GET(xds_cluster_name)
{
    (void)a;
    return D(s)->cluster && text(D(s)->cluster->config->name, out);
}

GET(xds_route_name)
{
    (void)a;
    return D(s)->route && text(D(s)->route->name, out);
}

/* ---- the table ---- */

static const struct attr request_attrs[] = {
    { "path", request_path },
    { "url_path", request_url_path },
    { "query", request_query },
    { "host", request_host },
    { "scheme", request_scheme },
    { "method", request_method },
    { "headers", request_headers },
    { "referer", request_referer },
    { "useragent", request_useragent },
    { "time", request_time },
    { "id", request_id },
    { "protocol", request_protocol },
    { "duration", request_duration },
    { "size", request_size },
    { "total_size", request_size },
    { NULL, NULL },
};
static const struct attr response_attrs[] = {
    { "code", response_code },       { "code_details", response_code_details },
    { "flags", response_flags },     { "grpc_status", response_grpc_status },
    { "headers", response_headers }, { "size", response_size },
    { "total_size", response_size }, { NULL, NULL },
};
static const struct attr source_attrs[] = {
    { "address", source_address },
    { "port", source_port },
    { NULL, NULL },
};
static const struct attr destination_attrs[] = {
    { "address", destination_address },
    { "port", destination_port },
    { NULL, NULL },
};
static const struct attr connection_attrs[] = {
    { "mtls", connection_mtls },
    { "requested_server_name", connection_sni },
    { "uri_san_peer_certificate", connection_uri },
    { "termination_details", connection_termination },
    { NULL, NULL },
};
static const struct attr upstream_attrs[] = {
    { "address", upstream_address },
    { "port", upstream_port },
    { "local_address", upstream_local_address },
    { "transport_failure_reason", upstream_failure },
    { "uri_san_peer_certificate", upstream_uri },
    { NULL, NULL },
};
static const struct attr xds_attrs[] = {
    { "cluster_name", xds_cluster_name },
    { "route_name", xds_route_name },
    { NULL, NULL },
};

static bool get_in(const struct attr *list, const void *data, struct str name, struct arena *a,
                   struct cel_value *out)
{
    for (; list->name; list++)
        if (str_is(name, list->name))
            return list->get(data, a, out);
    return false;
}

#define TABLE(tag)                                                                                 \
    static bool get_##tag(const void *data, struct str name, struct arena *a,                      \
                          struct cel_value *out)                                                   \
    {                                                                                              \
        return get_in(tag##_attrs, data, name, a, out);                                            \
    }                                                                                              \
    static const struct cel_object_ops tag##_ops = { #tag, get_##tag };

TABLE(request)
TABLE(response)
TABLE(source)
TABLE(destination)
TABLE(connection)
TABLE(upstream)
TABLE(xds)

bool telemetry_attrs_lookup(const void *source, struct str name, struct cel_value *out)
{
    static const struct cel_object_ops *const all[] = { &request_ops,    &response_ops,
                                                        &source_ops,     &destination_ops,
                                                        &connection_ops, &upstream_ops,
                                                        &xds_ops };

    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (str_is(name, all[i]->name)) {
            *out = (struct cel_value){ .type = CEL_OBJECT };
            out->object.ops = all[i];
            out->object.data = source;
            return true;
        }
    return false;
}

bool telemetry_attrs_holds(const struct cel *c, const struct access_source *source, struct arena *a)
{
    struct cel_env env = {
        .lookup = telemetry_attrs_lookup, .arg = source, .arena = a, .cost = COST
    };
    struct cel_value v;

    return cel_eval(c, &env, &v) == 0 && v.type == CEL_BOOL && v.b;
}

struct str telemetry_attrs_text(const struct cel *c, const struct access_source *source,
                                struct arena *a)
{
    struct cel_env env = {
        .lookup = telemetry_attrs_lookup, .arg = source, .arena = a, .cost = COST
    };
    struct cel_value v;

    return cel_eval(c, &env, &v) == 0 ? cel_value_to_text(&v, a) : STR_NONE;
}
