/* Istio's ProxyConfig of meshConfig.defaultConfig and of annotation proxy.istio.io/config. */
#ifndef CORE_API_MESH_PROXY_CONFIG_H
#define CORE_API_MESH_PROXY_CONFIG_H

#include "core/api/istio_telemetry.h"
#include "core/api/traffic_policy.h"
#include "core/api/workload_group.h"
#include "core/text/field.h"

struct mesh_proxy_config_address {
    struct field_at at;
    struct str address;
};

struct mesh_proxy_config_lightstep {
    struct field_at at;
    struct str address;
    struct str access_token;
};

struct mesh_proxy_config_stackdriver {
    struct field_at at;
    bool debug;
    struct field_opt max_number_of_attributes;
    struct field_opt max_number_of_annotations;
    struct field_opt max_number_of_message_events;
};

enum mesh_proxy_config_census_context {
    MESH_PROXY_CONFIG_CENSUS_CONTEXT_UNSPECIFIED = 0,
    MESH_PROXY_CONFIG_CENSUS_CONTEXT_W3C_TRACE_CONTEXT = 1,
    MESH_PROXY_CONFIG_CENSUS_CONTEXT_GRPC_BIN = 2,
    MESH_PROXY_CONFIG_CENSUS_CONTEXT_CLOUD_TRACE_CONTEXT = 3,
    MESH_PROXY_CONFIG_CENSUS_CONTEXT_B3 = 4,
};

struct mesh_proxy_config_census {
    struct field_at at;
    struct str address;
    int *context; /* enum mesh_proxy_config_census_context */
    size_t context_count;
};

struct mesh_proxy_config_tracing {
    struct field_at at;
    struct mesh_proxy_config_address *zipkin;
    struct mesh_proxy_config_lightstep *lightstep;
    struct mesh_proxy_config_address *datadog;
    struct mesh_proxy_config_stackdriver *stackdriver;
    struct mesh_proxy_config_census *open_census_agent;
    struct istio_telemetry_tag_entry *custom_tags;
    size_t custom_tags_count;
    int64_t max_path_tag_length;
    struct field_opt_double sampling;
    struct traffic_policy_tls *tls_settings;
    struct field_opt enable_istio_tags;
};

struct mesh_proxy_config_sds {
    struct field_at at;
    bool enabled;
    struct str k8s_sa_jwt_path;
};

struct mesh_proxy_config_remote {
    struct field_at at;
    struct str address;
    struct traffic_policy_tls *tls_settings;
    struct traffic_policy_keepalive *tcp_keepalive;
};

struct mesh_proxy_config_empty {
    struct field_at at;
};

enum mesh_proxy_config_xfcc {
    MESH_PROXY_CONFIG_XFCC_UNDEFINED = 0,
    MESH_PROXY_CONFIG_XFCC_SANITIZE = 1,
    MESH_PROXY_CONFIG_XFCC_FORWARD_ONLY = 2,
    MESH_PROXY_CONFIG_XFCC_APPEND_FORWARD = 3,
    MESH_PROXY_CONFIG_XFCC_SANITIZE_SET = 4,
    MESH_PROXY_CONFIG_XFCC_ALWAYS_FORWARD_ONLY = 5,
};

struct mesh_proxy_config_topology {
    struct field_at at;
    int64_t num_trusted_proxies;
    int forward_client_cert_details; /* enum mesh_proxy_config_xfcc */
    struct mesh_proxy_config_empty *proxy_protocol;
};

struct mesh_proxy_config_key_device {
    struct field_at at;
    struct field_opt poll_delay;
    struct field_opt fallback;
};

struct mesh_proxy_config_key_provider {
    struct field_at at;
    struct mesh_proxy_config_key_device *cryptomb;
    struct mesh_proxy_config_key_device *qat;
};

struct mesh_proxy_config_server {
    struct field_at at;
    struct field_opt disabled;
    struct str value;
};

struct mesh_proxy_config_disabled {
    struct field_at at;
    struct field_opt disabled;
};

struct mesh_proxy_config_enabled {
    struct field_at at;
    struct field_opt enabled;
};

enum mesh_proxy_config_exchange {
    MESH_PROXY_CONFIG_EXCHANGE_UNDEFINED = 0,
    MESH_PROXY_CONFIG_EXCHANGE_IN_MESH = 1,
};

struct mesh_proxy_config_exchange_headers {
    struct field_at at;
    int mode; /* enum mesh_proxy_config_exchange */
};

struct mesh_proxy_config_cert_details {
    struct field_at at;
    struct field_opt subject;
    struct field_opt cert;
    struct field_opt chain;
    struct field_opt dns;
    struct field_opt uri;
};

struct mesh_proxy_config_headers {
    struct field_at at;
    int forwarded_client_cert; /* enum mesh_proxy_config_xfcc */
    struct mesh_proxy_config_cert_details *set_current_client_cert_details;
    struct mesh_proxy_config_disabled *request_id;
    struct mesh_proxy_config_server *server;
    struct mesh_proxy_config_disabled *attempt_count;
    struct mesh_proxy_config_disabled *envoy_debug_headers;
    struct mesh_proxy_config_exchange_headers *metadata_exchange_headers;
    struct field_opt preserve_header_case;
    struct mesh_proxy_config_enabled *x_forwarded_host;
    struct mesh_proxy_config_enabled *x_forwarded_port;
};

struct mesh_proxy_config_stats {
    struct field_at at;
    struct str *inclusion_prefixes;
    size_t inclusion_prefixes_count;
    struct str *inclusion_suffixes;
    size_t inclusion_suffixes_count;
    struct str *inclusion_regexps;
    size_t inclusion_regexps_count;
};

enum mesh_proxy_config_profile {
    MESH_PROXY_CONFIG_PROFILE_SIDECAR = 0,
    MESH_PROXY_CONFIG_PROFILE_EDGE = 1,
};

enum mesh_proxy_config_underscores {
    MESH_PROXY_CONFIG_UNDERSCORES_HEADERS_WITH_UNDERSCORES_UNSPECIFIED = 0,
    MESH_PROXY_CONFIG_UNDERSCORES_HEADERS_WITH_UNDERSCORES_ALLOW = 1,
    MESH_PROXY_CONFIG_UNDERSCORES_HEADERS_WITH_UNDERSCORES_REJECT_REQUEST = 2,
    MESH_PROXY_CONFIG_UNDERSCORES_HEADERS_WITH_UNDERSCORES_DROP_HEADER = 3,
};

enum mesh_proxy_config_slashes {
    MESH_PROXY_CONFIG_SLASHES_PATH_WITH_ESCAPED_SLASHES_UNSPECIFIED = 0,
    MESH_PROXY_CONFIG_SLASHES_KEEP_UNCHANGED = 1,
    MESH_PROXY_CONFIG_SLASHES_REJECT_REQUEST = 2,
    MESH_PROXY_CONFIG_SLASHES_UNESCAPE_AND_REDIRECT = 3,
    MESH_PROXY_CONFIG_SLASHES_UNESCAPE_AND_FORWARD = 4,
};

struct mesh_proxy_config_connection {
    struct field_at at;
    int profile; /* enum mesh_proxy_config_profile */
    struct field_opt listener_per_connection_buffer_limit_bytes;
    struct field_opt cluster_per_connection_buffer_limit_bytes;
    struct field_opt http_idle_timeout;
    struct field_opt http_max_connection_duration;
    struct field_opt http_drain_timeout;
    struct field_opt http_request_timeout;
    struct field_opt http_request_headers_timeout;
    struct field_opt http_stream_idle_timeout;
    struct field_opt http_max_stream_duration;
    struct field_opt http_max_concurrent_streams;
    struct field_opt http2_initial_stream_window_size;
    struct field_opt http2_initial_connection_window_size;
    int http_headers_with_underscores_action; /* enum mesh_proxy_config_underscores */
    struct field_opt http_merge_slashes;
    int http_path_with_escaped_slashes_action; /* enum mesh_proxy_config_slashes */
    struct field_opt listener_connection_limit;
    struct field_opt global_downstream_connection_limit;
};

enum mesh_proxy_config_auth {
    MESH_PROXY_CONFIG_AUTH_NONE = 0,
    MESH_PROXY_CONFIG_AUTH_MUTUAL_TLS = 1,
    MESH_PROXY_CONFIG_AUTH_INHERIT = 1000,
};

enum mesh_proxy_config_tracing_name {
    MESH_PROXY_CONFIG_TRACING_NAME_APP_LABEL_AND_NAMESPACE = 0,
    MESH_PROXY_CONFIG_TRACING_NAME_CANONICAL_NAME_ONLY = 1,
    MESH_PROXY_CONFIG_TRACING_NAME_CANONICAL_NAME_AND_NAMESPACE = 2,
};

enum mesh_proxy_config_interception {
    MESH_PROXY_CONFIG_INTERCEPTION_REDIRECT = 0,
    MESH_PROXY_CONFIG_INTERCEPTION_TPROXY = 1,
    MESH_PROXY_CONFIG_INTERCEPTION_NONE = 2,
};

struct mesh_proxy_config_image {
    struct field_at at;
    struct str image_type;
};

struct mesh_proxy_config {
    struct field_at at;
    struct str config_path;
    struct str binary_path;
    struct str service_cluster;
    struct field_opt tracing_service_name; /* enum mesh_proxy_config_tracing_name */
    struct field_opt drain_duration;
    struct str discovery_address;
    struct field_opt discovery_refresh_delay;
    struct str zipkin_address;
    struct str statsd_udp_address;
    struct str envoy_metrics_service_address;
    int64_t proxy_admin_port;
    struct str availability_zone;
    int control_plane_auth_policy; /* enum mesh_proxy_config_auth */
    struct str custom_config_file;
    int64_t stat_name_length;
    struct field_opt concurrency;
    struct str proxy_bootstrap_template_path;
    int interception_mode; /* enum mesh_proxy_config_interception */
    struct mesh_proxy_config_tracing *tracing;
    struct mesh_proxy_config_sds *sds;
    struct mesh_proxy_config_remote *envoy_access_log_service;
    struct mesh_proxy_config_remote *envoy_metrics_service;
    struct field_pair *proxy_metadata;
    size_t proxy_metadata_count;
    struct field_pair *runtime_values;
    size_t runtime_values_count;
    int64_t status_port;
    struct str *extra_stat_tags;
    size_t extra_stat_tags_count;
    struct mesh_proxy_config_topology *gateway_topology;
    struct field_opt termination_drain_duration;
    struct str mesh_id;
    struct workload_group_probe *readiness_probe;
    struct mesh_proxy_config_stats *proxy_stats_matcher;
    struct field_opt hold_application_until_proxy_starts;
    struct str *ca_certificates_pem;
    size_t ca_certificates_pem_count;
    struct mesh_proxy_config_image *image;
    struct mesh_proxy_config_key_provider *private_key_provider;
    struct mesh_proxy_config_headers *proxy_headers;
    struct field_opt file_flush_interval;
    int64_t file_flush_min_size_kb;
    struct field_opt stats_compression;
    struct mesh_proxy_config_connection *connection_settings;
};

extern FIELD_DECLARE(mesh_proxy_config);

#endif
