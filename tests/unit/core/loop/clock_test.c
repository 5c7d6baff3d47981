#include "core/loop/clock.h"

#include "tests/tap.h"

static void monotonic_time_never_goes_back(void)
{
    uint64_t last = clock_ns();

    for (int i = 0; i < 1000; i++) {
        uint64_t now = clock_ns();

        if (!OK(now >= last))
            return;
        last = now;
    }
    OK(clock_ms() >= last / 1000000);
}

static void wall_time_is_of_this_century(void)
{
    OK(clock_wall_s() > 1700000000);
    OK(clock_wall_ms() / 1000 - clock_wall_s() <= 1);
    OK(clock_wall_ns() / 1000000 - clock_wall_ms() <= 1);
}

static void frozen_clock_stands_still_and_moves_by_hand(void)
{
    uv_loop_t loop;

    uv_loop_init(&loop);
    clock_freeze(5000000000, 1700000000000000000);
    EQ_UINT(clock_ms(), 5000);
    EQ_INT(clock_wall_s(), 1700000000);
    EQ_UINT(clock_loop_ms(&loop), 5000);
    clock_advance_ms(3600 * 1000);
    EQ_UINT(clock_ms(), 3605000);
    EQ_INT(clock_wall_ms(), 1700003600000);
    EQ_UINT(clock_loop_ms(&loop), 3605000);
    clock_thaw();
    OK(clock_ms() != 3605000);
    EQ_UINT(clock_loop_ms(&loop), uv_now(&loop));
    uv_loop_close(&loop);
}

static const struct tap_case cases[] = {
    { "monotonic_time_never_goes_back", monotonic_time_never_goes_back },
    { "wall_time_is_of_this_century", wall_time_is_of_this_century },
    { "frozen_clock_stands_still_and_moves_by_hand", frozen_clock_stands_still_and_moves_by_hand },
};

TAP_MAIN(cases)
