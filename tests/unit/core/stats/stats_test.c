#include "core/stats/stats.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "tests/tap.h"

static const double few_bounds[] = { 1, 10, 100 };
static const struct stats_def requests = {
    .name = "requests_total",
    .help = "Requests",
    .kind = STATS_COUNTER,
    .labels = { "source", "code" },
};
static const struct stats_def open_now = { .name = "open", .help = "Open", .kind = STATS_GAUGE };
static const struct stats_def latency = {
    .name = "latency",
    .help = "Latency",
    .kind = STATS_HISTOGRAM,
    .labels = { "source" },
    .bounds = few_bounds,
    .bound_count = COUNT_OF(few_bounds),
};
static const struct stats_def narrow = {
    .name = "narrow_total",
    .help = "Few",
    .kind = STATS_COUNTER,
    .labels = { "who" },
    .max_series = 3,
};

static uint32_t open2(struct stats_family *f, const char *a, const char *b)
{
    return stats_open_series(f, (struct str[]){ str_of(a), str_of(b) });
}

static void same_labels_are_one_series(void)
{
    struct stats *s = stats_new(2);
    struct stats_family *f = stats_register(s, &requests);
    uint32_t slot = open2(f, "a", "200");

    OK(f == stats_register(s, &requests));
    OK(slot != 0);
    EQ_UINT(open2(f, "a", "200"), slot);
    OK(open2(f, "a", "201") != slot);
    OK(open2(f, "a2", "00") != slot); /* the same bytes, parted elsewhere */
    OK(open2(f, "", "a200") != open2(f, "a200", ""));
    stats_add(stats_get_shard(s, 0), slot, 2);
    stats_add(stats_get_shard(s, 1), slot, 3);
    EQ_UINT(stats_sum(s, slot), 5);
    stats_free(s);
    stats_free(NULL);
}

static void gauge_goes_up_and_down_over_shards(void)
{
    struct stats *s = stats_new(2);
    uint32_t slot = stats_open_series(stats_register(s, &open_now), NULL);

    stats_add(stats_get_shard(s, 0), slot, 5);
    stats_sub(stats_get_shard(s, 1), slot, 2); /* below zero in its own shard */
    EQ_INT((int64_t)stats_sum(s, slot), 3);
    stats_set(stats_get_shard(s, 0), slot, -7);
    EQ_INT((int64_t)stats_sum(s, slot), -9);
    stats_free(s);
}

static void counting_in_slot_0_is_harmless(void)
{
    struct stats *s = stats_new(1);
    uint32_t slot = open2(stats_register(s, &requests), "a", "b");

    stats_add(stats_get_shard(s, 0), 0, 100);
    stats_observe(stats_get_shard(s, 0), &latency, 0, 1e9);
    EQ_UINT(stats_sum(s, slot), 0);
    stats_free(s);
}

struct seen {
    size_t count;
    struct stats_sample last;
    uint64_t buckets[4];
    char labels[600];
};

static void look(void *arg, const struct stats_sample *sample)
{
    struct seen *seen = arg;

    seen->count++;
    seen->last = *sample;
    str_copy(sample->labels, seen->labels, sizeof(seen->labels));
    if (sample->buckets)
        memcpy(seen->buckets, sample->buckets, sizeof(seen->buckets));
}

static void histogram_counts_by_upper_bound(void)
{
    static const double values[] = { 0, 1, 1.5, 10, 99, 100, 100.5, 5000 };
    struct stats *s = stats_new(3);
    uint32_t slot = stats_open_series(stats_register(s, &latency), (struct str[]){ STR("x") });
    struct seen seen = { 0 };

    for (size_t i = 0; i < COUNT_OF(values); i++)
        stats_observe(stats_get_shard(s, (int)i % 3), &latency, slot, values[i]);
    stats_visit(s, look, &seen);
    EQ_UINT(seen.count, 1);
    EQ_UINT(seen.last.value, 8);
    OK(seen.last.sum == 5312);
    EQ_UINT(seen.buckets[0], 2); /* a bound belongs to its bucket */
    EQ_UINT(seen.buckets[1], 2);
    EQ_UINT(seen.buckets[2], 2);
    EQ_UINT(seen.buckets[3], 2);
    stats_free(s);
}

static void full_family_counts_as_overflow(void)
{
    struct stats *s = stats_new(1);
    struct stats_family *f = stats_register(s, &narrow);
    uint32_t slots[5];
    struct seen seen = { 0 };

    log_set_levels("none");
    for (int i = 0; i < 5; i++) {
        char name[] = { (char)('a' + i), '\0' };

        slots[i] = stats_open_series(f, (struct str[]){ str_of(name) });
    }
    EQ_UINT(slots[3], slots[4]);
    OK(slots[3] != slots[2]);
    EQ_UINT(stats_open_series(f, (struct str[]){ STR("b") }), slots[1]);
    stats_visit(s, look, &seen);
    EQ_UINT(seen.count, 4);
    for (int i = 0; i < 5; i++)
        stats_close_series(f, slots[i]);
    stats_close_series(f, slots[1]);
    EQ_UINT(stats_expire(s, 1, 0), 3);                                /* not the overflow */
    OK(stats_open_series(f, (struct str[]){ STR("z") }) != slots[3]); /* there is room again */
    stats_free(s);
}

static void series_expires_only_when_nobody_holds_it(void)
{
    struct stats *s = stats_new(2);
    struct stats_family *f = stats_register(s, &requests);
    uint32_t a = open2(f, "a", ""), b = open2(f, "b", ""), again;

    stats_add(stats_get_shard(s, 1), a, 9);
    EQ_UINT(stats_expire(s, 1000, 50), 0);
    stats_close_series(f, a);
    EQ_UINT(stats_expire(s, 1000, 50), 0);
    EQ_UINT(stats_expire(s, 1049, 50), 0);
    EQ_UINT(open2(f, "a", ""), a); /* taken up again: idle time starts anew */
    stats_close_series(f, a);
    EQ_UINT(stats_expire(s, 1060, 50), 0);
    EQ_UINT(stats_expire(s, 1110, 50), 1);
    EQ_UINT(stats_expire(s, 5000, 50), 0);
    again = open2(f, "c", "");
    EQ_UINT(again, a); /* the slot is used again, from zero */
    EQ_UINT(stats_sum(s, again), 0);
    stats_close_series(f, b);
    stats_close_series(f, 0);
    stats_free(s);
}

static void label_values_are_cleaned_and_cut(void)
{
    struct stats *s = stats_new(1);
    struct stats_family *f = stats_register(s, &narrow);
    struct seen seen = { 0 };
    char big[1000];

    stats_open_series(f, (struct str[]){ STR("a\"b\\c\nd\xff") });
    stats_visit(s, look, &seen);
    EQ_STR(seen.labels, "who=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"");
    memset(big, 'x', sizeof(big));
    EQ_UINT(stats_open_series(f, (struct str[]){ str_make(big, 999) }),
            stats_open_series(f, (struct str[]){ str_make(big, 1000) }));
    stats_free(s);
}

static void many_series_span_chunks(void)
{
    struct stats *s = stats_new(1);
    struct stats_family *f = stats_register(s, &latency);
    static uint32_t slots[3000];
    char name[16];

    for (size_t i = 0; i < COUNT_OF(slots); i++) {
        snprintf(name, sizeof(name), "%zu", i);
        slots[i] = stats_open_series(f, (struct str[]){ str_of(name) });
        EQ_UINT(slots[i] / STATS_CHUNK_CELLS, (slots[i] + 4) / STATS_CHUNK_CELLS);
        stats_observe(stats_get_shard(s, 0), &latency, slots[i], 5);
    }
    for (size_t i = 0; i < COUNT_OF(slots); i++)
        EQ_UINT(stats_sum(s, slots[i] + 1), 1);
    stats_free(s);
}

#define THREADS 3
#define ROUNDS  30000

struct counter_thread {
    struct stats *stats;
    int index;
    pthread_t thread;
};

static void *count_much(void *arg)
{
    struct counter_thread *t = arg;
    struct stats_shard *shard = stats_get_shard(t->stats, t->index);
    struct stats_family *f = stats_register(t->stats, &requests);
    struct stats_family *h = stats_register(t->stats, &latency);

    for (int i = 0; i < ROUNDS; i++) {
        char name[8];
        uint32_t slot, hist;

        snprintf(name, sizeof(name), "%d", i % 50);
        slot = open2(f, name, "x");
        hist = stats_open_series(h, (struct str[]){ str_of(name) });
        stats_add(shard, slot, 1);
        stats_observe(shard, &latency, hist, i % 200);
        stats_close_series(f, slot);
        stats_close_series(h, hist);
    }
    return NULL;
}

static void total(void *arg, const struct stats_sample *sample)
{
    uint64_t *sums = arg;

    sums[sample->def->kind == STATS_HISTOGRAM] += sample->value;
}

static void threads_count_while_another_reads(void)
{
    struct stats *s = stats_new(THREADS);
    struct counter_thread threads[THREADS];
    uint64_t sums[2], before = 0;

    for (int i = 0; i < THREADS; i++) {
        threads[i] = (struct counter_thread){ .stats = s, .index = i };
        pthread_create(&threads[i].thread, NULL, count_much, &threads[i]);
    }
    for (int i = 0; i < 200; i++) {
        sums[0] = sums[1] = 0;
        stats_visit(s, total, sums);
        OK(sums[0] >= before); /* nothing expires here, so counters only rise */
        before = sums[0];
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i].thread, NULL);
    sums[0] = sums[1] = 0;
    stats_visit(s, total, sums);
    EQ_UINT(sums[0], THREADS * ROUNDS);
    EQ_UINT(sums[1], THREADS * ROUNDS);
    EQ_UINT(stats_expire(s, 1, 0), 100);
    stats_free(s);
}

static void threads_count_while_series_expire(void)
{
    struct stats *s = stats_new(THREADS);
    struct counter_thread threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        threads[i] = (struct counter_thread){ .stats = s, .index = i };
        pthread_create(&threads[i].thread, NULL, count_much, &threads[i]);
    }
    for (uint64_t i = 1; i <= 300; i++) {
        uint64_t sums[2] = { 0, 0 };

        stats_expire(s, i, 0);
        stats_visit(s, total, sums);
        OK(sums[0] <= THREADS * ROUNDS);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i].thread, NULL);
    stats_expire(s, 1000, 0);
    EQ_UINT(stats_expire(s, 1001, 0), 0);
    stats_free(s);
}

static const struct tap_case cases[] = {
    { "same_labels_are_one_series", same_labels_are_one_series },
    { "gauge_goes_up_and_down_over_shards", gauge_goes_up_and_down_over_shards },
    { "counting_in_slot_0_is_harmless", counting_in_slot_0_is_harmless },
    { "histogram_counts_by_upper_bound", histogram_counts_by_upper_bound },
    { "full_family_counts_as_overflow", full_family_counts_as_overflow },
    { "series_expires_only_when_nobody_holds_it", series_expires_only_when_nobody_holds_it },
    { "label_values_are_cleaned_and_cut", label_values_are_cleaned_and_cut },
    { "many_series_span_chunks", many_series_span_chunks },
    { "threads_count_while_another_reads", threads_count_while_another_reads },
    { "threads_count_while_series_expire", threads_count_while_series_expire },
};

TAP_MAIN(cases)
