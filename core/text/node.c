#include "core/text/node.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "core/base/mem.h"

enum {
    NUMBER_MAX_BYTES = 64, /* longer ones are never an int64, and a double needs no more digits */
    SORT_FROM = 16,        /* maps of this size are compared by sorting instead of searching */
};

const char *node_kind_name(enum node_kind kind)
{
    static const char *const names[] = { "null", "bool", "int", "number", "string", "list", "map" };

    return names[kind];
}

struct node *node_new(struct arena *a, enum node_kind kind)
{
    struct node *n = arena_alloc0(a, 1, sizeof(*n));

    n->kind = kind;
    if (kind == NODE_NULL)
        n->text = STR("null");
    else if (kind == NODE_BOOL)
        n->text = STR("false");
    else
        n->text = STR("");
    return n;
}

struct node *node_new_str(struct arena *a, struct str text)
{
    struct node *n = node_new(a, NODE_STRING);

    n->quoted = true;
    if (text.p)
        n->text = text;
    return n;
}

struct node *node_new_int(struct arena *a, int64_t value)
{
    struct node *n = node_new(a, NODE_INT);

    n->text = arena_printf(a, "%" PRId64, value);
    return n;
}

struct node *node_new_uint(struct arena *a, uint64_t value)
{
    struct node *n = node_new(a, NODE_INT);

    n->text = arena_printf(a, "%" PRIu64, value);
    return n;
}

struct node *node_new_double(struct arena *a, double value)
{
    struct node *n = node_new(a, NODE_FLOAT);

    if (isnan(value))
        return node_new_str(a, STR("NaN"));
    if (isinf(value))
        return node_new_str(a, value > 0 ? STR("Infinity") : STR("-Infinity"));
    /* The shortest text that reads back the same. */
    for (int digits = 15; digits <= 17; digits++) {
        n->text = arena_printf(a, "%.*g", digits, value);
        if (strtod(n->text.p, NULL) == value)
            break;
    }
    if (strcspn(n->text.p, ".e") == n->text.len)
        n->kind = NODE_INT;
    return n;
}

struct node *node_new_bool(struct arena *a, bool value)
{
    struct node *n = node_new(a, NODE_BOOL);

    n->text = value ? STR("true") : STR("false");
    return n;
}

struct node *node_get(const struct node *n, struct str key)
{
    if (!n || n->kind != NODE_MAP)
        return NULL;
    NODE_EACH(it, n)
    {
        if (str_eq(it->key, key))
            return it;
    }
    return NULL;
}

struct node *node_getz(const struct node *n, const char *key)
{
    return node_get(n, str_of(key));
}

struct node *node_item(const struct node *n, size_t i)
{
    if (!n || n->kind != NODE_LIST || i >= n->count)
        return NULL;
    NODE_EACH(it, n)
    {
        if (i-- == 0)
            return it;
    }
    return NULL;
}

/* One "[...]" step at *at: an index, or a key in quotes. */
static struct node *bracket_step(const struct node *n, struct str *at)
{
    ptrdiff_t close = str_chr(*at, ']');
    struct str in;
    uint64_t i;

    if (close < 0)
        return NULL;
    in = str_head(str_skip(*at, 1), (size_t)close - 1);
    if (in.len >= 1 && (in.p[0] == '\'' || in.p[0] == '"')) {
        const char end[2] = { in.p[0], ']' };
        ptrdiff_t quote = str_find(str_skip(*at, 2), str_make(end, 2));

        if (quote < 0)
            return NULL;
        in = str_head(str_skip(*at, 2), (size_t)quote);
        *at = str_skip(*at, (size_t)quote + 4);
        return node_get(n, in);
    }
    *at = str_skip(*at, (size_t)close + 1);
    return str_to_u64(in, SIZE_MAX, &i) == 0 ? node_item(n, (size_t)i) : NULL;
}

struct node *node_path(const struct node *n, const char *path)
{
    struct str at = str_of(path);
    struct node *found = NULL;

    while (n && at.len) {
        if (at.p[0] == '[') {
            n = found = bracket_step(n, &at);
        } else {
            size_t len = strcspn(at.p, ".[");

            n = found = node_get(n, str_head(at, len));
            at = str_skip(at, len);
        }
        if (at.len && at.p[0] == '.')
            at = str_skip(at, 1);
    }
    return at.len ? NULL : found;
}

struct str node_get_str(const struct node *n, const char *key)
{
    const struct node *found = node_getz(n, key);

    return found && found->kind == NODE_STRING ? found->text : STR_NONE;
}

bool node_is_true(const struct node *n)
{
    return n && n->kind == NODE_BOOL && str_eq(n->text, STR("true"));
}

bool node_to_double(const struct node *n, double *out)
{
    char text[NUMBER_MAX_BYTES + 1];

    if (!n || (n->kind != NODE_INT && n->kind != NODE_FLOAT) ||
        !str_copy(n->text, text, sizeof(text)))
        return false;
    *out = strtod(text, NULL);
    return isfinite(*out);
}

bool node_to_int(const struct node *n, int64_t *out)
{
    char text[NUMBER_MAX_BYTES + 1];
    char *end;
    double d;

    if (!n || (n->kind != NODE_INT && n->kind != NODE_FLOAT))
        return false;
    if (n->kind == NODE_FLOAT) { /* 1e3 and 5.0 are whole numbers too */
        if (!node_to_double(n, &d) || d != floor(d) || fabs(d) > 9007199254740992.0)
            return false;
        *out = (int64_t)d;
        return true;
    }
    if (!str_copy(n->text, text, sizeof(text)))
        return false;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == 0;
}

void node_insert(struct node *parent, struct node *before, struct node *item)
{
    item->next = before;
    item->prev = before ? before->prev : parent->last;
    if (item->prev)
        item->prev->next = item;
    else
        parent->first = item;
    if (before)
        before->prev = item;
    else
        parent->last = item;
    parent->count++;
}

void node_add(struct node *list, struct node *item)
{
    node_insert(list, NULL, item);
}

void node_remove(struct node *parent, struct node *child)
{
    if (child->prev)
        child->prev->next = child->next;
    else
        parent->first = child->next;
    if (child->next)
        child->next->prev = child->prev;
    else
        parent->last = child->prev;
    child->next = child->prev = NULL;
    parent->count--;
}

void node_set(struct node *map, struct str key, struct node *value)
{
    struct node *old = node_get(map, key), *before = NULL;

    if (old) {
        before = old->next;
        node_remove(map, old);
    }
    value->key = key.p ? key : STR("");
    node_insert(map, before, value);
}

void node_set_str(struct arena *a, struct node *map, const char *key, struct str text)
{
    node_set(map, str_of(key), node_new_str(a, text));
}

void node_set_text(struct arena *a, struct node *map, const char *key, struct str text)
{
    if (text.len)
        node_set_str(a, map, key, text);
}

struct node *node_set_new(struct arena *a, struct node *map, const char *key, enum node_kind kind)
{
    struct node *n = node_new(a, kind);

    node_set(map, str_of(key), n);
    return n;
}

struct node *node_add_new(struct arena *a, struct node *list, enum node_kind kind)
{
    struct node *n = node_new(a, kind);

    node_add(list, n);
    return n;
}

bool node_unset(struct node *map, struct str key)
{
    struct node *old = node_get(map, key);

    if (old)
        node_remove(map, old);
    return old != NULL;
}

void node_replace(struct node *at, const struct node *value)
{
    at->kind = value->kind;
    at->quoted = value->quoted;
    at->text = value->text;
    at->first = value->first;
    at->last = value->last;
    at->count = value->count;
    at->file = value->file;
    at->line = value->line;
    at->col = value->col;
    at->end_col = value->end_col;
}

struct node *node_copy(struct arena *a, const struct node *n)
{
    struct node *copy = arena_dup(a, n, sizeof(*n));

    copy->next = copy->prev = copy->first = copy->last = NULL;
    copy->count = 0;
    if (n->key.p)
        copy->key = arena_str(a, n->key);
    copy->text = arena_str(a, n->text);
    NODE_EACH(it, n)
    node_add(copy, node_copy(a, it));
    return copy;
}

static int by_key(const void *a, const void *b)
{
    const struct node *const *x = a, *const *y = b;

    return str_cmp((*x)->key, (*y)->key);
}

/* The children in key order, on the heap. */
static struct node **sorted_children(const struct node *map)
{
    struct node **list = mem_alloc0(map->count ? map->count : 1, sizeof(struct node *));
    size_t n = 0;

    NODE_EACH(it, map)
    list[n++] = it;
    qsort(list, n, sizeof(struct node *), by_key);
    return list;
}

static bool maps_equal_sorted(const struct node *a, const struct node *b)
{
    struct node **x = sorted_children(a), **y = sorted_children(b);
    bool same = true;

    for (size_t i = 0; same && i < a->count; i++)
        same = str_eq(x[i]->key, y[i]->key) && node_equal(x[i], y[i]);
    mem_free(x);
    mem_free(y);
    return same;
}

static bool maps_equal(const struct node *a, const struct node *b)
{
    if (a->count > SORT_FROM)
        return maps_equal_sorted(a, b);
    NODE_EACH(it, a)
    {
        const struct node *other = node_get(b, it->key);

        if (!other || !node_equal(it, other))
            return false;
    }
    return true;
}

static bool numbers_equal(const struct node *a, const struct node *b)
{
    double x, y;

    if (str_eq(a->text, b->text))
        return true;
    if (a->kind == NODE_INT && b->kind == NODE_INT && a->text.len > 15 && b->text.len > 15)
        return false; /* a double would not tell them apart */
    return node_to_double(a, &x) && node_to_double(b, &y) && x == y;
}

bool node_equal(const struct node *a, const struct node *b)
{
    bool a_number = a->kind == NODE_INT || a->kind == NODE_FLOAT;
    bool b_number = b->kind == NODE_INT || b->kind == NODE_FLOAT;

    if (a_number && b_number)
        return numbers_equal(a, b);
    if (a->kind != b->kind || a->count != b->count)
        return false;
    if (a->kind == NODE_MAP)
        return maps_equal(a, b);
    if (a->kind == NODE_LIST) {
        for (struct node *x = a->first, *y = b->first; x; x = x->next, y = y->next) {
            if (!node_equal(x, y))
                return false;
        }
        return true;
    }
    return str_eq(a->text, b->text);
}

size_t node_count(const struct node *n)
{
    size_t count = 1;

    NODE_EACH(it, n)
    count += node_count(it);
    return count;
}

struct diag_pos node_pos(const struct node *n)
{
    return (struct diag_pos){ n->file, n->line, n->col, n->end_col };
}

struct diag_pos node_key_pos(const struct node *n)
{
    return n->key_line ? (struct diag_pos){ n->file, n->key_line, n->key_col, n->key_end_col }
                       : node_pos(n);
}
