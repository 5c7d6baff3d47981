/* Who a worker is in mTLS between proxies: certificate, trust, and what MeshConfig says of it. From
 * these come the settings of inbound mTLS (here) and of hops (upstream_tls.h).
 *
 * Internal to core/flow; everything is for the worker's own thread. */
#ifndef CORE_FLOW_FLOW_IDENTITY_H
#define CORE_FLOW_FLOW_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

struct flow_worker;
struct model_mesh_tls;
struct pki_trust;
struct snapshot;
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

/* Makes the settings of mTLS anew, for connections to come: those of before do not fit the
 * identity or the worker's snapshot. */
void flow_identity_renew(struct flow_worker *fw);

/* Do two snapshots (before may be NULL) say the same of mTLS between proxies? */
bool flow_identity_is_same_tls(const struct snapshot *before, const struct snapshot *now);

/* What the worker's snapshot says of mTLS between proxies. Borrowed as long as that is current. */
const struct model_mesh_tls *flow_identity_mesh_tls(const struct flow_worker *fw);

/* Sets who we are, whom we believe and what the mesh says of mTLS; the rest of *out stays. Borrowed
 * until identity or snapshot change. There must be an identity. */
void flow_identity_fill(const struct flow_worker *fw, struct tls_options *out);

#endif
