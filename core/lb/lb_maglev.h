/* Google's Maglev table as Envoy fills it: a key's hash modulo the table's size names the host.
 *
 * Each host walks through the table from xxHash64(address) in steps of xxHash64(address, seed 1)
 * and takes the next free place when it is its turn; turns follow shares. Picking is one look-up;
 * when a host leaves, a few more keys than its own move. */
#ifndef CORE_LB_LB_MAGLEV_H
#define CORE_LB_LB_MAGLEV_H

#include "core/lb/lb_policy.h"

extern const struct lb_policy lb_maglev;

#endif
