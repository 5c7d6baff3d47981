/* A proxy's certificate from control: asked for, kept, renewed.
 *
 *     STATE/identity.pem    key and chain, 0600      STATE/root-cert.pem
 *
 * The key is made here and does not leave this machine. Renewal begins after a third of the life,
 * with jitter, and is tried until it succeeds, also after expiry. Main thread. */
#ifndef MODES_SHARED_XDS_CERT_H
#define MODES_SHARED_XDS_CERT_H

#include "modes/shared/xds_link.h"

struct xds_cert;

struct xds_cert_options {
    struct str trust_domain, ns, service_account;
    const char *token;     /* join token, or NULL */
    const char *state_dir; /* NULL: not kept */
    /* A new certificate; borrowed references. */
    void (*got)(void *arg, struct tls_identity *identity, struct pki_trust *trust);
    void *arg;
};

/* ERR_INVALID with a message on standard error: no SPIFFE id comes of these names. got runs at once
 * when a usable certificate was kept. Begins to ask. link outlives it. */
int xds_cert_new(struct worker *w, struct xds_link *link, const struct xds_cert_options *options,
                 struct xds_cert **out);
void xds_cert_free(struct xds_cert *c); /* NULL is allowed */
bool xds_cert_is_there(const struct xds_cert *c);

#endif
