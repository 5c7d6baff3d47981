#include "core/flow/upstream_session.h"

#include <string.h>

#include "core/base/hash.h"
#include "core/flow/upstream_dns.h"

uint64_t upstream_session_id(const struct upstream_host *host)
{
    const struct addr *a = &host->addr;
    size_t len = a->family == ADDR_UNIX ? a->path_len : a->family == ADDR_IPV4 ? 4 : 16;
    uint64_t hash;

    if (!host->endpoint || a->family == ADDR_NONE)
        return 0;
    hash = hash_content_seeded(a->ip, len, a->family | (uint64_t)a->port << 8);
    return hash ? hash : 1;
}

uint32_t upstream_session_backend(const struct model_cluster *cluster)
{
    return (uint32_t)hash_content(cluster->config->name.p, cluster->config->name.len);
}

/* Made for the first session, so that clusters without any pay nothing. Two endpoints of one number
 * have one address and do as well as one another. */
static void fill(struct upstream *up)
{
    for (uint32_t i = 0; i < up->count; i++) {
        uint64_t id = upstream_session_id(up->hosts[i]);

        if (id)
            map_put_u64(&up->by_session, id, up->hosts[i]);
    }
}

struct upstream_host *upstream_session_find(struct upstream *up, uint64_t id)
{
    struct upstream_host *h;

    if (up->by_session.count == 0)
        fill(up);
    h = map_get_u64(&up->by_session, id);
    return h && upstream_is_usable(h) ? h : NULL;
}

bool upstream_session_has_any(const struct upstream *up)
{
    if (up->dynamic || (up->dns && !upstream_dns_is_ready(up)))
        return true;
    for (uint32_t i = 0; i < up->count; i++) {
        if (upstream_is_usable(up->hosts[i]))
            return true;
    }
    return false;
}

void upstream_session_forget(struct upstream *up)
{
    map_deinit(&up->by_session);
    map_init(&up->by_session);
}
