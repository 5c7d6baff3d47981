#include "core/api/mesh_provider.h"

#include "core/api/api_check.h"
#include "core/text/duration.h"

#define ZIPKIN "is used for trace headers, but spans are not sent to it yet"

static void check_otel(struct field_check *c, const void *message)
{
    const struct mesh_provider_otel *p = message;

    if (p->http && p->grpc)
        field_decode_error_at(c, "grpc", "\"http\" and \"grpc\" exclude each other");
}

static void check_path_prefix(struct field_check *c, const void *member)
{
    struct str text = *(const struct str *)member;

    if (text.len && text.p[0] != '/')
        field_decode_error(c, "must begin with '/'");
}

static void check_status(struct field_check *c, const void *member)
{
    struct str text = *(const struct str *)member;
    uint64_t status;

    if (text.len && (str_to_u64(text, 599, &status) != 0 || status < 200))
        field_decode_error(c, "must be an HTTP status, 200 to 599");
}

static void check_pattern(struct field_check *c, const void *member)
{
    struct str text = *(const struct str *)member;

    if (text.len == 0 || str_is(text, "*"))
        field_decode_error(c,
                           "must be a header's name, \"x-*\" or \"*-x\"; \"*\" alone is too wide");
}

/* clang-format off */
#define T struct mesh_provider_body
static const struct field mesh_provider_body_fields[] = {
    FIELD_UINT32(T, max_request_bytes, "maxRequestBytes", .proto = 1, .required = true, .min = 1, .max = 1 << 26, .help = "Bytes of the body that are kept for it; longer ones are refused."),
    FIELD_BOOL(T, allow_partial_message, "allowPartialMessage", .proto = 2, .default_text = "false", .help = "Send the first bytes instead of refusing."),
    FIELD_BOOL(T, pack_as_bytes, "packAsBytes", .proto = 3, .default_text = "false", .help = "Send it as bytes, not as UTF-8."),
};
static FIELD_MESSAGE(mesh_provider_body, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.EnvoyExternalAuthorizationRequestBody", .at = FIELD_AT(T, at), .help = "The body goes to the authorizer, too.");
#undef T

#define T struct mesh_provider_authz_http
static const struct field mesh_provider_authz_http_fields[] = {
    FIELD_STR(T, service, "service", .proto = 1, .required = true, .check = api_check_not_empty, .help = "Service that is asked, [namespace/]host."),
    FIELD_UINT32(T, port, "port", .proto = 2, .required = true, .min = 1, .max = 65535, .help = "Its port."),
    FIELD_DURATION(T, timeout, "timeout", .proto = 9, .min = DURATION_MS, .default_text = "600s", .help = "Time for its answer."),
    FIELD_STR(T, path_prefix, "pathPrefix", .proto = 3, .check = check_path_prefix, .help = "What the path begins with on the way to it."),
    FIELD_BOOL(T, fail_open, "failOpen", .proto = 4, .default_text = "false", .help = "Let requests pass when it cannot be asked."),
    FIELD_BOOL(T, clear_route_cache, "clearRouteCache", .proto = 14, .default_text = "false", .help = "What it changes counts for the choice of the route."),
    FIELD_STR(T, status_on_error, "statusOnError", .proto = 5, .check = check_status, .default_text = "403", .help = "Status when it cannot be asked."),
    FIELD_LIST_STR(T, include_headers_in_check, "includeHeadersInCheck", .proto = 6, .check = check_pattern, .deprecated = true, .help = "Use includeRequestHeadersInCheck."),
    FIELD_LIST_STR(T, include_request_headers_in_check, "includeRequestHeadersInCheck", .proto = 10, .check = check_pattern, .help = "Headers of the request that it gets; '*' at either end."),
    FIELD_MAP_STR(T, include_additional_headers_in_check, "includeAdditionalHeadersInCheck", .proto = 11, .help = "Headers to add on the way to it."),
    FIELD_MSG(T, include_request_body_in_check, "includeRequestBodyInCheck", mesh_provider_body, .proto = 12, .help = "The body goes to it, too."),
    FIELD_LIST_STR(T, headers_to_upstream_on_allow, "headersToUpstreamOnAllow", .proto = 7, .check = check_pattern, .help = "Headers of its answer that go upstream."),
    FIELD_LIST_STR(T, headers_to_downstream_on_deny, "headersToDownstreamOnDeny", .proto = 8, .check = check_pattern, .help = "Headers of its answer that clients get when it says no."),
    FIELD_LIST_STR(T, headers_to_downstream_on_allow, "headersToDownstreamOnAllow", .proto = 13, .check = check_pattern, .help = "Headers of its answer that clients get when it says yes."),
};
static FIELD_MESSAGE(mesh_provider_authz_http, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.EnvoyExternalAuthorizationHttpProvider", .at = FIELD_AT(T, at), .help = "An authorizer that is asked by HTTP.");
#undef T

#define T struct mesh_provider_authz_grpc
static const struct field mesh_provider_authz_grpc_fields[] = {
    FIELD_STR(T, service, "service", .proto = 1, .required = true, .check = api_check_not_empty, .help = "Service that is asked, [namespace/]host."),
    FIELD_UINT32(T, port, "port", .proto = 2, .required = true, .min = 1, .max = 65535, .help = "Its port."),
    FIELD_DURATION(T, timeout, "timeout", .proto = 5, .min = DURATION_MS, .default_text = "600s", .help = "Time for its answer."),
    FIELD_BOOL(T, fail_open, "failOpen", .proto = 3, .default_text = "false", .help = "Let requests pass when it cannot be asked."),
    FIELD_BOOL(T, clear_route_cache, "clearRouteCache", .proto = 7, .default_text = "false", .help = "What it changes counts for the choice of the route."),
    FIELD_STR(T, status_on_error, "statusOnError", .proto = 4, .check = check_status, .default_text = "403", .help = "Status when it cannot be asked."),
    FIELD_MSG(T, include_request_body_in_check, "includeRequestBodyInCheck", mesh_provider_body, .proto = 6, .help = "The body goes to it, too."),
};
static FIELD_MESSAGE(mesh_provider_authz_grpc, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.EnvoyExternalAuthorizationGrpcProvider", .at = FIELD_AT(T, at), .help = "An authorizer that is asked by gRPC.");
#undef T

#define T struct mesh_provider_header
static const struct field mesh_provider_header_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .required = true, .check = api_check_header_name, .help = "Its name."),
    FIELD_STR(T, value, "value", .proto = 2, .oneof = 1, .help = "Its value."),
    FIELD_STR(T, env_name, "envName", .proto = 3, .oneof = 1, .help = "Variable of the environment that holds its value."),
};
static FIELD_MESSAGE(mesh_provider_header, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.HttpHeader", .at = FIELD_AT(T, at), .help = "A header.");
#undef T

#define T struct mesh_provider_http
static const struct field mesh_provider_http_fields[] = {
    FIELD_STR(T, path, "path", .proto = 1, .help = "Path to post to."),
    FIELD_DURATION(T, timeout, "timeout", .proto = 2, .min = DURATION_MS, .default_text = "3s", .help = "Time for an answer."),
    FIELD_LIST_MSG(T, headers, "headers", mesh_provider_header, .proto = 3, .help = "Headers to send."),
};
static FIELD_MESSAGE(mesh_provider_http, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.HttpService", .at = FIELD_AT(T, at), .help = "Spans go by HTTP.");
#undef T

#define T struct mesh_provider_grpc
static const struct field mesh_provider_grpc_fields[] = {
    FIELD_DURATION(T, timeout, "timeout", .proto = 1, .min = DURATION_MS, .help = "Time for an answer."),
    FIELD_LIST_MSG(T, initial_metadata, "initialMetadata", mesh_provider_header, .proto = 2, .help = "Metadata to send."),
};
static FIELD_MESSAGE(mesh_provider_grpc, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.GrpcService", .at = FIELD_AT(T, at), .help = "Spans go by gRPC.");
#undef T

static const struct field_enum_name mesh_provider_context_names[] = {
    { "USE_B3", MESH_PROVIDER_CONTEXT_USE_B3, "B3 headers." },
    { "USE_B3_WITH_W3C_PROPAGATION", MESH_PROVIDER_CONTEXT_USE_B3_WITH_W3C_PROPAGATION, "B3 and traceparent." },
};
static FIELD_ENUM_TABLE(mesh_provider_context, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.ZipkinTracingProvider.TraceContextOption");

#define T struct mesh_provider_zipkin
static const struct field mesh_provider_zipkin_fields[] = {
    FIELD_STR(T, service, "service", .proto = 1, .required = true, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "Service that is asked, [namespace/]host."),
    FIELD_UINT32(T, port, "port", .proto = 2, .required = true, .min = 1, .max = 65535, .enforced = FIELD_NOT_ENFORCED, .help = "Its port."),
    FIELD_UINT32(T, max_tag_length, "maxTagLength", .proto = 3, .default_text = "256", .enforced = FIELD_NOT_ENFORCED, .help = "Bytes of a tag, at most."),
    FIELD_BOOL(T, enable64_bit_trace_id, "enable64bitTraceId", .proto = 4, .default_text = "false", .enforced = FIELD_NOT_ENFORCED, .help = "Trace ids of 64 bits."),
    FIELD_STR(T, path, "path", .proto = 5, .default_text = "/api/v2/spans", .enforced = FIELD_NOT_ENFORCED, .help = "Path to post to."),
    FIELD_ENUM(T, trace_context_option, "traceContextOption", mesh_provider_context, .proto = 6, .default_text = "USE_B3", .enforced = FIELD_NOT_ENFORCED, .help = "Which headers carry the trace."),
    FIELD_DURATION(T, timeout, "timeout", .proto = 7, .min = DURATION_MS, .default_text = "5s", .enforced = FIELD_NOT_ENFORCED, .help = "Time for an answer."),
    FIELD_LIST_MSG(T, headers, "headers", mesh_provider_header, .proto = 8, .enforced = FIELD_NOT_ENFORCED, .help = "Headers to send."),
};
static FIELD_MESSAGE(mesh_provider_zipkin, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.ZipkinTracingProvider", .at = FIELD_AT(T, at), .help = "Spans go to Zipkin.");
#undef T

#define T struct mesh_provider_lightstep
static const struct field mesh_provider_lightstep_fields[] = {
    FIELD_STR(T, service, "service", .proto = 1, .required = true, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "Service that is asked, [namespace/]host."),
    FIELD_UINT32(T, port, "port", .proto = 2, .required = true, .min = 1, .max = 65535, .enforced = FIELD_NOT_ENFORCED, .help = "Its port."),
    FIELD_STR(T, access_token, "accessToken", .proto = 3, .enforced = FIELD_NOT_ENFORCED, .help = "Token to send."),
    FIELD_UINT32(T, max_tag_length, "maxTagLength", .proto = 4, .default_text = "256", .enforced = FIELD_NOT_ENFORCED, .help = "Bytes of a tag, at most."),
};
static FIELD_MESSAGE(mesh_provider_lightstep, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.LightstepTracingProvider", .at = FIELD_AT(T, at), .help = "Spans go to Lightstep.");
#undef T

#define T struct mesh_provider_datadog
static const struct field mesh_provider_datadog_fields[] = {
    FIELD_STR(T, service, "service", .proto = 1, .required = true, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "Service that is asked, [namespace/]host."),
    FIELD_UINT32(T, port, "port", .proto = 2, .required = true, .min = 1, .max = 65535, .enforced = FIELD_NOT_ENFORCED, .help = "Its port."),
    FIELD_UINT32(T, max_tag_length, "maxTagLength", .proto = 3, .default_text = "256", .enforced = FIELD_NOT_ENFORCED, .help = "Bytes of a tag, at most."),
};
static FIELD_MESSAGE(mesh_provider_datadog, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.DatadogTracingProvider", .at = FIELD_AT(T, at), .help = "Spans go to Datadog.");
#undef T

#define T struct mesh_provider_skywalking
static const struct field mesh_provider_skywalking_fields[] = {
    FIELD_STR(T, service, "service", .proto = 1, .required = true, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "Service that is asked, [namespace/]host."),
    FIELD_UINT32(T, port, "port", .proto = 2, .required = true, .min = 1, .max = 65535, .enforced = FIELD_NOT_ENFORCED, .help = "Its port."),
    FIELD_STR(T, access_token, "accessToken", .proto = 3, .enforced = FIELD_NOT_ENFORCED, .help = "Token to send."),
};
static FIELD_MESSAGE(mesh_provider_skywalking, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.SkyWalkingTracingProvider", .at = FIELD_AT(T, at), .help = "Spans go to SkyWalking.");
#undef T

#define T struct mesh_provider_stackdriver_logging
static const struct field mesh_provider_stackdriver_logging_fields[] = {
    FIELD_MAP_STR(T, labels, "labels", .proto = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Labels to add, CEL expressions."),
};
static FIELD_MESSAGE(mesh_provider_stackdriver_logging, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.StackdriverProvider.Logging", .at = FIELD_AT(T, at), .help = "Lines for Stackdriver.");
#undef T

#define T struct mesh_provider_stackdriver
static const struct field mesh_provider_stackdriver_fields[] = {
    FIELD_BOOL(T, debug, "debug", .proto = 1, .deprecated = true, .enforced = FIELD_NOT_ENFORCED, .help = "Print spans."),
    FIELD_OPT_INT(T, max_number_of_attributes, "maxNumberOfAttributes", .proto = 2, .wrapper = true, .deprecated = true, .json_string = true, .enforced = FIELD_NOT_ENFORCED, .help = "Attributes of a span, at most."),
    FIELD_OPT_INT(T, max_number_of_annotations, "maxNumberOfAnnotations", .proto = 3, .wrapper = true, .deprecated = true, .json_string = true, .enforced = FIELD_NOT_ENFORCED, .help = "Annotations of a span, at most."),
    FIELD_OPT_INT(T, max_number_of_message_events, "maxNumberOfMessageEvents", .proto = 4, .wrapper = true, .deprecated = true, .json_string = true, .enforced = FIELD_NOT_ENFORCED, .help = "Events of a span, at most."),
    FIELD_UINT32(T, max_tag_length, "maxTagLength", .proto = 5, .default_text = "256", .enforced = FIELD_NOT_ENFORCED, .help = "Bytes of a tag, at most."),
    FIELD_MSG(T, logging, "logging", mesh_provider_stackdriver_logging, .proto = 6, .enforced = FIELD_NOT_ENFORCED, .help = "Lines."),
};
static FIELD_MESSAGE(mesh_provider_stackdriver, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.StackdriverProvider", .at = FIELD_AT(T, at), .help = "Google Cloud.");
#undef T

static const struct field_enum_name mesh_provider_census_names[] = {
    { "UNSPECIFIED", MESH_PROVIDER_CENSUS_UNSPECIFIED, "None." },
    { "W3C_TRACE_CONTEXT", MESH_PROVIDER_CENSUS_W3C_TRACE_CONTEXT, "traceparent." },
    { "GRPC_BIN", MESH_PROVIDER_CENSUS_GRPC_BIN, "grpc-trace-bin." },
    { "CLOUD_TRACE_CONTEXT", MESH_PROVIDER_CENSUS_CLOUD_TRACE_CONTEXT, "X-Cloud-Trace-Context." },
    { "B3", MESH_PROVIDER_CENSUS_B3, "B3 headers." },
};
static FIELD_ENUM_TABLE(mesh_provider_census, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.OpenCensusAgentTracingProvider.TraceContext");

#define T struct mesh_provider_opencensus
static const struct field mesh_provider_opencensus_fields[] = {
    FIELD_STR(T, service, "service", .proto = 1, .required = true, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "Service that is asked, [namespace/]host."),
    FIELD_UINT32(T, port, "port", .proto = 2, .required = true, .min = 1, .max = 65535, .enforced = FIELD_NOT_ENFORCED, .help = "Its port."),
    FIELD_LIST_ENUM(T, context, "context", mesh_provider_census, .proto = 3, .enforced = FIELD_NOT_ENFORCED, .help = "Which headers carry the trace."),
    FIELD_UINT32(T, max_tag_length, "maxTagLength", .proto = 4, .default_text = "256", .enforced = FIELD_NOT_ENFORCED, .help = "Bytes of a tag, at most."),
};
static FIELD_MESSAGE(mesh_provider_opencensus, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.OpenCensusAgentTracingProvider", .at = FIELD_AT(T, at), .help = "Spans go to an OpenCensus agent.");
#undef T

#define T struct mesh_provider_empty
static FIELD_MESSAGE_EMPTY(mesh_provider_empty, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.PrometheusMetricsProvider", .at = FIELD_AT(T, at), .help = "Without settings.");
#undef T

#define T struct mesh_provider_file_format
static const struct field mesh_provider_file_format_fields[] = {
    FIELD_STR(T, text, "text", .proto = 1, .oneof = 1, .help = "As text, with operators as %REQ(:PATH)%."),
    FIELD_JSON(T, labels, "labels", .proto = 2, .oneof = 1, .help = "As JSON, a value with operators per name."),
};
static FIELD_MESSAGE(mesh_provider_file_format, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.EnvoyFileAccessLogProvider.LogFormat", .at = FIELD_AT(T, at), .help = "How a line looks.");
#undef T

#define T struct mesh_provider_file
static const struct field mesh_provider_file_fields[] = {
    FIELD_STR(T, path, "path", .proto = 1, .required = true, .default_text = "/dev/stdout", .help = "The file."),
    FIELD_MSG(T, log_format, "logFormat", mesh_provider_file_format, .proto = 2, .default_text = "Istio's", .help = "How a line looks."),
    FIELD_BOOL(T, omit_empty_values, "omitEmptyValues", .proto = 3, .default_text = "false", .help = "Leave out what is not known."),
};
static FIELD_MESSAGE(mesh_provider_file, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.EnvoyFileAccessLogProvider", .at = FIELD_AT(T, at), .help = "Lines go to a file.");
#undef T

#define T struct mesh_provider_http_als
static const struct field mesh_provider_http_als_fields[] = {
    FIELD_STR(T, service, "service", .proto = 1, .required = true, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "Service that is asked, [namespace/]host."),
    FIELD_UINT32(T, port, "port", .proto = 2, .required = true, .min = 1, .max = 65535, .enforced = FIELD_NOT_ENFORCED, .help = "Its port."),
    FIELD_STR(T, log_name, "logName", .proto = 3, .default_text = "http_envoy_accesslog", .enforced = FIELD_NOT_ENFORCED, .help = "Name of the log."),
    FIELD_LIST_STR(T, filter_state_objects_to_log, "filterStateObjectsToLog", .proto = 4, .enforced = FIELD_NOT_ENFORCED, .help = "Has no meaning here."),
    FIELD_LIST_STR(T, additional_request_headers_to_log, "additionalRequestHeadersToLog", .proto = 5, .enforced = FIELD_NOT_ENFORCED, .help = "More headers of requests."),
    FIELD_LIST_STR(T, additional_response_headers_to_log, "additionalResponseHeadersToLog", .proto = 6, .enforced = FIELD_NOT_ENFORCED, .help = "More headers of responses."),
    FIELD_LIST_STR(T, additional_response_trailers_to_log, "additionalResponseTrailersToLog", .proto = 7, .enforced = FIELD_NOT_ENFORCED, .help = "More trailers of responses."),
};
static FIELD_MESSAGE(mesh_provider_http_als, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.EnvoyHttpGrpcV3LogProvider", .at = FIELD_AT(T, at), .help = "Entries of requests go by gRPC.");
#undef T

#define T struct mesh_provider_tcp_als
static const struct field mesh_provider_tcp_als_fields[] = {
    FIELD_STR(T, service, "service", .proto = 1, .required = true, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "Service that is asked, [namespace/]host."),
    FIELD_UINT32(T, port, "port", .proto = 2, .required = true, .min = 1, .max = 65535, .enforced = FIELD_NOT_ENFORCED, .help = "Its port."),
    FIELD_STR(T, log_name, "logName", .proto = 3, .default_text = "tcp_envoy_accesslog", .enforced = FIELD_NOT_ENFORCED, .help = "Name of the log."),
    FIELD_LIST_STR(T, filter_state_objects_to_log, "filterStateObjectsToLog", .proto = 4, .enforced = FIELD_NOT_ENFORCED, .help = "Has no meaning here."),
};
static FIELD_MESSAGE(mesh_provider_tcp_als, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.EnvoyTcpGrpcV3LogProvider", .at = FIELD_AT(T, at), .help = "Entries of connections go by gRPC.");
#undef T

#define T struct mesh_provider_otel_format
static const struct field mesh_provider_otel_format_fields[] = {
    FIELD_STR(T, text, "text", .proto = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Its body, with operators."),
    FIELD_JSON(T, labels, "labels", .proto = 2, .enforced = FIELD_NOT_ENFORCED, .help = "Its attributes, a value with operators per name."),
};
static FIELD_MESSAGE(mesh_provider_otel_format, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.EnvoyOpenTelemetryLogProvider.LogFormat", .at = FIELD_AT(T, at), .help = "How an entry looks.");
#undef T

#define T struct mesh_provider_otel_als
static const struct field mesh_provider_otel_als_fields[] = {
    FIELD_STR(T, service, "service", .proto = 1, .required = true, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "Service that is asked, [namespace/]host."),
    FIELD_UINT32(T, port, "port", .proto = 2, .required = true, .min = 1, .max = 65535, .enforced = FIELD_NOT_ENFORCED, .help = "Its port."),
    FIELD_STR(T, log_name, "logName", .proto = 3, .default_text = "otel_envoy_accesslog", .enforced = FIELD_NOT_ENFORCED, .help = "Name of the log."),
    FIELD_MSG(T, log_format, "logFormat", mesh_provider_otel_format, .proto = 4, .enforced = FIELD_NOT_ENFORCED, .help = "How an entry looks."),
};
static FIELD_MESSAGE(mesh_provider_otel_als, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.EnvoyOpenTelemetryLogProvider", .at = FIELD_AT(T, at), .help = "Entries go to OpenTelemetry.");
#undef T

#define T struct mesh_provider_dynatrace_api
static const struct field mesh_provider_dynatrace_api_fields[] = {
    FIELD_STR(T, service, "service", .proto = 1, .required = true, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "Service that is asked, [namespace/]host."),
    FIELD_UINT32(T, port, "port", .proto = 2, .required = true, .min = 1, .max = 65535, .enforced = FIELD_NOT_ENFORCED, .help = "Its port."),
    FIELD_MSG(T, http, "http", mesh_provider_http, .proto = 3, .enforced = FIELD_NOT_ENFORCED, .help = "Path, headers and time."),
};
static FIELD_MESSAGE(mesh_provider_dynatrace_api, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.OpenTelemetryTracingProvider.DynatraceSampler.DynatraceApi", .at = FIELD_AT(T, at), .help = "Where to ask.");
#undef T

#define T struct mesh_provider_dynatrace
static const struct field mesh_provider_dynatrace_fields[] = {
    FIELD_STR(T, tenant, "tenant", .proto = 1, .required = true, .enforced = FIELD_NOT_ENFORCED, .help = "Tenant."),
    FIELD_INT32(T, cluster_id, "clusterId", .proto = 2, .required = true, .min = INT32_MIN, .max = INT32_MAX, .enforced = FIELD_NOT_ENFORCED, .help = "Cluster."),
    FIELD_UINT32(T, root_spans_per_minute, "rootSpansPerMinute", .proto = 3, .default_text = "1000", .enforced = FIELD_NOT_ENFORCED, .help = "Traces a minute when it cannot be asked."),
    FIELD_MSG(T, http_service, "httpService", mesh_provider_dynatrace_api, .proto = 4, .enforced = FIELD_NOT_ENFORCED, .help = "Where to ask."),
};
static FIELD_MESSAGE(mesh_provider_dynatrace, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.OpenTelemetryTracingProvider.DynatraceSampler", .at = FIELD_AT(T, at), .help = "Dynatrace decides what is sampled.");
#undef T

#define T struct mesh_provider_detectors
static const struct field mesh_provider_detectors_fields[] = {
    FIELD_MSG(T, environment, "environment", mesh_provider_empty, .proto = 1, .enforced = FIELD_NOT_ENFORCED, .help = "From OTEL_RESOURCE_ATTRIBUTES."),
    FIELD_MSG(T, dynatrace, "dynatrace", mesh_provider_empty, .proto = 2, .enforced = FIELD_NOT_ENFORCED, .help = "From Dynatrace's files."),
};
static FIELD_MESSAGE(mesh_provider_detectors, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.ResourceDetectors", .at = FIELD_AT(T, at), .help = "Where attributes of the resource come from.");
#undef T

static const struct field_enum_name mesh_provider_enrichment_names[] = {
    { "ISTIO_CANONICAL", MESH_PROVIDER_ENRICHMENT_ISTIO_CANONICAL, "Istio's canonical name." },
    { "OTEL_SEMANTIC_CONVENTIONS", MESH_PROVIDER_ENRICHMENT_OTEL_SEMANTIC_CONVENTIONS, "By OpenTelemetry's rules." },
};
static FIELD_ENUM_TABLE(mesh_provider_enrichment, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.ServiceAttributeEnrichment");

#define T struct mesh_provider_otel
static const struct field mesh_provider_otel_fields[] = {
    FIELD_STR(T, service, "service", .proto = 1, .required = true, .check = api_check_not_empty, .help = "Service that is asked, [namespace/]host."),
    FIELD_UINT32(T, port, "port", .proto = 2, .required = true, .min = 1, .max = 65535, .help = "Its port."),
    FIELD_UINT32(T, max_tag_length, "maxTagLength", .proto = 3, .default_text = "256", .help = "Bytes of a tag, at most."),
    FIELD_MSG(T, http, "http", mesh_provider_http, .proto = 4, .help = "By HTTP."),
    FIELD_MSG(T, grpc, "grpc", mesh_provider_grpc, .proto = 7, .help = "By gRPC, with this."),
    FIELD_MSG(T, resource_detectors, "resourceDetectors", mesh_provider_detectors, .proto = 5, .enforced = FIELD_NOT_ENFORCED, .help = "Where attributes of the resource come from."),
    FIELD_ENUM(T, service_attribute_enrichment, "serviceAttributeEnrichment", mesh_provider_enrichment, .proto = 8, .default_text = "ISTIO_CANONICAL", .enforced = FIELD_NOT_ENFORCED, .help = "What service.name is."),
    FIELD_MSG(T, dynatrace_sampler, "dynatraceSampler", mesh_provider_dynatrace, .proto = 6, .enforced = FIELD_NOT_ENFORCED, .help = "Dynatrace decides what is sampled."),
};
static FIELD_MESSAGE(mesh_provider_otel, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.OpenTelemetryTracingProvider", .at = FIELD_AT(T, at), .check = check_otel, .help = "Spans go to OpenTelemetry.");
#undef T

#define T struct mesh_provider_sds
static const struct field mesh_provider_sds_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .required = true, .enforced = FIELD_NOT_ENFORCED, .help = "Name of the provider."),
    FIELD_STR(T, service, "service", .proto = 2, .required = true, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "Service that is asked, [namespace/]host."),
    FIELD_UINT32(T, port, "port", .proto = 3, .required = true, .min = 1, .max = 65535, .enforced = FIELD_NOT_ENFORCED, .help = "Its port."),
};
static FIELD_MESSAGE(mesh_provider_sds, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider.SDSProvider", .at = FIELD_AT(T, at), .help = "Secrets by name.");
#undef T

#define T struct mesh_provider
static const struct field mesh_provider_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .required = true, .check = api_check_not_empty, .help = "Name that others use."),
    FIELD_MSG(T, envoy_ext_authz_http, "envoyExtAuthzHttp", mesh_provider_authz_http, .proto = 2, .oneof = 1, .help = "An authorizer that is asked by HTTP."),
    FIELD_MSG(T, envoy_ext_authz_grpc, "envoyExtAuthzGrpc", mesh_provider_authz_grpc, .proto = 3, .oneof = 1, .help = "An authorizer that is asked by gRPC."),
    FIELD_MSG(T, zipkin, "zipkin", mesh_provider_zipkin, .proto = 4, .oneof = 1, .enforced = ZIPKIN, .help = "Spans go to Zipkin."),
    FIELD_MSG(T, lightstep, "lightstep", mesh_provider_lightstep, .proto = 5, .oneof = 1, .deprecated = true, .enforced = FIELD_NOT_ENFORCED, .help = "Spans go to Lightstep."),
    FIELD_MSG(T, datadog, "datadog", mesh_provider_datadog, .proto = 6, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Spans go to Datadog."),
    FIELD_MSG(T, stackdriver, "stackdriver", mesh_provider_stackdriver, .proto = 7, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Google Cloud."),
    FIELD_MSG(T, opencensus, "opencensus", mesh_provider_opencensus, .proto = 8, .oneof = 1, .deprecated = true, .enforced = FIELD_NOT_ENFORCED, .help = "Spans go to an OpenCensus agent."),
    FIELD_MSG(T, skywalking, "skywalking", mesh_provider_skywalking, .proto = 9, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Spans go to SkyWalking."),
    FIELD_MSG(T, opentelemetry, "opentelemetry", mesh_provider_otel, .proto = 15, .oneof = 1, .help = "Spans go to OpenTelemetry."),
    FIELD_MSG(T, prometheus, "prometheus", mesh_provider_empty, .proto = 10, .oneof = 1, .help = "Metrics that Prometheus collects."),
    FIELD_MSG(T, envoy_file_access_log, "envoyFileAccessLog", mesh_provider_file, .proto = 11, .oneof = 1, .help = "Lines go to a file."),
    FIELD_MSG(T, envoy_http_als, "envoyHttpAls", mesh_provider_http_als, .proto = 12, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Entries of requests go by gRPC."),
    FIELD_MSG(T, envoy_tcp_als, "envoyTcpAls", mesh_provider_tcp_als, .proto = 13, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Entries of connections go by gRPC."),
    FIELD_MSG(T, envoy_otel_als, "envoyOtelAls", mesh_provider_otel_als, .proto = 14, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Entries go to OpenTelemetry."),
    FIELD_MSG(T, sds, "sds", mesh_provider_sds, .proto = 16, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Secrets by name."),
};
FIELD_MESSAGE(mesh_provider, "istio.mesh.v1alpha1.MeshConfig.ExtensionProvider", .at = FIELD_AT(T, at), .oneof_required = 1 << 1, .help = "Something outside of the proxies that they use, by name.");
#undef T
/* clang-format on */
