#include "core/text/node_jsonpath.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/node_yaml.h"
#include "tests/tap.h"

static const char sample[] = "kind: List\n"
                             "items:\n"
                             "- kind: Service\n"
                             "  metadata: {name: a, labels: {app: web, 'x.y/z': dotted}}\n"
                             "  spec: {ports: [{name: http, port: 80}, {name: tls, port: 443}]}\n"
                             "- kind: Service\n"
                             "  metadata: {name: b}\n"
                             "  spec: {ports: [{name: http, port: 9080}], on: true}\n";

static const struct {
    const char *path, *want;
} good[] = {
    { ".kind", "List" },
    { "{.kind}", "List" },
    { "kind", "List" },
    { "{$.kind}", "List" },
    { "{.items[*].metadata.name}", "a b" },
    { "{.items[0].metadata.name}", "a" },
    { "{.items[-1].metadata.name}", "b" },
    { "{.items[7].metadata.name}", "" },
    { "{.items[0:1].metadata.name}", "a" },
    { "{.items[:2].metadata.name}", "a b" },
    { "{.items[0,1].metadata.name}", "a b" },
    { "{.items[0].metadata['name']}", "a" },
    { "{.items[0].metadata.labels['x.y/z']}", "dotted" },
    { "{.items[0].metadata.labels.x\\.y/z}", "dotted" },
    { "{.items[0]['kind','metadata'].name}", "a" },
    { "{..name}", "a http tls b http" },
    { "{.items[*].spec.ports[?(@.name==\"http\")].port}", "80 9080" },
    { "{.items[*].spec.ports[?(@.port>=443)].name}", "tls http" },
    { "{.items[?(@.spec.on==true)].metadata.name}", "b" },
    { "{.items[?(@.spec.on)].metadata.name}", "b" },
    { "{.items[?(@.metadata.name!='a')].metadata.name}", "b" },
    { "{.items[0].spec.ports[0]}", "{\"name\":\"http\",\"port\":80}" },
    { "{range .items[*]}{.metadata.name}={.spec.ports[0].port}{\"\\n\"}{end}", "a=80\nb=9080\n" },
    { "{range .items[*]}{range .spec.ports[*]}{.name},{end};{end}", "http,tls,;http,;" },
    { "name: {.items[1].metadata.name}!", "name: b!" },
    { "{.nothing.at.all}", "" },
    { "{.kind.deeper}", "" },
    { "{\"}\"}{'{'}", "}{" },
};

static void paths_lead_to_values(void)
{
    struct arena a;
    struct node *root;
    struct buf out;
    struct str why;

    arena_init(&a, 0);
    buf_init(&out, 0);
    OK(node_yaml_read_one(&a, str_of(sample), "f", NULL, &root) == 0);
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        NOTE("%s", good[i].path);
        buf_clear(&out);
        EQ_INT(node_jsonpath_write(root, str_of(good[i].path), &a, &out, &why), 0);
        EQ_STRN(buf_str(&out).p, buf_len(&out), good[i].want);
    }
    buf_deinit(&out);
    arena_deinit(&a);
}

static const char *const bad[] = {
    "{.items[*}",
    "{.items",
    "{.items[]}",
    "{.items[x]}",
    "{range .items[*]}x",
    "{end}",
    "{.a..}",
    "{.items[?(@.a==x)]}",
    "{.items[?(@.a == )]}",
    "{.items[1:2:0]}",
    "{.items[1:2:3:4]}",
};

static void mistakes_are_told(void)
{
    struct arena a;
    struct node *root;
    struct buf out;
    struct str why;

    arena_init(&a, 0);
    buf_init(&out, 0);
    OK(node_yaml_read_one(&a, str_of(sample), "f", NULL, &root) == 0);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        NOTE("%s", bad[i]);
        EQ_INT(node_jsonpath_write(root, str_of(bad[i]), &a, &out, &why), ERR_INVALID);
        OK(why.len > 0);
    }
    buf_deinit(&out);
    arena_deinit(&a);
}

static void multiplying_steps_have_a_bound(void)
{
    struct arena a;
    struct node *root;
    struct buf out, path;
    struct str why;

    arena_init(&a, 0);
    buf_init(&out, 0);
    buf_init(&path, 0);
    OK(node_yaml_read_one(&a, str_of(sample), "f", NULL, &root) == 0);
    for (int i = 0; i < 24; i++)
        buf_add_str(&path, STR(".."));
    buf_add_str(&path, STR("name"));
    EQ_INT(node_jsonpath_write(root, buf_str(&path), &a, &out, &why), ERR_LIMIT);
    buf_deinit(&path);
    buf_deinit(&out);
    arena_deinit(&a);
}

static void found_nodes_keep_their_order(void)
{
    struct node_jsonpath_list found;
    struct arena a;
    struct node *root;
    struct str why;

    arena_init(&a, 0);
    OK(node_yaml_read_one(&a, str_of(sample), "f", NULL, &root) == 0);
    EQ_INT(node_jsonpath_find(root, STR("{.items[*].spec.ports[*].port}"), &a, &found, &why), 0);
    if (EQ_UINT(found.count, 3))
        OK(str_is(found.items[0]->text, "80") && str_is(found.items[2]->text, "9080"));
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "paths_lead_to_values", paths_lead_to_values },
    { "mistakes_are_told", mistakes_are_told },
    { "multiplying_steps_have_a_bound", multiplying_steps_have_a_bound },
    { "found_nodes_keep_their_order", found_nodes_keep_their_order },
};

TAP_MAIN(cases)
