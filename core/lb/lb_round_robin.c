#include "core/lb/lb_round_robin.h"

#include "core/base/mem.h"
#include "core/lb/lb_edf.h"

/* So many turns may fall on hosts that cannot be used before all are looked at. */
#define MAX_SKIPS 8

struct lb_round_robin_state {
    uint32_t next; /* equal weights */
    bool is_even;
    struct lb_edf edf; /* other weights */
};

static void *build(const struct lb_host *hosts, uint32_t count, struct random *random)
{
    struct lb_round_robin_state *s = mem_alloc0(1, sizeof(*s));

    s->is_even = lb_policy_is_even(hosts, count);
    s->next = (uint32_t)random_below(random, count);
    if (!s->is_even)
        lb_edf_init(&s->edf, hosts, count, random);
    return s;
}

static void release(void *state)
{
    struct lb_round_robin_state *s = state;

    lb_edf_deinit(&s->edf);
}

static uint32_t turn(struct lb_round_robin_state *s, const struct lb_host *hosts, uint32_t count)
{
    uint32_t host;

    if (s->is_even) {
        host = s->next;
        s->next = host + 1 < count ? host + 1 : 0;
        return host;
    }
    host = lb_edf_first(&s->edf);
    lb_edf_repeat(&s->edf, hosts[host].weight);
    return host;
}

static int32_t pick(void *state, const struct lb_host *hosts, uint32_t count, struct random *random)
{
    struct lb_round_robin_state *s = state;

    for (int i = 0; i < MAX_SKIPS; i++) {
        uint32_t host = turn(s, hosts, count);

        if (lb_policy_is_fresh(&hosts[host]))
            return (int32_t)host;
    }
    return lb_policy_fallback(hosts, count, random);
}

const struct lb_policy lb_round_robin = {
    .name = "ROUND_ROBIN", .build = build, .release = release, .pick = pick
};
