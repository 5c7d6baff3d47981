/* Any template over a fixed object, and nothing but text, an error or a bound comes out. */
#include <stdint.h>

#include "core/base/error.h"
#include "core/text/node_json.h"
#include "core/text/node_jsonpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char object[] =
    "{\"items\":[{\"a\":1,\"b\":{\"c\":\"x\",\"d\":[1,2.5,null,true]}},{\"a\":2,\"b.c\":\"y\"}],"
    "\"kind\":\"List\",\"metadata\":{\"name\":\"n\",\"labels\":{\"app\":\"web\"}}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct buf out;
    struct node *root;
    struct str why;
    int err;

    arena_init(&a, 0);
    buf_init(&out, 1 << 16);
    ASSERT(node_json_read(&a, str_of(object), "f", NULL, &root) == 0);
    err = node_jsonpath_write(root, str_make(data, size), &a, &out, &why);
    ASSERT(err == 0 || err == ERR_LIMIT || (err == ERR_INVALID && why.len > 0));
    buf_deinit(&out);
    arena_deinit(&a);
    return 0;
}
