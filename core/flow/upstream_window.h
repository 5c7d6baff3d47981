/* How often something happened in the last so many milliseconds, counted by all workers without a
 * lock.
 *
 *     cells:  | 41: 7 | 42: 3 | 33: 5 | 34: 0 | ...      slice of time: count
 *                 now ──┘       └── older than the interval: not counted, and the next to be reused
 *
 * The interval is cut into slices, so what is counted is of its last nine tenths at least. */
#ifndef CORE_FLOW_UPSTREAM_WINDOW_H
#define CORE_FLOW_UPSTREAM_WINDOW_H

#include <stdatomic.h>
#include <stdint.h>

#define UPSTREAM_WINDOW_SLICES 10

/* Zeroed to begin. */
struct upstream_window {
    _Atomic uint64_t cells[UPSTREAM_WINDOW_SLICES]; /* number of the slice << 32 | count */
};

/* interval_ms is at least 1 and the same in every call, or counting begins anew. Any thread. */
void upstream_window_add(struct upstream_window *w, uint64_t interval_ms, uint64_t now_ms);
uint32_t upstream_window_count(const struct upstream_window *w, uint64_t interval_ms,
                               uint64_t now_ms);

#endif
