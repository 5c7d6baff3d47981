#include "core/loop/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

static atomic_bool is_frozen;
static atomic_uint_fast64_t frozen_mono_ns;
static atomic_int_fast64_t frozen_wall_ns;

static bool frozen(void)
{
    return __builtin_expect(atomic_load_explicit(&is_frozen, memory_order_relaxed), 0);
}

static int64_t read_ns(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts); /* cannot fail for these two clocks */
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

uint64_t clock_ns(void)
{
    return frozen() ? atomic_load(&frozen_mono_ns) : (uint64_t)read_ns(CLOCK_MONOTONIC);
}

uint64_t clock_ms(void)
{
    return clock_ns() / 1000000;
}

int64_t clock_wall_ns(void)
{
    return frozen() ? atomic_load(&frozen_wall_ns) : read_ns(CLOCK_REALTIME);
}

int64_t clock_wall_ms(void)
{
    return clock_wall_ns() / 1000000;
}

int64_t clock_wall_s(void)
{
    return clock_wall_ns() / 1000000000;
}

uint64_t clock_loop_ms(const uv_loop_t *loop)
{
    return frozen() ? atomic_load(&frozen_mono_ns) / 1000000 : uv_now(loop);
}

void clock_freeze(uint64_t mono_ns, int64_t wall_ns)
{
    atomic_store(&frozen_mono_ns, mono_ns);
    atomic_store(&frozen_wall_ns, wall_ns);
    atomic_store(&is_frozen, true);
}

void clock_advance_ms(uint64_t ms)
{
    atomic_fetch_add(&frozen_mono_ns, ms * 1000000);
    atomic_fetch_add(&frozen_wall_ns, (int64_t)ms * 1000000);
}

void clock_thaw(void)
{
    atomic_store(&is_frozen, false);
}
