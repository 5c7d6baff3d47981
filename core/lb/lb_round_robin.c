#include "core/lb/lb_round_robin.h"

#include "core/base/mem.h"
#include "core/lb/lb_schedule.h"

/* So many turns may fall on hosts that were tried before all are looked at. */
#define MAX_SKIPS 8

struct lb_round_robin_state {
    uint32_t next; /* equal weights */
    bool is_even;
    struct lb_edf edf; /* other weights */
};

static void *build(const struct lb_view *view)
{
    struct lb_round_robin_state *s = mem_alloc0(1, sizeof(*s));

    s->is_even = lb_policy_is_even(view);
    s->next = (uint32_t)random_below(view->random, view->count);
    if (!s->is_even)
        lb_schedule_init(&s->edf, view);
    return s;
}

static void release(void *state)
{
    struct lb_round_robin_state *s = state;

    lb_edf_deinit(&s->edf);
}

static uint32_t turn(struct lb_round_robin_state *s, const struct lb_view *view)
{
    uint32_t at = s->next;

    if (!s->is_even)
        return lb_schedule_next(&s->edf, view, lb_policy_weight);
    s->next = at + 1 < view->count ? at + 1 : 0;
    return at;
}

static uint32_t pick(void *state, const struct lb_view *view)
{
    for (int i = 0; i < MAX_SKIPS; i++) {
        uint32_t at = turn(state, view);

        if (lb_policy_is_fresh(view, at))
            return at;
    }
    return lb_policy_fallback(view);
}

const struct lb_policy lb_round_robin = {
    .name = "ROUND_ROBIN", .build = build, .release = release, .pick = pick
};
