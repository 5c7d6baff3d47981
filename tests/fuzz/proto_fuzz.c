/* Protobuf in; what was read is written, read and written again: the same bytes both times. */
#include "core/base/error.h"
#include "core/text/field_encode.h"
#include "core/text/proto.h"
#include "tests/unit/support/field_sample.c" /* a fuzz target is one program from one file */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct field_sample first, second;
    struct buf one, two;
    struct arena a;

    arena_init(&a, 0);
    buf_init(&one, 0);
    buf_init(&two, 0);
    if (proto_decode(&field_sample_message, data, size, &a, PROTO_BORROW, &first) == 0 &&
        proto_encode(&field_sample_message, &first, &one) == 0) {
        ASSERT(proto_decode(&field_sample_message, buf_str(&one).p, buf_len(&one), &a, 0,
                            &second) == 0);
        ASSERT(proto_encode(&field_sample_message, &second, &two) == 0);
        ASSERT(str_eq(buf_str(&one), buf_str(&two)));
        buf_clear(&two);
        field_encode_json(&field_sample_message, &first, &two, 0);
    }
    buf_deinit(&one);
    buf_deinit(&two);
    arena_deinit(&a);
    return 0;
}
