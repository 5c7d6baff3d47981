/* What decodes must encode to the same text again, and the other way round. The first byte chooses
 * the coding. */
#include <stdlib.h>

#include "core/base/encode.h"
#include "core/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Base64 may come without its padding and hex in capitals: then only the bytes must come back. */
static void check_round(struct arena *a, int (*encode)(struct buf *, struct str),
                        int (*decode)(struct arena *, struct str, struct str *), struct str in)
{
    struct str bytes, again;
    struct buf text;

    buf_init(&text, 0);
    ASSERT(encode(&text, in) == 0);
    ASSERT(decode(a, buf_str(&text), &again) == 0 && str_eq(again, in));
    buf_clear(&text);
    if (decode(a, in, &bytes) == 0) {
        ASSERT(encode(&text, bytes) == 0);
        ASSERT(decode(a, buf_str(&text), &again) == 0 && str_eq(again, bytes));
    }
    buf_deinit(&text);
}

static int undo_base64(struct arena *a, struct str in, struct str *out)
{
    return encode_undo_base64(a, in, false, out);
}

static void check_json(struct str in)
{
    struct buf text;
    struct str out;

    buf_init(&text, 0);
    ASSERT(encode_json(&text, in) == 0);
    out = buf_str(&text);
    while (out.len) { /* whatever came in, UTF-8 without control bytes comes out */
        size_t len = encode_utf8_len(out);

        ASSERT(len > 0 && (uint8_t)out.p[0] >= 0x20);
        out = str_skip(out, len);
    }
    buf_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_make(data, size), skipped;
    struct arena a;

    if (size == 0)
        return 0;
    in = str_skip(in, 1);
    arena_init(&a, 0);
    switch (data[0] % 5) {
    case 0:
        check_round(&a, encode_base64, undo_base64, in);
        (void)encode_undo_base64(&a, in, true, &skipped);
        break;
    case 1:
        check_round(&a, encode_base64url, encode_undo_base64url, in);
        break;
    case 2:
        check_round(&a, encode_hex, encode_undo_hex, in);
        break;
    case 3:
        check_round(&a, encode_percent, encode_undo_percent, in);
        break;
    default:
        check_json(in);
    }
    arena_deinit(&a);
    return 0;
}
