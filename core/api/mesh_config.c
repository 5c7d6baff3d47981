#include "core/api/mesh_config.h"

#include "core/api/api_check.h"
#include "core/text/duration.h"

#include <stdio.h>

#define NO_ENVOY        "has no meaning here: there is no Envoy"
#define NO_ADDRESS      "names gateways that serve Ingresses; their status shows no address"
#define NO_SOURCE       "is not read: --config and --control say where configuration comes from"
#define NO_CERTIFICATES "is ignored, as in Istio"
#define NO_FLAG(f)      "is not read: proxies are told by --" f

/* A name as Istio takes it, which is less than SPIFFE allows. */
static void check_trust_domain(struct field_check *c, const void *member)
{
    api_check_not_empty(c, member);
    api_check_subdomain(c, member);
}

static void check_mesh_config(struct field_check *c, const void *message)
{
    const struct mesh_config *m = message;
    char where[64];

    if (m->mesh_mtls && m->mesh_mtls->ecdh_curves_count)
        field_decode_error_at(
            c, "meshMTLS.ecdhCurves",
            "the curves of TLS inside of the mesh cannot be chosen; leave it out, "
            "or set tlsDefaults.ecdhCurves for TLS elsewhere");
    for (size_t i = 0; i < m->extension_providers_count; i++)
        for (size_t j = 0; j < i; j++)
            if (str_eq(m->extension_providers[i].name, m->extension_providers[j].name)) {
                snprintf(where, sizeof(where), "extensionProviders[%zu].name", i);
                field_decode_error_at(c, where, "two providers are called \"%.*s\"",
                                      STR_ARG(m->extension_providers[i].name));
            }
}

/* clang-format off */
static const struct field_enum_name mesh_config_ingress_mode_names[] = {
    { "UNSPECIFIED", MESH_CONFIG_INGRESS_MODE_UNSPECIFIED, "STRICT." },
    { "OFF", MESH_CONFIG_INGRESS_MODE_OFF, "No Ingress is served." },
    { "DEFAULT", MESH_CONFIG_INGRESS_MODE_DEFAULT, "Those without a class, too." },
    { "STRICT", MESH_CONFIG_INGRESS_MODE_STRICT, "Those of our class." },
};
static FIELD_ENUM_TABLE(mesh_config_ingress_mode, "istio.mesh.v1alpha1.MeshConfig.IngressControllerMode");

static const struct field_enum_name mesh_config_encoding_names[] = {
    { "TEXT", MESH_CONFIG_ENCODING_TEXT, "Text." },
    { "JSON", MESH_CONFIG_ENCODING_JSON, "JSON." },
};
static FIELD_ENUM_TABLE(mesh_config_encoding, "istio.mesh.v1alpha1.MeshConfig.AccessLogEncoding");

static const struct field_enum_name mesh_config_outbound_mode_names[] = {
    { "REGISTRY_ONLY", MESH_CONFIG_OUTBOUND_MODE_REGISTRY_ONLY, "Known services only." },
    { "ALLOW_ANY", MESH_CONFIG_OUTBOUND_MODE_ALLOW_ANY, "Unknown destinations are passed through." },
    { "ALLOW_ANY_DYNAMIC_DNS", MESH_CONFIG_OUTBOUND_MODE_ALLOW_ANY_DYNAMIC_DNS, "The same, by the name that was asked for." },
};
static FIELD_ENUM_TABLE(mesh_config_outbound_mode, "istio.mesh.v1alpha1.MeshConfig.OutboundTrafficPolicy.Mode");

#define T struct mesh_config_outbound
static const struct field mesh_config_outbound_fields[] = {
    FIELD_ENUM(T, mode, "mode", mesh_config_outbound_mode, .proto = 1, .default_text = "ALLOW_ANY", .help = "What happens with it."),
    FIELD_MSG(T, tls, "tls", traffic_policy_tls, .proto = 2, .enforced = FIELD_NOT_ENFORCED, .help = "TLS towards them, for ALLOW_ANY_DYNAMIC_DNS."),
};
static FIELD_MESSAGE(mesh_config_outbound, "istio.mesh.v1alpha1.MeshConfig.OutboundTrafficPolicy", .at = FIELD_AT(T, at), .help = "Traffic to destinations that the mesh does not know.");
#undef T

static const struct field_enum_name mesh_config_inbound_mode_names[] = {
    { "PASSTHROUGH", MESH_CONFIG_INBOUND_MODE_PASSTHROUGH, "To the address that was asked for." },
    { "LOCALHOST", MESH_CONFIG_INBOUND_MODE_LOCALHOST, "To 127.0.0.1." },
};
static FIELD_ENUM_TABLE(mesh_config_inbound_mode, "istio.mesh.v1alpha1.MeshConfig.InboundTrafficPolicy.Mode");

#define T struct mesh_config_inbound
static const struct field mesh_config_inbound_fields[] = {
    FIELD_ENUM(T, mode, "mode", mesh_config_inbound_mode, .proto = 1, .default_text = "PASSTHROUGH", .enforced = FIELD_NOT_ENFORCED, .help = "Where it goes."),
};
static FIELD_MESSAGE(mesh_config_inbound, "istio.mesh.v1alpha1.MeshConfig.InboundTrafficPolicy", .at = FIELD_AT(T, at), .help = "Traffic to the application.");
#undef T

static const struct field_enum_name mesh_config_resource_names[] = {
    { "SERVICE_REGISTRY", MESH_CONFIG_RESOURCE_SERVICE_REGISTRY, "Services." },
};
static FIELD_ENUM_TABLE(mesh_config_resource, "istio.mesh.v1alpha1.Resource");

#define T struct mesh_config_source
static const struct field mesh_config_source_fields[] = {
    FIELD_STR(T, address, "address", .proto = 1, .enforced = NO_SOURCE, .help = "k8s://, fs:///folder or xds://host."),
    FIELD_MSG(T, tls_settings, "tlsSettings", traffic_policy_tls, .proto = 2, .enforced = NO_SOURCE, .help = "TLS towards it."),
    FIELD_LIST_ENUM(T, subscribed_resources, "subscribedResources", mesh_config_resource, .proto = 3, .enforced = NO_SOURCE, .help = "What to take."),
};
static FIELD_MESSAGE(mesh_config_source, "istio.mesh.v1alpha1.ConfigSource", .at = FIELD_AT(T, at), .help = "Where configuration comes from.");
#undef T

#define T struct mesh_config_certificate_data
static const struct field mesh_config_certificate_data_fields[] = {
    FIELD_STR(T, pem, "pem", .proto = 1, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Certificates as PEM."),
    FIELD_STR(T, spiffe_bundle_url, "spiffeBundleUrl", .proto = 2, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Where a SPIFFE bundle is."),
    FIELD_LIST_STR(T, cert_signers, "certSigners", .proto = 3, .enforced = FIELD_NOT_ENFORCED, .help = "Signers of Kubernetes that it is for."),
    FIELD_LIST_STR(T, trust_domains, "trustDomains", .proto = 4, .enforced = FIELD_NOT_ENFORCED, .help = "Trust domains that it is for."),
};
static FIELD_MESSAGE(mesh_config_certificate_data, "istio.mesh.v1alpha1.MeshConfig.CertificateData", .at = FIELD_AT(T, at), .help = "More authorities.");
#undef T

#define T struct mesh_config_service_flags
static const struct field mesh_config_service_flags_fields[] = {
    FIELD_BOOL(T, cluster_local, "clusterLocal", .proto = 1, .help = "Endpoints of the same cluster only."),
};
static FIELD_MESSAGE(mesh_config_service_flags, "istio.mesh.v1alpha1.MeshConfig.ServiceSettings.Settings", .at = FIELD_AT(T, at), .help = "Settings of services.");
#undef T

#define T struct mesh_config_service_settings
static const struct field mesh_config_service_settings_fields[] = {
    FIELD_MSG(T, settings, "settings", mesh_config_service_flags, .proto = 1, .help = "The settings."),
    FIELD_LIST_STR(T, hosts, "hosts", .proto = 2, .help = "Services, '*' in front."),
};
static FIELD_MESSAGE(mesh_config_service_settings, "istio.mesh.v1alpha1.MeshConfig.ServiceSettings", .at = FIELD_AT(T, at), .help = "Settings of some services.");
#undef T

static const struct field_enum_name mesh_config_scope_names[] = {
    { "LOCAL", MESH_CONFIG_SCOPE_LOCAL, "Of this cluster." },
    { "GLOBAL", MESH_CONFIG_SCOPE_GLOBAL, "Of all clusters." },
};
static FIELD_ENUM_TABLE(mesh_config_scope, "istio.mesh.v1alpha1.MeshConfig.ServiceScopeConfigs.Scope");

#define T struct mesh_config_service_scope
static const struct field mesh_config_service_scope_fields[] = {
    FIELD_MSG(T, namespace_selector, "namespaceSelector", label_selector, .proto = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Namespaces."),
    FIELD_MSG(T, services_selector, "servicesSelector", label_selector, .proto = 2, .enforced = FIELD_NOT_ENFORCED, .help = "Services."),
    FIELD_ENUM(T, scope, "scope", mesh_config_scope, .proto = 3, .default_text = "LOCAL", .enforced = FIELD_NOT_ENFORCED, .help = "Which clusters."),
};
static FIELD_MESSAGE(mesh_config_service_scope, "istio.mesh.v1alpha1.MeshConfig.ServiceScopeConfigs", .at = FIELD_AT(T, at), .help = "Which clusters see a service.");
#undef T

#define T struct mesh_config_ca
static const struct field mesh_config_ca_fields[] = {
    FIELD_STR(T, address, "address", .proto = 1, .required = true, .enforced = FIELD_NOT_ENFORCED, .help = "Its address."),
    FIELD_MSG(T, tls_settings, "tlsSettings", traffic_policy_tls, .proto = 2, .enforced = FIELD_NOT_ENFORCED, .help = "TLS towards it."),
    FIELD_DURATION(T, request_timeout, "requestTimeout", .proto = 3, .min = DURATION_MS, .default_text = "10s", .enforced = FIELD_NOT_ENFORCED, .help = "Time for an answer."),
    FIELD_BOOL(T, istiod_side, "istiodSide", .proto = 4, .default_text = "true", .enforced = FIELD_NOT_ENFORCED, .help = "Whether control asks it, or proxies."),
};
static FIELD_MESSAGE(mesh_config_ca, "istio.mesh.v1alpha1.MeshConfig.CA", .at = FIELD_AT(T, at), .help = "An authority outside.");
#undef T

#define T struct mesh_config_default_providers
static const struct field mesh_config_default_providers_fields[] = {
    FIELD_LIST_STR(T, tracing, "tracing", .proto = 1, .help = "For traces."),
    FIELD_LIST_STR(T, metrics, "metrics", .proto = 2, .help = "For metrics."),
    FIELD_LIST_STR(T, access_logging, "accessLogging", .proto = 3, .help = "For logs."),
};
static FIELD_MESSAGE(mesh_config_default_providers, "istio.mesh.v1alpha1.MeshConfig.DefaultProviders", .at = FIELD_AT(T, at), .help = "Which providers are used when nothing says.");
#undef T

static const struct field_enum_name mesh_config_normalization_names[] = {
    { "DEFAULT", MESH_CONFIG_NORMALIZATION_DEFAULT, "BASE." },
    { "NONE", MESH_CONFIG_NORMALIZATION_NONE, "Paths stay as they are." },
    { "BASE", MESH_CONFIG_NORMALIZATION_BASE, "By RFC 3986, and backslashes become slashes." },
    { "MERGE_SLASHES", MESH_CONFIG_NORMALIZATION_MERGE_SLASHES, "BASE, and several slashes become one." },
    { "DECODE_AND_MERGE_SLASHES", MESH_CONFIG_NORMALIZATION_DECODE_AND_MERGE_SLASHES, "The same after %2F and %5C became slashes." },
};
static FIELD_ENUM_TABLE(mesh_config_normalization, "istio.mesh.v1alpha1.MeshConfig.ProxyPathNormalization.NormalizationType");

#define T struct mesh_config_paths
static const struct field mesh_config_paths_fields[] = {
    FIELD_ENUM(T, normalization, "normalization", mesh_config_normalization, .proto = 1, .default_text = "BASE", .help = "How much."),
};
static FIELD_MESSAGE(mesh_config_paths, "istio.mesh.v1alpha1.MeshConfig.ProxyPathNormalization", .at = FIELD_AT(T, at), .help = "How paths are made comparable.");
#undef T

static const struct field_enum_name mesh_config_tls_version_names[] = {
    { "TLS_AUTO", MESH_CONFIG_TLS_VERSION_TLS_AUTO, "From TLS 1.2 on." },
    { "TLSV1_2", MESH_CONFIG_TLS_VERSION_TLSV1_2, "TLS 1.2." },
    { "TLSV1_3", MESH_CONFIG_TLS_VERSION_TLSV1_3, "TLS 1.3." },
};
static FIELD_ENUM_TABLE(mesh_config_tls_version, "istio.mesh.v1alpha1.MeshConfig.TLSConfig.TLSProtocol");

#define T struct mesh_config_tls
static const struct field mesh_config_tls_fields[] = {
    FIELD_ENUM(T, min_protocol_version, "minProtocolVersion", mesh_config_tls_version, .proto = 1, .default_text = "TLSV1_2", .help = "Lowest version that servers take."),
    FIELD_LIST_STR(T, ecdh_curves, "ecdhCurves", .proto = 2, .help = "Curves; only of tlsDefaults."),
    FIELD_LIST_STR(T, cipher_suites, "cipherSuites", .proto = 3, .help = "Cipher suites below TLS 1.3."),
};
static FIELD_MESSAGE(mesh_config_tls, "istio.mesh.v1alpha1.MeshConfig.TLSConfig", .at = FIELD_AT(T, at), .help = "Settings of TLS.");
#undef T

#define T struct mesh_config_traffic_policy
static const struct field mesh_config_traffic_policy_fields[] = {
    FIELD_MSG(T, connection_pool, "connectionPool", traffic_policy_pool, .proto = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Limits that protect services."),
    FIELD_MSG(T, outlier_detection, "outlierDetection", traffic_policy_outlier, .proto = 2, .enforced = FIELD_NOT_ENFORCED, .help = "Leaves out endpoints that fail."),
};
static FIELD_MESSAGE(mesh_config_traffic_policy, "istio.mesh.v1alpha1.MeshConfig.DefaultTrafficPolicy", .at = FIELD_AT(T, at), .help = "What DestinationRules leave open.");
#undef T

static const struct field_enum_name mesh_config_visibility_names[] = {
    { "VISIBILITY_UNSPECIFIED", MESH_CONFIG_VISIBILITY_VISIBILITY_UNSPECIFIED, "PUBLIC." },
    { "NONE", MESH_CONFIG_VISIBILITY_NONE, "Nobody sees it." },
    { "NAMESPACE", MESH_CONFIG_VISIBILITY_NAMESPACE, "Its namespace sees it." },
    { "PUBLIC", MESH_CONFIG_VISIBILITY_PUBLIC, "All see it." },
};
static FIELD_ENUM_TABLE(mesh_config_visibility, "istio.mesh.v1alpha1.ServiceEntryVisibility.Visibility");

#define T struct mesh_config_match_rule
static const struct field mesh_config_match_rule_fields[] = {
    FIELD_MSG(T, namespace_selector, "namespaceSelector", label_selector, .proto = 1, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Namespaces."),
};
static FIELD_MESSAGE(mesh_config_match_rule, "istio.mesh.v1alpha1.ServiceEntryVisibility.MatchRule", .at = FIELD_AT(T, at), .help = "A condition.");
#undef T

#define T struct mesh_config_visibility_policy
static const struct field mesh_config_visibility_policy_fields[] = {
    FIELD_ENUM(T, visibility, "visibility", mesh_config_visibility, .proto = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Who sees them."),
    FIELD_LIST_MSG(T, matching_rules, "matchingRules", mesh_config_match_rule, .proto = 2, .enforced = FIELD_NOT_ENFORCED, .help = "Which they are."),
};
static FIELD_MESSAGE(mesh_config_visibility_policy, "istio.mesh.v1alpha1.ServiceEntryVisibility.Policy", .at = FIELD_AT(T, at), .help = "Who sees the ServiceEntries of some namespaces.");
#undef T

#define T struct mesh_config_entry_visibility
static const struct field mesh_config_entry_visibility_fields[] = {
    FIELD_ENUM(T, default_visibility, "defaultVisibility", mesh_config_visibility, .proto = 1, .default_text = "PUBLIC", .enforced = FIELD_NOT_ENFORCED, .help = "Who sees them."),
    FIELD_BOOL(T, apply_to_sidecars, "applyToSidecars", .proto = 2, .enforced = FIELD_NOT_ENFORCED, .help = "For sidecars, too."),
    FIELD_LIST_MSG(T, policies, "policies", mesh_config_visibility_policy, .proto = 3, .enforced = FIELD_NOT_ENFORCED, .help = "Exceptions; the first that fits."),
};
static FIELD_MESSAGE(mesh_config_entry_visibility, "istio.mesh.v1alpha1.ServiceEntryVisibility", .at = FIELD_AT(T, at), .help = "Who sees ServiceEntries.");
#undef T

#define T struct mesh_config_certificate
static const struct field mesh_config_certificate_fields[] = {
    FIELD_STR(T, secret_name, "secretName", .proto = 1, .enforced = NO_CERTIFICATES, .help = "Secret."),
    FIELD_LIST_STR(T, dns_names, "dnsNames", .proto = 2, .enforced = NO_CERTIFICATES, .help = "Names."),
};
static FIELD_MESSAGE(mesh_config_certificate, "istio.mesh.v1alpha1.Certificate", .at = FIELD_AT(T, at), .help = "A certificate of DNS names.");
#undef T

static const struct field_enum_name mesh_config_h2_upgrade_names[] = {
    { "DO_NOT_UPGRADE", MESH_CONFIG_H2_UPGRADE_DO_NOT_UPGRADE, "No." },
    { "UPGRADE", MESH_CONFIG_H2_UPGRADE_UPGRADE, "Yes." },
};
static FIELD_ENUM_TABLE(mesh_config_h2_upgrade, "istio.mesh.v1alpha1.MeshConfig.H2UpgradePolicy");

#define T struct mesh_config
static const struct field mesh_config_fields[] = {
    FIELD_INT32(T, proxy_listen_port, "proxyListenPort", .proto = 4, .max = 65535, .default_text = "15001", .enforced = NO_FLAG("listen-outbound"), .help = "Port for traffic from workloads."),
    FIELD_INT32(T, proxy_inbound_listen_port, "proxyInboundListenPort", .proto = 65, .max = 65535, .default_text = "15006", .enforced = NO_FLAG("listen-inbound"), .help = "Port for traffic to workloads."),
    FIELD_INT32(T, proxy_http_port, "proxyHttpPort", .proto = 5, .max = 65535, .enforced = FIELD_NOT_ENFORCED, .help = "Port that is an HTTP proxy for workloads."),
    FIELD_DURATION(T, connect_timeout, "connectTimeout", .proto = 6, .min = DURATION_MS, .default_text = "10s", .help = "Time for a connection to come up."),
    FIELD_DURATION(T, hbone_idle_timeout, "hboneIdleTimeout", .proto = 70, .check = api_check_not_negative, .default_text = "1h", .enforced = FIELD_NOT_ENFORCED, .help = "Life of a tunnel without traffic."),
    FIELD_DURATION(T, protocol_detection_timeout, "protocolDetectionTimeout", .proto = 42, .check = api_check_not_negative, .default_text = "0s, which waits for ever", .help = "Time for the first byte of a client."),
    FIELD_MSG(T, tcp_keepalive, "tcpKeepalive", traffic_policy_keepalive, .proto = 28, .default_text = "the system's", .help = "TCP keep-alive."),
    FIELD_STR(T, ingress_class, "ingressClass", .proto = 7, .default_text = "istio", .help = "Class of the Ingresses that are ours."),
    FIELD_STR(T, ingress_service, "ingressService", .proto = 8, .default_text = "istio-ingressgateway", .enforced = NO_ADDRESS, .help = "Service whose address Ingresses show."),
    FIELD_ENUM(T, ingress_controller_mode, "ingressControllerMode", mesh_config_ingress_mode, .proto = 9, .default_text = "STRICT", .help = "Which Ingresses are ours."),
    FIELD_STR(T, ingress_selector, "ingressSelector", .proto = 52, .default_text = "ingressgateway", .help = "Label of the gateways that serve them."),
    FIELD_OPT_BOOL(T, enable_tracing, "enableTracing", .proto = 12, .wrapper = true, .default_text = "true", .help = "Whether there are traces."),
    FIELD_STR(T, access_log_file, "accessLogFile", .proto = 13, .presence = true, .help = "File for lines of all requests; empty for none."),
    FIELD_STR(T, access_log_format, "accessLogFormat", .proto = 24, .default_text = "Istio's", .help = "How a line looks: text with operators, or JSON of such."),
    FIELD_ENUM(T, access_log_encoding, "accessLogEncoding", mesh_config_encoding, .proto = 27, .default_text = "TEXT", .help = "Whether lines are text or JSON."),
    FIELD_BOOL(T, enable_envoy_access_log_service, "enableEnvoyAccessLogService", .proto = 40, .enforced = FIELD_NOT_ENFORCED, .help = "Send entries to defaultConfig.envoyAccessLogService."),
    FIELD_BOOL(T, disable_envoy_listener_log, "disableEnvoyListenerLog", .proto = 56, .help = "No lines about connections that came to nothing."),
    FIELD_MSG(T, default_config, "defaultConfig", mesh_proxy_config, .proto = 14, .help = "Settings of proxies."),
    FIELD_MSG(T, outbound_traffic_policy, "outboundTrafficPolicy", mesh_config_outbound, .proto = 17, .help = "Traffic to destinations that the mesh does not know."),
    FIELD_MSG(T, inbound_traffic_policy, "inboundTrafficPolicy", mesh_config_inbound, .proto = 66, .enforced = FIELD_NOT_ENFORCED, .help = "Traffic to the application."),
    FIELD_LIST_MSG(T, config_sources, "configSources", mesh_config_source, .proto = 22, .enforced = NO_SOURCE, .help = "Where configuration comes from."),
    FIELD_OPT_BOOL(T, enable_auto_mtls, "enableAutoMtls", .proto = 43, .wrapper = true, .default_text = "true", .help = "mTLS wherever the other side can."),
    FIELD_STR(T, trust_domain, "trustDomain", .proto = 26, .default_text = "cluster.local", .check = check_trust_domain, .enforced = NO_FLAG("trust-domain"), .help = "The mesh's name in identities."),
    FIELD_LIST_STR(T, trust_domain_aliases, "trustDomainAliases", .proto = 46, .check = check_trust_domain, .help = "Other names that count as it, in certificates and policies."),
    FIELD_LIST_MSG(T, ca_certificates, "caCertificates", mesh_config_certificate_data, .proto = 58, .enforced = FIELD_NOT_ENFORCED, .help = "More authorities."),
    FIELD_LIST_STR(T, default_service_export_to, "defaultServiceExportTo", .proto = 31, .check = api_check_export_to, .default_text = "all", .help = "Who sees services that do not say."),
    FIELD_LIST_STR(T, default_virtual_service_export_to, "defaultVirtualServiceExportTo", .proto = 32, .check = api_check_export_to, .default_text = "all", .help = "Who sees VirtualServices that do not say."),
    FIELD_LIST_STR(T, default_destination_rule_export_to, "defaultDestinationRuleExportTo", .proto = 33, .check = api_check_export_to, .default_text = "all", .help = "Who sees DestinationRules that do not say."),
    FIELD_STR(T, root_namespace, "rootNamespace", .proto = 34, .check = api_check_label, .default_text = "istio-system", .help = "Namespace whose policies are for all."),
    FIELD_MSG(T, locality_lb_setting, "localityLbSetting", traffic_policy_locality, .proto = 35, .default_text = "on", .help = "Prefer near endpoints."),
    FIELD_MSG(T, zone_aware_lb_setting, "zoneAwareLbSetting", traffic_policy_zone_aware, .proto = 73, .help = "Keep traffic in the zone."),
    FIELD_DURATION(T, dns_refresh_rate, "dnsRefreshRate", .proto = 36, .check = api_check_not_negative, .default_text = "5s", .help = "When failed names are looked up again."),
    FIELD_ENUM(T, h2_upgrade_policy, "h2UpgradePolicy", mesh_config_h2_upgrade, .proto = 41, .default_text = "DO_NOT_UPGRADE", .help = "Whether HTTP/1.1 goes upstream as HTTP/2."),
    FIELD_STR(T, inbound_cluster_stat_name, "inboundClusterStatName", .proto = 44, .enforced = NO_ENVOY, .help = "Envoy's name of statistics."),
    FIELD_STR(T, outbound_cluster_stat_name, "outboundClusterStatName", .proto = 45, .enforced = NO_ENVOY, .help = "Envoy's name of statistics."),
    FIELD_LIST_MSG(T, certificates, "certificates", mesh_config_certificate, .proto = 47, .deprecated = true, .enforced = NO_CERTIFICATES, .help = "Certificates of DNS names."),
    FIELD_LIST_MSG(T, service_settings, "serviceSettings", mesh_config_service_settings, .proto = 50, .help = "Settings of some services."),
    FIELD_LIST_MSG(T, service_scope_configs, "serviceScopeConfigs", mesh_config_service_scope, .proto = 67, .enforced = FIELD_NOT_ENFORCED, .help = "Which clusters see a service."),
    FIELD_OPT_BOOL(T, enable_prometheus_merge, "enablePrometheusMerge", .proto = 51, .wrapper = true, .default_text = "true", .help = "Whether the application's metrics are part of ours."),
    FIELD_OPT_BOOL(T, verify_certificate_at_client, "verifyCertificateAtClient", .proto = 54, .wrapper = true, .deprecated = true, .default_text = "true", .enforced = FIELD_NOT_ENFORCED, .help = "Verify servers by the system's authorities when no other are named."),
    FIELD_MSG(T, ca, "ca", mesh_config_ca, .proto = 55, .enforced = FIELD_NOT_ENFORCED, .help = "An authority outside."),
    FIELD_LIST_MSG(T, extension_providers, "extensionProviders", mesh_provider, .proto = 57, .help = "Authorizers, tracers and logs, by name."),
    FIELD_MSG(T, default_providers, "defaultProviders", mesh_config_default_providers, .proto = 60, .help = "Which of them are used when nothing says."),
    FIELD_LIST_MSG(T, discovery_selectors, "discoverySelectors", label_selector, .proto = 59, .default_text = "all", .help = "Namespaces that belong to the mesh."),
    FIELD_MSG(T, path_normalization, "pathNormalization", mesh_config_paths, .proto = 61, .help = "How paths are made comparable."),
    FIELD_MSG(T, default_http_retry_policy, "defaultHttpRetryPolicy", virtual_service_retry, .proto = 62, .default_text = "2 attempts", .help = "Retries of routes that do not say."),
    FIELD_MSG(T, default_inbound_http_retry_policy, "defaultInboundHttpRetryPolicy", virtual_service_retry, .proto = 74, .help = "Retries towards the application."),
    FIELD_MSG(T, mesh_mtls, "meshMTLS", mesh_config_tls, .proto = 63, .proto_name = "mesh_mTLS", .help = "TLS inside of the mesh."),
    FIELD_MSG(T, tls_defaults, "tlsDefaults", mesh_config_tls, .proto = 64, .help = "TLS elsewhere."),
    FIELD_MSG(T, default_traffic_policy, "defaultTrafficPolicy", mesh_config_traffic_policy, .proto = 71, .help = "What DestinationRules leave open."),
    FIELD_MSG(T, service_entry_visibility, "serviceEntryVisibility", mesh_config_entry_visibility, .proto = 72, .enforced = FIELD_NOT_ENFORCED, .help = "Who sees ServiceEntries."),
};
FIELD_MESSAGE(mesh_config, "istio.mesh.v1alpha1.MeshConfig", .at = FIELD_AT(T, at), .check = check_mesh_config, .help = "Settings of the mesh.");
#undef T
/* clang-format on */
