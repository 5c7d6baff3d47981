#include "core/api/gateway_api_route.h"

#include "core/api/api_check.h"
#include "core/api/gateway_api_check.h"
#include "core/api/gateway_api_gateway.h"
#include "core/base/mem.h"

#define GATEWAY    "io.k8s.networking.gateway.v1."
#define EVERY_PATH "{\"type\":\"PathPrefix\",\"value\":\"/\"}"

static void check_method(struct field_check *c, const void *member)
{
    static const char *const methods[] = { "GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                           "CONNECT", "OPTIONS", "TRACE", "PATCH" };
    const struct str *s = member;

    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (str_is(*s, methods[i]))
            return;
    field_decode_error(c, "\"%.*s\" is not a method in upper case: GET, POST, PUT...", STR_ARG(*s));
}

/* RE2 is "implementation-specific" there; a pattern that cannot be compiled would match nothing. */
static void check_pattern(struct field_check *c, int type, struct str value)
{
    if (type == GATEWAY_API_MATCH_REGEX)
        api_check_regex(c, &value);
}

static void check_path(struct field_check *c, const void *message)
{
    const struct gateway_api_path_match *m = message;

    check_pattern(c, m->type, m->value);
}

static void check_header(struct field_check *c, const void *message)
{
    const struct gateway_api_header_match *m = message;

    check_pattern(c, m->type, m->value);
}

static void check_grpc_method(struct field_check *c, const void *message)
{
    const struct gateway_api_grpc_method *m = message;

    if (m->service.len > 0)
        check_pattern(c, m->type, m->service);
    if (m->method.len > 0)
        check_pattern(c, m->type, m->method);
}

/* clang-format off */
static const struct field_enum_name gateway_api_path_match_names[] = {
    { "Exact", GATEWAY_API_MATCH_EXACT, "The path is this." },
    { "PathPrefix", GATEWAY_API_MATCH_PREFIX, "The path begins with these segments." },
    { "RegularExpression", GATEWAY_API_MATCH_REGEX, "The whole path fits a regular expression (RE2)." },
};
static FIELD_ENUM_TABLE(gateway_api_path_match, GATEWAY "PathMatchType");

static const struct field_enum_name gateway_api_match_names[] = {
    { "Exact", GATEWAY_API_MATCH_EXACT, "The value is this." },
    { "RegularExpression", GATEWAY_API_MATCH_REGEX, "The whole value fits a regular expression (RE2)." },
};
static FIELD_ENUM_TABLE(gateway_api_match, GATEWAY "HeaderMatchType");

static const struct field_enum_name gateway_api_session_type_names[] = {
    { "Cookie", GATEWAY_API_SESSION_COOKIE, "By a cookie." },
    { "Header", GATEWAY_API_SESSION_HEADER, "By a header." },
};
static FIELD_ENUM_TABLE(gateway_api_session_type, GATEWAY "SessionPersistenceType");

static const struct field_enum_name gateway_api_lifetime_names[] = {
    { "Permanent", GATEWAY_API_LIFETIME_PERMANENT, "Until absoluteTimeout." },
    { "Session", GATEWAY_API_LIFETIME_SESSION, "Until the browser is closed." },
};
static FIELD_ENUM_TABLE(gateway_api_lifetime, GATEWAY "CookieLifetimeType");

#define T struct gateway_api_path_match
static const struct field gateway_api_path_match_fields[] = {
    FIELD_ENUM(T, type, "type", gateway_api_path_match, .fill = "\"PathPrefix\"", .default_text = "PathPrefix", .help = "How the path is compared."),
    FIELD_STR(T, value, "value", .max_len = 1024, .fill = "\"/\"", .default_text = "/", .help = "With what."),
};
static FIELD_MESSAGE(gateway_api_path_match, GATEWAY "HTTPPathMatch", .at = FIELD_AT(T, at), .check = check_path, .help = "What the path must be.");
#undef T

#define T struct gateway_api_header_match
#define MATCH_TYPE FIELD_ENUM(T, type, "type", gateway_api_match, .fill = "\"Exact\"", .default_text = "Exact", .help = "How the value is compared.")
static const struct field gateway_api_header_match_fields[] = {
    MATCH_TYPE,
    FIELD_STR(T, name, "name", .required = true, .max_len = 256, .check = gateway_api_check_header_name, .help = "Name of the header, in any case."),
    FIELD_STR(T, value, "value", .required = true, .max_len = 4096, .check = gateway_api_check_header_value, .help = "With what."),
};
static FIELD_MESSAGE(gateway_api_header_match, GATEWAY "HTTPHeaderMatch", .at = FIELD_AT(T, at), .check = check_header, .help = "What a header must be.");

static const struct field param_rows[] = {
    MATCH_TYPE,
    FIELD_STR(T, name, "name", .required = true, .max_len = 256, .check = gateway_api_check_header_name, .help = "Name of the parameter."),
    FIELD_STR(T, value, "value", .required = true, .max_len = 1024, .check = api_check_not_empty, .help = "With what."),
};
static const struct field_message param_message = {
    .name = GATEWAY "HTTPQueryParamMatch", .help = "What a query parameter must be.",
    .fields = param_rows, .count = COUNT_OF(param_rows), .size = sizeof(T), .at = FIELD_AT(T, at), .check = check_header, .cache = &(struct field_cache){ NULL },
};

static const struct field grpc_header_rows[] = {
    MATCH_TYPE,
    FIELD_STR(T, name, "name", .required = true, .max_len = 256, .check = gateway_api_check_header_name, .help = "Name of the header, in any case."),
    FIELD_STR(T, value, "value", .required = true, .max_len = 4096, .check = api_check_not_empty, .help = "With what."),
};
static const struct field_message grpc_header_message = {
    .name = GATEWAY "GRPCHeaderMatch", .help = "What a header must be.",
    .fields = grpc_header_rows, .count = COUNT_OF(grpc_header_rows), .size = sizeof(T), .at = FIELD_AT(T, at), .check = check_header, .cache = &(struct field_cache){ NULL },
};
#undef T

/* A list of items of one struct with the rows of another message. */
#define LIST_AS(T, m, n, ctype, message, ...) { .name = n, .type = FIELD_TYPE_MSG, .msg = &message, FIELD_LIST_OF(T, m, struct ctype), __VA_ARGS__ }

#define T struct gateway_api_http_match
static const struct field gateway_api_http_match_fields[] = {
    FIELD_MSG(T, path, "path", gateway_api_path_match, .fill = EVERY_PATH, .default_text = "every path", .help = "What the path must be."),
    FIELD_LIST_MSG(T, headers, "headers", gateway_api_header_match, .max_items = 16, .merge_key = "name", .help = "What headers must be, all of them."),
    LIST_AS(T, params, "queryParams", gateway_api_header_match, param_message, .max_items = 16, .merge_key = "name", .help = "What query parameters must be, all of them."),
    FIELD_STR(T, method, "method", .check = check_method, .default_text = "every method", .help = "The method."),
};
static FIELD_MESSAGE(gateway_api_http_match, GATEWAY "HTTPRouteMatch", .at = FIELD_AT(T, at), .help = "What must hold for a request; all of it.");
#undef T

#define T struct gateway_api_timeouts
static const struct field gateway_api_timeouts_fields[] = {
    FIELD_DURATION(T, request, "request", .check = gateway_api_check_duration, .default_text = "none", .help = "For all of a request, retries included; 0s: none."),
    FIELD_DURATION(T, backend_request, "backendRequest", .check = gateway_api_check_duration, .default_text = "none", .help = "For one try; at most request; 0s: none."),
};
static FIELD_MESSAGE(gateway_api_timeouts, GATEWAY "HTTPRouteTimeouts", .at = FIELD_AT(T, at), .help = "How long things may take.");
#undef T

#define T struct gateway_api_retry
static const struct field gateway_api_retry_fields[] = {
    FIELD_LIST_INT(T, codes, "codes", .min = 400, .max = 599, .merge_key = "", .help = "Statuses after which to try again."),
    FIELD_OPT_INT(T, attempts, "attempts", .min = 1, .help = "How often to try again."),
    FIELD_DURATION(T, backoff, "backoff", .check = gateway_api_check_duration, .help = "How long to wait at least before trying again."),
};
static FIELD_MESSAGE(gateway_api_retry, GATEWAY "HTTPRouteRetry", .at = FIELD_AT(T, at), .help = "When to try again.");
#undef T

#define T struct gateway_api_session_cookie
static const struct field gateway_api_session_cookie_fields[] = {
    FIELD_STR(T, name, "name", .max_len = 256, .check = gateway_api_check_header_name, .help = "Name of the cookie."),
    FIELD_STR(T, path, "path", .max_len = 1024, .check = gateway_api_check_cookie_path, .fill = "\"/\"", .default_text = "/", .help = "Path of the cookie."),
    FIELD_ENUM(T, lifetime, "lifetimeType", gateway_api_lifetime, .fill = "\"Session\"", .default_text = "Session", .help = "How long browsers keep it."),
};
static FIELD_MESSAGE(gateway_api_session_cookie, GATEWAY "SessionPersistenceCookie", .help = "The cookie.");
#undef T

#define T struct gateway_api_session_header
static const struct field gateway_api_session_header_fields[] = {
    FIELD_STR(T, name, "name", .required = true, .max_len = 256, .check = gateway_api_check_header_name, .help = "Name of the header."),
};
static FIELD_MESSAGE(gateway_api_session_header, GATEWAY "SessionPersistenceHeader", .help = "The header.");
#undef T

#define T struct gateway_api_route_session
static const struct field gateway_api_route_session_fields[] = {
    FIELD_ENUM(T, type, "type", gateway_api_session_type, .fill = "\"Cookie\"", .default_text = "Cookie", .help = "How a client is known again."),
    FIELD_MSG(T, cookie, "cookie", gateway_api_session_cookie, .help = "The cookie."),
    FIELD_MSG(T, header, "header", gateway_api_session_header, .help = "The header."),
    FIELD_DURATION(T, absolute_timeout, "absoluteTimeout", .check = gateway_api_check_duration, .help = "After which time a client may get another endpoint."),
};
FIELD_MESSAGE(gateway_api_route_session, GATEWAY "SessionPersistence", .at = FIELD_AT(T, at), .help = "Keeps a client with its endpoint.");
#undef T

#define T struct gateway_api_http_backend
static const struct field gateway_api_http_backend_fields[] = {
    GATEWAY_API_BACKEND_ROWS(T),
    FIELD_LIST_MSG(T, filters, "filters", gateway_api_filter, .max_items = 16, .help = "What is done to requests that go here."),
};
static FIELD_MESSAGE(gateway_api_http_backend, GATEWAY "HTTPBackendRef", .at = FIELD_AT(T, at), .help = "Where requests go, and which share.");
#undef T

#define T struct gateway_api_grpc_backend
static const struct field gateway_api_grpc_backend_fields[] = {
    GATEWAY_API_BACKEND_ROWS(T),
    LIST_AS(T, filters, "filters", gateway_api_filter, gateway_api_filter_of_grpc, .max_items = 16, .help = "What is done to calls that go here."),
};
static FIELD_MESSAGE(gateway_api_grpc_backend, GATEWAY "GRPCBackendRef", .at = FIELD_AT(T, at), .help = "Where calls go, and which share.");
#undef T

#define RULE_NAME FIELD_STR(T, name, "name", .max_len = 253, .check = gateway_api_check_section, .help = "Name of the rule.")
#define SESSION   FIELD_MSG(T, session, "sessionPersistence", gateway_api_route_session, .help = "Keeps a client with its endpoint.")

#define T struct gateway_api_http_rule
static const struct field gateway_api_http_rule_fields[] = {
    RULE_NAME,
    FIELD_LIST_MSG(T, matches, "matches", gateway_api_http_match, .max_items = 64, .fill = "[{\"path\":" EVERY_PATH "}]", .default_text = "every request", .help = "Which requests; one of these must hold."),
    FIELD_LIST_MSG(T, filters, "filters", gateway_api_filter, .max_items = 16, .help = "What is done to them."),
    FIELD_LIST_MSG(T, backends, "backendRefs", gateway_api_http_backend, .max_items = 16, .help = "Where they go."),
    FIELD_MSG(T, timeouts, "timeouts", gateway_api_timeouts, .help = "How long things may take."),
    FIELD_MSG(T, retry, "retry", gateway_api_retry, .help = "When to try again."),
    SESSION,
};
static FIELD_MESSAGE(gateway_api_http_rule, GATEWAY "HTTPRouteRule", .at = FIELD_AT(T, at), .help = "Which requests go where.");
#undef T

#define T struct gateway_api_route_http_route
static const struct field gateway_api_route_http_route_fields[] = {
    GATEWAY_API_ROUTE_ROWS(T),
    GATEWAY_API_HOSTNAMES(T, 16, .default_text = "the listener's"),
    FIELD_LIST_MSG(T, rules, "rules", gateway_api_http_rule, .min_items = 1, .max_items = 16, .fill = "[{\"matches\":[{\"path\":" EVERY_PATH "}]}]", .default_text = "one for every request, without a backend", .help = "Which requests go where."),
};
FIELD_MESSAGE(gateway_api_route_http_route, GATEWAY "HTTPRouteSpec", .at = FIELD_AT(T, at), .help = "Which HTTP requests go where.");
#undef T

#define T struct gateway_api_grpc_method
static const struct field gateway_api_grpc_method_fields[] = {
    FIELD_ENUM(T, type, "type", gateway_api_match, .fill = "\"Exact\"", .default_text = "Exact", .help = "How the names are compared."),
    FIELD_STR(T, service, "service", .max_len = 1024, .default_text = "every service", .help = "Name of the service with its package."),
    FIELD_STR(T, method, "method", .max_len = 1024, .default_text = "every method", .help = "Name of the method."),
};
static FIELD_MESSAGE(gateway_api_grpc_method, GATEWAY "GRPCMethodMatch", .at = FIELD_AT(T, at), .check = check_grpc_method, .help = "What must be called.");
#undef T

#define T struct gateway_api_grpc_match
static const struct field gateway_api_grpc_match_fields[] = {
    FIELD_MSG(T, method, "method", gateway_api_grpc_method, .default_text = "every method", .help = "What must be called."),
    LIST_AS(T, headers, "headers", gateway_api_header_match, grpc_header_message, .max_items = 16, .merge_key = "name", .help = "What headers must be, all of them."),
};
static FIELD_MESSAGE(gateway_api_grpc_match, GATEWAY "GRPCRouteMatch", .at = FIELD_AT(T, at), .help = "What must hold for a call; all of it.");
#undef T

#define T struct gateway_api_grpc_rule
static const struct field gateway_api_grpc_rule_fields[] = {
    RULE_NAME,
    FIELD_LIST_MSG(T, matches, "matches", gateway_api_grpc_match, .max_items = 64, .default_text = "every call", .help = "Which calls; one of these must hold."),
    LIST_AS(T, filters, "filters", gateway_api_filter, gateway_api_filter_of_grpc, .max_items = 16, .help = "What is done to them."),
    FIELD_LIST_MSG(T, backends, "backendRefs", gateway_api_grpc_backend, .max_items = 16, .help = "Where they go."),
    SESSION,
};
static FIELD_MESSAGE(gateway_api_grpc_rule, GATEWAY "GRPCRouteRule", .at = FIELD_AT(T, at), .help = "Which calls go where.");
#undef T

#define T struct gateway_api_route_grpc_route
static const struct field gateway_api_route_grpc_route_fields[] = {
    GATEWAY_API_ROUTE_ROWS(T),
    GATEWAY_API_HOSTNAMES(T, 16, .default_text = "the listener's"),
    FIELD_LIST_MSG(T, rules, "rules", gateway_api_grpc_rule, .max_items = 16, .help = "Which calls go where."),
};
FIELD_MESSAGE(gateway_api_route_grpc_route, GATEWAY "GRPCRouteSpec", .at = FIELD_AT(T, at), .help = "Which gRPC calls go where.");
#undef T

GATEWAY_API_ROOT(gateway_api_route_http_route_root, GATEWAY "HTTPRoute", gateway_api_route_http_route, gateway_api_status_route_status, "Which HTTP requests go where.", NULL);
GATEWAY_API_ROOT(gateway_api_route_grpc_route_root, GATEWAY "GRPCRoute", gateway_api_route_grpc_route, gateway_api_status_route_status, "Which gRPC calls go where.", NULL);
/* clang-format on */
