#include "core/text/node_patch.h"

#include "core/base/error.h"

/* A shallow copy that has its own links but the same texts; children are copied likewise. */
static struct node *clone(struct arena *a, const struct node *n)
{
    struct node *copy = arena_dup(a, n, sizeof(*n));

    copy->next = copy->prev = copy->first = copy->last = NULL;
    copy->count = 0;
    NODE_EACH(it, n)
    node_add(copy, clone(a, it));
    return copy;
}

/* Whether the tree keeps node.h's bounds, counted from depth levels above it. */
static bool fits(const struct node *n, int depth, size_t *nodes)
{
    if (depth > NODE_MAX_DEPTH || ++*nodes > NODE_MAX_NODES)
        return false;
    NODE_EACH(it, n)
    {
        if (!fits(it, depth + (it->first != NULL), nodes))
            return false;
    }
    return true;
}

static int check_bounds(struct arena *a, const struct node *n, struct str *why)
{
    size_t nodes = 0;

    if (fits(n, n->first != NULL, &nodes))
        return 0;
    if (why)
        *why = arena_printf(a, "the result is nested deeper than %d or has more than %d values",
                            NODE_MAX_DEPTH, NODE_MAX_NODES);
    return ERR_LIMIT;
}

/* ---- merge patch (RFC 7386) ---- */

static void merge_into(struct arena *a, struct node *target, const struct node *patch)
{
    if (patch->kind != NODE_MAP) {
        node_replace(target, clone(a, patch));
        return;
    }
    if (target->kind != NODE_MAP)
        node_replace(target, node_new(a, NODE_MAP));
    NODE_EACH(it, patch)
    {
        struct node *old = node_get(target, it->key);

        if (it->kind == NODE_NULL) {
            if (old)
                node_remove(target, old);
            continue;
        }
        if (!old) {
            old = node_new(a, NODE_NULL);
            old->key_line = it->key_line;
            old->key_col = it->key_col;
            old->key_end_col = it->key_end_col;
            node_set(target, it->key, old);
        }
        merge_into(a, old, it);
    }
}

int node_patch_merge(struct arena *a, const struct node *target, const struct node *patch,
                     struct node **out, struct str *why)
{
    struct node *result = clone(a, target);
    int rc;

    merge_into(a, result, patch);
    rc = check_bounds(a, result, why);
    if (rc == 0)
        *out = result;
    return rc;
}

/* ---- JSON patch (RFC 6902) ---- */

/* The next step of a pointer, unescaped into buf (steps are keys: 1 KiB is plenty). */
static bool next_step(struct str *pointer, char *buf, size_t size, struct str *step)
{
    size_t len = 0, i = 1;

    if (pointer->len == 0 || pointer->p[0] != '/')
        return false;
    for (; i < pointer->len && pointer->p[i] != '/'; i++) {
        char c = pointer->p[i];

        if (c == '~') {
            if (++i == pointer->len || (pointer->p[i] != '0' && pointer->p[i] != '1'))
                return false;
            c = pointer->p[i] == '0' ? '~' : '/';
        }
        if (len == size)
            return false;
        buf[len++] = c;
    }
    *step = str_make(buf, len);
    *pointer = str_skip(*pointer, i);
    return true;
}

/* An array index without leading zeros, at most max. */
static bool to_index(struct str step, size_t max, size_t *out)
{
    uint64_t i;

    if ((step.len > 1 && step.p[0] == '0') || str_to_u64(step, max, &i))
        return false;
    *out = (size_t)i;
    return true;
}

static struct node *descend(const struct node *n, struct str step)
{
    size_t i;

    if (n->kind == NODE_LIST)
        return to_index(step, SIZE_MAX, &i) ? node_item(n, i) : NULL;
    return node_get(n, step);
}

struct node *node_patch_find(struct node *root, struct str pointer)
{
    char buf[1024];
    struct str step;

    while (root && pointer.len) {
        if (!next_step(&pointer, buf, sizeof(buf), &step))
            return NULL;
        root = descend(root, step);
    }
    return root;
}

enum { MAX_WORK = 4 * NODE_MAX_NODES };

struct patch {
    struct arena *arena;
    struct node *root;
    size_t work;           /* values placed so far */
    const struct node *op; /* the operation at work */
    size_t number;
    struct str *why;
};

static int refuse(struct patch *p, int code, const char *what)
{
    struct str name = node_get_str(p->op, "op"), path = node_get_str(p->op, "path");

    if (p->why)
        *p->why = arena_printf(p->arena, "operation %zu (%.*s %.*s): %s", p->number, STR_ARG(name),
                               STR_ARG(path), what);
    return code;
}

/* Finds the parent of what pointer names, and the last step in buf. */
static int find_parent(struct patch *p, struct str pointer, char *buf, size_t size,
                       struct node **parent, struct str *last)
{
    ptrdiff_t slash = str_rchr(pointer, '/');
    struct str rest;

    if (slash < 0)
        return refuse(p, ERR_INVALID, "a path must be empty or start with '/'");
    *parent = node_patch_find(p->root, str_head(pointer, (size_t)slash));
    if (!*parent)
        return refuse(p, ERR_NOT_FOUND, "its parent does not exist");
    rest = str_skip(pointer, (size_t)slash);
    if (!next_step(&rest, buf, size, last))
        return refuse(p, ERR_INVALID, "a malformed path");
    return 0;
}

static int depth_of(const struct node *n, size_t *count)
{
    int deepest = 0;

    ++*count;
    NODE_EACH(it, n)
    {
        int depth = depth_of(it, count);

        if (depth > deepest)
            deepest = depth;
    }
    return deepest + (n->kind == NODE_LIST || n->kind == NODE_MAP);
}

/* A copy of a copy doubles, so bounds hold before every step, not only at the end. */
static int check_room(struct patch *p, struct str path, const struct node *value)
{
    int depth = depth_of(value, &p->work);

    for (size_t i = 0; i < path.len; i++)
        depth += path.p[i] == '/';
    if (depth > NODE_MAX_DEPTH || p->work > MAX_WORK)
        return refuse(p, ERR_LIMIT, "the result would be too deep or too large");
    return 0;
}

/* Puts value (which stands nowhere) where path says. */
static int put(struct patch *p, struct str path, struct node *value)
{
    char buf[1024];
    struct node *parent;
    struct str last;
    size_t i;
    int rc;

    value->next = value->prev = NULL;
    rc = check_room(p, path, value);
    if (rc)
        return rc;
    if (path.len == 0) {
        value->key = STR_NONE;
        p->root = value;
        return 0;
    }
    rc = find_parent(p, path, buf, sizeof(buf), &parent, &last);
    if (rc)
        return rc;
    if (parent->kind == NODE_MAP) {
        node_set(parent, arena_str(p->arena, last), value);
        return 0;
    }
    if (parent->kind != NODE_LIST)
        return refuse(p, ERR_NOT_FOUND, "its parent is neither a map nor a list");
    value->key = STR_NONE;
    if (str_eq(last, STR("-"))) {
        node_add(parent, value);
        return 0;
    }
    if (!to_index(last, parent->count, &i))
        return refuse(p, ERR_INVALID, "no such index");
    node_insert(parent, node_item(parent, i), value);
    return 0;
}

/* Takes out what path names. */
static int take(struct patch *p, struct str path, struct node **out)
{
    char buf[1024];
    struct node *parent, *child;
    struct str last;
    int rc;

    if (path.len == 0) {
        *out = p->root;
        p->root = node_new(p->arena, NODE_NULL);
        return 0;
    }
    rc = find_parent(p, path, buf, sizeof(buf), &parent, &last);
    if (rc)
        return rc;
    child = descend(parent, last);
    if (!child)
        return refuse(p, ERR_NOT_FOUND, "no such member");
    node_remove(parent, child);
    *out = child;
    return 0;
}

static int op_add(struct patch *p, struct str path)
{
    const struct node *value = node_getz(p->op, "value");

    if (!value)
        return refuse(p, ERR_INVALID, "\"value\" is missing");
    return put(p, path, clone(p->arena, value));
}

static int op_remove(struct patch *p, struct str path)
{
    struct node *gone;

    return take(p, path, &gone);
}

static int op_replace(struct patch *p, struct str path)
{
    const struct node *value = node_getz(p->op, "value");
    struct node *at = node_patch_find(p->root, path);

    if (!value)
        return refuse(p, ERR_INVALID, "\"value\" is missing");
    if (!at)
        return refuse(p, ERR_NOT_FOUND, "no such member");
    if (check_room(p, path, value))
        return ERR_LIMIT;
    node_replace(at, clone(p->arena, value));
    return 0;
}

static int op_test(struct patch *p, struct str path)
{
    const struct node *value = node_getz(p->op, "value"), *at = node_patch_find(p->root, path);

    if (!value)
        return refuse(p, ERR_INVALID, "\"value\" is missing");
    if (!at)
        return refuse(p, ERR_CONFLICT, "no such member");
    return node_equal(at, value) ? 0 : refuse(p, ERR_CONFLICT, "the value is another one");
}

static int op_move(struct patch *p, struct str path)
{
    const struct node *from = node_getz(p->op, "from");
    struct node *moved;
    int rc;

    if (!from || from->kind != NODE_STRING)
        return refuse(p, ERR_INVALID, "\"from\" is missing");
    if (str_eq(from->text, path))
        return node_patch_find(p->root, path) ? 0 : refuse(p, ERR_NOT_FOUND, "no such member");
    if (str_starts(path, from->text) && path.p[from->text.len] == '/')
        return refuse(p, ERR_INVALID, "a value cannot move into itself");
    rc = take(p, from->text, &moved);
    return rc ? rc : put(p, path, moved);
}

static int op_copy(struct patch *p, struct str path)
{
    const struct node *from = node_getz(p->op, "from"), *value;

    if (!from || from->kind != NODE_STRING)
        return refuse(p, ERR_INVALID, "\"from\" is missing");
    value = node_patch_find(p->root, from->text);
    if (!value)
        return refuse(p, ERR_NOT_FOUND, "\"from\" leads nowhere");
    if (check_room(p, path, value))
        return ERR_LIMIT;
    return put(p, path, clone(p->arena, value));
}

static const struct {
    struct str name;
    int (*run)(struct patch *p, struct str path);
} operations[] = {
    { STR_INIT("add"), op_add },         { STR_INIT("remove"), op_remove },
    { STR_INIT("replace"), op_replace }, { STR_INIT("test"), op_test },
    { STR_INIT("move"), op_move },       { STR_INIT("copy"), op_copy },
};

static int run_operation(struct patch *p)
{
    const struct node *path = node_getz(p->op, "path");
    struct str name = node_get_str(p->op, "op");

    if (p->op->kind != NODE_MAP)
        return refuse(p, ERR_INVALID, "an operation must be a map");
    if (!path || path->kind != NODE_STRING)
        return refuse(p, ERR_INVALID, "\"path\" is missing");
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (str_eq(name, operations[i].name))
            return operations[i].run(p, path->text);
    }
    return refuse(p, ERR_INVALID, "\"op\" must be add, remove, replace, move, copy or test");
}

int node_patch_json(struct arena *a, const struct node *target, const struct node *ops,
                    struct node **out, struct str *why)
{
    struct patch p = { .arena = a, .why = why };

    if (ops->kind != NODE_LIST) {
        if (why)
            *why = STR("a JSON patch must be a list of operations");
        return ERR_INVALID;
    }
    if (ops->count > NODE_PATCH_MAX_OPS) {
        if (why)
            *why = STR("a JSON patch may have at most 10000 operations");
        return ERR_LIMIT;
    }
    p.root = clone(a, target);
    NODE_EACH(op, ops)
    {
        int rc;

        p.op = op;
        rc = run_operation(&p);
        if (rc)
            return rc;
        p.number++;
    }
    if (check_bounds(a, p.root, why))
        return ERR_LIMIT;
    *out = p.root;
    return 0;
}
