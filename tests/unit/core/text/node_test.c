#include "core/text/node.h"

#include "core/base/error.h"
#include "core/text/node_yaml.h"
#include "tests/tap.h"

static struct node *read(struct arena *a, const char *yaml)
{
    struct node *n = NULL;

    EQ_INT(node_yaml_read_one(a, str_of(yaml), NULL, NULL, &n), 0);
    return n;
}

static bool writes(const struct node *n, unsigned flags, const char *want)
{
    struct buf b;
    bool same;

    buf_init(&b, 0);
    node_write_json(n, &b, flags);
    same = EQ_STRN(buf_str(&b).p, buf_len(&b), want);
    buf_deinit(&b);
    return same;
}

static void paths_lead_to_values(void)
{
    struct arena a;
    struct node *n;

    arena_init(&a, 0);
    n = read(&a, "spec: {http: [{name: a}, {name: b, 'x.y/z': [1, 2]}]}");
    OK(str_eq(node_get_str(node_path(n, "spec.http[1]"), "name"), STR("b")));
    OK(str_eq(node_path(n, "spec.http[1]['x.y/z'][1]")->text, STR("2")));
    OK(str_eq(node_path(n, "spec.http[1][\"x.y/z\"][0]")->text, STR("1")));
    OK(!node_path(n, "spec.http[2]"));
    OK(!node_path(n, "spec.http[x]"));
    OK(!node_path(n, "spec.http["));
    OK(!node_path(n, "spec.http['x"));
    OK(!node_path(n, "spec.none.x"));
    OK(!node_path(n, "spec.http.name"));
    OK(!node_path(n, ""));
    OK(!node_path(NULL, "a"));
    OK(!node_get(NULL, STR("a")));
    OK(!node_item(n, 0));
    arena_deinit(&a);
}

static void trees_are_changed_in_place(void)
{
    struct node *n, *list;
    struct arena a;

    arena_init(&a, 0);
    n = node_new(&a, NODE_MAP);
    node_set_str(&a, n, "a", STR("1"));
    node_set(n, STR("b"), node_new_int(&a, -2));
    node_set(n, STR("c"), list = node_new(&a, NODE_LIST));
    node_add(list, node_new_bool(&a, true));
    node_insert(list, list->first, node_new_uint(&a, UINT64_MAX));
    node_set(n, STR("a"), node_new(&a, NODE_NULL)); /* keeps its place */
    writes(n, 0, "{\"a\":null,\"b\":-2,\"c\":[18446744073709551615,true]}");
    EQ_UINT(node_count(n), 6);
    OK(node_unset(n, STR("b")));
    OK(!node_unset(n, STR("b")));
    node_remove(list, list->last);
    node_remove(list, list->first);
    writes(n, 0, "{\"a\":null,\"c\":[]}");
    OK(list->first == NULL && list->last == NULL && list->count == 0);
    node_set_text(&a, node_add_new(&a, list, NODE_MAP), "d", STR("e"));
    node_set_text(&a, node_set_new(&a, n, "a", NODE_MAP), "f", STR(""));
    writes(n, 0, "{\"a\":{},\"c\":[{\"d\":\"e\"}]}");
    arena_deinit(&a);
}

static void numbers_are_understood(void)
{
    static const struct {
        enum node_kind kind;
        const char *text;
        bool ok;
        int64_t value;
    } rows[] = {
        { NODE_INT, "9223372036854775807", true, INT64_MAX },
        { NODE_INT, "9223372036854775808", false, 0 },
        { NODE_FLOAT, "1e3", true, 1000 },
        { NODE_FLOAT, "5.0", true, 5 },
        { NODE_FLOAT, "5.5", false, 0 },
        { NODE_FLOAT, "1e300", false, 0 },
        { NODE_STRING, "5", false, 0 },
    };
    double d;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct node n = { .kind = rows[i].kind, .text = str_of(rows[i].text) };
        int64_t v = 0;

        EQ_INT(node_to_int(&n, &v), rows[i].ok);
        if (rows[i].ok)
            EQ_INT(v, rows[i].value);
    }
    OK(!node_to_double(&(struct node){ .kind = NODE_FLOAT, .text = STR("1e999") }, &d));
    OK(!node_to_int(NULL, &(int64_t){ 0 }));
}

static void doubles_are_written_short(void)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        { 0.1, "0.1" },          { 1.0, "1" },        { 1.0 / 3, "0.3333333333333333" },
        { -2.5e-7, "-2.5e-07" }, { 1e300, "1e+300" },
    };
    struct arena a;

    arena_init(&a, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        writes(node_new_double(&a, rows[i].value), 0, rows[i].text);
    writes(node_new_double(&a, (double)__builtin_inf()), 0, "\"Infinity\"");
    writes(node_new_double(&a, (double)__builtin_nan("")), 0, "\"NaN\"");
    arena_deinit(&a);
}

static void equality_is_by_value(void)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {
        { "{a: 1, b: [x]}", "{b: [x], a: 1}", true },
        { "{a: 1}", "{a: 1, b: 2}", false },
        { "{a: 1}", "{b: 1}", false },
        { "[1, 2]", "[2, 1]", false },
        { "1", "1.0", true },
        { "10", "1e1", true },
        { "1", "'1'", false },
        { "true", "false", false },
        { "9007199254740993", "9007199254740992", false },
        { "{a: 1,b: 2,c: 3,d: 4,e: 5,f: 6,g: 7,h: 8,i: 9,j: 10,k: 11,l: 12,m: 13,n: 14,o: 15,"
          "p: 16,q: 17}",
          "{q: 17,a: 1,b: 2,c: 3,d: 4,e: 5,f: 6,g: 7,h: 8,i: 9,j: 10,k: 11,l: 12,m: 13,n: 14,"
          "o: 15,p: 16}",
          true },
        { "{a: 1,b: 2,c: 3,d: 4,e: 5,f: 6,g: 7,h: 8,i: 9,j: 10,k: 11,l: 12,m: 13,n: 14,o: 15,"
          "p: 16,q: 17}",
          "{a: 1,b: 2,c: 3,d: 4,e: 5,f: 6,g: 7,h: 8,i: 9,j: 10,k: 11,l: 12,m: 13,n: 14,o: 15,"
          "p: 16,r: 17}",
          false },
    };
    struct arena a;

    arena_init(&a, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!EQ_INT(node_equal(read(&a, rows[i].a), read(&a, rows[i].b)), rows[i].equal))
            NOTE("%s and %s", rows[i].a, rows[i].b);
    }
    arena_deinit(&a);
}

static void copies_stand_alone(void)
{
    struct arena a, b;
    struct node *copy;

    arena_init(&a, 0);
    arena_init(&b, 0);
    copy = node_copy(&b, read(&a, "{a: [1, {b: c}], d: x}"));
    arena_deinit(&a);
    writes(copy, 0, "{\"a\":[1,{\"b\":\"c\"}],\"d\":\"x\"}");
    arena_deinit(&b);
}

static const struct tap_case cases[] = {
    { "paths_lead_to_values", paths_lead_to_values },
    { "trees_are_changed_in_place", trees_are_changed_in_place },
    { "numbers_are_understood", numbers_are_understood },
    { "doubles_are_written_short", doubles_are_written_short },
    { "equality_is_by_value", equality_is_by_value },
    { "copies_stand_alone", copies_stand_alone },
};

TAP_MAIN(cases)
