#include "core/pki/pki_key.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/pki/pki_cert.h"
#include "core/pki/pki_csr.h"
#include "core/pki/pki_file.h"
#include "tests/tap.h"

static int load(const char *name, struct pki_key **key)
{
    char *path = mem_printf("testdata/pki/%s", name);
    struct buf text;
    int err;

    buf_init(&text, 65536);
    err = pki_file_read(path, &text);
    EQ_INT(err, 0);
    if (!err)
        err = pki_key_from_pem(buf_str(&text), key);
    buf_deinit(&text);
    mem_free(path);
    return err;
}

static void keys_of_all_forms_are_read(void)
{
    static const struct {
        const char *file, *what;
    } rows[] = {
        { "rsa2048-pkcs1.pem", "RSA 2048" }, { "rsa2048-pkcs8.pem", "RSA 2048" },
        { "p256-sec1.pem", "ECDSA P-256" },  { "p256-params.pem", "ECDSA P-256" },
        { "p384-pkcs8.pem", "ECDSA P-384" }, { "ed25519-pkcs8.pem", "Ed25519" },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pki_key *key = NULL;

        if (!EQ_INT(load(rows[i].file, &key), 0))
            NOTE("%s", rows[i].file);
        else
            EQ_STR(pki_key_describe(key), rows[i].what);
        pki_key_unref(key);
    }
}

static void weak_strange_and_locked_keys_are_refused(void)
{
    static const char *const files[] = { "rsa1024.pem", "p224-pkcs8.pem", "p256-encrypted.pem",
                                         "rsa-encrypted-pkcs1.pem" };
    struct pki_key *key;

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        if (!EQ_INT(load(files[i], &key), ERR_UNSUPPORTED))
            NOTE("%s", files[i]);
    }
    EQ_INT(load("web.pem", &key), ERR_NOT_FOUND);
    EQ_INT(pki_key_from_pem(STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
                            &key),
           ERR_INVALID);
    EQ_INT(pki_key_from_pem(STR("-----BEGIN PRIVATE KEY-----\n***\n"), &key), ERR_INVALID);
    EQ_INT(pki_key_from_pem(STR_NONE, &key), ERR_NOT_FOUND);
}

static void a_key_survives_its_pem(void)
{
    struct pki_key *a, *b = NULL;
    struct buf one, two;

    buf_init(&one, 0);
    buf_init(&two, 0);
    EQ_INT(pki_key_generate(&a), 0);
    EQ_INT(pki_key_to_pem(a, &one), 0);
    OK(str_starts(buf_str(&one), STR("-----BEGIN PRIVATE KEY-----\n")));
    if (EQ_INT(pki_key_from_pem(buf_str(&one), &b), 0)) {
        EQ_INT(pki_key_to_pem(b, &two), 0);
        OK(str_eq(buf_str(&one), buf_str(&two)));
        EQ_INT(pki_key_get_type(b), PKI_KEY_EC_P256);
    }
    pki_key_unref(a);
    pki_key_unref(b);
    buf_deinit(&one);
    buf_deinit(&two);
}

static void weak_keys_get_no_certificate(void)
{
    struct pki_csr *csr;
    struct buf text;

    buf_init(&text, 65536);
    EQ_INT(pki_file_read("testdata/pki/csr-rsa1024.pem", &text), 0);
    EQ_INT(pki_csr_parse(buf_str(&text), &csr), ERR_UNSUPPORTED);
    buf_deinit(&text);
}

static const struct tap_case cases[] = {
    { "keys_of_all_forms_are_read", keys_of_all_forms_are_read },
    { "weak_strange_and_locked_keys_are_refused", weak_strange_and_locked_keys_are_refused },
    { "a_key_survives_its_pem", a_key_survives_its_pem },
    { "weak_keys_get_no_certificate", weak_keys_get_no_certificate },
};

TAP_MAIN(cases)
