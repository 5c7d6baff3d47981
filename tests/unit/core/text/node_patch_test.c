#include "core/text/node_patch.h"

#include "core/base/error.h"
#include "core/text/node_json.h"
#include "tests/tap.h"

static struct node *read(struct arena *a, const char *json)
{
    struct node *n = NULL;

    if (!EQ_INT(node_json_read(a, str_of(json), NULL, NULL, &n), 0))
        NOTE("%s", json);
    return n;
}

struct row {
    const char *target, *patch, *want;
    int rc;
    const char *why;
};

typedef int patch_fn(struct arena *a, const struct node *target, const struct node *patch,
                     struct node **out, struct str *why);

static void check(const struct row *rows, size_t n, patch_fn *fn)
{
    for (size_t i = 0; i < n; i++) {
        struct node *target, *out = NULL;
        struct str why = STR("");
        struct arena a;

        NOTE("%s on %s", rows[i].patch, rows[i].target);
        arena_init(&a, 0);
        target = read(&a, rows[i].target);
        EQ_INT(fn(&a, target, read(&a, rows[i].patch), &out, &why), rows[i].rc);
        if (rows[i].rc) {
            OK(out == NULL);
            EQ_STRN(why.p, why.len, rows[i].why);
        } else {
            OK(node_equal(out, read(&a, rows[i].want)));
        }
        OK(node_equal(target, read(&a, rows[i].target))); /* never touched */
        arena_deinit(&a);
    }
}

/* The examples of RFC 7386, appendix A. */
static const struct row merges[] = {
    { "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}", 0, NULL },
    { "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}", 0, NULL },
    { "{\"a\":\"b\"}", "{\"a\":null}", "{}", 0, NULL },
    { "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}", 0, NULL },
    { "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}", 0, NULL },
    { "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}", 0, NULL },
    { "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}", 0,
      NULL },
    { "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}", 0, NULL },
    { "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]", 0, NULL },
    { "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]", 0, NULL },
    { "{\"a\":\"foo\"}", "null", "null", 0, NULL },
    { "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"", 0, NULL },
    { "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}", 0, NULL },
    { "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}", 0, NULL },
    { "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}", 0, NULL },
};

static void merge_patches_do_what_the_rfc_says(void)
{
    check(merges, sizeof(merges) / sizeof(merges[0]), node_patch_merge);
}

static const struct row operations[] = {
    { "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
      "{\"baz\":\"qux\",\"foo\":\"bar\"}", 0, NULL },
    { "{\"foo\":[1,3]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":2}]", "{\"foo\":[1,2,3]}",
      0, NULL },
    { "{\"foo\":[1]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":2}]", "{\"foo\":[1,2]}", 0,
      NULL },
    { "{\"foo\":[1]}", "[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[2]}]", "{\"foo\":[1,[2]]}",
      0, NULL },
    { "{\"foo\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":[]}]", "[]", 0, NULL },
    { "{\"a/b\":1,\"m~n\":2}",
      "[{\"op\":\"remove\",\"path\":\"/a~1b\"},{\"op\":\"replace\",\"path\":\"/"
      "m~0n\",\"value\":3}]",
      "{\"m~n\":3}", 0, NULL },
    { "{\"\":1}", "[{\"op\":\"remove\",\"path\":\"/\"}]", "{}", 0, NULL },
    { "{\"foo\":[1,2,3]}", "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]", "{\"foo\":[1,3]}", 0,
      NULL },
    { "{\"a\":{\"b\":1},\"c\":{}}", "[{\"op\":\"move\",\"from\":\"/a/b\",\"path\":\"/c/d\"}]",
      "{\"a\":{},\"c\":{\"d\":1}}", 0, NULL },
    { "[1,2,3]", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/2\"}]", "[2,3,1]", 0, NULL },
    { "{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a\"}]", "{\"a\":1}", 0, NULL },
    { "{\"a\":{\"b\":1}}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/c\"}]",
      "{\"a\":{\"b\":1,\"c\":{\"b\":1}}}", 0, NULL },
    { "{\"a\":[1,{\"x\":2}]}",
      "[{\"op\":\"test\",\"path\":\"/a\",\"value\":[1.0,{\"x\":2}]},"
      "{\"op\":\"test\",\"path\":\"/a/1/x\",\"value\":2}]",
      "{\"a\":[1,{\"x\":2}]}", 0, NULL },
    { "{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":\"1\"}]", NULL, ERR_CONFLICT,
      "operation 0 (test /a): the value is another one" },
    { "{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/b\",\"value\":1}]", NULL, ERR_CONFLICT,
      "operation 0 (test /b): no such member" },
    { "{\"a\":1}",
      "[{\"op\":\"add\",\"path\":\"/x\",\"value\":1},{\"op\":\"remove\",\"path\":\"/b\"}]", NULL,
      ERR_NOT_FOUND, "operation 1 (remove /b): no such member" },
    { "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/b\",\"value\":1}]", NULL, ERR_NOT_FOUND,
      "operation 0 (replace /b): no such member" },
    { "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b/c\",\"value\":1}]", NULL, ERR_NOT_FOUND,
      "operation 0 (add /b/c): its parent does not exist" },
    { "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/a/c\",\"value\":1}]", NULL, ERR_NOT_FOUND,
      "operation 0 (add /a/c): its parent is neither a map nor a list" },
    { "[1]", "[{\"op\":\"add\",\"path\":\"/2\",\"value\":1}]", NULL, ERR_INVALID,
      "operation 0 (add /2): no such index" },
    { "[1]", "[{\"op\":\"add\",\"path\":\"/01\",\"value\":1}]", NULL, ERR_INVALID,
      "operation 0 (add /01): no such index" },
    { "{}", "[{\"op\":\"add\",\"path\":\"a\",\"value\":1}]", NULL, ERR_INVALID,
      "operation 0 (add a): a path must be empty or start with '/'" },
    { "{}", "[{\"op\":\"add\",\"path\":\"/a~2\",\"value\":1}]", NULL, ERR_INVALID,
      "operation 0 (add /a~2): a malformed path" },
    { "{}", "[{\"op\":\"add\",\"path\":\"/a\"}]", NULL, ERR_INVALID,
      "operation 0 (add /a): \"value\" is missing" },
    { "{}", "[{\"op\":\"add\",\"value\":1}]", NULL, ERR_INVALID,
      "operation 0 (add ): \"path\" is missing" },
    { "{}", "[{\"op\":\"frob\",\"path\":\"\"}]", NULL, ERR_INVALID,
      "operation 0 (frob ): \"op\" must be add, remove, replace, move, copy or test" },
    { "{\"a\":{}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b\"}]", NULL, ERR_INVALID,
      "operation 0 (move /a/b): a value cannot move into itself" },
    { "{}", "[{\"op\":\"copy\",\"from\":\"/x\",\"path\":\"/a\"}]", NULL, ERR_NOT_FOUND,
      "operation 0 (copy /a): \"from\" leads nowhere" },
    { "{}", "[5]", NULL, ERR_INVALID, "operation 0 ( ): an operation must be a map" },
    { "{}", "{}", NULL, ERR_INVALID, "a JSON patch must be a list of operations" },
};

static void json_patches_do_what_the_rfc_says(void)
{
    check(operations, sizeof(operations) / sizeof(operations[0]), node_patch_json);
}

static void copies_of_copies_are_limited(void)
{
    struct node *out = NULL;
    struct arena a;
    struct str why;
    struct buf b;

    arena_init(&a, 0);
    buf_init(&b, 0);
    buf_add_char(&b, '[');
    for (int i = 0; i < 40; i++)
        buf_printf(&b, "%s{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/-\"}", i ? "," : "");
    buf_add(&b, "]", 2); /* terminated */
    EQ_INT(node_patch_json(&a, read(&a, "{\"a\":[1]}"), read(&a, buf_str(&b).p), &out, &why),
           ERR_LIMIT);
    HAS_STR(why.p, "too deep or too large");
    OK(out == NULL);
    buf_deinit(&b);
    arena_deinit(&a);
}

static void pointers_lead_to_values(void)
{
    struct arena a;
    struct node *n;

    arena_init(&a, 0);
    n = read(&a, "{\"a\":[{\"b~/\":1}]}");
    OK(node_patch_find(n, STR("")) == n);
    OK(str_eq(node_patch_find(n, STR("/a/0/b~0~1"))->text, STR("1")));
    OK(!node_patch_find(n, STR("/a/-")));
    OK(!node_patch_find(n, STR("/a/00")));
    OK(!node_patch_find(n, STR("a")));
    OK(!node_patch_find(n, STR("/a/0/b~")));
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "merge_patches_do_what_the_rfc_says", merge_patches_do_what_the_rfc_says },
    { "json_patches_do_what_the_rfc_says", json_patches_do_what_the_rfc_says },
    { "copies_of_copies_are_limited", copies_of_copies_are_limited },
    { "pointers_lead_to_values", pointers_lead_to_values },
};

TAP_MAIN(cases)
