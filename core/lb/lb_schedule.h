/* The schedule of balancers that follow weights: by turns of lb_edf, with each host's weight as it
 * is now. Internal to core/lb. */
#ifndef CORE_LB_LB_SCHEDULE_H
#define CORE_LB_LB_SCHEDULE_H

#include "core/lb/lb_edf.h"
#include "core/lb/lb_policy.h"

void lb_schedule_init(struct lb_edf *e, const struct lb_view *view);
/* The host whose turn it is; weight says what share it has from now on. */
uint32_t lb_schedule_next(struct lb_edf *e, const struct lb_view *view,
                          double (*weight)(const struct lb_view *view, uint32_t at));

#endif
