#include "core/pki/pki_seal.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/pki/pki_file.h"
#include "core/pki/pki_hash.h"
#include "tests/tap.h"

static const uint8_t key_a[PKI_SEAL_KEY_BYTES] = { 1, 2, 3 };
static const uint8_t key_b[PKI_SEAL_KEY_BYTES] = { 1, 2, 4 };

static void what_was_sealed_opens(void)
{
    struct pki_seal *s = pki_seal_new(key_a);
    struct buf sealed, again, plain;

    buf_init(&sealed, 0);
    buf_init(&again, 0);
    buf_init(&plain, 0);
    EQ_INT(pki_seal_wrap(s, STR("secret/a"), STR("hush"), &sealed), 0);
    EQ_INT(buf_len(&sealed), 4 + PKI_SEAL_EXTRA_BYTES);
    EQ_INT(pki_seal_wrap(s, STR("secret/a"), STR("hush"), &again), 0);
    OK(!str_eq(buf_str(&sealed), buf_str(&again)));
    EQ_INT(pki_seal_unwrap(s, STR("secret/a"), buf_str(&sealed), &plain), 0);
    EQ_STRN(buf_str(&plain).p, buf_len(&plain), "hush");
    buf_clear(&sealed);
    buf_clear(&plain);
    EQ_INT(pki_seal_wrap(s, STR_NONE, STR_NONE, &sealed), 0);
    EQ_INT(pki_seal_unwrap(s, STR_NONE, buf_str(&sealed), &plain), 0);
    EQ_INT(buf_len(&plain), 0);
    buf_deinit(&sealed);
    buf_deinit(&again);
    buf_deinit(&plain);
    pki_seal_free(s);
}

static void any_change_is_seen(void)
{
    struct pki_seal *a = pki_seal_new(key_a), *b = pki_seal_new(key_b);
    struct buf sealed, plain;

    buf_init(&sealed, 0);
    buf_init(&plain, 0);
    EQ_INT(pki_seal_wrap(a, STR("x"), STR("hush"), &sealed), 0);
    EQ_INT(pki_seal_unwrap(a, STR("y"), buf_str(&sealed), &plain), ERR_CORRUPT);
    EQ_INT(pki_seal_unwrap(b, STR("x"), buf_str(&sealed), &plain), ERR_CORRUPT);
    for (size_t i = 0; i < buf_len(&sealed); i++) {
        sealed.p[sealed.start + i] ^= 1;
        EQ_INT(pki_seal_unwrap(a, STR("x"), buf_str(&sealed), &plain), ERR_CORRUPT);
        sealed.p[sealed.start + i] ^= 1;
        EQ_INT(pki_seal_unwrap(a, STR("x"), str_head(buf_str(&sealed), i), &plain), ERR_CORRUPT);
    }
    EQ_INT(buf_len(&plain), 0);
    buf_deinit(&sealed);
    buf_deinit(&plain);
    pki_seal_free(a);
    pki_seal_free(b);
}

static void the_key_file_is_made_once_and_private(void)
{
    char dir[] = "/tmp/pki_seal_test.XXXXXX", *path;
    struct buf sealed, plain;
    struct pki_seal *s;
    struct stat st;

    if (!OK(mkdtemp(dir) != NULL))
        return;
    path = mem_printf("%s/key", dir);
    buf_init(&sealed, 0);
    buf_init(&plain, 0);
    EQ_INT(pki_seal_open_file(path, false, &s), UV_ENOENT);
    EQ_INT(pki_seal_open_file(path, true, &s), 0);
    EQ_INT(pki_seal_wrap(s, STR("x"), STR("hush"), &sealed), 0);
    pki_seal_free(s);
    EQ_INT(stat(path, &st), 0);
    EQ_INT(st.st_mode & 07777, 0600);
    EQ_INT(pki_seal_open_file(path, true, &s), 0);
    EQ_INT(pki_seal_unwrap(s, STR("x"), buf_str(&sealed), &plain), 0);
    pki_seal_free(s);
    EQ_INT(chmod(path, 0640), 0);
    EQ_INT(pki_seal_open_file(path, true, &s), ERR_DENIED);
    EQ_INT(pki_file_write(path, STR("short"), 0600), 0);
    EQ_INT(pki_seal_open_file(path, true, &s), ERR_CORRUPT);
    unlink(path);
    rmdir(dir);
    buf_deinit(&sealed);
    buf_deinit(&plain);
    mem_free(path);
}

static void hashes_are_the_standard_ones(void)
{
    char hex[PKI_SHA256_HEX_SIZE];
    uint8_t mac[PKI_SHA256_BYTES];

    pki_hash_sha256_hex("abc", 3, hex);
    EQ_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    pki_hash_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac); /* RFC 4231, 2 */
    EQ_MEM(mac, 4, "\x5b\xdc\xc1\x46", 4);
    OK(pki_hash_is_equal("abc", "abc", 3));
    OK(!pki_hash_is_equal("abc", "abd", 3));
}

static const struct tap_case cases[] = {
    { "what_was_sealed_opens", what_was_sealed_opens },
    { "any_change_is_seen", any_change_is_seen },
    { "the_key_file_is_made_once_and_private", the_key_file_is_made_once_and_private },
    { "hashes_are_the_standard_ones", hashes_are_the_standard_ones },
};

TAP_MAIN(cases)
