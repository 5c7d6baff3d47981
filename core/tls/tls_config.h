/* Settings of one TLS end: identity, trust, versions, protocols. Immutable and counted; made by
 * whoever compiles the configuration, used by all workers. Each worker gets a library context
 * (SSL_CTX) of its own from it on first use, so that no reference count is shared. */
#ifndef CORE_TLS_TLS_CONFIG_H
#define CORE_TLS_TLS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"
#include "core/pki/pki_trust.h"
#include "core/tls/tls_identity.h"
#include "core/tls/tls_peer.h"

struct tls_config; /* opaque; a server's or a client's */
struct worker;

enum tls_version {
    TLS_VERSION_AUTO,
    TLS_VERSION_1_0,
    TLS_VERSION_1_1,
    TLS_VERSION_1_2,
    TLS_VERSION_1_3
};

enum tls_verify {
    TLS_VERIFY_NONE,     /* servers only: no certificate asked (SIMPLE) */
    TLS_VERIFY_OPTIONAL, /* servers only: asked, and checked when given (OPTIONAL_MUTUAL) */
    TLS_VERIFY_REQUIRED, /* the default of clients */
    TLS_VERIFY_INSECURE, /* clients only: any certificate will do (insecureSkipVerify) */
};

#define TLS_PIN_BYTES 32 /* SHA-256 */

/* Which peers are let in. Checked on every handshake; there is no resumption. */
struct tls_rules {
    enum tls_verify verify;
    struct pki_trust *trust; /* needed unless NONE or INSECURE; a reference is taken */
    /* Mesh: the peer must have exactly one URI name, a SPIFFE id, and its roots are those of its
     * trust domain; both extended key usages must be right. Else: roots for any peer. */
    bool mesh;
    /* mesh: accepted trust domains; none means every domain that trust has roots for. */
    const struct str *trust_domains;
    size_t trust_domain_count;
    /* mesh: trust domains whose peers are checked with the roots of alias_of where trust has none
     * of theirs. */
    struct str alias_of;
    const struct str *aliases;
    size_t alias_count;
    /* One of these must be among the peer's names: a SPIFFE id or other URI (exact), a DNS name
     * (a certificate's *.x covers one label) or an IP address. None: every name will do. */
    const struct str *names;
    size_t name_count;
    /* When any are given, the SHA-256 of the peer's certificate (DER) or of its
     * SubjectPublicKeyInfo must be among them. */
    const uint8_t (*pins)[TLS_PIN_BYTES];
    size_t pin_count;
    /* Servers: a client with a certificate that is no good is let in all the same, as a peer that
     * is not verified. */
    bool accept_untrusted;
    /* Last word, for deny lists: true refuses. Called on every handshake that verified, on any
     * worker; may be NULL. denied_arg must outlive the config and its connections. */
    bool (*is_denied)(void *arg, const struct tls_peer *peer);
    void *denied_arg;
};

struct tls_options {
    struct tls_rules rules;
    struct tls_identity *identity; /* servers must have one; a reference is taken */
    struct tls_identity *other; /* servers: one with a key of another type, or NULL. ECDSA goes to
                                 * clients that can check it, RSA to the rest */
    struct str ocsp_staple;     /* servers: DER, sent with identity's certificate; may be empty */
    const struct str *curves;   /* see tls_config_is_curve; none: X25519, P-256, P-384 */
    size_t curve_count;
    enum tls_version min_version, max_version; /* AUTO: 1.2 and 1.3 */
    const struct str *ciphers; /* TLS 1.2 suites in Istio's (OpenSSL's) names; none: ours */
    size_t cipher_count;
    const struct str *alpn; /* by preference; a server picks the first that is offered,
                             * and goes on without one when none is */
    size_t alpn_count;
    struct str sni;                /* clients: server name sent; empty: none */
    uint32_t handshake_timeout_ms; /* 0: 10,000 */
    bool report_truncation;        /* an end without close_notify is an error, not on_eof */
};

/* 0, or ERR_INVALID / ERR_UNSUPPORTED with *why set to a constant phrase. Nothing of options is
 * kept but references. Any thread. */
int tls_config_new_server(const struct tls_options *options, struct tls_config **out,
                          const char **why);
int tls_config_new_client(const struct tls_options *options, struct tls_config **out,
                          const char **why);
struct tls_config *tls_config_ref(struct tls_config *c);
void tls_config_unref(struct tls_config *c);

bool tls_config_is_server(const struct tls_config *c);
const struct tls_identity *tls_config_identity(const struct tls_config *c); /* or NULL */

/* Is this cipher suite name one that tls_options.ciphers may hold? */
bool tls_config_is_cipher(struct str name);
/* The same for curves: "X25519", "P-256", "P-384", "P-521". */
bool tls_config_is_curve(struct str name);

#endif
