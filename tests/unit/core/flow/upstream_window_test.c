#include "core/flow/upstream_window.h"

#include <pthread.h>

#include "tests/tap.h"

#define NOW ((uint64_t)1000000)

static struct upstream_window w;

static void begin(void)
{
    for (int i = 0; i < UPSTREAM_WINDOW_SLICES; i++)
        atomic_store(&w.cells[i], 0);
}

static void nothing_is_counted_at_first(void)
{
    begin();
    EQ_UINT(upstream_window_count(&w, 1000, 0), 0);
    EQ_UINT(upstream_window_count(&w, 1000, NOW), 0);
    EQ_UINT(upstream_window_count(&w, 1, NOW), 0);
}

static void what_happened_is_counted_for_the_interval(void)
{
    begin();
    for (int i = 0; i < 7; i++)
        upstream_window_add(&w, 1000, NOW);
    upstream_window_add(&w, 1000, NOW + 100);
    EQ_UINT(upstream_window_count(&w, 1000, NOW), 8); /* another worker's clock may be behind */
    EQ_UINT(upstream_window_count(&w, 1000, NOW + 100), 8);
    EQ_UINT(upstream_window_count(&w, 1000, NOW + 900), 8);
    EQ_UINT(upstream_window_count(&w, 1000, NOW + 1000), 1);
    EQ_UINT(upstream_window_count(&w, 1000, NOW + 1100), 0);
}

static void cells_are_used_again(void)
{
    begin();
    for (uint64_t t = 0; t < 100000; t += 100)
        upstream_window_add(&w, 1000, NOW + t);
    EQ_UINT(upstream_window_count(&w, 1000, NOW + 99900), 10);
    EQ_UINT(upstream_window_count(&w, 1000, NOW + 200000), 0);
}

static void intervals_may_be_short(void)
{
    begin();
    upstream_window_add(&w, 1, NOW);
    EQ_UINT(upstream_window_count(&w, 1, NOW), 1);
    EQ_UINT(upstream_window_count(&w, 1, NOW + 1), 0);
    upstream_window_add(&w, 3, NOW + 5);
    EQ_UINT(upstream_window_count(&w, 3, NOW + 7), 1);
    EQ_UINT(upstream_window_count(&w, 3, NOW + 8), 0);
}

static void other_interval_counts_anew(void)
{
    begin();
    upstream_window_add(&w, 1000, NOW);
    EQ_UINT(upstream_window_count(&w, 60000, NOW), 0);
    upstream_window_add(&w, 60000, NOW);
    EQ_UINT(upstream_window_count(&w, 60000, NOW), 1);
    EQ_UINT(upstream_window_count(&w, 1000, NOW), 1); /* what the other left alone */
}

static void *add_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20000; i++)
        upstream_window_add(&w, 1000, NOW);
    return NULL;
}

static void threads_lose_nothing(void)
{
    pthread_t threads[4];

    begin();
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, add_many, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    EQ_UINT(upstream_window_count(&w, 1000, NOW), 80000);
}

static const struct tap_case cases[] = {
    { "nothing_is_counted_at_first", nothing_is_counted_at_first },
    { "what_happened_is_counted_for_the_interval", what_happened_is_counted_for_the_interval },
    { "cells_are_used_again", cells_are_used_again },
    { "intervals_may_be_short", intervals_may_be_short },
    { "other_interval_counts_anew", other_interval_counts_anew },
    { "threads_lose_nothing", threads_lose_nothing },
};

TAP_MAIN(cases)
