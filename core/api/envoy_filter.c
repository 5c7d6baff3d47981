#include "core/api/envoy_filter.h"

#include "core/api/api_check.h"
#include "core/api/istio_status.h"
#include "core/api/object_meta.h"

#define PROTO    "istio.networking.v1alpha3.EnvoyFilter."
#define NO_PATCH "is accepted, but this patch of Envoy's configuration has no meaning here"

static bool is_listener_class(int apply_to)
{
    return apply_to == ENVOY_FILTER_LISTENER || apply_to == ENVOY_FILTER_FILTER_CHAIN ||
           apply_to == ENVOY_FILTER_NETWORK_FILTER || apply_to == ENVOY_FILTER_HTTP_FILTER;
}

static bool is_route_class(int apply_to)
{
    return apply_to == ENVOY_FILTER_ROUTE_CONFIGURATION || apply_to == ENVOY_FILTER_VIRTUAL_HOST ||
           apply_to == ENVOY_FILTER_HTTP_ROUTE;
}

static void check_filter(struct field_check *c, const struct envoy_filter_patch *p,
                         const struct envoy_filter_filter *f)
{
    if (f->name.len == 0) {
        field_decode_error_at(c, "match.listener.filterChain.filter", "needs the name of a filter");
        return;
    }
    if (!f->sub_filter)
        return;
    if (p->apply_to != ENVOY_FILTER_HTTP_FILTER)
        field_decode_error_at(c, "match.listener.filterChain.filter.subFilter",
                              "is for applyTo HTTP_FILTER only");
    else if (!str_is(f->name, "envoy.filters.network.http_connection_manager") &&
             !str_is(f->name, "envoy.http_connection_manager"))
        field_decode_error_at(c, "match.listener.filterChain.filter.name",
                              "must be envoy.filters.network.http_connection_manager for a "
                              "subFilter");
    else if (f->sub_filter->name.len == 0)
        field_decode_error_at(c, "match.listener.filterChain.filter.subFilter",
                              "needs the name of a filter");
}

static void check_fit(struct field_check *c, const struct envoy_filter_patch *p)
{
    const struct envoy_filter_match *m = p->match;

    if (!m || (!m->listener && !m->routes && !m->cluster && !m->waypoint))
        return;
    if (is_listener_class(p->apply_to) && !m->listener)
        field_decode_error_at(c, "match", "needs \"listener\" for this applyTo");
    else if (is_route_class(p->apply_to) && !m->routes)
        field_decode_error_at(c, "match", "needs \"routeConfiguration\" for this applyTo");
    else if (p->apply_to == ENVOY_FILTER_CLUSTER && !m->cluster)
        field_decode_error_at(c, "match", "needs \"cluster\" for this applyTo");
    else if (is_listener_class(p->apply_to) && m->listener->chain && m->listener->chain->filter)
        check_filter(c, p, m->listener->chain->filter);
}

static void check_match(struct field_check *c, const void *message)
{
    const struct envoy_filter_match *m = message;

    if ((m->context == ENVOY_FILTER_WAYPOINT) != (m->waypoint != NULL))
        field_decode_error_at(c, m->waypoint ? "waypoint" : "context",
                              "only support waypointMatch when context is WAYPOINT");
}

static void check_patch(struct field_check *c, const void *message)
{
    const struct envoy_filter_patch *p = message;

    if (p->match && p->match->context == ENVOY_FILTER_WAYPOINT)
        return;
    if (p->apply_to == ENVOY_FILTER_INVALID)
        field_decode_error_at(c, "applyTo", "is required");
    if (!p->patch || p->patch->operation == ENVOY_FILTER_OPERATION_INVALID)
        field_decode_error_at(c, "patch.operation", "is required");
    else if (p->patch->operation != ENVOY_FILTER_REMOVE && !p->patch->value)
        field_decode_error_at(c, "patch.value", "is required unless operation is REMOVE");
    check_fit(c, p);
}

static void check_envoy_filter(struct field_check *c, const void *message)
{
    const struct envoy_filter *f = message;

    if (f->selector && f->target_refs)
        field_decode_error_at(c, "targetRefs",
                              "only one of targetRefs or workloadSelector can be set");
    if (f->selector && f->selector->labels_count == 0)
        field_decode_warn_at(c, "workloadSelector",
                             "has no labels, so it is for all workloads of the namespace");
}

/* clang-format off */
static const struct field_enum_name envoy_filter_apply_names[] = {
    { "INVALID", ENVOY_FILTER_INVALID, "Not allowed." },
    { "LISTENER", ENVOY_FILTER_LISTENER, "A listener." },
    { "FILTER_CHAIN", ENVOY_FILTER_FILTER_CHAIN, "A filter chain." },
    { "NETWORK_FILTER", ENVOY_FILTER_NETWORK_FILTER, "A filter of connections." },
    { "HTTP_FILTER", ENVOY_FILTER_HTTP_FILTER, "A filter of requests." },
    { "ROUTE_CONFIGURATION", ENVOY_FILTER_ROUTE_CONFIGURATION, "A table of routes." },
    { "VIRTUAL_HOST", ENVOY_FILTER_VIRTUAL_HOST, "A virtual host." },
    { "HTTP_ROUTE", ENVOY_FILTER_HTTP_ROUTE, "A route." },
    { "CLUSTER", ENVOY_FILTER_CLUSTER, "A cluster." },
    { "EXTENSION_CONFIG", ENVOY_FILTER_EXTENSION_CONFIG, "The configuration of an extension." },
    { "BOOTSTRAP", ENVOY_FILTER_BOOTSTRAP, "The bootstrap." },
    { "LISTENER_FILTER", ENVOY_FILTER_LISTENER_FILTER, "A filter of listeners." },
};
static FIELD_ENUM_TABLE(envoy_filter_apply, PROTO "ApplyTo");

static const struct field_enum_name envoy_filter_context_names[] = {
    { "ANY", ENVOY_FILTER_ANY, "All of them." },
    { "SIDECAR_INBOUND", ENVOY_FILTER_SIDECAR_INBOUND, "Traffic to a workload." },
    { "SIDECAR_OUTBOUND", ENVOY_FILTER_SIDECAR_OUTBOUND, "Traffic from a workload." },
    { "GATEWAY", ENVOY_FILTER_GATEWAY, "Gateways." },
    { "WAYPOINT", ENVOY_FILTER_WAYPOINT, "Waypoints." },
};
static FIELD_ENUM_TABLE(envoy_filter_context, PROTO "PatchContext");

static const struct field_enum_name envoy_filter_action_names[] = {
    { "ANY", ENVOY_FILTER_ACTION_ANY, "All of them." },
    { "ROUTE", ENVOY_FILTER_ACTION_ROUTE, "Routes to a cluster." },
    { "REDIRECT", ENVOY_FILTER_ACTION_REDIRECT, "Redirects." },
    { "DIRECT_RESPONSE", ENVOY_FILTER_ACTION_DIRECT_RESPONSE, "Direct responses." },
};
static FIELD_ENUM_TABLE(envoy_filter_action, PROTO "RouteConfigurationMatch.RouteMatch.Action");

static const struct field_enum_name envoy_filter_operation_names[] = {
    { "INVALID", ENVOY_FILTER_OPERATION_INVALID, "Not allowed." },
    { "MERGE", ENVOY_FILTER_MERGE, "Merge into what is there." },
    { "ADD", ENVOY_FILTER_ADD, "Add to the list." },
    { "REMOVE", ENVOY_FILTER_REMOVE, "Take out." },
    { "INSERT_BEFORE", ENVOY_FILTER_INSERT_BEFORE, "Put before it." },
    { "INSERT_AFTER", ENVOY_FILTER_INSERT_AFTER, "Put behind it." },
    { "INSERT_FIRST", ENVOY_FILTER_INSERT_FIRST, "Put first." },
    { "REPLACE", ENVOY_FILTER_REPLACE, "Put in its place." },
    { "MERGE_AND_REPLACE_LIST", ENVOY_FILTER_MERGE_AND_REPLACE_LIST, "Merge, but replace lists." },
};
static FIELD_ENUM_TABLE(envoy_filter_operation, PROTO "Patch.Operation");

static const struct field_enum_name envoy_filter_class_names[] = {
    { "UNSPECIFIED", ENVOY_FILTER_CLASS_UNSPECIFIED, "Where the operation says." },
    { "AUTHN", ENVOY_FILTER_CLASS_AUTHN, "Behind authentication." },
    { "AUTHZ", ENVOY_FILTER_CLASS_AUTHZ, "Behind authorization." },
    { "STATS", ENVOY_FILTER_CLASS_STATS, "Before statistics." },
};
static FIELD_ENUM_TABLE(envoy_filter_class, PROTO "Patch.FilterClass");

#define T struct envoy_filter_proxy
static const struct field envoy_filter_proxy_fields[] = {
    FIELD_STR(T, version, "proxyVersion", .proto = 1, .check = api_check_regex, .enforced = NO_PATCH, .help = "Regular expression for the version."),
    FIELD_MAP_STR(T, metadata, "metadata", .proto = 2, .enforced = NO_PATCH, .help = "Metadata that the proxy must have."),
};
static FIELD_MESSAGE(envoy_filter_proxy, PROTO "ProxyMatch", .help = "Proxies by their properties.");
#undef T

#define T struct envoy_filter_cluster
static const struct field envoy_filter_cluster_fields[] = {
    FIELD_UINT32(T, port, "portNumber", .proto = 1, .max = 65535, .enforced = NO_PATCH, .help = "Port of the service."),
    FIELD_STR(T, service, "service", .proto = 2, .enforced = NO_PATCH, .help = "Fully qualified name of the service."),
    FIELD_STR(T, subset, "subset", .proto = 3, .enforced = NO_PATCH, .help = "Subset of the service."),
    FIELD_STR(T, name, "name", .proto = 4, .enforced = NO_PATCH, .help = "Envoy's name of the cluster."),
};
static FIELD_MESSAGE(envoy_filter_cluster, PROTO "ClusterMatch", .help = "Clusters.");
#undef T

#define T struct envoy_filter_route
static const struct field envoy_filter_route_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .enforced = NO_PATCH, .help = "Name of the route."),
    FIELD_ENUM(T, action, "action", envoy_filter_action, .proto = 2, .enforced = NO_PATCH, .help = "What the route does."),
};
static FIELD_MESSAGE(envoy_filter_route, PROTO "RouteConfigurationMatch.RouteMatch", .help = "Routes.");
#undef T

#define T struct envoy_filter_vhost
static const struct field envoy_filter_vhost_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .enforced = NO_PATCH, .help = "Name of the virtual host, host:port."),
    FIELD_STR(T, domain, "domainName", .proto = 3, .enforced = NO_PATCH, .help = "One of its domains."),
    FIELD_MSG(T, route, "route", envoy_filter_route, .proto = 2, .enforced = NO_PATCH, .help = "Routes in it."),
};
static FIELD_MESSAGE(envoy_filter_vhost, PROTO "RouteConfigurationMatch.VirtualHostMatch", .help = "Virtual hosts.");
#undef T

#define T struct envoy_filter_routes
static const struct field envoy_filter_routes_fields[] = {
    FIELD_UINT32(T, port, "portNumber", .proto = 1, .max = 65535, .enforced = NO_PATCH, .help = "Port of the service or gateway."),
    FIELD_STR(T, port_name, "portName", .proto = 2, .enforced = NO_PATCH, .help = "Name of the port, of gateways."),
    FIELD_STR(T, gateway, "gateway", .proto = 3, .enforced = NO_PATCH, .help = "Gateway, namespace/name."),
    FIELD_MSG(T, vhost, "vhost", envoy_filter_vhost, .proto = 4, .enforced = NO_PATCH, .help = "Virtual hosts in it."),
    FIELD_STR(T, name, "name", .proto = 5, .enforced = NO_PATCH, .help = "Envoy's name of the table."),
};
static FIELD_MESSAGE(envoy_filter_routes, PROTO "RouteConfigurationMatch", .help = "Tables of routes.");
#undef T

#define T struct envoy_filter_name
static const struct field envoy_filter_name_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .enforced = NO_PATCH, .help = "The name."),
};
static FIELD_MESSAGE(envoy_filter_name, PROTO "ListenerMatch.SubFilterMatch", .help = "By name.");
#undef T

#define T struct envoy_filter_filter
static const struct field envoy_filter_filter_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .enforced = NO_PATCH, .help = "Name of the filter."),
    FIELD_MSG(T, sub_filter, "subFilter", envoy_filter_name, .proto = 2, .enforced = NO_PATCH, .help = "Filter of requests in it."),
};
static FIELD_MESSAGE(envoy_filter_filter, PROTO "ListenerMatch.FilterMatch", .help = "Filters.");
#undef T

#define T struct envoy_filter_chain
static const struct field envoy_filter_chain_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .enforced = NO_PATCH, .help = "Name of the chain."),
    FIELD_STR(T, sni, "sni", .proto = 2, .enforced = NO_PATCH, .help = "Its SNI."),
    FIELD_STR(T, transport_protocol, "transportProtocol", .proto = 3, .enforced = NO_PATCH, .help = "raw_buffer or tls."),
    FIELD_STR(T, application_protocols, "applicationProtocols", .proto = 4, .enforced = NO_PATCH, .help = "Its ALPN."),
    FIELD_MSG(T, filter, "filter", envoy_filter_filter, .proto = 5, .enforced = NO_PATCH, .help = "Filters in it."),
    FIELD_UINT32(T, destination_port, "destinationPort", .proto = 6, .max = 65535, .enforced = NO_PATCH, .help = "Its destination port."),
};
static FIELD_MESSAGE(envoy_filter_chain, PROTO "ListenerMatch.FilterChainMatch", .help = "Filter chains.");
#undef T

#define T struct envoy_filter_listener
static const struct field envoy_filter_listener_fields[] = {
    FIELD_UINT32(T, port, "portNumber", .proto = 1, .max = 65535, .enforced = NO_PATCH, .help = "Port of the service or gateway."),
    FIELD_STR(T, port_name, "portName", .proto = 2, .enforced = NO_PATCH, .help = "Name of the port."),
    FIELD_MSG(T, chain, "filterChain", envoy_filter_chain, .proto = 3, .enforced = NO_PATCH, .help = "Filter chains in it."),
    FIELD_STR(T, listener_filter, "listenerFilter", .proto = 5, .enforced = NO_PATCH, .help = "Filter of listeners in it."),
    FIELD_STR(T, name, "name", .proto = 4, .enforced = NO_PATCH, .help = "Envoy's name of the listener."),
};
static FIELD_MESSAGE(envoy_filter_listener, PROTO "ListenerMatch", .help = "Listeners.");
#undef T

#define T struct envoy_filter_waypoint
static const struct field envoy_filter_waypoint_fields[] = {
    FIELD_UINT32(T, port, "portNumber", .proto = 1, .min = 1, .max = 65535, .enforced = NO_PATCH, .help = "Port of the service."),
    FIELD_MSG(T, route, "route", envoy_filter_name, .proto = 2, .enforced = NO_PATCH, .help = "Routes."),
    FIELD_MSG(T, filter, "filter", envoy_filter_filter, .proto = 3, .enforced = NO_PATCH, .help = "Filters."),
};
static FIELD_MESSAGE(envoy_filter_waypoint, PROTO "WaypointMatch", .help = "What a waypoint has.");
#undef T

#define T struct envoy_filter_match
static const struct field envoy_filter_match_fields[] = {
    FIELD_ENUM(T, context, "context", envoy_filter_context, .proto = 1, .enforced = NO_PATCH, .help = "Which traffic."),
    FIELD_MSG(T, proxy, "proxy", envoy_filter_proxy, .proto = 2, .enforced = NO_PATCH, .help = "Which proxies."),
    FIELD_MSG(T, listener, "listener", envoy_filter_listener, .proto = 3, .oneof = 1, .enforced = NO_PATCH, .help = "Listeners."),
    FIELD_MSG(T, routes, "routeConfiguration", envoy_filter_routes, .proto = 4, .oneof = 1, .enforced = NO_PATCH, .help = "Tables of routes."),
    FIELD_MSG(T, cluster, "cluster", envoy_filter_cluster, .proto = 5, .oneof = 1, .enforced = NO_PATCH, .help = "Clusters."),
    FIELD_MSG(T, waypoint, "waypoint", envoy_filter_waypoint, .proto = 6, .oneof = 1, .enforced = NO_PATCH, .help = "Waypoints."),
};
static FIELD_MESSAGE(envoy_filter_match, PROTO "EnvoyConfigObjectMatch", .at = FIELD_AT(T, at), .check = check_match, .help = "Where a patch goes.");
#undef T

#define T struct envoy_filter_change
static const struct field envoy_filter_change_fields[] = {
    FIELD_ENUM(T, operation, "operation", envoy_filter_operation, .proto = 1, .enforced = NO_PATCH, .help = "What to do."),
    FIELD_JSON(T, value, "value", .proto = 2, .enforced = NO_PATCH, .help = "Configuration of Envoy's."),
    FIELD_ENUM(T, filter_class, "filterClass", envoy_filter_class, .proto = 3, .enforced = NO_PATCH, .help = "Where an added filter goes."),
};
static FIELD_MESSAGE(envoy_filter_change, PROTO "Patch", .at = FIELD_AT(T, at), .help = "What a patch does.");
#undef T

#define T struct envoy_filter_patch
static const struct field envoy_filter_patch_fields[] = {
    FIELD_ENUM(T, apply_to, "applyTo", envoy_filter_apply, .proto = 1, .enforced = NO_PATCH, .help = "What is patched."),
    FIELD_MSG(T, match, "match", envoy_filter_match, .proto = 2, .enforced = NO_PATCH, .help = "Which of them."),
    FIELD_MSG(T, patch, "patch", envoy_filter_change, .proto = 3, .enforced = NO_PATCH, .help = "What to do."),
};
static FIELD_MESSAGE(envoy_filter_patch, PROTO "EnvoyConfigObjectPatch", .at = FIELD_AT(T, at), .check = check_patch, .help = "One patch.");
#undef T

#define T struct envoy_filter
static const struct field envoy_filter_fields[] = {
    FIELD_MSG(T, selector, "workloadSelector", workload_selector_labels, .proto = 3, .default_text = "all of the namespace; in the root namespace all of the mesh", .help = "Workloads that this is for."),
    FIELD_LIST_MSG(T, target_refs, "targetRefs", target_ref, .proto = 6, .proto_name = "targetRefs", .max_items = 16, .enforced = NO_PATCH, .help = "Objects that this is for."),
    FIELD_LIST_MSG(T, patches, "configPatches", envoy_filter_patch, .proto = 4, .enforced = NO_PATCH, .help = "The patches."),
    FIELD_INT32(T, priority, "priority", .proto = 5, .min = INT32_MIN, .max = INT32_MAX, .enforced = NO_PATCH, .default_text = "0", .help = "Order of the objects, lowest first."),
};
FIELD_MESSAGE(envoy_filter, "istio.networking.v1alpha3.EnvoyFilter", .at = FIELD_AT(T, at), .check = check_envoy_filter, .help = "Patches to Envoy's configuration.");
#undef T

struct envoy_filter_root {
    OBJECT_META_HEAD;
    struct envoy_filter *spec;
    struct istio_status *status;
};

#define T struct envoy_filter_root
static const struct field envoy_filter_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", envoy_filter, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", istio_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(envoy_filter_root, "io.istio.networking.v1alpha3.EnvoyFilter", .at = FIELD_AT(T, at), .help = "Patches to Envoy's configuration.");
#undef T
/* clang-format on */
