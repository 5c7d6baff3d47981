#include "core/http/grpc_status.h"

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/text/grpc_code.h"

const char *grpc_status_name(int status)
{
    return status >= 0 && status < GRPC_STATUS_COUNT ? grpc_code_names[status] : "UNKNOWN";
}

enum grpc_status grpc_status_of_http(int status)
{
    switch (status) {
    case 400:
        return GRPC_STATUS_INTERNAL;
    case 401:
        return GRPC_STATUS_UNAUTHENTICATED;
    case 403:
        return GRPC_STATUS_PERMISSION_DENIED;
    case 404:
        return GRPC_STATUS_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return GRPC_STATUS_UNAVAILABLE;
    default:
        return GRPC_STATUS_UNKNOWN;
    }
}

uint16_t grpc_status_to_http(int status)
{
    static const uint16_t table[GRPC_STATUS_COUNT] = {
        [GRPC_STATUS_OK] = 200,
        [GRPC_STATUS_CANCELLED] = 499,
        [GRPC_STATUS_UNKNOWN] = 500,
        [GRPC_STATUS_INVALID_ARGUMENT] = 400,
        [GRPC_STATUS_DEADLINE_EXCEEDED] = 504,
        [GRPC_STATUS_NOT_FOUND] = 404,
        [GRPC_STATUS_ALREADY_EXISTS] = 409,
        [GRPC_STATUS_PERMISSION_DENIED] = 403,
        [GRPC_STATUS_RESOURCE_EXHAUSTED] = 429,
        [GRPC_STATUS_FAILED_PRECONDITION] = 400,
        [GRPC_STATUS_ABORTED] = 409,
        [GRPC_STATUS_OUT_OF_RANGE] = 400,
        [GRPC_STATUS_UNIMPLEMENTED] = 501,
        [GRPC_STATUS_INTERNAL] = 500,
        [GRPC_STATUS_UNAVAILABLE] = 503,
        [GRPC_STATUS_DATA_LOSS] = 500,
        [GRPC_STATUS_UNAUTHENTICATED] = 401,
    };

    return status >= 0 && status < GRPC_STATUS_COUNT ? table[status] : 500;
}

enum grpc_status grpc_status_of_error(int err)
{
    switch (err) {
    case 0:
        return GRPC_STATUS_OK;
    case ERR_INVALID:
        return GRPC_STATUS_INVALID_ARGUMENT;
    case ERR_LIMIT:
    case ERR_OVERLOAD:
        return GRPC_STATUS_RESOURCE_EXHAUSTED;
    case ERR_NOT_FOUND:
        return GRPC_STATUS_NOT_FOUND;
    case ERR_EXISTS:
        return GRPC_STATUS_ALREADY_EXISTS;
    case ERR_CONFLICT:
        return GRPC_STATUS_ABORTED;
    case ERR_TIMEOUT:
        return GRPC_STATUS_DEADLINE_EXCEEDED;
    case ERR_DENIED:
        return GRPC_STATUS_PERMISSION_DENIED;
    case ERR_UNSUPPORTED:
        return GRPC_STATUS_UNIMPLEMENTED;
    case ERR_PROTO:
    case ERR_INTERNAL:
        return GRPC_STATUS_INTERNAL;
    case ERR_CORRUPT:
        return GRPC_STATUS_DATA_LOSS;
    default: /* connections that fail or end, TLS among them */
        return GRPC_STATUS_UNAVAILABLE;
    }
}

int grpc_status_get(const struct http_headers *h)
{
    struct str text = http_headers_get(h, HTTP_TOKEN_GRPC_STATUS);
    uint64_t n;

    return text.p && str_to_u64(text, 1000, &n) == 0 ? (int)n : -1;
}

static int hex(char c)
{
    c = str_lower_char(c);
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What is not a proper %XX stays as it is (the gRPC specification asks for that). */
struct str grpc_status_get_message(const struct http_headers *h, struct arena *a)
{
    struct str text = http_headers_get(h, HTTP_TOKEN_GRPC_MESSAGE);
    size_t len = 0;
    char *out;

    if (!text.len)
        return STR("");
    out = arena_alloc(a, text.len);
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] == '%' && i + 2 < text.len && hex(text.p[i + 1]) >= 0 &&
            hex(text.p[i + 2]) >= 0) {
            out[len++] = (char)(hex(text.p[i + 1]) << 4 | hex(text.p[i + 2]));
            i += 2;
        } else {
            out[len++] = text.p[i];
        }
    }
    return str_make(out, len);
}

static struct str encode_message(struct arena *a, struct str message)
{
    char *out = arena_alloc(a, message.len * 3 + 1);
    size_t len = 0;

    for (size_t i = 0; i < message.len; i++) {
        uint8_t c = (uint8_t)message.p[i];

        if (c >= 0x20 && c < 0x7f && c != '%') {
            out[len++] = (char)c;
        } else {
            out[len++] = '%';
            out[len++] = "0123456789ABCDEF"[c >> 4];
            out[len++] = "0123456789ABCDEF"[c & 15];
        }
    }
    return str_make(out, len);
}

void grpc_status_add(struct http_headers *h, int status, struct str message)
{
    http_headers_add_token(h, HTTP_TOKEN_GRPC_STATUS, arena_printf(h->arena, "%d", status));
    if (message.len)
        http_headers_add_token(h, HTTP_TOKEN_GRPC_MESSAGE, encode_message(h->arena, message));
}

int grpc_status_parse_timeout(struct str text, uint64_t *ms)
{
    uint64_t n;

    if (text.len < 2 || text.len > 9 || str_to_u64(str_head(text, text.len - 1), 99999999, &n) != 0)
        return ERR_INVALID;
    switch (text.p[text.len - 1]) {
    case 'H':
        *ms = n * 3600000;
        return 0;
    case 'M':
        *ms = n * 60000;
        return 0;
    case 'S':
        *ms = n * 1000;
        return 0;
    case 'm':
        *ms = n;
        return 0;
    case 'u':
        *ms = (n + 999) / 1000;
        return 0;
    case 'n':
        *ms = (n + 999999) / 1000000;
        return 0;
    default:
        return ERR_INVALID;
    }
}

struct str grpc_status_format_timeout(struct arena *a, uint64_t ms)
{
    if (ms <= 99999999)
        return arena_printf(a, "%llum", (unsigned long long)ms);
    ms /= 1000;
    if (ms <= 99999999)
        return arena_printf(a, "%lluS", (unsigned long long)ms);
    return STR("99999999S");
}
