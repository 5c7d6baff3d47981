/* Who a worker is in mTLS between proxies: certificate and trust. From these come the settings of
 * inbound mTLS (here) and of hops (upstream_tls.h).
 *
 * Internal to core/flow; everything is for the worker's own thread. */
#ifndef CORE_FLOW_FLOW_IDENTITY_H
#define CORE_FLOW_FLOW_IDENTITY_H

#include <stdint.h>

struct flow_worker;
struct pki_trust;
struct tls_config;
struct tls_identity;
struct tls_options;

/* Swapped whole. */
struct flow_identity {
    struct tls_identity *identity; /* NULL: none yet */
    struct pki_trust *trust;
    struct tls_config *server; /* inbound mesh mTLS */
    uint64_t generation;       /* of this process; 0: none */
};

/* Takes references to both and renews what was made with those of before. */
void flow_identity_use(struct flow_worker *fw, struct tls_identity *identity,
                       struct pki_trust *trust, uint64_t generation);
void flow_identity_deinit(struct flow_identity *id);

/* Sets who we are and whom we believe; the rest of *out stays. Borrowed until the identity changes.
 * There must be an identity. */
void flow_identity_fill(const struct flow_worker *fw, struct tls_options *out);

#endif
