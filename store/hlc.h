/* The hybrid logical clock that orders writes: 48 bits of milliseconds since 1970, 16 bits of
 * counter.
 *
 * It follows the wall clock when that is ahead and counts when it is not, so a write is always
 * later than all its writer had seen, whatever the clocks of machines do. Any thread. */
#ifndef STORE_HLC_H
#define STORE_HLC_H

#include <stdbool.h>
#include <stdint.h>

#define HLC_COUNTER_BITS 16
/* A stamp further ahead than this is refused: a future that has been accepted cannot be undone. */
#define HLC_AHEAD_MAX_MS (3600 * 1000)

/* The smallest stamp of that millisecond. */
static inline uint64_t hlc_of_ms(uint64_t ms)
{
    return ms << HLC_COUNTER_BITS;
}

static inline uint64_t hlc_to_ms(uint64_t hlc)
{
    return hlc >> HLC_COUNTER_BITS;
}

/* The stamp for a new write after `last`. */
static inline uint64_t hlc_next(uint64_t last, uint64_t now_ms)
{
    uint64_t physical = hlc_of_ms(now_ms);

    return physical > last ? physical : last + 1;
}

static inline uint64_t hlc_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static inline bool hlc_is_too_far(uint64_t hlc, uint64_t now_ms)
{
    return hlc_to_ms(hlc) > now_ms + HLC_AHEAD_MAX_MS;
}

#endif
