/* A target and a patch, separated by a line end; both kinds of patch leave the target alone. */
#include <stdint.h>

#include "core/base/error.h"
#include "core/text/node_json.h"
#include "core/text/node_patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str patch_text = str_make(data, size), target_text = str_cut(&patch_text, '\n'), why;
    struct node *target, *patch, *before, *out;
    struct arena a;

    arena_init(&a, 0);
    if (node_json_read(&a, target_text, NULL, NULL, &target) == 0 &&
        node_json_read(&a, patch_text, NULL, NULL, &patch) == 0) {
        before = node_copy(&a, target);
        if (node_patch_merge(&a, target, patch, &out, &why) == 0)
            ASSERT(node_count(out) <= NODE_MAX_NODES);
        if (node_patch_json(&a, target, patch, &out, &why) == 0)
            ASSERT(node_count(out) <= NODE_MAX_NODES);
        ASSERT(node_equal(target, before));
    }
    arena_deinit(&a);
    return 0;
}
