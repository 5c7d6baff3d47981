/* Any host, with a chance in proportion to its weight. */
#ifndef CORE_LB_LB_RANDOM_H
#define CORE_LB_LB_RANDOM_H

#include "core/lb/lb_policy.h"

extern const struct lb_policy lb_random;

#endif
