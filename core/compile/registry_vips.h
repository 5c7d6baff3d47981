/* Addresses given to services that have none (DN-2): one of 240.240.0.0/16 and one of 2001:2::/48
 * with the same last 16 bits. One thread. */
#ifndef CORE_COMPILE_REGISTRY_VIPS_H
#define CORE_COMPILE_REGISTRY_VIPS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/str.h"
#include "core/net/addr.h"

enum { REGISTRY_VIPS_COUNT = 2 };

/* Which last 16 bits are taken. Zeroed memory is an empty one. */
struct registry_vips {
    uint64_t *taken; /* bits; NULL: none */
};

void registry_vips_deinit(struct registry_vips *v);

/* By hash of the name, so that proxies without a common control agree unless two names collide;
 * then the later one moves on. 0: all are taken. */
uint16_t registry_vips_allocate(struct registry_vips *v, struct str name);
/* Takes those that somebody else gave out; false: 0, or taken already. */
bool registry_vips_hold(struct registry_vips *v, uint16_t low);
void registry_vips_release(struct registry_vips *v, uint16_t low); /* 0 does nothing */

void registry_vips_addrs(uint16_t low, struct addr out[REGISTRY_VIPS_COUNT]);
/* The last 16 bits of an address of ours; 0: it is not. */
uint16_t registry_vips_low(const struct addr *a);

#endif
