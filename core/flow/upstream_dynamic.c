#include "core/flow/upstream_dynamic.h"

#include <stdio.h>

#include "core/base/mem.h"
#include "core/route/route_host.h"

#define NAMES_MAX 1024
#define UNUSED_MS ((uint64_t)5 * 60 * 1000)
#define SWEEP_MS  ((uint64_t)60 * 1000)

struct name {
    struct upstream *up;
    uint64_t used_ms;
    struct str key; /* "host:port", lower case */
    char text[];
};

struct upstream_dynamic {
    struct upstream *up;
    struct map names; /* key -> struct name */
    struct timer sweep;
};

/* ---- the cluster of a name ---- */

struct own_config {
    struct model_cluster_config config; /* text and TLS are the parent's */
    struct model_cluster_config *parent;
};

static void drop_parent(struct model_cluster_config *c)
{
    model_cluster_config_unref(CONTAINER_OF(c, struct own_config, config)->parent);
}

static struct model_cluster *cluster_of(const struct upstream *up, const struct name *n)
{
    struct own_config *own = mem_alloc0(1, sizeof(*own));
    struct model_endpoints *set = mem_alloc0(1, sizeof(*set));
    struct route_host_parts parts = route_host_split(n->key);
    uint64_t port = 0;

    own->config = *up->cluster->config;
    own->parent = model_cluster_config_ref(up->cluster->config);
    atomic_init(&own->config.refs, 1);
    arena_init(&own->config.arena, 64);
    own->config.type = MODEL_CLUSTER_DNS;
    own->config.by_asked_name = true;
    own->config.deinit = drop_parent;
    atomic_init(&set->refs, 1);
    arena_init(&set->arena, 128);
    (void)str_to_u64(parts.port, UINT16_MAX, &port);
    set->list = arena_alloc0(&set->arena, 1, sizeof(*set->list));
    set->list[0] = (struct model_endpoint){ .hostname = arena_str(&set->arena, parts.host),
                                            .port = (uint16_t)port,
                                            .weight = 1,
                                            .healthy = true };
    set->count = 1;
    set->weight_total = 1;
    return model_cluster_new(&own->config, set);
}

/* ---- names come and go ---- */

static void forget(struct upstream_dynamic *d, struct name *n)
{
    map_remove(&d->names, n->key);
    upstream_close(n->up);
    mem_free(n);
}

static bool is_idle(const struct name *n)
{
    return n->up->active == 0 && upstream_has_no_waits(n->up);
}

static void forget_unused(struct upstream_dynamic *d, uint64_t since_ms)
{
    struct name *dead[64];
    size_t count;

    do {
        size_t at = 0;

        count = 0;
        for (struct map_slot *s; count < COUNT_OF(dead) && (s = map_next(&d->names, &at));) {
            struct name *n = s->value;

            if (is_idle(n) && n->used_ms <= since_ms)
                dead[count++] = n;
        }
        for (size_t i = 0; i < count; i++)
            forget(d, dead[i]);
    } while (count == COUNT_OF(dead));
}

static void on_sweep(struct timer *t)
{
    struct upstream_dynamic *d = CONTAINER_OF(t, struct upstream_dynamic, sweep);
    uint64_t now = worker_now_ms(d->up->fw->worker);

    if (now > UNUSED_MS)
        forget_unused(d, now - UNUSED_MS);
    if (d->names.count)
        timer_start(&d->sweep, SWEEP_MS);
}

void upstream_dynamic_new(struct upstream *up)
{
    struct upstream_dynamic *d = mem_alloc0(1, sizeof(*d));

    d->up = up;
    timer_init(&d->sweep, &up->fw->worker->timers, on_sweep);
    up->dynamic = d;
}

void upstream_dynamic_free(struct upstream *up)
{
    struct upstream_dynamic *d = up->dynamic;
    struct map_slot *slot;

    timer_cancel(&d->sweep);
    for (size_t at = 0; (slot = map_next(&d->names, &at));) {
        struct name *n = slot->value;

        upstream_close(n->up);
        mem_free(n);
    }
    map_deinit(&d->names);
    mem_free(d);
    up->dynamic = NULL;
}

void upstream_dynamic_follow(struct upstream *up)
{
    struct map_slot *slot;

    for (size_t at = 0; (slot = map_next(&up->dynamic->names, &at));) {
        const struct name *n = slot->value;
        struct model_cluster *now = cluster_of(up, n);

        upstream_set_cluster(n->up, now);
        model_cluster_unref(now);
    }
}

/* ---- asking ---- */

/* The key of what was asked for; an empty one: not for this cluster. A cluster for one name goes
 * there, whatever it was called by. */
static struct str key_of(const struct model_cluster_config *c, struct str asked, uint16_t port,
                         char out[ROUTE_HOST_MAX + 8])
{
    struct route_host_parts parts = route_host_split(asked);
    struct str host = parts.host;
    uint64_t number = port;
    int len;

    if (c->host.len && c->host.p[0] != '*')
        host = c->host;
    if (host.len == 0 || host.len > ROUTE_HOST_MAX)
        return STR_NONE;
    if (c->port)
        number = c->port;
    else if (parts.port.len && str_to_u64(parts.port, UINT16_MAX, &number) != 0)
        return STR_NONE;
    len = snprintf(out, ROUTE_HOST_MAX + 8, "%.*s:%u", STR_ARG(host), (unsigned)number);
    for (int i = 0; i < len; i++)
        out[i] = str_lower_char(out[i]);
    if (c->host.len && c->host.p[0] == '*' && !route_host_matches(c->host, str_make(out, host.len)))
        return STR_NONE;
    return number ? str_make(out, (size_t)len) : STR_NONE;
}

struct upstream *upstream_dynamic_get(struct upstream *up, struct str name, uint16_t port)
{
    struct upstream_dynamic *d = up->dynamic;
    uint64_t now = worker_now_ms(up->fw->worker);
    char text[ROUTE_HOST_MAX + 8];
    struct str key = key_of(up->cluster->config, name, port, text);
    struct model_cluster *cluster;
    struct name *n;

    if (!key.len)
        return NULL;
    n = map_get(&d->names, key);
    if (!n && d->names.count >= NAMES_MAX)
        forget_unused(d, now);
    if (!n && d->names.count >= NAMES_MAX)
        return NULL;
    if (!n) {
        n = mem_alloc_flex(sizeof(*n), key.len, 1);
        memcpy(n->text, key.p, key.len);
        n->key = str_make(n->text, key.len);
        cluster = cluster_of(up, n);
        n->up = upstream_open(up->fw, cluster);
        model_cluster_unref(cluster);
        map_put(&d->names, n->key, n);
        if (d->names.count == 1)
            timer_start(&d->sweep, SWEEP_MS);
    }
    n->used_ms = now;
    return n->up;
}
