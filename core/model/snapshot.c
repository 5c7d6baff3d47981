#include "core/model/snapshot.h"

#include "core/base/mem.h"

struct snapshot *snapshot_ref(struct snapshot *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void snapshot_unref(struct snapshot *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (s->deinit)
        s->deinit(s);
    for (uint32_t i = 0; i < s->cluster_count; i++)
        model_cluster_unref(s->clusters[i]);
    for (uint32_t i = 0; i < s->table_count; i++)
        model_route_table_unref(s->tables[i]);
    pmap_deinit(&s->peers_by_ip);
    pmap_deinit(&s->peers_by_identity);
    arena_deinit(&s->arena);
    mem_free(s);
}

struct model_cluster *snapshot_find_cluster(const struct snapshot *s, struct str name)
{
    uint32_t low = 0, high = s->cluster_count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int order = str_cmp(s->clusters[mid]->config->name, name);

        if (order == 0)
            return s->clusters[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const struct model_inbound_port *snapshot_find_inbound(const struct snapshot *s, uint16_t port)
{
    const struct model_inbound *in = s->inbound;
    uint32_t low = 0, high = in ? in->port_count : 0;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (in->ports[mid].port == port)
            return &in->ports[mid];
        if (in->ports[mid].port < port)
            low = mid + 1;
        else
            high = mid;
    }
    return in ? in->other : NULL;
}

const struct model_telemetry_peer *snapshot_find_peer(const struct snapshot *s,
                                                      const struct addr *ip)
{
    char text[ADDR_TEXT_MAX];

    return pmap_get(&s->peers_by_ip, str_of(addr_format_ip(ip, text)));
}

const struct model_telemetry_peer *snapshot_find_peer_by_identity(const struct snapshot *s,
                                                                  struct str id)
{
    if (str_starts(id, STR("spiffe://")))
        id = str_skip(id, 9);
    return pmap_get(&s->peers_by_identity, id);
}
