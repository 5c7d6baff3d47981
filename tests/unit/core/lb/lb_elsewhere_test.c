#include "core/lb/lb_elsewhere.h"

#include "core/model/model_endpoints.h"
#include "tests/tap.h"

static struct model_endpoint_group groups[] = { { .priority = 0 },
                                                { .priority = 1 },
                                                { .priority = 2 } };
static const struct model_endpoints set = { .groups = groups };

static struct lb_host host(uint32_t group, bool usable, uint32_t weight)
{
    return (struct lb_host){ .group = group, .usable = usable, .weight = weight };
}

static void the_next_priority_with_a_usable_host_is_taken(void)
{
    struct lb_host hosts[] = { host(2, true, 1), host(0, true, 1), host(1, false, 1),
                               host(2, true, 1) };
    struct random random;
    uint32_t picked[4] = { 0 };

    random_init(&random, 1);
    EQ_UINT(lb_elsewhere_bit(&set, &hosts[0]), 4);
    for (int i = 0; i < 200; i++) {
        int32_t at = lb_elsewhere_pick(&set, hosts, 4, 1, &random);

        if (!OK(at == 0 || at == 3))
            return;
        picked[at]++;
    }
    OK(picked[0] > 50 && picked[3] > 50);
    EQ_INT(lb_elsewhere_pick(&set, hosts, 4, 0, &random), 1);
    EQ_INT(lb_elsewhere_pick(&set, hosts, 4, 5, &random), -1);
}

static void weights_share_a_priority(void)
{
    struct lb_host hosts[] = { host(0, true, 1), host(1, true, 1), host(1, true, 3) };
    struct random random;
    uint32_t heavy = 0;

    random_init(&random, 2);
    for (int i = 0; i < 4000; i++)
        heavy += lb_elsewhere_pick(&set, hosts, 3, 1, &random) == 2;
    OK(heavy > 2850 && heavy < 3150);
}

static void without_groups_there_is_nowhere_else(void)
{
    static const struct model_endpoints plain;
    struct lb_host hosts[] = { host(0, true, 1) };
    struct random random;

    random_init(&random, 3);
    EQ_INT(lb_elsewhere_pick(&plain, hosts, 1, lb_elsewhere_bit(&plain, hosts), &random), -1);
}

static const struct tap_case cases[] = {
    { "the_next_priority_with_a_usable_host_is_taken",
      the_next_priority_with_a_usable_host_is_taken },
    { "weights_share_a_priority", weights_share_a_priority },
    { "without_groups_there_is_nowhere_else", without_groups_there_is_nowhere_else },
};

TAP_MAIN(cases)
