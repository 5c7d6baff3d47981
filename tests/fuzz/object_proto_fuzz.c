/* Any bytes as an object on the wire: refused, or an object that has JSON. */
#include "core/api/object.h"
#include "core/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct object *o;
    struct buf json;

    if (object_decode_proto(&o, data, size) != 0)
        return 0;
    buf_init(&json, 0);
    ASSERT(o->name.len > 0 && o->spec && o->meta);
    ASSERT(object_to_json(o, &json) == 0);
    buf_deinit(&json);
    object_unref(o);
    return 0;
}
