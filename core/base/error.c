#include "core/base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

static const struct {
    int code;
    const char *text;
} texts[] = {
    { ERR_INVALID, "invalid input" },
    { ERR_LIMIT, "limit reached" },
    { ERR_NOT_FOUND, "not found" },
    { ERR_EXISTS, "already exists" },
    { ERR_CONFLICT, "changed meanwhile" },
    { ERR_PROTO, "protocol error" },
    { ERR_CLOSED, "connection closed" },
    { ERR_TIMEOUT, "timed out" },
    { ERR_DENIED, "not permitted" },
    { ERR_UNSUPPORTED, "not supported" },
    { ERR_CORRUPT, "stored data is damaged" },
    { ERR_AGAIN, "try again" },
    { ERR_TLS, "TLS failure" },
    { ERR_CERT, "certificate refused" },
    { ERR_INTERNAL, "internal error" },
    { ERR_OVERLOAD, "overloaded" },
};

const char *error_text(int code)
{
    const char *text;

    if (code == 0)
        return "success";
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].code == code)
            return texts[i].text;
    }
    if (code >= 0 || code < -4095)
        return "unknown error";
    text = uv_strerror(code);
    return text ? text : "unknown error";
}

void error_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "mesh: assertion failed at %s:%d: %s\n", file, line, cond);
    abort();
}
