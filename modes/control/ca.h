/* The certificate authority of a control: a root and an intermediate in its state directory.
 *
 *     STATE/ca/seal.key            32 bytes, 0600: what the keys below are sealed with
 *     STATE/ca/root-cert.pem       STATE/ca/root-key.sealed
 *     STATE/ca/ca-cert.pem         STATE/ca/ca-key.sealed       the intermediate, renewed in time
 *
 * Who may have which certificate is decided in ca_policy. Main thread. */
#ifndef MODES_CONTROL_CA_H
#define MODES_CONTROL_CA_H

#include "core/base/buf.h"
#include "core/base/str.h"
#include "core/pki/pki_trust.h"
#include "core/tls/tls_identity.h"

struct ca;
struct pki_csr;
struct pki_seal;
struct worker;

#define CA_CONTROL_NS "istio-system"
#define CA_CONTROL_SA "mesh-control"

/* Reads dir/ca, or makes it. *why says what is wrong, a constant. Blocks on the disk. */
int ca_open(struct worker *w, const char *state_dir, const char *trust_domain, struct ca **out,
            const char **why);
void ca_free(struct ca *ca); /* NULL is allowed */

const char *ca_trust_domain(const struct ca *ca);
const uint8_t *ca_root_spki_sha256(const struct ca *ca); /* 32 bytes */
struct str ca_root_pem(const struct ca *ca);
struct pki_trust *ca_trust(const struct ca *ca); /* borrowed */
/* What secrets in the store are sealed with. */
const struct pki_seal *ca_seal(const struct ca *ca);

/* Signs the request's key for spiffe_id; the leaf, then certificates up to the root, PEM, one after
 * the other in out. */
int ca_sign(struct ca *ca, const struct pki_csr *csr, struct str spiffe_id, int64_t life_s,
            struct buf *out);
/* A new certificate for control's own TLS port; the caller owns the reference. The chain ends with
 * the root, so that who knows only its hash can check it. */
int ca_issue_server(struct ca *ca, const struct str *dns_names, size_t count,
                    struct tls_identity **out);

#endif
