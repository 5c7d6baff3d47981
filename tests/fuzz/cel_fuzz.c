/* Any expression over a fixed object: a value, a mistake or a bound, and nothing else. */
#include <stdint.h>

#include "core/base/error.h"
#include "core/text/cel.h"
#include "core/text/node_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char object[] =
    "{\"name\":\"shop\",\"n\":3,\"list\":[1,2,3],\"words\":[\"a\",\"b\"],\"map\":{\"x\":1},"
    "\"refs\":[{\"kind\":\"A\",\"port\":1},{\"kind\":\"B\"}],\"url\":\"https://h:1/p\"}";

static struct node *root;

static bool lookup(const void *arg, struct str name, struct cel_value *out)
{
    (void)arg;
    *out = cel_value_of_node(root);
    return str_is(name, "self");
}

static void ignore(void *arg, struct str name)
{
    (void)arg;
    (void)name;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cel_value v;
    struct arena a;
    struct cel *c;
    struct str why = STR_NONE;
    int err;

    arena_init(&a, 0);
    ASSERT(node_json_read(&a, str_of(object), NULL, NULL, &root) == 0);
    err = cel_new(&c, str_make(data, size), &a, &why);
    ASSERT(err == 0 || ((err == ERR_INVALID || err == ERR_LIMIT) && why.len > 0));
    if (err == 0) {
        struct cel_env env = { .lookup = lookup, .arena = &a, .cost = 20000 };

        err = cel_eval(c, &env, &v);
        ASSERT((err != 0) == (v.type == CEL_ERROR));
        (void)cel_value_to_text(&v, &a);
        cel_each_name(c, ignore, NULL);
        cel_free(c);
    }
    arena_deinit(&a);
    return 0;
}
