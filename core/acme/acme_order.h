/* One certificate from an ACME server (RFC 8555), from the account to the chain.
 *
 *   directory -> account -> order -> for each name: authorization -> challenge -> poll
 *                                 -> finalize -> poll -> certificate
 *
 * Every POST is signed by the account's key with the nonce that the last answer brought; a nonce
 * that the server no longer takes is replaced and the request sent again. The caller serves the
 * challenges (HTTP-01: RFC 8555 section 8.3; TLS-ALPN-01: RFC 8737). Loop thread. */
#ifndef CORE_ACME_ACME_ORDER_H
#define CORE_ACME_ACME_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

struct acme_order;
struct dns_resolver;
struct pki_key;
struct pki_trust;
struct worker;

enum acme_challenge_type { ACME_HTTP_01, ACME_TLS_ALPN_01 };

/* What the server will look for; borrowed for the call. */
struct acme_challenge {
    enum acme_challenge_type type;
    struct str name, token;
    struct str key_authorization; /* TOKEN.THUMBPRINT */
};

/* Borrowed for the call. */
struct acme_result {
    int err;                /* 0: chain_pem is there */
    struct str chain_pem;   /* leaf first */
    struct str problem;     /* for people, when err */
    uint32_t retry_after_s; /* the server's wish, 0: none */
};

struct acme_order_options {
    struct worker *worker;
    struct dns_resolver *dns; /* borrowed */
    struct pki_trust *trust;  /* of the server's certificate */
    struct str directory;     /* https URL */
    struct str email;         /* of the account; may be empty */
    struct pki_key *account;  /* P-256 */
    struct pki_key *key;      /* of the certificate */
    const struct str *names;  /* DNS names without wildcards */
    size_t name_count;
    enum acme_challenge_type challenge;
    uint32_t served_after_ms; /* how long after publish the server may come */
    /* Serve this from now on, and all before it until done. */
    void (*publish)(void *arg, const struct acme_challenge *challenge);
    void (*done)(void *arg, const struct acme_result *result); /* once; order is gone afterwards */
    void *arg;
};

/* Texts are copied, references taken. */
struct acme_order *acme_order_start(const struct acme_order_options *options);
/* Nothing is called back. NULL is allowed. */
void acme_order_cancel(struct acme_order *o);

#endif
