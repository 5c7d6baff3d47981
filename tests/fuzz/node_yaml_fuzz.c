/* YAML in, YAML and JSON out, and the same value back from both. */
#include <stdint.h>

#include "core/base/error.h"
#include "core/text/node_json.h"
#include "core/text/node_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct node **docs, *back;
    struct arena a;
    struct diag d;
    size_t count;

    arena_init(&a, 0);
    diag_init(&d);
    node_yaml_read(&a, str_make(data, size), "f", &d, &docs, &count);
    for (size_t i = 0; i < count; i++) {
        struct buf b;

        buf_init(&b, 0);
        ASSERT(node_write_yaml(docs[i], &b, 0) == 0);
        ASSERT(node_yaml_read_one(&a, buf_str(&b), "f", NULL, &back) == 0 &&
               node_equal(docs[i], back));
        buf_clear(&b);
        ASSERT(node_write_json(docs[i], &b, 0) == 0);
        ASSERT(node_json_read(&a, buf_str(&b), "f", NULL, &back) == 0 && node_equal(docs[i], back));
        buf_deinit(&b);
    }
    diag_deinit(&d);
    arena_deinit(&a);
    return 0;
}
