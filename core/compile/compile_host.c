#include "core/compile/compile_host.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/compile/compile_cluster.h"
#include "core/compile/compile_dr.h"
#include "core/compile/compile_part.h"
#include "core/compile/compile_table.h"
#include "core/compile/compile_tcp.h"
#include "core/compile/compile_vhost.h"
#include "core/compile/compile_vip.h"
#include "core/compile/compile_vs.h"
#include "core/route/route_host.h"

/* ---- finding ---- */

struct compile_host *compile_host_find(const struct compile *c, struct str name)
{
    return map_get(&c->hosts, name);
}

const struct compile_host *compile_host_concrete(const struct compile *c,
                                                 const struct compile_host *h)
{
    const struct compile_host *to = NULL;

    if (h->service && h->service->alias_of.len)
        to = compile_host_find(c, h->service->alias_of);
    return to && to->service && !to->service->alias_of.len ? to : NULL;
}

static struct compile_cluster *find_cluster(struct compile_cluster *list, uint32_t count,
                                            uint16_t port, struct str subset, bool is_udp)
{
    for (uint32_t i = 0; i < count; i++) {
        if (list[i].port == port && list[i].is_udp == is_udp && str_eq(list[i].subset, subset))
            return &list[i];
    }
    return NULL;
}

struct model_cluster *compile_host_cluster(const struct compile_host *h, uint16_t port,
                                           struct str subset)
{
    const struct compile_cluster *c =
        find_cluster(h->clusters, h->cluster_count, port, subset, false);

    return c ? c->model : NULL;
}

struct model_cluster *compile_host_udp_cluster(const struct compile_host *h, uint16_t port)
{
    const struct compile_cluster *c =
        find_cluster(h->clusters, h->cluster_count, port, STR_NONE, true);

    return c ? c->model : NULL;
}

struct str compile_host_wider(struct str pattern, struct arena *a)
{
    ptrdiff_t dot;

    if (str_is(pattern, "*"))
        return STR_NONE;
    if (str_starts(pattern, STR("*.")))
        pattern = str_skip(pattern, 2);
    dot = str_chr(pattern, '.');
    if (dot < 0)
        return STR("*");
    return arena_printf(a, "*%.*s", STR_ARG(str_skip(pattern, (size_t)dot)));
}

/* ---- marking ---- */

static struct compile_host *get(struct compile *c, struct str name)
{
    struct compile_host *h = map_get(&c->hosts, name);
    char *text;

    if (h)
        return h;
    h = mem_alloc_flex(sizeof(*h), name.len + 1, 1);
    text = (char *)(h + 1);
    memcpy(text, name.p, name.len);
    h->name = str_make(text, name.len);
    arena_init(&h->use_arena, 128);
    arena_init(&h->claim_arena, 128);
    map_put(&c->hosts, h->name, h);
    return h;
}

static void mark(struct compile *c, struct compile_host *h, uint32_t what)
{
    h->dirty |= what;
    if (h->is_queued)
        return;
    h->is_queued = true;
    if (c->queue_count == c->queue_cap) {
        c->queue_cap = c->queue_cap ? c->queue_cap * 2 : 64;
        c->queue = mem_resize(c->queue, c->queue_cap, sizeof(struct compile_host *));
    }
    c->queue[c->queue_count++] = h;
}

void compile_host_mark(struct compile *c, struct str name, uint32_t what)
{
    mark(c, get(c, name), what);
}

void compile_host_mark_matching(struct compile *c, struct str pattern, uint32_t what)
{
    size_t at = 0;

    compile_host_mark(c, pattern, what);
    if (pattern.p[0] != '*')
        return;
    for (struct map_slot *s; (s = map_next(&c->hosts, &at));) {
        if (route_host_matches(pattern, s->key))
            mark(c, s->value, what);
    }
}

void compile_host_mark_all(struct compile *c, uint32_t what)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&c->hosts, &at));)
        mark(c, s->value, what);
}

/* ---- clusters ---- */

struct build {
    struct compile *c;
    struct compile_host *h;
    struct arena *a;
    struct compile_dr_result dr;
    struct compile_cluster *old;
    uint32_t old_count;
    struct str secret;
    bool changed; /* some config came, went or differs */
};

static struct model_cluster *put_cluster(struct compile *c, struct model_cluster *cluster)
{
    compile_list_put(&c->clusters, cluster);
    return cluster;
}

/* The old cluster when nothing about it differs; else a new one that shares what is equal. */
static struct model_cluster *settle(struct build *b, const struct compile_cluster *old,
                                    struct model_cluster_config *config,
                                    struct model_endpoints *set)
{
    if (old && old->model->config->hash == config->hash) {
        model_cluster_config_unref(config);
        config = model_cluster_config_ref(old->model->config);
    } else {
        b->changed = true;
    }
    if (old && old->model->endpoints->hash == set->hash) {
        model_endpoints_unref(set);
        set = model_endpoints_ref(old->model->endpoints);
    }
    if (old && old->model->config == config && old->model->endpoints == set) {
        model_cluster_config_unref(config);
        model_endpoints_unref(set);
        b->c->stats.shared++;
        return model_cluster_ref(old->model);
    }
    b->c->dirty |= COMPILE_PART_CLUSTERS;
    b->c->stats.rebuilt++;
    return put_cluster(b->c, model_cluster_new(config, set));
}

static void build_cluster(struct build *b, uint32_t port_index,
                          const struct compile_dr_subset *subset)
{
    struct compile_host *h = b->h;
    struct compile_cluster *to = &h->clusters[h->cluster_count++];
    struct compile_cluster_key key = {
        .service = h->service,
        .members = registry_find_endpoints(b->c->registry, h->name),
        .port_index = port_index,
        .subset = subset,
    };
    uint16_t port = h->service->ports[port_index].port;
    bool is_udp = h->service->ports[port_index].is_udp;
    const struct compile_cluster *old =
        find_cluster(b->old, b->old_count, port, subset ? subset->subset->name : STR_NONE, is_udp);
    struct model_cluster_config *config =
        compile_cluster_config(b->c, &key, &b->dr, &b->secret, b->a);

    to->port = port;
    to->is_udp = is_udp;
    to->model = settle(b, old, config, compile_cluster_endpoints(b->c, &key, &b->dr, b->a));
    to->subset = to->model->config->subset;
}

static void follow_secret(struct compile *c, struct compile_host *h, struct str now)
{
    if (str_eq(h->secret, now))
        return;
    if (h->secret.len)
        multimap_remove(&c->secret_users, h->secret, h);
    mem_free((char *)(uintptr_t)h->secret.p);
    h->secret = now.len ? str_make(str_dup(now), now.len) : STR_NONE;
    if (h->secret.len)
        multimap_add(&c->secret_users, h->secret, h);
}

/* Datagrams pass gateways only. */
static bool is_proxied(const struct compile *c, const struct registry_port *port)
{
    return !port->is_udp || c->node->is_gateway;
}

static uint32_t proxied_ports(const struct compile *c, const struct registry_service *s)
{
    uint32_t n = 0;

    for (uint32_t i = 0; s && i < s->port_count; i++)
        n += is_proxied(c, &s->ports[i]);
    return n;
}

static void mark_users(struct compile *c, const struct compile_host *h)
{
    const struct multimap_list *l = multimap_get(&c->users, h->name);

    for (uint32_t i = 0; l && i < l->count; i++)
        mark(c, l->items[i], COMPILE_DIRTY_ROUTES);
}

static void build_clusters(struct compile *c, struct compile_host *h, struct arena *a)
{
    struct build b = { .c = c, .h = h, .a = a, .old = h->clusters, .old_count = h->cluster_count };
    const struct registry_service *s = h->service;

    h->clusters = NULL;
    h->cluster_count = 0;
    if (s) {
        compile_dr_find(c, h->name, s->ns, a, &b.dr);
        h->clusters =
            mem_alloc0((size_t)proxied_ports(c, s) * (b.dr.subset_count + 1), sizeof(*h->clusters));
    }
    for (uint32_t i = 0; s && i < s->port_count; i++) {
        if (!is_proxied(c, &s->ports[i]))
            continue;
        build_cluster(&b, i, NULL);
        for (uint32_t j = 0; !s->ports[i].is_udp && j < b.dr.subset_count; j++)
            build_cluster(&b, i, &b.dr.subsets[j]);
    }
    follow_secret(c, h, b.secret);
    for (uint32_t i = 0; i < b.old_count; i++) {
        const struct compile_cluster *old = &b.old[i];

        if (!find_cluster(h->clusters, h->cluster_count, old->port, old->subset, old->is_udp)) {
            compile_list_remove(&c->clusters, old->model->config->name);
            c->dirty |= COMPILE_PART_CLUSTERS;
            b.changed = true;
        }
    }
    for (uint32_t i = 0; i < b.old_count; i++)
        model_cluster_unref(b.old[i].model);
    mem_free(b.old);
    if (b.changed) {
        h->stamp = ++c->stamp;
        if (c->node->is_gateway)
            c->dirty |= COMPILE_PART_GATEWAY;
        h->dirty |= COMPILE_DIRTY_ROUTES;
        mark_users(c, h);
    }
}

/* ---- routes ---- */

static void drop_uses(struct compile *c, struct compile_host *h)
{
    for (uint32_t i = 0; i < h->used_count; i++)
        multimap_remove(&c->users, h->used[i], h);
    arena_reset(&h->use_arena);
    h->used = NULL;
    h->used_count = 0;
}

struct use_arg {
    struct compile *c;
    struct compile_host *h;
};

static void on_use(void *arg, struct str host)
{
    struct use_arg *u = arg;
    struct compile_host *h = u->h;

    if (!multimap_add(&u->c->users, host, h))
        return;
    if ((h->used_count & (h->used_count - 1)) == 0)
        h->used = arena_grow(&h->use_arena, h->used, h->used_count,
                             h->used_count ? (size_t)h->used_count * 2 : 1, sizeof(*h->used));
    h->used[h->used_count++] = arena_str(&h->use_arena, host);
}

static void build_routes(struct compile *c, struct compile_host *h)
{
    struct use_arg u = { c, h };
    struct compile_vhost *old = h->vhosts;
    uint32_t old_count = h->vhost_count;

    drop_uses(c, h);
    compile_vhost_build(c, h, on_use, &u);
    compile_table_follow(c, h, old, old_count);
    compile_vhost_drop(old, old_count);
    compile_tcp_build(c, h, on_use, &u);
    c->stats.rebuilt += h->vhost_count;
}

/* ---- run ---- */

static void host_free(struct compile_host *h)
{
    for (uint32_t i = 0; i < h->cluster_count; i++)
        model_cluster_unref(h->clusters[i].model);
    compile_vhost_drop(h->vhosts, h->vhost_count);
    compile_part_unref(h->tcp_part);
    registry_service_unref(h->service);
    compile_vip_forget(h);
    arena_deinit(&h->use_arena);
    mem_free((char *)(uintptr_t)h->secret.p);
    mem_free(h->clusters);
    mem_free(h);
}

/* The names of an alias are among those of the host it stands for. */
static void follow_alias(struct compile *c, struct compile_host *h,
                         const struct registry_service *s, bool add)
{
    if (!s || !s->alias_of.len)
        return;
    if (add)
        multimap_add(&c->aliases, s->alias_of, h);
    else
        multimap_remove(&c->aliases, s->alias_of, h);
    compile_host_mark(c, s->alias_of, COMPILE_DIRTY_ROUTES);
}

static void take_service(struct compile *c, struct compile_host *h)
{
    const struct registry_service *now = registry_find(c->registry, h->name);
    const struct multimap_list *l;
    struct str was;

    if (now == h->service)
        return;
    was = h->service ? h->service->alias_of : STR_NONE;
    if (!str_eq(was, now ? now->alias_of : STR_NONE)) { /* routes to it lead elsewhere now */
        h->stamp = ++c->stamp;
        if (c->node->is_gateway)
            c->dirty |= COMPILE_PART_GATEWAY;
        mark_users(c, h);
    }
    follow_alias(c, h, h->service, false);
    follow_alias(c, h, now, true);
    registry_service_unref(h->service);
    h->service = now ? registry_service_ref(now) : NULL;
    l = multimap_get(&c->aliases, h->name);
    for (uint32_t i = 0; l && i < l->count; i++)
        mark(c, l->items[i], COMPILE_DIRTY_ROUTES);
}

static bool is_dead(const struct compile_host *h)
{
    return !h->service && !h->vhost_count && !h->cluster_count && !h->tcp_count && !h->used_count;
}

static int by_name(const void *a, const void *b)
{
    const struct compile_host *const *ha = a, *const *hb = b;

    return str_cmp((*ha)->name, (*hb)->name);
}

void compile_host_run(struct compile *c)
{
    struct arena a;

    arena_init(&a, 4096);
    /* Routes that use a changed cluster join the queue meanwhile. Order of names: diagnostics do
     * not depend on the order of input. */
    for (uint32_t i = 0; i < c->queue_count; i++) {
        struct compile_host *h = c->queue[i];

        take_service(c, h);
        if (h->dirty & COMPILE_DIRTY_CLUSTERS) {
            build_clusters(c, h, &a);
            arena_reset(&a);
        }
    }
    if (c->queue_count > 1)
        qsort(c->queue, c->queue_count, sizeof(struct compile_host *), by_name);
    for (uint32_t i = 0; i < c->queue_count; i++) {
        struct compile_host *h = c->queue[i];

        if (h->dirty & COMPILE_DIRTY_ROUTES)
            build_routes(c, h);
        /* A headless service's name and addresses are those of its members. */
        if (h->dirty & COMPILE_DIRTY_ROUTES || (h->service && h->service->headless))
            compile_vip_follow(c, h);
    }
    for (uint32_t i = 0; i < c->queue_count; i++) {
        struct compile_host *h = c->queue[i];

        h->dirty = 0;
        h->is_queued = false;
        if (is_dead(h)) {
            mem_free(h->vhosts);
            h->vhosts = NULL;
            map_remove(&c->hosts, h->name);
            if (h->secret.len)
                multimap_remove(&c->secret_users, h->secret, h);
            host_free(h);
        }
    }
    c->queue_count = 0;
    arena_deinit(&a);
}

void compile_host_free_all(struct compile *c)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&c->hosts, &at));)
        host_free(s->value);
    map_deinit(&c->hosts);
    mem_free(c->queue);
}
