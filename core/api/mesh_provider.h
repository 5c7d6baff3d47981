/* MeshConfig's extensionProviders: authorizers, tracers and logs outside of the proxies. */
#ifndef CORE_API_MESH_PROVIDER_H
#define CORE_API_MESH_PROVIDER_H

#include "core/text/field.h"

struct mesh_provider_body {
    struct field_at at;
    int64_t max_request_bytes;
    bool allow_partial_message;
    bool pack_as_bytes;
};

struct mesh_provider_authz_http {
    struct field_at at;
    struct str service;
    int64_t port;
    struct field_opt timeout;
    struct str path_prefix;
    bool fail_open;
    bool clear_route_cache;
    struct str status_on_error;
    struct str *include_headers_in_check;
    size_t include_headers_in_check_count;
    struct str *include_request_headers_in_check;
    size_t include_request_headers_in_check_count;
    struct field_pair *include_additional_headers_in_check;
    size_t include_additional_headers_in_check_count;
    struct mesh_provider_body *include_request_body_in_check;
    struct str *headers_to_upstream_on_allow;
    size_t headers_to_upstream_on_allow_count;
    struct str *headers_to_downstream_on_deny;
    size_t headers_to_downstream_on_deny_count;
    struct str *headers_to_downstream_on_allow;
    size_t headers_to_downstream_on_allow_count;
};

struct mesh_provider_authz_grpc {
    struct field_at at;
    struct str service;
    int64_t port;
    struct field_opt timeout;
    bool fail_open;
    bool clear_route_cache;
    struct str status_on_error;
    struct mesh_provider_body *include_request_body_in_check;
};

struct mesh_provider_header {
    struct field_at at;
    struct str name;
    struct str value;
    struct str env_name;
};

struct mesh_provider_http {
    struct field_at at;
    struct str path;
    struct field_opt timeout;
    struct mesh_provider_header *headers;
    size_t headers_count;
};

struct mesh_provider_grpc {
    struct field_at at;
    struct field_opt timeout;
    struct mesh_provider_header *initial_metadata;
    size_t initial_metadata_count;
};

enum mesh_provider_context {
    MESH_PROVIDER_CONTEXT_USE_B3 = 0,
    MESH_PROVIDER_CONTEXT_USE_B3_WITH_W3C_PROPAGATION = 1,
};

struct mesh_provider_zipkin {
    struct field_at at;
    struct str service;
    int64_t port;
    int64_t max_tag_length;
    bool enable64_bit_trace_id;
    struct str path;
    int trace_context_option; /* enum mesh_provider_context */
    struct field_opt timeout;
    struct mesh_provider_header *headers;
    size_t headers_count;
};

struct mesh_provider_lightstep {
    struct field_at at;
    struct str service;
    int64_t port;
    struct str access_token;
    int64_t max_tag_length;
};

struct mesh_provider_datadog {
    struct field_at at;
    struct str service;
    int64_t port;
    int64_t max_tag_length;
};

struct mesh_provider_skywalking {
    struct field_at at;
    struct str service;
    int64_t port;
    struct str access_token;
};

struct mesh_provider_stackdriver_logging {
    struct field_at at;
    struct field_pair *labels;
    size_t labels_count;
};

struct mesh_provider_stackdriver {
    struct field_at at;
    bool debug;
    struct field_opt max_number_of_attributes;
    struct field_opt max_number_of_annotations;
    struct field_opt max_number_of_message_events;
    int64_t max_tag_length;
    struct mesh_provider_stackdriver_logging *logging;
};

enum mesh_provider_census {
    MESH_PROVIDER_CENSUS_UNSPECIFIED = 0,
    MESH_PROVIDER_CENSUS_W3C_TRACE_CONTEXT = 1,
    MESH_PROVIDER_CENSUS_GRPC_BIN = 2,
    MESH_PROVIDER_CENSUS_CLOUD_TRACE_CONTEXT = 3,
    MESH_PROVIDER_CENSUS_B3 = 4,
};

struct mesh_provider_opencensus {
    struct field_at at;
    struct str service;
    int64_t port;
    int *context; /* enum mesh_provider_census */
    size_t context_count;
    int64_t max_tag_length;
};

struct mesh_provider_empty {
    struct field_at at;
};

struct mesh_provider_file_format {
    struct field_at at;
    struct str text;
    const struct node *labels;
};

struct mesh_provider_file {
    struct field_at at;
    struct str path;
    struct mesh_provider_file_format *log_format;
    bool omit_empty_values;
};

struct mesh_provider_http_als {
    struct field_at at;
    struct str service;
    int64_t port;
    struct str log_name;
    struct str *filter_state_objects_to_log;
    size_t filter_state_objects_to_log_count;
    struct str *additional_request_headers_to_log;
    size_t additional_request_headers_to_log_count;
    struct str *additional_response_headers_to_log;
    size_t additional_response_headers_to_log_count;
    struct str *additional_response_trailers_to_log;
    size_t additional_response_trailers_to_log_count;
};

struct mesh_provider_tcp_als {
    struct field_at at;
    struct str service;
    int64_t port;
    struct str log_name;
    struct str *filter_state_objects_to_log;
    size_t filter_state_objects_to_log_count;
};

struct mesh_provider_otel_format {
    struct field_at at;
    struct str text;
    const struct node *labels;
};

struct mesh_provider_otel_als {
    struct field_at at;
    struct str service;
    int64_t port;
    struct str log_name;
    struct mesh_provider_otel_format *log_format;
};

struct mesh_provider_dynatrace_api {
    struct field_at at;
    struct str service;
    int64_t port;
    struct mesh_provider_http *http;
};

struct mesh_provider_dynatrace {
    struct field_at at;
    struct str tenant;
    int64_t cluster_id;
    int64_t root_spans_per_minute;
    struct mesh_provider_dynatrace_api *http_service;
};

struct mesh_provider_detectors {
    struct field_at at;
    struct mesh_provider_empty *environment;
    struct mesh_provider_empty *dynatrace;
};

enum mesh_provider_enrichment {
    MESH_PROVIDER_ENRICHMENT_ISTIO_CANONICAL = 0,
    MESH_PROVIDER_ENRICHMENT_OTEL_SEMANTIC_CONVENTIONS = 1,
};

struct mesh_provider_otel {
    struct field_at at;
    struct str service;
    int64_t port;
    int64_t max_tag_length;
    struct mesh_provider_http *http;
    struct mesh_provider_grpc *grpc;
    struct mesh_provider_detectors *resource_detectors;
    int service_attribute_enrichment; /* enum mesh_provider_enrichment */
    struct mesh_provider_dynatrace *dynatrace_sampler;
};

struct mesh_provider_sds {
    struct field_at at;
    struct str name;
    struct str service;
    int64_t port;
};

struct mesh_provider {
    struct field_at at;
    struct str name;
    struct mesh_provider_authz_http *envoy_ext_authz_http;
    struct mesh_provider_authz_grpc *envoy_ext_authz_grpc;
    struct mesh_provider_zipkin *zipkin;
    struct mesh_provider_lightstep *lightstep;
    struct mesh_provider_datadog *datadog;
    struct mesh_provider_stackdriver *stackdriver;
    struct mesh_provider_opencensus *opencensus;
    struct mesh_provider_skywalking *skywalking;
    struct mesh_provider_otel *opentelemetry;
    struct mesh_provider_empty *prometheus;
    struct mesh_provider_file *envoy_file_access_log;
    struct mesh_provider_http_als *envoy_http_als;
    struct mesh_provider_tcp_als *envoy_tcp_als;
    struct mesh_provider_otel_als *envoy_otel_als;
    struct mesh_provider_sds *sds;
};

extern FIELD_DECLARE(mesh_provider);

#endif
