#include "core/compile/compile_gwapi_filter.h"

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/compile/compile_action.h"
#include "core/compile/compile_gwapi_route.h"
#include "core/compile/compile_provider.h"
#include "core/text/duration.h"
#include "core/text/regex.h"

/* ---- headers ---- */

static struct field_pair *pairs_of(const struct gateway_api_header *list, size_t count,
                                   struct arena *a)
{
    struct field_pair *pairs = arena_alloc0(a, count, sizeof(*pairs));

    for (size_t i = 0; i < count; i++)
        pairs[i] = (struct field_pair){ list[i].name, list[i].value };
    return pairs;
}

static void add_headers(const struct gateway_api_headers *from, struct arena *a,
                        struct model_header_ops *out)
{
    struct virtual_service_header_ops ops = { 0 };
    uint32_t since = out->count;

    if (!from)
        return;
    ops.set = pairs_of(from->set, from->set_count, a);
    ops.set_count = from->set_count;
    ops.add = pairs_of(from->add, from->add_count, a);
    ops.add_count = from->add_count;
    ops.remove = from->remove;
    ops.remove_count = from->remove_count;
    compile_action_headers(&ops, a, out);
    for (uint32_t i = since; i < out->count; i++)
        out->items[i].has_operators = false; /* a '%' is a '%' here */
}

bool compile_gwapi_filter_headers(const struct gateway_api_filter *filters, size_t count,
                                  struct arena *a, struct model_header_ops *request,
                                  struct model_header_ops *response)
{
    for (size_t i = 0; i < count; i++) {
        if (filters[i].type == GATEWAY_API_FILTER_REQUEST_HEADER)
            add_headers(filters[i].request_headers, a, request);
        else if (filters[i].type == GATEWAY_API_FILTER_RESPONSE_HEADER)
            add_headers(filters[i].response_headers, a, response);
        else
            return false;
    }
    return true;
}

/* ---- redirect and rewrite ---- */

static struct str or_slash(struct str s)
{
    return s.len ? s : STR("/");
}

static void set_redirect(const struct gateway_api_redirect *from, struct arena *a,
                         struct model_route *r)
{
    struct model_redirect *to = arena_alloc0(a, 1, sizeof(*to));

    r->action = MODEL_ACTION_REDIRECT;
    r->redirect = to;
    if (!from) {
        to->status = 302;
        return;
    }
    to->status = from->status.set ? (uint16_t)from->status.value : 302;
    to->scheme = arena_str(a, from->scheme);
    to->authority = arena_str(a, from->hostname);
    if (from->path && from->path->type == GATEWAY_API_REPLACE_FULL_PATH)
        to->path = arena_str(a, or_slash(from->path->full_path));
    else if (from->path)
        to->path_prefix = arena_str(a, or_slash(from->path->prefix));
    if (from->port.set) {
        to->has_port = true;
        to->port = (uint16_t)from->port.value;
    } else if (from->scheme.len) { /* GW-8: the scheme's own port, which is not written */
        to->has_port = true;
        to->port = str_is(from->scheme, "https") ? 443 : 80;
    } else {
        to->port_from_request = true;
    }
}

/* The whole path, whatever the match took of it. */
static void replace_all(struct model_route_vhost *v, struct str path, struct model_rewrite *to)
{
    struct regex *r;
    struct str why;
    char *text = arena_alloc(&v->arena, path.len * 2 + 2);
    size_t n = 0;

    if (regex_new(&r, STR("^/.*"), &v->arena, &why) != 0)
        return;
    compile_route_keep_regex(v, r);
    for (size_t i = 0; i < path.len; i++) {
        if (path.p[i] == '\\')
            text[n++] = '\\';
        text[n++] = path.p[i];
    }
    to->regex = r;
    to->substitution = str_make(text, n);
}

static void set_rewrite(const struct gateway_api_rewrite *from, struct model_route_vhost *v,
                        struct model_route *r)
{
    struct model_rewrite *to = arena_alloc0(&v->arena, 1, sizeof(*to));

    r->rewrite = to;
    to->authority = arena_str(&v->arena, from->hostname);
    if (from->path && from->path->type == GATEWAY_API_REPLACE_FULL_PATH) {
        replace_all(v, or_slash(from->path->full_path), to);
    } else if (from->path) { /* GW-7 */
        to->has_path = true;
        to->path = arena_str(&v->arena, or_slash(from->path->prefix));
    }
}

/* ---- mirror ---- */

static double pct_of(const struct gateway_api_mirror *m)
{
    if (m->fraction) {
        int64_t of = m->fraction->denominator.set ? m->fraction->denominator.value : 100;

        return of > 0 ? 100.0 * (double)m->fraction->numerator / (double)of : 0;
    }
    return m->percent.set ? (double)m->percent.value : 100;
}

static void add_mirror(const struct compile_gwapi_world *w, const struct compile_route_place *place,
                       const struct object *route, const struct gateway_api_mirror *from,
                       struct model_route_vhost *v, struct model_route *r)
{
    struct model_mirror *m = &r->mirrors[r->mirror_count];
    struct str name;

    m->pct = pct_of(from);
    if (m->pct <= 0)
        return;
    m->cluster = compile_route_keep_cluster(
        v, compile_gwapi_route_cluster(w, place, route, GATEWAY_API_REF(from->backend), &name,
                                       &v->arena));
    r->mirror_count++;
}

/* ---- CORS ---- */

/* An origin whose first label is a star: any one label, or several. */
static void set_origin(struct str from, struct arena *a, struct string_match *to)
{
    ptrdiff_t star = str_chr(from, '*');
    struct buf b;

    if (star < 0 || from.len == 1) {
        to->exact = from;
        return;
    }
    buf_init(&b, 0);
    for (size_t i = 0; i < from.len; i++) {
        if (from.p[i] == '*')
            buf_add_str(&b, STR("[^/:]+"));
        else if (from.p[i] == '.')
            buf_add_str(&b, STR("\\."));
        else
            buf_printf(&b, "%c", from.p[i]);
    }
    to->regex = arena_str(a, buf_str(&b));
    buf_deinit(&b);
}

static int set_cors(const struct gateway_api_cors *from, struct model_route_vhost *v,
                    struct model_route *r)
{
    struct compile_match_keeper k = { &v->arena, compile_route_keep_regex, v };
    struct virtual_service_cors cors = { 0 };
    struct str why;

    cors.allow_origins = arena_alloc0(&v->arena, from->origins_count, sizeof(struct string_match));
    cors.allow_origins_count = from->origins_count;
    for (size_t i = 0; i < from->origins_count; i++)
        set_origin(from->origins[i], &v->arena, &cors.allow_origins[i]);
    cors.allow_methods = from->methods;
    cors.allow_methods_count = from->methods_count;
    cors.allow_headers = from->headers;
    cors.allow_headers_count = from->headers_count;
    cors.expose_headers = from->expose;
    cors.expose_headers_count = from->expose_count;
    cors.allow_credentials = from->credentials;
    if (!from->credentials.value) /* "false" is no value of the header */
        cors.allow_credentials.set = false;
    cors.max_age = (struct field_opt){
        .set = true, .value = (from->max_age_s.set ? from->max_age_s.value : 5) * DURATION_S
    };
    return compile_action_cors(&k, &cors, &r->cors, &why);
}

/* ---- authorization outside ---- */

static void set_auth(const struct compile_gwapi_world *w, const struct compile_route_place *place,
                     const struct object *route, const struct gateway_api_auth *from,
                     struct arena *a, struct model_route *r)
{
    static struct str all[] = { STR("*") };
    const struct gateway_api_auth_http *http = from->http;
    struct model_ext_authz *to = arena_alloc0(a, 1, sizeof(*to));
    const struct model_cluster *cluster;

    to->name = arena_str(a, route->name);
    /* One that is not there cannot be asked, and nothing passes (GEP-1494). */
    cluster = compile_gwapi_route_cluster(w, place, route, GATEWAY_API_REF(from->backend),
                                          &to->cluster, a);
    to->cluster = arena_str(a, to->cluster);
    to->authority = cluster ? arena_str(a, cluster->config->host) : STR("authorizer");
    to->is_grpc = from->protocol == GATEWAY_API_AUTH_GRPC;
    to->timeout_ms = COMPILE_PROVIDER_AUTHZ_MS;
    to->error_status = COMPILE_PROVIDER_AUTHZ_STATUS;
    to->body_bytes = from->body ? (uint32_t)from->body->max_bytes : 0;
    if (from->grpc)
        to->checked = compile_provider_patterns(from->grpc->headers, from->grpc->headers_count, a);
    if (http) {
        to->path_prefix = arena_str(a, http->path);
        to->checked = compile_provider_patterns(http->headers, http->headers_count, a);
    }
    to->to_upstream =
        http && http->response_headers_count
            ? compile_provider_patterns(http->response_headers, http->response_headers_count, a)
            : compile_provider_patterns(all, 1, a);
    r->ext_authz = to;
}

/* ---- all of them ---- */

struct compile_gwapi_fault compile_gwapi_filter_judge(const struct gateway_api_filter *f,
                                                      bool of_backend, struct arena *a)
{
    switch (f->type) {
    case GATEWAY_API_FILTER_EXTENSION:
        return (struct compile_gwapi_fault){
            "InvalidKind", f->extension ? arena_printf(a, "there are no filters of kind %.*s",
                                                       STR_ARG(f->extension->kind))
                                        : STR("extensionRef is missing")
        };
    case GATEWAY_API_FILTER_REQUEST_HEADER:
    case GATEWAY_API_FILTER_RESPONSE_HEADER:
        return (struct compile_gwapi_fault){ 0 };
    default:
        if (!of_backend)
            return (struct compile_gwapi_fault){ 0 };
        return (struct compile_gwapi_fault){ "UnsupportedValue",
                                             STR("a backend's filters may change headers only") };
    }
}

bool compile_gwapi_filter_build(const struct compile_gwapi_world *w,
                                const struct compile_route_place *place, const struct object *route,
                                const struct gateway_api_filter *filters, size_t count,
                                struct model_route_vhost *v, struct model_route *r)
{
    struct arena *a = &v->arena;

    r->mirrors = arena_alloc0(a, count, sizeof(*r->mirrors));
    for (size_t i = 0; i < count; i++) {
        const struct gateway_api_filter *f = &filters[i];

        if (compile_gwapi_filter_judge(f, false, a).reason)
            return false;
        if (f->type == GATEWAY_API_FILTER_REQUEST_HEADER)
            add_headers(f->request_headers, a, &r->request);
        else if (f->type == GATEWAY_API_FILTER_RESPONSE_HEADER)
            add_headers(f->response_headers, a, &r->response);
        else if (f->type == GATEWAY_API_FILTER_REDIRECT)
            set_redirect(f->redirect, a, r);
        else if (f->type == GATEWAY_API_FILTER_REWRITE && f->rewrite)
            set_rewrite(f->rewrite, v, r);
        else if (f->type == GATEWAY_API_FILTER_MIRROR && f->mirror)
            add_mirror(w, place, route, f->mirror, v, r);
        else if (f->type == GATEWAY_API_FILTER_EXTERNAL_AUTH && f->auth)
            set_auth(w, place, route, f->auth, a, r);
        else if (f->type == GATEWAY_API_FILTER_CORS && f->cors && set_cors(f->cors, v, r) != 0)
            return false;
    }
    return true;
}
