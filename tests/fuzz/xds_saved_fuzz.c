/* The saved state as a damaged disk may hold it, and the text of join tokens. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/xds/xds_token.h"
#include "modes/shared/xds_saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xds_token t;

    xds_saved_scan(data, size);
    if (xds_token_parse(str_make(data, size), &t) == 0) {
        ASSERT(t.root_sha256.len == 64);
        ASSERT(t.cluster.len + t.root_sha256.len + t.secret.len + t.issuer.len + 9 == size);
    }
    return 0;
}
