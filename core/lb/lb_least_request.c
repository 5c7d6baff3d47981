#include "core/lb/lb_least_request.h"

#include "core/base/mem.h"
#include "core/lb/lb_schedule.h"

#define MAX_DRAWS 8

struct lb_least_request_state {
    bool is_even;
    struct lb_edf edf;
};

static void *build(const struct lb_view *view)
{
    struct lb_least_request_state *s = mem_alloc0(1, sizeof(*s));

    s->is_even = lb_policy_is_even(view);
    if (!s->is_even)
        lb_schedule_init(&s->edf, view);
    return s;
}

static void release(void *state)
{
    struct lb_least_request_state *s = state;

    lb_edf_deinit(&s->edf);
}

/* A fresh host other than `other` (or -1), or -1 when none was drawn. */
static int32_t draw(const struct lb_view *view, int32_t other)
{
    for (int i = 0; i < MAX_DRAWS; i++) {
        uint32_t at = (uint32_t)random_below(view->random, view->count);

        if ((int32_t)at != other && lb_policy_is_fresh(view, at))
            return (int32_t)at;
    }
    return -1;
}

static int32_t pick_of_two(const struct lb_view *view)
{
    int32_t a = draw(view, -1), b;

    if (a < 0)
        return -1;
    b = draw(view, a);
    if (b < 0)
        return a;
    return lb_policy_host(view, (uint32_t)b)->active < lb_policy_host(view, (uint32_t)a)->active
               ? b
               : a;
}

static double weight_now(const struct lb_view *view, uint32_t at)
{
    return lb_policy_weight(view, at) / ((double)lb_policy_host(view, at)->active + 1);
}

static int32_t pick_by_schedule(struct lb_least_request_state *s, const struct lb_view *view)
{
    for (int i = 0; i < MAX_DRAWS; i++) {
        uint32_t at = lb_schedule_next(&s->edf, view, weight_now);

        if (lb_policy_is_fresh(view, at))
            return (int32_t)at;
    }
    return -1;
}

static uint32_t pick(void *state, const struct lb_view *view)
{
    struct lb_least_request_state *s = state;
    int32_t at = s->is_even ? pick_of_two(view) : pick_by_schedule(s, view);

    return at >= 0 ? (uint32_t)at : lb_policy_fallback(view);
}

const struct lb_policy lb_least_request = {
    .name = "LEAST_REQUEST", .build = build, .release = release, .pick = pick
};
