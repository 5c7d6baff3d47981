#include "core/text/node_strategic.h"

#include "core/base/error.h"
#include "core/base/mem.h"

struct strategic {
    struct arena *arena;
    struct str why; /* of the first mistake */
};

static const struct str patch_key = STR_INIT("$patch"), retain_key = STR_INIT("$retainKeys");
static const struct str order_prefix = STR_INIT("$setElementOrder/");
static const struct str delete_prefix = STR_INIT("$deleteFromPrimitiveList/");

/* Lists inside pods that our rows do not have, as Kubernetes merges them. */
static const struct {
    const char *list, *key;
} known_lists[] = {
    { "containers", "name" },
    { "initContainers", "name" },
    { "ephemeralContainers", "name" },
    { "env", "name" },
    { "volumes", "name" },
    { "volumeMounts", "mountPath" },
    { "volumeDevices", "devicePath" },
    { "imagePullSecrets", "name" },
    { "secrets", "name" },
    { "hostAliases", "ip" },
    { "topologySpreadConstraints", "topologyKey" },
};

static int merge_map(struct strategic *s, struct node *target, const struct node *patch,
                     const struct field_message *m);

static int fail(struct strategic *s, struct str why)
{
    if (!s->why.p)
        s->why = why;
    return ERR_INVALID;
}

static bool is_directive(struct str key)
{
    return key.len > 0 && key.p[0] == '$';
}

static struct node *find_directive(const struct node *patch, struct str prefix, struct str name)
{
    NODE_EACH(it, patch)
    if (it->key.len == prefix.len + name.len && str_starts(it->key, prefix) &&
        str_ends(it->key, name))
        return it;
    return NULL;
}

/* ---- which lists are merged ---- */

struct merging {
    bool merged;
    struct str key; /* empty: scalars */
    const struct field_message *m;
};

/* The one member that the items of an order list have. */
static struct str key_of_order(const struct node *order)
{
    if (order && order->first && order->first->kind == NODE_MAP && order->first->first)
        return order->first->first->key;
    return STR_NONE;
}

static struct merging merging_of(const struct node *patch, struct str name, const struct field *f)
{
    const struct node *order = find_directive(patch, order_prefix, name);
    struct merging out = { .m = f && f->type == FIELD_TYPE_MSG ? f->msg : NULL };

    if (f && f->shape == FIELD_SHAPE_LIST && f->merge_key) {
        struct str keys = str_of(f->merge_key);

        out.merged = true;
        out.key = str_cut(&keys, ','); /* the others are for server-side apply */
    } else if (order || find_directive(patch, delete_prefix, name)) {
        out.merged = true;
        out.key = key_of_order(order);
    }
    for (size_t i = 0; !f && !out.merged && i < COUNT_OF(known_lists); i++) {
        if (!str_is(name, known_lists[i].list))
            continue;
        out.merged = true;
        out.key = str_of(known_lists[i].key);
    }
    return out;
}

/* ---- lists ---- */

static struct node *find_scalar(const struct node *list, const struct node *value)
{
    NODE_EACH(it, list)
    if (node_equal(it, value))
        return it;
    return NULL;
}

static struct node *find_item(const struct node *list, struct str key, const struct node *like)
{
    const struct node *want = node_get(like, key);

    NODE_EACH(it, list)
    {
        const struct node *have = node_get(it, key);

        if (have && want && node_equal(have, want))
            return it;
    }
    return NULL;
}

static void merge_scalars(struct strategic *s, struct node *list, const struct node *patch)
{
    NODE_EACH(it, patch)
    if (!find_scalar(list, it))
        node_add(list, node_copy(s->arena, it));
}

static bool has_patch(const struct node *item, const char *what)
{
    const struct node *directive = node_get(item, patch_key);

    return directive && str_is(directive->text, what);
}

static int merge_item(struct strategic *s, struct node *list, const struct node *item,
                      const struct merging *how)
{
    struct node *old, *fresh;

    if (item->kind != NODE_MAP || !node_get(item, how->key))
        return fail(s,
                    arena_printf(s->arena, "an item of a list has no \"%.*s\"", STR_ARG(how->key)));
    old = find_item(list, how->key, item);
    if (has_patch(item, "delete")) {
        for (; old; old = find_item(list, how->key, item))
            node_remove(list, old);
        return 0;
    }
    if (old)
        return merge_map(s, old, item, how->m);
    fresh = node_new(s->arena, NODE_MAP);
    node_add(list, fresh);
    return merge_map(s, fresh, item, how->m);
}

static int merge_items(struct strategic *s, struct node *list, const struct node *patch,
                       const struct merging *how)
{
    NODE_EACH(it, patch)
    if (it->kind == NODE_MAP && has_patch(it, "replace")) {
        while (list->first)
            node_remove(list, list->first);
        break;
    }
    NODE_EACH(it, patch)
    {
        int err;

        if (it->kind == NODE_MAP && has_patch(it, "replace") && it->count == 1)
            continue;
        err = merge_item(s, list, it, how);
        if (err)
            return err;
    }
    return 0;
}

/* Items that order names come in that order, where the first of them stood; others keep theirs. */
static void reorder(struct node *list, const struct node *order, struct str key)
{
    struct node *mark = NULL;

    NODE_EACH(it, order)
    {
        struct node *item = key.len ? find_item(list, key, it) : find_scalar(list, it);

        if (!item)
            continue;
        if (mark && item != mark->next) {
            node_remove(list, item);
            node_insert(list, mark->next, item);
        }
        mark = item;
    }
}

/* ---- maps ---- */

static const struct field_message *value_message(const struct field *f)
{
    return f && f->type == FIELD_TYPE_MSG && f->shape != FIELD_SHAPE_LIST ? f->msg : NULL;
}

static int merge_member(struct strategic *s, struct node *target, const struct node *patch,
                        const struct node *member, const struct field *f)
{
    struct node *old = node_get(target, member->key), *fresh;
    struct merging how;

    if (member->kind == NODE_NULL) {
        node_unset(target, member->key);
        return 0;
    }
    if (member->kind == NODE_MAP) {
        if (old && old->kind == NODE_MAP)
            return merge_map(s, old, member, value_message(f));
        fresh = node_new(s->arena, NODE_MAP);
        node_set(target, member->key, fresh);
        return merge_map(s, fresh, member, value_message(f));
    }
    how = merging_of(patch, member->key, f);
    if (member->kind != NODE_LIST || !how.merged) {
        node_set(target, member->key, node_copy(s->arena, member));
        return 0;
    }
    if (!old || old->kind != NODE_LIST) {
        old = node_new(s->arena, NODE_LIST);
        node_set(target, member->key, old);
    }
    if (how.key.len)
        return merge_items(s, old, member, &how);
    merge_scalars(s, old, member);
    return 0;
}

static void delete_scalars(struct node *target, const struct node *directive)
{
    struct node *list = node_get(target, str_skip(directive->key, delete_prefix.len)), *found;

    NODE_EACH(it, directive)
    while (list && (found = find_scalar(list, it)))
        node_remove(list, found);
}

static void retain(struct node *target, const struct node *names)
{
    for (struct node *it = target->first, *next; it; it = next) {
        bool named = false;

        next = it->next;
        NODE_EACH(name, names)
        named = named || str_eq(name->text, it->key);
        if (!named)
            node_remove(target, it);
    }
}

static int merge_directives(struct strategic *s, struct node *target, const struct node *patch,
                            const struct field_message *m)
{
    NODE_EACH(it, patch)
    {
        struct str name = str_skip(it->key, order_prefix.len);
        struct node *list = node_get(target, name);
        const struct field *f = m ? field_find(m, name) : NULL;

        if (str_starts(it->key, order_prefix) && list && list->kind == NODE_LIST &&
            it->kind == NODE_LIST)
            reorder(list, it,
                    it->first && it->first->kind == NODE_MAP ? merging_of(patch, name, f).key
                                                             : STR_NONE);
        else if (!str_starts(it->key, order_prefix) && !str_starts(it->key, delete_prefix) &&
                 is_directive(it->key) && !str_eq(it->key, patch_key) &&
                 !str_eq(it->key, retain_key))
            return fail(s, arena_printf(s->arena, "\"%.*s\" is no directive", STR_ARG(it->key)));
    }
    return 0;
}

static int merge_map(struct strategic *s, struct node *target, const struct node *patch,
                     const struct field_message *m)
{
    const struct node *directive = node_get(patch, patch_key);
    bool replaces = directive && str_is(directive->text, "replace");
    bool deletes = directive && str_is(directive->text, "delete");

    if (directive && !replaces && !deletes && !str_is(directive->text, "merge"))
        return fail(s, arena_printf(s->arena, "$patch: \"%.*s\" is not merge, replace or delete",
                                    STR_ARG(directive->text)));
    if (node_get(patch, retain_key))
        retain(target, node_get(patch, retain_key));
    while ((replaces || deletes) && target->first)
        node_remove(target, target->first);
    if (deletes)
        return 0;
    NODE_EACH(it, patch)
    {
        int err = 0;

        if (str_starts(it->key, delete_prefix))
            delete_scalars(target, it);
        else if (!is_directive(it->key))
            err = merge_member(s, target, patch, it, m ? field_find(m, it->key) : NULL);
        if (err)
            return err;
    }
    return merge_directives(s, target, patch, m);
}

int node_strategic(struct arena *a, const struct node *target, const struct node *patch,
                   const struct field_message *m, struct node **out, struct str *why)
{
    struct strategic s = { .arena = a };
    struct node *copy;
    int err;

    if (patch->kind != NODE_MAP || target->kind != NODE_MAP) {
        if (why)
            *why = STR("a strategic merge patch is a map");
        return ERR_INVALID;
    }
    copy = node_copy(a, target);
    err = merge_map(&s, copy, patch, m);
    if (err && why)
        *why = s.why;
    else if (!err)
        *out = copy;
    return err;
}
