#include "core/flow/upstream_told.h"

#include "core/base/mem.h"
#include "core/flow/upstream_dial.h"
#include "core/tls/tls_config.h"

/* Each time so many have been added, the idle ones are looked for. */
enum { SWEEP_EVERY = 64 };

struct upstream_told {
    struct upstream_dial dial; /* with the addresses */
    struct http_pool *pool;
};

static void told_free(struct upstream_told *t)
{
    struct upstream_host *h = t->dial.host;

    http_pool_free(t->pool); /* calls connect no more */
    tls_config_unref(t->dial.tls);
    mem_free(t);
    upstream_drop(h);
}

static uint64_t key_of(enum upstream_kind kind, const struct upstream_from *from)
{
    return addr_hash(from->src) * 31 + addr_hash(from->dst) + (uint64_t)kind;
}

static bool is_for(const struct upstream_told *t, enum upstream_kind kind,
                   const struct upstream_from *from)
{
    return t->dial.kind == kind && addr_eq(&t->dial.src, from->src) &&
           addr_eq(&t->dial.dst, from->dst);
}

static bool is_unused(const struct upstream_told *t)
{
    return http_pool_active(t->pool) == 0 && http_pool_pending(t->pool) == 0;
}

static void sweep(struct upstream_host *h)
{
    struct map old = h->told;
    size_t at = 0;

    map_init(&h->told);
    for (struct map_slot *s; (s = map_next(&old, &at));) {
        if (is_unused(s->value))
            told_free(s->value);
        else
            map_put_u64(&h->told, s->key.len, s->value);
    }
    map_deinit(&old);
}

struct http_pool *upstream_told_pool(struct upstream_host *h, enum upstream_kind kind,
                                     const struct upstream_from *from)
{
    uint64_t key = key_of(kind, from);
    struct upstream_told *t = map_get_u64(&h->told, key);

    if (t && is_for(t, kind, from))
        return t->pool;
    if (t) /* two clients of one hash: the later one takes the place */
        told_free(map_remove_u64(&h->told, key));
    if (h->told.count % SWEEP_EVERY == SWEEP_EVERY - 1)
        sweep(h);
    t = mem_alloc0(1, sizeof(*t));
    t->dial = (struct upstream_dial){ .host = upstream_hold(h),
                                      .kind = kind,
                                      .config = upstream_dial_pool_config(h, kind),
                                      .tells = true,
                                      .src = *from->src,
                                      .dst = *from->dst };
    t->pool = http_pool_new(h->fw->worker, &t->dial.config, upstream_dial_for_pool, &t->dial);
    map_put_u64(&h->told, key, t);
    return t->pool;
}

void upstream_told_renew(struct upstream_host *h)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&h->told, &at));) {
        struct upstream_told *t = s->value;

        tls_config_unref(t->dial.tls);
        t->dial.tls = NULL;
        http_pool_drain(t->pool);
    }
}

void upstream_told_free(struct upstream_host *h)
{
    struct map all = h->told;
    size_t at = 0;

    map_init(&h->told);
    for (struct map_slot *s; (s = map_next(&all, &at));)
        told_free(s->value);
    map_deinit(&all);
}
