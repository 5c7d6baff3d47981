#include "core/base/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

/* The state is filled by splitmix64, as the generator's authors advise: it never yields the
 * all-zero state and near seeds give unrelated sequences. */
void random_init(struct random *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += 0x9e3779b97f4a7c15ULL);

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        r->s[i] = z ^ (z >> 31);
    }
}

void random_init_os(struct random *r)
{
    uint64_t seed;

    random_bytes(&seed, sizeof(seed));
    random_init(r, seed);
}

uint64_t random_next(struct random *r)
{
    uint64_t *s = r->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

/* The high half of a 64x64 product is uniform once the few lowest products are thrown again. */
uint64_t random_below(struct random *r, uint64_t bound)
{
    unsigned __int128 product;

    if (bound == 0)
        return 0;
    do {
        product = (unsigned __int128)random_next(r) * bound;
    } while ((uint64_t)product < bound && (uint64_t)product < -bound % bound);
    return (uint64_t)(product >> 64);
}

double random_unit(struct random *r)
{
    return (double)(random_next(r) >> 11) * 0x1p-53;
}

void random_bytes(void *p, size_t len)
{
    char *at = p;

    while (len) {
        ssize_t got = getrandom(at, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            perror("mesh: getrandom"); /* a guessable token is worse than no process */
            abort();
        }
        at += got;
        len -= (size_t)got;
    }
}
