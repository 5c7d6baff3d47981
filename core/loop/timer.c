#include "core/loop/timer.h"

#include "core/base/error.h"
#include "core/loop/clock.h"

/* The wheel is a clock of six hands, 64 marks each. A timer sits at the highest hand whose reading
 * differs between now and its due time, on the mark that hand will show. When a hand reaches a
 * mark, the timers there move to a lower hand, or fire when it is the lowest:
 *
 *     due   = ... | hand 2 | hand 1 | hand 0        6 bits each
 *     now   = ... | same   | differs: level 1, slot = due's bits there
 *
 * So all timers of a lower level are due before all of a higher one, and the next thing to do is
 * the first occupied slot of the lowest occupied level. */

#define SLOT_MASK ((uint64_t)TIMER_SLOTS - 1)
#define MAX_TICK  (((uint64_t)1 << TIMER_LEVELS * TIMER_LEVEL_BITS) - 1)
#define NEVER     UINT64_MAX

static int shift_of(int level)
{
    return level * TIMER_LEVEL_BITS;
}

static void place(struct timer_wheel *wheel, struct timer *t)
{
    uint64_t differs = t->due_tick ^ wheel->tick;
    int level = differs ? (63 - __builtin_clzll(differs)) / TIMER_LEVEL_BITS : 0;
    uint64_t slot = t->due_tick >> shift_of(level) & SLOT_MASK;

    t->level = (uint8_t)level;
    t->slot = (uint8_t)slot;
    list_push(&wheel->slots[level][slot], &t->link);
    wheel->occupied[level] |= (uint64_t)1 << slot;
}

static void unplace(struct timer *t)
{
    struct timer_wheel *wheel = t->wheel;

    list_remove(&t->link);
    if (list_is_empty(&wheel->slots[t->level][t->slot]))
        wheel->occupied[t->level] &= ~((uint64_t)1 << t->slot);
}

void timer_init(struct timer *t, struct timer_wheel *wheel, timer_fn fn)
{
    *t = (struct timer){ .wheel = wheel, .fn = fn };
    list_init(&t->link);
}

void timer_start(struct timer *t, uint64_t ms)
{
    struct timer_wheel *wheel = t->wheel;
    uint64_t now_ms = clock_loop_ms(wheel->loop), due;

    if (timer_is_running(t))
        timer_cancel(t);
    if (wheel->count == 0 && now_ms / TIMER_TICK_MS > wheel->tick)
        wheel->tick = now_ms / TIMER_TICK_MS; /* nothing to pass by on the way */
    due = ms < MAX_TICK * TIMER_TICK_MS ? (now_ms + ms + TIMER_TICK_MS - 1) / TIMER_TICK_MS : NEVER;
    if (due <= wheel->tick)
        due = wheel->tick + 1;
    t->due_tick = due < MAX_TICK ? due : MAX_TICK;
    wheel->count++;
    place(wheel, t);
}

void timer_cancel(struct timer *t)
{
    if (!timer_is_running(t))
        return;
    t->wheel->count--;
    unplace(t);
}

uint64_t timer_left_ms(const struct timer *t)
{
    uint64_t now_ms, due_ms = t->due_tick * TIMER_TICK_MS;

    if (!timer_is_running(t))
        return 0;
    now_ms = clock_loop_ms(t->wheel->loop);
    return due_ms > now_ms ? due_ms - now_ms : 0;
}

/* The tick at which something is to be done, fire or move down, and at which level; or NEVER. */
static uint64_t next_tick(const struct timer_wheel *wheel, int *level)
{
    for (int i = 0; i < TIMER_LEVELS; i++) {
        uint64_t above = wheel->tick >> shift_of(i + 1) << shift_of(i + 1);

        if (!wheel->occupied[i])
            continue;
        *level = i;
        return above | (uint64_t)__builtin_ctzll(wheel->occupied[i]) << shift_of(i);
    }
    return NEVER;
}

static void fire(struct timer_wheel *wheel, struct list *due)
{
    for (struct list *item; (item = list_pop(due));) {
        struct timer *t = LIST_ITEM(item, struct timer, link);

        wheel->count--;
        t->fn(t); /* may free t, start it again, or cancel others in due */
    }
}

static void take_slot(struct timer_wheel *wheel, int level, struct list *out)
{
    uint64_t slot = wheel->tick >> shift_of(level) & SLOT_MASK;

    list_init(out);
    list_splice(out, &wheel->slots[level][slot]);
    wheel->occupied[level] &= ~((uint64_t)1 << slot);
}

void timer_wheel_run(struct timer_wheel *wheel)
{
    uint64_t now_tick = clock_loop_ms(wheel->loop) / TIMER_TICK_MS, next;
    struct list taken;
    int level = 0;

    while ((next = next_tick(wheel, &level)) <= now_tick) {
        wheel->tick = next;
        take_slot(wheel, level, &taken);
        if (level == 0) {
            fire(wheel, &taken);
            continue;
        }
        for (struct list *item; (item = list_pop(&taken));)
            place(wheel, LIST_ITEM(item, struct timer, link));
    }
    if (now_tick > wheel->tick)
        wheel->tick = now_tick;
}

static void on_uv_timer(uv_timer_t *uv)
{
    struct timer_wheel *wheel = CONTAINER_OF(uv, struct timer_wheel, uv);

    wheel->armed_tick = 0;
    timer_wheel_run(wheel);
}

/* An armed uv_timer that is too early is left alone: one wake-up too many now and then costs less
 * than moving it with every timer that is cancelled. */
void timer_wheel_arm(struct timer_wheel *wheel)
{
    int level = 0;
    uint64_t next = next_tick(wheel, &level), now_ms, due_ms;

    if (next == NEVER) {
        if (wheel->armed_tick)
            uv_timer_stop(&wheel->uv);
        wheel->armed_tick = 0;
        return;
    }
    if (wheel->armed_tick && wheel->armed_tick <= next)
        return;
    now_ms = clock_loop_ms(wheel->loop);
    due_ms = next * TIMER_TICK_MS;
    wheel->armed_tick = next;
    uv_timer_start(&wheel->uv, on_uv_timer, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

void timer_wheel_init(struct timer_wheel *wheel, uv_loop_t *loop)
{
    *wheel = (struct timer_wheel){ .loop = loop };
    for (int i = 0; i < TIMER_LEVELS; i++) {
        for (int j = 0; j < TIMER_SLOTS; j++)
            list_init(&wheel->slots[i][j]);
    }
    wheel->tick = clock_loop_ms(loop) / TIMER_TICK_MS;
    uv_timer_init(loop, &wheel->uv);
}

void timer_wheel_close(struct timer_wheel *wheel)
{
    uv_close((uv_handle_t *)&wheel->uv, NULL);
}
