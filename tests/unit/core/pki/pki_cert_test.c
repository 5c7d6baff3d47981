#include "core/pki/pki_cert.h"

#include <string.h>

#include <openssl/asn1.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/pki/pki_chain.h"
#include "core/pki/pki_file.h"
#include "core/pki/pki_trust.h"
#include "tests/tap.h"

static struct buf text_of(const char *name)
{
    char *path = mem_printf("testdata/pki/%s", name);
    struct buf text;

    buf_init(&text, 65536);
    EQ_INT(pki_file_read(path, &text), 0);
    mem_free(path);
    return text;
}

static void fields_are_read(void)
{
    struct buf text = text_of("web.pem"), again;
    const struct pki_cert_info *info;
    struct pki_chain chain;

    if (!EQ_INT(pki_chain_parse_pem(buf_str(&text), 1, &chain), 0))
        return;
    info = pki_cert_get_info(chain.certs[0]);
    EQ_STR(info->subject.p, "CN=web,O=acme");
    EQ_STR(info->issuer.p, "CN=web,O=acme");
    EQ_INT(info->dns_count, 2);
    EQ_STR(info->dns_names[1].p, "*.web.test");
    EQ_INT(info->ip_count, 2);
    EQ_STR(info->ips[0].p, "192.0.2.7");
    EQ_STR(info->ips[1].p, "2001:db8::1");
    EQ_INT(info->uri_count, 1);
    EQ_STR(info->uris[0].p, "https://x.test/y");
    EQ_STR(info->key, "ECDSA P-256");
    EQ_INT(info->not_after_s - info->not_before_s, (int64_t)7300 * 86400);
    OK(info->is_ca);
    OK(!info->has_server_auth);
    buf_init(&again, 0);
    EQ_INT(pki_chain_to_pem(&chain, &again), 0);
    OK(str_eq(buf_str(&again), buf_str(&text)));
    buf_deinit(&again);
    buf_deinit(&text);
    pki_chain_deinit(&chain);
}

static void a_bundle_may_hold_other_things(void)
{
    static const char *const files[] = { "web.pem", "p256-sec1.pem", "rsa.pem", "ed.pem" };
    struct pki_chain chain;
    struct buf all;

    buf_init(&all, 0);
    buf_printf(&all, "some words\n");
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct buf one = text_of(files[i]);

        buf_add_str(&all, buf_str(&one));
        buf_deinit(&one);
    }
    EQ_INT(pki_chain_parse_pem(buf_str(&all), 3, &chain), 0);
    EQ_INT(chain.count, 3);
    EQ_STR(pki_cert_get_info(chain.certs[1])->key, "RSA 2048");
    EQ_STR(pki_cert_get_info(chain.certs[2])->key, "Ed25519");
    pki_chain_deinit(&chain);
    EQ_INT(pki_chain_parse_pem(buf_str(&all), 2, &chain), ERR_LIMIT);
    EQ_INT(chain.count, 0);
    EQ_INT(pki_chain_parse_pem(STR("nothing here"), 2, &chain), ERR_NOT_FOUND);
    buf_deinit(&all);
}

/* The names' bytes are changed behind the signature's back, which parsing does not look at. */
static void a_zero_in_a_name_is_refused(void)
{
    struct buf text = text_of("web.pem");
    struct pki_chain chain;
    struct pki_cert *c;
    struct str der;
    char *copy;
    ptrdiff_t at;

    EQ_INT(pki_chain_parse_pem(buf_str(&text), 1, &chain), 0);
    der = pki_cert_der(chain.certs[0]);
    at = str_find(der, STR("web.test"));
    if (!OK(at > 0))
        return;
    copy = mem_dup(der.p, der.len);
    for (ptrdiff_t i = 0; i < 8; i++) {
        copy[at + i] = 0;
        EQ_INT(pki_cert_parse_der(str_make(copy, der.len), &c), ERR_INVALID);
        copy[at + i] = der.p[at + i];
    }
    EQ_INT(pki_cert_parse_der(str_make(copy, der.len), &c), 0);
    pki_cert_unref(c);
    EQ_INT(pki_cert_parse_der(str_make(copy, der.len - 1), &c), ERR_INVALID);
    EQ_INT(pki_cert_parse_der(STR_NONE, &c), ERR_INVALID);
    mem_free(copy);
    copy = mem_alloc(der.len + 1);
    memcpy(copy, der.p, der.len);
    copy[der.len] = 0;
    EQ_INT(pki_cert_parse_der(str_make(copy, der.len + 1), &c), ERR_INVALID);
    mem_free(copy);
    pki_chain_deinit(&chain);
    buf_deinit(&text);
}

static void trust_needs_roots(void)
{
    struct buf text = text_of("web.pem");
    struct pki_trust_domain rows[2] = {
        { .trust_domain = STR("a.test"), .roots_pem = buf_str(&text) },
        { .trust_domain = STR("b.test"), .roots_pem = STR("none") },
    };
    struct pki_trust *trust;

    EQ_INT(pki_trust_new(NULL, 0, &trust), ERR_INVALID);
    EQ_INT(pki_trust_new(rows, 2, &trust), ERR_NOT_FOUND);
    rows[1] = rows[0];
    EQ_INT(pki_trust_new(rows, 2, &trust), ERR_EXISTS);
    rows[1] = (struct pki_trust_domain){ .trust_domain = STR("B/x"), .roots_pem = buf_str(&text) };
    EQ_INT(pki_trust_new(rows, 2, &trust), ERR_INVALID);
    rows[1].trust_domain = STR("b.test");
    if (EQ_INT(pki_trust_new(rows, 2, &trust), 0)) {
        uint64_t generation = pki_trust_generation(trust);

        OK(pki_trust_has_domain(trust, STR("a.test")));
        OK(!pki_trust_has_domain(trust, STR("c.test")));
        OK(!pki_trust_has_domain(trust, STR_NONE));
        pki_trust_unref(trust);
        EQ_INT(pki_trust_new(rows, 1, &trust), 0);
        OK(pki_trust_generation(trust) != generation);
        pki_trust_unref(trust);
    }
    buf_deinit(&text);
}

static void times_are_those_of_the_calendar(void)
{
    static const struct {
        const char *text;
        int err;
        int64_t want;
    } rows[] = {
        { "700101000000Z", 0, 0 },
        { "491231235959Z", 0, 2524607999 },
        { "500101000000Z", 0, -631152000 },
        { "20000229120000Z", 0, 951825600 },
        { "20000301000000Z", 0, 951868800 },
        { "99991231235959Z", 0, 253402300799 },
        { "7001010000Z", ERR_INVALID, 0 },
        { "700101000000+", ERR_INVALID, 0 },
        { "20001301000000Z", ERR_INVALID, 0 },
        { "2000010100000xZ", ERR_INVALID, 0 },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ASN1_STRING *s = ASN1_STRING_type_new(V_ASN1_GENERALIZEDTIME);
        int64_t got = 0;

        OK(ASN1_STRING_set(s, rows[i].text, (int)strlen(rows[i].text)));
        if (!EQ_INT(pki_cert_time_of(s, &got), rows[i].err) || !EQ_INT(got, rows[i].want))
            NOTE("%s", rows[i].text);
        ASN1_STRING_free(s);
    }
}

static const struct tap_case cases[] = {
    { "fields_are_read", fields_are_read },
    { "a_bundle_may_hold_other_things", a_bundle_may_hold_other_things },
    { "a_zero_in_a_name_is_refused", a_zero_in_a_name_is_refused },
    { "times_are_those_of_the_calendar", times_are_those_of_the_calendar },
    { "trust_needs_roots", trust_needs_roots },
};

TAP_MAIN(cases)
