/* Hashes. hash_keyed is for tables: SipHash-1-3 with 128 secret bits of the process, so that who
 * chooses keys cannot choose collisions; never stored or sent. hash_content is xxHash64 with seed
 * 0, stable, for versions and for balancing. Any thread. */
#ifndef CORE_BASE_HASH_H
#define CORE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_keyed(const void *p, size_t len);
uint64_t hash_keyed_u64(uint64_t key);
/* The function itself, with a key of the caller's. */
uint64_t hash_sip13(uint64_t k0, uint64_t k1, const void *p, size_t len);
uint64_t hash_content(const void *p, size_t len);
uint64_t hash_content_seeded(const void *p, size_t len, uint64_t seed);

/* A cheap bijection that spreads bits (the finaliser of splitmix64). */
static inline uint64_t hash_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

#endif
