#include "core/model/model_cluster.h"

#include <pthread.h>

#include "core/base/error.h"
#include "core/base/map.h"
#include "core/base/mem.h"

struct model_cluster_config *model_cluster_config_ref(struct model_cluster_config *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void model_cluster_config_unref(struct model_cluster_config *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (c->deinit)
        c->deinit(c);
    arena_deinit(&c->arena);
    mem_free(c);
}

struct model_cluster *model_cluster_new(struct model_cluster_config *config,
                                        struct model_endpoints *endpoints)
{
    struct model_cluster *c = mem_alloc(sizeof(*c));

    ASSERT(config && endpoints);
    atomic_init(&c->refs, 1);
    c->config = config;
    c->endpoints = endpoints;
    c->id = model_cluster_id(config->name);
    return c;
}

struct model_cluster *model_cluster_ref(struct model_cluster *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void model_cluster_unref(struct model_cluster *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    model_cluster_config_unref(c->config);
    model_endpoints_unref(c->endpoints);
    mem_free(c);
}

/* Names live as long as the process: their number is bounded by the configuration's history. */
static struct {
    pthread_mutex_t lock;
    struct map by_name; /* -> the number as a pointer */
    uint64_t last;
} names = { .lock = PTHREAD_MUTEX_INITIALIZER };

uint64_t model_cluster_id(struct str name)
{
    struct map_slot *slot;
    uint64_t id;

    pthread_mutex_lock(&names.lock);
    slot = map_find(&names.by_name, name);
    if (slot) {
        id = (uint64_t)(uintptr_t)slot->value;
    } else {
        id = ++names.last;
        map_put(&names.by_name, str_make(str_dup(name), name.len), (void *)(uintptr_t)id);
    }
    pthread_mutex_unlock(&names.lock);
    return id;
}
