/* Any YAML is refused, or becomes objects whose JSON decodes to the same object again, and which go
 * through protobuf. */
#include "core/api/api_column.h"
#include "core/api/object_set.h"
#include "core/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct object *o)
{
    struct object *back = NULL;
    struct buf json, wire;

    buf_init(&json, 0);
    buf_init(&wire, 0);
    ASSERT(object_to_json(o, &json) == 0);
    if (buf_len(&json) <= OBJECT_MAX_BYTES) {
        ASSERT(object_decode_json(&back, buf_str(&json), NULL, NULL, NULL) == 0);
        ASSERT(back->content_hash == o->content_hash);
        object_unref(back);
    }
    if (object_encode_proto(o, &wire) == 0 &&
        object_decode_proto(&back, buf_str(&wire).p, buf_len(&wire)) == 0)
        object_unref(back);
    for (size_t i = 0; i < o->kind->columns->count; i++)
        api_column_cell(o, &o->kind->columns->items[i], 0, &wire);
    buf_deinit(&json);
    buf_deinit(&wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct object_set set;
    struct diag d;

    diag_init(&d);
    object_set_init(&set);
    object_set_read(&set, str_make(data, size), "fuzz.yaml", &d, NULL);
    for (size_t i = 0; i < set.count; i++) {
        check(set.items[i]);
        object_warn_unenforced(set.items[i], &d);
    }
    object_set_deinit(&set);
    diag_deinit(&d);
    return 0;
}
