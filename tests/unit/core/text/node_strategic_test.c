#include "core/text/node_strategic.h"

#include "core/api/api_kind.h"
#include "core/base/error.h"
#include "core/text/node_yaml.h"
#include "tests/tap.h"

/* Texts are YAML; want NULL: refused. */
struct merging {
    const char *kind, *target, *patch, *want;
};

static const struct merging merges[] = {
    /* maps: as a merge patch */
    { "Service", "{metadata: {labels: {a: x, b: y}}}", "{metadata: {labels: {a: null, c: z}}}",
      "{metadata: {labels: {b: y, c: z}}}" },
    /* lists whose row has a merge key */
    { "Service", "{spec: {ports: [{port: 80, name: a}, {port: 81, name: b}]}}",
      "{spec: {ports: [{port: 81, name: c}, {port: 82}]}}",
      "{spec: {ports: [{port: 80, name: a}, {port: 81, name: c}, {port: 82}]}}" },
    { "Service", "{spec: {ports: [{port: 80}, {port: 81}]}}",
      "{spec: {ports: [{$patch: delete, port: 80}]}}", "{spec: {ports: [{port: 81}]}}" },
    { "Service", "{spec: {ports: [{port: 80}, {port: 81}]}}",
      "{spec: {ports: [{$patch: replace}, {port: 9}]}}", "{spec: {ports: [{port: 9}]}}" },
    { "Service", "{spec: {ports: [{port: 80}, {port: 81}]}}",
      "{spec: {$setElementOrder/ports: [{port: 82}, {port: 80}, {port: 81}], ports: [{port: 82}]}}",
      "{spec: {ports: [{port: 82}, {port: 80}, {port: 81}]}}" },
    { "Service", "{spec: {}}", "{spec: {ports: [{name: x}]}}", NULL },
    /* scalars: a list is replaced, a set grows */
    { "Service", "{spec: {externalIPs: [1.1.1.1]}}", "{spec: {externalIPs: [2.2.2.2]}}",
      "{spec: {externalIPs: [2.2.2.2]}}" },
    { "Service", "{metadata: {finalizers: [a]}}", "{metadata: {finalizers: [b, a]}}",
      "{metadata: {finalizers: [a, b]}}" },
    { "Service", "{metadata: {finalizers: [a, b, c]}}",
      "{metadata: {$deleteFromPrimitiveList/finalizers: [a, c]}}",
      "{metadata: {finalizers: [b]}}" },
    /* what no row speaks of: by Kubernetes' names, and by what the patch says */
    { "Pod", "{spec: {containers: [{name: c, env: [{name: A, value: '1'}]}]}}",
      "{spec: {containers: [{name: c, env: [{name: B, value: '2'}]}]}}",
      "{spec: {containers: [{name: c, env: [{name: A, value: '1'}, {name: B, value: '2'}]}]}}" },
    { "Pod", "{spec: {things: [{id: 1, x: 1}]}}",
      "{spec: {$setElementOrder/things: [{id: 2}, {id: 1}], things: [{id: 2}]}}",
      "{spec: {things: [{id: 2}, {id: 1, x: 1}]}}" },
    { "Pod", "{spec: {things: [{id: 1}]}}", "{spec: {things: [{id: 2}]}}",
      "{spec: {things: [{id: 2}]}}" },
    /* directives of maps */
    { "Service", "{spec: {selector: {a: b}}}", "{spec: {selector: {$patch: replace, c: d}}}",
      "{spec: {selector: {c: d}}}" },
    { "Service", "{spec: {selector: {a: b}}}", "{spec: {selector: {$patch: delete}}}",
      "{spec: {selector: {}}}" },
    { "Service", "{spec: {type: A, clusterIP: B}}", "{spec: {$retainKeys: [type], type: C}}",
      "{spec: {type: C}}" },
    { "Service", "{spec: {}}", "{spec: {$patch: explode}}", NULL },
    { "Service", "{spec: {}}", "{spec: {$unknown: 1}}", NULL },
    { "Service", "{spec: {}}", "[1]", NULL },
};

static void merges_as_kubernetes_does(void)
{
    for (size_t i = 0; i < sizeof(merges) / sizeof(merges[0]); i++) {
        const struct merging *m = &merges[i];
        struct node *target, *patch, *want, *out = NULL;
        struct str why = STR_NONE;
        struct arena a;
        int err;

        arena_init(&a, 0);
        if (!EQ_INT(node_yaml_read_one(&a, str_of(m->target), NULL, NULL, &target), 0) ||
            !EQ_INT(node_yaml_read_one(&a, str_of(m->patch), NULL, NULL, &patch), 0))
            return;
        err =
            node_strategic(&a, target, patch, api_kind_by_word(str_of(m->kind))->root, &out, &why);
        if (!m->want) {
            EQ_INT(err, ERR_INVALID);
            OK(why.len > 0);
        } else if (EQ_INT(err, 0) &&
                   EQ_INT(node_yaml_read_one(&a, str_of(m->want), NULL, NULL, &want), 0)) {
            struct buf b;

            buf_init(&b, 0);
            node_write_json(out, &b, NODE_SORTED);
            if (!OK(node_equal(out, want)))
                printf("# %zu: %.*s\n", i, STR_ARG(buf_str(&b)));
            buf_deinit(&b);
        }
        arena_deinit(&a);
    }
}

static void the_target_stays_as_it_is(void)
{
    struct node *target, *patch, *before, *out;
    struct arena a;

    arena_init(&a, 0);
    node_yaml_read_one(&a, STR("{spec: {ports: [{port: 80}]}}"), NULL, NULL, &target);
    node_yaml_read_one(&a, STR("{spec: {ports: [{port: 80, name: x}]}}"), NULL, NULL, &patch);
    before = node_copy(&a, target);
    EQ_INT(node_strategic(&a, target, patch, NULL, &out, NULL), 0);
    OK(node_equal(target, before));
    OK(node_equal(out, patch)); /* without rows the list is one value */
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "merges_as_kubernetes_does", merges_as_kubernetes_does },
    { "the_target_stays_as_it_is", the_target_stays_as_it_is },
};

TAP_MAIN(cases)
