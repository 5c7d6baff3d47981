/* Certificates and pairs of TLS streams for tests: an authority made on the spot, peers with chosen
 * names and times, both ends connected in memory. */
#ifndef TESTS_UNIT_SUPPORT_TLS_RIG_H
#define TESTS_UNIT_SUPPORT_TLS_RIG_H

#include "core/pki/pki_ca.h"
#include "core/tls/stream_tls.h"
#include "tests/unit/support/stream_sink.h"

struct tls_rig_ca {
    struct pki_ca *root, *ca;
    struct pki_trust *trust; /* the root for td */
};

/* A root 30 days old, an intermediate and trust for domain td. Ends the process on failure. */
void tls_rig_ca_init(struct tls_rig_ca *c, const char *td);
void tls_rig_ca_deinit(struct tls_rig_ca *c);

/* A peer certified by c: valid from from_s to to_s, seconds from now. dns may be NULL. Owned. */
struct tls_identity *tls_rig_identity(const struct tls_rig_ca *c, const char *spiffe_id,
                                      const char *dns, int64_t from_s, int64_t to_s);

/* Options of a mesh peer; the identity is borrowed until the config is made. */
struct tls_options tls_rig_mesh(struct tls_identity *id, struct pki_trust *trust);
struct tls_config *tls_rig_server(const struct tls_options *options);
struct tls_config *tls_rig_client(const struct tls_options *options);

struct tls_rig {
    struct worker worker;
    struct stream *lower_client, *lower_server; /* borrowed: the TLS streams own them */
    struct stream_sink client, server;
};

/* Two ends in memory; take over the references of the configs. */
void tls_rig_open(struct tls_rig *r, struct tls_config *client, struct tls_config *server);
void tls_rig_close(struct tls_rig *r);
/* Runs until both are ready; false when one failed or 5 s are over. */
bool tls_rig_shake(struct tls_rig *r);

#endif
