#include "core/route/route_index.h"

#include <stdlib.h>

#include "core/base/mem.h"

#define NO_PARENT UINT32_MAX
/* Nested prefixes of one path; a host with more of them is searched in order. */
#define MAX_DEPTH 62

struct entry {
    struct str text;
    uint32_t parent; /* the longest other entry that is a prefix of this one, or NO_PARENT */
    uint32_t depth;  /* entries on the way up, with this one */
    uint32_t exact_at, exact_count;   /* in index->routes: need the whole path */
    uint32_t prefix_at, prefix_count; /* need it as a prefix */
};

struct route_index {
    struct entry *entries; /* ascending by text */
    uint32_t entry_count;
    uint32_t *routes;             /* numbers, ascending within each list */
    uint32_t rest_at, rest_count; /* routes whose path condition is of another kind, or none */
};

/* What is known of one route while building. */
struct path_key {
    struct str text;
    uint32_t route;
    bool is_exact;
};

/* A list being walked: the next number is routes[at]. */
struct cursor {
    const uint32_t *at, *end;
};

/* False: the route goes to the rest. */
static bool key_of(const struct model_route *route, struct path_key *key)
{
    const struct model_string_match *path = route->match.path;

    if (!path || path->invert || path->ignore_case)
        return false;
    key->text = path->value;
    key->is_exact = path->type == MODEL_MATCH_EXACT;
    if (path->type == MODEL_MATCH_PATH_PREFIX && key->text.len &&
        key->text.p[key->text.len - 1] == '/')
        key->text.len--; /* "/a/" matches "/a" too */
    return key->is_exact || path->type == MODEL_MATCH_PREFIX ||
           path->type == MODEL_MATCH_PATH_PREFIX;
}

static int by_text(const void *a, const void *b)
{
    const struct path_key *x = a, *y = b;
    int order = str_cmp(x->text, y->text);

    if (order)
        return order;
    if (x->is_exact != y->is_exact)
        return x->is_exact ? -1 : 1;
    return x->route < y->route ? -1 : x->route > y->route;
}

static void link_parent(struct route_index *index, uint32_t number)
{
    struct entry *e = &index->entries[number];
    uint32_t up = number ? number - 1 : NO_PARENT;

    while (up != NO_PARENT && !str_starts(e->text, index->entries[up].text))
        up = index->entries[up].parent;
    e->parent = up;
    e->depth = up == NO_PARENT ? 1 : index->entries[up].depth + 1;
}

/* keys are sorted. Returns the greatest depth. */
static uint32_t fill(struct route_index *index, const struct path_key *keys, uint32_t count)
{
    uint32_t deepest = 0;

    for (uint32_t i = 0; i < count;) {
        struct entry *e = &index->entries[index->entry_count];

        *e = (struct entry){ .text = keys[i].text, .exact_at = i };
        for (; i < count && str_eq(keys[i].text, e->text) && keys[i].is_exact; i++) {
            index->routes[i] = keys[i].route;
            e->exact_count++;
        }
        e->prefix_at = i;
        for (; i < count && str_eq(keys[i].text, e->text); i++) {
            index->routes[i] = keys[i].route;
            e->prefix_count++;
        }
        link_parent(index, index->entry_count++);
        deepest = e->depth > deepest ? e->depth : deepest;
    }
    return deepest;
}

void route_index_build(struct model_vhost *vhost, struct arena *arena)
{
    struct route_index *index;
    struct path_key *keys;
    uint32_t count = 0;

    vhost->index = NULL;
    if (vhost->route_count < ROUTE_INDEX_MIN_ROUTES)
        return;
    keys = mem_alloc0(vhost->route_count, sizeof(*keys));
    index = arena_alloc0(arena, 1, sizeof(*index));
    index->routes = arena_alloc0(arena, vhost->route_count, sizeof(*index->routes));
    for (uint32_t i = 0; i < vhost->route_count; i++) {
        keys[count].route = i;
        if (key_of(&vhost->routes[i], &keys[count]))
            count++;
    }
    qsort(keys, count, sizeof(*keys), by_text);
    index->entries = arena_alloc0(arena, count, sizeof(*index->entries));
    if (fill(index, keys, count) <= MAX_DEPTH)
        vhost->index = index;
    index->rest_at = count;
    for (uint32_t i = 0; i < vhost->route_count; i++) {
        struct path_key unused;

        if (!key_of(&vhost->routes[i], &unused))
            index->routes[index->rest_at + index->rest_count++] = i;
    }
    mem_free(keys);
}

/* The greatest entry that is not above path, or NO_PARENT. */
static uint32_t floor_of(const struct route_index *index, struct str path)
{
    uint32_t low = 0, high = index->entry_count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (str_cmp(index->entries[mid].text, path) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? low - 1 : NO_PARENT;
}

static void add_cursor(struct cursor *list, uint32_t *n, const uint32_t *at, uint32_t count)
{
    if (count)
        list[(*n)++] = (struct cursor){ at, at + count };
}

static uint32_t find_cursors(const struct route_index *index, struct str path, struct cursor *list)
{
    uint32_t at = floor_of(index, path), n = 0;

    add_cursor(list, &n, index->routes + index->rest_at, index->rest_count);
    if (at != NO_PARENT && str_eq(index->entries[at].text, path))
        add_cursor(list, &n, index->routes + index->entries[at].exact_at,
                   index->entries[at].exact_count);
    for (; at != NO_PARENT; at = index->entries[at].parent) {
        const struct entry *e = &index->entries[at];

        if (str_starts(path, e->text))
            add_cursor(list, &n, index->routes + e->prefix_at, e->prefix_count);
    }
    return n;
}

const struct model_route *route_index_find(const struct route_index *index,
                                           const struct model_vhost *vhost,
                                           const struct route_query *q)
{
    struct cursor list[MAX_DEPTH + 2];
    uint32_t n = find_cursors(index, q->path, list);

    while (n) {
        const struct model_route *route;
        uint32_t least = 0;

        for (uint32_t i = 1; i < n; i++) {
            if (*list[i].at < *list[least].at)
                least = i;
        }
        route = &vhost->routes[*list[least].at];
        if (route_match_request(&route->match, q))
            return route;
        if (++list[least].at == list[least].end)
            list[least] = list[--n];
    }
    return NULL;
}
