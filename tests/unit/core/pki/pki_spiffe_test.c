#include "core/pki/pki_spiffe.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "tests/tap.h"

static void mesh_ids_have_four_parts(void)
{
    struct pki_spiffe id;

    if (!EQ_INT(pki_spiffe_parse(STR("spiffe://cluster.local/ns/shop/sa/cart"), &id), 0))
        return;
    EQ_STRN(id.trust_domain.p, id.trust_domain.len, "cluster.local");
    EQ_STRN(id.path.p, id.path.len, "/ns/shop/sa/cart");
    EQ_STRN(id.ns.p, id.ns.len, "shop");
    EQ_STRN(id.sa.p, id.sa.len, "cart");
}

static void other_paths_are_ids_without_account(void)
{
    static const char *const texts[] = {
        "spiffe://td",           "spiffe://td/control/a1", "spiffe://td/ns/a/sa/b/c",
        "spiffe://td/sa/a/ns/b", "spiffe://a_b-c.d/X/Y.z",
    };
    struct pki_spiffe id;

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (!EQ_INT(pki_spiffe_parse(str_of(texts[i]), &id), 0))
            NOTE("%s", texts[i]);
        EQ_INT(id.ns.len + id.sa.len, 0);
    }
}

static void broken_ids_are_refused(void)
{
    static const char *const texts[] = {
        "",
        "spiffe://",
        "spiffe:///ns/a/sa/b",
        "SPIFFE://td/ns/a/sa/b",
        "spiffe:/td/a",
        "https://td/ns/a/sa/b",
        "spiffe://Td/ns/a/sa/b",
        "spiffe://td:80/ns/a/sa/b",
        "spiffe://u@td/ns/a/sa/b",
        "spiffe://td/",
        "spiffe://td/ns/a/sa/b/",
        "spiffe://td//ns/a",
        "spiffe://td/ns/./sa/b",
        "spiffe://td/ns/../sa/b",
        "spiffe://td/ns/a/sa/b?x",
        "spiffe://td/ns/a/sa/b#x",
        "spiffe://td/ns/%61/sa/b",
        "spiffe://td/ns/a b/sa/b",
        "spiffe://td/ns/a/sa/\xc3\xa4",
    };
    struct pki_spiffe id;

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (!EQ_INT(pki_spiffe_parse(str_of(texts[i]), &id), ERR_INVALID))
            NOTE("%s", texts[i]);
    }
    EQ_INT(pki_spiffe_parse(str_make("spiffe://td/a\0b", 15), &id), ERR_INVALID);
}

static void lengths_are_limited(void)
{
    char text[PKI_SPIFFE_MAX_BYTES + 2];
    struct pki_spiffe id;

    memset(text, 'a', sizeof(text));
    memcpy(text, "spiffe://td/", 12);
    EQ_INT(pki_spiffe_parse(str_make(text, PKI_SPIFFE_MAX_BYTES), &id), 0);
    EQ_INT(pki_spiffe_parse(str_make(text, PKI_SPIFFE_MAX_BYTES + 1), &id), ERR_INVALID);
    text[11] = 'a';
    EQ_INT(pki_spiffe_parse(str_make(text, 9 + 255), &id), 0);
    EQ_INT(pki_spiffe_parse(str_make(text, 9 + 256), &id), ERR_INVALID);
}

static void what_is_formatted_parses(void)
{
    struct pki_spiffe id;
    struct buf out;

    buf_init(&out, 0);
    EQ_INT(pki_spiffe_format(&out, STR("td"), STR("a"), STR("b")), 0);
    EQ_STRN(buf_str(&out).p, buf_len(&out), "spiffe://td/ns/a/sa/b");
    EQ_INT(pki_spiffe_parse(buf_str(&out), &id), 0);
    EQ_INT(pki_spiffe_format(&out, STR("td"), STR("a/b"), STR("b")), ERR_INVALID);
    EQ_INT(pki_spiffe_format(&out, STR("td"), STR("a"), STR("")), ERR_INVALID);
    EQ_INT(pki_spiffe_format(&out, STR("t/d"), STR("a"), STR("b")), ERR_INVALID);
    EQ_INT(buf_len(&out), 21);
    buf_deinit(&out);
}

static void aliases_are_domains_too(void)
{
    static const struct str aliases[] = { STR_INIT("old.test"), STR_INIT("older.test") };
    struct pki_spiffe id;

    EQ_INT(pki_spiffe_parse(STR("spiffe://older.test/ns/a/sa/b"), &id), 0);
    OK(pki_spiffe_in_domain(&id, STR("new.test"), aliases, 2));
    OK(!pki_spiffe_in_domain(&id, STR("new.test"), aliases, 1));
    OK(pki_spiffe_in_domain(&id, STR("older.test"), NULL, 0));
}

static const struct tap_case cases[] = {
    { "mesh_ids_have_four_parts", mesh_ids_have_four_parts },
    { "other_paths_are_ids_without_account", other_paths_are_ids_without_account },
    { "broken_ids_are_refused", broken_ids_are_refused },
    { "lengths_are_limited", lengths_are_limited },
    { "what_is_formatted_parses", what_is_formatted_parses },
    { "aliases_are_domains_too", aliases_are_domains_too },
};

TAP_MAIN(cases)
