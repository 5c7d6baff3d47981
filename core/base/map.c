#include "core/base/map.h"

#include "core/base/hash.h"
#include "core/base/mem.h"

/* A used slot never has hash 0. */
static uint64_t nonzero(uint64_t hash)
{
    return hash ? hash : 1;
}

static uint64_t hash_of(struct str key)
{
    return nonzero(hash_keyed(key.p, key.len));
}

static uint64_t hash_of_u64(uint64_t key)
{
    return nonzero(hash_keyed_u64(key));
}

void map_init(struct map *m)
{
    *m = (struct map){ 0 };
}

void map_deinit(struct map *m)
{
    mem_free(m->slots);
    map_init(m);
}

void map_clear(struct map *m)
{
    if (m->cap)
        memset(m->slots, 0, m->cap * sizeof(*m->slots));
    m->count = 0;
}

/* u64 keys have key.p == NULL, so the two kinds never compare equal by accident. */
static bool is_same(const struct map_slot *s, uint64_t hash, struct str key)
{
    if (s->hash != hash || s->key.len != key.len)
        return false;
    if (!key.p || !s->key.p)
        return !key.p && !s->key.p;
    return memcmp(s->key.p, key.p, key.len) == 0;
}

static struct map_slot *probe(const struct map *m, uint64_t hash, struct str key)
{
    size_t i;

    if (m->cap == 0)
        return NULL;
    for (i = hash & (m->cap - 1); m->slots[i].hash; i = (i + 1) & (m->cap - 1)) {
        if (is_same(&m->slots[i], hash, key))
            break;
    }
    return &m->slots[i];
}

static void grow(struct map *m)
{
    struct map old = *m;
    size_t at = 0;

    m->cap = old.cap ? old.cap * 2 : 8;
    m->slots = mem_alloc0(m->cap, sizeof(*m->slots));
    for (struct map_slot *s; (s = map_next(&old, &at));) {
        size_t i = s->hash & (m->cap - 1);

        while (m->slots[i].hash)
            i = (i + 1) & (m->cap - 1);
        m->slots[i] = *s;
    }
    mem_free(old.slots);
}

static void *put(struct map *m, uint64_t hash, struct str key, void *value)
{
    struct map_slot *s;
    void *old;

    if ((m->count + 1) * 4 > m->cap * 3)
        grow(m);
    s = probe(m, hash, key);
    old = s->hash ? s->value : NULL;
    if (!s->hash)
        m->count++;
    *s = (struct map_slot){ .key = key, .hash = hash, .value = value };
    return old;
}

/* Closes the hole by moving back entries that had probed past it, so no tombstones are needed. */
static void *take(struct map *m, struct map_slot *s)
{
    size_t mask = m->cap - 1, hole, i;
    void *value;

    if (!s || !s->hash)
        return NULL;
    value = s->value;
    hole = (size_t)(s - m->slots);
    for (i = (hole + 1) & mask; m->slots[i].hash; i = (i + 1) & mask) {
        size_t home = m->slots[i].hash & mask;

        if (((i - home) & mask) >= ((i - hole) & mask)) {
            m->slots[hole] = m->slots[i];
            hole = i;
        }
    }
    m->slots[hole] = (struct map_slot){ 0 };
    m->count--;
    return value;
}

/* An empty string key must not look like a u64 key. */
static struct str string_key(struct str key)
{
    return key.p ? key : STR("");
}

struct map_slot *map_find(const struct map *m, struct str key)
{
    struct map_slot *s = probe(m, hash_of(key), string_key(key));

    return s && s->hash ? s : NULL;
}

void *map_get(const struct map *m, struct str key)
{
    struct map_slot *s = map_find(m, key);

    return s ? s->value : NULL;
}

void *map_put(struct map *m, struct str key, void *value)
{
    return put(m, hash_of(key), string_key(key), value);
}

void *map_remove(struct map *m, struct str key)
{
    return take(m, map_find(m, key));
}

static struct str u64_key(uint64_t key)
{
    return (struct str){ NULL, (size_t)key };
}

void *map_get_u64(const struct map *m, uint64_t key)
{
    struct map_slot *s = probe(m, hash_of_u64(key), u64_key(key));

    return s && s->hash ? s->value : NULL;
}

void *map_put_u64(struct map *m, uint64_t key, void *value)
{
    return put(m, hash_of_u64(key), u64_key(key), value);
}

void *map_remove_u64(struct map *m, uint64_t key)
{
    return take(m, probe(m, hash_of_u64(key), u64_key(key)));
}

struct map_slot *map_next(const struct map *m, size_t *at)
{
    while (*at < m->cap) {
        struct map_slot *s = &m->slots[(*at)++];

        if (s->hash)
            return s;
    }
    return NULL;
}
