#include "core/lb/lb_ring_hash.h"

#include <math.h>
#include <stdlib.h>

#include "core/base/hash.h"
#include "core/base/mem.h"

struct point {
    uint64_t hash;
    uint32_t at; /* the host */
};

struct lb_ring_hash_state {
    uint64_t count;
    struct point points[];
};

static int by_hash(const void *a, const void *b)
{
    const struct point *pa = a, *pb = b;

    return pa->hash < pb->hash ? -1 : pa->hash > pb->hash;
}

static double smallest(const double *shares, uint32_t count)
{
    double least = 1;

    for (uint32_t i = 0; i < count; i++)
        least = shares[i] < least ? shares[i] : least;
    return least;
}

/* ADDRESS_ is in key[0..len-1]; the number follows. */
static uint64_t hash_of(char *key, size_t len, uint64_t n)
{
    char digits[20];
    int count = 0;

    do
        digits[count++] = (char)('0' + n % 10);
    while (n /= 10);
    while (count)
        key[len++] = digits[--count];
    return hash_content(key, len);
}

static void *build(const struct lb_view *view)
{
    double least = smallest(view->shares, view->count);
    double scale = ceil(least * view->config->hash_by.ring_size) / least, target = 0;
    struct lb_ring_hash_state *s;
    uint64_t room;

    if (scale > LB_RING_HASH_MAX)
        scale = LB_RING_HASH_MAX;
    room = (uint64_t)ceil(scale) + view->count; /* sums of fractions may come out a little more */
    s = mem_alloc_flex(sizeof(*s), room, sizeof(s->points[0]));
    s->count = 0;
    for (uint32_t i = 0; i < view->count; i++) {
        char key[ADDR_TEXT_MAX + 24];
        size_t len;

        addr_format(lb_policy_host(view, i)->addr, key);
        len = strlen(key);
        key[len++] = '_';
        target += scale * view->shares[i];
        for (uint64_t n = 0; (double)s->count < target && s->count < room; n++)
            s->points[s->count++] = (struct point){ hash_of(key, len, n), i };
    }
    qsort(s->points, s->count, sizeof(s->points[0]), by_hash);
    return s;
}

static uint32_t pick(void *state, const struct lb_view *view)
{
    const struct lb_ring_hash_state *s = state;
    uint64_t low = 0, high = s->count;

    while (low < high) {
        uint64_t mid = low + (high - low) / 2;

        if (s->points[mid].hash < view->hash)
            low = mid + 1;
        else
            high = mid;
    }
    return s->points[low < s->count ? low : 0].at;
}

const struct lb_policy lb_ring_hash = {
    .name = "RING_HASH", .by_hash = true, .build = build, .pick = pick
};
