/* Any text either fails to parse or can be filled from an empty decision, as text and as JSON. */
#include "core/telemetry/access_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct decision empty = { .grpc_status = -1 };
    struct access_source source = { &empty, NULL, NULL, NULL };
    struct access_format f;
    struct str why;
    struct arena a;
    struct buf out;

    arena_init(&a, 0);
    buf_init(&out, 1 << 20);
    if (access_format_parse(&f, str_make(data, size), &a, &why) == 0) {
        access_format_write(&f, &source, ACCESS_FORMAT_DASH, &out);
        access_format_write_json(&f, &source, &out);
    }
    buf_deinit(&out);
    arena_deinit(&a);
    return 0;
}
