#include "core/tls/tls_peer.h"

#include <stdatomic.h>

#include "core/base/mem.h"

struct tls_peer {
    atomic_uint refs;
    struct pki_chain chain;
    struct pki_spiffe spiffe; /* inside the leaf's fields */
    struct tls_peer_facts facts;
};

struct tls_peer *tls_peer_new(struct pki_chain *chain, const struct tls_peer_facts *facts)
{
    struct tls_peer *p = mem_alloc0(1, sizeof(*p));
    const struct pki_cert_info *leaf = pki_cert_get_info(chain->certs[0]);

    atomic_init(&p->refs, 1);
    p->chain = *chain;
    *chain = (struct pki_chain){ 0 };
    p->facts = *facts;
    if (leaf->uri_count != 1 || pki_spiffe_parse(leaf->uris[0], &p->spiffe))
        p->spiffe = (struct pki_spiffe){ 0 };
    return p;
}

struct tls_peer *tls_peer_ref(struct tls_peer *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void tls_peer_unref(struct tls_peer *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    pki_chain_deinit(&p->chain);
    mem_free(p);
}

const struct pki_spiffe *tls_peer_spiffe(const struct tls_peer *p)
{
    return &p->spiffe;
}

const struct pki_cert_info *tls_peer_info(const struct tls_peer *p)
{
    return pki_cert_get_info(p->chain.certs[0]);
}

const uint8_t *tls_peer_chain_sha256(const struct tls_peer *p)
{
    return p->facts.chain_sha256;
}

const uint8_t *tls_peer_issuer_spki_sha256(const struct tls_peer *p)
{
    return p->facts.issuer_spki_sha256;
}

int64_t tls_peer_not_before_s(const struct tls_peer *p)
{
    return p->facts.not_before_s;
}

int64_t tls_peer_not_after_s(const struct tls_peer *p)
{
    return p->facts.not_after_s;
}

bool tls_peer_is_verified(const struct tls_peer *p)
{
    return p->facts.is_verified;
}

int tls_peer_leaf_pem(const struct tls_peer *p, struct buf *out)
{
    return pki_cert_to_pem(p->chain.certs[0], out);
}

int tls_peer_chain_pem(const struct tls_peer *p, struct buf *out)
{
    return pki_chain_to_pem(&p->chain, out);
}
