#include "core/compile/compile_provider.h"

#include "core/compile/compile_cluster.h"
#include "core/compile/compile_mesh.h"
#include "core/text/duration.h"

const struct mesh_provider *compile_provider_find(const struct compile *c, struct str name)
{
    const struct mesh_config *m = &c->mesh->config;

    for (size_t i = 0; i < m->extension_providers_count; i++) {
        if (name.len && str_eq(m->extension_providers[i].name, name))
            return &m->extension_providers[i];
    }
    return NULL;
}

struct str compile_provider_host(const struct compile *c, struct str service, struct arena *a)
{
    struct str rest = service, first = str_cut(&rest, '/');

    return compile_full_host(c, rest.p ? rest : first, rest.p ? first : c->root_ns, a);
}

/* ---- authorizers ---- */

struct model_name_patterns compile_provider_patterns(const struct str *list, size_t count,
                                                     struct arena *a)
{
    struct model_name_patterns to = { .list = arena_alloc0(a, count, sizeof(*to.list)) };

    for (size_t i = 0; i < count; i++)
        to.list[to.count++] = arena_lower(a, list[i]);
    return to;
}

static void set_common(struct model_ext_authz *to, const struct field_opt *timeout, bool fail_open,
                       struct str status, const struct mesh_provider_body *body)
{
    uint64_t code;

    to->timeout_ms =
        timeout->set ? (uint64_t)(timeout->value / DURATION_MS) : COMPILE_PROVIDER_AUTHZ_MS;
    to->fail_open = fail_open;
    to->error_status = status.len && str_to_u64(status, 599, &code) == 0
                           ? (uint16_t)code
                           : COMPILE_PROVIDER_AUTHZ_STATUS;
    if (body) {
        to->body_bytes = (uint32_t)body->max_request_bytes;
        to->body_partial = body->allow_partial_message;
        to->body_raw = body->pack_as_bytes;
    }
}

static void set_target(const struct compile *c, struct model_ext_authz *to, struct str service,
                       int64_t port, struct arena *a)
{
    to->authority = compile_provider_host(c, service, a);
    to->cluster = compile_cluster_name((uint16_t)port, STR_NONE, to->authority, a);
}

static void set_http(const struct compile *c, struct model_ext_authz *to,
                     const struct mesh_provider_authz_http *p, struct arena *a)
{
    set_target(c, to, p->service, p->port, a);
    set_common(to, &p->timeout, p->fail_open, p->status_on_error, p->include_request_body_in_check);
    to->clears_route = p->clear_route_cache;
    to->path_prefix = arena_str(a, p->path_prefix);
    to->checked = p->include_request_headers_in_check_count
                      ? compile_provider_patterns(p->include_request_headers_in_check,
                                                  p->include_request_headers_in_check_count, a)
                      : compile_provider_patterns(p->include_headers_in_check,
                                                  p->include_headers_in_check_count, a);
    to->to_upstream = compile_provider_patterns(p->headers_to_upstream_on_allow,
                                                p->headers_to_upstream_on_allow_count, a);
    to->to_client = compile_provider_patterns(p->headers_to_downstream_on_allow,
                                              p->headers_to_downstream_on_allow_count, a);
    to->on_denial = compile_provider_patterns(p->headers_to_downstream_on_deny,
                                              p->headers_to_downstream_on_deny_count, a);
    to->added = arena_alloc0(a, p->include_additional_headers_in_check_count, sizeof(*to->added));
    for (size_t i = 0; i < p->include_additional_headers_in_check_count; i++)
        to->added[to->added_count++] = (struct model_ext_authz_header){
            .name = arena_lower(a, p->include_additional_headers_in_check[i].key),
            .value = arena_str(a, p->include_additional_headers_in_check[i].value),
        };
}

struct model_ext_authz *compile_provider_ext_authz(const struct compile *c, struct str name,
                                                   struct arena *a)
{
    const struct mesh_provider *p = compile_provider_find(c, name);
    struct model_ext_authz *to;

    if (!p || (!p->envoy_ext_authz_http && !p->envoy_ext_authz_grpc))
        return NULL;
    to = arena_alloc0(a, 1, sizeof(*to));
    to->name = arena_str(a, name);
    if (p->envoy_ext_authz_http) {
        set_http(c, to, p->envoy_ext_authz_http, a);
        return to;
    }
    to->is_grpc = true;
    to->clears_route = p->envoy_ext_authz_grpc->clear_route_cache;
    set_target(c, to, p->envoy_ext_authz_grpc->service, p->envoy_ext_authz_grpc->port, a);
    set_common(to, &p->envoy_ext_authz_grpc->timeout, p->envoy_ext_authz_grpc->fail_open,
               p->envoy_ext_authz_grpc->status_on_error,
               p->envoy_ext_authz_grpc->include_request_body_in_check);
    return to;
}
