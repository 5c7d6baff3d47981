#include "core/flow/upstream_window.h"

/* Counted from 1, because cells that were never used have 0. */
static uint32_t slice_of(uint64_t interval_ms, uint64_t now_ms)
{
    uint64_t slice_ms =
        interval_ms < UPSTREAM_WINDOW_SLICES ? 1 : interval_ms / UPSTREAM_WINDOW_SLICES;

    return (uint32_t)(now_ms / slice_ms) + 1;
}

static uint32_t slices_in(uint64_t interval_ms)
{
    return interval_ms < UPSTREAM_WINDOW_SLICES ? (uint32_t)interval_ms : UPSTREAM_WINDOW_SLICES;
}

void upstream_window_add(struct upstream_window *w, uint64_t interval_ms, uint64_t now_ms)
{
    uint32_t slice = slice_of(interval_ms, now_ms);
    _Atomic uint64_t *cell = &w->cells[slice % UPSTREAM_WINDOW_SLICES];
    uint64_t was = atomic_load_explicit(cell, memory_order_relaxed), now;

    do {
        if ((uint32_t)(was >> 32) != slice)
            now = (uint64_t)slice << 32 | 1;
        else if ((uint32_t)was == UINT32_MAX)
            return;
        else
            now = was + 1;
    } while (!atomic_compare_exchange_weak_explicit(cell, &was, now, memory_order_relaxed,
                                                    memory_order_relaxed));
}

uint32_t upstream_window_count(const struct upstream_window *w, uint64_t interval_ms,
                               uint64_t now_ms)
{
    uint32_t slice = slice_of(interval_ms, now_ms), slices = slices_in(interval_ms);
    uint64_t sum = 0;

    for (int i = 0; i < UPSTREAM_WINDOW_SLICES; i++) {
        uint64_t cell = atomic_load_explicit(&w->cells[i], memory_order_relaxed);

        /* Clocks of workers differ by a little: one may be a slice ahead. */
        if (slice + 1 - (uint32_t)(cell >> 32) <= slices)
            sum += (uint32_t)cell;
    }
    return sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
}
