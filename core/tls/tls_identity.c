#include "core/tls/tls_identity.h"

#include <stdatomic.h>

#include "core/base/error.h"
#include "core/base/mem.h"

struct tls_identity {
    atomic_uint refs;
    struct pki_chain chain;
    struct pki_key *key;
    struct pki_spiffe spiffe; /* inside the leaf's fields */
    int64_t not_after_s;
};

int tls_identity_new(const struct pki_chain *chain, struct pki_key *key, struct tls_identity **out,
                     const char **why)
{
    const struct pki_cert_info *leaf;
    struct tls_identity *id;

    *why = "";
    if (chain->count == 0 || !pki_key_is_of(key, chain->certs[0])) {
        *why = chain->count ? "key does not belong to the certificate" : "no certificate";
        return ERR_INVALID;
    }
    id = mem_alloc0(1, sizeof(*id));
    atomic_init(&id->refs, 1);
    id->key = pki_key_ref(key);
    id->not_after_s = INT64_MAX;
    for (size_t i = 0; i < chain->count; i++) {
        const struct pki_cert_info *info = pki_cert_get_info(chain->certs[i]);

        pki_chain_give(&id->chain, pki_cert_ref(chain->certs[i]));
        if (info->not_after_s < id->not_after_s)
            id->not_after_s = info->not_after_s;
    }
    leaf = pki_cert_get_info(id->chain.certs[0]);
    if (leaf->uri_count != 1 || pki_spiffe_parse(leaf->uris[0], &id->spiffe))
        id->spiffe = (struct pki_spiffe){ 0 };
    *out = id;
    return 0;
}

int tls_identity_from_pem(struct str chain_pem, struct str key_pem, struct tls_identity **out,
                          const char **why)
{
    struct pki_chain chain;
    struct pki_key *key;
    int err = pki_chain_parse_pem(chain_pem, PKI_CERT_CHAIN_MAX_PUBLIC, &chain);

    *why = "";
    if (err) {
        *why = err == ERR_NOT_FOUND ? "no certificate" : "certificate cannot be read";
        return err;
    }
    err = pki_key_from_pem(key_pem, &key);
    if (err) {
        *why = err == ERR_NOT_FOUND     ? "no private key"
               : err == ERR_UNSUPPORTED ? "private key is encrypted or of a type not supported"
                                        : "private key cannot be read";
    } else {
        err = tls_identity_new(&chain, key, out, why);
        pki_key_unref(key);
    }
    pki_chain_deinit(&chain);
    return err;
}

struct tls_identity *tls_identity_ref(struct tls_identity *id)
{
    atomic_fetch_add_explicit(&id->refs, 1, memory_order_relaxed);
    return id;
}

void tls_identity_unref(struct tls_identity *id)
{
    if (!id || atomic_fetch_sub_explicit(&id->refs, 1, memory_order_acq_rel) != 1)
        return;
    pki_chain_deinit(&id->chain);
    pki_key_unref(id->key);
    mem_free(id);
}

const struct pki_spiffe *tls_identity_spiffe(const struct tls_identity *id)
{
    return &id->spiffe;
}

int64_t tls_identity_not_after_s(const struct tls_identity *id)
{
    return id->not_after_s;
}

const struct pki_cert_info *tls_identity_info(const struct tls_identity *id)
{
    return pki_cert_get_info(id->chain.certs[0]);
}

const struct pki_chain *tls_identity_chain(const struct tls_identity *id)
{
    return &id->chain;
}

struct pki_key *tls_identity_key(const struct tls_identity *id)
{
    return id->key;
}
