#include "core/text/node_jsonpath.h"

#include <string.h>

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/text/node_jsonpath_lex.h"

struct eval {
    const struct node *root;
    struct arena *arena;
    struct str *why;
    size_t visits;
    int depth;
};

static int fail(struct eval *e, const char *what, struct str at)
{
    *e->why = arena_printf(e->arena, "%s at \"%.*s\"", what, (int)(at.len > 40 ? 40 : at.len),
                           at.p ? at.p : "");
    return ERR_INVALID;
}

/* Grows by doubling: count is the room wherever it is a power of two. */
static void add(struct eval *e, struct node_jsonpath_list *to, const struct node *n)
{
    if (!n)
        return;
    if ((to->count & (to->count - 1)) == 0)
        to->items = arena_grow(e->arena, to->items, to->count, to->count ? to->count * 2 : 1,
                               sizeof(*to->items));
    to->items[to->count++] = n;
}

static int visit(struct eval *e, size_t n)
{
    e->visits += n;
    if (e->visits <= NODE_JSONPATH_MAX_VISITS)
        return 0;
    *e->why = STR("it leads to too many values");
    return ERR_LIMIT;
}

static bool is_parent(const struct node *n)
{
    return n->kind == NODE_MAP || n->kind == NODE_LIST;
}

/* ---- steps: each makes the next struct node_jsonpath_list from the one before ---- */

static int step_key(struct eval *e, const struct node_jsonpath_list *from, struct str key,
                    struct node_jsonpath_list *to)
{
    int err = visit(e, from->count);

    for (size_t i = 0; i < from->count && !err; i++)
        add(e, to, from->items[i]->kind == NODE_MAP ? node_get(from->items[i], key) : NULL);
    return err;
}

static int step_all(struct eval *e, const struct node_jsonpath_list *from,
                    struct node_jsonpath_list *to)
{
    for (size_t i = 0; i < from->count; i++) {
        int err = visit(e, from->items[i]->count);

        if (err)
            return err;
        if (!is_parent(from->items[i]))
            continue;
        NODE_EACH(it, from->items[i])
        add(e, to, it);
    }
    return 0;
}

/* n and everything below it, parents first. A tree is at most NODE_MAX_DEPTH deep. */
static int add_below(struct eval *e, const struct node *n, struct node_jsonpath_list *to)
{
    int err = visit(e, 1);

    add(e, to, n);
    if (!is_parent(n))
        return err;
    for (const struct node *it = n->first; it && !err; it = it->next)
        err = add_below(e, it, to);
    return err;
}

static int step_below(struct eval *e, const struct node_jsonpath_list *from,
                      struct node_jsonpath_list *to)
{
    int err = 0;

    for (size_t i = 0; i < from->count && !err; i++)
        err = add_below(e, from->items[i], to);
    return err;
}

static bool to_index(struct str s, int64_t *out)
{
    bool minus = s.len && s.p[0] == '-';
    uint64_t value;

    if (str_to_u64(str_skip(s, minus), 1000000000, &value) != 0)
        return false;
    *out = minus ? -(int64_t)value : (int64_t)value;
    return true;
}

static int64_t clamp(int64_t i, int64_t count)
{
    if (i < 0)
        i += count;
    return i < 0 ? 0 : i > count ? count : i;
}

/* "1:3", "-2:", ":4:2" */
static int step_slice(struct eval *e, const struct node_jsonpath_list *from, struct str text,
                      struct node_jsonpath_list *to)
{
    int64_t at[3] = { 0, INT64_MAX, 1 };
    struct str rest = text;

    for (int i = 0; i < 3 && rest.p; i++) {
        struct str one = str_trim(str_cut(&rest, ':'));

        if (one.len && !to_index(one, &at[i]))
            return fail(e, "bad slice", text);
    }
    if (rest.p || at[2] < 1)
        return fail(e, "bad slice", text);
    for (size_t i = 0; i < from->count; i++) {
        const struct node *list = from->items[i];
        int64_t count = (int64_t)list->count, first, last, n = 0;
        int err = visit(e, list->count);

        if (err)
            return err;
        if (list->kind != NODE_LIST)
            continue;
        first = clamp(at[0], count);
        last = clamp(at[1], count);
        NODE_EACH(it, list)
        {
            if (n >= first && n < last && (n - first) % at[2] == 0)
                add(e, to, it);
            n++;
        }
    }
    return 0;
}

static int step_index(struct eval *e, const struct node_jsonpath_list *from, struct str text,
                      struct node_jsonpath_list *to)
{
    int64_t index;
    int err = visit(e, from->count);

    if (!to_index(text, &index))
        return fail(e, "bad index", text);
    for (size_t i = 0; i < from->count && !err; i++) {
        const struct node *list = from->items[i];
        int64_t count = (int64_t)list->count, k = index < 0 ? index + count : index;

        if (list->kind != NODE_LIST || k < 0 || k >= count)
            continue;
        err = visit(e, (size_t)k);
        add(e, to, node_item(list, (size_t)k));
    }
    return err;
}

/* ---- filters ---- */

static int eval_path(struct eval *e, struct str path, const struct node *at,
                     struct node_jsonpath_list *out);

static int operand(struct eval *e, struct str text, const struct node *at, const struct node **out)
{
    struct node_jsonpath_list found = { 0 };
    struct node *made;
    int err;

    *out = NULL;
    if (text.len == 0)
        return fail(e, "missing operand", text);
    if (text.p[0] == '@' || text.p[0] == '$') {
        err = eval_path(e, text, at, &found);
        *out = found.count ? found.items[0] : NULL;
        return err;
    }
    made = node_new_str(e->arena, text);
    if (node_jsonpath_lex_is_quoted(text))
        made->text = node_jsonpath_lex_unquote(e->arena, text);
    else if (str_is(text, "true") || str_is(text, "false"))
        made->kind = NODE_BOOL;
    else if (strchr("-0123456789", text.p[0]))
        made->kind = str_chr(text, '.') >= 0 ? NODE_FLOAT : NODE_INT;
    else
        return fail(e, "neither a path, a text in quotes nor a number", text);
    *out = made;
    return 0;
}

static bool holds(const struct node *left, struct str op, const struct node *right)
{
    double l, r;
    int order;

    if (!left || !right)
        return false;
    if (node_to_double(left, &l) && node_to_double(right, &r))
        order = l < r ? -1 : l > r;
    else if (is_parent(left) || is_parent(right))
        return str_is(op, "==") ? node_equal(left, right)
                                : str_is(op, "!=") && !node_equal(left, right);
    else
        order = str_cmp(left->text, right->text);
    switch (op.p[0]) {
    case '=':
        return order == 0;
    case '!':
        return order != 0;
    case '<':
        return op.len == 2 ? order <= 0 : order < 0;
    default:
        return op.len == 2 ? order >= 0 : order > 0;
    }
}

/* Finds the operator outside quotes; op is empty when there is none. */
static void cut_operator(struct str text, struct str *left, struct str *op, struct str *right)
{
    static const char *const ops[] = { "==", "!=", "<=", ">=", "<", ">" };
    char quote = 0;

    *left = text;
    *op = *right = STR_NONE;
    for (size_t i = 0; i < text.len; i++) {
        if (quote || text.p[i] == '"' || text.p[i] == '\'') {
            quote = !quote ? text.p[i] : text.p[i] == quote ? 0 : quote;
            continue;
        }
        for (size_t k = 0; k < sizeof(ops) / sizeof(ops[0]); k++) {
            if (!str_starts(str_skip(text, i), str_of(ops[k])))
                continue;
            *left = str_trim(str_head(text, i));
            *op = str_head(str_skip(text, i), strlen(ops[k]));
            *right = str_trim(str_skip(text, i + op->len));
            return;
        }
    }
}

static int filter_one(struct eval *e, struct str text, const struct node *at, bool *keep)
{
    struct str left, op, right;
    const struct node *l, *r;
    int err;

    cut_operator(text, &left, &op, &right);
    err = operand(e, left, at, &l);
    if (!err && op.len)
        err = operand(e, right, at, &r);
    if (!err)
        *keep = op.len ? holds(l, op, r) : l != NULL;
    return err;
}

static int step_filter(struct eval *e, const struct node_jsonpath_list *from, struct str text,
                       struct node_jsonpath_list *to)
{
    for (size_t i = 0; i < from->count; i++) {
        if (!is_parent(from->items[i]))
            continue;
        NODE_EACH(it, from->items[i])
        {
            bool keep = false;
            int err = visit(e, 1);

            if (!err)
                err = filter_one(e, text, it, &keep);
            if (err)
                return err;
            if (keep)
                add(e, to, it);
        }
    }
    return 0;
}

/* ---- paths ---- */

static int step_bracket(struct eval *e, const struct node_jsonpath_list *from, struct str inside,
                        struct node_jsonpath_list *to)
{
    struct str rest = inside = str_trim(inside);
    int err = 0;

    if (str_is(inside, "*"))
        return step_all(e, from, to);
    if (str_starts(inside, STR("?(")) && str_ends(inside, STR(")")))
        return step_filter(e, from, str_trim(str_make(inside.p + 2, inside.len - 3)), to);
    if (inside.len == 0)
        return fail(e, "nothing in brackets", inside);
    while (rest.p && !err) {
        struct str one = str_trim(node_jsonpath_lex_cut(&rest, ','));

        if (node_jsonpath_lex_is_quoted(one))
            err = step_key(e, from, node_jsonpath_lex_unquote(e->arena, one), to);
        else if (str_chr(one, ':') >= 0)
            err = step_slice(e, from, one, to);
        else
            err = step_index(e, from, one, to);
    }
    return err;
}

static int step_name(struct eval *e, struct str *rest, const struct node_jsonpath_list *from,
                     struct node_jsonpath_list *to)
{
    struct str whole = *rest, name = node_jsonpath_lex_take_name(e->arena, rest);

    if (name.len == 0)
        return fail(e, "a name is missing", whole);
    return str_is(name, "*") ? step_all(e, from, to) : step_key(e, from, name, to);
}

static int one_step(struct eval *e, struct str *rest, struct node_jsonpath_list *from,
                    struct node_jsonpath_list *to)
{
    if (rest->p[0] == '[') {
        size_t len = node_jsonpath_lex_bracket_len(*rest);
        struct str inside = str_make(rest->p + 1, len ? len - 2 : 0);

        if (len == 0)
            return fail(e, "a bracket is not closed", *rest);
        *rest = str_skip(*rest, len);
        return step_bracket(e, from, inside, to);
    }
    if (str_starts(*rest, STR(".."))) {
        *rest = str_skip(*rest, 2);
        if (rest->len == 0)
            return fail(e, "a name is missing behind ..", *rest);
        return step_below(e, from, to); /* the next step has no dot, or is a bracket */
    }
    if (rest->p[0] == '.')
        *rest = str_skip(*rest, 1);
    if (rest->len == 0 || rest->p[0] == '[') {
        *to = *from; /* "." alone, and ".[0]" */
        return 0;
    }
    return step_name(e, rest, from, to);
}

static int eval_path(struct eval *e, struct str path, const struct node *at,
                     struct node_jsonpath_list *out)
{
    struct str rest = path = str_trim(path);
    struct node_jsonpath_list now = { 0 };
    int err = 0;

    if (++e->depth > NODE_JSONPATH_MAX_DEPTH)
        return fail(e, "nested too deeply", path);
    if (rest.len && (rest.p[0] == '$' || rest.p[0] == '@')) {
        at = rest.p[0] == '$' ? e->root : at;
        rest = str_skip(rest, 1);
    }
    add(e, &now, at);
    while (rest.len && !err) {
        struct node_jsonpath_list next = { 0 };

        err = one_step(e, &rest, &now, &next);
        now = next;
    }
    *out = now;
    e->depth--;
    return err;
}

/* ---- templates ---- */

static void write_value(const struct node *n, struct buf *out)
{
    if (is_parent(n))
        (void)node_write_json(n, out, 0); /* a full buffer is looked at once, at the end */
    else if (n->kind != NODE_NULL)
        buf_add_str(out, n->text);
}

/* Takes the next piece of a template: text, or what stands in braces. */
static int take_piece(struct eval *e, struct str *rest, struct str *piece, bool *is_path)
{
    ptrdiff_t brace = str_chr(*rest, '{');
    size_t end;

    *is_path = brace == 0;
    if (brace != 0) {
        *piece = str_head(*rest, brace < 0 ? rest->len : (size_t)brace);
        *rest = str_skip(*rest, piece->len);
        return 0;
    }
    end = node_jsonpath_lex_brace_end(*rest);
    if (end == 0)
        return fail(e, "a brace is not closed", *rest);
    *piece = str_trim(str_make(rest->p + 1, end - 1));
    *rest = str_skip(*rest, end + 1);
    return 0;
}

static bool is_range(struct str piece)
{
    return str_starts(piece, STR("range ")) || str_is(piece, "range");
}

/* Cuts the body of a range off *rest, up to its own {end}. */
static int take_body(struct eval *e, struct str *rest, struct str *body)
{
    struct str start = *rest;
    int open = 1;

    while (rest->len) {
        struct str before = *rest, piece;
        bool is_path;
        int err = take_piece(e, rest, &piece, &is_path);

        if (err)
            return err;
        if (is_path && is_range(piece))
            open++;
        if (is_path && str_is(piece, "end") && --open == 0) {
            *body = str_head(start, (size_t)(before.p - start.p));
            return 0;
        }
    }
    return fail(e, "{range} without {end}", start);
}

static int write_template(struct eval *e, struct str text, const struct node *at, struct buf *out);

static int write_range(struct eval *e, struct str path, struct str body, const struct node *at,
                       struct buf *out)
{
    struct node_jsonpath_list items = { 0 };
    int err = eval_path(e, path, at, &items);

    if (!err && ++e->depth > NODE_JSONPATH_MAX_DEPTH)
        return fail(e, "nested too deeply", path);
    for (size_t i = 0; i < items.count && !err; i++) {
        err = visit(e, 1);
        if (!err)
            err = write_template(e, body, items.items[i], out);
    }
    e->depth--;
    return err;
}

static int write_path(struct eval *e, struct str path, const struct node *at, struct buf *out)
{
    struct node_jsonpath_list found = { 0 };
    int err;

    if (node_jsonpath_lex_is_quoted(path))
        return buf_add_str(out, node_jsonpath_lex_unquote(e->arena, path));
    err = eval_path(e, path, at, &found);
    for (size_t i = 0; i < found.count && !err; i++) {
        if (i)
            buf_add_char(out, ' ');
        write_value(found.items[i], out);
    }
    return err;
}

static int write_template(struct eval *e, struct str text, const struct node *at, struct buf *out)
{
    struct str rest = text;
    int err = 0;

    while (rest.len && !err) {
        struct str piece, body;
        bool is_path;

        err = take_piece(e, &rest, &piece, &is_path);
        if (err)
            return err;
        if (!is_path) {
            err = buf_add_str(out, piece);
        } else if (is_range(piece)) {
            err = take_body(e, &rest, &body);
            if (!err)
                err = write_range(e, str_skip(piece, 5), body, at, out);
        } else if (str_is(piece, "end")) {
            err = fail(e, "{end} without {range}", rest);
        } else {
            err = write_path(e, piece, at, out);
        }
    }
    return err ? err : out->full ? ERR_LIMIT : 0;
}

int node_jsonpath_write(const struct node *root, struct str text, struct arena *a, struct buf *out,
                        struct str *why)
{
    struct eval e = { .root = root, .arena = a, .why = why };
    int err;

    *why = STR_NONE;
    if (str_chr(text, '{') < 0)
        err = write_path(&e, text, root, out);
    else
        err = write_template(&e, text, root, out);
    return err ? err : out->full ? ERR_LIMIT : 0;
}

int node_jsonpath_find(const struct node *root, struct str path, struct arena *a,
                       struct node_jsonpath_list *out, struct str *why)
{
    struct eval e = { .root = root, .arena = a, .why = why };

    *why = STR_NONE;
    *out = (struct node_jsonpath_list){ 0 };
    path = str_trim(path);
    if (str_starts(path, STR("{")) && str_ends(path, STR("}")))
        path = str_make(path.p + 1, path.len - 2);
    return eval_path(&e, path, root, out);
}
