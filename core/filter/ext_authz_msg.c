#include "core/filter/ext_authz_msg.h"

#define AUTH "envoy.service.auth.v3."
#define CORE "envoy.config.core.v3."

/* clang-format off */
#define T struct ext_authz_msg_socket
static const struct field ext_authz_msg_socket_fields[] = {
    FIELD_STR(T, address, "address", .proto = 2, .help = "IP address."),
    FIELD_UINT32(T, port, "portValue", .proto = 3, .help = "Port."),
};
static FIELD_MESSAGE(ext_authz_msg_socket, CORE "SocketAddress", .help = "Address and port.");
#undef T

#define T struct ext_authz_msg_address
static const struct field ext_authz_msg_address_fields[] = {
    FIELD_INLINE(T, socket, "socketAddress", ext_authz_msg_socket, .proto = 1, .help = "Of a socket."),
};
static FIELD_MESSAGE(ext_authz_msg_address, CORE "Address", .help = "Where somebody is.");
#undef T

#define T struct ext_authz_msg_peer
static const struct field ext_authz_msg_peer_fields[] = {
    FIELD_MSG(T, address, "address", ext_authz_msg_address, .proto = 1, .help = "Where it is."),
    FIELD_STR(T, principal, "principal", .proto = 4, .help = "Its identity."),
};
static FIELD_MESSAGE(ext_authz_msg_peer, AUTH "AttributeContext.Peer", .help = "One end.");
#undef T

#define T struct ext_authz_msg_http
static const struct field ext_authz_msg_http_fields[] = {
    FIELD_STR(T, id, "id", .proto = 1, .help = "Of the request."),
    FIELD_STR(T, method, "method", .proto = 2, .help = "Method."),
    FIELD_MAP_STR(T, headers, "headers", .proto = 3, .help = "All headers; several of one name by ','."),
    FIELD_STR(T, path, "path", .proto = 4, .help = "With query."),
    FIELD_STR(T, host, "host", .proto = 5, .help = "Authority."),
    FIELD_STR(T, scheme, "scheme", .proto = 6, .help = "http or https."),
    FIELD_INT(T, size, "size", .proto = 9, .help = "Bytes of the body."),
    FIELD_STR(T, protocol, "protocol", .proto = 10, .help = "HTTP/1.1."),
    FIELD_STR(T, body, "body", .proto = 11, .help = "As text."),
    FIELD_BYTES(T, raw_body, "rawBody", .proto = 12, .help = "As bytes."),
};
static FIELD_MESSAGE(ext_authz_msg_http, AUTH "AttributeContext.HttpRequest", .help = "A request of HTTP.");
#undef T

#define T struct ext_authz_msg_request
static const struct field ext_authz_msg_request_fields[] = {
    FIELD_TIMESTAMP(T, time, "time", .proto = 1, .help = "When it came."),
    FIELD_MSG(T, http, "http", ext_authz_msg_http, .proto = 2, .help = "What was asked."),
};
static FIELD_MESSAGE(ext_authz_msg_request, AUTH "AttributeContext.Request", .help = "What was asked, and when.");
#undef T

#define T struct ext_authz_msg_tls
static const struct field ext_authz_msg_tls_fields[] = {
    FIELD_STR(T, sni, "sni", .proto = 1, .help = "Server name."),
};
static FIELD_MESSAGE(ext_authz_msg_tls, AUTH "AttributeContext.TLSSession", .help = "TLS.");
#undef T

#define T struct ext_authz_msg_attributes
static const struct field ext_authz_msg_attributes_fields[] = {
    FIELD_INLINE(T, source, "source", ext_authz_msg_peer, .proto = 1, .help = "Who asks."),
    FIELD_INLINE(T, destination, "destination", ext_authz_msg_peer, .proto = 2, .help = "Who is asked."),
    FIELD_INLINE(T, request, "request", ext_authz_msg_request, .proto = 4, .help = "For what."),
    FIELD_MSG(T, tls, "tlsSession", ext_authz_msg_tls, .proto = 12, .help = "TLS."),
};
static FIELD_MESSAGE(ext_authz_msg_attributes, AUTH "AttributeContext", .help = "What is known.");
#undef T

#define T struct ext_authz_msg_check
static const struct field ext_authz_msg_check_fields[] = {
    FIELD_INLINE(T, attributes, "attributes", ext_authz_msg_attributes, .proto = 1, .help = "What is known."),
};
FIELD_MESSAGE(ext_authz_msg_check, AUTH "CheckRequest", .help = "May it pass?");
#undef T

static const struct field_enum_name action_names[] = {
    { "APPEND_IF_EXISTS_OR_ADD", EXT_AUTHZ_MSG_APPEND_OR_ADD, "Beside what is there." },
    { "ADD_IF_ABSENT", EXT_AUTHZ_MSG_ADD_IF_ABSENT, "Only when there is none." },
    { "OVERWRITE_IF_EXISTS_OR_ADD", EXT_AUTHZ_MSG_OVERWRITE_OR_ADD, "In place of what is there." },
    { "OVERWRITE_IF_EXISTS", EXT_AUTHZ_MSG_OVERWRITE_IF_EXISTS, "Only in place of what is there." },
};
static FIELD_ENUM_TABLE(action, CORE "HeaderValueOption.HeaderAppendAction");

#define T struct ext_authz_msg_header
static const struct field ext_authz_msg_header_fields[] = {
    FIELD_STR(T, key, "key", .proto = 1, .help = "Name."),
    FIELD_STR(T, value, "value", .proto = 2, .help = "Value."),
    FIELD_BYTES(T, raw_value, "rawValue", .proto = 3, .help = "Value that is no text."),
};
static FIELD_MESSAGE(ext_authz_msg_header, CORE "HeaderValue", .help = "A header.");
#undef T

#define T struct ext_authz_msg_option
static const struct field ext_authz_msg_option_fields[] = {
    FIELD_INLINE(T, header, "header", ext_authz_msg_header, .proto = 1, .help = "The header."),
    FIELD_OPT_BOOL(T, append, "append", .proto = 2, .wrapper = true, .help = "Beside what is there."),
    FIELD_ENUM(T, action, "appendAction", action, .proto = 3, .help = "What becomes of those that are there."),
};
static FIELD_MESSAGE(ext_authz_msg_option, CORE "HeaderValueOption", .help = "A change of a header.");
#undef T

#define T struct ext_authz_msg_query
static const struct field ext_authz_msg_query_fields[] = {
    FIELD_STR(T, key, "key", .proto = 1, .help = "Name."),
    FIELD_STR(T, value, "value", .proto = 2, .help = "Value."),
};
static FIELD_MESSAGE(ext_authz_msg_query, CORE "QueryParameter", .help = "A query parameter.");
#undef T

#define T struct ext_authz_msg_ok
static const struct field ext_authz_msg_ok_fields[] = {
    FIELD_LIST_MSG(T, headers, "headers", ext_authz_msg_option, .proto = 2, .help = "For the request."),
    FIELD_LIST_STR(T, headers_to_remove, "headersToRemove", .proto = 5, .help = "Not for the request."),
    FIELD_LIST_MSG(T, response_headers_to_add, "responseHeadersToAdd", ext_authz_msg_option, .proto = 6, .help = "For the answer."),
    FIELD_LIST_MSG(T, query_parameters_to_set, "queryParametersToSet", ext_authz_msg_query, .proto = 7, .help = "For the path."),
    FIELD_LIST_STR(T, query_parameters_to_remove, "queryParametersToRemove", .proto = 8, .help = "Not for the path."),
};
static FIELD_MESSAGE(ext_authz_msg_ok, AUTH "OkHttpResponse", .help = "It may pass.");
#undef T

#define T struct ext_authz_msg_code
static const struct field ext_authz_msg_code_fields[] = {
    FIELD_INT32(T, code, "code", .proto = 1, .help = "The code."),
};
static FIELD_MESSAGE(ext_authz_msg_code, "google.rpc.Status", .help = "A code.");
#undef T

#define T struct ext_authz_msg_denied
static const struct field ext_authz_msg_denied_fields[] = {
    FIELD_INLINE(T, status, "status", ext_authz_msg_code, .proto = 1, .help = "Of HTTP."),
    FIELD_LIST_MSG(T, headers, "headers", ext_authz_msg_option, .proto = 2, .help = "For the answer."),
    FIELD_STR(T, body, "body", .proto = 3, .help = "Of the answer."),
};
static FIELD_MESSAGE(ext_authz_msg_denied, AUTH "DeniedHttpResponse", .help = "It may not.");
#undef T

#define T struct ext_authz_msg_answer
static const struct field ext_authz_msg_answer_fields[] = {
    FIELD_INLINE(T, status, "status", ext_authz_msg_code, .proto = 1, .help = "0: it may pass."),
    FIELD_MSG(T, denied, "deniedResponse", ext_authz_msg_denied, .proto = 2, .oneof = 1, .help = "It may not."),
    FIELD_MSG(T, ok, "okResponse", ext_authz_msg_ok, .proto = 3, .oneof = 1, .help = "It may pass."),
};
FIELD_MESSAGE(ext_authz_msg_answer, AUTH "CheckResponse", .help = "Whether it may pass.");
#undef T
/* clang-format on */
