/* A hash ring as Envoy's: the same key goes to the same host there and here, and when one of n
 * hosts leaves, one key in n moves.
 *
 * Each host has points on the ring in proportion to its share, xxHash64("ADDRESS:PORT_N") for
 * N = 0, 1, ...; a key belongs to the first point at or after its hash. So many points that the
 * host with the least share has a whole number of them, and at least hash_by.ring_size. */
#ifndef CORE_LB_LB_RING_HASH_H
#define CORE_LB_LB_RING_HASH_H

#include "core/lb/lb_policy.h"

#define LB_RING_HASH_MAX (8 * 1024 * 1024) /* points */

extern const struct lb_policy lb_ring_hash;

#endif
