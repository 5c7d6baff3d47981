#include "core/compile/compile_peers.h"

#include "core/base/mem.h"
#include "core/compile/compile_cluster.h"

/* A change copies what changed since the last full pass; so a pass is due at some point. */
enum { RECENT_MIN = 256, RECENT_SHARE = 64 };

/* data of the parts c->peers (all of some time ago) and c->recent_peers (changed since) */
struct peers {
    struct map by_ip, by_identity;
};

static struct compile_part *part_new(void)
{
    struct compile_part *p = compile_part_new();
    struct peers *data = arena_alloc0(&p->arena, 1, sizeof(*data));

    p->data = data;
    compile_part_map(p, &data->by_ip);
    compile_part_map(p, &data->by_identity);
    return p;
}

struct adding {
    struct compile *c;
    struct compile_part *part;
};

/* Of workloads that share an IP, the registry says which counts; of those that share an account the
 * one first in order, as good as any. What is gone stays: nobody asks for it any more. */
static void add(void *arg, const struct registry_workload *w)
{
    struct adding *to = arg;
    struct peers *data = to->part->data;
    struct arena *a = &to->part->arena;
    struct model_telemetry_peer *peer = arena_alloc0(a, 1, sizeof(*peer));
    char text[ADDR_TEXT_MAX];

    compile_cluster_peer(to->c, w, a, peer);
    for (uint32_t i = 0; i < w->addr_count; i++) {
        const struct addr *ip = &w->addrs[i];

        if (ip->family != ADDR_UNIX && registry_find_workload(to->c->registry, ip) == w)
            map_put(&data->by_ip, arena_str(a, str_of(addr_format_ip(ip, text))), peer);
    }
    if (peer->principal.len) {
        struct str id = str_skip(peer->principal, sizeof("spiffe://") - 1);
        const struct model_telemetry_peer *was = map_get(&data->by_identity, id);

        if (!was || str_cmp(peer->workload, was->workload) < 0)
            map_put(&data->by_identity, id, peer);
    }
}

static void rebuild(struct compile *c)
{
    struct adding to = { c, part_new() };

    registry_each_workload(c->registry, add, &to);
    compile_part_unref(c->peers);
    compile_part_unref(c->recent_peers);
    c->peers = to.part;
    c->recent_peers = part_new();
}

static void copy(struct map *to, const struct map *from)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(from, &at));)
        map_put(to, s->key, s->value);
}

static void drop_part(void *ptr)
{
    compile_part_unref(ptr);
}

static void add_changed(void *arg, struct str uid, const struct registry_workload *w)
{
    (void)uid;
    if (w)
        add(arg, w);
}

/* The old part lives on below the new one, which uses its text. */
static void extend(struct compile *c)
{
    struct adding to = { c, part_new() };
    const struct peers *old = c->recent_peers->data;
    struct peers *now = to.part->data;

    copy(&now->by_ip, &old->by_ip);
    copy(&now->by_identity, &old->by_identity);
    compile_part_hold(to.part, drop_part, c->recent_peers);
    registry_each_changed_workload(c->registry, add_changed, &to);
    c->recent_peers = to.part;
}

static void count_one(void *arg, struct str uid, const struct registry_workload *w)
{
    (void)uid;
    *(size_t *)arg += w != NULL;
}

void compile_peers_follow(struct compile *c)
{
    const struct peers *all = c->peers ? c->peers->data : NULL;
    const struct peers *recent = c->recent_peers ? c->recent_peers->data : NULL;
    size_t changed = 0;

    registry_each_changed_workload(c->registry, count_one, &changed);
    if (all && !changed)
        return;
    c->dirty |= COMPILE_PART_PEERS;
    if (!all || changed + recent->by_ip.count + recent->by_identity.count >
                    RECENT_MIN + all->by_ip.count / RECENT_SHARE)
        rebuild(c);
    else
        extend(c);
}

void compile_peers_lend(struct compile *c, struct snapshot *s)
{
    const struct peers *all = c->peers->data, *recent = c->recent_peers->data;

    s->peers_by_ip = all->by_ip;
    s->peers_by_identity = all->by_identity;
    s->recent_by_ip = recent->by_ip;
    s->recent_by_identity = recent->by_identity;
}

void compile_peers_return(struct snapshot *s)
{
    map_init(&s->peers_by_ip);
    map_init(&s->peers_by_identity);
    map_init(&s->recent_by_ip);
    map_init(&s->recent_by_identity);
}
