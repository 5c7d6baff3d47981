#include "core/pki/pki_trust.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/pki/pki_chain.h"
#include "core/pki/pki_file.h"
#include "tests/tap.h"

#define NOW ((int64_t)1800000000)
#define DAY ((int64_t)86400)

/* testdata/pki/crl: "root" has certified "a", "b" and the CA "sub", which has certified
 * "under-sub". */
static void load(const char *name, struct buf *out)
{
    char *path = mem_printf("testdata/pki/crl/%s.pem", name);

    if (!EQ_INT(pki_file_read(path, out), 0))
        NOTE("%s", path);
    mem_free(path);
}

static int make(const char *crls, struct pki_trust **out)
{
    struct pki_trust_domain any = { 0 };
    struct buf roots, lists;
    int err;

    buf_init(&roots, 0);
    buf_init(&lists, 0);
    load("root", &roots);
    if (crls)
        load(crls, &lists);
    any.roots_pem = buf_str(&roots);
    any.crls_pem = buf_str(&lists);
    err = pki_trust_new(&any, 1, out);
    buf_deinit(&roots);
    buf_deinit(&lists);
    return err;
}

/* "" when the chain is good under root and these lists, at that time. */
static const char *verdict(const char *chain_name, const char *crls, int64_t now_s,
                           int64_t *not_after_s)
{
    struct pki_trust_check check = { .usage = PKI_TRUST_CLIENT, .now_s = now_s };
    struct pki_trust_result result = { 0 };
    const char *why = "";
    struct pki_chain chain;
    struct pki_trust *trust;
    struct buf pem;

    buf_init(&pem, 0);
    load(chain_name, &pem);
    if (str_is(str_of(chain_name), "under-sub"))
        load("sub", &pem);
    EQ_INT(pki_chain_parse_pem(buf_str(&pem), 4, &chain), 0);
    if (EQ_INT(make(crls, &trust), 0)) {
        if (pki_trust_verify(trust, chain.certs, chain.count, &check, &result, &why) == 0)
            why = "";
        pki_trust_unref(trust);
    }
    if (not_after_s)
        *not_after_s = result.not_after_s;
    pki_chain_deinit(&chain);
    buf_deinit(&pem);
    return why;
}

static void a_revoked_certificate_is_refused_and_others_are_not(void)
{
    EQ_STR(verdict("a", NULL, NOW, NULL), "");
    EQ_STR(verdict("a", "list-a", NOW, NULL), "certificate is revoked");
    EQ_STR(verdict("b", "list-a", NOW, NULL), "");
}

static void every_issuer_of_a_path_needs_a_list(void)
{
    EQ_STR(verdict("under-sub", NULL, NOW, NULL), "");
    EQ_STR(verdict("under-sub", "list-a", NOW, NULL), "its authority has no revocation list");
    EQ_STR(verdict("under-sub", "list-both", NOW, NULL), "");
    EQ_STR(verdict("under-sub", "list-sub", NOW, NULL), "certificate is revoked");
}

static void a_list_out_of_date_or_forged_is_no_list(void)
{
    EQ_STR(verdict("b", "list-a", NOW + 2 * DAY, NULL), "revocation list out of date");
    EQ_STR(verdict("b", "list-forged", NOW, NULL),
           "signature of the revocation list does not verify");
}

/* A memory of verified chains must not keep one beyond the list that it was checked against. */
static void a_path_is_good_until_its_lists_are_renewed(void)
{
    int64_t until = 0;

    verdict("b", "list-a", NOW, &until);
    EQ_INT(until, NOW + DAY);
    verdict("under-sub", "list-both", NOW, &until);
    EQ_INT(until, NOW + DAY);
    verdict("b", NULL, NOW, &until);
    OK(until > NOW + 1000 * DAY);
}

static void lists_that_are_none_are_refused(void)
{
    struct pki_trust_domain any = { .crls_pem = STR("nothing") };
    struct pki_trust *trust;
    struct buf roots;

    buf_init(&roots, 0);
    load("root", &roots);
    any.roots_pem = buf_str(&roots);
    EQ_INT(pki_trust_new(&any, 1, &trust), ERR_NOT_FOUND);
    any.crls_pem = any.roots_pem; /* certificates are no lists */
    EQ_INT(pki_trust_new(&any, 1, &trust), ERR_NOT_FOUND);
    any.crls_pem = STR("-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n");
    EQ_INT(pki_trust_new(&any, 1, &trust), ERR_INVALID);
    buf_deinit(&roots);
}

static const struct tap_case cases[] = {
    { "a_revoked_certificate_is_refused_and_others_are_not",
      a_revoked_certificate_is_refused_and_others_are_not },
    { "every_issuer_of_a_path_needs_a_list", every_issuer_of_a_path_needs_a_list },
    { "a_list_out_of_date_or_forged_is_no_list", a_list_out_of_date_or_forged_is_no_list },
    { "a_path_is_good_until_its_lists_are_renewed", a_path_is_good_until_its_lists_are_renewed },
    { "lists_that_are_none_are_refused", lists_that_are_none_are_refused },
};

TAP_MAIN(cases)
