/* Fast random numbers for choices that need no secrecy (balancing, jitter, percentages):
 * xoshiro256**, one state per worker. A fixed seed makes tests repeatable. */
#ifndef CORE_BASE_RANDOM_H
#define CORE_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t s[4];
};

void random_init(struct random *r, uint64_t seed);
void random_init_os(struct random *r); /* from getrandom */
uint64_t random_next(struct random *r);
uint64_t random_below(struct random *r, uint64_t bound); /* 0..bound-1; bound 0 gives 0 */
double random_unit(struct random *r);                    /* [0, 1) */
/* Unpredictable bytes from the system, for tokens and ids. */
void random_bytes(void *p, size_t len);

#endif
