/* Any bytes as JSON of one object, as it may come from a client and from the store. */
#include "core/api/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct object_options ways[] = {
        { .stored = true },
        { .unknown = OBJECT_UNKNOWN_REFUSE, .allow_no_name = true },
        { .unknown = OBJECT_UNKNOWN_WARN, .ns = STR("other") },
    };
    struct object *o;
    struct diag d;

    diag_init(&d);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        if (object_decode_json(&o, str_make(data, size), NULL, &d, &ways[i]) == 0)
            object_unref(o);
    diag_deinit(&d);
    return 0;
}
