/* SHA-256 and HMAC-SHA-256. Any thread. */
#ifndef CORE_PKI_PKI_HASH_H
#define CORE_PKI_PKI_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PKI_SHA256_BYTES 32
/* Lower-case hex with its zero. */
#define PKI_SHA256_HEX_SIZE 65

void pki_hash_sha256(const void *p, size_t len, uint8_t out[PKI_SHA256_BYTES]);
void pki_hash_sha256_hex(const void *p, size_t len, char out[PKI_SHA256_HEX_SIZE]);
void pki_hash_hmac_sha256(const void *key, size_t key_len, const void *p, size_t len,
                          uint8_t out[PKI_SHA256_BYTES]);
/* Compares without telling by its time where the difference is; for secrets. */
bool pki_hash_is_equal(const void *a, const void *b, size_t len);

#endif
