#include "modes/control/rest_managed.h"

#include "core/base/error.h"
#include "modes/control/rest_fields.h"

/* Nobody owns these. */
static const char *const free_root[] = { "apiVersion", "kind" };
static const char *const free_meta[] = { "name",
                                         "namespace",
                                         "uid",
                                         "selfLink",
                                         "creationTimestamp",
                                         "deletionTimestamp",
                                         "generation",
                                         "resourceVersion",
                                         "managedFields",
                                         "deletionGracePeriodSeconds",
                                         "generateName" };

/* What is counted: a copy without what nobody owns. */
static struct node *bare(struct arena *a, const struct api_kind *k, const struct node *n)
{
    struct node *out = node_copy(a, n), *meta;

    for (size_t i = 0; i < sizeof(free_root) / sizeof(free_root[0]); i++)
        node_unset(out, str_of(free_root[i]));
    if (k->has_status)
        node_unset(out, STR("status"));
    meta = node_getz(out, "metadata");
    for (size_t i = 0; meta && i < sizeof(free_meta) / sizeof(free_meta[0]); i++)
        node_unset(meta, str_of(free_meta[i]));
    if (meta && meta->count == 0)
        node_unset(out, STR("metadata"));
    return out;
}

static struct rest_fields_shape root_of(const struct api_kind *k)
{
    return (struct rest_fields_shape){ .message = k->root };
}

static struct node *set_of(const struct node *entry)
{
    return node_getz(entry, "fieldsV1");
}

static bool is_entry(const struct node *n)
{
    return n->kind == NODE_MAP && node_get_str(n, "manager").len > 0 &&
           node_get_str(n, "operation").len > 0 && rest_fields_is_set(set_of(n));
}

/* A copy of the entries of a's list; the list is empty when there are none. */
static struct node *entries_of(struct arena *a, const struct node *n)
{
    const struct node *list = node_getz(node_getz(n, "metadata"), "managedFields");
    struct node *out = node_new(a, NODE_LIST);

    if (list && list->kind == NODE_LIST) {
        NODE_EACH(it, list)
        if (is_entry(it))
            node_add(out, node_copy(a, it));
    }
    return out;
}

static bool is_mine(const struct node *entry, const struct rest_managed_by *by, bool apply)
{
    return str_eq(node_get_str(entry, "manager"), by->manager) &&
           str_is(node_get_str(entry, "operation"), apply ? "Apply" : "Update") &&
           node_get_str(entry, "subresource").len == 0 &&
           (apply || str_eq(node_get_str(entry, "apiVersion"), by->api_version));
}

static struct node *find_mine(struct node *entries, const struct rest_managed_by *by, bool apply)
{
    NODE_EACH(it, entries)
    if (is_mine(it, by, apply))
        return it;
    return NULL;
}

/* Puts set into the entry; an empty one takes the entry out. */
static void put_set(struct arena *a, struct node *entries, struct node *entry, struct node *set,
                    const struct rest_managed_by *by)
{
    if (!set) {
        node_remove(entries, entry);
        return;
    }
    if (by && !(set_of(entry) && node_equal(set_of(entry), set)))
        node_set_str(a, entry, "time", by->time);
    node_set(entry, STR("fieldsV1"), set);
}

static struct node *add_entry(struct arena *a, struct node *entries,
                              const struct rest_managed_by *by, bool apply)
{
    struct node *entry = node_new(a, NODE_MAP);

    node_set_str(a, entry, "manager", by->manager);
    node_set_str(a, entry, "operation", apply ? STR("Apply") : STR("Update"));
    node_set_str(a, entry, "apiVersion", by->api_version);
    node_set_str(a, entry, "fieldsType", STR("FieldsV1"));
    node_add(entries, entry);
    return entry;
}

static void put_entries(struct arena *a, struct node *n, struct node *entries)
{
    struct node *meta = node_getz(n, "metadata");

    if (!meta) {
        meta = node_new(a, NODE_MAP);
        node_set(n, STR("metadata"), meta);
    }
    if (entries->count)
        node_set(meta, STR("managedFields"), entries);
    else
        node_unset(meta, STR("managedFields"));
}

/* The oldest of too many updaters become one. */
static void cap_updaters(struct arena *a, struct node *entries)
{
    size_t updaters = 0;
    struct node *first = NULL;

    NODE_EACH(it, entries)
    updaters += str_is(node_get_str(it, "operation"), "Update");
    for (struct node *it = entries->first, *next; it && updaters > REST_MANAGED_MAX_UPDATERS;
         it = next) {
        next = it->next;
        if (!str_is(node_get_str(it, "operation"), "Update"))
            continue;
        if (!first) {
            first = it;
            node_set_str(a, first, "manager", STR("ancient-changes"));
            continue;
        }
        node_set(first, STR("fieldsV1"), rest_fields_union(a, set_of(first), set_of(it)));
        node_remove(entries, it);
        updaters--;
    }
}

/* Whether the client asks for a clean slate: [{}] as in Kubernetes. */
static bool is_reset(const struct node *next)
{
    const struct node *list = node_getz(node_getz(next, "metadata"), "managedFields");

    return list && list->kind == NODE_LIST && list->count == 1 && list->first->count == 0;
}

void rest_managed_update(struct arena *a, const struct api_kind *k, const struct node *was,
                         struct node *next, const struct rest_managed_by *by)
{
    struct node *none = node_new(a, NODE_MAP), *entries = entries_of(a, next), *mine, *set;
    struct node *old = was ? bare(a, k, was) : none;
    struct rest_fields_diff d;

    if (is_reset(next)) {
        put_entries(a, next, entries);
        return;
    }
    if (entries->count == 0 && was)
        entries = entries_of(a, was);
    d = rest_fields_compare(a, root_of(k), old, bare(a, k, next));
    for (struct node *it = entries->first, *following; it; it = following) {
        following = it->next;
        set = rest_fields_minus(a, set_of(it), d.removed);
        if (!is_mine(it, by, false))
            put_set(a, entries, it, rest_fields_minus(a, set, d.changed), NULL);
        else
            put_set(a, entries, it, rest_fields_union(a, set, d.changed), by);
    }
    mine = find_mine(entries, by, false);
    if (!mine && d.changed) {
        mine = add_entry(a, entries, by, false);
        put_set(a, entries, mine, d.changed, by);
    }
    cap_updaters(a, entries);
    put_entries(a, next, entries);
}

/* ---- apply ---- */

struct conflicts {
    struct arena *arena;
    struct node *causes;
    const struct node *entry;
};

static void add_conflict(void *arg, struct str path)
{
    struct conflicts *c = arg;
    struct node *cause = node_new(c->arena, NODE_MAP);

    node_set_str(c->arena, cause, "reason", STR("FieldManagerConflict"));
    node_set_str(c->arena, cause, "message",
                 arena_printf(c->arena, "conflict with \"%.*s\" using %.*s",
                              STR_ARG(node_get_str(c->entry, "manager")),
                              STR_ARG(node_get_str(c->entry, "apiVersion"))));
    node_set_str(c->arena, cause, "field", path);
    node_add(c->causes, cause);
}

int rest_managed_apply(struct arena *a, const struct api_kind *k, const struct node *live,
                       const struct node *config, const struct rest_managed_by *by,
                       struct node **out, struct node **causes)
{
    struct node *set = rest_fields_of(a, root_of(k), bare(a, k, config)), *keep = set;
    struct node *entries, *merged, *mine;
    struct conflicts conflicts = { .arena = a, .causes = node_new(a, NODE_LIST) };
    struct rest_fields_diff d;

    entries = live ? entries_of(a, live) : node_new(a, NODE_LIST);
    mine = find_mine(entries, by, true);
    merged = rest_fields_merge(a, root_of(k), live, config);
    NODE_EACH(it, entries)
    if (it != mine)
        keep = rest_fields_union(a, keep, set_of(it));
    if (mine)
        rest_fields_prune(a, root_of(k), merged, rest_fields_minus(a, set_of(mine), set), keep);
    d = rest_fields_compare(a, root_of(k), live ? bare(a, k, live) : node_new(a, NODE_MAP),
                            bare(a, k, merged));
    for (struct node *it = entries->first, *next; it; it = next) {
        next = it->next;
        if (it == mine)
            continue;
        conflicts.entry = it;
        if (!by->force)
            rest_fields_each(a, rest_fields_common(a, set_of(it), d.changed), add_conflict,
                             &conflicts);
        put_set(a, entries, it,
                rest_fields_minus(a, rest_fields_minus(a, set_of(it), d.changed), d.removed), NULL);
    }
    if (conflicts.causes->count) {
        *causes = conflicts.causes;
        return ERR_CONFLICT;
    }
    if (!mine)
        mine = add_entry(a, entries, by, true);
    node_set_str(a, mine, "apiVersion", by->api_version);
    put_set(a, entries, mine, set, by);
    put_entries(a, merged, entries);
    *out = merged;
    return 0;
}
