#include "core/api/api_selector.h"

#include "core/api/api_check.h"
#include "core/api/object.h"
#include "core/base/error.h"

/* A reader over the text:
 *
 *     selector = rule *("," rule)
 *     rule     = ["!"] key | key op value | key ("in" | "notin") "(" value *("," value) ")"
 *     op       = "=" | "==" | "!=" | ">" | "<" */
struct reader {
    struct str rest;
    struct arena *arena;
    struct str *why;
    struct api_selector_rule *rules;
    size_t count;
    bool fields;
};

static int fail(struct reader *r, const char *what, struct str word)
{
    *r->why = arena_printf(r->arena, "%s \"%.*s\"", what, STR_ARG(word));
    return ERR_INVALID;
}

static void skip_blanks(struct reader *r)
{
    while (r->rest.len > 0 && (r->rest.p[0] == ' ' || r->rest.p[0] == '\t'))
        r->rest = str_skip(r->rest, 1);
}

static bool take(struct reader *r, const char *token)
{
    skip_blanks(r);
    if (!str_starts(r->rest, str_of(token)))
        return false;
    r->rest = str_skip(r->rest, strlen(token));
    return true;
}

/* Up to one of the characters that mean something; may be empty. */
static struct str take_word(struct reader *r)
{
    size_t n = 0;
    struct str word;

    skip_blanks(r);
    while (n < r->rest.len && r->rest.p[n] != 0 && !strchr(" \t,=!<>()", r->rest.p[n]))
        n++;
    word = arena_str(r->arena, str_head(r->rest, n));
    r->rest = str_skip(r->rest, n);
    return word;
}

/* The value of a field may have blanks and more in it: it goes up to the comma. */
static struct str take_field_value(struct reader *r)
{
    ptrdiff_t comma = str_chr(r->rest, ',');
    size_t n = comma < 0 ? r->rest.len : (size_t)comma;
    struct str word = arena_str(r->arena, str_trim(str_head(r->rest, n)));

    r->rest = str_skip(r->rest, n);
    return word;
}

static int add_value(struct reader *r, struct api_selector_rule *rule, struct str value)
{
    size_t n = rule->values_count;

    if (!r->fields && !api_check_is_label_value(value))
        return fail(r, "not a label value:", value);
    if ((n & (n - 1)) == 0) /* 0 or a power of two: full */
        rule->values = arena_grow(r->arena, rule->values, n, n ? n * 2 : 1, sizeof(value));
    rule->values[rule->values_count++] = value;
    return 0;
}

static int read_set(struct reader *r, struct api_selector_rule *rule)
{
    int err;

    if (!take(r, "("))
        return fail(r, "a '(' is missing before", r->rest);
    do {
        err = add_value(r, rule, take_word(r));
        if (err)
            return err;
    } while (take(r, ","));
    return take(r, ")") ? 0 : fail(r, "a ')' is missing before", r->rest);
}

static int read_number(struct reader *r, struct api_selector_rule *rule)
{
    struct str word = take_word(r);
    uint64_t n;

    if (str_to_u64(word, INT64_MAX, &n) != 0)
        return fail(r, "not an integer:", word);
    return add_value(r, rule, word);
}

static int read_operator(struct reader *r, struct api_selector_rule *rule)
{
    struct str word;

    if (take(r, "!=")) {
        rule->op = API_SELECTOR_NOT_IN;
        return add_value(r, rule, r->fields ? take_field_value(r) : take_word(r));
    }
    if (take(r, "==") || take(r, "=")) {
        rule->op = API_SELECTOR_IN;
        return add_value(r, rule, r->fields ? take_field_value(r) : take_word(r));
    }
    if (r->fields)
        return fail(r, "a field needs =, == or != and a value:", rule->key);
    if (take(r, ">") || take(r, "<")) {
        rule->op = r->rest.p[-1] == '>' ? API_SELECTOR_ABOVE : API_SELECTOR_BELOW;
        return read_number(r, rule);
    }
    word = take_word(r);
    rule->op = API_SELECTOR_EXISTS;
    if (word.len == 0)
        return 0;
    if (!str_is(word, "in") && !str_is(word, "notin"))
        return fail(r, "neither in, notin nor an operator:", word);
    rule->op = str_is(word, "in") ? API_SELECTOR_IN : API_SELECTOR_NOT_IN;
    return read_set(r, rule);
}

static int read_rule(struct reader *r)
{
    struct api_selector_rule rule = { .op = API_SELECTOR_NOT_EXISTS };
    bool negated = !r->fields && take(r, "!");
    int err = 0;

    if (r->count == API_SELECTOR_MAX_RULES)
        return ERR_LIMIT;
    rule.key = take_word(r);
    if (r->fields ? rule.key.len == 0 : !api_check_is_label_key(rule.key))
        return fail(r, r->fields ? "not a field:" : "not a label's name:",
                    rule.key.len > 0 ? rule.key : r->rest);
    if (!negated)
        err = read_operator(r, &rule);
    if (err)
        return err;
    r->rules = arena_grow(r->arena, r->rules, r->count, r->count + 1, sizeof(rule));
    r->rules[r->count++] = rule;
    return 0;
}

static int parse(struct reader *r, struct api_selector *out)
{
    int err;

    if (r->rest.len > API_SELECTOR_MAX_BYTES)
        return ERR_LIMIT;
    skip_blanks(r);
    while (r->rest.len > 0) {
        err = read_rule(r);
        if (err)
            return err;
        if (!take(r, ",")) {
            skip_blanks(r);
            if (r->rest.len > 0)
                return fail(r, "a ',' is missing before", r->rest);
        } else if (r->rest.len == 0) {
            return fail(r, "nothing stands behind the last", STR(","));
        }
    }
    *out = (struct api_selector){ r->rules, r->count };
    return 0;
}

int api_selector_parse_labels(struct str text, struct arena *a, struct api_selector *out,
                              struct str *why)
{
    struct reader r = { .rest = text, .arena = a, .why = why };

    return parse(&r, out);
}

int api_selector_parse_fields(struct str text, struct arena *a, struct api_selector *out,
                              struct str *why)
{
    struct reader r = { .rest = text, .arena = a, .why = why, .fields = true };

    return parse(&r, out);
}

/* ---- matching ---- */

static bool compares(const struct api_selector_rule *rule, const struct str *value)
{
    uint64_t is, limit;

    if (!value || str_to_u64(*value, INT64_MAX, &is) != 0 ||
        str_to_u64(rule->values[0], INT64_MAX, &limit) != 0)
        return false;
    return rule->op == API_SELECTOR_ABOVE ? is > limit : is < limit;
}

/* value NULL: there is none. */
static bool holds(const struct api_selector_rule *rule, const struct str *value)
{
    bool among = false;

    for (size_t i = 0; value && i < rule->values_count; i++)
        among = among || str_eq(*value, rule->values[i]);
    switch (rule->op) {
    case API_SELECTOR_IN:
        return among;
    case API_SELECTOR_NOT_IN:
        return !among;
    case API_SELECTOR_EXISTS:
        return value != NULL;
    case API_SELECTOR_NOT_EXISTS:
        return value == NULL;
    default:
        return compares(rule, value);
    }
}

bool api_selector_has_labels(const struct api_selector *s, const struct field_pair *labels,
                             size_t n)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct str *value = NULL;

        for (size_t j = 0; j < n && !value; j++)
            if (str_eq(labels[j].key, s->rules[i].key))
                value = &labels[j].value;
        if (!holds(&s->rules[i], value))
            return false;
    }
    return true;
}

static struct str field_of(const struct object *o, const struct node *root, struct str key)
{
    const struct node *n;
    char path[256];

    if (str_is(key, "metadata.name"))
        return o->name;
    if (str_is(key, "metadata.namespace"))
        return o->ns;
    n = str_copy(key, path, sizeof(path)) ? node_path(root, path) : NULL;
    return n && n->kind != NODE_MAP && n->kind != NODE_LIST && n->kind != NODE_NULL ? n->text
                                                                                    : STR("");
}

bool api_selector_has_fields(const struct api_selector *s, const struct object *o)
{
    const struct node *root = o->node;
    struct arena scratch;
    bool all = true;

    arena_init(&scratch, 4096);
    if (!root && s->count > 0)
        root = object_to_node(o, STR_NONE, &scratch);
    for (size_t i = 0; i < s->count && all; i++) {
        struct str value = field_of(o, root, s->rules[i].key);

        all = holds(&s->rules[i], &value);
    }
    arena_deinit(&scratch);
    return all;
}
