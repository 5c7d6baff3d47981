#include "core/base/error.h"
#include "core/text/node_json.h"
#include "core/text/node_yaml.h"
#include "tests/tap.h"

static struct node *read(struct arena *a, const char *json)
{
    struct node *n = NULL;

    EQ_INT(node_json_read(a, str_of(json), NULL, NULL, &n), 0);
    return n;
}

static const char document[] =
    "{\"b\":{\"z\":[1,{\"k\":\"v\",\"l\":[[],{}]}],\"y\":{}},\"a\":\"x\\\"\\n\"}";

static void json_has_three_forms(void)
{
    static const struct {
        unsigned flags;
        const char *want;
    } rows[] = {
        { 0, document },
        { NODE_SORTED,
          "{\"a\":\"x\\\"\\n\",\"b\":{\"y\":{},\"z\":[1,{\"k\":\"v\",\"l\":[[],{}]}]}}" },
        { NODE_PRETTY, "{\n  \"b\": {\n    \"z\": [\n      1,\n      {\n        \"k\": \"v\",\n"
                       "        \"l\": [\n          [],\n          {}\n        ]\n      }\n    ],\n"
                       "    \"y\": {}\n  },\n  \"a\": \"x\\\"\\n\"\n}" },
    };
    struct arena a;

    arena_init(&a, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf b;

        buf_init(&b, 0);
        EQ_INT(node_write_json(read(&a, document), &b, rows[i].flags), 0);
        EQ_STRN(buf_str(&b).p, buf_len(&b), rows[i].want);
        buf_deinit(&b);
    }
    arena_deinit(&a);
}

static const struct {
    const char *json, *yaml;
} yaml_rows[] = {
    { "{\"a\":{\"b\":[1,\"x\"],\"c\":{}},\"d\":[]}", "a:\n  b:\n  - 1\n  - x\n  c: {}\nd: []\n" },
    { "[{\"a\":1,\"b\":{\"c\":2}},[3,[4]]]", "- a: 1\n  b:\n    c: 2\n- - 3\n  - - 4\n" },
    { "{\"a\":\"l1\\nl2\"}", "a: |-\n  l1\n  l2\n" },
    { "{\"a\":\"l1\\n\\nl2\\n\"}", "a: |\n  l1\n\n  l2\n" },
    { "{\"a\":\"l1\\n\\n\"}", "a: |+\n  l1\n\n" },
    { "{\"a\":\" l1\\nl2\"}", "a: \" l1\\nl2\"\n" },
    { "[\"\",\"true\",\"1\",\"*\",\"a: b\",\"a #b\",\"it's\",\"-\",\"- x\",\"-x\",\"x:\",\" "
      "x\",\"a\\tb\"]",
      "- \"\"\n- \"true\"\n- \"1\"\n- '*'\n- 'a: b'\n- 'a #b'\n- it's\n- '-'\n- '- x'\n- -x\n- "
      "'x:'\n"
      "- ' x'\n- \"a\\tb\"\n" },
    { "{\"8080\":null,\"x y\":true,\"'q\":1.50}", "\"8080\": null\nx y: true\n'''q': 1.50\n" },
    { "\"x\"", "x\n" },
    { "{}", "{}\n" },
    { "null", "null\n" },
};

static void yaml_is_as_kubectl_writes_it(void)
{
    for (size_t i = 0; i < sizeof(yaml_rows) / sizeof(yaml_rows[0]); i++) {
        struct node *n, *back = NULL;
        struct arena a;
        struct buf b;

        arena_init(&a, 0);
        buf_init(&b, 0);
        n = read(&a, yaml_rows[i].json);
        EQ_INT(node_write_yaml(n, &b, 0), 0);
        EQ_STRN(buf_str(&b).p, buf_len(&b), yaml_rows[i].yaml);
        EQ_INT(node_yaml_read_one(&a, buf_str(&b), NULL, NULL, &back), 0);
        OK(back && node_equal(n, back)); /* and it reads back as what it was */
        buf_deinit(&b);
        arena_deinit(&a);
    }
}

static void any_string_survives_yaml(void)
{
    static const char *const strings[] = {
        "\xc2\x85x",
        "\xe2\x80\xa8",
        "\xef\xbb\xbf",
        "a\r\nb",
        "\x7f",
        "---",
        "...",
        "<<",
        "=",
        "%a",
        "`x`",
        "!x",
        "&a",
        "?",
        "? x",
        "[a",
        "a]",
        "{a",
        "#a",
        "a#",
        "@",
        "\"q\"",
        "x: ",
        "0x1F",
        "1_0",
        "~",
        "\n",
        "\n\n",
        "a\n ",
        "trailing \nspace",
        "  ",
        "null",
        "No",
        "y",
        "2001-01-01",
        "key: [",
        "\\",
        "'",
        "''",
        "a'b",
        ",",
        "a,b",
        ":a",
        "a:b",
        "::",
        "-1",
        "+1",
        "1e5",
        ".5",
    };

    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        struct node *map, *back = NULL;
        struct arena a;
        struct buf b;

        arena_init(&a, 0);
        buf_init(&b, 0);
        map = node_new(&a, NODE_MAP);
        node_set_str(&a, map, strings[i], str_of(strings[i]));
        node_write_yaml(map, &b, 0);
        if (!EQ_INT(node_yaml_read_one(&a, buf_str(&b), NULL, NULL, &back), 0) ||
            !OK(node_equal(map, back)))
            NOTE("%.*s", STR_ARG(buf_str(&b)));
        buf_deinit(&b);
        arena_deinit(&a);
    }
}

static void long_keys_are_found_again(void)
{
    char key[5000];
    struct node *map, *back = NULL;
    struct arena a;
    struct buf b;

    arena_init(&a, 0);
    buf_init(&b, 0);
    memset(key, 'k', sizeof(key));
    map = node_new(&a, NODE_MAP);
    node_set(map, str_make(key, sizeof(key)), node_new(&a, NODE_MAP));
    node_set_str(&a, map->first, "in", STR("x"));
    node_write_yaml(map, &b, 0);
    EQ_INT(node_yaml_read_one(&a, buf_str(&b), NULL, NULL, &back), 0);
    OK(back && node_equal(map, back));
    buf_deinit(&b);
    arena_deinit(&a);
}

static void a_full_buffer_is_an_error(void)
{
    struct arena a;
    struct buf b;

    arena_init(&a, 0);
    buf_init(&b, 10);
    EQ_INT(node_write_json(read(&a, document), &b, 0), ERR_LIMIT);
    buf_deinit(&b);
    buf_init(&b, 10);
    EQ_INT(node_write_yaml(read(&a, document), &b, 0), ERR_LIMIT);
    buf_deinit(&b);
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "json_has_three_forms", json_has_three_forms },
    { "yaml_is_as_kubectl_writes_it", yaml_is_as_kubectl_writes_it },
    { "any_string_survives_yaml", any_string_survives_yaml },
    { "long_keys_are_found_again", long_keys_are_found_again },
    { "a_full_buffer_is_an_error", a_full_buffer_is_an_error },
};

TAP_MAIN(cases)
