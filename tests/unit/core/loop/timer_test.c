#include "core/loop/timer.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/random.h"
#include "core/loop/clock.h"
#include "tests/tap.h"

#define START_MS ((uint64_t)1000000)

struct probe {
    struct timer timer;
    uint64_t due_ms; /* model: when it should fire; 0: not running */
    uint64_t fired_ms;
    int fired;
    void (*then)(struct probe *p);
    struct probe *other;
};

static uv_loop_t loop;
static struct timer_wheel wheel;

static void on_probe(struct timer *t)
{
    struct probe *p = CONTAINER_OF(t, struct probe, timer);

    p->fired++;
    p->fired_ms = clock_ms();
    if (p->then)
        p->then(p);
}

static void begin(void)
{
    clock_freeze(START_MS * 1000000, 0);
    uv_loop_init(&loop);
    timer_wheel_init(&wheel, &loop);
}

static void end(void)
{
    timer_wheel_close(&wheel);
    uv_run(&loop, UV_RUN_DEFAULT);
    EQ_INT(uv_loop_close(&loop), 0);
    clock_thaw();
}

static void probe_init(struct probe *p)
{
    *p = (struct probe){ 0 };
    timer_init(&p->timer, &wheel, on_probe);
}

static void pass_ms(uint64_t ms)
{
    clock_advance_ms(ms);
    timer_wheel_run(&wheel);
}

static void fires_once_not_before_its_time(void)
{
    static const uint64_t delays[] = {
        1, 9, 10, 11, 630, 640, 650, 40950, 40960, 3600000, 86400000
    };
    struct probe p;

    begin();
    for (size_t i = 0; i < COUNT_OF(delays); i++) {
        probe_init(&p);
        timer_start(&p.timer, delays[i]);
        OK(timer_is_running(&p.timer));
        OK(timer_left_ms(&p.timer) >= delays[i] && timer_left_ms(&p.timer) <= delays[i] + 10);
        pass_ms(delays[i] - 1);
        if (clock_ms() % TIMER_TICK_MS != 0)
            EQ_INT(p.fired, 0);
        pass_ms(TIMER_TICK_MS);
        EQ_INT(p.fired, 1);
        OK(!timer_is_running(&p.timer));
        EQ_UINT(timer_left_ms(&p.timer), 0);
        pass_ms(delays[i] * 3);
        EQ_INT(p.fired, 1);
    }
    end();
}

static void zero_delay_waits_for_the_next_turn(void)
{
    struct probe p;

    begin();
    probe_init(&p);
    timer_start(&p.timer, 0);
    EQ_INT(p.fired, 0);
    pass_ms(TIMER_TICK_MS);
    EQ_INT(p.fired, 1);
    end();
}

static void cancelled_timer_stays_silent(void)
{
    struct probe p, zeroed = { 0 };

    begin();
    probe_init(&p);
    timer_start(&p.timer, 100);
    timer_cancel(&p.timer);
    timer_cancel(&p.timer);
    timer_cancel(&zeroed.timer);
    OK(!timer_is_running(&p.timer));
    EQ_UINT(wheel.count, 0);
    pass_ms(1000);
    EQ_INT(p.fired, 0);
    end();
}

static void starting_again_moves_the_timer(void)
{
    struct probe p;

    begin();
    probe_init(&p);
    timer_start(&p.timer, 100);
    pass_ms(50);
    timer_start(&p.timer, 100);
    pass_ms(60);
    EQ_INT(p.fired, 0);
    pass_ms(60);
    EQ_INT(p.fired, 1);
    EQ_UINT(wheel.count, 0);
    end();
}

static void cancel_other(struct probe *p)
{
    timer_cancel(&p->other->timer);
}

static void callback_may_cancel_one_due_at_the_same_time(void)
{
    struct probe a, b, c;

    begin();
    probe_init(&a);
    probe_init(&b);
    probe_init(&c);
    a.then = cancel_other;
    a.other = &b;
    timer_start(&a.timer, 20);
    timer_start(&b.timer, 20);
    timer_start(&c.timer, 20);
    pass_ms(40);
    EQ_INT(a.fired, 1);
    EQ_INT(b.fired, 0);
    EQ_INT(c.fired, 1);
    EQ_UINT(wheel.count, 0);
    end();
}

static void free_self(struct probe *p)
{
    *p->other = *p; /* leaves what the test wants to see */
    free(p);
}

static void callback_may_free_the_timer(void)
{
    struct probe *p = malloc(sizeof(*p)), seen = { 0 };

    begin();
    probe_init(p);
    p->then = free_self;
    p->other = &seen;
    timer_start(&p->timer, 20);
    pass_ms(40);
    EQ_INT(seen.fired, 1);
    end();
}

static void restart_self(struct probe *p)
{
    timer_start(&p->timer, p->fired < 3 ? 0 : 30);
}

static void callback_may_start_the_timer_again(void)
{
    struct probe p;

    begin();
    probe_init(&p);
    p.then = restart_self;
    timer_start(&p.timer, 10);
    for (int i = 0; i < 3; i++)
        pass_ms(10);
    EQ_INT(p.fired, 3);
    pass_ms(20);
    EQ_INT(p.fired, 3);
    pass_ms(10);
    EQ_INT(p.fired, 4);
    timer_cancel(&p.timer);
    end();
}

static void far_timer_fires_after_months(void)
{
    const uint64_t day_ms = 86400000;
    struct probe p, never;

    begin();
    probe_init(&p);
    probe_init(&never);
    timer_start(&p.timer, 200 * day_ms);
    timer_start(&never.timer, UINT64_MAX);
    for (int i = 0; i < 199; i++)
        pass_ms(day_ms);
    EQ_INT(p.fired, 0);
    pass_ms(day_ms + 10);
    EQ_INT(p.fired, 1);
    EQ_INT(never.fired, 0);
    timer_cancel(&never.timer);
    end();
}

/* Random starts, cancels and steps of time, against a list of due times. */
static void soak_agrees_with_a_plain_list(void)
{
    static struct probe probes[200];
    struct random r;

    begin();
    random_init(&r, 42);
    for (size_t i = 0; i < COUNT_OF(probes); i++)
        probe_init(&probes[i]);
    for (int step = 0; step < 200000; step++) {
        struct probe *p = &probes[random_below(&r, COUNT_OF(probes))];
        uint64_t span = (uint64_t)1 << random_below(&r, 24), ms = random_below(&r, span), now;

        switch (random_below(&r, 4)) {
        case 0:
        case 1:
            timer_start(&p->timer, ms);
            p->due_ms = clock_ms() + ms;
            p->fired = 0;
            break;
        case 2:
            timer_cancel(&p->timer);
            p->due_ms = 0;
            break;
        default:
            pass_ms(random_below(&r, 50) ? random_below(&r, 300) : ms);
            now = clock_ms();
            for (size_t i = 0; i < COUNT_OF(probes); i++) {
                struct probe *q = &probes[i];
                bool is_late = q->due_ms && q->due_ms + 2 * TIMER_TICK_MS <= now;

                if (q->fired && (!OK(q->due_ms) || !OK(q->due_ms <= now) || !EQ_INT(q->fired, 1)))
                    return;
                if (!q->fired && (!OK(!is_late) || !OK(timer_is_running(&q->timer) == !!q->due_ms)))
                    return;
                if (q->fired) {
                    q->fired = 0;
                    q->due_ms = 0;
                }
            }
        }
    }
    for (size_t i = 0; i < COUNT_OF(probes); i++)
        timer_cancel(&probes[i].timer);
    EQ_UINT(wheel.count, 0);
    for (int i = 0; i < TIMER_LEVELS; i++)
        EQ_UINT(wheel.occupied[i], 0);
    end();
}

static void uv_timer_is_armed_only_while_timers_run(void)
{
    struct probe p;

    begin();
    probe_init(&p);
    timer_wheel_arm(&wheel);
    OK(!uv_is_active((uv_handle_t *)&wheel.uv));
    OK(!uv_loop_alive(&loop));
    timer_start(&p.timer, 100);
    timer_wheel_arm(&wheel);
    OK(uv_is_active((uv_handle_t *)&wheel.uv));
    timer_cancel(&p.timer);
    timer_wheel_arm(&wheel);
    OK(!uv_is_active((uv_handle_t *)&wheel.uv));
    end();
}

static void loop_fires_in_real_time(void)
{
    uint64_t start_ns;
    struct probe p;

    uv_loop_init(&loop);
    timer_wheel_init(&wheel, &loop);
    probe_init(&p);
    start_ns = clock_ns();
    timer_start(&p.timer, 30);
    for (int turns = 0; !p.fired && turns < 1000; turns++) {
        timer_wheel_arm(&wheel);
        uv_run(&loop, UV_RUN_ONCE);
    }
    EQ_INT(p.fired, 1);
    OK(clock_ns() - start_ns >= 29000000);
    timer_wheel_close(&wheel);
    uv_run(&loop, UV_RUN_DEFAULT);
    EQ_INT(uv_loop_close(&loop), 0);
}

static const struct tap_case cases[] = {
    { "fires_once_not_before_its_time", fires_once_not_before_its_time },
    { "zero_delay_waits_for_the_next_turn", zero_delay_waits_for_the_next_turn },
    { "cancelled_timer_stays_silent", cancelled_timer_stays_silent },
    { "starting_again_moves_the_timer", starting_again_moves_the_timer },
    { "callback_may_cancel_one_due_at_the_same_time",
      callback_may_cancel_one_due_at_the_same_time },
    { "callback_may_free_the_timer", callback_may_free_the_timer },
    { "callback_may_start_the_timer_again", callback_may_start_the_timer_again },
    { "far_timer_fires_after_months", far_timer_fires_after_months },
    { "soak_agrees_with_a_plain_list", soak_agrees_with_a_plain_list },
    { "uv_timer_is_armed_only_while_timers_run", uv_timer_is_armed_only_while_timers_run },
    { "loop_fires_in_real_time", loop_fires_in_real_time },
};

TAP_MAIN(cases)
