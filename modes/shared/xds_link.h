/* Connections of a proxy to its controls: where they are, how they prove who they are.
 *
 *     unix:PATH          no TLS: the kernel says who is there
 *     http://IP:PORT     no TLS, loopback only
 *     HOST:PORT          TLS; control shows SPIFFE://TD/ns/istio-system/sa/mesh-control
 *
 * Before the first certificate only the hash of control's root may be known (from a join token).
 * Then a first connection fetches the chain, which must lead to a root of that hash; nothing is
 * said on it. Main thread. */
#ifndef MODES_SHARED_XDS_LINK_H
#define MODES_SHARED_XDS_LINK_H

#include "core/http/grpc_client.h"
#include "core/pki/pki_trust.h"
#include "core/tls/tls_identity.h"

#define XDS_LINK_SERVERS_MAX 8

struct xds_link;
struct xds_link_dial; /* a connection being prepared */

struct xds_link_options {
    const char *control; /* several separated by commas */
    struct str trust_domain;
    const char *root_cert;  /* PEM file, or NULL */
    struct str root_sha256; /* hex, of a token; or empty */
};

/* ERR_INVALID with a message on standard error. */
int xds_link_new(struct worker *w, const struct xds_link_options *options, struct xds_link **out);
/* All calls must be over; dials are cancelled. NULL is allowed. */
void xds_link_free(struct xds_link *l);

uint32_t xds_link_count(const struct xds_link *l);
const char *xds_link_name(const struct xds_link *l, uint32_t n);
/* Does server n want a certificate of ours for discovery? Is it one where nothing is proven? */
bool xds_link_is_tls(const struct xds_link *l, uint32_t n);
bool xds_link_is_plain(const struct xds_link *l, uint32_t n);

/* Makes server n ready for calls: name resolved, its root known. ready runs once, later, unless
 * cancelled; client is borrowed for the link's life, or NULL with err. */
typedef void (*xds_link_ready_fn)(void *arg, struct grpc_client *client, int err);
struct xds_link_dial *xds_link_prepare(struct xds_link *l, uint32_t n, xds_link_ready_fn ready,
                                       void *arg);
void xds_link_cancel(struct xds_link_dial *d); /* NULL is allowed */

/* New connections show identity (NULL: none) and check by trust (NULL: as it is); references are
 * taken. Connections without a running call end. */
void xds_link_set_identity(struct xds_link *l, struct tls_identity *identity,
                           struct pki_trust *trust);

#endif
