/* The samples of Istio and of the Gateway API, where they are at hand: accepted, and the same when
 * encoded again. */
#include "core/api/object.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/field_encode.h"
#include "core/text/node_yaml.h"
#include "tests/tap.h"
#include "tests/unit/support/api_files.h"

static const char *const folders[] = { "../shared/data/istio-samples",
                                       "../../shared/data/istio-samples" };

static const char *const gateway_api_folders[] = { "../shared/data/gateway-api-examples",
                                                   "../../shared/data/gateway-api-examples" };

static size_t decoded;

static void look_at(const char *path, const struct node *doc)
{
    struct object *o = NULL, *back = NULL;
    struct arena a;
    struct diag d;
    struct buf said;

    if (!api_kind_by_api_version(node_get_str(doc, "apiVersion"), node_get_str(doc, "kind")))
        return; /* a kind of others */
    diag_init(&d);
    arena_init(&a, 0);
    buf_init(&said, 0);
    if (!EQ_INT(object_decode(&o, doc, &d, NULL), 0)) {
        diag_render_short(&d, &said);
        NOTE("%s: %.*s", path, STR_ARG(buf_str(&said)));
    } else {
        struct node *made = field_encode_node(o->kind->root, o->root, &a);

        decoded++;
        EQ_INT(object_decode(&back, made, &d, NULL), 0);
        if (back) {
            struct node *again = field_encode_node(back->kind->root, back->root, &a);

            if (!OK(node_equal(made, again)))
                NOTE("%s", path);
        }
    }
    object_unref(o);
    object_unref(back);
    buf_deinit(&said);
    arena_deinit(&a);
    diag_deinit(&d);
}

static void look_at_file(const char *path)
{
    struct node **docs = NULL;
    struct arena a;
    size_t len, count = 0;
    char *text = api_files_read(path, &len);

    if (!OK(text != NULL))
        return;
    arena_init(&a, 1 << 16);
    if (memmem(text, len, "{{", 2) == NULL) { /* not a template of Helm's */
        if (!EQ_INT(node_yaml_read(&a, str_make(text, len), path, NULL, &docs, &count), 0))
            NOTE("%s", path);
        for (size_t i = 0; i < count; i++)
            look_at(path, docs[i]);
    }
    mem_free(text);
    arena_deinit(&a);
}

static void samples_are_accepted(void)
{
    size_t files = 0;

    for (size_t i = 0; i < COUNT_OF(folders) && files == 0; i++)
        files = api_files_each(folders[i], look_at_file);
    if (files == 0) {
        SKIP("the samples are not here");
        return;
    }
    OK(files > 50);
    OK(decoded > 150);
    NOTE("%zu files, %zu objects", files, decoded);
}

static void gateway_api_examples_are_accepted(void)
{
    size_t files = 0;

    decoded = 0;
    for (size_t i = 0; i < COUNT_OF(gateway_api_folders) && files == 0; i++)
        files = api_files_each(gateway_api_folders[i], look_at_file);
    if (files == 0) {
        SKIP("the examples are not here");
        return;
    }
    OK(files > 50);
    OK(decoded > 80);
    NOTE("%zu files, %zu objects", files, decoded);
}

static const struct tap_case cases[] = {
    { "samples_are_accepted", samples_are_accepted },
    { "gateway_api_examples_are_accepted", gateway_api_examples_are_accepted },
};

TAP_MAIN(cases)
