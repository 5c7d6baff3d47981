#include "modes/control/rest_fields.h"

#include <stdio.h>

#include "core/api/api_kind.h"
#include "core/text/node_yaml.h"
#include "tests/tap.h"

static struct arena arena;

static struct node *yaml(const char *text)
{
    struct node *n = NULL;

    OK(node_yaml_read_one(&arena, str_of(text), NULL, NULL, &n) == 0);
    return n;
}

static struct rest_fields_shape service(void)
{
    return (struct rest_fields_shape){ .message = api_kind_by_id(API_KIND_SERVICE)->root };
}

static void same(const struct node *n, const char *want)
{
    struct buf b;

    buf_init(&b, 0);
    if (n)
        node_write_json(n, &b, NODE_SORTED);
    if (!OK(want ? n && node_equal(n, yaml(want)) : !n))
        printf("# have %.*s\n# want %s\n", STR_ARG(buf_str(&b)), want ? want : "nothing");
    buf_deinit(&b);
}

static void sets_have_leaves_items_and_whole_lists(void)
{
    same(rest_fields_of(&arena, service(),
                        yaml("{metadata: {labels: {a: b}}, spec: {ports: [{port: 80, name: x}], "
                             "externalIPs: [1.1.1.1], selector: {}}}")),
         "{'f:metadata': {'f:labels': {'f:a': {}}}, 'f:spec': {'f:ports': "
         "{'k:{\"port\":80,\"protocol\":\"TCP\"}': {'.': {}, 'f:port': {}, 'f:name': {}}}, "
         "'f:externalIPs': {}, 'f:selector': {}}}");
}

static void compare_tells_changed_from_removed(void)
{
    struct rest_fields_diff d = rest_fields_compare(
        &arena, service(),
        yaml("{spec: {type: A, ports: [{port: 80, name: x}, {port: 81}], externalIPs: [a]}}"),
        yaml("{spec: {clusterIP: B, ports: [{port: 80, name: y}], externalIPs: [a, b]}}"));

    same(d.changed, "{'f:spec': {'f:clusterIP': {}, 'f:externalIPs': {}, 'f:ports': "
                    "{'k:{\"port\":80,\"protocol\":\"TCP\"}': {'f:name': {}}}}}");
    same(d.removed, "{'f:spec': {'f:type': {}, 'f:ports': "
                    "{'k:{\"port\":81,\"protocol\":\"TCP\"}': {'.': {}, 'f:port': {}}}}}");
    d = rest_fields_compare(&arena, service(), yaml("{spec: {type: A}}"),
                            yaml("{spec: {type: A}}"));
    same(d.changed, NULL);
    same(d.removed, NULL);
}

static void sets_add_subtract_and_meet(void)
{
    struct node *x = yaml("{'f:a': {}, 'f:b': {'.': {}, 'f:c': {}}}");
    struct node *y = yaml("{'f:a': {}, 'f:b': {'f:c': {}, 'f:d': {}}}");

    same(rest_fields_union(&arena, x, y), "{'f:a': {}, 'f:b': {'.': {}, 'f:c': {}, 'f:d': {}}}");
    same(rest_fields_minus(&arena, x, y), "{'f:b': {}}");
    same(rest_fields_minus(&arena, y, x), "{'f:b': {'f:d': {}}}");
    same(rest_fields_common(&arena, x, y), "{'f:a': {}, 'f:b': {'f:c': {}}}");
    same(rest_fields_minus(&arena, x, x), NULL);
    same(rest_fields_common(&arena, x, NULL), NULL);
    same(rest_fields_union(&arena, NULL, x), "{'f:a': {}, 'f:b': {'.': {}, 'f:c': {}}}");
}

static void merge_goes_by_field_and_by_item(void)
{
    same(rest_fields_merge(&arena, service(),
                           yaml("{spec: {type: A, ports: [{port: 80, name: x}, {port: 53, "
                                "protocol: UDP}], externalIPs: [a]}}"),
                           yaml("{spec: {ports: [{port: 80, name: y}, {port: 53}], externalIPs: "
                                "[b]}}")),
         "{spec: {type: A, ports: [{port: 80, name: y}, {port: 53, protocol: UDP}, {port: 53}], "
         "externalIPs: [b]}}");
}

static void prune_leaves_what_others_keep(void)
{
    struct node *n =
        yaml("{spec: {type: A, selector: {a: b}, ports: [{port: 80, name: x}, {port: 81, "
             "name: y}]}}");
    struct node *gone =
        yaml("{'f:spec': {'f:type': {}, 'f:selector': {'f:a': {}}, 'f:ports': "
             "{'k:{\"port\":80,\"protocol\":\"TCP\"}': {'.': {}, 'f:name': {}, 'f:port': {}}, "
             "'k:{\"port\":81,\"protocol\":\"TCP\"}': {'.': {}, 'f:name': {}, 'f:port': {}}}}}");
    struct node *keep = yaml("{'f:spec': {'f:type': {}, 'f:ports': "
                             "{'k:{\"port\":81,\"protocol\":\"TCP\"}': {'.': {}, 'f:port': {}}}}}");

    rest_fields_prune(&arena, service(), n, gone, keep);
    same(n, "{spec: {type: A, ports: [{port: 81}]}}");
}

static void add_path(void *arg, struct str path)
{
    buf_printf(arg, "%.*s ", STR_ARG(path));
}

static void paths_are_as_people_write_them(void)
{
    struct buf b;

    buf_init(&b, 0);
    rest_fields_each(&arena,
                     yaml("{'f:spec': {'f:type': {}, 'f:ports': {'k:{\"port\":80}': {'f:name': "
                          "{}}}}}"),
                     add_path, &b);
    EQ_STRN(buf_str(&b).p, buf_len(&b), ".spec.type .spec.ports[port=80].name ");
    buf_deinit(&b);
    OK(rest_fields_is_set(yaml("{'f:a': {}}")));
    OK(!rest_fields_is_set(yaml("{'f:a': 1}")));
    OK(!rest_fields_is_set(NULL));
}

static const struct tap_case cases[] = {
    { "sets_have_leaves_items_and_whole_lists", sets_have_leaves_items_and_whole_lists },
    { "compare_tells_changed_from_removed", compare_tells_changed_from_removed },
    { "sets_add_subtract_and_meet", sets_add_subtract_and_meet },
    { "merge_goes_by_field_and_by_item", merge_goes_by_field_and_by_item },
    { "prune_leaves_what_others_keep", prune_leaves_what_others_keep },
    { "paths_are_as_people_write_them", paths_are_as_people_write_them },
};

int main(int argc, char **argv)
{
    int code;

    arena_init(&arena, 0);
    code = tap_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
    arena_deinit(&arena);
    return code;
}
