/* In turn, by weight. Equal weights rotate from a random start; others follow a schedule
 * (lb_edf.h). */
#ifndef CORE_LB_LB_ROUND_ROBIN_H
#define CORE_LB_LB_ROUND_ROBIN_H

#include "core/lb/lb_policy.h"

extern const struct lb_policy lb_round_robin;

#endif
