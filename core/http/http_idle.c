#include "core/http/http_idle.h"

#define NEVER          UINT64_MAX
#define TOLD_MARGIN_MS ((uint64_t)1000) /* for the way there and the server's coarse timers */
#define SAME_MS        ((uint64_t)50)

void http_idle_init(struct http_idle *i)
{
    *i = (struct http_idle){ .told_ms = NEVER, .seen_ms = NEVER, .last_age_ms = NEVER };
}

void http_idle_told(struct http_idle *i, uint32_t seconds)
{
    uint64_t ms = (uint64_t)seconds * 1000;

    i->told_ms = ms > 2 * TOLD_MARGIN_MS ? ms - TOLD_MARGIN_MS : ms / 2;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

void http_idle_closed(struct http_idle *i, uint64_t since_ms, uint64_t now_ms)
{
    uint64_t age = now_ms - since_ms, least = age, same = age / 16 + SAME_MS;

    if (i->last_age_ms != NEVER && distance(age, i->last_age_ms) <= same &&
        distance(since_ms, i->last_since_ms) > same) {
        if (i->last_age_ms < least)
            least = i->last_age_ms;
        i->seen_ms = least - least / 8;
        i->seen_until = now_ms + HTTP_IDLE_FORGET_MS;
    }
    i->last_age_ms = age;
    i->last_since_ms = since_ms;
}

uint64_t http_idle_limit_ms(const struct http_idle *i, uint64_t now_ms)
{
    uint64_t seen = now_ms < i->seen_until ? i->seen_ms : NEVER;

    return seen < i->told_ms ? seen : i->told_ms;
}
