/* Certificate requests, which come from workloads that are not known yet. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/pki/pki_csr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pki_csr *csr;

    if (pki_csr_parse(str_make(data, size), &csr) == 0) {
        ASSERT(pki_csr_public_key(csr) != NULL);
        ASSERT(str_chr(pki_csr_get_uri(csr), 0) < 0);
        pki_csr_free(csr);
    }
    return 0;
}
