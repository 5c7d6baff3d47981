/* Counters, gauges and histograms, counted per thread and summed by the reader.
 *
 * A family is a row of a table: name, kind, label names. A series is one set of label values; who
 * chooses a route or a peer opens it once and keeps its slot, so that a request costs one addition
 * in the worker's own shard and never looks up a label. A shard is written by one thread; the
 * reader sums all shards from another without stopping it.
 *
 *   static const struct stats_def requests = { .name = "istio_requests_total",
 *       .help = "Requests", .kind = STATS_COUNTER, .labels = { "reporter", "code" } };
 *   struct stats_family *f = stats_register(stats, &requests);
 *   uint32_t slot = stats_open_series(f, (struct str[]){ STR("source"), STR("200") });
 *   stats_add(shard, slot, 1);
 *
 * Series can be many when peers choose label values: beyond a family's limit all new ones share one
 * series whose labels all read "overflow", and that is logged once. */
#ifndef CORE_STATS_STATS_H
#define CORE_STATS_STATS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/str.h"

#define STATS_MAX_LABELS      32
#define STATS_MAX_BOUNDS      62
#define STATS_MAX_LABEL_BYTES 256 /* of a label value; longer ones are cut */
#define STATS_CHUNK_CELLS     1024
#define STATS_CHUNKS          1024

enum stats_kind { STATS_COUNTER, STATS_GAUGE, STATS_HISTOGRAM };

/* As a value: the series has no such label. */
#define STATS_NO_LABEL STR("\x01")
/* As the name of a def's last label: its value is further labels, as stats_add_label writes them,
 * and may be long. */
#define STATS_MORE_LABELS    ""
#define STATS_MAX_MORE_BYTES 2048

/* A family; static, as are its strings. */
struct stats_def {
    const char *name; /* counters end in _total */
    const char *help;
    enum stats_kind kind;
    const char *labels[STATS_MAX_LABELS]; /* ends at the first NULL */
    const double *bounds;                 /* histogram: upper bounds, rising, +Inf is implied */
    size_t bound_count;
    size_t max_series; /* 0: 10,000 */
};

/* Istio's bounds for durations in ms. */
#define STATS_BOUNDS_MS_COUNT 19
extern const double stats_bounds_ms[STATS_BOUNDS_MS_COUNT];
/* Powers of ten from 1 to 1e9: for sizes in bytes. */
#define STATS_BOUNDS_BYTES_COUNT 10
extern const double stats_bounds_bytes[STATS_BOUNDS_BYTES_COUNT];

struct stats;        /* opaque: all families of a process or a test */
struct stats_family; /* opaque */

/* What one thread counts in. Chunks are made at first use by the owner and never move. */
struct stats_shard {
    _Atomic(_Atomic(uint64_t) *) chunks[STATS_CHUNKS];
};

struct stats *stats_new(int shard_count);
/* No thread may count any more. */
void stats_free(struct stats *s);

/* The shard of worker `index`; one thread writes it. Valid as long as s. Any thread. */
struct stats_shard *stats_get_shard(struct stats *s, int index);

/* The family of def, made at the first call. def must outlive s. Any thread. */
struct stats_family *stats_register(struct stats *s, const struct stats_def *def);

/* The slot of the series with these label values (one per label of the def), made when it is new.
 * The caller holds it until stats_close_series. Never 0, so a zeroed slot means none; counting
 * there is harmless. Takes a lock: not for every request. Any thread. */
uint32_t stats_open_series(struct stats_family *f, const struct str *values);
/* Appends name="value" to the value of STATS_MORE_LABELS. name is a label's name: [a-zA-Z0-9_]+. */
void stats_add_label(struct buf *out, struct str name, struct str value);
/* The caller counts there no more. The series is still shown until it expires. Any thread. */
void stats_close_series(struct stats_family *f, uint32_t slot);

/* Drops series that nobody has held for at least idle_ms, as seen by calls of this function at
 * now_ms (any clock, always the same one). Returns how many. Any thread. */
size_t stats_expire(struct stats *s, uint64_t now_ms, uint64_t idle_ms);

/* The sum over all shards: a counter's or gauge's value. Any thread. */
uint64_t stats_sum(const struct stats *s, uint32_t slot);

/* One series as a reader sees it. */
struct stats_sample {
    const struct stats_def *def;
    const struct str *values;
    struct str labels;       /* a="b",c="d" in the exposition format's escaping; may be empty */
    uint64_t value;          /* counter; gauge: as int64_t; histogram: how many were observed */
    double sum;              /* histogram */
    const uint64_t *buckets; /* histogram: bound_count + 1, each alone, not cumulative */
};

/* Calls fn for every series, family by family in the order of registration. fn may not call back
 * into s. Counting goes on meanwhile, so samples are each right but not of one instant. Any thread.
 */
void stats_visit(struct stats *s, void (*fn)(void *arg, const struct stats_sample *sample),
                 void *arg);

/* ---- counting: by the shard's owner only ---- */

_Atomic(uint64_t) *stats_make_chunk(struct stats_shard *shard, uint32_t slot);

static inline _Atomic(uint64_t) *stats_cell(struct stats_shard *shard, uint32_t slot)
{
    _Atomic(uint64_t) *chunk =
        atomic_load_explicit(&shard->chunks[slot / STATS_CHUNK_CELLS], memory_order_relaxed);

    if (__builtin_expect(!chunk, 0))
        chunk = stats_make_chunk(shard, slot);
    return chunk + slot % STATS_CHUNK_CELLS;
}

/* A cell has one writer, so load and store do; a locked addition would cost ten times as much. */
static inline void stats_add(struct stats_shard *shard, uint32_t slot, uint64_t n)
{
    _Atomic(uint64_t) *cell = stats_cell(shard, slot);

    atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* For gauges that rise and fall. */
static inline void stats_sub(struct stats_shard *shard, uint32_t slot, uint64_t n)
{
    stats_add(shard, slot, 0 - n);
}

/* For gauges that one shard alone reports. */
static inline void stats_set(struct stats_shard *shard, uint32_t slot, int64_t value)
{
    atomic_store_explicit(stats_cell(shard, slot), (uint64_t)value, memory_order_relaxed);
}

/* def is the family's. value is not NaN. */
void stats_observe(struct stats_shard *shard, const struct stats_def *def, uint32_t slot,
                   double value);

#endif
