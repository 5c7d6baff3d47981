#include "core/compile/compile_peers.h"

#include "core/base/mem.h"
#include "core/compile/compile_cluster.h"

/* A workload as the maps have it. */
struct peer {
    atomic_uint refs;
    struct arena arena;
    struct model_telemetry_peer model;
    struct str uid, identity; /* SPIFFE id without "spiffe://", or empty */
    struct addr *ips;
    uint32_t ip_count;
};

static void peer_unref(struct peer *p)
{
    if (atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    arena_deinit(&p->arena);
    mem_free(p);
}

/* Values of the maps are the models. */
static void drop_model(void *value)
{
    peer_unref(CONTAINER_OF((struct model_telemetry_peer *)value, struct peer, model));
}

static void put(struct pmap *m, struct str key, struct peer *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    pmap_put(m, key, &p->model);
}

void compile_peers_init(struct compile_peers *p)
{
    pmap_init(&p->by_ip, drop_model);
    pmap_init(&p->by_identity, drop_model);
}

void compile_peers_deinit(struct compile_peers *p)
{
    struct map_slot *slot;

    pmap_deinit(&p->by_ip);
    pmap_deinit(&p->by_identity);
    multimap_deinit(&p->identities);
    for (size_t at = 0; (slot = map_next(&p->by_uid, &at));)
        peer_unref(slot->value);
    map_deinit(&p->by_uid);
}

/* ---- going ---- */

/* Of workloads that share an account the one first in order, as good as any. */
static struct peer *first_of(const struct multimap_list *l)
{
    struct peer *best = NULL;

    for (uint32_t i = 0; l && i < l->count; i++) {
        struct peer *p = l->items[i];

        if (!best || str_cmp(p->model.workload, best->model.workload) < 0)
            best = p;
    }
    return best;
}

static void set(struct pmap *m, struct str key, struct peer *p)
{
    if (p)
        put(m, key, p);
    else
        (void)pmap_remove(m, key);
}

static void take_out(struct compile *c, struct peer *p)
{
    struct compile_peers *all = &c->peers;

    for (uint32_t i = 0; i < p->ip_count; i++) {
        const struct registry_workload *next = registry_find_workload(c->registry, &p->ips[i]);
        char text[ADDR_TEXT_MAX];
        struct str key = str_of(addr_format_ip(&p->ips[i], text));

        /* One that changes in this very run is entered by itself. */
        if (pmap_get(&all->by_ip, key) == &p->model)
            set(&all->by_ip, key, next ? map_get(&all->by_uid, next->uid) : NULL);
    }
    if (!p->identity.len)
        return;
    multimap_remove(&all->identities, p->identity, p);
    if (pmap_get(&all->by_identity, p->identity) == &p->model)
        set(&all->by_identity, p->identity, first_of(multimap_get(&all->identities, p->identity)));
}

/* ---- coming ---- */

static struct peer *peer_new(const struct compile *c, const struct registry_workload *w)
{
    struct peer *p = mem_alloc0(1, sizeof(*p));

    atomic_init(&p->refs, 1);
    arena_init(&p->arena, 512);
    p->uid = arena_str(&p->arena, w->uid);
    p->ips = arena_dup(&p->arena, w->addrs, w->addr_count * sizeof(*w->addrs));
    for (uint32_t i = 0; i < w->addr_count; i++) {
        if (w->addrs[i].family != ADDR_UNIX)
            p->ips[p->ip_count++] = w->addrs[i];
    }
    compile_cluster_peer(c, w, &p->arena, &p->model);
    if (p->model.principal.len)
        p->identity = str_skip(p->model.principal, sizeof("spiffe://") - 1);
    return p;
}

/* Of workloads that share an IP, the registry says which counts. Several sources may tell of one
 * workload, so it is its uid that says who it is. */
static void enter(struct compile *c, struct peer *p, const struct registry_workload *w)
{
    struct compile_peers *all = &c->peers;

    map_put(&all->by_uid, p->uid, p);
    for (uint32_t i = 0; i < p->ip_count; i++) {
        const struct registry_workload *best = registry_find_workload(c->registry, &p->ips[i]);
        char text[ADDR_TEXT_MAX];

        if (best && str_eq(best->uid, w->uid))
            put(&all->by_ip, str_of(addr_format_ip(&p->ips[i], text)), p);
    }
    if (!p->identity.len)
        return;
    multimap_add(&all->identities, p->identity, p);
    if (first_of(multimap_get(&all->identities, p->identity)) == p)
        put(&all->by_identity, p->identity, p);
}

static void follow_one(void *arg, struct str uid, const struct registry_workload *w)
{
    struct compile *c = arg;
    struct peer *old = map_remove(&c->peers.by_uid, uid);

    c->dirty |= COMPILE_PART_PEERS;
    if (old)
        take_out(c, old);
    if (w)
        enter(c, peer_new(c, w), w);
    if (old)
        peer_unref(old);
}

void compile_peers_follow(struct compile *c)
{
    registry_each_changed_workload(c->registry, follow_one, c);
}
