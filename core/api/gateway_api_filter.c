#include "core/api/gateway_api_filter.h"

#include "core/api/api_check.h"
#include "core/api/gateway_api_check.h"
#include "core/base/mem.h"

#define GATEWAY "io.k8s.networking.gateway.v1."

static void check_redirect_status(struct field_check *c, const void *member)
{
    static const int codes[] = { 301, 302, 303, 307, 308 };
    const struct field_opt *status = member;

    for (size_t i = 0; i < COUNT_OF(codes); i++)
        if (status->value == codes[i])
            return;
    field_decode_error(c, "%lld is not 301, 302, 303, 307 or 308", (long long)status->value);
}

static void check_scheme(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!str_is(*s, "http") && !str_is(*s, "https"))
        field_decode_error(c, "\"%.*s\" is not http or https", STR_ARG(*s));
}

static void check_cors_method(struct field_check *c, const void *member)
{
    static const char *const methods[] = { "GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                           "CONNECT", "OPTIONS", "TRACE", "PATCH", "*" };
    const struct str *s = member;

    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (str_is(*s, methods[i]))
            return;
    field_decode_error(c, "\"%.*s\" is not a method in upper case, or \"*\"", STR_ARG(*s));
}

/* clang-format off */
static const struct field_enum_name gateway_api_filter_type_names[] = {
    { "RequestHeaderModifier", GATEWAY_API_FILTER_REQUEST_HEADER, "Changes headers of requests." },
    { "ResponseHeaderModifier", GATEWAY_API_FILTER_RESPONSE_HEADER, "Changes headers of responses." },
    { "RequestMirror", GATEWAY_API_FILTER_MIRROR, "Sends a copy elsewhere." },
    { "RequestRedirect", GATEWAY_API_FILTER_REDIRECT, "Answers with a redirect." },
    { "URLRewrite", GATEWAY_API_FILTER_REWRITE, "Changes host and path." },
    { "ExtensionRef", GATEWAY_API_FILTER_EXTENSION, "What another object says." },
    { "CORS", GATEWAY_API_FILTER_CORS, "Answers browsers that ask whether they may." },
    { "ExternalAuth", GATEWAY_API_FILTER_EXTERNAL_AUTH, "Asks a service whether a request may pass." },
};
static FIELD_ENUM_TABLE(gateway_api_filter_type, GATEWAY "HTTPRouteFilterType");

static const struct field_enum_name gateway_api_grpc_filter_type_names[] = {
    { "ResponseHeaderModifier", GATEWAY_API_FILTER_RESPONSE_HEADER, "Changes headers of responses." },
    { "RequestHeaderModifier", GATEWAY_API_FILTER_REQUEST_HEADER, "Changes headers of requests." },
    { "RequestMirror", GATEWAY_API_FILTER_MIRROR, "Sends a copy elsewhere." },
    { "ExtensionRef", GATEWAY_API_FILTER_EXTENSION, "What another object says." },
};
static FIELD_ENUM_TABLE(gateway_api_grpc_filter_type, GATEWAY "GRPCRouteFilterType");

static const struct field_enum_name gateway_api_path_change_names[] = {
    { "ReplaceFullPath", GATEWAY_API_REPLACE_FULL_PATH, "All of the path becomes another." },
    { "ReplacePrefixMatch", GATEWAY_API_REPLACE_PREFIX_MATCH, "What the prefix of the match fitted becomes something else." },
};
static FIELD_ENUM_TABLE(gateway_api_path_change, GATEWAY "HTTPPathModifierType");

static const struct field_enum_name gateway_api_auth_protocol_names[] = {
    { "HTTP", GATEWAY_API_AUTH_HTTP, "By an HTTP request." },
    { "GRPC", GATEWAY_API_AUTH_GRPC, "By Envoy's ext_authz over gRPC." },
};
static FIELD_ENUM_TABLE(gateway_api_auth_protocol, GATEWAY "HTTPRouteExternalAuthProtocol");

#define T struct gateway_api_header
static const struct field gateway_api_header_fields[] = {
    FIELD_STR(T, name, "name", .required = true, .max_len = 256, .check = gateway_api_check_header_name, .help = "Name of the header, in any case."),
    FIELD_STR(T, value, "value", .required = true, .max_len = 4096, .check = gateway_api_check_header_value, .help = "Its value."),
};
static FIELD_MESSAGE(gateway_api_header, GATEWAY "HTTPHeader", .at = FIELD_AT(T, at), .help = "A header and its value.");
#undef T

#define T struct gateway_api_headers
static const struct field gateway_api_headers_fields[] = {
    FIELD_LIST_MSG(T, set, "set", gateway_api_header, .max_items = 16, .merge_key = "name", .help = "Headers to set, in place of what is there."),
    FIELD_LIST_MSG(T, add, "add", gateway_api_header, .max_items = 16, .merge_key = "name", .help = "Headers to add to what is there."),
    FIELD_LIST_STR(T, remove, "remove", .max_items = 16, .merge_key = "", .help = "Headers to take away."),
};
static FIELD_MESSAGE(gateway_api_headers, GATEWAY "HTTPHeaderFilter", .at = FIELD_AT(T, at), .help = "Changes of headers.");
#undef T

#define T struct gateway_api_fraction
static const struct field gateway_api_fraction_fields[] = {
    FIELD_INT32(T, numerator, "numerator", .required = true, .max = INT32_MAX, .help = "So many,"),
    FIELD_OPT_INT32(T, denominator, "denominator", .min = 1, .max = INT32_MAX, .fill = "100", .default_text = "100", .help = "of so many."),
};
static FIELD_MESSAGE(gateway_api_fraction, GATEWAY "Fraction", .at = FIELD_AT(T, at), .help = "A share.");
#undef T

#define T struct gateway_api_mirror
static const struct field gateway_api_mirror_fields[] = {
    FIELD_MSG(T, backend, "backendRef", gateway_api_ref_backend_object_ref, .required = true, .help = "Who gets the copies; answers are thrown away."),
    FIELD_OPT_INT32(T, percent, "percent", .max = 100, .default_text = "100", .help = "Of how many of a hundred requests."),
    FIELD_MSG(T, fraction, "fraction", gateway_api_fraction, .help = "Of how many requests, more finely."),
};
static FIELD_MESSAGE(gateway_api_mirror, GATEWAY "HTTPRequestMirrorFilter", .at = FIELD_AT(T, at), .help = "Sends copies of requests elsewhere.");
#undef T

#define T struct gateway_api_path_change
static const struct field gateway_api_path_change_fields[] = {
    FIELD_ENUM(T, type, "type", gateway_api_path_change, .required = true, .help = "Which part of the path."),
    FIELD_STR(T, full_path, "replaceFullPath", .max_len = 1024, .help = "The new path."),
    FIELD_STR(T, prefix, "replacePrefixMatch", .max_len = 1024, .help = "What stands in place of the prefix."),
};
static FIELD_MESSAGE(gateway_api_path_change, GATEWAY "HTTPPathModifier", .at = FIELD_AT(T, at), .help = "A change of the path.");
#undef T

#define T struct gateway_api_redirect
static const struct field gateway_api_redirect_fields[] = {
    FIELD_STR(T, scheme, "scheme", .check = check_scheme, .default_text = "the request's", .help = "http or https."),
    FIELD_STR(T, hostname, "hostname", .max_len = 253, .check = gateway_api_check_precise_hostname, .default_text = "the request's", .help = "The host."),
    FIELD_MSG(T, path, "path", gateway_api_path_change, .default_text = "the request's", .help = "The path."),
    FIELD_OPT_INT32(T, port, "port", .min = 1, .max = 65535, .default_text = "of the scheme, or the listener's", .help = "The port."),
    FIELD_OPT_INT32(T, status, "statusCode", .check = check_redirect_status, .fill = "302", .default_text = "302", .help = "301, 302, 303, 307 or 308."),
};
static FIELD_MESSAGE(gateway_api_redirect, GATEWAY "HTTPRequestRedirectFilter", .at = FIELD_AT(T, at), .help = "Answers with a redirect.");
#undef T

#define T struct gateway_api_rewrite
static const struct field gateway_api_rewrite_fields[] = {
    FIELD_STR(T, hostname, "hostname", .max_len = 253, .check = gateway_api_check_precise_hostname, .help = "The new host."),
    FIELD_MSG(T, path, "path", gateway_api_path_change, .help = "The new path."),
};
static FIELD_MESSAGE(gateway_api_rewrite, GATEWAY "HTTPURLRewriteFilter", .at = FIELD_AT(T, at), .help = "Changes host and path of requests.");
#undef T

#define T struct gateway_api_cors
static const struct field gateway_api_cors_fields[] = {
    FIELD_LIST_STR(T, origins, "allowOrigins", .max_items = 64, .max_len = 253, .merge_key = "", .check = gateway_api_check_origin, .help = "Where pages may come from: \"https://host\", with '*' as first label, or \"*\"."),
    FIELD_OPT_BOOL(T, credentials, "allowCredentials", .default_text = "false", .help = "Whether requests may carry cookies and the like."),
    FIELD_LIST_STR(T, methods, "allowMethods", .max_items = 9, .merge_key = "", .check = check_cors_method, .help = "Methods that may be used, or \"*\"."),
    FIELD_LIST_STR(T, headers, "allowHeaders", .max_items = 64, .max_len = 256, .merge_key = "", .check = gateway_api_check_header_name, .help = "Headers that may be sent, or \"*\"."),
    FIELD_LIST_STR(T, expose, "exposeHeaders", .max_items = 64, .max_len = 256, .merge_key = "", .check = gateway_api_check_header_name, .help = "Headers of responses that the page may read."),
    FIELD_OPT_INT32(T, max_age_s, "maxAge", .min = 1, .max = INT32_MAX, .fill = "5", .default_text = "5", .help = "Seconds for which an answer may be kept."),
};
static FIELD_MESSAGE(gateway_api_cors, GATEWAY "HTTPCORSFilter", .at = FIELD_AT(T, at), .help = "Which pages of other origins may use this.");
#undef T

#define T struct gateway_api_auth_grpc
static const struct field gateway_api_auth_grpc_fields[] = {
    FIELD_LIST_STR(T, headers, "allowedHeaders", .max_items = 64, .merge_key = "", .default_text = "all", .help = "Headers of the request that are shown to the service."),
};
static FIELD_MESSAGE(gateway_api_auth_grpc, GATEWAY "GRPCAuthConfig", .help = "Settings of ext_authz over gRPC.");
#undef T

#define T struct gateway_api_auth_http
static const struct field gateway_api_auth_http_fields[] = {
    FIELD_STR(T, path, "path", .max_len = 1024, .check = gateway_api_check_auth_path, .help = "In front of the request's path."),
    FIELD_LIST_STR(T, headers, "allowedHeaders", .max_items = 64, .merge_key = "", .help = "More headers of the request that are sent along."),
    FIELD_LIST_STR(T, response_headers, "allowedResponseHeaders", .max_items = 64, .merge_key = "", .help = "Headers of the answer that the backend gets."),
};
static FIELD_MESSAGE(gateway_api_auth_http, GATEWAY "HTTPAuthConfig", .help = "Settings of authorization by HTTP.");
#undef T

#define T struct gateway_api_auth_body
static const struct field gateway_api_auth_body_fields[] = {
    FIELD_INT32(T, max_bytes, "maxSize", .max = INT32_MAX, .default_text = "0", .help = "So many bytes of the body are sent along."),
};
static FIELD_MESSAGE(gateway_api_auth_body, GATEWAY "ForwardBodyConfig", .help = "Whether the service sees the body.");
#undef T

#define T struct gateway_api_auth
static const struct field gateway_api_auth_fields[] = {
    FIELD_ENUM(T, protocol, "protocol", gateway_api_auth_protocol, .required = true, .help = "How the service is asked."),
    FIELD_MSG(T, backend, "backendRef", gateway_api_ref_backend_object_ref, .required = true, .help = "The service that is asked."),
    FIELD_MSG(T, grpc, "grpc", gateway_api_auth_grpc, .help = "Settings for GRPC."),
    FIELD_MSG(T, http, "http", gateway_api_auth_http, .help = "Settings for HTTP."),
    FIELD_MSG(T, body, "forwardBody", gateway_api_auth_body, .help = "Whether the service sees the body."),
};
static FIELD_MESSAGE(gateway_api_auth, GATEWAY "HTTPExternalAuthFilter", .at = FIELD_AT(T, at), .help = "Asks a service whether a request may pass.");
#undef T

#define T struct gateway_api_filter
static const struct field gateway_api_filter_fields[] = {
    FIELD_ENUM(T, type, "type", gateway_api_filter_type, .required = true, .help = "Which of the fields below counts."),
    FIELD_MSG(T, request_headers, "requestHeaderModifier", gateway_api_headers, .help = "Changes of a request's headers."),
    FIELD_MSG(T, response_headers, "responseHeaderModifier", gateway_api_headers, .help = "Changes of a response's headers."),
    FIELD_MSG(T, mirror, "requestMirror", gateway_api_mirror, .help = "Sends copies of requests elsewhere."),
    FIELD_MSG(T, redirect, "requestRedirect", gateway_api_redirect, .help = "Answers with a redirect."),
    FIELD_MSG(T, rewrite, "urlRewrite", gateway_api_rewrite, .help = "Changes host and path."),
    FIELD_MSG(T, cors, "cors", gateway_api_cors, .help = "Which pages of other origins may use this."),
    FIELD_MSG(T, auth, "externalAuth", gateway_api_auth, .help = "Asks a service whether a request may pass."),
    FIELD_MSG(T, extension, "extensionRef", gateway_api_ref_local_ref, .enforced = "is not supported: the rule answers 500", .help = "An object that says what to do."),
};
FIELD_MESSAGE(gateway_api_filter, GATEWAY "HTTPRouteFilter", .at = FIELD_AT(T, at), .help = "Something that is done to a request or its response.");

static const struct field grpc_rows[] = {
    FIELD_ENUM(T, type, "type", gateway_api_grpc_filter_type, .required = true, .help = "Which of the fields below counts."),
    FIELD_MSG(T, request_headers, "requestHeaderModifier", gateway_api_headers, .help = "Changes of a request's headers."),
    FIELD_MSG(T, response_headers, "responseHeaderModifier", gateway_api_headers, .help = "Changes of a response's headers."),
    FIELD_MSG(T, mirror, "requestMirror", gateway_api_mirror, .help = "Sends copies of requests elsewhere."),
    FIELD_MSG(T, extension, "extensionRef", gateway_api_ref_local_ref, .enforced = "is not supported: the rule answers 500", .help = "An object that says what to do."),
};
const struct field_message gateway_api_filter_of_grpc = {
    .name = GATEWAY "GRPCRouteFilter", .help = "Something that is done to a call or its response.",
    .fields = grpc_rows, .count = COUNT_OF(grpc_rows), .size = sizeof(T), .at = FIELD_AT(T, at), .cache = &(struct field_cache){ NULL },
};
#undef T
/* clang-format on */
