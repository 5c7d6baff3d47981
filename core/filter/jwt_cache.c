#include "core/filter/jwt_cache.h"

#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"

struct cache {
    struct map by_key;  /* rule and token -> struct jwt_cache_entry, one reference each */
    struct list oldest; /* first */
    uint32_t count;
};

static struct worker_key key;

static void drop(struct cache *c, struct jwt_cache_entry *e)
{
    map_remove(&c->by_key, e->key);
    list_remove(&e->link);
    c->count--;
    jwt_cache_unref(e);
}

static void free_cache(void *ptr)
{
    struct cache *c = ptr;

    while (!list_is_empty(&c->oldest))
        drop(c, LIST_ITEM(c->oldest.next, struct jwt_cache_entry, link));
    map_deinit(&c->by_key);
    mem_free(c);
}

static struct cache *cache_of(struct worker *w)
{
    struct cache *c = worker_get(w, &key);

    if (!c) {
        c = mem_alloc0(1, sizeof(*c));
        map_init(&c->by_key);
        list_init(&c->oldest);
        worker_set(w, &key, c, free_cache);
    }
    return c;
}

/* The rule's id in front of the token. */
static size_t write_key(char *to, uint64_t rule, struct str token)
{
    memcpy(to, &rule, sizeof(rule));
    memcpy(to + sizeof(rule), token.p, token.len);
    return sizeof(rule) + token.len;
}

struct jwt_cache_entry *jwt_cache_find(struct worker *w, uint64_t rule, struct str token)
{
    struct cache *c = cache_of(w);
    char text[sizeof(rule) + JWT_MAX_BYTES];
    struct jwt_cache_entry *e;

    if (c->count == 0 || token.len == 0 || token.len > JWT_MAX_BYTES)
        return NULL;
    e = map_get(&c->by_key, str_make(text, write_key(text, rule, token)));
    if (!e)
        return NULL;
    list_remove(&e->link);
    list_push(&c->oldest, &e->link);
    e->refs++;
    return e;
}

struct jwt_cache_entry *jwt_cache_read(struct str token, enum jwt_state *state)
{
    struct jwt_cache_entry *e = mem_alloc0(1, sizeof(*e));

    e->refs = 1;
    list_init(&e->link);
    arena_init(&e->arena, 2048);
    e->token = arena_str(&e->arena, token.len > JWT_MAX_BYTES ? STR_NONE : token);
    *state = jwt_parse(e->token, &e->arena, &e->jwt);
    return e;
}

void jwt_cache_keep(struct worker *w, uint64_t rule, struct jwt_cache_entry *e)
{
    struct cache *c = cache_of(w);
    char *text = arena_alloc(&e->arena, sizeof(rule) + e->token.len);

    e->rule = rule;
    e->key = str_make(text, write_key(text, rule, e->token));
    if (map_find(&c->by_key, e->key))
        return;
    if (c->count == JWT_CACHE_MAX)
        drop(c, LIST_ITEM(c->oldest.next, struct jwt_cache_entry, link));
    map_put(&c->by_key, e->key, e);
    list_push(&c->oldest, &e->link);
    c->count++;
    e->refs++;
}

void jwt_cache_unref(struct jwt_cache_entry *e)
{
    if (!e || --e->refs > 0)
        return;
    arena_deinit(&e->arena);
    mem_free(e);
}
