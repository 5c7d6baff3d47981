#include "core/pki/pki_seal.h"

#include <string.h>
#include <sys/stat.h>

#include <openssl/aead.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <uv.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/pki/pki_file.h"
#include "core/pki/pki_hash.h"

#define MAGIC_LEN  3
#define KEY_ID_LEN 4
#define NONCE_LEN  12
#define TAG_LEN    16
#define HEAD_LEN   (MAGIC_LEN + KEY_ID_LEN + NONCE_LEN)

_Static_assert(HEAD_LEN + TAG_LEN == PKI_SEAL_EXTRA_BYTES, "the header says how much is added");

static const uint8_t magic[MAGIC_LEN] = { 'M', 'S', '1' };

struct pki_seal {
    EVP_AEAD_CTX *aead;
    uint8_t key_id[KEY_ID_LEN]; /* tells a wrong key from a damaged blob */
};

struct pki_seal *pki_seal_new(const uint8_t key[PKI_SEAL_KEY_BYTES])
{
    static const char purpose[] = "mesh seal key id";
    struct pki_seal *s = mem_alloc0(1, sizeof(*s));
    uint8_t sum[PKI_SHA256_BYTES];

    s->aead = EVP_AEAD_CTX_new(EVP_aead_aes_256_gcm(), key, PKI_SEAL_KEY_BYTES, TAG_LEN);
    ASSERT(s->aead);
    pki_hash_hmac_sha256(key, PKI_SEAL_KEY_BYTES, purpose, sizeof(purpose) - 1, sum);
    memcpy(s->key_id, sum, KEY_ID_LEN);
    return s;
}

void pki_seal_free(struct pki_seal *s)
{
    if (!s)
        return;
    EVP_AEAD_CTX_free(s->aead); /* wipes */
    mem_free(s);
}

static int read_key(const char *path, uint8_t key[PKI_SEAL_KEY_BYTES])
{
    struct stat st;
    struct buf text;
    int err;

    buf_init(&text, PKI_SEAL_KEY_BYTES);
    err = pki_file_read(path, &text);
    if (!err && buf_len(&text) != PKI_SEAL_KEY_BYTES)
        err = ERR_CORRUPT;
    if (!err && (stat(path, &st) != 0 || (st.st_mode & (S_IRWXG | S_IRWXO))))
        err = ERR_DENIED;
    if (!err)
        memcpy(key, text.p + text.start, PKI_SEAL_KEY_BYTES);
    buf_wipe(&text);
    return err == ERR_LIMIT ? ERR_CORRUPT : err;
}

int pki_seal_open_file(const char *path, bool create, struct pki_seal **out)
{
    uint8_t key[PKI_SEAL_KEY_BYTES];
    int err = read_key(path, key);

    if (err == UV_ENOENT && create) {
        RAND_bytes(key, sizeof(key));
        err = pki_file_write(path, str_make(key, sizeof(key)), S_IRUSR | S_IWUSR);
    }
    if (!err)
        *out = pki_seal_new(key);
    mem_wipe(key, sizeof(key));
    return err;
}

int pki_seal_wrap(const struct pki_seal *s, struct str name, struct str plain, struct buf *out)
{
    size_t max = plain.len + PKI_SEAL_EXTRA_BYTES, len = 0;
    uint8_t *p = (uint8_t *)buf_reserve(out, max);

    if (!p)
        return ERR_LIMIT;
    memcpy(p, magic, MAGIC_LEN);
    memcpy(p + MAGIC_LEN, s->key_id, KEY_ID_LEN);
    RAND_bytes(p + MAGIC_LEN + KEY_ID_LEN, NONCE_LEN);
    if (!EVP_AEAD_CTX_seal(s->aead, p + HEAD_LEN, &len, max - HEAD_LEN, p + MAGIC_LEN + KEY_ID_LEN,
                           NONCE_LEN, (const uint8_t *)plain.p, plain.len, (const uint8_t *)name.p,
                           name.len)) {
        ERR_clear_error();
        return ERR_INTERNAL;
    }
    buf_commit(out, HEAD_LEN + len);
    return 0;
}

int pki_seal_unwrap(const struct pki_seal *s, struct str name, struct str sealed, struct buf *out)
{
    const uint8_t *p = (const uint8_t *)sealed.p;
    uint8_t *to;
    size_t len = 0;

    if (sealed.len < PKI_SEAL_EXTRA_BYTES || memcmp(p, magic, MAGIC_LEN) != 0 ||
        memcmp(p + MAGIC_LEN, s->key_id, KEY_ID_LEN) != 0)
        return ERR_CORRUPT;
    to = (uint8_t *)buf_reserve(out, sealed.len - HEAD_LEN);
    if (!to)
        return ERR_LIMIT;
    if (!EVP_AEAD_CTX_open(s->aead, to, &len, sealed.len - HEAD_LEN, p + MAGIC_LEN + KEY_ID_LEN,
                           NONCE_LEN, p + HEAD_LEN, sealed.len - HEAD_LEN, (const uint8_t *)name.p,
                           name.len)) {
        ERR_clear_error();
        return ERR_CORRUPT;
    }
    buf_commit(out, len);
    return 0;
}
