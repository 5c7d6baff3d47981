/* Istio's MeshConfig: what holds for the whole mesh. */
#ifndef CORE_API_MESH_CONFIG_H
#define CORE_API_MESH_CONFIG_H

#include "core/api/label_selector.h"
#include "core/api/mesh_provider.h"
#include "core/api/mesh_proxy_config.h"
#include "core/api/traffic_policy.h"
#include "core/api/virtual_service.h"
#include "core/text/field.h"

enum mesh_config_ingress_mode {
    MESH_CONFIG_INGRESS_MODE_UNSPECIFIED = 0,
    MESH_CONFIG_INGRESS_MODE_OFF = 1,
    MESH_CONFIG_INGRESS_MODE_DEFAULT = 2,
    MESH_CONFIG_INGRESS_MODE_STRICT = 3,
};

enum mesh_config_encoding {
    MESH_CONFIG_ENCODING_TEXT = 0,
    MESH_CONFIG_ENCODING_JSON = 1,
};

enum mesh_config_outbound_mode {
    MESH_CONFIG_OUTBOUND_MODE_REGISTRY_ONLY = 0,
    MESH_CONFIG_OUTBOUND_MODE_ALLOW_ANY = 1,
    MESH_CONFIG_OUTBOUND_MODE_ALLOW_ANY_DYNAMIC_DNS = 3,
};

struct mesh_config_outbound {
    struct field_at at;
    int mode; /* enum mesh_config_outbound_mode */
    struct traffic_policy_tls *tls;
};

enum mesh_config_inbound_mode {
    MESH_CONFIG_INBOUND_MODE_PASSTHROUGH = 0,
    MESH_CONFIG_INBOUND_MODE_LOCALHOST = 1,
};

struct mesh_config_inbound {
    struct field_at at;
    int mode; /* enum mesh_config_inbound_mode */
};

enum mesh_config_resource {
    MESH_CONFIG_RESOURCE_SERVICE_REGISTRY = 0,
};

struct mesh_config_source {
    struct field_at at;
    struct str address;
    struct traffic_policy_tls *tls_settings;
    int *subscribed_resources; /* enum mesh_config_resource */
    size_t subscribed_resources_count;
};

struct mesh_config_certificate_data {
    struct field_at at;
    struct str pem;
    struct str spiffe_bundle_url;
    struct str *cert_signers;
    size_t cert_signers_count;
    struct str *trust_domains;
    size_t trust_domains_count;
};

struct mesh_config_service_flags {
    struct field_at at;
    bool cluster_local;
};

struct mesh_config_service_settings {
    struct field_at at;
    struct mesh_config_service_flags *settings;
    struct str *hosts;
    size_t hosts_count;
};

enum mesh_config_scope {
    MESH_CONFIG_SCOPE_LOCAL = 0,
    MESH_CONFIG_SCOPE_GLOBAL = 1,
};

struct mesh_config_service_scope {
    struct field_at at;
    struct label_selector *namespace_selector;
    struct label_selector *services_selector;
    int scope; /* enum mesh_config_scope */
};

struct mesh_config_ca {
    struct field_at at;
    struct str address;
    struct traffic_policy_tls *tls_settings;
    struct field_opt request_timeout;
    bool istiod_side;
};

struct mesh_config_default_providers {
    struct field_at at;
    struct str *tracing;
    size_t tracing_count;
    struct str *metrics;
    size_t metrics_count;
    struct str *access_logging;
    size_t access_logging_count;
};

enum mesh_config_normalization {
    MESH_CONFIG_NORMALIZATION_DEFAULT = 0,
    MESH_CONFIG_NORMALIZATION_NONE = 1,
    MESH_CONFIG_NORMALIZATION_BASE = 2,
    MESH_CONFIG_NORMALIZATION_MERGE_SLASHES = 3,
    MESH_CONFIG_NORMALIZATION_DECODE_AND_MERGE_SLASHES = 4,
};

struct mesh_config_paths {
    struct field_at at;
    int normalization; /* enum mesh_config_normalization */
};

enum mesh_config_tls_version {
    MESH_CONFIG_TLS_VERSION_TLS_AUTO = 0,
    MESH_CONFIG_TLS_VERSION_TLSV1_2 = 1,
    MESH_CONFIG_TLS_VERSION_TLSV1_3 = 2,
};

struct mesh_config_tls {
    struct field_at at;
    int min_protocol_version; /* enum mesh_config_tls_version */
    struct str *ecdh_curves;
    size_t ecdh_curves_count;
    struct str *cipher_suites;
    size_t cipher_suites_count;
};

struct mesh_config_traffic_policy {
    struct field_at at;
    struct traffic_policy_pool *connection_pool;
    struct traffic_policy_outlier *outlier_detection;
};

enum mesh_config_visibility {
    MESH_CONFIG_VISIBILITY_VISIBILITY_UNSPECIFIED = 0,
    MESH_CONFIG_VISIBILITY_NONE = 1,
    MESH_CONFIG_VISIBILITY_NAMESPACE = 2,
    MESH_CONFIG_VISIBILITY_PUBLIC = 3,
};

struct mesh_config_match_rule {
    struct field_at at;
    struct label_selector *namespace_selector;
};

struct mesh_config_visibility_policy {
    struct field_at at;
    int visibility; /* enum mesh_config_visibility */
    struct mesh_config_match_rule *matching_rules;
    size_t matching_rules_count;
};

struct mesh_config_entry_visibility {
    struct field_at at;
    int default_visibility; /* enum mesh_config_visibility */
    bool apply_to_sidecars;
    struct mesh_config_visibility_policy *policies;
    size_t policies_count;
};

struct mesh_config_certificate {
    struct field_at at;
    struct str secret_name;
    struct str *dns_names;
    size_t dns_names_count;
};

enum mesh_config_h2_upgrade {
    MESH_CONFIG_H2_UPGRADE_DO_NOT_UPGRADE = 0,
    MESH_CONFIG_H2_UPGRADE_UPGRADE = 1,
};

struct mesh_config {
    struct field_at at;
    int64_t proxy_listen_port;
    int64_t proxy_inbound_listen_port;
    int64_t proxy_http_port;
    struct field_opt connect_timeout;
    struct field_opt hbone_idle_timeout;
    struct field_opt protocol_detection_timeout;
    struct traffic_policy_keepalive *tcp_keepalive;
    struct str ingress_class;
    struct str ingress_service;
    int ingress_controller_mode; /* enum mesh_config_ingress_mode */
    struct str ingress_selector;
    struct field_opt enable_tracing;
    struct str access_log_file;
    struct str access_log_format;
    int access_log_encoding; /* enum mesh_config_encoding */
    bool enable_envoy_access_log_service;
    bool disable_envoy_listener_log;
    struct mesh_proxy_config *default_config;
    struct mesh_config_outbound *outbound_traffic_policy;
    struct mesh_config_inbound *inbound_traffic_policy;
    struct mesh_config_source *config_sources;
    size_t config_sources_count;
    struct field_opt enable_auto_mtls;
    struct str trust_domain;
    struct str *trust_domain_aliases;
    size_t trust_domain_aliases_count;
    struct mesh_config_certificate_data *ca_certificates;
    size_t ca_certificates_count;
    struct str *default_service_export_to;
    size_t default_service_export_to_count;
    struct str *default_virtual_service_export_to;
    size_t default_virtual_service_export_to_count;
    struct str *default_destination_rule_export_to;
    size_t default_destination_rule_export_to_count;
    struct str root_namespace;
    struct traffic_policy_locality *locality_lb_setting;
    struct traffic_policy_zone_aware *zone_aware_lb_setting;
    struct field_opt dns_refresh_rate;
    int h2_upgrade_policy; /* enum mesh_config_h2_upgrade */
    struct str inbound_cluster_stat_name;
    struct str outbound_cluster_stat_name;
    struct mesh_config_certificate *certificates;
    size_t certificates_count;
    struct mesh_config_service_settings *service_settings;
    size_t service_settings_count;
    struct mesh_config_service_scope *service_scope_configs;
    size_t service_scope_configs_count;
    struct field_opt enable_prometheus_merge;
    struct field_opt verify_certificate_at_client;
    struct mesh_config_ca *ca;
    struct mesh_provider *extension_providers;
    size_t extension_providers_count;
    struct mesh_config_default_providers *default_providers;
    struct label_selector *discovery_selectors;
    size_t discovery_selectors_count;
    struct mesh_config_paths *path_normalization;
    struct virtual_service_retry *default_http_retry_policy;
    struct virtual_service_retry *default_inbound_http_retry_policy;
    struct mesh_config_tls *mesh_mtls;
    struct mesh_config_tls *tls_defaults;
    struct mesh_config_traffic_policy *default_traffic_policy;
    struct mesh_config_entry_visibility *service_entry_visibility;
};

extern FIELD_DECLARE(mesh_config);

#endif
