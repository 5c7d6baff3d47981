#include "core/flow/upstream_pick.h"

#include "core/base/error.h"
#include "core/flow/upstream_dns.h"
#include "core/flow/upstream_dynamic.h"
#include "core/flow/upstream_session.h"
#include "core/lb/lb_elsewhere.h"

static void mark_tried(struct upstream *up, const struct upstream_want *want, bool tried)
{
    for (uint32_t i = 0; i < want->tried_count; i++) {
        if (want->tried[i]->up == up && want->tried[i]->endpoint)
            up->lb_hosts[want->tried[i]->index].tried = tried;
    }
}

/* -1: not asked for, or there is none. */
static int32_t pick_elsewhere(struct upstream *up, const struct upstream_want *want)
{
    /* Of names that were resolved the hosts have a set of their own. */
    const struct model_endpoints *set = up->count ? up->hosts[0]->cluster->endpoints : NULL;
    uint64_t shunned = 0;

    for (uint32_t i = 0; i < want->shun_count; i++) {
        if (want->tried[i]->up == up && want->tried[i]->endpoint)
            shunned |= lb_elsewhere_bit(set, &up->lb_hosts[want->tried[i]->index]);
    }
    return shunned
               ? lb_elsewhere_pick(set, up->lb_hosts, up->count, shunned, &up->fw->worker->random)
               : -1;
}

static int pick_listed(struct upstream *up, const struct upstream_want *want,
                       struct upstream_host **out)
{
    struct lb_want lb = { .now_ms = worker_now_ms(up->fw->worker) };
    struct upstream_host *kept = want->session ? upstream_session_find(up, want->session) : NULL;
    int32_t at;

    if (kept) {
        *out = upstream_begin(up, kept);
        return 0;
    }
    at = pick_elsewhere(up, want);
    if (want->hash && want->hash->is_set) {
        lb.hash = want->hash->value;
        lb.has_hash = true;
    }
    mark_tried(up, want, true);
    if (at < 0)
        at = lb_pick(up->lb, up->lb_hosts, up->count, &lb);
    mark_tried(up, want, false);
    if (at < 0)
        return ERR_NOT_FOUND;
    *out = upstream_begin(up, up->hosts[at]);
    return 0;
}

/* A member that is known is reached as such: with its identity (HL-2). */
static bool find_listed(struct upstream *up, const struct addr *dst, struct upstream_host **out)
{
    for (uint32_t i = 0; i < up->count; i++) {
        if (addr_eq(&up->hosts[i]->addr, dst)) {
            *out = upstream_begin(up, up->hosts[i]);
            return true;
        }
    }
    return false;
}

int upstream_pick(struct upstream *up, const struct upstream_want *want, struct upstream_host **out)
{
    struct addr dst;

    switch (up->cluster->config->type) {
    case MODEL_CLUSTER_BLACKHOLE:
        return ERR_NOT_FOUND;
    case MODEL_CLUSTER_ORIGINAL_DST:
        if (!want->dst || want->dst->family == ADDR_NONE)
            break; /* who asked by name takes one of the members, if they are known */
        if (find_listed(up, want->dst, out))
            return 0;
        dst = *want->dst;
        if (up->cluster->config->dst_port)
            dst.port = up->cluster->config->dst_port;
        *out = upstream_begin(up, upstream_host_at(up, &dst));
        return 0;
    case MODEL_CLUSTER_DYNAMIC:
        up->asked = upstream_dynamic_get(up, want->name, want->dst ? want->dst->port : 80);
        return up->asked ? upstream_pick(up->asked, want, out) : ERR_NOT_FOUND;
    case MODEL_CLUSTER_DNS:
    case MODEL_CLUSTER_DNS_ONE:
        if (!upstream_dns_is_ready(up))
            return ERR_AGAIN;
        break;
    default:
        break;
    }
    return pick_listed(up, want, out);
}
