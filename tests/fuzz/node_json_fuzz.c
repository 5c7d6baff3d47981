/* JSON in, JSON and YAML out, and the same value back from both. */
#include <stdint.h>

#include "core/base/error.h"
#include "core/text/node_json.h"
#include "core/text/node_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct node *n, *back;
    struct arena a;
    struct buf b;

    arena_init(&a, 0);
    buf_init(&b, 0);
    if (node_json_read(&a, str_make(data, size), "f", NULL, &n) == 0) {
        ASSERT(node_write_json(n, &b, NODE_SORTED) == 0);
        ASSERT(node_json_read(&a, buf_str(&b), "f", NULL, &back) == 0 && node_equal(n, back));
        buf_clear(&b);
        ASSERT(node_write_yaml(n, &b, 0) == 0);
        ASSERT(node_yaml_read_one(&a, buf_str(&b), "f", NULL, &back) == 0 && node_equal(n, back));
    }
    buf_deinit(&b);
    arena_deinit(&a);
    return 0;
}
