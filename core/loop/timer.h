/* Timers of one loop: a wheel, so that starting and cancelling cost a few nanoseconds each.
 *
 * A `struct timer` is embedded in what it belongs to. It fires once, not before its time and at
 * most 10 ms after it when the loop is not busy. The wheel holds one uv_timer, which is armed for
 * the next expiry only and stopped when no timer runs: an idle process does not wake up. All on the
 * loop's thread.
 *
 *   timer_init(&c->idle, &w->timers, on_idle);
 *   timer_start(&c->idle, 60 * 1000);
 *   static void on_idle(struct timer *t) { struct conn *c = CONTAINER_OF(t, struct conn, idle); }
 *
 * For a deadline that moves with every read store the time of the last read and look at it when the
 * timer fires, instead of starting anew each time. */
#ifndef CORE_LOOP_TIMER_H
#define CORE_LOOP_TIMER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/base/list.h"

#define TIMER_TICK_MS    10
#define TIMER_LEVELS     6 /* 64^6 ticks: 21 years */
#define TIMER_LEVEL_BITS 6
#define TIMER_SLOTS      (1 << TIMER_LEVEL_BITS)

struct timer_wheel;
struct timer;

/* May start the timer again, or free what holds it. */
typedef void (*timer_fn)(struct timer *t);

struct timer {
    struct list link;
    struct timer_wheel *wheel;
    timer_fn fn;
    uint64_t due_tick;
    uint8_t level, slot; /* where it is linked */
};

struct timer_wheel {
    uv_loop_t *loop;
    uv_timer_t uv;
    uint64_t tick;                   /* all before and at this one have fired */
    uint64_t armed_tick;             /* what uv is started for; 0: stopped */
    uint64_t count;                  /* timers running */
    uint64_t occupied[TIMER_LEVELS]; /* a bit per slot that may hold timers */
    struct list slots[TIMER_LEVELS][TIMER_SLOTS];
};

/* fn runs on each expiry. A zeroed timer may be cancelled, but not started. */
void timer_init(struct timer *t, struct timer_wheel *wheel, timer_fn fn);
/* Fires once, ms from now (0: at the next turn of the loop, never inside this call). A running
 * timer is moved. */
void timer_start(struct timer *t, uint64_t ms);
/* After this fn does not run. A timer that is not running is left alone. */
void timer_cancel(struct timer *t);

static inline bool timer_is_running(const struct timer *t)
{
    return list_is_linked(&t->link);
}

/* ms until it fires, 0 when it is due or not running. */
uint64_t timer_left_ms(const struct timer *t);

/* ---- for who owns the loop (worker.h does this) ---- */

void timer_wheel_init(struct timer_wheel *wheel, uv_loop_t *loop);
/* Starts closing; the memory must stay until the loop has run once more. Timers still running are
 * forgotten. */
void timer_wheel_close(struct timer_wheel *wheel);
/* Fires what is due. */
void timer_wheel_run(struct timer_wheel *wheel);
/* Before the loop blocks: arms the uv_timer for the next expiry, or stops it. */
void timer_wheel_arm(struct timer_wheel *wheel);

#endif
