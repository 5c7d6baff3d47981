#include "core/text/field_walk.h"

#include "core/text/field_decode.h"
#include "core/text/node_yaml.h"
#include "tests/tap.h"
#include "tests/unit/support/field_sample.h"

static bool list(const struct field_visit *v, void *arg)
{
    buf_printf(arg, "%.*s:%d ", STR_ARG(v->path), v->at.line);
    return strcmp(v->field->name, "mirror") != 0;
}

static void walk(const char *yaml, bool unenforced, const char *want)
{
    struct field_sample obj;
    struct node *n = NULL;
    struct arena a;
    struct diag d;
    struct buf b;

    arena_init(&a, 0);
    diag_init(&d);
    buf_init(&b, 0);
    node_yaml_read_one(&a, str_of(yaml), NULL, &d, &n);
    field_decode(&field_sample_message, n, &(struct field_scope){ .arena = &a, .diag = &d }, &obj);
    if (unenforced)
        field_walk_unenforced(&field_sample_message, &obj, STR(""), list, &b);
    else
        field_walk(&field_sample_message, &obj, STR(""), list, &b);
    EQ_STRN(buf_str(&b).p ? buf_str(&b).p : "", buf_len(&b), want);
    buf_deinit(&b);
    diag_deinit(&d);
    arena_deinit(&a);
}

static const char yaml[] = "kind: Sample\n"
                           "spec:\n"
                           "  hosts: [a]\n"
                           "  http:\n"
                           "  - name: x\n"
                           "    headers: {a/b: {exact: c}}\n"
                           "  - mirror: {host: m}\n"
                           "    timeout: 1s\n";

static void set_fields_are_visited_with_place(void)
{
    walk(yaml, false,
         "kind:0 spec:0 spec.hosts:0 spec.http:0 spec.http[0].name:5 spec.http[0].headers:5 "
         "spec.http[0].headers['a/b'].exact:5 spec.http[1].timeout:7 spec.http[1].mirror:7 ");
}

static void unenforced_fields_are_found(void)
{
    walk(yaml, true, "spec.http[1].mirror:7 ");
    walk("spec: {hosts: [a]}", true, "");
}

static bool list_rows(const struct field_visit *v, void *arg)
{
    buf_printf(arg, "%.*s ", STR_ARG(v->path));
    return true;
}

static void rows_are_visited_once_where_they_recur(void)
{
    struct buf b;

    buf_init(&b, 0);
    field_walk_rows(&field_sample_route_message, STR("http[]"), list_rows, &b);
    EQ_STRN(buf_str(&b).p, buf_len(&b),
            "http[].name http[].route http[].route[].host http[].route[].subset "
            "http[].route[].weight http[].route[].portNumber http[].timeout http[].headers "
            "http[].headers.*.exact http[].headers.*.prefix http[].headers.*.not http[].mirror "
            "http[].mirror.host http[].mirror.subset http[].mirror.weight "
            "http[].mirror.portNumber ");
    buf_deinit(&b);
}

static const struct tap_case cases[] = {
    { "set_fields_are_visited_with_place", set_fields_are_visited_with_place },
    { "unenforced_fields_are_found", unenforced_fields_are_found },
    { "rows_are_visited_once_where_they_recur", rows_are_visited_once_where_they_recur },
};

TAP_MAIN(cases)
