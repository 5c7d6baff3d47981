#include "core/lb/lb_health.h"

#include <math.h>

#include "core/base/mem.h"
#include "tests/tap.h"

/* "80/20": the shares, "!" behind one in panic. */
static const char *divided(const uint32_t (*hosts)[2], uint32_t count, uint32_t panic_pct)
{
    struct lb_health list[4] = { 0 };
    static char out[64];
    size_t at = 0;

    for (uint32_t i = 0; i < count; i++) {
        list[i].healthy = hosts[i][0];
        list[i].total = hosts[i][1];
    }
    lb_health_divide(list, count, panic_pct);
    for (uint32_t i = 0; i < count; i++)
        at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%u%s", i ? "/" : "",
                               list[i].share_pct, list[i].is_panic ? "!" : "");
    return out;
}

/* The table in Envoy's page about priorities: 1.4 times as many as needed. */
static void lb_3_next_priority_takes_what_the_first_cannot(void)
{
    static const struct {
        uint32_t hosts[2][2];
        const char *shares;
    } rows[] = {
        { { { 100, 100 }, { 100, 100 } }, "100/0" }, { { { 72, 100 }, { 72, 100 } }, "100/0" },
        { { { 71, 100 }, { 71, 100 } }, "99/1" },    { { { 50, 100 }, { 50, 100 } }, "70/30" },
        { { { 25, 100 }, { 100, 100 } }, "35/65" },  { { { 0, 100 }, { 100, 100 } }, "0/100" },
        { { { 25, 100 }, { 25, 100 } }, "50/50" },   { { { 5, 100 }, { 65, 100 } }, "8/92" },
        { { { 0, 2 }, { 0, 2 } }, "100/0" },         { { { 0, 0 }, { 1, 1 } }, "0/100" },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        EQ_STR(divided(rows[i].hosts, 2, 0), rows[i].shares);
}

static void cb_8_no_panic_unless_asked_for(void)
{
    static const uint32_t none[][2] = { { 0, 4 } }, few[][2] = { { 1, 10 } },
                          half[][2] = { { 5, 10 } }, near_ok[][2] = { { 0, 10 }, { 10, 10 } };

    EQ_STR(divided(none, 1, 0), "100");
    EQ_STR(divided(none, 1, 50), "100!");
    EQ_STR(divided(few, 1, 0), "100");
    EQ_STR(divided(few, 1, 50), "100!");
    EQ_STR(divided(half, 1, 50), "100");      /* not fewer than 50 % */
    EQ_STR(divided(near_ok, 2, 50), "0/100"); /* the others can carry it all */
}

static void all_in_panic_share_by_number_of_hosts(void)
{
    static const uint32_t hosts[][2] = { { 1, 10 }, { 0, 30 } };

    EQ_STR(divided(hosts, 2, 50), "25!/75!");
}

static void weight_of_a_locality_falls_with_its_health(void)
{
    OK(fabs(lb_health_weight(80, 10, 10) - 80) < 1e-9);
    OK(fabs(lb_health_weight(80, 8, 10) - 80) < 1e-9);
    OK(fabs(lb_health_weight(80, 5, 10) - 56) < 1e-9);
    OK(lb_health_weight(80, 0, 10) <= 0);
    OK(lb_health_weight(80, 0, 0) <= 0);
}

static void zones_keep_what_they_can_carry(void)
{
    struct lb_health_zone same[] = { { 1, 1, true, 0 }, { 1, 1, false, 0 } };
    struct lb_health_zone few[] = { { 1, 3, true, 0 }, { 2, 0, false, 0 }, { 1, 1, false, 0 } };

    OK(lb_health_zones(same, 2, 2));
    OK(same[0].weight >= 1 && same[1].weight <= 0);
    /* Here are a quarter of the hosts and three quarters of the clients. */
    OK(lb_health_zones(few, 3, 4));
    OK(fabs(few[0].weight - 1.0 / 3) < 1e-9);
    OK(fabs(few[1].weight - 2.0 / 3) < 1e-9); /* 1/2 more than its clients; the third has none */
    OK(few[2].weight <= 0);
}

static void zones_do_not_matter_without_hosts_here_or_elsewhere(void)
{
    struct lb_health_zone away[] = { { 0, 1, true, 0 }, { 1, 1, false, 0 }, { 1, 0, false, 0 } };
    struct lb_health_zone alone[] = { { 2, 1, true, 0 }, { 0, 1, false, 0 } };
    struct lb_health_zone nobody[] = { { 2, 0, true, 0 }, { 2, 0, false, 0 } };

    OK(!lb_health_zones(away, 3, 2));
    OK(!lb_health_zones(alone, 2, 2));
    OK(!lb_health_zones(nobody, 2, 0));
}

static const struct tap_case cases[] = {
    { "lb_3_next_priority_takes_what_the_first_cannot",
      lb_3_next_priority_takes_what_the_first_cannot },
    { "cb_8_no_panic_unless_asked_for", cb_8_no_panic_unless_asked_for },
    { "all_in_panic_share_by_number_of_hosts", all_in_panic_share_by_number_of_hosts },
    { "weight_of_a_locality_falls_with_its_health", weight_of_a_locality_falls_with_its_health },
    { "zones_keep_what_they_can_carry", zones_keep_what_they_can_carry },
    { "zones_do_not_matter_without_hosts_here_or_elsewhere",
      zones_do_not_matter_without_hosts_here_or_elsewhere },
};

TAP_MAIN(cases)
