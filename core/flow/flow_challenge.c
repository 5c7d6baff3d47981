#include "core/flow/flow_challenge.h"

#include <pthread.h>
#include <stdatomic.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/tls/tls_config.h"

#define PREFIX "/.well-known/acme-challenge/"

struct entry {
    char *key;
    char *text;             /* of a token, or NULL */
    struct tls_config *tls; /* of a name, or NULL */
};

struct flow_challenge {
    atomic_bool is_used;
    pthread_mutex_t lock; /* of the maps */
    struct map tokens, names;
};

struct flow_challenge *flow_challenge_new(void)
{
    struct flow_challenge *t = mem_alloc0(1, sizeof(*t));

    pthread_mutex_init(&t->lock, NULL);
    map_init(&t->tokens);
    map_init(&t->names);
    return t;
}

static void entry_free(struct entry *e)
{
    if (!e)
        return;
    tls_config_unref(e->tls);
    mem_free(e->key);
    mem_free(e->text);
    mem_free(e);
}

static void clear_map(struct map *m)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(m, &at));)
        entry_free(s->value);
    map_clear(m);
}

void flow_challenge_clear(struct flow_challenge *t)
{
    pthread_mutex_lock(&t->lock);
    clear_map(&t->tokens);
    clear_map(&t->names);
    atomic_store_explicit(&t->is_used, false, memory_order_relaxed);
    pthread_mutex_unlock(&t->lock);
}

void flow_challenge_free(struct flow_challenge *t)
{
    if (!t)
        return;
    flow_challenge_clear(t);
    map_deinit(&t->tokens);
    map_deinit(&t->names);
    pthread_mutex_destroy(&t->lock);
    mem_free(t);
}

static void add(struct flow_challenge *t, struct map *m, struct str key, struct entry *e)
{
    e->key = str_dup(key);
    pthread_mutex_lock(&t->lock);
    entry_free(map_put(m, str_make(e->key, key.len), e));
    atomic_store_explicit(&t->is_used, true, memory_order_relaxed);
    pthread_mutex_unlock(&t->lock);
}

void flow_challenge_add_token(struct flow_challenge *t, struct str token, struct str text)
{
    struct entry *e = mem_alloc0(1, sizeof(*e));

    e->text = str_dup(text);
    add(t, &t->tokens, token, e);
}

void flow_challenge_add_tls(struct flow_challenge *t, struct str name, struct tls_config *tls)
{
    struct entry *e = mem_alloc0(1, sizeof(*e));

    e->tls = tls_config_ref(tls);
    add(t, &t->names, name, e);
}

bool flow_challenge_is_empty(const struct flow_challenge *t)
{
    return !t || !atomic_load_explicit(&t->is_used, memory_order_relaxed);
}

struct tls_config *flow_challenge_find_tls(struct flow_challenge *t, struct str name)
{
    struct tls_config *tls = NULL;
    struct entry *e;

    if (!name.len)
        return NULL;
    pthread_mutex_lock(&t->lock);
    e = map_get(&t->names, name);
    if (e)
        tls = tls_config_ref(e->tls);
    pthread_mutex_unlock(&t->lock);
    return tls;
}

struct str flow_challenge_find_text(struct flow_challenge *t, struct str path, struct arena *a)
{
    struct str text = STR_NONE;
    struct entry *e;

    if (!str_starts(path, STR(PREFIX)) || path.len == sizeof(PREFIX) - 1)
        return STR_NONE;
    pthread_mutex_lock(&t->lock);
    e = map_get(&t->tokens, str_skip(path, sizeof(PREFIX) - 1));
    if (e)
        text = arena_str(a, str_of(e->text));
    pthread_mutex_unlock(&t->lock);
    return text;
}
