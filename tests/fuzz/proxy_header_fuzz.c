/* PROXY headers: what is read can be written and read again. */
#include "core/net/proxy_header.h"

#include <stdlib.h>

#include "core/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[PROXY_HEADER_OUT_BYTES];
    struct proxy_header h, again;
    size_t used, used_again, len;
    struct str value;

    if (proxy_header_decode(str_make(data, size), &h, &used) != 0)
        return 0;
    if (used > size)
        abort();
    for (unsigned type = 0; type < 256; type++)
        proxy_header_find_tlv(&h, (uint8_t)type, &value);
    h.src.scope = h.dst.scope = 0;
    len = proxy_header_encode(h.version, &h.src, &h.dst, bytes);
    if (proxy_header_decode(str_make(bytes, len), &again, &used_again) != 0 || used_again != len)
        abort();
    if (h.src.family == h.dst.family && !h.is_local &&
        (!addr_eq(&h.src, &again.src) || !addr_eq(&h.dst, &again.dst)))
        abort();
    return 0;
}
