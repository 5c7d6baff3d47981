#include "core/route/route_index.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/route/route_key.h"

/* What one request may be asked for. A key beyond these bounds is not used; its routes are filed
 * under another one, or found without. */
#define LENGTHS_MAX 48 /* distinct lengths of prefixes, per case */
#define NAMES_MAX   16 /* distinct headers, and as many parameters */
#define CURSORS_MAX (1 + 2 + 2 * LENGTHS_MAX + 2 * NAMES_MAX)

/* The routes filed under the keys of one hash. Keys are not compared: what is found by chance fails
 * its own conditions, and a look touches one line of memory. */
struct bucket {
    uint64_t hash;  /* 0: free */
    uint32_t count; /* of routes; while building first those that could be filed here */
    uint32_t at;    /* one route: its number; more: their place in index->routes */
};

struct lengths {
    uint32_t list[LENGTHS_MAX]; /* ascending */
    uint32_t count;
};

struct names {
    struct {
        struct str name;
        uint16_t token;
    } list[NAMES_MAX];
    uint32_t count;
};

struct route_index {
    struct bucket *buckets; /* open addressing */
    uint32_t mask;
    uint32_t *routes; /* numbers, ascending within each bucket */
    uint32_t rest_at, rest_count;
    struct lengths prefixes, any_case_prefixes;
    bool has_exact, has_any_case_exact;
    struct names headers, queries;
};

/* A list being walked: the next number is routes[at]. */
struct cursor {
    const uint32_t *at, *end;
};

/* ---- the table ---- */

/* The bucket of a hash, or the free one where it would be. */
static struct bucket *look_up(const struct route_index *index, uint64_t hash)
{
    uint32_t i = (uint32_t)hash & index->mask;

    while (index->buckets[i].hash && index->buckets[i].hash != hash)
        i = (i + 1) & index->mask;
    return &index->buckets[i];
}

/* ---- building ---- */

struct build {
    struct route_index *index;
    const struct model_vhost *vhost;
    struct route_key (*keys)[ROUTE_KEYS_MAX]; /* of each route */
    uint32_t *key_counts;
    struct bucket **chosen; /* of each route; NULL: the rest */
};

static bool add_length(struct lengths *l, uint32_t len)
{
    uint32_t at = l->count;

    for (uint32_t i = 0; i < l->count; i++) {
        if (l->list[i] == len)
            return true;
    }
    if (l->count == LENGTHS_MAX)
        return false;
    for (; at && l->list[at - 1] > len; at--)
        l->list[at] = l->list[at - 1];
    l->list[at] = len;
    l->count++;
    return true;
}

static bool add_name(struct names *names, const struct route_key *key)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (str_eq(names->list[i].name, key->name))
            return true;
    }
    if (names->count == NAMES_MAX)
        return false;
    names->list[names->count].name = key->name;
    names->list[names->count++].token = key->token;
    return true;
}

/* Whether requests can be asked for this key. */
static bool admit(struct route_index *index, const struct route_key *key)
{
    switch (key->kind) {
    case ROUTE_KEY_PATH_EXACT:
        index->has_exact = true;
        return true;
    case ROUTE_KEY_PATH_EXACT_ANY_CASE:
        index->has_any_case_exact = true;
        return true;
    case ROUTE_KEY_PATH_PREFIX:
        return add_length(&index->prefixes, (uint32_t)key->text.len);
    case ROUTE_KEY_PATH_PREFIX_ANY_CASE:
        return add_length(&index->any_case_prefixes, (uint32_t)key->text.len);
    case ROUTE_KEY_HEADER:
        return add_name(&index->headers, key);
    default:
        return add_name(&index->queries, key);
    }
}

static void choose(struct build *b, uint32_t route)
{
    struct bucket *best = NULL;

    for (uint32_t i = 0; i < b->key_counts[route]; i++) {
        const struct route_key *key = &b->keys[route][i];
        struct bucket *found = look_up(b->index, route_key_hash(key));

        if ((!best || found->count < best->count) && admit(b->index, key))
            best = found;
    }
    b->chosen[route] = best;
}

/* Counts what was chosen, gives each bucket its place, then files the routes in order. */
static void file(struct build *b)
{
    struct route_index *index = b->index;
    uint32_t n = b->vhost->route_count, at = 0;
    uint32_t *filed = mem_alloc0((size_t)index->mask + 1, sizeof(*filed));

    for (uint32_t i = 0; i <= index->mask; i++)
        index->buckets[i].count = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (b->chosen[i])
            b->chosen[i]->count++;
    }
    for (uint32_t i = 0; i <= index->mask; i++) {
        index->buckets[i].at = at;
        at += index->buckets[i].count > 1 ? index->buckets[i].count : 0;
    }
    index->rest_at = at;
    for (uint32_t i = 0; i < n; i++) {
        struct bucket *to = b->chosen[i];

        if (!to)
            index->routes[index->rest_at + index->rest_count++] = i;
        else if (to->count == 1)
            to->at = i;
        else
            index->routes[to->at + filed[to - index->buckets]++] = i;
    }
    mem_free(filed);
}

void route_index_build(struct model_vhost *vhost, struct arena *arena)
{
    uint32_t n = vhost->route_count, total = 0, size = 16;
    struct build b = { .vhost = vhost };

    vhost->index = NULL;
    if (n < ROUTE_INDEX_MIN_ROUTES)
        return;
    b.index = arena_alloc0(arena, 1, sizeof(*b.index));
    b.keys = mem_alloc0(n, sizeof(*b.keys));
    b.key_counts = mem_alloc0(n, sizeof(*b.key_counts));
    b.chosen = mem_alloc0(n, sizeof(struct bucket *));
    for (uint32_t i = 0; i < n; i++) {
        b.key_counts[i] = route_key_list(&vhost->routes[i].match, b.keys[i], arena);
        total += b.key_counts[i];
    }
    while (size < total * 2)
        size *= 2;
    b.index->buckets = arena_alloc0(arena, size, sizeof(*b.index->buckets));
    b.index->mask = size - 1;
    b.index->routes = arena_alloc0(arena, n, sizeof(*b.index->routes));
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < b.key_counts[i]; k++) {
            uint64_t hash = route_key_hash(&b.keys[i][k]);
            struct bucket *found = look_up(b.index, hash);

            found->hash = hash;
            found->count++;
        }
    }
    for (uint32_t i = 0; i < n; i++)
        choose(&b, i);
    file(&b);
    vhost->index = b.index;
    mem_free(b.keys);
    mem_free(b.key_counts);
    mem_free(b.chosen);
}

/* ---- finding ---- */

struct search {
    const struct route_index *index;
    struct cursor list[CURSORS_MAX];
    uint32_t count;
};

static void add_cursor(struct search *s, const uint32_t *first, uint32_t count)
{
    if (count)
        s->list[s->count++] = (struct cursor){ first, first + count };
}

static void ask(struct search *s, uint8_t kind, struct str name, struct str text)
{
    const struct route_key key = { .kind = kind, .name = name, .text = text };
    const struct bucket *b = look_up(s->index, route_key_hash(&key));

    add_cursor(s, b->count == 1 ? &b->at : s->index->routes + b->at, b->count);
}

static void ask_prefixes(struct search *s, uint8_t kind, const struct lengths *l, struct str path)
{
    for (uint32_t i = 0; i < l->count && l->list[i] <= path.len; i++)
        ask(s, kind, STR_NONE, str_head(path, l->list[i]));
}

static void ask_path(struct search *s, const struct route_query *q)
{
    const struct route_index *index = s->index;

    if (index->has_exact)
        ask(s, ROUTE_KEY_PATH_EXACT, STR_NONE, q->path);
    ask_prefixes(s, ROUTE_KEY_PATH_PREFIX, &index->prefixes, q->path);
    if (index->has_any_case_exact || index->any_case_prefixes.count) {
        struct str lower = arena_lower(q->arena, q->path);

        ask(s, ROUTE_KEY_PATH_EXACT_ANY_CASE, STR_NONE, lower);
        ask_prefixes(s, ROUTE_KEY_PATH_PREFIX_ANY_CASE, &index->any_case_prefixes, lower);
    }
}

static void ask_values(struct search *s, const struct route_query *q)
{
    const struct names *headers = &s->index->headers, *queries = &s->index->queries;

    for (uint32_t i = 0; i < headers->count; i++) {
        struct str value = route_match_header_value(q->head, headers->list[i].name,
                                                    headers->list[i].token, q->arena);

        if (value.p)
            ask(s, ROUTE_KEY_HEADER, headers->list[i].name, value);
    }
    for (uint32_t i = 0; i < queries->count; i++) {
        struct str value = route_match_query_value(q->query, queries->list[i].name);

        if (value.p)
            ask(s, ROUTE_KEY_QUERY, queries->list[i].name, value);
    }
}

const struct model_route *route_index_find(const struct route_index *index,
                                           const struct model_vhost *vhost,
                                           const struct route_query *q)
{
    struct search s;

    s.index = index;
    s.count = 0;
    add_cursor(&s, index->routes + index->rest_at, index->rest_count);
    ask_path(&s, q);
    ask_values(&s, q);
    while (s.count) {
        const struct model_route *route;
        uint32_t least = 0;

        for (uint32_t i = 1; i < s.count; i++) {
            if (*s.list[i].at < *s.list[least].at)
                least = i;
        }
        route = &vhost->routes[*s.list[least].at];
        if (route_match_request(&route->match, q))
            return route;
        if (++s.list[least].at == s.list[least].end)
            s.list[least] = s.list[--s.count];
    }
    return NULL;
}
