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

static void setup(const uint32_t *weights, uint32_t count)
{
    random_init(&rng, 42);
    memset(seen, 0, sizeof(seen));
    for (uint32_t i = 0; i < count; i++)
        hosts[i] = (struct lb_host){ .weight = weights ? weights[i] : 1, .usable = true };
}

static void draw(enum model_lb policy, uint32_t count, uint32_t picks)
{
    struct lb *lb = lb_new(policy, hosts, count, &rng);

    for (uint32_t i = 0; i < picks; i++) {
        int32_t host = lb_pick(lb, hosts, count);

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

static void shares_follow_weights(void)
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
    lb = lb_new(MODEL_LB_ROUND_ROBIN, hosts, 5, &rng);
    first = lb_pick(lb, hosts, 5);
    for (int32_t i = 1; i < 50; i++)
        EQ_INT(lb_pick(lb, hosts, 5), (first + i) % 5);
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
        struct lb *lb = lb_new(MODEL_LB_ROUND_ROBIN, hosts, 4, &rng);

        started[lb_pick(lb, hosts, 4)] = true;
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
    lb = lb_new(MODEL_LB_LEAST_REQUEST, hosts, 32, &rng);
    for (int i = 0; i < 3200; i++)
        hosts[lb_pick(lb, hosts, 32)].active++;
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
            lb = lb_new(policies[i], hosts, count, &rng);
            EQ_INT(lb_pick(lb, hosts, count), -1);
            if (count) {
                hosts[count - 1].usable = true;
                EQ_INT(lb_pick(lb, hosts, count), (int32_t)count - 1);
            }
            lb_free(lb);
        }
    }
    lb_free(NULL);
}

static const struct tap_case cases[] = {
    { "shares_follow_weights", shares_follow_weights },
    { "shares_follow_weights_of_usable_hosts", shares_follow_weights_of_usable_hosts },
    { "round_robin_takes_turns", round_robin_takes_turns },
    { "round_robin_is_exact_over_a_period", round_robin_is_exact_over_a_period },
    { "round_robin_starts_anywhere", round_robin_starts_anywhere },
    { "least_request_avoids_the_busy", least_request_avoids_the_busy },
    { "least_request_spreads_load", least_request_spreads_load },
    { "tried_hosts_come_last", tried_hosts_come_last },
    { "no_usable_host_is_minus_one", no_usable_host_is_minus_one },
};

TAP_MAIN(cases)
