/* Bytes of a peer: a transaction, or a version vector as bytes and as text. What is accepted must
 * encode to the same bytes again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/base/error.h"
#include "store/record.h"
#include "store/vv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(struct buf *out, struct str in)
{
    if (!str_eq(buf_str(out), in))
        abort();
    buf_clear(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = str_make(data, size);
    struct record_txn txn;
    struct arena arena;
    struct buf out;
    struct vv vv;

    arena_init(&arena, 0);
    buf_init(&out, 0);
    vv_init(&vv);
    if (record_txn_decode(&txn, bytes, &arena) == 0) {
        record_txn_encode(&txn, &out);
        check_same(&out, bytes);
    }
    if (vv_decode(&vv, bytes) == 0) {
        vv_encode(&vv, &out);
        check_same(&out, bytes);
    }
    if (vv_parse(&vv, bytes) == 0) {
        vv_format(&vv, &out);
        check_same(&out, bytes);
    }
    vv_deinit(&vv);
    buf_deinit(&out);
    arena_deinit(&arena);
    return 0;
}
