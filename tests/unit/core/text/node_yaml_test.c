#include "core/text/node_yaml.h"

#include "core/base/error.h"
#include "tests/tap.h"

static struct str to_json(struct arena *a, const struct node *n)
{
    struct buf b;
    struct str s;

    buf_init(&b, 0);
    node_write_json(n, &b, 0);
    s = arena_str(a, buf_str(&b));
    buf_deinit(&b);
    return s;
}

/* YAML and what it means as JSON. */
static const struct {
    const char *yaml, *json;
} meanings[] = {
    { "a: 1", "{\"a\":1}" },
    { "a:", "{\"a\":null}" },
    { "[~, null, Null, NULL, nUll]", "[null,null,null,null,\"nUll\"]" },
    { "[true, True, TRUE, yes, Yes, on, ON]", "[true,true,true,true,true,true,true]" },
    { "[false, no, No, off, Off, y, n, tRue]",
      "[false,false,false,false,false,\"y\",\"n\",\"tRue\"]" },
    { "['true', \"1\", !!str 2, ! 3]", "[\"true\",\"1\",\"2\",\"3\"]" },
    { "[12, -3, +4, 0, -0, 1_000]", "[12,-3,4,0,-0,1000]" },
    { "[0x1F, 0o17, 017, 0b11, -0x10, 08]", "[31,15,15,3,-16,8]" },
    { "[18446744073709551616, 0xFFFFFFFFFFFFFFFFF]",
      "[18446744073709551616,\"0xFFFFFFFFFFFFFFFFF\"]" },
    { "[1.5, .5, 5., +1.50, 1e3, 1.E+2, 00.5]", "[1.5,0.5,5.0,1.50,1e3,1.0E+2,0.5]" },
    { "[.inf, .nan, 1.2.3, 1:30, 2024-01-01, 1e, 0x, -, --1]",
      "[\".inf\",\".nan\",\"1.2.3\",\"1:30\",\"2024-01-01\",\"1e\",\"0x\",\"-\",\"--1\"]" },
    { "{8080: a, true: b, on: c}", "{\"8080\":\"a\",\"true\":\"b\",\"on\":\"c\"}" },
    { "a: |\n  x\n  y\nb: >-\n  p\n  q\n", "{\"a\":\"x\\ny\\n\",\"b\":\"p q\"}" },
    { "x: &v {a: 1}\ny: *v\nz: [*v]", "{\"x\":{\"a\":1},\"y\":{\"a\":1},\"z\":[{\"a\":1}]}" },
    { "d: &d {a: 1, b: 2}\ne:\n  <<: *d\n  a: 9",
      "{\"d\":{\"a\":1,\"b\":2},\"e\":{\"a\":9,\"b\":2}}" },
    { "e:\n  <<: [{a: 1}, {a: 2, b: 3}]", "{\"e\":{\"a\":1,\"b\":3}}" },
    { "'<<': 1", "{\"<<\":1}" },
    { "&k key: 1\nother: *k", "{\"key\":1,\"other\":\"key\"}" },
    { "!!map {a: !!seq [!!int 1, !!float 2, !!bool true, !!null ~]}", "{\"a\":[1,2,true,null]}" },
    { "{\"a\": \"\\ud83d\\ude00\\/\"}", "{\"a\":\"\xf0\x9f\x98\x80/\"}" },
    { "# only a comment", "null" },
};

static void plain_text_means_what_kubectl_says(void)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        struct node *n = NULL;
        struct arena a;
        struct str json;

        NOTE("%s", meanings[i].yaml);
        arena_init(&a, 0);
        if (EQ_INT(node_yaml_read_one(&a, str_of(meanings[i].yaml), NULL, NULL, &n), 0)) {
            json = to_json(&a, n);
            EQ_STRN(json.p, json.len, meanings[i].json);
        }
        arena_deinit(&a);
    }
}

static void values_keep_their_place(void)
{
    struct node *n = NULL, *x;
    struct arena a;

    arena_init(&a, 0);
    if (EQ_INT(
            node_yaml_read_one(&a, STR("---\nspec:\n  \xc3\xa9: [aa, 'b']\n"), "f.yaml", NULL, &n),
            0)) {
        x = node_path(n, "spec.\xc3\xa9");
        EQ_INT(x->key_line, 3);
        EQ_INT(x->key_col, 3);
        EQ_INT(x->key_end_col, 4);
        x = node_item(x, 1);
        EQ_INT(x->line, 3);
        EQ_INT(x->col, 11);
        EQ_INT(x->end_col, 14);
        OK(x->quoted);
        EQ_STR(x->file, "f.yaml");
    }
    arena_deinit(&a);
}

static const struct {
    const char *text;
    int line, col;
    const char *message;
} mistakes[] = {
    { "a: 1\nb: 2\na: 3", 3, 1, "\"a\" is written twice in one map" },
    { "a: 1\n b: 2", 2, 3,
      "':' starts a map where none may stand: is the indentation right, or a value unquoted?" },
    { "a:\n  - x\n y: 2", 3, 2, "expected a key here: is the indentation right?" },
    { "a:\n\tb: 1", 2, 1, "a character that cannot start a value here (a tab, '@' or '`'?)" },
    { "a: @x", 1, 4, "a character that cannot start a value here (a tab, '@' or '`'?)" },
    { "a: \"x", 1, 6, "the text ends inside quotes" },
    { "a: *none", 1, 4, "an alias without an anchor of that name before it" },
    { "a: &x [*x]", 1, 8, "an alias to what it stands in" },
    { "a: &x 1\n---\nb: *x", 3, 4, "an alias without an anchor of that name before it" },
    { "[a]: 1", 1, 1, "a key must be a string" },
    { "a: !mine x", 1, 4, "a tag (!) that means nothing here" },
    { "a: !!int x", 1, 4, "the value does not fit its tag" },
    { "a: !!binary aGk=", 1, 4, "a tag (!) that means nothing here" },
    { "a:\n  <<: 5", 2, 7, "'<<' takes a map or a list of maps" },
    { "a:\n  <<: [5]", 2, 7, "'<<' takes a map or a list of maps" },
    { "a: 1\nb: \x01", 2, 4, "control characters are not allowed" },
};

static void mistakes_are_placed(void)
{
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct node **docs;
        struct arena a;
        struct diag d;
        size_t count;

        NOTE("%s", mistakes[i].text);
        arena_init(&a, 0);
        diag_init(&d);
        EQ_INT(node_yaml_read(&a, str_of(mistakes[i].text), "f", &d, &docs, &count), ERR_INVALID);
        if (OK(d.first)) {
            EQ_STRN(d.first->message.p, d.first->message.len, mistakes[i].message);
            EQ_INT(d.first->pos.line, mistakes[i].line);
            EQ_INT(d.first->pos.col, mistakes[i].col);
        }
        diag_deinit(&d);
        arena_deinit(&a);
    }
}

static void documents_are_separate(void)
{
    struct node **docs;
    struct arena a;
    size_t count;

    arena_init(&a, 0);
    EQ_INT(node_yaml_read(&a, STR("---\n---\na: 1\n---\n# no\n---\n- b\n...\n"), NULL, NULL, &docs,
                          &count),
           0);
    if (EQ_UINT(count, 2)) {
        EQ_INT(docs[0]->kind, NODE_MAP);
        EQ_INT(docs[1]->kind, NODE_LIST);
        EQ_INT(docs[1]->line, 7);
    }
    EQ_INT(node_yaml_read(&a, STR("a: 1\n---\nb: ["), NULL, NULL, &docs, &count), ERR_INVALID);
    EQ_UINT(count, 1); /* those before the mistake are kept */
    EQ_INT(node_yaml_read_one(&a, STR("a: 1\n---\nb: 2"), NULL, NULL, &docs[0]), ERR_INVALID);
    arena_deinit(&a);
}

static void laughs_are_limited(void)
{
    struct node *n;
    struct arena a;
    struct diag d;
    struct buf b;

    arena_init(&a, 0);
    diag_init(&d);
    buf_init(&b, 0);
    buf_add_str(&b, STR("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"));
    for (int i = 1; i < 10; i++) {
        buf_printf(&b, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            buf_printf(&b, "%s*a%d", k ? "," : "", i - 1);
        buf_add_str(&b, STR("]\n"));
    }
    EQ_INT(node_yaml_read_one(&a, buf_str(&b), NULL, &d, &n), ERR_LIMIT);
    HAS_STR(d.first->message.p, "aliases expand");
    OK(a.used_bytes < 64u * 1024 * 1024);
    buf_deinit(&b);
    diag_deinit(&d);
    arena_deinit(&a);
}

static void depth_has_a_limit(void)
{
    char text[NODE_MAX_DEPTH + 1];
    struct node *n;
    struct arena a;
    struct buf b;

    arena_init(&a, 0);
    memset(text, '[', sizeof(text));
    EQ_INT(node_yaml_read_one(&a, str_make(text, sizeof(text)), NULL, NULL, &n), ERR_LIMIT);
    buf_init(&b, 0);
    for (int i = 0; i < NODE_MAX_DEPTH + 1; i++)
        buf_printf(&b, "%*sa:\n", i, "");
    EQ_INT(node_yaml_read_one(&a, buf_str(&b), NULL, NULL, &n), ERR_LIMIT);
    buf_deinit(&b);
    arena_deinit(&a);
}

static void doubtful_strings_need_quotes(void)
{
    static const char *const doubtful[] = { "",  "true", "no",  "y",          "null", "~",
                                            "1", "1.5",  "0x1", "2024-01-01", ".nan" };
    static const char *const sure[] = { "a", "yesterday", "v1", "1.2.3.4", "0xyz", "a-1" };

    for (size_t i = 0; i < sizeof(doubtful) / sizeof(doubtful[0]); i++)
        OK(node_yaml_needs_quotes(str_of(doubtful[i])));
    for (size_t i = 0; i < sizeof(sure) / sizeof(sure[0]); i++)
        OK(!node_yaml_needs_quotes(str_of(sure[i])));
}

static const struct tap_case cases[] = {
    { "plain_text_means_what_kubectl_says", plain_text_means_what_kubectl_says },
    { "values_keep_their_place", values_keep_their_place },
    { "mistakes_are_placed", mistakes_are_placed },
    { "documents_are_separate", documents_are_separate },
    { "laughs_are_limited", laughs_are_limited },
    { "depth_has_a_limit", depth_has_a_limit },
    { "doubtful_strings_need_quotes", doubtful_strings_need_quotes },
};

TAP_MAIN(cases)
