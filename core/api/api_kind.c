#include "core/api/api_kind.h"

#include "core/api/api_column.h"
#include "core/api/authorization_policy.h"
#include "core/api/destination_rule.h"
#include "core/api/envoy_filter.h"
#include "core/api/gateway_api_gateway.h"
#include "core/api/gateway_api_policy.h"
#include "core/api/gateway_api_route.h"
#include "core/api/gateway_api_stream_route.h"
#include "core/api/istio_gateway.h"
#include "core/api/istio_status.h"
#include "core/api/istio_telemetry.h"
#include "core/api/k8s_config_map.h"
#include "core/api/k8s_deployment.h"
#include "core/api/k8s_endpoint_slice.h"
#include "core/api/k8s_endpoints.h"
#include "core/api/k8s_event.h"
#include "core/api/k8s_ingress.h"
#include "core/api/k8s_lease.h"
#include "core/api/k8s_namespace.h"
#include "core/api/k8s_pod.h"
#include "core/api/k8s_secret.h"
#include "core/api/k8s_service.h"
#include "core/api/k8s_service_account.h"
#include "core/api/peer_authentication.h"
#include "core/api/proxy_config.h"
#include "core/api/request_authentication.h"
#include "core/api/service_entry.h"
#include "core/api/sidecar.h"
#include "core/api/traffic_extension.h"
#include "core/api/virtual_service.h"
#include "core/api/wasm_plugin.h"
#include "core/api/workload_entry.h"
#include "core/api/workload_group.h"
#include "core/base/diag.h"
#include "core/base/mem.h"

#define NETWORKING_GROUP                                                                           \
    .group = "networking.istio.io", .categories = { "istio-io", "networking-istio-io" },           \
    .namespaced = true, .has_status = true, .strict = true
#define NETWORKING NETWORKING_GROUP, .versions = { "v1", "v1beta1", "v1alpha3" }
#define SECURITY                                                                                   \
    .group = "security.istio.io", .versions = { "v1", "v1beta1" },                                 \
    .categories = { "istio-io", "security-istio-io" }, .namespaced = true, .has_status = true,     \
    .strict = true
#define EXTENSIONS                                                                                 \
    .group = "extensions.istio.io", .versions = { "v1alpha1" },                                    \
    .categories = { "istio-io", "extensions-istio-io" }, .namespaced = true, .has_status = true,   \
    .strict = true
#define GATEWAY_API                                                                                \
    .group = GATEWAY_API_GROUP, .categories = { "gateway-api" }, .strict = true, .fills = true
#define GATEWAY_API_X                                                                              \
    .group = "gateway.networking.x-k8s.io", .versions = { "v1alpha1" },                            \
    .categories = { "gateway-api" }, .has_status = true, .strict = true, .fills = true

/* clang-format off */
static const struct api_kind kinds[] = {
    { .id = API_KIND_NAMESPACE, .group = "", .versions = { "v1" }, .kind = "Namespace", .plural = "namespaces", .singular = "namespace", .short_names = { "ns" },
      .has_status = true, .name_label = true, .root = &k8s_namespace_root_message, .spec = &k8s_namespace_message, .status = &k8s_namespace_status_message,
      .columns = &api_column_namespace, .set_defaults = k8s_namespace_set_defaults },
    { .id = API_KIND_SERVICE, .group = "", .versions = { "v1" }, .kind = "Service", .plural = "services", .singular = "service", .short_names = { "svc" }, .categories = { "all" },
      .namespaced = true, .has_status = true, .name_label = true, .root = &k8s_service_root_message, .spec = &k8s_service_message, .status = &k8s_service_status_message,
      .columns = &api_column_service, .set_defaults = k8s_service_set_defaults },
    { .id = API_KIND_ENDPOINTS, .group = "", .versions = { "v1" }, .kind = "Endpoints", .plural = "endpoints", .singular = "endpoints", .short_names = { "ep" },
      .namespaced = true, .root = &k8s_endpoints_message, .columns = &api_column_endpoints },
    { .id = API_KIND_SERVICE_ACCOUNT, .group = "", .versions = { "v1" }, .kind = "ServiceAccount", .plural = "serviceaccounts", .singular = "serviceaccount", .short_names = { "sa" },
      .namespaced = true, .root = &k8s_service_account_message, .columns = &api_column_service_account },
    { .id = API_KIND_SECRET, .group = "", .versions = { "v1" }, .kind = "Secret", .plural = "secrets", .singular = "secret",
      .namespaced = true, .root = &k8s_secret_message, .columns = &api_column_secret, .set_defaults = k8s_secret_set_defaults },
    { .id = API_KIND_CONFIG_MAP, .group = "", .versions = { "v1" }, .kind = "ConfigMap", .plural = "configmaps", .singular = "configmap", .short_names = { "cm" },
      .namespaced = true, .root = &k8s_config_map_message, .columns = &api_column_config_map },
    { .id = API_KIND_POD, .group = "", .versions = { "v1" }, .kind = "Pod", .plural = "pods", .singular = "pod", .short_names = { "po" }, .categories = { "all" },
      .namespaced = true, .has_status = true, .root = &k8s_pod_root_message, .spec = &k8s_pod_message, .status = &k8s_pod_status_message,
      .columns = &api_column_pod, .set_defaults = k8s_pod_set_defaults },
    { .id = API_KIND_EVENT, .group = "", .versions = { "v1" }, .kind = "Event", .plural = "events", .singular = "event", .short_names = { "ev" },
      .namespaced = true, .root = &k8s_event_message, .columns = &api_column_event },
    { .id = API_KIND_DEPLOYMENT, .group = "apps", .versions = { "v1" }, .kind = "Deployment", .plural = "deployments", .singular = "deployment", .short_names = { "deploy" }, .categories = { "all" },
      .namespaced = true, .has_status = true, .root = &k8s_deployment_root_message, .spec = &k8s_deployment_message, .status = &k8s_deployment_status_message,
      .columns = &api_column_deployment, .set_defaults = k8s_deployment_set_defaults },
    { .id = API_KIND_ENDPOINT_SLICE, .group = "discovery.k8s.io", .versions = { "v1" }, .kind = "EndpointSlice", .plural = "endpointslices", .singular = "endpointslice",
      .namespaced = true, .root = &k8s_endpoint_slice_message, .columns = &api_column_endpoint_slice },
    { .id = API_KIND_LEASE, .group = "coordination.k8s.io", .versions = { "v1" }, .kind = "Lease", .plural = "leases", .singular = "lease",
      .namespaced = true, .root = &k8s_lease_root_message, .spec = &k8s_lease_message, .columns = &api_column_lease },
    { .id = API_KIND_INGRESS, .group = K8S_INGRESS_GROUP, .versions = { "v1" }, .kind = "Ingress", .plural = "ingresses", .singular = "ingress", .short_names = { "ing" },
      .namespaced = true, .has_status = true, .root = &k8s_ingress_root_message, .spec = &k8s_ingress_message, .status = &k8s_ingress_status_message, .columns = &api_column_ingress },
    { .id = API_KIND_INGRESS_CLASS, .group = K8S_INGRESS_GROUP, .versions = { "v1" }, .kind = "IngressClass", .plural = "ingressclasses", .singular = "ingressclass",
      .root = &k8s_ingress_class_root_message, .spec = &k8s_ingress_class_message, .columns = &api_column_ingress_class },
    { .id = API_KIND_VIRTUAL_SERVICE, NETWORKING, .kind = "VirtualService", .plural = "virtualservices", .singular = "virtualservice", .short_names = { "vs" },
      .root = &virtual_service_root_message, .spec = &virtual_service_message, .status = &istio_status_message, .columns = &api_column_virtual_service },
    { .id = API_KIND_DESTINATION_RULE, NETWORKING, .kind = "DestinationRule", .plural = "destinationrules", .singular = "destinationrule", .short_names = { "dr" },
      .root = &destination_rule_root_message, .spec = &destination_rule_message, .status = &istio_status_message, .columns = &api_column_destination_rule },
    { .id = API_KIND_GATEWAY, NETWORKING, .kind = "Gateway", .plural = "gateways", .singular = "gateway", .short_names = { "gw" },
      .root = &istio_gateway_root_message, .spec = &istio_gateway_message, .status = &istio_status_message, .columns = &api_column_age },
    { .id = API_KIND_SERVICE_ENTRY, NETWORKING, .kind = "ServiceEntry", .plural = "serviceentries", .singular = "serviceentry", .short_names = { "se" },
      .root = &service_entry_root_message, .spec = &service_entry_message, .status = &istio_status_addressed_message, .columns = &api_column_service_entry },
    { .id = API_KIND_WORKLOAD_ENTRY, NETWORKING, .kind = "WorkloadEntry", .plural = "workloadentries", .singular = "workloadentry", .short_names = { "we" },
      .root = &workload_entry_root_message, .spec = &workload_entry_message, .status = &istio_status_message, .columns = &api_column_workload_entry },
    { .id = API_KIND_WORKLOAD_GROUP, NETWORKING, .kind = "WorkloadGroup", .plural = "workloadgroups", .singular = "workloadgroup", .short_names = { "wg" },
      .root = &workload_group_root_message, .spec = &workload_group_message, .status = &istio_status_message, .columns = &api_column_age },
    { .id = API_KIND_SIDECAR, NETWORKING, .kind = "Sidecar", .plural = "sidecars", .singular = "sidecar",
      .root = &sidecar_root_message, .spec = &sidecar_message, .status = &istio_status_message, .columns = &api_column_age },
    { .id = API_KIND_PROXY_CONFIG, NETWORKING_GROUP, .versions = { "v1beta1" }, .kind = "ProxyConfig", .plural = "proxyconfigs", .singular = "proxyconfig",
      .root = &proxy_config_root_message, .spec = &proxy_config_message, .status = &istio_status_message, .columns = &api_column_age },
    { .id = API_KIND_ENVOY_FILTER, NETWORKING_GROUP, .versions = { "v1alpha3" }, .kind = "EnvoyFilter", .plural = "envoyfilters", .singular = "envoyfilter",
      .root = &envoy_filter_root_message, .spec = &envoy_filter_message, .status = &istio_status_message, .columns = &api_column_age },
    { .id = API_KIND_PEER_AUTHENTICATION, SECURITY, .kind = "PeerAuthentication", .plural = "peerauthentications", .singular = "peerauthentication", .short_names = { "pa" },
      .root = &peer_authentication_root_message, .spec = &peer_authentication_message, .status = &istio_status_message, .columns = &api_column_peer_authentication },
    { .id = API_KIND_AUTHORIZATION_POLICY, SECURITY, .kind = "AuthorizationPolicy", .plural = "authorizationpolicies", .singular = "authorizationpolicy", .short_names = { "ap" },
      .root = &authorization_policy_root_message, .spec = &authorization_policy_message, .status = &istio_status_message, .columns = &api_column_authorization_policy },
    { .id = API_KIND_REQUEST_AUTHENTICATION, SECURITY, .kind = "RequestAuthentication", .plural = "requestauthentications", .singular = "requestauthentication", .short_names = { "ra" },
      .root = &request_authentication_root_message, .spec = &request_authentication_message, .status = &istio_status_message, .columns = &api_column_age },
    { .id = API_KIND_TELEMETRY, .group = "telemetry.istio.io", .versions = { "v1alpha1", "v1" }, .categories = { "istio-io", "telemetry-istio-io" }, .namespaced = true, .has_status = true, .strict = true,
      .kind = "Telemetry", .plural = "telemetries", .singular = "telemetry", .short_names = { "telemetry" },
      .root = &istio_telemetry_root_message, .spec = &istio_telemetry_message, .status = &istio_status_message, .columns = &api_column_age },
    { .id = API_KIND_WASM_PLUGIN, EXTENSIONS, .kind = "WasmPlugin", .plural = "wasmplugins", .singular = "wasmplugin",
      .root = &wasm_plugin_root_message, .spec = &wasm_plugin_message, .status = &istio_status_message, .columns = &api_column_age },
    { .id = API_KIND_TRAFFIC_EXTENSION, EXTENSIONS, .kind = "TrafficExtension", .plural = "trafficextensions", .singular = "trafficextension",
      .root = &traffic_extension_root_message, .spec = &traffic_extension_message, .status = &istio_status_message, .columns = &api_column_age },
    { .id = API_KIND_GATEWAY_CLASS, GATEWAY_API, .versions = { "v1", "v1beta1" }, .kind = "GatewayClass", .plural = "gatewayclasses", .singular = "gatewayclass", .short_names = { "gc" }, .has_status = true,
      .root = &gateway_api_gateway_class_root_message, .spec = &gateway_api_gateway_class_message, .status = &gateway_api_status_class_status_message, .columns = &api_column_gateway_class },
    { .id = API_KIND_K8S_GATEWAY, GATEWAY_API, .versions = { "v1", "v1beta1" }, .kind = "Gateway", .plural = "gateways", .singular = "gateway", .short_names = { "gtw" }, .namespaced = true, .has_status = true,
      .root = &gateway_api_gateway_root_message, .spec = &gateway_api_gateway_message, .status = &gateway_api_status_gateway_status_message, .columns = &api_column_gateway },
    { .id = API_KIND_LISTENER_SET, GATEWAY_API, .versions = { "v1" }, .kind = "ListenerSet", .plural = "listenersets", .singular = "listenerset", .short_names = { "lset" }, .namespaced = true, .has_status = true,
      .root = &gateway_api_gateway_listener_set_root_message, .spec = &gateway_api_gateway_listener_set_message, .status = &gateway_api_status_listener_set_status_message, .columns = &api_column_listener_set },
    { .id = API_KIND_HTTP_ROUTE, GATEWAY_API, .versions = { "v1", "v1beta1" }, .kind = "HTTPRoute", .plural = "httproutes", .singular = "httproute", .namespaced = true, .has_status = true,
      .root = &gateway_api_route_http_route_root_message, .spec = &gateway_api_route_http_route_message, .status = &gateway_api_status_route_status_message, .columns = &api_column_route },
    { .id = API_KIND_GRPC_ROUTE, GATEWAY_API, .versions = { "v1" }, .kind = "GRPCRoute", .plural = "grpcroutes", .singular = "grpcroute", .namespaced = true, .has_status = true,
      .root = &gateway_api_route_grpc_route_root_message, .spec = &gateway_api_route_grpc_route_message, .status = &gateway_api_status_route_status_message, .columns = &api_column_route },
    { .id = API_KIND_TCP_ROUTE, GATEWAY_API, .versions = { "v1", "v1alpha2" }, .kind = "TCPRoute", .plural = "tcproutes", .singular = "tcproute", .namespaced = true, .has_status = true,
      .root = &gateway_api_stream_route_tcp_root_message, .spec = &gateway_api_stream_route_message, .status = &gateway_api_status_route_status_message, .columns = &api_column_age },
    { .id = API_KIND_TLS_ROUTE, GATEWAY_API, .versions = { "v1", "v1alpha2", "v1alpha3" }, .kind = "TLSRoute", .plural = "tlsroutes", .singular = "tlsroute", .namespaced = true, .has_status = true,
      .root = &gateway_api_stream_route_tls_root_message, .spec = &gateway_api_stream_route_of_tls, .status = &gateway_api_status_route_status_message, .columns = &api_column_age },
    { .id = API_KIND_UDP_ROUTE, GATEWAY_API, .versions = { "v1", "v1alpha2" }, .kind = "UDPRoute", .plural = "udproutes", .singular = "udproute", .namespaced = true, .has_status = true,
      .root = &gateway_api_stream_route_udp_root_message, .spec = &gateway_api_stream_route_message, .status = &gateway_api_status_route_status_message, .columns = &api_column_age },
    { .id = API_KIND_REFERENCE_GRANT, GATEWAY_API, .versions = { "v1beta1", "v1" }, .kind = "ReferenceGrant", .plural = "referencegrants", .singular = "referencegrant", .short_names = { "refgrant" }, .namespaced = true,
      .root = &gateway_api_policy_grant_root_message, .spec = &gateway_api_policy_grant_message, .columns = &api_column_age },
    { .id = API_KIND_BACKEND_TLS_POLICY, GATEWAY_API, .versions = { "v1", "v1alpha3" }, .kind = "BackendTLSPolicy", .plural = "backendtlspolicies", .singular = "backendtlspolicy", .short_names = { "btlspolicy" }, .namespaced = true, .has_status = true,
      .root = &gateway_api_policy_tls_policy_root_message, .spec = &gateway_api_policy_tls_policy_message, .status = &gateway_api_status_policy_status_message, .columns = &api_column_age },
    { .id = API_KIND_XBACKEND, GATEWAY_API_X, .kind = "XBackend", .plural = "xbackends", .singular = "xbackend", .short_names = { "xbackend" }, .namespaced = true,
      .root = &gateway_api_policy_backend_root_message, .spec = &gateway_api_policy_backend_message, .status = &gateway_api_status_backend_status_message, .columns = &api_column_age },
    { .id = API_KIND_XBACKEND_TRAFFIC_POLICY, GATEWAY_API_X, .kind = "XBackendTrafficPolicy", .plural = "xbackendtrafficpolicies", .singular = "xbackendtrafficpolicy", .short_names = { "xbtrafficpolicy" }, .namespaced = true,
      .root = &gateway_api_policy_traffic_policy_root_message, .spec = &gateway_api_policy_traffic_policy_message, .status = &gateway_api_status_policy_status_message, .columns = &api_column_age },
    { .id = API_KIND_XMESH, GATEWAY_API_X, .kind = "XMesh", .plural = "xmeshes", .singular = "xmesh", .short_names = { "mesh" },
      .root = &gateway_api_gateway_mesh_root_message, .spec = &gateway_api_gateway_class_message, .status = &gateway_api_status_class_status_message, .columns = &api_column_mesh },
};
/* clang-format on */

size_t api_kind_count(void)
{
    return COUNT_OF(kinds);
}

const struct api_kind *api_kind_at(size_t i)
{
    return i < COUNT_OF(kinds) ? &kinds[i] : NULL;
}

const struct api_kind *api_kind_by_id(uint16_t id)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i].id == id)
            return &kinds[i];
    return NULL;
}

bool api_kind_has_version(const struct api_kind *k, struct str version)
{
    for (size_t i = 0; i < API_KIND_MAX_VERSIONS && k->versions[i]; i++)
        if (str_is(version, k->versions[i]))
            return true;
    return false;
}

bool api_kind_has_category(const struct api_kind *k, struct str category)
{
    for (size_t i = 0; i < API_KIND_MAX_NAMES && k->categories[i]; i++)
        if (str_is(category, k->categories[i]))
            return true;
    return false;
}

const struct api_kind *api_kind_by_plural(struct str group, struct str version, struct str plural)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_is(plural, kinds[i].plural) && str_is(group, kinds[i].group) &&
            (version.len == 0 || api_kind_has_version(&kinds[i], version)))
            return &kinds[i];
    return NULL;
}

const struct api_kind *api_kind_by_gvk(struct str group, struct str version, struct str kind)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_is(kind, kinds[i].kind) && str_is(group, kinds[i].group) &&
            (version.len == 0 || api_kind_has_version(&kinds[i], version)))
            return &kinds[i];
    return NULL;
}

void api_kind_cut_api_version(struct str api_version, struct str *group, struct str *version)
{
    struct str rest = api_version, first = str_cut(&rest, '/');

    *group = rest.p ? first : STR("");
    *version = rest.p ? rest : first;
}

const struct api_kind *api_kind_by_api_version(struct str api_version, struct str kind)
{
    struct str group, version;

    api_kind_cut_api_version(api_version, &group, &version);
    return version.len > 0 ? api_kind_by_gvk(group, version, kind) : NULL;
}

static bool is_called(const struct api_kind *k, struct str word)
{
    if (str_ieq(word, str_of(k->plural)) || str_ieq(word, str_of(k->singular)) ||
        str_ieq(word, str_of(k->kind)))
        return true;
    for (size_t i = 0; i < API_KIND_MAX_NAMES && k->short_names[i]; i++)
        if (str_ieq(word, str_of(k->short_names[i])))
            return true;
    return false;
}

const struct api_kind *api_kind_by_word(struct str word)
{
    struct str rest = word, name = str_cut(&rest, '.'), tail = rest, version;

    version = str_cut(&tail, '.');
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const struct api_kind *k = &kinds[i];

        if (!is_called(k, name))
            continue;
        if (!rest.p || str_ieq(rest, str_of(k->group)))
            return k;
        if (tail.p && api_kind_has_version(k, version) && str_ieq(tail, str_of(k->group)))
            return k;
    }
    return NULL;
}

const struct api_kind *api_kind_by_proto(struct str message_name)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i].spec && str_is(message_name, kinds[i].spec->name))
            return &kinds[i];
    return NULL;
}

struct str api_kind_api_version(const struct api_kind *k, struct str version, struct arena *a)
{
    if (version.len == 0)
        version = str_of(k->versions[0]);
    return k->group[0] ? arena_printf(a, "%s/%.*s", k->group, STR_ARG(version))
                       : arena_str(a, version);
}

const char *api_kind_closest(struct str word)
{
    const char *names[COUNT_OF(kinds) * 3];
    size_t n = 0;

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        names[n++] = kinds[i].kind;
        names[n++] = kinds[i].plural;
        names[n++] = kinds[i].short_names[0]; /* NULLs are skipped */
    }
    return diag_closest(word, names, n);
}
