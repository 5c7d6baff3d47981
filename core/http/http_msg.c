#include "core/http/http_msg.h"

static const struct {
    struct str name;
    enum http_method method;
} methods[] = {
    { STR_INIT("GET"), HTTP_METHOD_GET },         { STR_INIT("HEAD"), HTTP_METHOD_HEAD },
    { STR_INIT("POST"), HTTP_METHOD_POST },       { STR_INIT("PUT"), HTTP_METHOD_PUT },
    { STR_INIT("DELETE"), HTTP_METHOD_DELETE },   { STR_INIT("CONNECT"), HTTP_METHOD_CONNECT },
    { STR_INIT("OPTIONS"), HTTP_METHOD_OPTIONS }, { STR_INIT("TRACE"), HTTP_METHOD_TRACE },
    { STR_INIT("PATCH"), HTTP_METHOD_PATCH },
};

static const struct {
    uint16_t status;
    const char *text;
} reasons[] = {
    { 100, "Continue" },
    { 101, "Switching Protocols" },
    { 102, "Processing" },
    { 103, "Early Hints" },
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 203, "Non-Authoritative Information" },
    { 204, "No Content" },
    { 205, "Reset Content" },
    { 206, "Partial Content" },
    { 207, "Multi-Status" },
    { 208, "Already Reported" },
    { 226, "IM Used" },
    { 300, "Multiple Choices" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 305, "Use Proxy" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 402, "Payment Required" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 407, "Proxy Authentication Required" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Payload Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 416, "Range Not Satisfiable" },
    { 417, "Expectation Failed" },
    { 418, "I'm a teapot" },
    { 421, "Misdirected Request" },
    { 422, "Unprocessable Entity" },
    { 423, "Locked" },
    { 424, "Failed Dependency" },
    { 425, "Too Early" },
    { 426, "Upgrade Required" },
    { 428, "Precondition Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 451, "Unavailable For Legal Reasons" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
    { 506, "Variant Also Negotiates" },
    { 507, "Insufficient Storage" },
    { 508, "Loop Detected" },
    { 510, "Not Extended" },
    { 511, "Network Authentication Required" },
};

void http_msg_init(struct http_msg *m, struct arena *arena)
{
    *m = (struct http_msg){ .content_length = HTTP_LENGTH_UNKNOWN, .version = HTTP_VERSION_11 };
    http_headers_init(&m->headers, arena);
}

enum http_method http_msg_method_of(struct str name)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (str_eq(methods[i].name, name))
            return methods[i].method;
    }
    return HTTP_METHOD_OTHER;
}

void http_msg_set_method(struct http_msg *m, struct str name)
{
    m->method = (uint8_t)http_msg_method_of(name);
    m->method_name = name;
}

struct str http_msg_path_only(const struct http_msg *m)
{
    ptrdiff_t at = str_chr(m->path, '?');

    return at < 0 ? m->path : str_head(m->path, (size_t)at);
}

struct str http_msg_query(const struct http_msg *m)
{
    ptrdiff_t at = str_chr(m->path, '?');

    return at < 0 ? STR_NONE : str_skip(m->path, (size_t)at + 1);
}

struct str http_msg_reason(int status)
{
    size_t low = 0, high = sizeof(reasons) / sizeof(reasons[0]);

    if (status == 200)
        return STR("OK");
    while (low < high) {
        size_t mid = (low + high) / 2;

        if (reasons[mid].status == status)
            return str_of(reasons[mid].text);
        if (reasons[mid].status < status)
            low = mid + 1;
        else
            high = mid;
    }
    return STR("");
}

struct str http_msg_version_text(enum http_version version)
{
    static const struct str texts[] = {
        [HTTP_VERSION_10] = STR_INIT("HTTP/1.0"),
        [HTTP_VERSION_11] = STR_INIT("HTTP/1.1"),
        [HTTP_VERSION_2] = STR_INIT("HTTP/2"),
    };

    return texts[version];
}
