#include "core/pki/pki_chain.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/pki/pki_pem.h"

int pki_chain_parse_pem(struct str pem, size_t max, struct pki_chain *out)
{
    struct pki_chain chain = { 0 };
    struct pki_pem_reader r;
    struct pki_cert *c;
    int err;

    *out = chain;
    if (pem.len > PKI_CERT_BUNDLE_MAX_BYTES)
        return ERR_LIMIT;
    pki_pem_init(&r, pem);
    while ((err = pki_pem_next(&r)) == 0) {
        if (!pki_pem_is(&r, "CERTIFICATE"))
            continue;
        err = chain.count == max ? ERR_LIMIT : pki_cert_parse_der(str_make(r.der, r.der_len), &c);
        if (err)
            break;
        pki_chain_give(&chain, c);
    }
    pki_pem_deinit(&r);
    if (err == ERR_NOT_FOUND && chain.count > 0)
        err = 0; /* that was the end */
    if (err)
        pki_chain_deinit(&chain);
    *out = chain;
    return err;
}

void pki_chain_give(struct pki_chain *chain, struct pki_cert *c)
{
    chain->certs = mem_resize(chain->certs, chain->count + 1, sizeof(struct pki_cert *));
    chain->certs[chain->count++] = c;
}

void pki_chain_deinit(struct pki_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        pki_cert_unref(chain->certs[i]);
    mem_free(chain->certs);
    chain->certs = NULL;
    chain->count = 0;
}

int pki_chain_to_pem(const struct pki_chain *chain, struct buf *out)
{
    int err = 0;

    for (size_t i = 0; i < chain->count && !err; i++)
        err = pki_cert_to_pem(chain->certs[i], out);
    return err;
}
