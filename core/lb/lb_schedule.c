#include "core/lb/lb_schedule.h"

#include "core/base/mem.h"

void lb_schedule_init(struct lb_edf *e, const struct lb_view *view)
{
    double *weights = mem_alloc0(view->count, sizeof(*weights));

    for (uint32_t i = 0; i < view->count; i++)
        weights[i] = lb_policy_weight(view, i);
    lb_edf_init(e, weights, view->count, view->random);
    mem_free(weights);
}

uint32_t lb_schedule_next(struct lb_edf *e, const struct lb_view *view,
                          double (*weight)(const struct lb_view *view, uint32_t at))
{
    uint32_t at = lb_edf_first(e);

    lb_edf_repeat(e, weight(view, at));
    return at;
}
