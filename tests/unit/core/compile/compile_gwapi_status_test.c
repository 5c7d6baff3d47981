/* Status of the Gateway API's objects against testdata/gwapi-status: NAME.yaml holds objects,
 * NAME.out.yaml the status of each that gets one, in order of kind, namespace and name. Where a
 * status is not meant to be as it is there, GWAPI_STATUS_UPDATE=1 writes those files anew. */
#include "core/compile/compile_gwapi_status.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/compile/compile_gwapi_objects.h"
#include "core/text/node_yaml.h"
#include "tests/tap.h"
#include "tests/unit/support/api_files.h"

#define FOLDER "testdata/gwapi-status"
#define NOW_NS INT64_C(1767225600000000000) /* 2026-01-01T00:00:00Z */

struct said {
    struct arena arena;
    struct node *list;
    const struct object **objects;
    size_t count;
};

static void on_status(void *arg, const struct object *o, struct node *status)
{
    struct said *s = arg;
    struct node *n = node_new(&s->arena, NODE_MAP), *at = s->list->first;
    struct str title = object_title(o, &s->arena);

    while (at && str_cmp(node_get_str(at, "object"), title) < 0)
        at = at->next;
    node_set_str(&s->arena, n, "object", title);
    node_set(n, STR("status"), node_copy(&s->arena, status));
    node_insert(s->list, at, n);
    s->objects = arena_grow(&s->arena, s->objects, s->count, s->count + 1, sizeof(*s->objects));
    s->objects[s->count++] = o;
}

/* Gateways called "unserved" have nobody to serve them. */
static void addresses(void *arg, const struct object *gateway,
                      void (*add)(void *add_arg, const char *type, struct str value), void *add_arg)
{
    (void)arg;
    if (!str_is(gateway->name, "unserved"))
        add(add_arg, "IPAddress", STR("192.0.2.1"));
}

static void write_file(const char *path, struct str text)
{
    FILE *f = fopen(path, "w");

    if (!OK(f != NULL))
        return;
    fwrite(text.p, 1, text.len, f);
    fclose(f);
}

/* What is written must be a status that the kind's rows take. */
static void check_status(const struct said *s, const struct node *item, struct arena *a)
{
    for (size_t i = 0; i < s->count; i++) {
        struct object *o = NULL;
        struct node *n;
        struct diag d;

        if (!str_eq(object_title(s->objects[i], a), node_get_str(item, "object")))
            continue;
        n = node_copy(a, s->objects[i]->node);
        node_set(n, STR("status"), node_copy(a, node_getz(item, "status")));
        diag_init(&d);
        if (!EQ_INT(object_decode(&o, n, &d, NULL), 0))
            NOTE("%.*s: %.*s", STR_ARG(node_get_str(item, "object")),
                 STR_ARG(d.first ? d.first->message : STR("")));
        object_unref(o);
        diag_deinit(&d);
    }
}

static void run_again(const struct compile_gwapi_status_input *in, const struct said *first);

static size_t files;

static void compare(const char *path)
{
    struct compile_gwapi_objects objects;
    struct said said = { .count = 0 };
    struct compile_gwapi_status_input in = { .world = &objects.world,
                                             .now_ns = NOW_NS,
                                             .addresses = addresses,
                                             .emit = on_status,
                                             .emit_arg = &said };
    struct object_set set;
    struct diag d;
    struct arena a;
    struct buf text;
    char out_path[256];
    char *want;
    size_t len = 0;

    if (strstr(path, ".out.yaml"))
        return;
    files++;
    diag_init(&d);
    arena_init(&a, 4096);
    arena_init(&said.arena, 4096);
    buf_init(&text, 0);
    object_set_init(&set);
    compile_gwapi_objects_init(&objects, STR("cluster.local"));
    EQ_INT(api_files_load(&set, path, &d), 0);
    for (size_t i = 0; i < set.count; i++)
        compile_gwapi_objects_put(&objects, set.items[i]);
    said.list = node_new(&said.arena, NODE_LIST);
    compile_gwapi_status_run(&in, &a);
    NODE_EACH(item, said.list)
    check_status(&said, item, &a);
    node_write_yaml(said.list, &text, 0);
    snprintf(out_path, sizeof(out_path), "%.*s.out.yaml", (int)(strlen(path) - 5), path);
    if (getenv("GWAPI_STATUS_UPDATE"))
        write_file(out_path, buf_str(&text));
    want = api_files_read(out_path, &len);
    if (!OK(want && str_eq(buf_str(&text), str_make(want, len))))
        NOTE("%s says otherwise:\n%.*s", out_path, STR_ARG(buf_str(&text)));
    mem_free(want);
    run_again(&in, &said);
    compile_gwapi_objects_deinit(&objects);
    object_set_deinit(&set);
    buf_deinit(&text);
    arena_deinit(&said.arena);
    arena_deinit(&a);
    diag_deinit(&d);
}

/* With its own status as the old one, and later: nothing differs, times included. */
static void run_again(const struct compile_gwapi_status_input *in, const struct said *first)
{
    struct compile_gwapi_objects objects;
    struct compile_gwapi_status_input later = *in;
    struct said said = { .count = 0 };
    struct compile_gwapi_objects *from = in->world->arg;
    struct arena a;
    size_t at = 0;

    arena_init(&a, 4096);
    arena_init(&said.arena, 4096);
    said.list = node_new(&said.arena, NODE_LIST);
    compile_gwapi_objects_init(&objects, STR("cluster.local"));
    for (struct map_slot *s; (s = map_next(&from->by_key, &at));) {
        struct object *o = s->value, *with = NULL;
        struct node *n = node_copy(&a, o->node);

        NODE_EACH(item, first->list)
        if (str_eq(node_get_str(item, "object"), object_title(o, &a)))
            node_set(n, STR("status"), node_copy(&a, node_getz(item, "status")));
        if (EQ_INT(object_decode(&with, n, NULL, NULL), 0))
            compile_gwapi_objects_put(&objects, with);
        object_unref(with);
    }
    later.world = &objects.world;
    later.now_ns = NOW_NS + INT64_C(3600000000000);
    later.emit_arg = &said;
    compile_gwapi_status_run(&later, &a);
    OK(node_equal(said.list, first->list));
    compile_gwapi_objects_deinit(&objects);
    arena_deinit(&said.arena);
    arena_deinit(&a);
}

static void status_is_as_in_the_files(void)
{
    files = 0;
    api_files_each(FOLDER, compare);
    OK(files > 10);
}

static const struct tap_case cases[] = {
    { "status_is_as_in_the_files", status_is_as_in_the_files },
};

TAP_MAIN(cases)
