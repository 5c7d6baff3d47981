#include "core/pki/pki_hash.h"

#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <openssl/sha.h>

#include "core/base/error.h"

void pki_hash_sha256(const void *p, size_t len, uint8_t out[PKI_SHA256_BYTES])
{
    SHA256(p, len, out);
}

void pki_hash_sha256_hex(const void *p, size_t len, char out[PKI_SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t sum[PKI_SHA256_BYTES];

    SHA256(p, len, sum);
    for (size_t i = 0; i < sizeof(sum); i++) {
        out[2 * i] = digits[sum[i] >> 4];
        out[2 * i + 1] = digits[sum[i] & 15];
    }
    out[PKI_SHA256_HEX_SIZE - 1] = 0;
}

void pki_hash_hmac_sha256(const void *key, size_t key_len, const void *p, size_t len,
                          uint8_t out[PKI_SHA256_BYTES])
{
    unsigned out_len = 0;

    ASSERT(HMAC(EVP_sha256(), key, key_len, p, len, out, &out_len));
    ASSERT(out_len == PKI_SHA256_BYTES);
}

bool pki_hash_is_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
