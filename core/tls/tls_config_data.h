/* What a tls_config holds; for the modules of core/tls only. */
#ifndef CORE_TLS_TLS_CONFIG_DATA_H
#define CORE_TLS_TLS_CONFIG_DATA_H

#include <stdatomic.h>

#include "core/base/arena.h"
#include "core/tls/tls_alpn.h"
#include "core/tls/tls_config.h"

struct ssl_ctx_st; /* SSL_CTX of BoringSSL */

/* Workers that get a context of their own; further ones share first_ctx. */
#define TLS_CONFIG_SLOTS 32

#define TLS_CONFIG_CURVES_MAX 4

struct tls_config_slot {
    _Atomic(struct worker *) owner; /* who made ctx and alone reads it */
    struct ssl_ctx_st *ctx;
};

struct tls_config {
    atomic_uint refs;
    bool is_server;
    struct arena arena; /* of the lists in rules and of the texts */
    struct tls_rules rules;
    uint8_t way_sha256[32];        /* set by tls_verify_prepare */
    struct tls_identity *identity; /* or NULL */
    struct tls_identity *other;    /* or NULL */
    struct str ocsp_staple;
    int curves[TLS_CONFIG_CURVES_MAX]; /* NIDs */
    size_t curve_count;
    uint16_t min_version, max_version; /* as on the wire */
    const char *ciphers;               /* in BoringSSL's list syntax */
    uint8_t alpn_wire[TLS_ALPN_WIRE_MAX];
    size_t alpn_len;
    const char *sni; /* NULL: none */
    uint32_t handshake_timeout_ms;
    bool report_truncation;
    struct ssl_ctx_st *first_ctx; /* made with the config, which shows that the settings work */
    atomic_bool first_is_taken;   /* by the first worker that came, as its own */
    struct tls_config_slot slots[TLS_CONFIG_SLOTS];
};

#endif
