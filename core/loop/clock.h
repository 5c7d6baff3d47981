/* What time it is. Any thread.
 *
 * Monotonic time is for durations and deadlines, wall time for people and certificates. Callbacks
 * of a worker read worker_now_ms, which costs no call to the clock; these functions are the precise
 * ones. A test may freeze both clocks and move them by hand. */
#ifndef CORE_LOOP_CLOCK_H
#define CORE_LOOP_CLOCK_H

#include <stdint.h>
#include <uv.h>

uint64_t clock_ns(void); /* monotonic */
uint64_t clock_ms(void); /* the same in ms */
/* Since 1970, UTC. */
int64_t clock_wall_ns(void);
int64_t clock_wall_ms(void);
int64_t clock_wall_s(void);

/* Monotonic ms as cached by the loop when it last woke up. Loop thread. */
uint64_t clock_loop_ms(const uv_loop_t *loop);

/* For tests: from here on all the above stand still in the whole process, until moved or thawed.
 * Freeze before making loops, at a time not before theirs; they notice a change when they next
 * turn. */
void clock_freeze(uint64_t mono_ns, int64_t wall_ns);
void clock_advance_ms(uint64_t ms); /* of a frozen clock */
void clock_thaw(void);

#endif
