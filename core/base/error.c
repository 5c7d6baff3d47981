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

/* Not uv_strerror: for a code it does not know it returns memory that nobody frees. */
static const char *uv_text(int code)
{
    switch (code) {
#define CASE(name, text)                                                                           \
    case UV_##name:                                                                                \
        return text;
        UV_ERRNO_MAP(CASE)
#undef CASE
    default:
        return "unknown error";
    }
}

const char *error_text(int code)
{
    if (code == 0)
        return "success";
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].code == code)
            return texts[i].text;
    }
    if (code >= 0 || code < -4095)
        return "unknown error";
    return uv_text(code);
}

void error_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "mesh: assertion failed at %s:%d: %s\n", file, line, cond);
    abort();
}
