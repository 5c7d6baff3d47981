#include "core/pki/jwt_claims.h"

#include "core/base/mem.h"
#include "core/text/node_json.h"
#include "tests/tap.h"

static struct jwt_claims read_claims(struct arena *a, const char *json)
{
    struct node *payload = NULL;

    EQ_INT(node_json_read(a, str_of(json), NULL, NULL, &payload), 0);
    return (struct jwt_claims){ .payload = payload };
}

static void paths_are_split(void)
{
    static const struct {
        const char *path;
        uint32_t count;
        const char *last;
    } rows[] = {
        { "sub", 1, "sub" },
        { "a.b.c", 3, "c" },
        { "[a.b]", 1, "a.b" },
        { "[a][b.c]", 2, "b.c" },
        { "a][b", 2, "b" },
        { "", 0, NULL },
        { "a..b", 0, NULL },
        { "[]", 0, NULL },
        { "1.2.3.4.5.6.7.8", 8, "8" },
        { "1.2.3.4.5.6.7.8.9", 0, NULL },
    };
    struct str parts[JWT_CLAIMS_MAX_DEPTH];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        NOTE("%s", rows[i].path);
        EQ_INT(jwt_claims_split(str_of(rows[i].path), parts), rows[i].count);
        if (rows[i].count)
            EQ_STRN(parts[rows[i].count - 1].p, parts[rows[i].count - 1].len, rows[i].last);
    }
}

static bool collect(void *arg, struct str value)
{
    buf_printf(arg, "%.*s;", STR_ARG(value));
    return false;
}

static void values_are(const struct jwt_claims *c, const char *path, const char *want)
{
    struct str parts[JWT_CLAIMS_MAX_DEPTH];
    uint32_t n = jwt_claims_split(str_of(path), parts);
    struct buf b;

    buf_init(&b, 0);
    OK(!jwt_claims_any(c, parts, n, collect, &b));
    EQ_STRN(buf_str(&b).p, buf_len(&b), want);
    buf_deinit(&b);
}

static void values_of_every_kind(void)
{
    static const struct str roles = STR_INIT("roles");
    struct arena a;
    struct jwt_claims c;

    arena_init(&a, 1024);
    c = read_claims(&a,
                    "{\"s\":\"x y\",\"n\":7,\"b\":true,\"l\":[\"p\",1,{},null],\"m\":{\"k\":\"v\"},"
                    "\"scope\":\"read write\",\"roles\":\"r1 r2\",\"z\":null}");
    values_are(&c, "s", "x y;");
    values_are(&c, "n", "7;");
    values_are(&c, "b", "true;");
    values_are(&c, "l", "p;1;");
    values_are(&c, "m", "");
    values_are(&c, "m.k", "v;");
    values_are(&c, "m.k.more", "");
    values_are(&c, "z", "");
    values_are(&c, "nobody", "");
    values_are(&c, "scope", "read write;read;write;");
    values_are(&c, "roles", "r1 r2;");
    c.spaced = &roles;
    c.spaced_count = 1;
    values_are(&c, "roles", "r1 r2;r1;r2;");
    values_are(NULL, "s", "");
    arena_deinit(&a);
}

static void a_claim_as_text(void)
{
    struct str sub = STR("sub"), list = STR("l");
    struct arena a;
    struct jwt_claims c;

    arena_init(&a, 1024);
    c = read_claims(&a, "{\"sub\":\"x\",\"l\":[1]}");
    EQ_STRN(jwt_claims_text(&c, &sub, 1).p, 1, "x");
    OK(!jwt_claims_text(&c, &list, 1).p);
    OK(!jwt_claims_text(&c, &sub, 0).p);
    OK(!jwt_claims_text(NULL, &sub, 1).p);
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "paths_are_split", paths_are_split },
    { "values_of_every_kind", values_of_every_kind },
    { "a_claim_as_text", a_claim_as_text },
};

TAP_MAIN(cases)
