#include "core/text/node_json.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "tests/tap.h"

static void values_keep_text_and_place(void)
{
    static const char text[] = "{\"a\": [1, -2.50e1,\n \"x\\u00e9\\n\\ud83d\\ude00\"],\n"
                               "  \"\xc3\xa9\": {\"b\": null}, \"t\": true}";
    struct node *n = NULL, *x;
    struct arena a;

    arena_init(&a, 0);
    if (!EQ_INT(node_json_read(&a, str_of(text), "f.json", NULL, &n), 0)) {
        arena_deinit(&a);
        return;
    }
    EQ_INT(n->kind, NODE_MAP);
    EQ_INT(n->count, 3);
    x = node_path(n, "a[1]");
    EQ_INT(x->kind, NODE_FLOAT);
    EQ_STRN(x->text.p, x->text.len, "-2.50e1");
    EQ_INT(x->line, 1);
    EQ_INT(x->col, 11);
    EQ_INT(x->end_col, 18);
    x = node_path(n, "a[2]");
    EQ_STRN(x->text.p, x->text.len, "x\xc3\xa9\n\xf0\x9f\x98\x80");
    EQ_INT(x->line, 2);
    EQ_INT(x->col, 2);
    x = node_getz(n, "\xc3\xa9");
    EQ_INT(x->key_line, 3);
    EQ_INT(x->key_col, 3);
    EQ_INT(x->key_end_col, 6); /* characters, not bytes */
    EQ_INT(x->col, 8);
    EQ_STR(x->file, "f.json");
    EQ_INT(node_path(n, "\xc3\xa9.b")->kind, NODE_NULL);
    OK(node_is_true(node_getz(n, "t")));
    arena_deinit(&a);
}

static const struct {
    const char *text;
    int line, col;
    const char *message;
} mistakes[] = {
    { "", 1, 1, "the text is empty" },
    { "  ", 1, 3, "the text ends where a value should stand" },
    { "{\"a\": 1,\n \"a\": 2}", 2, 2, "\"a\" is written twice in one map" },
    { "{a: 1}", 1, 2, "expected a member's name in double quotes" },
    { "{\"a\" 1}", 1, 6, "expected ':' behind a member's name" },
    { "{\"a\": 1", 1, 8, "the text ends inside a list or map" },
    { "{\"a\": 1,}", 1, 9, "expected a member's name in double quotes" },
    { "[1,]", 1, 4, "not a JSON value" },
    { "[1 2]", 1, 4, "expected ',' or ']'" },
    { "{\"a\":1 \"b\":2}", 1, 8, "expected ',' or '}'" },
    { "[\n  nul]", 2, 3, "not a JSON value" },
    { "1 2", 1, 3, "something follows behind the value" },
    { "truex", 1, 5, "something follows behind the value" },
    { "01", 1, 1, "a number may not start with 0" },
    { "-", 1, 1, "not a JSON value" },
    { "1.", 1, 1, "a number needs digits behind its point" },
    { "1e+", 1, 1, "a number needs digits in its exponent" },
    { "+1", 1, 1, "not a JSON value" },
    { ".5", 1, 1, "not a JSON value" },
    { "NaN", 1, 1, "not a JSON value" },
    { "\"a", 1, 3, "the text ends inside a string" },
    { "\"a\\", 1, 4, "the text ends inside a string" },
    { "\"\\x\"", 1, 3, "no such escape in a string" },
    { "\"\\u12g4\"", 1, 4, "\\u needs four hexadecimal digits" },
    { "\"\\ud800\"", 1, 8, "half of a surrogate pair" },
    { "\"\\ud800\\u0041\"", 1, 14, "half of a surrogate pair" },
    { "\"\\udc00\"", 1, 8, "half of a surrogate pair" },
    { "\"a\tb\"", 1, 3, "a control character inside a string; write it as \\n or \\u00XX" },
    { "\"\xff\"", 1, 1, "the text is not UTF-8" },
    { "\xef\xbb\xbf{}", 1, 1, "not a JSON value" },
};

static void mistakes_are_placed(void)
{
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct node *n = NULL;
        struct arena a;
        struct diag d;

        NOTE("%s", mistakes[i].text);
        arena_init(&a, 0);
        diag_init(&d);
        EQ_INT(node_json_read(&a, str_of(mistakes[i].text), "f", &d, &n), ERR_INVALID);
        OK(n == NULL);
        if (OK(d.first)) {
            EQ_STRN(d.first->message.p, d.first->message.len, mistakes[i].message);
            EQ_INT(d.first->pos.line, mistakes[i].line);
            EQ_INT(d.first->pos.col, mistakes[i].col);
            EQ_UINT(d.count[DIAG_ERROR], 1);
        }
        diag_deinit(&d);
        arena_deinit(&a);
    }
}

static void depth_has_a_limit(void)
{
    char text[2 * NODE_MAX_DEPTH + 4];
    struct node *n;
    struct arena a;

    arena_init(&a, 0);
    memset(text, '[', NODE_MAX_DEPTH + 1);
    memset(text + NODE_MAX_DEPTH + 1, ']', NODE_MAX_DEPTH + 1);
    EQ_INT(node_json_read(&a, str_make(text, 2 * NODE_MAX_DEPTH + 2), NULL, NULL, &n), ERR_LIMIT);
    EQ_INT(node_json_read(&a, str_make(text + 1, 2 * NODE_MAX_DEPTH), NULL, NULL, &n), 0);
    arena_deinit(&a);
}

static void size_has_a_limit(void)
{
    size_t len = NODE_MAX_BYTES + 1;
    char *text = mem_alloc(len);
    struct node *n;
    struct arena a;

    arena_init(&a, 0);
    memset(text, ' ', len);
    EQ_INT(node_json_read(&a, str_make(text, len), NULL, NULL, &n), ERR_LIMIT);
    mem_free(text);
    arena_deinit(&a);
}

static void many_keys_are_checked_too(void)
{
    struct arena a;
    struct node *n;
    struct buf b;

    arena_init(&a, 0);
    buf_init(&b, 0);
    buf_add_char(&b, '{');
    for (int i = 0; i < 5000; i++)
        buf_printf(&b, "\"k%d\": %d,", i, i);
    buf_add_str(&b, STR("\"last\": 1}"));
    EQ_INT(node_json_read(&a, buf_str(&b), NULL, NULL, &n), 0);
    EQ_INT(n->count, 5001);
    buf_consume(&b, 0);
    b.end--; /* reopen */
    buf_add_str(&b, STR(",\"k17\": 1}"));
    EQ_INT(node_json_read(&a, buf_str(&b), NULL, NULL, &n), ERR_INVALID);
    buf_deinit(&b);
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "values_keep_text_and_place", values_keep_text_and_place },
    { "mistakes_are_placed", mistakes_are_placed },
    { "depth_has_a_limit", depth_has_a_limit },
    { "size_has_a_limit", size_has_a_limit },
    { "many_keys_are_checked_too", many_keys_are_checked_too },
};

TAP_MAIN(cases)
