/* Revocation lists beside a root. */
#include <stdint.h>

#include "core/base/mem.h"
#include "core/pki/pki_file.h"
#include "core/pki/pki_trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct buf root;
    struct pki_trust_domain any = { .crls_pem = str_make(data, size) };
    struct pki_trust *trust;

    if (buf_len(&root) == 0) {
        buf_init(&root, 0);
        if (pki_file_read("testdata/pki/crl/root.pem", &root) != 0)
            return 0;
    }
    any.roots_pem = buf_str(&root);
    if (pki_trust_new(&any, 1, &trust) == 0)
        pki_trust_unref(trust);
    return 0;
}
