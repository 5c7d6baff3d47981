/* A certificate authority: a key, its certificate, the chain up to the root and the roots.
 *
 *        root (10 years)  ->  intermediate (30 days, pathlen 0)  ->  leaf (24 hours)
 *
 * Immutable and counted; renewing is a new one. All keys made here are P-256; serial numbers are
 * 128 random bits; every certificate is dated a minute back for peers whose clock is late. */
#ifndef CORE_PKI_PKI_CA_H
#define CORE_PKI_PKI_CA_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/str.h"

struct evp_pkey_st;
struct pki_ca; /* opaque */
struct pki_key;
struct pki_cert;
struct pki_chain;

#define PKI_CA_ROOT_LIFE_S         ((int64_t)3650 * 86400)
#define PKI_CA_INTERMEDIATE_LIFE_S ((int64_t)30 * 86400)
#define PKI_CA_LEAF_LIFE_S         ((int64_t)86400)
#define PKI_CA_BACKDATE_S          60

/* The organisation of the subject of CA certificates is the trust domain. Any thread, as all here.
 */
int pki_ca_new_root(struct str trust_domain, int64_t now_s, int64_t life_s, struct pki_ca **out);

struct pki_ca_intermediate {
    struct str name; /* common name: "mesh intermediate NODE" */
    int64_t now_s, life_s;
    bool constrain; /* adds the name constraint URI:TRUST-DOMAIN; rustls (ztunnel) cannot read it */
};

/* A new intermediate with its own key, signed by parent. life is cut to the parent's. */
int pki_ca_new_intermediate(const struct pki_ca *parent, const struct pki_ca_intermediate *want,
                            struct pki_ca **out);

/* From PEM, as in Istio's `cacerts` Secret. chain_pem may be empty, and root_pem for a certificate
 * that is its own root. ERR_INVALID and friends with *why set to a phrase: no CA, key of
 * another certificate, chain that does not lead to a root, expired. */
int pki_ca_load(struct str cert_pem, struct str key_pem, struct str chain_pem, struct str root_pem,
                int64_t now_s, struct pki_ca **out, const char **why);
/* Reads ca-cert.pem, ca-key.pem, cert-chain.pem and root-cert.pem of a directory. libuv codes when
 * a file cannot be read. Blocks on the disk. */
int pki_ca_load_dir(const char *dir, int64_t now_s, struct pki_ca **out, const char **why);

struct pki_ca *pki_ca_ref(struct pki_ca *ca);
void pki_ca_unref(struct pki_ca *ca);

struct pki_ca_leaf {
    struct str spiffe_id;        /* the only URI name, always set by us */
    const struct str *dns_names; /* further names, for control's own server certificate */
    size_t dns_count;
    int64_t now_s, life_s; /* life is cut to the CA's */
};

/* Signs public_key. *chain gets the leaf, then the certificates up to but without the root; owned
 * by the caller (pki_chain_deinit). ERR_INVALID: not a SPIFFE id or not a DNS name. */
int pki_ca_sign(const struct pki_ca *ca, struct evp_pkey_st *public_key,
                const struct pki_ca_leaf *want, struct pki_chain *chain);

/* The CA's own certificate, borrowed. */
const struct pki_cert *pki_ca_cert(const struct pki_ca *ca);
const struct pki_key *pki_ca_key(const struct pki_ca *ca);
/* Appends PEM: the certificate with its chain without the root; the roots. */
int pki_ca_chain_pem(const struct pki_ca *ca, struct buf *out);
int pki_ca_root_pem(const struct pki_ca *ca, struct buf *out);

#endif
