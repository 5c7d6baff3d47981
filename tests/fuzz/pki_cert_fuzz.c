/* Certificates and chains as a peer or a Secret brings them. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/pki/pki_chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const struct pki_cert *c)
{
    const struct pki_cert_info *info = pki_cert_get_info(c);
    struct pki_cert *again;
    struct buf out;

    ASSERT(info->subject.len == 0 || info->subject.p[info->subject.len] == 0);
    for (size_t i = 0; i < info->uri_count; i++)
        ASSERT(str_chr(info->uris[i], 0) < 0);
    for (size_t i = 0; i < info->dns_count; i++)
        ASSERT(str_chr(info->dns_names[i], 0) < 0);
    buf_init(&out, 0);
    pki_cert_describe(c, &out);
    buf_deinit(&out);
    ASSERT(pki_cert_parse_der(pki_cert_der(c), &again) == 0);
    pki_cert_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pki_chain chain;
    struct pki_cert *c;

    if (pki_cert_parse_der(str_make(data, size), &c) == 0) {
        look_at(c);
        pki_cert_unref(c);
    }
    if (pki_chain_parse_pem(str_make(data, size), PKI_CERT_CHAIN_MAX, &chain) == 0) {
        ASSERT(chain.count > 0 && chain.count <= PKI_CERT_CHAIN_MAX);
        for (size_t i = 0; i < chain.count; i++)
            look_at(chain.certs[i]);
    }
    pki_chain_deinit(&chain);
    return 0;
}
