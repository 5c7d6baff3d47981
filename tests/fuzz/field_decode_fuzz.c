/* YAML into a struct; a sound one goes to JSON and back, and comes out the same. */
#include "core/base/error.h"
#include "core/text/field_decode.h"
#include "core/text/field_encode.h"
#include "core/text/node_yaml.h"
#include "tests/unit/support/field_sample.c" /* a fuzz target is one program from one file */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool decode(struct arena *a, struct str text, struct diag *d, struct field_sample *out)
{
    struct field_scope s = { .arena = a, .diag = d, .kind = "Sample" };
    struct node *n;

    return node_yaml_read_one(a, text, "f", d, &n) == 0 &&
           field_decode(&field_sample_message, n, &s, out) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct field_sample first, second;
    struct buf one, two, shown;
    struct arena a;
    struct diag d;

    arena_init(&a, 0);
    diag_init(&d);
    buf_init(&one, 0);
    buf_init(&two, 0);
    buf_init(&shown, 1 << 20);
    if (decode(&a, str_make(data, size), &d, &first)) {
        ASSERT(field_encode_json(&field_sample_message, &first, &one, 0) == 0);
        ASSERT(decode(&a, buf_str(&one), &d, &second));
        ASSERT(field_encode_json(&field_sample_message, &second, &two, 0) == 0);
        ASSERT(str_eq(buf_str(&one), buf_str(&two)));
    } else {
        ASSERT(diag_has_errors(&d));
    }
    diag_render_short(&d, &shown);
    buf_deinit(&one);
    buf_deinit(&two);
    buf_deinit(&shown);
    diag_deinit(&d);
    arena_deinit(&a);
    return 0;
}
