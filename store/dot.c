#include "store/dot.h"

#include "core/base/error.h"
#include "store/packing.h"

#define DOT_BYTES (5 + PACKING_U64_MAX_BYTES)

_Static_assert(PACKING_TEXT_LEN(DOT_BYTES) < DOT_TEXT_BYTES, "a dot's text has room");

void dot_format(struct dot d, char out[DOT_TEXT_BYTES])
{
    uint8_t bytes[DOT_BYTES];
    size_t len = packing_write_u64(bytes, d.origin);

    len += packing_write_u64(bytes + len, d.seq);
    out[packing_write_text(str_make(bytes, len), out)] = '\0';
}

int dot_parse(struct str text, struct dot *out)
{
    uint8_t bytes[DOT_BYTES];
    struct packing_in in;
    struct dot d;
    size_t len;

    if (packing_undo_text(text, bytes, sizeof(bytes), &len) != 0)
        return ERR_INVALID;
    in = packing_in_of(str_make(bytes, len));
    d.origin = (uint32_t)packing_get_u64(&in, UINT32_MAX);
    d.seq = packing_get_u64(&in, UINT64_MAX);
    if (in.bad || packing_left(&in) > 0 || d.origin == 0 || d.seq == 0)
        return ERR_INVALID;
    *out = d;
    return 0;
}
