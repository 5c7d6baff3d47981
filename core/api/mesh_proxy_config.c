#include "core/api/mesh_proxy_config.h"

#include "core/api/api_check.h"

#define NO_ENVOY   "has no meaning here: there is no Envoy"
#define NO_IMAGE   "has no meaning here: there is one program, no image of a proxy"
#define NO_ADDRESS "is not read: proxies are told their control by --control"
#define NO_CONTROL "is not read: control is always asked over mTLS, or on its own machine"
#define NO_WORKERS "is not read: proxies are told by --workers"
#define NO_HOLD    "is not read: mesh run starts the application behind the proxy always"
#define NO_FLAG(f) "is not read: proxies are told by --" f

/* clang-format off */
#define T struct mesh_proxy_config_address
static const struct field mesh_proxy_config_address_fields[] = {
    FIELD_STR(T, address, "address", .proto = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Its address."),
};
static FIELD_MESSAGE(mesh_proxy_config_address, "istio.mesh.v1alpha1.Tracing.Zipkin", .at = FIELD_AT(T, at), .help = "An address.");
#undef T

#define T struct mesh_proxy_config_lightstep
static const struct field mesh_proxy_config_lightstep_fields[] = {
    FIELD_STR(T, address, "address", .proto = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Its address."),
    FIELD_STR(T, access_token, "accessToken", .proto = 2, .enforced = FIELD_NOT_ENFORCED, .help = "Token to send."),
};
static FIELD_MESSAGE(mesh_proxy_config_lightstep, "istio.mesh.v1alpha1.Tracing.Lightstep", .at = FIELD_AT(T, at), .help = "Lightstep.");
#undef T

#define T struct mesh_proxy_config_stackdriver
static const struct field mesh_proxy_config_stackdriver_fields[] = {
    FIELD_BOOL(T, debug, "debug", .proto = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Print spans."),
    FIELD_OPT_INT(T, max_number_of_attributes, "maxNumberOfAttributes", .proto = 2, .wrapper = true, .json_string = true, .enforced = FIELD_NOT_ENFORCED, .help = "Attributes of a span, at most."),
    FIELD_OPT_INT(T, max_number_of_annotations, "maxNumberOfAnnotations", .proto = 3, .wrapper = true, .json_string = true, .enforced = FIELD_NOT_ENFORCED, .help = "Annotations of a span, at most."),
    FIELD_OPT_INT(T, max_number_of_message_events, "maxNumberOfMessageEvents", .proto = 4, .wrapper = true, .json_string = true, .enforced = FIELD_NOT_ENFORCED, .help = "Events of a span, at most."),
};
static FIELD_MESSAGE(mesh_proxy_config_stackdriver, "istio.mesh.v1alpha1.Tracing.Stackdriver", .at = FIELD_AT(T, at), .help = "Google Cloud.");
#undef T

static const struct field_enum_name mesh_proxy_config_census_context_names[] = {
    { "UNSPECIFIED", MESH_PROXY_CONFIG_CENSUS_CONTEXT_UNSPECIFIED, "None." },
    { "W3C_TRACE_CONTEXT", MESH_PROXY_CONFIG_CENSUS_CONTEXT_W3C_TRACE_CONTEXT, "traceparent." },
    { "GRPC_BIN", MESH_PROXY_CONFIG_CENSUS_CONTEXT_GRPC_BIN, "grpc-trace-bin." },
    { "CLOUD_TRACE_CONTEXT", MESH_PROXY_CONFIG_CENSUS_CONTEXT_CLOUD_TRACE_CONTEXT, "X-Cloud-Trace-Context." },
    { "B3", MESH_PROXY_CONFIG_CENSUS_CONTEXT_B3, "B3 headers." },
};
static FIELD_ENUM_TABLE(mesh_proxy_config_census_context, "istio.mesh.v1alpha1.Tracing.OpenCensusAgent.TraceContext");

#define T struct mesh_proxy_config_census
static const struct field mesh_proxy_config_census_fields[] = {
    FIELD_STR(T, address, "address", .proto = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Its address."),
    FIELD_LIST_ENUM(T, context, "context", mesh_proxy_config_census_context, .proto = 2, .enforced = FIELD_NOT_ENFORCED, .help = "Which headers carry the trace."),
};
static FIELD_MESSAGE(mesh_proxy_config_census, "istio.mesh.v1alpha1.Tracing.OpenCensusAgent", .at = FIELD_AT(T, at), .help = "An OpenCensus agent.");
#undef T

#define T struct mesh_proxy_config_tracing
static const struct field mesh_proxy_config_tracing_fields[] = {
    FIELD_MSG(T, zipkin, "zipkin", mesh_proxy_config_address, .proto = 1, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Zipkin."),
    FIELD_MSG(T, lightstep, "lightstep", mesh_proxy_config_lightstep, .proto = 2, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Lightstep."),
    FIELD_MSG(T, datadog, "datadog", mesh_proxy_config_address, .proto = 3, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Datadog."),
    FIELD_MSG(T, stackdriver, "stackdriver", mesh_proxy_config_stackdriver, .proto = 4, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Google Cloud."),
    FIELD_MSG(T, open_census_agent, "openCensusAgent", mesh_proxy_config_census, .proto = 9, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "An OpenCensus agent."),
    FIELD_MAP_MSG(T, custom_tags, "customTags", istio_telemetry_tag_entry, istio_telemetry_tag, .proto = 5, .enforced = FIELD_NOT_ENFORCED, .help = "Tags to add to spans."),
    FIELD_UINT32(T, max_path_tag_length, "maxPathTagLength", .proto = 6, .default_text = "256", .enforced = FIELD_NOT_ENFORCED, .help = "Bytes of the path's tag, at most."),
    FIELD_OPT_DOUBLE(T, sampling, "sampling", .proto = 7, .max = 100, .default_text = "1", .help = "Share of the requests that get a trace, in percent."),
    FIELD_MSG(T, tls_settings, "tlsSettings", traffic_policy_tls, .proto = 8, .enforced = FIELD_NOT_ENFORCED, .help = "TLS towards the tracer."),
    FIELD_OPT_BOOL(T, enable_istio_tags, "enableIstioTags", .proto = 10, .wrapper = true, .default_text = "true", .enforced = FIELD_NOT_ENFORCED, .help = "Whether spans get Istio's tags."),
};
static FIELD_MESSAGE(mesh_proxy_config_tracing, "istio.mesh.v1alpha1.Tracing", .at = FIELD_AT(T, at), .help = "Traces, the old way.");
#undef T

#define T struct mesh_proxy_config_sds
static const struct field mesh_proxy_config_sds_fields[] = {
    FIELD_BOOL(T, enabled, "enabled", .proto = 1, .enforced = NO_ENVOY, .help = "Not used."),
    FIELD_STR(T, k8s_sa_jwt_path, "k8sSaJwtPath", .proto = 2, .enforced = NO_ENVOY, .help = "Not used."),
};
static FIELD_MESSAGE(mesh_proxy_config_sds, "istio.mesh.v1alpha1.SDS", .at = FIELD_AT(T, at), .help = "Certificates from elsewhere.");
#undef T

#define T struct mesh_proxy_config_remote
static const struct field mesh_proxy_config_remote_fields[] = {
    FIELD_STR(T, address, "address", .proto = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Its address."),
    FIELD_MSG(T, tls_settings, "tlsSettings", traffic_policy_tls, .proto = 2, .enforced = FIELD_NOT_ENFORCED, .help = "TLS towards it."),
    FIELD_MSG(T, tcp_keepalive, "tcpKeepalive", traffic_policy_keepalive, .proto = 3, .enforced = FIELD_NOT_ENFORCED, .help = "TCP keep-alive."),
};
static FIELD_MESSAGE(mesh_proxy_config_remote, "istio.mesh.v1alpha1.RemoteService", .at = FIELD_AT(T, at), .help = "A service that gets a stream.");
#undef T

#define T struct mesh_proxy_config_empty
static FIELD_MESSAGE_EMPTY(mesh_proxy_config_empty, "istio.mesh.v1alpha1.Topology.ProxyProtocolConfiguration", .at = FIELD_AT(T, at), .help = "Without settings.");
#undef T

static const struct field_enum_name mesh_proxy_config_xfcc_names[] = {
    { "UNDEFINED", MESH_PROXY_CONFIG_XFCC_UNDEFINED, "As the kind of proxy has it." },
    { "SANITIZE", MESH_PROXY_CONFIG_XFCC_SANITIZE, "Remove the header." },
    { "FORWARD_ONLY", MESH_PROXY_CONFIG_XFCC_FORWARD_ONLY, "Pass it on over mTLS." },
    { "APPEND_FORWARD", MESH_PROXY_CONFIG_XFCC_APPEND_FORWARD, "Add the client's certificate." },
    { "SANITIZE_SET", MESH_PROXY_CONFIG_XFCC_SANITIZE_SET, "Replace it by the client's certificate." },
    { "ALWAYS_FORWARD_ONLY", MESH_PROXY_CONFIG_XFCC_ALWAYS_FORWARD_ONLY, "Pass it on always." },
};
static FIELD_ENUM_TABLE(mesh_proxy_config_xfcc, "istio.mesh.v1alpha1.ForwardClientCertDetails");

#define T struct mesh_proxy_config_topology
static const struct field mesh_proxy_config_topology_fields[] = {
    FIELD_UINT32(T, num_trusted_proxies, "numTrustedProxies", .proto = 1, .default_text = "0", .help = "Proxies in front whose X-Forwarded-For counts."),
    FIELD_ENUM(T, forward_client_cert_details, "forwardClientCertDetails", mesh_proxy_config_xfcc, .proto = 2, .default_text = "SANITIZE_SET", .help = "What happens to X-Forwarded-Client-Cert."),
    FIELD_MSG(T, proxy_protocol, "proxyProtocol", mesh_proxy_config_empty, .proto = 3, .help = "Connections begin with a PROXY header."),
};
static FIELD_MESSAGE(mesh_proxy_config_topology, "istio.mesh.v1alpha1.Topology", .at = FIELD_AT(T, at), .help = "What stands in front of a gateway.");
#undef T

#define T struct mesh_proxy_config_key_device
static const struct field mesh_proxy_config_key_device_fields[] = {
    FIELD_DURATION(T, poll_delay, "pollDelay", .proto = 1, .enforced = NO_ENVOY, .help = "Time to wait for more work."),
    FIELD_OPT_BOOL(T, fallback, "fallback", .proto = 2, .wrapper = true, .enforced = NO_ENVOY, .help = "Work without it if it is missing."),
};
static FIELD_MESSAGE(mesh_proxy_config_key_device, "istio.mesh.v1alpha1.PrivateKeyProvider.CryptoMb", .at = FIELD_AT(T, at), .help = "An accelerator.");
#undef T

#define T struct mesh_proxy_config_key_provider
static const struct field mesh_proxy_config_key_provider_fields[] = {
    FIELD_MSG(T, cryptomb, "cryptomb", mesh_proxy_config_key_device, .proto = 2, .oneof = 1, .enforced = NO_ENVOY, .help = "CryptoMB."),
    FIELD_MSG(T, qat, "qat", mesh_proxy_config_key_device, .proto = 3, .oneof = 1, .enforced = NO_ENVOY, .help = "QAT."),
};
static FIELD_MESSAGE(mesh_proxy_config_key_provider, "istio.mesh.v1alpha1.PrivateKeyProvider", .at = FIELD_AT(T, at), .help = "An accelerator for keys.");
#undef T

#define T struct mesh_proxy_config_server
static const struct field mesh_proxy_config_server_fields[] = {
    FIELD_OPT_BOOL(T, disabled, "disabled", .proto = 1, .wrapper = true, .default_text = "false", .help = "Leave it as the application sent it."),
    FIELD_STR(T, value, "value", .proto = 2, .default_text = "istio-envoy", .help = "What it says."),
};
static FIELD_MESSAGE(mesh_proxy_config_server, "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.Server", .at = FIELD_AT(T, at), .help = "The server header.");
#undef T

#define T struct mesh_proxy_config_disabled
static const struct field mesh_proxy_config_disabled_fields[] = {
    FIELD_OPT_BOOL(T, disabled, "disabled", .proto = 1, .wrapper = true, .default_text = "false", .help = "Leave it out."),
};
static FIELD_MESSAGE(mesh_proxy_config_disabled, "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.RequestId", .at = FIELD_AT(T, at), .help = "A header that can be left out.");
#undef T

#define T struct mesh_proxy_config_enabled
static const struct field mesh_proxy_config_enabled_fields[] = {
    FIELD_OPT_BOOL(T, enabled, "enabled", .proto = 1, .wrapper = true, .default_text = "false", .help = "Add it."),
};
static FIELD_MESSAGE(mesh_proxy_config_enabled, "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.XForwardedHost", .at = FIELD_AT(T, at), .help = "A header that can be added.");
#undef T

static const struct field_enum_name mesh_proxy_config_exchange_names[] = {
    { "UNDEFINED", MESH_PROXY_CONFIG_EXCHANGE_UNDEFINED, "Always." },
    { "IN_MESH", MESH_PROXY_CONFIG_EXCHANGE_IN_MESH, "To services of the mesh only." },
};
static FIELD_ENUM_TABLE(mesh_proxy_config_exchange, "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.MetadataExchangeMode");

#define T struct mesh_proxy_config_exchange_headers
static const struct field mesh_proxy_config_exchange_headers_fields[] = {
    FIELD_ENUM(T, mode, "mode", mesh_proxy_config_exchange, .proto = 1, .enforced = FIELD_NOT_ENFORCED, .help = "When they are sent."),
};
static FIELD_MESSAGE(mesh_proxy_config_exchange_headers, "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.MetadataExchangeHeaders", .at = FIELD_AT(T, at), .help = "Headers about the other side.");
#undef T

#define T struct mesh_proxy_config_cert_details
static const struct field mesh_proxy_config_cert_details_fields[] = {
    FIELD_OPT_BOOL(T, subject, "subject", .proto = 1, .wrapper = true, .default_text = "true", .help = "The subject."),
    FIELD_OPT_BOOL(T, cert, "cert", .proto = 2, .wrapper = true, .default_text = "false", .help = "The certificate."),
    FIELD_OPT_BOOL(T, chain, "chain", .proto = 3, .wrapper = true, .default_text = "false", .help = "The chain."),
    FIELD_OPT_BOOL(T, dns, "dns", .proto = 4, .wrapper = true, .default_text = "true", .help = "Names of DNS."),
    FIELD_OPT_BOOL(T, uri, "uri", .proto = 5, .wrapper = true, .default_text = "true", .help = "URIs."),
};
static FIELD_MESSAGE(mesh_proxy_config_cert_details, "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.SetCurrentClientCertDetails", .at = FIELD_AT(T, at), .help = "What X-Forwarded-Client-Cert says.");
#undef T

#define T struct mesh_proxy_config_headers
static const struct field mesh_proxy_config_headers_fields[] = {
    FIELD_ENUM(T, forwarded_client_cert, "forwardedClientCert", mesh_proxy_config_xfcc, .proto = 1, .default_text = "APPEND_FORWARD", .help = "What happens to X-Forwarded-Client-Cert."),
    FIELD_MSG(T, set_current_client_cert_details, "setCurrentClientCertDetails", mesh_proxy_config_cert_details, .proto = 7, .help = "What it says."),
    FIELD_MSG(T, request_id, "requestId", mesh_proxy_config_disabled, .proto = 3, .help = "x-request-id."),
    FIELD_MSG(T, server, "server", mesh_proxy_config_server, .proto = 2, .help = "server."),
    FIELD_MSG(T, attempt_count, "attemptCount", mesh_proxy_config_disabled, .proto = 4, .help = "x-envoy-attempt-count."),
    FIELD_MSG(T, envoy_debug_headers, "envoyDebugHeaders", mesh_proxy_config_disabled, .proto = 5, .help = "x-envoy-upstream-service-time and the like."),
    FIELD_MSG(T, metadata_exchange_headers, "metadataExchangeHeaders", mesh_proxy_config_exchange_headers, .proto = 6, .enforced = FIELD_NOT_ENFORCED, .help = "x-envoy-peer-metadata."),
    FIELD_OPT_BOOL(T, preserve_header_case, "preserveHttp1HeaderCase", .proto = 40, .wrapper = true, .default_text = "false", .help = "Leave the case of header names in HTTP/1, which then shares no connections between proxies."),
    FIELD_MSG(T, x_forwarded_host, "xForwardedHost", mesh_proxy_config_enabled, .proto = 41, .help = "x-forwarded-host."),
    FIELD_MSG(T, x_forwarded_port, "xForwardedPort", mesh_proxy_config_enabled, .proto = 42, .help = "x-forwarded-port."),
};
static FIELD_MESSAGE(mesh_proxy_config_headers, "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders", .at = FIELD_AT(T, at), .help = "Headers that proxies add.");
#undef T

#define T struct mesh_proxy_config_stats
static const struct field mesh_proxy_config_stats_fields[] = {
    FIELD_LIST_STR(T, inclusion_prefixes, "inclusionPrefixes", .proto = 1, .enforced = NO_ENVOY, .help = "By prefix."),
    FIELD_LIST_STR(T, inclusion_suffixes, "inclusionSuffixes", .proto = 2, .enforced = NO_ENVOY, .help = "By suffix."),
    FIELD_LIST_STR(T, inclusion_regexps, "inclusionRegexps", .proto = 3, .enforced = NO_ENVOY, .help = "By regular expression."),
};
static FIELD_MESSAGE(mesh_proxy_config_stats, "istio.mesh.v1alpha1.ProxyConfig.ProxyStatsMatcher", .at = FIELD_AT(T, at), .help = "More of Envoy's statistics.");
#undef T

static const struct field_enum_name mesh_proxy_config_profile_names[] = {
    { "SIDECAR", MESH_PROXY_CONFIG_PROFILE_SIDECAR, "For traffic of the mesh." },
    { "EDGE", MESH_PROXY_CONFIG_PROFILE_EDGE, "For clients that nobody knows." },
};
static FIELD_ENUM_TABLE(mesh_proxy_config_profile, "istio.mesh.v1alpha1.ProxyConfig.ConnectionSettings.Profile");

static const struct field_enum_name mesh_proxy_config_underscores_names[] = {
    { "HEADERS_WITH_UNDERSCORES_UNSPECIFIED", MESH_PROXY_CONFIG_UNDERSCORES_HEADERS_WITH_UNDERSCORES_UNSPECIFIED, "As the profile has it." },
    { "HEADERS_WITH_UNDERSCORES_ALLOW", MESH_PROXY_CONFIG_UNDERSCORES_HEADERS_WITH_UNDERSCORES_ALLOW, "Let them pass." },
    { "HEADERS_WITH_UNDERSCORES_REJECT_REQUEST", MESH_PROXY_CONFIG_UNDERSCORES_HEADERS_WITH_UNDERSCORES_REJECT_REQUEST, "Answer 400." },
    { "HEADERS_WITH_UNDERSCORES_DROP_HEADER", MESH_PROXY_CONFIG_UNDERSCORES_HEADERS_WITH_UNDERSCORES_DROP_HEADER, "Drop them." },
};
static FIELD_ENUM_TABLE(mesh_proxy_config_underscores, "istio.mesh.v1alpha1.ProxyConfig.ConnectionSettings.HeadersWithUnderscoresAction");

static const struct field_enum_name mesh_proxy_config_slashes_names[] = {
    { "PATH_WITH_ESCAPED_SLASHES_UNSPECIFIED", MESH_PROXY_CONFIG_SLASHES_PATH_WITH_ESCAPED_SLASHES_UNSPECIFIED, "As the profile has it." },
    { "KEEP_UNCHANGED", MESH_PROXY_CONFIG_SLASHES_KEEP_UNCHANGED, "Leave them." },
    { "REJECT_REQUEST", MESH_PROXY_CONFIG_SLASHES_REJECT_REQUEST, "Answer 400." },
    { "UNESCAPE_AND_REDIRECT", MESH_PROXY_CONFIG_SLASHES_UNESCAPE_AND_REDIRECT, "Redirect to the plain path." },
    { "UNESCAPE_AND_FORWARD", MESH_PROXY_CONFIG_SLASHES_UNESCAPE_AND_FORWARD, "Make them slashes." },
};
static FIELD_ENUM_TABLE(mesh_proxy_config_slashes, "istio.mesh.v1alpha1.ProxyConfig.ConnectionSettings.PathWithEscapedSlashesAction");

#define T struct mesh_proxy_config_connection
static const struct field mesh_proxy_config_connection_fields[] = {
    FIELD_ENUM(T, profile, "profile", mesh_proxy_config_profile, .proto = 1, .default_text = "SIDECAR", .help = "Which defaults."),
    FIELD_OPT_INT32(T, listener_per_connection_buffer_limit_bytes, "listenerPerConnectionBufferLimitBytes", .proto = 2, .wrapper = true, .min = 1, .default_text = "EDGE: 32768", .enforced = FIELD_NOT_ENFORCED, .help = "Bytes kept for a client."),
    FIELD_OPT_INT32(T, cluster_per_connection_buffer_limit_bytes, "clusterPerConnectionBufferLimitBytes", .proto = 3, .wrapper = true, .min = 1, .default_text = "EDGE: 32768", .enforced = FIELD_NOT_ENFORCED, .help = "Bytes kept for a server."),
    FIELD_DURATION(T, http_idle_timeout, "httpIdleTimeout", .proto = 4, .check = api_check_not_negative, .default_text = "EDGE: 3600s", .help = "Life of a connection without requests."),
    FIELD_DURATION(T, http_max_connection_duration, "httpMaxConnectionDuration", .proto = 5, .check = api_check_not_negative, .enforced = FIELD_NOT_ENFORCED, .help = "Life of a connection."),
    FIELD_DURATION(T, http_drain_timeout, "httpDrainTimeout", .proto = 6, .check = api_check_not_negative, .enforced = FIELD_NOT_ENFORCED, .help = "Time between the two parts of a goodbye."),
    FIELD_DURATION(T, http_request_timeout, "httpRequestTimeout", .proto = 7, .check = api_check_not_negative, .default_text = "EDGE: 300s", .enforced = FIELD_NOT_ENFORCED, .help = "Time for a whole request."),
    FIELD_DURATION(T, http_request_headers_timeout, "httpRequestHeadersTimeout", .proto = 8, .check = api_check_not_negative, .help = "Time for a request's head."),
    FIELD_DURATION(T, http_stream_idle_timeout, "httpStreamIdleTimeout", .proto = 9, .check = api_check_not_negative, .default_text = "EDGE: 300s", .enforced = FIELD_NOT_ENFORCED, .help = "Time without a byte in a request."),
    FIELD_DURATION(T, http_max_stream_duration, "httpMaxStreamDuration", .proto = 10, .check = api_check_not_negative, .enforced = FIELD_NOT_ENFORCED, .help = "Life of a request."),
    FIELD_OPT_INT32(T, http_max_concurrent_streams, "httpMaxConcurrentStreams", .proto = 11, .wrapper = true, .min = 1, .default_text = "EDGE: 100", .help = "Requests at a time in an HTTP/2 connection."),
    FIELD_OPT_INT32(T, http2_initial_stream_window_size, "http2InitialStreamWindowSize", .proto = 12, .wrapper = true, .min = 65535, .max = INT32_MAX, .default_text = "EDGE: 65536", .help = "Window of an HTTP/2 stream."),
    FIELD_OPT_INT32(T, http2_initial_connection_window_size, "http2InitialConnectionWindowSize", .proto = 13, .wrapper = true, .min = 65535, .max = INT32_MAX, .default_text = "EDGE: 1048576", .help = "Window of an HTTP/2 connection."),
    FIELD_ENUM(T, http_headers_with_underscores_action, "httpHeadersWithUnderscoresAction", mesh_proxy_config_underscores, .proto = 14, .default_text = "EDGE: reject", .help = "What happens to header names with '_'."),
    FIELD_OPT_BOOL(T, http_merge_slashes, "httpMergeSlashes", .proto = 15, .wrapper = true, .default_text = "EDGE: true", .help = "Make one of several slashes."),
    FIELD_ENUM(T, http_path_with_escaped_slashes_action, "httpPathWithEscapedSlashesAction", mesh_proxy_config_slashes, .proto = 16, .default_text = "EDGE: UNESCAPE_AND_REDIRECT", .help = "What happens to %2F and %5C."),
    FIELD_OPT_INT32(T, listener_connection_limit, "listenerConnectionLimit", .proto = 17, .wrapper = true, .min = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Connections of a listener."),
    FIELD_OPT_INT32(T, global_downstream_connection_limit, "globalDownstreamConnectionLimit", .proto = 18, .wrapper = true, .min = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Connections of the proxy."),
};
static FIELD_MESSAGE(mesh_proxy_config_connection, "istio.mesh.v1alpha1.ProxyConfig.ConnectionSettings", .at = FIELD_AT(T, at), .help = "Limits towards clients.");
#undef T

static const struct field_enum_name mesh_proxy_config_auth_names[] = {
    { "NONE", MESH_PROXY_CONFIG_AUTH_NONE, "None." },
    { "MUTUAL_TLS", MESH_PROXY_CONFIG_AUTH_MUTUAL_TLS, "mTLS." },
    { "INHERIT", MESH_PROXY_CONFIG_AUTH_INHERIT, "As the wider setting says." },
};
static FIELD_ENUM_TABLE(mesh_proxy_config_auth, "istio.mesh.v1alpha1.AuthenticationPolicy");

static const struct field_enum_name mesh_proxy_config_tracing_name_names[] = {
    { "APP_LABEL_AND_NAMESPACE", MESH_PROXY_CONFIG_TRACING_NAME_APP_LABEL_AND_NAMESPACE, "Label app and namespace." },
    { "CANONICAL_NAME_ONLY", MESH_PROXY_CONFIG_TRACING_NAME_CANONICAL_NAME_ONLY, "Canonical name." },
    { "CANONICAL_NAME_AND_NAMESPACE", MESH_PROXY_CONFIG_TRACING_NAME_CANONICAL_NAME_AND_NAMESPACE, "Canonical name and namespace." },
};
static FIELD_ENUM_TABLE(mesh_proxy_config_tracing_name, "istio.mesh.v1alpha1.ProxyConfig.TracingServiceName");

static const struct field_enum_name mesh_proxy_config_interception_names[] = {
    { "REDIRECT", MESH_PROXY_CONFIG_INTERCEPTION_REDIRECT, "By NAT." },
    { "TPROXY", MESH_PROXY_CONFIG_INTERCEPTION_TPROXY, "By TPROXY." },
    { "NONE", MESH_PROXY_CONFIG_INTERCEPTION_NONE, "Not." },
};
static FIELD_ENUM_TABLE(mesh_proxy_config_interception, "istio.mesh.v1alpha1.ProxyConfig.InboundInterceptionMode");

#define T struct mesh_proxy_config_image
static const struct field mesh_proxy_config_image_fields[] = {
    FIELD_STR(T, image_type, "imageType", .proto = 1, .enforced = NO_IMAGE, .help = "Variant: default, debug, distroless."),
};
static FIELD_MESSAGE(mesh_proxy_config_image, "istio.networking.v1beta1.ProxyImage", .at = FIELD_AT(T, at), .help = "The proxy's image.");
#undef T

#define T struct mesh_proxy_config
static const struct field mesh_proxy_config_fields[] = {
    FIELD_STR(T, config_path, "configPath", .proto = 1, .enforced = NO_ENVOY, .help = "Folder of Envoy's files."),
    FIELD_STR(T, binary_path, "binaryPath", .proto = 2, .enforced = NO_ENVOY, .help = "Envoy's program."),
    FIELD_STR(T, service_cluster, "serviceCluster", .proto = 3, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Name of the workload in traces."),
    FIELD_OPT_ENUM(T, tracing_service_name, "tracingServiceName", mesh_proxy_config_tracing_name, .proto = 36, .oneof = 1, .default_text = "APP_LABEL_AND_NAMESPACE", .enforced = FIELD_NOT_ENFORCED, .help = "How that name is made."),
    FIELD_DURATION(T, drain_duration, "drainDuration", .proto = 4, .check = api_check_not_negative, .default_text = "45s", .enforced = FIELD_NOT_ENFORCED, .help = "Time for connections of listeners that went."),
    FIELD_STR(T, discovery_address, "discoveryAddress", .proto = 6, .enforced = NO_ADDRESS, .help = "Address of the control plane."),
    FIELD_DURATION(T, discovery_refresh_delay, "discoveryRefreshDelay", .proto = 7, .deprecated = true, .enforced = NO_ENVOY, .help = "Not used."),
    FIELD_STR(T, zipkin_address, "zipkinAddress", .proto = 8, .deprecated = true, .enforced = FIELD_NOT_ENFORCED, .help = "Use tracing."),
    FIELD_STR(T, statsd_udp_address, "statsdUdpAddress", .proto = 10, .enforced = FIELD_NOT_ENFORCED, .help = "Address that gets statistics by statsd."),
    FIELD_STR(T, envoy_metrics_service_address, "envoyMetricsServiceAddress", .proto = 20, .deprecated = true, .enforced = NO_ENVOY, .help = "Use envoyMetricsService."),
    FIELD_INT32(T, proxy_admin_port, "proxyAdminPort", .proto = 11, .max = 65535, .default_text = "15000", .enforced = NO_FLAG("admin"), .help = "Port of the admin pages."),
    FIELD_STR(T, availability_zone, "availabilityZone", .proto = 12, .deprecated = true, .enforced = FIELD_NOT_ENFORCED, .help = "Not used by Istio."),
    FIELD_ENUM(T, control_plane_auth_policy, "controlPlaneAuthPolicy", mesh_proxy_config_auth, .proto = 13, .default_text = "MUTUAL_TLS", .enforced = NO_CONTROL, .help = "How the control plane is asked."),
    FIELD_STR(T, custom_config_file, "customConfigFile", .proto = 14, .enforced = NO_ENVOY, .help = "File of Envoy's configuration."),
    FIELD_INT32(T, stat_name_length, "statNameLength", .proto = 15, .max = INT32_MAX, .default_text = "189", .enforced = NO_ENVOY, .help = "Length of Envoy's names of statistics."),
    FIELD_OPT_INT32(T, concurrency, "concurrency", .proto = 16, .wrapper = true, .max = INT32_MAX, .default_text = "by the CPU limit", .enforced = NO_WORKERS, .help = "Workers; 0 for one per core."),
    FIELD_STR(T, proxy_bootstrap_template_path, "proxyBootstrapTemplatePath", .proto = 17, .enforced = NO_ENVOY, .help = "Template of Envoy's bootstrap."),
    FIELD_ENUM(T, interception_mode, "interceptionMode", mesh_proxy_config_interception, .proto = 18, .default_text = "REDIRECT", .enforced = FIELD_NOT_ENFORCED, .help = "How traffic comes to the proxy."),
    FIELD_MSG(T, tracing, "tracing", mesh_proxy_config_tracing, .proto = 19, .help = "Traces, the old way."),
    FIELD_MSG(T, sds, "sds", mesh_proxy_config_sds, .proto = 21, .deprecated = true, .enforced = NO_ENVOY, .help = "Not used."),
    FIELD_MSG(T, envoy_access_log_service, "envoyAccessLogService", mesh_proxy_config_remote, .proto = 22, .enforced = FIELD_NOT_ENFORCED, .help = "Service that gets log entries."),
    FIELD_MSG(T, envoy_metrics_service, "envoyMetricsService", mesh_proxy_config_remote, .proto = 23, .enforced = NO_ENVOY, .help = "Service that gets statistics."),
    FIELD_MAP_STR(T, proxy_metadata, "proxyMetadata", .proto = 24, .enforced = FIELD_NOT_ENFORCED, .help = "Environment of the proxy; ISTIO_META_* reach the control plane."),
    FIELD_MAP_STR(T, runtime_values, "runtimeValues", .proto = 37, .enforced = NO_ENVOY, .help = "Switches of Envoy's."),
    FIELD_INT32(T, status_port, "statusPort", .proto = 26, .max = 65535, .default_text = "15020", .enforced = NO_FLAG("health"), .help = "Port of health and metrics."),
    FIELD_LIST_STR(T, extra_stat_tags, "extraStatTags", .proto = 27, .deprecated = true, .enforced = FIELD_NOT_ENFORCED, .help = "More labels of metrics."),
    FIELD_MSG(T, gateway_topology, "gatewayTopology", mesh_proxy_config_topology, .proto = 28, .help = "What stands in front of a gateway."),
    FIELD_DURATION(T, termination_drain_duration, "terminationDrainDuration", .proto = 29, .check = api_check_not_negative, .default_text = "5s", .help = "Time for running requests at the end."),
    FIELD_STR(T, mesh_id, "meshId", .proto = 30, .enforced = FIELD_NOT_ENFORCED, .help = "Name of the mesh."),
    FIELD_MSG(T, readiness_probe, "readinessProbe", workload_group_probe, .proto = 31, .enforced = FIELD_NOT_ENFORCED, .help = "How to see whether the workload is healthy."),
    FIELD_MSG(T, proxy_stats_matcher, "proxyStatsMatcher", mesh_proxy_config_stats, .proto = 32, .enforced = NO_ENVOY, .help = "More of Envoy's statistics."),
    FIELD_OPT_BOOL(T, hold_application_until_proxy_starts, "holdApplicationUntilProxyStarts", .proto = 33, .wrapper = true, .default_text = "false", .enforced = NO_HOLD, .help = "The application starts behind the proxy."),
    FIELD_LIST_STR(T, ca_certificates_pem, "caCertificatesPem", .proto = 34, .enforced = FIELD_NOT_ENFORCED, .help = "More authorities to trust."),
    FIELD_MSG(T, image, "image", mesh_proxy_config_image, .proto = 35, .enforced = NO_IMAGE, .help = "The proxy's image."),
    FIELD_MSG(T, private_key_provider, "privateKeyProvider", mesh_proxy_config_key_provider, .proto = 38, .enforced = NO_ENVOY, .help = "An accelerator for keys."),
    FIELD_MSG(T, proxy_headers, "proxyHeaders", mesh_proxy_config_headers, .proto = 39, .help = "Headers that proxies add."),
    FIELD_DURATION(T, file_flush_interval, "fileFlushInterval", .proto = 40, .check = api_check_not_negative, .default_text = "1s", .enforced = FIELD_NOT_ENFORCED, .help = "How long lines of logs may wait."),
    FIELD_UINT32(T, file_flush_min_size_kb, "fileFlushMinSizeKb", .proto = 41, .default_text = "64", .enforced = FIELD_NOT_ENFORCED, .help = "How many KiB of lines may wait."),
    FIELD_OPT_BOOL(T, stats_compression, "statsCompression", .proto = 42, .wrapper = true, .default_text = "true", .enforced = FIELD_NOT_ENFORCED, .help = "Whether metrics are sent compressed."),
    FIELD_MSG(T, connection_settings, "connectionSettings", mesh_proxy_config_connection, .proto = 43, .help = "Limits towards clients."),
};
FIELD_MESSAGE(mesh_proxy_config, "istio.mesh.v1alpha1.ProxyConfig", .at = FIELD_AT(T, at), .help = "Settings of proxies.");
#undef T
/* clang-format on */
