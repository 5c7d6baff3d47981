#include "core/route/route_path.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "tests/tap.h"

struct example {
    const char *in;
    const char *out[4]; /* per mode; NULL: refused */
};

#define SAME(text)                                                                                 \
    {                                                                                              \
        text,                                                                                      \
        {                                                                                          \
            text, text, text, text                                                                 \
        }                                                                                          \
    }

/* The pairs of Istio's normalisation test are among these. */
static const struct example examples[] = {
    SAME("/"),
    SAME("/app"),
    SAME("/app/"),
    SAME("*"),
    SAME(""),
    SAME("/app?x=/../y&z=%2e"),
    SAME("/%20a%3F"),
    { "/app#foo", { "/app", "/app", "/app", "/app" } },
    { "/app?q=1#foo?bar", { "/app?q=1", "/app?q=1", "/app?q=1", "/app?q=1" } },
    { "/app/../admin", { "/app/../admin", "/admin", "/admin", "/admin" } },
    { "/app/../admin?a=../b",
      { "/app/../admin?a=../b", "/admin?a=../b", "/admin?a=../b", "/admin?a=../b" } },
    { "/app//", { "/app//", "/app//", "/app/", "/app/" } },
    { "/app/%2f", { "/app/%2f", "/app/%2f", "/app/%2f", "/app/" } },
    { "/app%2f/", { "/app%2f/", "/app%2f/", "/app%2f/", "/app/" } },
    { "/xyz%30..//abc", { "/xyz%30..//abc", "/xyz0..//abc", "/xyz0../abc", "/xyz0../abc" } },
    { "/app/%2E./admin", { "/app/%2E./admin", "/admin", "/admin", "/admin" } },
    { "/app\\admin", { "/app\\admin", "/app/admin", "/app/admin", "/app/admin" } },
    { "/app/\\/\\/\\admin",
      { "/app/\\/\\/\\admin", "/app//////admin", "/app/admin", "/app/admin" } },
    { "/%2Fapp%5cadmin%5Cabc",
      { "/%2Fapp%5cadmin%5Cabc", "/%2Fapp%5cadmin%5Cabc", "/%2Fapp%5cadmin%5Cabc",
        "/app/admin/abc" } },
    { "/%5Capp%2f%5c%2F%2e%2e%2fadmin%5c\\abc",
      { "/%5Capp%2f%5c%2F%2e%2e%2fadmin%5c\\abc", "/%5Capp%2f%5c%2F..%2fadmin%5c/abc",
        "/%5Capp%2f%5c%2F..%2fadmin%5c/abc", "/app/admin/abc" } },
    { "/app//../admin", { "/app//../admin", "/app/admin", "/app/admin", "/app/admin" } },
    { "/app//../../admin", { "/app//../../admin", "/admin", "/admin", "/admin" } },
    { "/%c0%2e%c0%2e/admin",
      { "/%c0%2e%c0%2e/admin", "/%c0.%c0./admin", "/%c0.%c0./admin", "/%c0.%c0./admin" } },
    { "/%c0%2fadmin", { "/%c0%2fadmin", "/%c0%2fadmin", "/%c0%2fadmin", "/%c0/admin" } },
    SAME("/0x2e0x2e/admin"),
    SAME("/%25c0%25ae%25c1%259cadmin"),
    SAME("/%252e%252e/admin"),
    SAME("/%252e%252e%252fadmin"),
    SAME("/%c0%ae%c0%ae/admin"),
    SAME("/.../admin"),
    SAME("/..../admin"),
    SAME("/..;/admin"),
    SAME("/;/admin"),
    SAME("/admin;a=b/xyz"),
    SAME("/ADMIN"),
    { "/a/.", { "/a/.", "/a/", "/a/", "/a/" } },
    { "/a/..", { "/a/..", "/", "/", "/" } },
    { "/a/../", { "/a/../", "/", "/", "/" } },
    { "/.", { "/.", "/", "/", "/" } },
    { "/a/b/./../c", { "/a/b/./../c", "/a/c", "/a/c", "/a/c" } },
    { "/%7e%41%5a%5f", { "/%7e%41%5a%5f", "/~AZ_", "/~AZ_", "/~AZ_" } },
    { "/a/..%2f..%2fetc", { "/a/..%2f..%2fetc", "/a/..%2f..%2fetc", "/a/..%2f..%2fetc", NULL } },
    /* Refused. */
    { "/..", { "/..", NULL, NULL, NULL } },
    { "/a/../../b", { "/a/../../b", NULL, NULL, NULL } },
    { "/admin%00", { "/admin%00", NULL, NULL, NULL } },
    { "/%", { "/%", NULL, NULL, NULL } },
    { "/%2", { "/%2", NULL, NULL, NULL } },
    { "/%zz", { "/%zz", NULL, NULL, NULL } },
    { "app", { NULL, NULL, NULL, NULL } },
    { "?x", { NULL, NULL, NULL, NULL } },
    { "/a b", { NULL, NULL, NULL, NULL } },
    { "/a?b\x01", { NULL, NULL, NULL, NULL } },
    { "/a\x7f", { NULL, NULL, NULL, NULL } },
};

static void modes_do_what_istio_does(void)
{
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        for (int mode = 0; mode < 4; mode++) {
            const char *want = examples[i].out[mode];
            struct arena a;
            struct str out = STR("untouched");
            int err;

            arena_init(&a, 0);
            err =
                route_path_normalize((enum route_path_mode)mode, str_of(examples[i].in), &a, &out);
            if (!EQ_INT(err, want ? 0 : ERR_INVALID) ||
                !EQ_STRN(out.p, out.len, want ? want : "untouched"))
                NOTE("mode %d, path %s", mode, examples[i].in);
            arena_deinit(&a);
        }
    }
}

static void every_escape_is_decoded_or_kept(void)
{
    for (int byte = 1; byte < 256; byte++) {
        char in[16], want[16];
        bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                     (byte >= 'a' && byte <= 'z') || strchr("-._~", byte);
        struct arena a;
        struct str out;

        arena_init(&a, 0);
        snprintf(in, sizeof(in), "/admin%%%.2x", (unsigned)byte);
        snprintf(want, sizeof(want), "/admin%c", byte == '\\' ? '/' : byte);
        if (EQ_INT(route_path_normalize(ROUTE_PATH_DECODE_AND_MERGE_SLASHES, str_of(in), &a, &out),
                   0))
            EQ_STRN(out.p, out.len, plain || byte == '/' || byte == '\\' ? want : in);
        if (EQ_INT(route_path_normalize(ROUTE_PATH_BASE, str_of(in), &a, &out), 0))
            EQ_STRN(out.p, out.len, plain ? want : in);
        arena_deinit(&a);
    }
}

static void what_stays_is_not_copied(void)
{
    struct str in = STR("/api/v1/%20things//x.y/..z?q=../%2e");
    struct arena a;
    struct str out;

    arena_init(&a, 0);
    EQ_INT(route_path_normalize(ROUTE_PATH_NONE, in, &a, &out), 0);
    OK(out.p == in.p && out.len == in.len);
    in = STR("/api/v1/%20things//x.y?q=../%2e");
    EQ_INT(route_path_normalize(ROUTE_PATH_BASE, in, &a, &out), 0);
    OK(out.p == in.p && out.len == in.len);
    EQ_UINT(a.used_bytes, 0);
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "modes_do_what_istio_does", modes_do_what_istio_does },
    { "every_escape_is_decoded_or_kept", every_escape_is_decoded_or_kept },
    { "what_stays_is_not_copied", what_stays_is_not_copied },
};

TAP_MAIN(cases)
