#include "core/lb/lb.h"

#include <math.h>

#include "core/base/mem.h"
#include "tests/tap.h"

#define MAX_HOSTS 64

static struct random rng;
static struct lb_host hosts[MAX_HOSTS];
static uint32_t seen[MAX_HOSTS];

static const enum model_lb policies[] = { MODEL_LB_ROUND_ROBIN, MODEL_LB_LEAST_REQUEST,
                                          MODEL_LB_RANDOM, MODEL_LB_PASSTHROUGH };

static struct model_cluster_config config;
static const struct lb_want anyone;

static struct lb *make(enum model_lb policy, uint32_t count)
{
    struct lb_options options = { .config = &config, .random = &rng };

    config.lb = (uint8_t)policy;
    return lb_new(&options, count);
}

static void setup(const uint32_t *weights, uint32_t count)
{
    random_init(&rng, 42);
    memset(seen, 0, sizeof(seen));
    for (uint32_t i = 0; i < count; i++)
        hosts[i] = (struct lb_host){ .weight = weights ? weights[i] : 1, .usable = true };
}

static void draw(enum model_lb policy, uint32_t count, uint32_t picks)
{
    struct lb *lb = make(policy, count);

    for (uint32_t i = 0; i < picks; i++) {
        int32_t host = lb_pick(lb, hosts, count, &anyone);

        if (!OK(host >= 0 && host < (int32_t)count))
            break;
        seen[host]++;
    }
    lb_free(lb);
}

/* Within four standard deviations of what the weights promise. */
static void shares_are(const uint32_t *weights, uint32_t count, uint32_t picks)
{
    double total = 0;

    for (uint32_t i = 0; i < count; i++)
        total += hosts[i].usable ? weights[i] : 0;
    for (uint32_t i = 0; i < count; i++) {
        double p = hosts[i].usable ? weights[i] / total : 0;

        if (!OK(fabs(seen[i] - picks * p) <= 4 * sqrt(picks * p * (1 - p)) + 1))
            NOTE("host %u was picked %u times of %u, weight %u", i, seen[i], picks, weights[i]);
    }
}

static void lb_1_shares_follow_weights(void)
{
    static const uint32_t even[] = { 1, 1, 1, 1, 1, 1, 1 }, uneven[] = { 1, 90, 9, 50, 50, 1, 3 };

    for (size_t i = 0; i < COUNT_OF(policies); i++) {
        setup(even, 7);
        draw(policies[i], 7, 70000);
        shares_are(even, 7, 70000);
        setup(uneven, 7);
        draw(policies[i], 7, 70000);
        shares_are(uneven, 7, 70000);
    }
}

static void shares_follow_weights_of_usable_hosts(void)
{
    static const uint32_t weights[] = { 5, 90, 9, 50, 2 };

    for (size_t i = 0; i < COUNT_OF(policies); i++) {
        setup(weights, 5);
        hosts[1].usable = hosts[3].usable = false;
        draw(policies[i], 5, 20000);
        shares_are(weights, 5, 20000);
    }
}

static void round_robin_takes_turns(void)
{
    struct lb *lb;
    int32_t first;

    setup(NULL, 5);
    lb = make(MODEL_LB_ROUND_ROBIN, 5);
    first = lb_pick(lb, hosts, 5, &anyone);
    for (int32_t i = 1; i < 50; i++)
        EQ_INT(lb_pick(lb, hosts, 5, &anyone), (first + i) % 5);
    lb_free(lb);
}

static void round_robin_is_exact_over_a_period(void)
{
    static const uint32_t weights[] = { 1, 2, 5 };

    setup(weights, 3);
    draw(MODEL_LB_ROUND_ROBIN, 3, 800);
    for (uint32_t i = 0; i < 3; i++)
        OK(seen[i] >= weights[i] * 100 - 1 && seen[i] <= weights[i] * 100 + 1);
}

static void round_robin_starts_anywhere(void)
{
    bool started[4] = { 0 };

    setup(NULL, 4);
    for (int i = 0; i < 100; i++) {
        struct lb *lb = make(MODEL_LB_ROUND_ROBIN, 4);

        started[lb_pick(lb, hosts, 4, &anyone)] = true;
        lb_free(lb);
    }
    OK(started[0] && started[1] && started[2] && started[3]);
}

static void least_request_avoids_the_busy(void)
{
    static const uint32_t uneven[] = { 2, 1, 2, 2 };

    setup(NULL, 2);
    hosts[1].active = 10;
    draw(MODEL_LB_LEAST_REQUEST, 2, 1000);
    EQ_UINT(seen[1], 0);
    setup(uneven, 4);
    hosts[0].active = 9;
    draw(MODEL_LB_LEAST_REQUEST, 4, 5200); /* weights 0.2, 1, 2, 2 */
    OK(seen[0] > 150 && seen[0] < 250);
}

static void least_request_spreads_load(void)
{
    uint32_t least = UINT32_MAX, most = 0;
    struct lb *lb;

    setup(NULL, 32);
    lb = make(MODEL_LB_LEAST_REQUEST, 32);
    for (int i = 0; i < 3200; i++)
        hosts[lb_pick(lb, hosts, 32, &anyone)].active++;
    for (int i = 0; i < 32; i++) {
        least = hosts[i].active < least ? hosts[i].active : least;
        most = hosts[i].active > most ? hosts[i].active : most;
    }
    OK(most - least <= 8);
    lb_free(lb);
}

static void tried_hosts_come_last(void)
{
    static const uint32_t weights[] = { 1000, 1, 1000 };

    for (size_t i = 0; i < COUNT_OF(policies); i++) {
        setup(weights, 3);
        hosts[0].tried = hosts[2].tried = true;
        draw(policies[i], 3, 100);
        EQ_UINT(seen[1], 100);
        hosts[1].usable = false;
        draw(policies[i], 3, 100); /* better a second try than none */
        EQ_UINT(seen[0] + seen[2], 100);
    }
}

static void no_usable_host_is_minus_one(void)
{
    for (size_t i = 0; i < COUNT_OF(policies); i++) {
        for (uint32_t count = 0; count < 4; count++) {
            struct lb *lb;

            setup(NULL, 4);
            for (uint32_t h = 0; h < count; h++)
                hosts[h].usable = false;
            lb = make(policies[i], count);
            EQ_INT(lb_pick(lb, hosts, count, &anyone), -1);
            if (count) {
                hosts[count - 1].usable = true;
                lb_changed(lb);
                EQ_INT(lb_pick(lb, hosts, count, &anyone), (int32_t)count - 1);
            }
            lb_free(lb);
        }
    }
    lb_free(NULL);
}

/* ---- priorities, localities ---- */

static struct model_endpoint_group groups[4];
static struct model_endpoints set = { .groups = groups };

static void draw_grouped(enum model_lb policy, uint32_t count, uint32_t picks)
{
    struct lb_options options = { .config = &config, .set = &set, .random = &rng };
    struct lb *lb;

    config.lb = (uint8_t)policy;
    memset(seen, 0, sizeof(seen));
    lb = lb_new(&options, count);
    for (uint32_t i = 0; i < picks; i++) {
        int32_t host = lb_pick(lb, hosts, count, &anyone);

        if (!OK(host >= 0))
            break;
        seen[host]++;
    }
    lb_free(lb);
}

static bool is_about(uint32_t host, uint32_t want)
{
    double slack = 5 * sqrt(want) + 1;

    if (fabs((double)seen[host] - want) <= slack)
        return true;
    NOTE("host %u was picked %u times instead of about %u", host, seen[host], want);
    return false;
}

static void use_groups(uint32_t count)
{
    memset(groups, 0, sizeof(groups));
    set.group_count = count;
    set.source_total = 0;
    config = (struct model_cluster_config){ 0 };
}

static void lb_3_lower_priorities_wait_for_failures(void)
{
    setup(NULL, 6); /* four near ones, two far away */
    use_groups(2);
    groups[1].priority = 1;
    hosts[4].group = hosts[5].group = 1;
    for (size_t p = 0; p < COUNT_OF(policies); p++) {
        hosts[0].usable = hosts[1].usable = true;
        draw_grouped(policies[p], 6, 1000);
        EQ_UINT(seen[4] + seen[5], 0);
        hosts[0].usable = hosts[1].usable = false;
        draw_grouped(policies[p], 6, 10000);
        OK(is_about(2, 3500) && is_about(3, 3500) && is_about(4, 1500) && is_about(5, 1500));
    }
}

static void cb_8_ejected_hosts_get_nothing_without_panic(void)
{
    setup(NULL, 4);
    use_groups(1);
    hosts[0].usable = hosts[1].usable = hosts[2].usable = false;
    draw_grouped(MODEL_LB_LEAST_REQUEST, 4, 100);
    EQ_UINT(seen[3], 100);
    config.panic_pct = 50;
    draw_grouped(MODEL_LB_LEAST_REQUEST, 4, 4000);
    OK(is_about(0, 1000) && is_about(3, 1000));
}

static void lb_5_localities_get_their_weights(void)
{
    setup(NULL, 4); /* one, two and one hosts in three places */
    use_groups(3);
    config.locality_weighted = true;
    groups[0].weight = 20;
    groups[1].weight = 80;
    hosts[1].group = hosts[2].group = 1;
    hosts[3].group = 2;
    draw_grouped(MODEL_LB_ROUND_ROBIN, 4, 50);
    OK(seen[0] >= 9 && seen[0] <= 11 && seen[1] + seen[2] == 50 - seen[0]);
    EQ_UINT(seen[3], 0);
}

static void zone_aware_stays_in_its_zone(void)
{
    setup(NULL, 2);
    use_groups(2);
    config.zone_min_cluster = 1;
    groups[0].is_local = true;
    groups[0].sources = groups[1].sources = 1;
    set.source_total = 2;
    hosts[1].group = 1;
    draw_grouped(MODEL_LB_LEAST_REQUEST, 2, 100);
    EQ_UINT(seen[0], 100);
    config.zone_min_cluster = 10; /* too few endpoints for it */
    draw_grouped(MODEL_LB_ROUND_ROBIN, 2, 100);
    EQ_UINT(seen[0], 50);
}

/* ---- warm-up ---- */

static uint32_t share_at(enum model_lb policy, uint64_t age_ms, uint32_t picks)
{
    struct lb_options options = { .config = &config, .random = &rng };
    struct lb_want want = { .now_ms = 1000000 };
    uint32_t count = 0;
    struct lb *lb;

    setup(NULL, 2);
    config.lb = (uint8_t)policy;
    hosts[1].since_ms = want.now_ms - age_ms;
    lb = lb_new(&options, 2);
    for (uint32_t i = 0; i < picks; i++)
        count += lb_pick(lb, hosts, 2, &want) == 1;
    lb_free(lb);
    return count;
}

static void new_hosts_warm_up(void)
{
    static const enum model_lb both[] = { MODEL_LB_ROUND_ROBIN, MODEL_LB_LEAST_REQUEST };

    config = (struct model_cluster_config){
        .warmup = { .duration_ms = 10000, .min_share = 0.1, .aggression = 1 }
    };
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        uint32_t fresh = share_at(both[i], 0, 1100), half = share_at(both[i], 5000, 1500),
                 warm = share_at(both[i], 10000, 1000);

        OK(fresh >= 99 && fresh <= 101); /* a tenth of the other's */
        OK(half >= 499 && half <= 501);
        OK(warm >= 400 && warm <= 600);
    }
    config.warmup.aggression = 2; /* the square root of the time's part */
    EQ_UINT(share_at(MODEL_LB_ROUND_ROBIN, 2500, 1500) / 10, 50);
}

static const struct tap_case cases[] = {
    { "lb_1_shares_follow_weights", lb_1_shares_follow_weights },
    { "shares_follow_weights_of_usable_hosts", shares_follow_weights_of_usable_hosts },
    { "round_robin_takes_turns", round_robin_takes_turns },
    { "round_robin_is_exact_over_a_period", round_robin_is_exact_over_a_period },
    { "round_robin_starts_anywhere", round_robin_starts_anywhere },
    { "least_request_avoids_the_busy", least_request_avoids_the_busy },
    { "least_request_spreads_load", least_request_spreads_load },
    { "tried_hosts_come_last", tried_hosts_come_last },
    { "no_usable_host_is_minus_one", no_usable_host_is_minus_one },
    { "lb_3_lower_priorities_wait_for_failures", lb_3_lower_priorities_wait_for_failures },
    { "cb_8_ejected_hosts_get_nothing_without_panic",
      cb_8_ejected_hosts_get_nothing_without_panic },
    { "lb_5_localities_get_their_weights", lb_5_localities_get_their_weights },
    { "zone_aware_stays_in_its_zone", zone_aware_stays_in_its_zone },
    { "new_hosts_warm_up", new_hosts_warm_up },
};

TAP_MAIN(cases)
