#include "core/lb/lb_least_request.h"

#include "core/base/mem.h"
#include "core/lb/lb_edf.h"

#define MAX_DRAWS 8

struct lb_least_request_state {
    bool is_even;
    struct lb_edf edf;
};

static void *build(const struct lb_host *hosts, uint32_t count, struct random *random)
{
    struct lb_least_request_state *s = mem_alloc0(1, sizeof(*s));

    s->is_even = lb_policy_is_even(hosts, count);
    if (!s->is_even)
        lb_edf_init(&s->edf, hosts, count, random);
    return s;
}

static void release(void *state)
{
    struct lb_least_request_state *s = state;

    lb_edf_deinit(&s->edf);
}

/* A fresh host other than `other` (or -1), or -1 when none was drawn. */
static int32_t draw(const struct lb_host *hosts, uint32_t count, int32_t other,
                    struct random *random)
{
    for (int i = 0; i < MAX_DRAWS; i++) {
        int32_t host = (int32_t)random_below(random, count);

        if (host != other && lb_policy_is_fresh(&hosts[host]))
            return host;
    }
    return -1;
}

static int32_t pick_of_two(const struct lb_host *hosts, uint32_t count, struct random *random)
{
    int32_t a = draw(hosts, count, -1, random), b;

    if (a < 0)
        return -1;
    b = draw(hosts, count, a, random);
    return b >= 0 && hosts[b].active < hosts[a].active ? b : a;
}

static int32_t pick_by_schedule(struct lb_least_request_state *s, const struct lb_host *hosts)
{
    for (int i = 0; i < MAX_DRAWS; i++) {
        uint32_t host = lb_edf_first(&s->edf);

        lb_edf_repeat(&s->edf, (double)hosts[host].weight / ((double)hosts[host].active + 1));
        if (lb_policy_is_fresh(&hosts[host]))
            return (int32_t)host;
    }
    return -1;
}

static int32_t pick(void *state, const struct lb_host *hosts, uint32_t count, struct random *random)
{
    struct lb_least_request_state *s = state;
    int32_t host = s->is_even ? pick_of_two(hosts, count, random) : pick_by_schedule(s, hosts);

    return host >= 0 ? host : lb_policy_fallback(hosts, count, random);
}

const struct lb_policy lb_least_request = {
    .name = "LEAST_REQUEST", .build = build, .release = release, .pick = pick
};
