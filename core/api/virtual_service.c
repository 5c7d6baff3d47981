#include "core/api/virtual_service.h"

#include "core/api/api_check.h"
#include "core/api/istio_status.h"
#include "core/api/object_meta.h"
#include "core/api/virtual_service_check.h"
#include "core/text/duration.h"

#define PROTO "istio.networking.v1alpha3."

/* clang-format off */
#define T struct virtual_service_destination
static const struct field virtual_service_destination_fields[] = {
    FIELD_STR(T, host, "host", .proto = 1, .required = true, .check = api_check_host, .help = "Name of a service: short (of this namespace) or fully qualified."),
    FIELD_STR(T, subset, "subset", .proto = 2, .check = api_check_label, .help = "A subset that a DestinationRule of the host defines."),
    FIELD_MSG(T, port, "port", port_selector, .proto = 3, .default_text = "the port the request came to, or the only one", .help = "Which port of the service."),
};
FIELD_MESSAGE(virtual_service_destination, PROTO "Destination", .at = FIELD_AT(T, at), .help = "A service, or a part of it.");
#undef T

#define T struct virtual_service_percent
static const struct field virtual_service_percent_fields[] = {
    FIELD_DOUBLE(T, value, "value", .proto = 1, .max = 100, .help = "0 to 100, in steps of 0.0001."),
};
static FIELD_MESSAGE(virtual_service_percent, PROTO "Percent", .help = "A share.");
#undef T

#define T struct virtual_service_header_ops
static const struct field virtual_service_header_ops_fields[] = {
    FIELD_MAP_STR(T, set, "set", .proto = 1, .help = "Headers to set, replacing what is there."),
    FIELD_MAP_STR(T, add, "add", .proto = 2, .help = "Headers to add beside what is there."),
    FIELD_LIST_STR(T, remove, "remove", .proto = 3, .check = api_check_header_name, .help = "Headers to take away."),
};
static FIELD_MESSAGE(virtual_service_header_ops, PROTO "Headers.HeaderOperations", .check = virtual_service_check_header_ops, .help = "Changes to headers.");
#undef T

#define T struct virtual_service_headers
static const struct field virtual_service_headers_fields[] = {
    FIELD_MSG(T, request, "request", virtual_service_header_ops, .proto = 1, .help = "Before the request goes to its destination."),
    FIELD_MSG(T, response, "response", virtual_service_header_ops, .proto = 2, .help = "Before the response goes to the caller."),
};
static FIELD_MESSAGE(virtual_service_headers, PROTO "Headers", .help = "Changes to headers, both ways.");
#undef T

#define T struct virtual_service_http_match
static const struct field virtual_service_http_match_fields[] = {
    FIELD_STR(T, name, "name", .proto = 11, .help = "Joined to the rule's name in logs."),
    FIELD_MSG(T, uri, "uri", string_match, .proto = 1, .help = "The path, without the query."),
    FIELD_MSG(T, scheme, "scheme", string_match, .proto = 2, .help = "http or https."),
    FIELD_MSG(T, method, "method", string_match, .proto = 3, .help = "The request's method."),
    FIELD_MSG(T, authority, "authority", string_match, .proto = 4, .help = "The Host header or :authority."),
    FIELD_MAP_MSG(T, headers, "headers", string_match_entry, string_match, .proto = 5, .help = "Headers by lower case name, all of which must match."),
    FIELD_UINT32(T, port, "port", .proto = 6, .max = 65535, .default_text = "any", .help = "The port that the request came to."),
    FIELD_MAP_STR(T, source_labels, "sourceLabels", .proto = 7, .help = "Only for clients with these labels."),
    FIELD_LIST_STR(T, gateways, "gateways", .proto = 8, .check = api_check_gateway_name, .default_text = "spec.gateways", .help = "Where this match applies."),
    FIELD_MAP_MSG(T, query_params, "queryParams", string_match_entry, string_match, .proto = 9, .help = "Query parameters, all of which must match."),
    FIELD_BOOL(T, ignore_uri_case, "ignoreUriCase", .proto = 10, .help = "Ignore case in exact and prefix matches of the path."),
    FIELD_MAP_MSG(T, without_headers, "withoutHeaders", string_match_entry, string_match, .proto = 12, .help = "Headers that must not match."),
    FIELD_STR(T, source_namespace, "sourceNamespace", .proto = 13, .check = api_check_label, .help = "Only for clients of this namespace."),
    FIELD_STR(T, stat_prefix, "statPrefix", .proto = 14, .help = "Name for statistics of this route."),
};
static FIELD_MESSAGE(virtual_service_http_match, PROTO "HTTPMatchRequest", .at = FIELD_AT(T, at), .check = virtual_service_check_http_match, .help = "What a request must look like; all of it must hold.");
#undef T

#define T struct virtual_service_http_route
static const struct field virtual_service_http_route_fields[] = {
    FIELD_MSG(T, destination, "destination", virtual_service_destination, .proto = 1, .required = true, .help = "Where to send the request."),
    FIELD_INT32(T, weight, "weight", .proto = 2, .max = INT32_MAX, .default_text = "0; a single destination gets all", .help = "Share of the requests, in relation to the other weights."),
    FIELD_MSG(T, headers, "headers", virtual_service_headers, .proto = 7, .help = "Header changes for this destination only."),
};
static FIELD_MESSAGE(virtual_service_http_route, PROTO "HTTPRouteDestination", .at = FIELD_AT(T, at), .help = "A destination and its share.");
#undef T

static const struct field_enum_name virtual_service_derive_port_names[] = {
    { "FROM_PROTOCOL_DEFAULT", VIRTUAL_SERVICE_FROM_PROTOCOL_DEFAULT, "80 for http, 443 for https." },
    { "FROM_REQUEST_PORT", VIRTUAL_SERVICE_FROM_REQUEST_PORT, "The port of the request." },
};
static FIELD_ENUM_TABLE(virtual_service_derive_port, PROTO "HTTPRedirect.RedirectPortSelection");

#define T struct virtual_service_redirect
static const struct field virtual_service_redirect_fields[] = {
    FIELD_STR(T, uri, "uri", .proto = 1, .help = "The whole new path."),
    FIELD_STR(T, prefix_rewrite, "prefixRewrite", .proto = 7, .help = "Replaces the part of the path that the prefix match matched."),
    FIELD_STR(T, authority, "authority", .proto = 2, .help = "The new host."),
    FIELD_OPT_UINT32(T, port, "port", .proto = 4, .oneof = 1, .min = 1, .max = 65535, .help = "The new port."),
    FIELD_OPT_ENUM(T, derive_port, "derivePort", virtual_service_derive_port, .proto = 5, .oneof = 1, .help = "Where to take the port from."),
    FIELD_STR(T, scheme, "scheme", .proto = 6, .check = virtual_service_check_scheme, .help = "The new scheme: http or https."),
    FIELD_UINT32(T, code, "redirectCode", .proto = 3, .default_text = "301", .help = "Status: 301, 302, 303, 307 or 308."),
};
static FIELD_MESSAGE(virtual_service_redirect, PROTO "HTTPRedirect", .at = FIELD_AT(T, at), .check = virtual_service_check_redirect, .help = "Answers with a redirect.");
#undef T

#define T struct virtual_service_body
static const struct field virtual_service_body_fields[] = {
    FIELD_STR(T, text, "string", .proto = 1, .oneof = 1, .presence = true, .max_len = 1048576, .help = "As text."),
    FIELD_BYTES(T, bytes, "bytes", .proto = 2, .oneof = 1, .presence = true, .max_len = 1048576, .help = "As bytes, in base64."),
};
static FIELD_MESSAGE(virtual_service_body, PROTO "HTTPBody", .help = "Content of a fixed response, at most 1 MiB.");
#undef T

#define T struct virtual_service_direct_response
static const struct field virtual_service_direct_response_fields[] = {
    FIELD_UINT32(T, status, "status", .proto = 1, .required = true, .min = 200, .max = 599, .help = "The status code."),
    FIELD_MSG(T, body, "body", virtual_service_body, .proto = 2, .help = "The content."),
};
static FIELD_MESSAGE(virtual_service_direct_response, PROTO "HTTPDirectResponse", .at = FIELD_AT(T, at), .help = "Answers without asking any destination.");
#undef T

#define T struct virtual_service_delegate
static const struct field virtual_service_delegate_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .check = api_check_subdomain, .help = "Name of the other VirtualService."),
    FIELD_STR(T, ns, "namespace", .proto = 2, .check = api_check_label, .default_text = "that of this one", .help = "Its namespace."),
};
static FIELD_MESSAGE(virtual_service_delegate, PROTO "Delegate", .help = "A VirtualService whose rules stand in for this one.");
#undef T

#define T struct virtual_service_regex_rewrite
static const struct field virtual_service_regex_rewrite_fields[] = {
    FIELD_STR(T, match, "match", .proto = 1, .check = api_check_regex, .help = "RE2 expression for the part of the path to replace."),
    FIELD_STR(T, rewrite, "rewrite", .proto = 2, .help = "What to put there; \\1 is the first group."),
};
static FIELD_MESSAGE(virtual_service_regex_rewrite, PROTO "RegexRewrite", .check = virtual_service_check_regex_rewrite, .help = "Replaces what an expression matches.");
#undef T

#define T struct virtual_service_rewrite
static const struct field virtual_service_rewrite_fields[] = {
    FIELD_STR(T, uri, "uri", .proto = 1, .help = "Replaces the matched prefix, or the whole path."),
    FIELD_STR(T, authority, "authority", .proto = 2, .help = "Replaces the Host header."),
    FIELD_MSG(T, uri_regex, "uriRegexRewrite", virtual_service_regex_rewrite, .proto = 3, .help = "Replaces parts of the path."),
};
static FIELD_MESSAGE(virtual_service_rewrite, PROTO "HTTPRewrite", .at = FIELD_AT(T, at), .check = virtual_service_check_rewrite, .help = "Changes path or host before forwarding.");
#undef T

#define T struct virtual_service_retry
static const struct field virtual_service_retry_fields[] = {
    FIELD_INT32(T, attempts, "attempts", .proto = 1, .max = INT32_MAX, .keep = true, .help = "How often to try again; 0 switches retries off."),
    FIELD_DURATION(T, per_try_timeout, "perTryTimeout", .proto = 2, .min = DURATION_MS, .default_text = "the rule's timeout", .help = "Time for one try."),
    FIELD_STR(T, retry_on, "retryOn", .proto = 3, .check = virtual_service_check_retry_on, .default_text = "connect-failure,refused-stream,unavailable,cancelled", .help = "Conditions and status codes to try again on, with commas between."),
    FIELD_OPT_BOOL(T, remote_localities, "retryRemoteLocalities", .proto = 4, .wrapper = true, .help = "Whether tries may go to other localities."),
    FIELD_OPT_BOOL(T, ignore_previous_hosts, "retryIgnorePreviousHosts", .proto = 5, .wrapper = true, .default_text = "true", .help = "Whether to avoid endpoints that were tried before."),
    FIELD_DURATION(T, backoff, "backoff", .proto = 6, .min = DURATION_MS, .default_text = "25ms", .help = "Pause before the first retry; grows up to ten times."),
};
FIELD_MESSAGE(virtual_service_retry, PROTO "HTTPRetry", .at = FIELD_AT(T, at), .check = virtual_service_check_retry, .help = "When and how to try again.");
#undef T

#define T struct virtual_service_delay
static const struct field virtual_service_delay_fields[] = {
    FIELD_INT32(T, percent, "percent", .proto = 1, .max = 100, .deprecated = true, .help = "Share of requests; use percentage."),
    FIELD_DURATION(T, fixed, "fixedDelay", .proto = 2, .oneof = 1, .min = DURATION_MS, .help = "How long to hold a request."),
    FIELD_DURATION(T, exponential, "exponentialDelay", .proto = 3, .oneof = 1, .min = DURATION_MS, .enforced = "is accepted, but does nothing, as in Istio", .help = "Not used by Istio."),
    FIELD_MSG(T, percentage, "percentage", virtual_service_percent, .proto = 5, .default_text = "0", .help = "Share of requests to hold."),
};
static FIELD_MESSAGE(virtual_service_delay, PROTO "HTTPFaultInjection.Delay", .help = "Holds requests before forwarding.");
#undef T

#define T struct virtual_service_abort
static const struct field virtual_service_abort_fields[] = {
    FIELD_OPT_INT32(T, http_status, "httpStatus", .proto = 2, .oneof = 1, .min = 200, .max = 599, .help = "Status to answer with."),
    FIELD_STR(T, grpc_status, "grpcStatus", .proto = 3, .oneof = 1, .check = virtual_service_check_grpc_status, .help = "gRPC status by name, as UNAVAILABLE."),
    FIELD_STR(T, http2_error, "http2Error", .proto = 4, .oneof = 1, .enforced = "is accepted, but does nothing, as in Istio", .help = "Not used by Istio."),
    FIELD_MSG(T, percentage, "percentage", virtual_service_percent, .proto = 5, .default_text = "0", .help = "Share of requests to end."),
};
static FIELD_MESSAGE(virtual_service_abort, PROTO "HTTPFaultInjection.Abort", .help = "Ends requests with an error.");
#undef T

#define T struct virtual_service_fault
static const struct field virtual_service_fault_fields[] = {
    FIELD_MSG(T, delay, "delay", virtual_service_delay, .proto = 1, .help = "Holds requests."),
    FIELD_MSG(T, abort, "abort", virtual_service_abort, .proto = 2, .help = "Ends requests."),
};
static FIELD_MESSAGE(virtual_service_fault, PROTO "HTTPFaultInjection", .at = FIELD_AT(T, at), .check = virtual_service_check_fault, .help = "Makes faults on purpose, to see how callers take them.");
#undef T

#define T struct virtual_service_mirror
static const struct field virtual_service_mirror_fields[] = {
    FIELD_MSG(T, destination, "destination", virtual_service_destination, .proto = 1, .required = true, .help = "Where the copies go."),
    FIELD_MSG(T, percentage, "percentage", virtual_service_percent, .proto = 2, .default_text = "100", .help = "Share of requests to copy."),
};
static FIELD_MESSAGE(virtual_service_mirror, PROTO "HTTPMirrorPolicy", .at = FIELD_AT(T, at), .help = "Sends copies whose answers are dropped.");
#undef T

static const struct field_enum_name virtual_service_preflights_names[] = {
    { "UNSPECIFIED", VIRTUAL_SERVICE_PREFLIGHTS_UNSPECIFIED, "As FORWARD." },
    { "FORWARD", VIRTUAL_SERVICE_PREFLIGHTS_FORWARD, "Send them on to the destination." },
    { "IGNORE", VIRTUAL_SERVICE_PREFLIGHTS_IGNORE, "Answer them here, without allowing anything." },
};
static FIELD_ENUM_TABLE(virtual_service_preflights, PROTO "CorsPolicy.UnmatchedPreflights");

#define T struct virtual_service_cors
static const struct field virtual_service_cors_fields[] = {
    FIELD_LIST_STR(T, allow_origin, "allowOrigin", .proto = 1, .deprecated = true, .help = "Origins that may call; use allowOrigins."),
    FIELD_LIST_MSG(T, allow_origins, "allowOrigins", string_match, .proto = 7, .help = "Origins that may call."),
    FIELD_LIST_STR(T, allow_methods, "allowMethods", .proto = 2, .check = api_check_method, .help = "Methods that they may use."),
    FIELD_LIST_STR(T, allow_headers, "allowHeaders", .proto = 3, .check = api_check_header_name, .help = "Request headers that they may send."),
    FIELD_LIST_STR(T, expose_headers, "exposeHeaders", .proto = 4, .check = api_check_header_name, .help = "Response headers that they may read."),
    FIELD_DURATION(T, max_age, "maxAge", .proto = 5, .min = DURATION_MS, .check = virtual_service_check_max_age, .help = "How long a preflight's answer may be kept; whole seconds."),
    FIELD_OPT_BOOL(T, allow_credentials, "allowCredentials", .proto = 6, .wrapper = true, .help = "Whether cookies may be sent."),
    FIELD_ENUM(T, unmatched_preflights, "unmatchedPreflights", virtual_service_preflights, .proto = 8, .default_text = "FORWARD", .help = "What to do with preflights of other origins."),
};
static FIELD_MESSAGE(virtual_service_cors, PROTO "CorsPolicy", .at = FIELD_AT(T, at), .help = "Cross-origin calls from browsers.");
#undef T

#define T struct virtual_service_http
static const struct field virtual_service_http_fields[] = {
    FIELD_STR(T, name, "name", .proto = 17, .help = "For logs and traces."),
    FIELD_LIST_MSG(T, match, "match", virtual_service_http_match, .proto = 1, .default_text = "every request", .help = "One of these must hold."),
    FIELD_LIST_MSG(T, route, "route", virtual_service_http_route, .proto = 2, .help = "Destinations, by weight."),
    FIELD_MSG(T, redirect, "redirect", virtual_service_redirect, .proto = 3, .help = "Answer with a redirect instead of forwarding."),
    FIELD_MSG(T, direct_response, "directResponse", virtual_service_direct_response, .proto = 21, .help = "Answer with a fixed response instead of forwarding."),
    FIELD_MSG(T, delegate, "delegate", virtual_service_delegate, .proto = 20, .help = "Another VirtualService decides."),
    FIELD_MSG(T, rewrite, "rewrite", virtual_service_rewrite, .proto = 4, .help = "Change path or host before forwarding."),
    FIELD_DURATION(T, timeout, "timeout", .proto = 6, .min = DURATION_MS, .default_text = "none", .help = "Time for the whole request with its retries."),
    FIELD_MSG(T, retries, "retries", virtual_service_retry, .proto = 7, .default_text = "2 attempts", .help = "When to try again."),
    FIELD_MSG(T, fault, "fault", virtual_service_fault, .proto = 8, .help = "Faults to make on purpose."),
    FIELD_MSG(T, mirror, "mirror", virtual_service_destination, .proto = 9, .help = "Send a copy of each request there, too."),
    FIELD_LIST_MSG(T, mirrors, "mirrors", virtual_service_mirror, .proto = 22, .help = "Send copies to several places."),
    FIELD_OPT_UINT32(T, mirror_percent, "mirrorPercent", .proto = 18, .wrapper = true, .max = 100, .deprecated = true, .help = "Share of requests to copy; use mirrorPercentage."),
    FIELD_MSG(T, mirror_percentage, "mirrorPercentage", virtual_service_percent, .proto = 19, .default_text = "100", .help = "Share of requests to copy to mirror."),
    FIELD_MSG(T, cors, "corsPolicy", virtual_service_cors, .proto = 10, .help = "Cross-origin calls from browsers."),
    FIELD_MSG(T, headers, "headers", virtual_service_headers, .proto = 16, .help = "Header changes for all destinations."),
};
static FIELD_MESSAGE(virtual_service_http, PROTO "HTTPRoute", .at = FIELD_AT(T, at), .check = virtual_service_check_http, .help = "A rule for HTTP; the first whose match holds is used.");
#undef T

#define T struct virtual_service_l4_route
static const struct field virtual_service_l4_route_fields[] = {
    FIELD_MSG(T, destination, "destination", virtual_service_destination, .proto = 1, .required = true, .help = "Where to connect to."),
    FIELD_INT32(T, weight, "weight", .proto = 2, .max = INT32_MAX, .default_text = "0; a single destination gets all", .help = "Share of the connections."),
};
static FIELD_MESSAGE(virtual_service_l4_route, PROTO "RouteDestination", .at = FIELD_AT(T, at), .help = "A destination and its share.");
#undef T

#define T struct virtual_service_tls_match
static const struct field virtual_service_tls_match_fields[] = {
    FIELD_LIST_STR(T, sni_hosts, "sniHosts", .proto = 1, .required = true, .min_items = 1, .check = api_check_wildcard_host, .help = "Names the client asks for in its TLS hello."),
    FIELD_LIST_STR(T, destination_subnets, "destinationSubnets", .proto = 2, .check = api_check_ip_or_cidr, .help = "Addresses that the client meant."),
    FIELD_UINT32(T, port, "port", .proto = 3, .max = 65535, .default_text = "any", .help = "The port that the client meant."),
    FIELD_MAP_STR(T, source_labels, "sourceLabels", .proto = 5, .help = "Only for clients with these labels."),
    FIELD_LIST_STR(T, gateways, "gateways", .proto = 6, .check = api_check_gateway_name, .default_text = "spec.gateways", .help = "Where this match applies."),
    FIELD_STR(T, source_namespace, "sourceNamespace", .proto = 7, .check = api_check_label, .help = "Only for clients of this namespace."),
};
static FIELD_MESSAGE(virtual_service_tls_match, PROTO "TLSMatchAttributes", .at = FIELD_AT(T, at), .help = "What a TLS connection must look like.");
#undef T

#define T struct virtual_service_tls
static const struct field virtual_service_tls_fields[] = {
    FIELD_LIST_MSG(T, match, "match", virtual_service_tls_match, .proto = 1, .required = true, .min_items = 1, .help = "One of these must hold."),
    FIELD_LIST_MSG(T, route, "route", virtual_service_l4_route, .proto = 2, .help = "Destinations, by weight."),
};
static FIELD_MESSAGE(virtual_service_tls, PROTO "TLSRoute", .at = FIELD_AT(T, at), .check = virtual_service_check_tls, .help = "A rule for TLS that is passed through.");
#undef T

#define T struct virtual_service_tcp_match
static const struct field virtual_service_tcp_match_fields[] = {
    FIELD_LIST_STR(T, destination_subnets, "destinationSubnets", .proto = 1, .check = api_check_ip_or_cidr, .help = "Addresses that the client meant."),
    FIELD_UINT32(T, port, "port", .proto = 2, .max = 65535, .default_text = "any", .help = "The port that the client meant."),
    FIELD_STR(T, source_subnet, "sourceSubnet", .proto = 3, .check = api_check_ip_or_cidr, .help = "Addresses that the client comes from."),
    FIELD_MAP_STR(T, source_labels, "sourceLabels", .proto = 4, .help = "Only for clients with these labels."),
    FIELD_LIST_STR(T, gateways, "gateways", .proto = 5, .check = api_check_gateway_name, .default_text = "spec.gateways", .help = "Where this match applies."),
    FIELD_STR(T, source_namespace, "sourceNamespace", .proto = 6, .check = api_check_label, .help = "Only for clients of this namespace."),
};
static FIELD_MESSAGE(virtual_service_tcp_match, PROTO "L4MatchAttributes", .at = FIELD_AT(T, at), .help = "What a connection must look like.");
#undef T

#define T struct virtual_service_tcp
static const struct field virtual_service_tcp_fields[] = {
    FIELD_LIST_MSG(T, match, "match", virtual_service_tcp_match, .proto = 1, .default_text = "every connection", .help = "One of these must hold."),
    FIELD_LIST_MSG(T, route, "route", virtual_service_l4_route, .proto = 2, .help = "Destinations, by weight."),
};
static FIELD_MESSAGE(virtual_service_tcp, PROTO "TCPRoute", .at = FIELD_AT(T, at), .check = virtual_service_check_tcp, .help = "A rule for plain TCP.");
#undef T

#define T struct virtual_service
static const struct field virtual_service_fields[] = {
    FIELD_LIST_STR(T, hosts, "hosts", .proto = 1, .check = api_check_wildcard_host, .help = "Names that clients ask for; none for a delegate."),
    FIELD_LIST_STR(T, gateways, "gateways", .proto = 2, .check = api_check_gateway_name, .default_text = "mesh", .help = "Gateways that the rules are for; \"mesh\" stands for all sidecars."),
    FIELD_LIST_MSG(T, http, "http", virtual_service_http, .proto = 3, .help = "Rules for HTTP, first match wins."),
    FIELD_LIST_MSG(T, tls, "tls", virtual_service_tls, .proto = 5, .help = "Rules for TLS passed through, first match wins."),
    FIELD_LIST_MSG(T, tcp, "tcp", virtual_service_tcp, .proto = 4, .help = "Rules for plain TCP, first match wins."),
    FIELD_LIST_STR(T, export_to, "exportTo", .proto = 6, .check = api_check_export_to, .default_text = "*", .help = "Namespaces that see this: a name, \".\" or \"*\"."),
};
FIELD_MESSAGE(virtual_service, PROTO "VirtualService", .at = FIELD_AT(T, at), .check = virtual_service_check_spec, .help = "How requests and connections to a host are routed.");
#undef T

struct virtual_service_root {
    OBJECT_META_HEAD;
    struct virtual_service *spec;
    struct istio_status *status;
};

#define T struct virtual_service_root
static const struct field virtual_service_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", virtual_service, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", istio_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(virtual_service_root, "io.istio.networking.v1.VirtualService", .at = FIELD_AT(T, at), .help = "How requests and connections to a host are routed.");
#undef T
/* clang-format on */
