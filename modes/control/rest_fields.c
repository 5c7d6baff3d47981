#include "modes/control/rest_fields.h"

#include "core/text/node_json.h"

/* ---- shapes ---- */

static struct rest_fields_shape shape_of_field(const struct field *f)
{
    if (f && f->type == FIELD_TYPE_MSG && f->shape != FIELD_SHAPE_LIST &&
        f->shape != FIELD_SHAPE_MAP)
        return (struct rest_fields_shape){ .message = f->msg };
    return (struct rest_fields_shape){ .field = f };
}

static struct rest_fields_shape member_shape(struct rest_fields_shape s, struct str key)
{
    if (s.message)
        return shape_of_field(field_find(s.message, key));
    if (s.field && s.field->shape == FIELD_SHAPE_MAP && s.field->type == FIELD_TYPE_MSG)
        return (struct rest_fields_shape){ .message = s.field->msg };
    return (struct rest_fields_shape){ NULL, NULL };
}

static struct rest_fields_shape item_shape(struct rest_fields_shape s)
{
    return (struct rest_fields_shape){ .message = s.field->msg };
}

static bool is_granular_map(const struct node *n)
{
    return n->kind == NODE_MAP;
}

/* Each item is known by its merge key. */
static bool is_keyed_list(struct rest_fields_shape s, const struct node *n)
{
    struct str keys, first;

    if (n->kind != NODE_LIST || !s.field || s.field->shape != FIELD_SHAPE_LIST ||
        s.field->type != FIELD_TYPE_MSG || !s.field->merge_key)
        return false;
    keys = str_of(s.field->merge_key);
    first = str_cut(&keys, ',');
    NODE_EACH(item, n)
    if (item->kind != NODE_MAP || !node_get(item, first))
        return false;
    return true;
}

/* "k:{\"port\":80,\"protocol\":\"TCP\"}"; a protocol that was left out is TCP. */
static struct str item_key(struct arena *a, const struct field *f, const struct node *item)
{
    struct str names = str_of(f->merge_key), out;
    struct node *key = node_new(a, NODE_MAP);
    struct buf b;

    while (names.p) {
        struct str name = str_cut(&names, ',');
        const struct node *value = node_get(item, name);

        if (value)
            node_set(key, name, node_copy(a, value));
        else if (str_is(name, "protocol"))
            node_set_str(a, key, "protocol", STR("TCP"));
    }
    buf_init(&b, 0);
    buf_add_str(&b, STR("k:"));
    node_write_json(key, &b, NODE_SORTED);
    out = arena_str(a, buf_str(&b));
    buf_deinit(&b);
    return out;
}

static struct node *find_item(struct arena *a, const struct field *f, const struct node *list,
                              struct str key)
{
    NODE_EACH(item, list)
    if (str_eq(item_key(a, f, item), key))
        return item;
    return NULL;
}

static struct str member_key(struct arena *a, struct str name)
{
    return arena_printf(a, "f:%.*s", STR_ARG(name));
}

/* ---- sets ---- */

static bool is_self(const struct node *set)
{
    return set && (set->count == 0 || node_getz(set, "."));
}

/* children without ".", which is put in when self; NULL when nothing is left. */
static struct node *make(struct arena *a, bool self, struct node *children)
{
    struct node *dot;

    if (children->count == 0)
        return self ? children : NULL;
    if (self) {
        dot = node_new(a, NODE_MAP);
        dot->key = STR(".");
        node_insert(children, children->first, dot);
    }
    return children;
}

static void put(struct node *set, struct str key, struct node *child)
{
    if (child)
        node_set(set, key, child);
}

static struct node *with_self(struct arena *a, struct node *set)
{
    struct node *copy = node_new(a, NODE_MAP);

    if (is_self(set))
        return set;
    NODE_EACH(child, set)
    node_set(copy, child->key, node_copy(a, child));
    return make(a, true, copy);
}

struct node *rest_fields_of(struct arena *a, struct rest_fields_shape s, const struct node *n)
{
    struct node *set = node_new(a, NODE_MAP);

    if (is_granular_map(n)) {
        NODE_EACH(child, n)
        put(set, member_key(a, child->key), rest_fields_of(a, member_shape(s, child->key), child));
    } else if (is_keyed_list(s, n)) {
        NODE_EACH(item, n)
        put(set, item_key(a, s.field, item), with_self(a, rest_fields_of(a, item_shape(s), item)));
    }
    return set; /* a leaf is the field itself */
}

static void compare_members(struct arena *a, struct rest_fields_shape s, const struct node *was,
                            const struct node *now, struct node *changed, struct node *removed)
{
    NODE_EACH(child, now)
    {
        const struct node *old = node_get(was, child->key);
        struct rest_fields_shape inner = member_shape(s, child->key);
        struct str key = member_key(a, child->key);

        if (old) {
            struct rest_fields_diff d = rest_fields_compare(a, inner, old, child);

            put(changed, key, d.changed);
            put(removed, key, d.removed);
        } else {
            put(changed, key, with_self(a, rest_fields_of(a, inner, child)));
        }
    }
    NODE_EACH(child, was)
    if (!node_get(now, child->key))
        put(removed, member_key(a, child->key),
            with_self(a, rest_fields_of(a, member_shape(s, child->key), child)));
}

static void compare_items(struct arena *a, struct rest_fields_shape s, const struct node *was,
                          const struct node *now, struct node *changed, struct node *removed)
{
    NODE_EACH(item, now)
    {
        struct str key = item_key(a, s.field, item);
        const struct node *old = find_item(a, s.field, was, key);

        if (old) {
            struct rest_fields_diff d = rest_fields_compare(a, item_shape(s), old, item);

            put(changed, key, d.changed);
            put(removed, key, d.removed);
        } else {
            put(changed, key, with_self(a, rest_fields_of(a, item_shape(s), item)));
        }
    }
    NODE_EACH(item, was)
    {
        struct str key = item_key(a, s.field, item);

        if (!find_item(a, s.field, now, key))
            put(removed, key, with_self(a, rest_fields_of(a, item_shape(s), item)));
    }
}

struct rest_fields_diff rest_fields_compare(struct arena *a, struct rest_fields_shape s,
                                            const struct node *was, const struct node *now)
{
    struct node *changed = node_new(a, NODE_MAP), *removed = node_new(a, NODE_MAP);

    if (is_granular_map(was) && is_granular_map(now))
        compare_members(a, s, was, now, changed, removed);
    else if (is_keyed_list(s, was) && is_keyed_list(s, now))
        compare_items(a, s, was, now, changed, removed);
    else if (!node_equal(was, now))
        return (struct rest_fields_diff){ with_self(a, rest_fields_of(a, s, now)), NULL };
    return (struct rest_fields_diff){ make(a, false, changed), make(a, false, removed) };
}

struct node *rest_fields_union(struct arena *a, const struct node *x, const struct node *y)
{
    struct node *out = node_new(a, NODE_MAP);

    if (!x || !y)
        return x ? node_copy(a, x) : y ? node_copy(a, y) : NULL;
    NODE_EACH(child, x)
    if (!str_is(child->key, "."))
        put(out, child->key, rest_fields_union(a, child, node_get(y, child->key)));
    NODE_EACH(child, y)
    if (!str_is(child->key, ".") && !node_get(x, child->key))
        put(out, child->key, node_copy(a, child));
    return make(a, is_self(x) || is_self(y), out);
}

struct node *rest_fields_minus(struct arena *a, const struct node *x, const struct node *y)
{
    struct node *out = node_new(a, NODE_MAP);

    if (!x || !y)
        return x ? node_copy(a, x) : NULL;
    NODE_EACH(child, x)
    if (!str_is(child->key, "."))
        put(out, child->key, rest_fields_minus(a, child, node_get(y, child->key)));
    return make(a, is_self(x) && !is_self(y), out);
}

struct node *rest_fields_common(struct arena *a, const struct node *x, const struct node *y)
{
    struct node *out = node_new(a, NODE_MAP);

    if (!x || !y)
        return NULL;
    NODE_EACH(child, x)
    if (!str_is(child->key, "."))
        put(out, child->key, rest_fields_common(a, child, node_get(y, child->key)));
    return make(a, is_self(x) && is_self(y), out);
}

/* ---- values ---- */

static void merge_items(struct arena *a, struct rest_fields_shape s, struct node *out,
                        const struct node *config)
{
    NODE_EACH(item, config)
    {
        struct node *old = find_item(a, s.field, out, item_key(a, s.field, item));

        if (old)
            node_replace(old, rest_fields_merge(a, item_shape(s), old, item));
        else
            node_add(out, node_copy(a, item));
    }
}

struct node *rest_fields_merge(struct arena *a, struct rest_fields_shape s, const struct node *live,
                               const struct node *config)
{
    struct node *out;

    if (live && is_granular_map(live) && is_granular_map(config)) {
        out = node_copy(a, live);
        NODE_EACH(child, config)
        node_set(
            out, child->key,
            rest_fields_merge(a, member_shape(s, child->key), node_get(live, child->key), child));
        return out;
    }
    if (live && is_keyed_list(s, live) && is_keyed_list(s, config)) {
        out = node_copy(a, live);
        merge_items(a, s, out, config);
        return out;
    }
    return node_copy(a, config);
}

/* Takes child out of n, or what gone says below it. */
static void prune_child(struct arena *a, struct rest_fields_shape s, struct node *n,
                        struct node *child, const struct node *gone, const struct node *keep)
{
    if (is_self(gone) && !keep) {
        node_remove(n, child);
        return;
    }
    rest_fields_prune(a, s, child, gone, keep);
    if (!keep && child->count == 0 && (child->kind == NODE_MAP || child->kind == NODE_LIST))
        node_remove(n, child); /* it was there for what stood in it */
}

void rest_fields_prune(struct arena *a, struct rest_fields_shape s, struct node *n,
                       const struct node *gone, const struct node *keep)
{
    bool keyed = is_keyed_list(s, n);

    if (!gone || (!is_granular_map(n) && !keyed))
        return;
    for (struct node *child = n->first, *next; child; child = next) {
        struct str key = keyed ? item_key(a, s.field, child) : member_key(a, child->key);
        const struct node *g = node_get(gone, key);

        next = child->next;
        if (g)
            prune_child(a, keyed ? item_shape(s) : member_shape(s, child->key), n, child, g,
                        node_get(keep, key));
    }
}

/* ---- for people ---- */

/* "[port=80,protocol=\"TCP\"]" of "k:{...}" */
static struct str key_text(struct arena *a, struct str key)
{
    struct node *n;
    struct str out;
    struct buf b;

    if (node_json_read(a, str_skip(key, 2), NULL, NULL, &n) != 0 || n->kind != NODE_MAP)
        return key;
    buf_init(&b, 0);
    NODE_EACH(child, n)
    {
        buf_printf(&b, "%s%.*s=", buf_len(&b) ? "," : "[", STR_ARG(child->key));
        node_write_json(child, &b, 0);
    }
    buf_add_char(&b, ']');
    out = arena_str(a, buf_str(&b));
    buf_deinit(&b);
    return out;
}

struct paths {
    struct arena *arena;
    void (*each)(void *arg, struct str path);
    void *arg;
};

static void each_path(const struct paths *p, const struct node *set, struct str base)
{
    if (is_self(set))
        p->each(p->arg, base);
    NODE_EACH(child, set)
    {
        if (str_is(child->key, "."))
            continue;
        if (str_starts(child->key, STR("k:")))
            each_path(p, child,
                      arena_printf(p->arena, "%.*s%.*s", STR_ARG(base),
                                   STR_ARG(key_text(p->arena, child->key))));
        else
            each_path(p, child,
                      arena_printf(p->arena, "%.*s.%.*s", STR_ARG(base),
                                   STR_ARG(str_skip(child->key, 2))));
    }
}

void rest_fields_each(struct arena *a, const struct node *set,
                      void (*each)(void *arg, struct str path), void *arg)
{
    struct paths p = { a, each, arg };

    if (set)
        each_path(&p, set, STR(""));
}

bool rest_fields_is_set(const struct node *n)
{
    if (!n || n->kind != NODE_MAP)
        return false;
    NODE_EACH(child, n)
    if (!rest_fields_is_set(child))
        return false;
    return true;
}
