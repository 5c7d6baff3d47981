/* Certificates that Gateways ask to be ordered from an ACME server:
 *
 *   metadata.annotations:
 *     mesh.dev/acme: letsencrypt | letsencrypt-staging | https://HOST/directory
 *     mesh.dev/acme-email: somebody@example.com        (optional: the account's contact)
 *     mesh.dev/acme-challenge: http-01 | tls-alpn-01   (optional: else by what listens)
 *
 * A server's tls.credentialName is the Secret that the certificate becomes, so that the object
 * stays what Istio takes. A Secret of that name that somebody else made is left alone. */
#ifndef CORE_COMPILE_COMPILE_ACME_H
#define CORE_COMPILE_COMPILE_ACME_H

#include "core/compile/compile.h"

/* On Secrets that were ordered. */
#define COMPILE_ACME_MANAGED "mesh.dev/acme-managed"

struct compile_acme_want {
    struct str secret;    /* in this workload's namespace */
    struct str directory; /* URL */
    struct str email;     /* may be empty */
    const struct str *names;
    size_t name_count;
    bool by_tls;      /* TLS-ALPN-01, not HTTP-01 */
    bool is_not_ours; /* there is such a Secret already */
};

/* Calls each for every server that wants one; the same Secret may come several times. Borrowed for
 * the call. */
void compile_acme_each(const struct compile *c,
                       void (*each)(void *arg, const struct compile_acme_want *want), void *arg);

#endif
