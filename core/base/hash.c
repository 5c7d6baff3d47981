#include "core/base/hash.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static uint64_t secret;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_secret(void)
{
    if (getrandom(&secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
        abort(); /* without randomness a peer could choose collisions */
}

uint64_t hash_keyed(const void *p, size_t len)
{
    pthread_once(&once, make_secret);
    return XXH3_64bits_withSeed(len ? p : "", len, secret);
}

uint64_t hash_content(const void *p, size_t len)
{
    return XXH64(len ? p : "", len, 0);
}

uint64_t hash_content_seeded(const void *p, size_t len, uint64_t seed)
{
    return XXH64(len ? p : "", len, seed);
}
