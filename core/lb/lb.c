#include "core/lb/lb.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/lb/lb_edf.h"
#include "core/lb/lb_health.h"
#include "core/lb/lb_least_request.h"
#include "core/lb/lb_maglev.h"
#include "core/lb/lb_policy.h"
#include "core/lb/lb_random.h"
#include "core/lb/lb_ring_hash.h"
#include "core/lb/lb_round_robin.h"

/* PASSTHROUGH says that the original destination is used, which leaves nothing to choose; its row
 * is for clusters that have endpoints all the same. */
static const struct lb_policy *const policies[] = {
    [MODEL_LB_ROUND_ROBIN] = &lb_round_robin, [MODEL_LB_LEAST_REQUEST] = &lb_least_request,
    [MODEL_LB_RANDOM] = &lb_random,           [MODEL_LB_PASSTHROUGH] = &lb_round_robin,
    [MODEL_LB_RING_HASH] = &lb_ring_hash,     [MODEL_LB_MAGLEV] = &lb_maglev,
};

/* Hosts that one schedule, ring or table is for. */
struct part {
    uint32_t *members; /* places in hosts */
    double *shares;    /* by_hash only */
    uint32_t count;
    double weight;
    void *state; /* NULL for fewer than 2 hosts */
};

/* A priority that gets traffic. */
struct level {
    uint32_t share_pct;
    struct part *parts;
    uint32_t part_count;
    struct lb_edf turns; /* of parts, when there are several */
};

struct lb {
    const struct lb_policy *policy;
    struct lb_options options;
    uint32_t count;
    bool is_stale;
    struct level *levels;
    uint32_t level_count;
    struct part *only; /* the one part of the one level, which is how most clusters are */
};

/* What one locality of a priority looks like while a level is made. */
struct group {
    uint32_t total, usable;
    double weight;
};

/* ---- making ---- */

static void part_deinit(const struct lb *lb, struct part *p)
{
    if (p->state && lb->policy->release)
        lb->policy->release(p->state);
    mem_free(p->state);
    mem_free(p->members);
    mem_free(p->shares);
}

static void clear(struct lb *lb)
{
    for (uint32_t i = 0; i < lb->level_count; i++) {
        struct level *l = &lb->levels[i];

        for (uint32_t p = 0; p < l->part_count; p++)
            part_deinit(lb, &l->parts[p]);
        mem_free(l->parts);
        lb_edf_deinit(&l->turns);
    }
    mem_free(lb->levels);
    lb->levels = NULL;
    lb->level_count = 0;
    lb->only = NULL;
}

static uint8_t priority_of(const struct lb *lb, const struct lb_host *h)
{
    const struct model_endpoints *set = lb->options.set;

    return set && set->groups ? set->groups[h->group].priority : 0;
}

static struct lb_view view_of(const struct lb *lb, const struct part *p,
                              const struct lb_host *hosts, uint64_t now_ms)
{
    return (struct lb_view){ .hosts = hosts,
                             .members = p->members,
                             .count = p->count,
                             .shares = p->shares,
                             .config = lb->options.config,
                             .random = lb->options.random,
                             .now_ms = now_ms };
}

/* What a level is made from. */
struct making {
    struct lb *lb;
    const struct lb_host *hosts;
    uint64_t now_ms;
    uint8_t priority;
    bool is_panic;
    struct group *groups; /* as the set's; NULL: localities don't matter, or by_hash */
};

static bool is_member(const struct making *m, const struct lb_host *h)
{
    return priority_of(m->lb, h) == m->priority && (h->usable || m->is_panic);
}

/* Where localities have weights, what a host's locality weighs; else 1. */
static uint32_t locality_weight(const struct making *m, const struct lb_host *h)
{
    const struct model_endpoints *set = m->lb->options.set;

    if (!m->lb->options.config->locality_weighted || !set || !set->groups)
        return 1;
    return set->groups[h->group].weight;
}

/* As Envoy does for its rings: by the weights as configured, whatever the health of a locality. */
static void share_out(const struct making *m, struct part *p)
{
    const struct model_endpoints *set = m->lb->options.set;
    bool weighted = m->lb->options.config->locality_weighted && set && set->groups;
    uint64_t *sums = mem_alloc0(weighted ? set->group_count : 1, sizeof(*sums)), weights = 0;

    p->shares = mem_alloc0(p->count, sizeof(*p->shares));
    for (uint32_t g = 0; weighted && g < set->group_count; g++)
        weights += set->groups[g].priority == m->priority ? set->groups[g].weight : 0;
    for (uint32_t i = 0; i < p->count; i++) {
        const struct lb_host *h = &m->hosts[p->members[i]];

        sums[weighted ? h->group : 0] += h->weight;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        const struct lb_host *h = &m->hosts[p->members[i]];
        double part = weighted ? (double)locality_weight(m, h) / (double)weights : 1;

        p->shares[i] = h->weight * part / (double)sums[weighted ? h->group : 0];
    }
    mem_free(sums);
}

/* group: -1 for all. */
static void add_part(const struct making *m, struct level *l, int64_t group, double weight)
{
    struct lb *lb = m->lb;
    struct part *p = &l->parts[l->part_count];
    struct lb_view view;

    *p = (struct part){ .members = mem_alloc0(lb->count, sizeof(*p->members)), .weight = weight };
    for (uint32_t i = 0; i < lb->count; i++) {
        const struct lb_host *h = &m->hosts[i];

        if (is_member(m, h) && (group < 0 || h->group == group) &&
            !(lb->policy->by_hash && !locality_weight(m, h)))
            p->members[p->count++] = i;
    }
    if (!p->count) {
        mem_free(p->members);
        return;
    }
    l->part_count++;
    if (p->count < 2)
        return;
    if (lb->policy->by_hash)
        share_out(m, p);
    view = view_of(lb, p, m->hosts, m->now_ms);
    p->state = lb->policy->build(&view);
}

/* The weights of the priority's localities; NULL when they don't matter. Freed by the caller. */
static struct group *weigh_groups(const struct making *m)
{
    const struct lb *lb = m->lb;
    const struct model_cluster_config *config = lb->options.config;
    const struct model_endpoints *set = lb->options.set;
    struct lb_health_zone *zones;
    struct group *list;
    uint32_t usable = 0;
    bool matters = config->locality_weighted;

    if (!set || !set->groups || !(config->locality_weighted || config->zone_min_cluster))
        return NULL;
    list = mem_alloc0(set->group_count, sizeof(*list));
    zones = mem_alloc0(set->group_count, sizeof(*zones));
    for (uint32_t i = 0; i < lb->count; i++) {
        const struct lb_host *h = &m->hosts[i];

        if (priority_of(lb, h) != m->priority)
            continue;
        list[h->group].total++;
        list[h->group].usable += h->usable;
        usable += h->usable;
    }
    for (uint32_t g = 0; g < set->group_count; g++) {
        if (config->locality_weighted)
            list[g].weight = m->is_panic ? set->groups[g].weight
                                         : lb_health_weight(set->groups[g].weight, list[g].usable,
                                                            list[g].total);
        zones[g] = (struct lb_health_zone){ .healthy = list[g].usable,
                                            .sources = set->groups[g].sources,
                                            .is_local = set->groups[g].is_local };
    }
    if (config->zone_min_cluster && !m->is_panic && usable >= config->zone_min_cluster &&
        lb_health_zones(zones, set->group_count, set->source_total)) {
        matters = true;
        for (uint32_t g = 0; g < set->group_count; g++)
            list[g].weight = zones[g].weight;
    }
    mem_free(zones);
    if (!matters) {
        mem_free(list);
        return NULL;
    }
    return list;
}

static void fill_level(struct making *m, struct level *l)
{
    uint32_t groups = m->lb->options.set ? m->lb->options.set->group_count : 0;

    m->groups = m->lb->policy->by_hash ? NULL : weigh_groups(m);
    l->parts = mem_alloc0(groups + 1, sizeof(*l->parts));
    if (!m->groups) {
        add_part(m, l, -1, 1);
    } else {
        for (uint32_t g = 0; g < groups; g++) {
            if (m->groups[g].weight > 0)
                add_part(m, l, g, m->groups[g].weight);
        }
    }
    mem_free(m->groups);
    m->groups = NULL;
    if (l->part_count > 1) {
        double *weights = mem_alloc0(l->part_count, sizeof(*weights));

        for (uint32_t i = 0; i < l->part_count; i++)
            weights[i] = l->parts[i].weight;
        lb_edf_init(&l->turns, weights, l->part_count, m->lb->options.random);
        mem_free(weights);
    }
}

static void make(struct lb *lb, const struct lb_host *hosts, uint64_t now_ms)
{
    struct lb_health health[UINT8_MAX + 1] = { 0 };
    uint32_t count = 0;

    clear(lb);
    for (uint32_t i = 0; i < lb->count; i++) {
        uint32_t p = priority_of(lb, &hosts[i]);

        health[p].total++;
        health[p].healthy += hosts[i].usable;
        count = p >= count ? p + 1 : count;
    }
    lb_health_divide(health, count, lb->options.config->panic_pct);
    lb->levels = mem_alloc0(count, sizeof(*lb->levels));
    for (uint32_t p = 0; p < count; p++) {
        struct making m = { .lb = lb,
                            .hosts = hosts,
                            .now_ms = now_ms,
                            .priority = (uint8_t)p,
                            .is_panic = health[p].is_panic };

        if (!health[p].share_pct)
            continue;
        lb->levels[lb->level_count].share_pct = health[p].share_pct;
        fill_level(&m, &lb->levels[lb->level_count++]);
    }
    if (lb->level_count == 1 && lb->levels[0].part_count == 1)
        lb->only = &lb->levels[0].parts[0];
    lb->is_stale = false;
}

struct lb *lb_new(const struct lb_options *options, uint32_t count)
{
    struct lb *lb = mem_alloc0(1, sizeof(*lb));

    ASSERT((size_t)options->config->lb < COUNT_OF(policies));
    lb->policy = policies[options->config->lb];
    lb->options = *options;
    lb->count = count;
    lb->is_stale = true; /* made when the first request comes: many clusters never see one */
    return lb;
}

void lb_free(struct lb *lb)
{
    if (!lb)
        return;
    clear(lb);
    mem_free(lb);
}

void lb_changed(struct lb *lb)
{
    lb->is_stale = true;
}

/* ---- picking ---- */

static const struct part *choose_part(struct lb *lb, uint64_t key)
{
    uint32_t ticket = (uint32_t)(key % 100) + 1, at = 0, sum = 0;
    struct level *l;
    uint32_t i;

    if (!lb->level_count)
        return NULL;
    while (at + 1 < lb->level_count && ticket > (sum += lb->levels[at].share_pct))
        at++;
    l = &lb->levels[at];
    if (l->part_count < 2)
        return l->part_count ? &l->parts[0] : NULL;
    i = lb_edf_first(&l->turns);
    lb_edf_repeat(&l->turns, l->parts[i].weight);
    return &l->parts[i];
}

int32_t lb_pick(struct lb *lb, const struct lb_host *hosts, uint32_t count,
                const struct lb_want *want)
{
    const struct part *p;
    struct lb_view view;
    uint64_t key = 0;

    ASSERT(count == lb->count);
    if (lb->is_stale)
        make(lb, hosts, want->now_ms);
    if (!lb->only || lb->policy->by_hash)
        key = want->has_hash ? want->hash : random_next(lb->options.random);
    p = lb->only ? lb->only : choose_part(lb, key);
    if (!p)
        return -1;
    if (p->count == 1)
        return (int32_t)p->members[0];
    view = view_of(lb, p, hosts, want->now_ms);
    view.hash = key;
    return (int32_t)p->members[lb->policy->pick(p->state, &view)];
}
