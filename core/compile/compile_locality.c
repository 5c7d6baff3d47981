#include "core/compile/compile_locality.h"

#include <stdlib.h>

#include "core/compile/compile_host.h"
#include "core/compile/compile_mesh.h"
#include "core/route/route_host.h"

#define ZONE_MIN_CLUSTER 6 /* as in Envoy */
#define NETWORK          "topology.istio.io/network"
#define CLUSTER          "topology.istio.io/cluster"
#define REGION           "topology.kubernetes.io/region"
#define ZONE             "topology.kubernetes.io/zone"
#define SUBZONE          "topology.istio.io/subzone"
#define NODE             "kubernetes.io/hostname"

/* ---- localities ---- */

struct compile_locality compile_locality_parse(struct str text)
{
    struct compile_locality l;

    l.region = str_cut(&text, '/');
    l.zone = str_cut(&text, '/');
    l.subzone = text;
    return l;
}

struct str compile_locality_own(const struct compile *c)
{
    const struct registry_workload *w =
        c->node->locality.len || !c->node->addr_count
            ? NULL
            : registry_find_workload(c->registry, &c->node->addrs[0]);

    return w ? w->locality : c->node->locality;
}

static bool is_any(struct str rule)
{
    return rule.len == 0 || str_is(rule, "*");
}

/* What a rule leaves out of region, zone and subzone is any. */
static bool is_match(const struct compile_locality *l, struct str rule)
{
    struct compile_locality r = compile_locality_parse(rule);

    return (str_is(r.region, "*") || str_eq(l->region, r.region)) &&
           (is_any(r.zone) || str_eq(l->zone, r.zone)) &&
           (is_any(r.subzone) || str_eq(l->subzone, r.subzone));
}

/* LB-3 */
static uint32_t distance(const struct compile_locality *a, const struct compile_locality *b)
{
    if (!str_eq(a->region, b->region))
        return 3;
    if (!str_eq(a->zone, b->zone))
        return 2;
    return str_eq(a->subzone, b->subzone) ? 0 : 1;
}

/* ---- which settings hold ---- */

struct plan {
    bool is_on;
    bool is_zone_aware;
    const struct traffic_policy_distribute *shares; /* the one for us; NULL: none */
    const struct traffic_policy_failover *failover;
    size_t failover_count;
    const struct str *labels; /* failoverPriority */
    size_t label_count;
};

static const struct str close_labels[] = { STR_INIT(NETWORK), STR_INIT(REGION), STR_INIT(ZONE),
                                           STR_INIT(SUBZONE), STR_INIT(NODE) };

/* How many of close_labels each trafficDistribution looks at. */
static const uint8_t close_counts[] = {
    [REGISTRY_DISTRIBUTION_ANY] = 0,
    [REGISTRY_DISTRIBUTION_CLOSE] = 4,
    [REGISTRY_DISTRIBUTION_ZONE] = 3,
    [REGISTRY_DISTRIBUTION_NODE] = 5,
};

static const struct traffic_policy_distribute *shares_for(const struct traffic_policy_locality *l,
                                                          struct str own)
{
    struct compile_locality here = compile_locality_parse(own);

    for (size_t i = 0; l && own.len && i < l->distribute_count; i++) {
        if (is_match(&here, l->distribute[i].from))
            return &l->distribute[i];
    }
    return NULL;
}

static bool is_off(const struct field_opt *enabled)
{
    return enabled->set && !enabled->value;
}

static void plan_locality(const struct compile_dr_policy *policy,
                          const struct traffic_policy_locality *l, struct str own, struct plan *p)
{
    p->shares = shares_for(l, own);
    if (l->distribute_count) {
        p->is_on = p->shares != NULL;
        return;
    }
    p->is_on = policy->outlier != NULL; /* CB-9 */
    p->failover = l->failover;
    p->failover_count = l->failover_count;
    p->labels = l->failover_priority;
    p->label_count = l->failover_priority_count;
}

static bool rule_decides(const struct compile_dr_policy *policy)
{
    return policy->lb && (policy->lb->locality || policy->lb->zone_aware);
}

/* The rule's, or the mesh's where neither rule nor service say anything; may be NULL. */
static const struct traffic_policy_zone_aware *zones_for(const struct compile *c,
                                                         const struct compile_dr_policy *policy,
                                                         const struct registry_service *service)
{
    if (rule_decides(policy))
        return policy->lb->zone_aware;
    return service->distribution == REGISTRY_DISTRIBUTION_ANY
               ? c->mesh->config.zone_aware_lb_setting
               : NULL;
}

/* Likewise; the mesh's other setting stands above this one. */
static const struct traffic_policy_locality *setting_for(const struct compile *c,
                                                         const struct compile_dr_policy *policy,
                                                         const struct registry_service *service)
{
    const struct mesh_config *m = &c->mesh->config;

    if (rule_decides(policy))
        return policy->lb->locality;
    return service->distribution == REGISTRY_DISTRIBUTION_ANY && !m->zone_aware_lb_setting
               ? m->locality_lb_setting
               : NULL;
}

static struct plan plan_of(const struct compile *c, const struct compile_dr_policy *policy,
                           const struct registry_service *service, struct str own)
{
    const struct traffic_policy_zone_aware *zone = zones_for(c, policy, service);
    const struct traffic_policy_locality *l = setting_for(c, policy, service);
    struct plan p = { 0 };

    if ((zone && is_off(&zone->enabled)) || (l && is_off(&l->enabled)))
        return p;
    if (zone && zone->enabled.set) {
        p.is_on = p.is_zone_aware = own.len > 0;
        p.failover = zone->failover;
        p.failover_count = zone->failover_count;
        p.labels = zone->failover_priority;
        p.label_count = zone->failover_priority_count;
    } else if (l) {
        plan_locality(policy, l, own, &p);
    } else if (service->distribution != REGISTRY_DISTRIBUTION_ANY) {
        p.is_on = true;
        p.labels = close_labels;
        p.label_count = close_counts[service->distribution];
    } else {
        p.is_on = policy->outlier != NULL; /* the mesh's default */
    }
    return p;
}

bool compile_locality_is_weighted(const struct compile *c, const struct registry_service *service,
                                  const struct compile_dr_policy *policy)
{
    const struct traffic_policy_locality *l = setting_for(c, policy, service);

    return l && !is_off(&l->enabled) && shares_for(l, compile_locality_own(c));
}

uint32_t compile_locality_zone_minimum(const struct compile *c,
                                       const struct registry_service *service,
                                       const struct compile_dr_policy *policy)
{
    const struct traffic_policy_zone_aware *zone = zones_for(c, policy, service);

    if (!zone || !zone->enabled.set || !zone->enabled.value)
        return 0;
    return zone->min_cluster_size.set ? (uint32_t)zone->min_cluster_size.value : ZONE_MIN_CLUSTER;
}

/* ---- labels, with those that place gives ---- */

struct place {
    struct str network, cluster, node;
    struct compile_locality at;
    const struct field_pair *labels;
    uint32_t label_count;
};

static struct str label_of(const struct place *p, struct str key)
{
    for (uint32_t i = 0; i < p->label_count; i++) {
        if (str_eq(p->labels[i].key, key))
            return p->labels[i].value;
    }
    return str_is(key, NETWORK)   ? p->network
           : str_is(key, CLUSTER) ? p->cluster
           : str_is(key, REGION)  ? p->at.region
           : str_is(key, ZONE)    ? p->at.zone
           : str_is(key, SUBZONE) ? p->at.subzone
           : str_is(key, NODE)    ? p->node
                                  : STR_NONE;
}

static struct place place_of(const struct registry_workload *w)
{
    return (struct place){ .network = w->network,
                           .cluster = w->cluster,
                           .node = w->node,
                           .at = compile_locality_parse(w->locality),
                           .labels = w->labels,
                           .label_count = w->label_count };
}

static struct place place_of_us(const struct compile *c, struct str own)
{
    const struct registry_workload *w =
        c->node->addr_count ? registry_find_workload(c->registry, &c->node->addrs[0]) : NULL;

    return (struct place){ .network = c->node->network,
                           .cluster = c->node->cluster_id,
                           .node = w ? w->node : STR_NONE,
                           .at = compile_locality_parse(own),
                           .labels = c->labels,
                           .label_count = c->label_count };
}

/* LB-4: a label counts only when those before it matched. Another network is worse than anything
 * else, yet the labels behind it still order what is there. */
static uint32_t label_priority(const struct plan *p, const struct place *us,
                               const struct place *them)
{
    uint32_t base = 0;

    for (size_t i = 0; i < p->label_count; i++) {
        struct str want = p->labels[i], key = str_cut(&want, '=');

        if (!want.p)
            want = label_of(us, key);
        if (str_eq(want, label_of(them, key)))
            continue;
        if (i > 0 || !str_is(key, NETWORK))
            return base + (uint32_t)(p->label_count - i);
        base = (uint32_t)p->label_count;
    }
    return base;
}

/* ---- priorities ---- */

static uint32_t failover_priority(const struct plan *p, const struct compile_locality *us,
                                  const struct compile_locality *them)
{
    uint32_t priority = distance(us, them);

    if (p->is_zone_aware) /* inside of the region zones are weighed, not ordered */
        priority = priority < 3 ? 0 : 3;
    for (size_t i = 0; priority == 3 && i < p->failover_count; i++) {
        if (!str_eq(p->failover[i].from, us->region))
            continue;
        return str_eq(p->failover[i].to, them->region) ? 3 : 4;
    }
    return priority;
}

enum { DISTANCES = 5 };

static uint32_t priority_of(const struct plan *p, const struct place *us,
                            const struct registry_workload *w)
{
    struct place them = place_of(w);
    uint32_t priority = 0;

    if (p->shares)
        return 0;
    if (p->label_count) {
        priority = label_priority(p, us, &them);
        if (!p->failover_count)
            return priority;
        priority *= DISTANCES;
    }
    if (us->at.region.len == 0)
        return priority;
    return priority + failover_priority(p, &us->at, &them.at);
}

/* ---- groups ---- */

struct draft {
    struct str locality;
    uint32_t priority, count;
};

/* Finds or makes; lists are short: one for each place that has endpoints. */
static uint32_t group_for(struct draft *list, uint32_t *count, struct str locality,
                          uint32_t priority)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (list[i].priority == priority && str_eq(list[i].locality, locality))
            return i;
    }
    list[*count] = (struct draft){ .locality = locality, .priority = priority };
    return (*count)++;
}

/* Priorities without holes, from 0. */
static uint8_t rank_of(const struct draft *list, uint32_t count, uint32_t priority)
{
    uint32_t rank = 0;

    for (uint32_t i = 0; i < count; i++) {
        bool is_first = list[i].priority < priority;

        for (uint32_t j = 0; j < i && is_first; j++)
            is_first = list[j].priority != list[i].priority;
        rank += is_first;
    }
    return rank < UINT8_MAX ? (uint8_t)rank : UINT8_MAX;
}

/* LB-5: each `to` divides its share among the localities it names that no earlier one took, by
 * their weight. */
static void weigh(const struct traffic_policy_distribute *d, struct model_endpoints *set)
{
    uint64_t *own = arena_alloc0(&set->arena, set->group_count, sizeof(*own));
    bool *taken = arena_alloc0(&set->arena, set->group_count, sizeof(*taken));

    for (uint32_t i = 0; i < set->count; i++)
        own[set->list[i].group] += set->list[i].weight;
    for (size_t t = 0; t < d->to_count; t++) {
        uint64_t total = 0, share = (uint64_t)d->to[t].value;
        bool *ours = arena_alloc0(&set->arena, set->group_count, sizeof(*ours));

        for (uint32_t g = 0; g < set->group_count; g++) {
            struct compile_locality at = compile_locality_parse(set->groups[g].locality);

            ours[g] = !taken[g] && is_match(&at, d->to[t].key);
            taken[g] |= ours[g];
            total += ours[g] ? own[g] : 0;
        }
        for (uint32_t g = 0; g < set->group_count; g++) {
            if (ours[g])
                set->groups[g].weight = (uint32_t)((own[g] * share + total - 1) / total);
        }
    }
}

/* ---- zone-aware: where others like us are ---- */

/* The members of the first of our services. */
static const struct registry_endpoints *siblings(const struct compile *c)
{
    struct str first = STR_NONE;
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&c->own_hosts, &at));) {
        if (!first.p || str_cmp(s->key, first) < 0)
            first = s->key;
    }
    return first.p ? registry_find_endpoints(c->registry, first) : NULL;
}

static void count_sources(const struct compile *c, struct str own, struct model_endpoints *set)
{
    const struct registry_endpoints *us = siblings(c);

    for (uint32_t g = 0; g < set->group_count; g++)
        set->groups[g].is_local = str_eq(set->groups[g].locality, own);
    for (uint32_t i = 0; us && i < us->count; i++) {
        if (!us->list[i].healthy)
            continue;
        set->source_total++;
        for (uint32_t g = 0; g < set->group_count; g++)
            set->groups[g].sources +=
                str_eq(set->groups[g].locality, us->list[i].workload->locality);
    }
}

void compile_locality_group(const struct compile *c, const struct registry_service *service,
                            const struct compile_dr_policy *policy,
                            const struct registry_workload *const *members,
                            struct model_endpoints *set)
{
    struct str own = compile_locality_own(c);
    struct plan p = plan_of(c, policy, service, own);
    struct place us = place_of_us(c, own);
    struct draft *drafts;
    uint32_t count = 0;
    struct arena a;

    if (!p.is_on || set->count == 0)
        return;
    arena_init(&a, 1024);
    drafts = arena_alloc0(&a, set->count, sizeof(*drafts));
    for (uint32_t i = 0; i < set->count; i++) {
        /* Only where localities have weights do they need groups of their own. */
        struct str locality = p.shares || p.is_zone_aware ? members[i]->locality : STR_NONE;

        set->list[i].group = group_for(drafts, &count, locality, priority_of(&p, &us, members[i]));
    }
    set->groups = arena_alloc0(&set->arena, count, sizeof(*set->groups));
    set->group_count = count;
    for (uint32_t g = 0; g < count; g++) {
        set->groups[g].locality = arena_str(&set->arena, drafts[g].locality);
        set->groups[g].priority = rank_of(drafts, count, drafts[g].priority);
    }
    if (p.shares)
        weigh(p.shares, set);
    if (p.is_zone_aware)
        count_sources(c, own, set);
    arena_deinit(&a);
}

/* ---- clusters ---- */

bool compile_locality_is_cluster_local(const struct compile *c, const struct registry_service *s)
{
    bool is_local = s->kubernetes && (str_is(s->ns, "kube-system") ||
                                      (str_is(s->ns, "default") && str_is(s->name, "kubernetes")));
    const struct mesh_config *m = &c->mesh->config;
    size_t longest = 0;

    /* The most specific pattern decides, over the default too. */
    for (size_t i = 0; i < m->service_settings_count; i++) {
        const struct mesh_config_service_settings *set = &m->service_settings[i];

        for (size_t h = 0; set->settings && h < set->hosts_count; h++) {
            if (set->hosts[h].len < longest || !route_host_matches(set->hosts[h], s->host))
                continue;
            longest = set->hosts[h].len;
            is_local = set->settings->cluster_local;
        }
    }
    return is_local;
}

/* ---- following ---- */

void compile_locality_follow(struct compile *c)
{
    struct str own = compile_locality_own(c);
    uint64_t sources = 0;

    if (c->uses_zones) {
        const struct registry_endpoints *us = siblings(c);

        sources = us ? us->hash : 0;
    }
    if (str_eq(own, c->locality) && sources == c->sources)
        return;
    c->locality = str_eq(own, c->locality) ? c->locality : arena_str(&c->arena, own);
    c->sources = sources;
    compile_host_mark_all(c, COMPILE_DIRTY_CLUSTERS);
}
