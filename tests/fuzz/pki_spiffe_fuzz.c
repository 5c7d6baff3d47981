/* SPIFFE ids: what parses must come out of its parts again. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/pki/pki_spiffe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make(data, size);
    struct pki_spiffe id;
    struct buf out;

    if (pki_spiffe_parse(text, &id))
        return 0;
    ASSERT(id.trust_domain.len + id.path.len + 9 == size);
    ASSERT(pki_spiffe_is_trust_domain(id.trust_domain));
    if (id.ns.len > 0) {
        buf_init(&out, 0);
        ASSERT(pki_spiffe_format(&out, id.trust_domain, id.ns, id.sa) == 0);
        ASSERT(str_eq(buf_str(&out), text));
        buf_deinit(&out);
    }
    return 0;
}
