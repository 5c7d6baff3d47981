#include "core/stats/stats.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/map.h"
#include "core/base/mem.h"

/* Cells 0..SINK_CELLS-1 belong to no series: what is counted in slot 0 lands there. */
#define SINK_CELLS         64
#define DEFAULT_MAX_SERIES 10000
#define MAX_CELLS          ((size_t)STATS_CHUNK_CELLS * STATS_CHUNKS)

static struct log_module log_module = LOG_MODULE("stats");

const double stats_bounds_ms[STATS_BOUNDS_MS_COUNT] = {
    0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 1e4, 3e4, 6e4, 3e5, 6e5, 1.8e6, 3.6e6,
};
const double stats_bounds_bytes[STATS_BOUNDS_BYTES_COUNT] = { 1,   10,  100, 1e3, 1e4,
                                                              1e5, 1e6, 1e7, 1e8, 1e9 };

struct series {
    struct str key; /* of the map: the values, each with its length before it */
    struct stats_family *family;
    uint32_t slot, refs;
    bool is_overflow;
    uint64_t idle_since_ms; /* first stats_expire that saw it unheld; 0: held, or not seen yet */
    struct arena strings;   /* key, labels, values */
    struct str labels;      /* as in stats_sample */
    struct str values[];
};

/* Slots of dropped series, to be used by the next one of the same family. */
struct slot_list {
    uint32_t *list;
    size_t count, cap;
};

struct stats_family {
    struct stats *stats;
    const struct stats_def *def;
    struct stats_family *next;
    size_t label_count;
    uint32_t cell_count; /* of one series */
    struct map by_key, by_slot;
    struct slot_list free_slots;
    struct series *overflow;
};

struct stats {
    pthread_mutex_t lock; /* families, series, next_cell */
    struct stats_family *first, **end;
    uint32_t next_cell;
    int shard_count;
    struct stats_shard shards[];
};

struct stats *stats_new(int shard_count)
{
    struct stats *s = mem_alloc_flex(sizeof(*s), (size_t)shard_count, sizeof(s->shards[0]));

    pthread_mutex_init(&s->lock, NULL);
    s->end = &s->first;
    s->next_cell = SINK_CELLS;
    s->shard_count = shard_count;
    return s;
}

static void free_series(struct series *e)
{
    arena_deinit(&e->strings);
    mem_free(e);
}

static void free_family(struct stats_family *f)
{
    struct map_slot *item;

    for (size_t at = 0; (item = map_next(&f->by_slot, &at));)
        free_series(item->value);
    map_deinit(&f->by_key);
    map_deinit(&f->by_slot);
    mem_free(f->free_slots.list);
    mem_free(f);
}

void stats_free(struct stats *s)
{
    if (!s)
        return;
    while (s->first) {
        struct stats_family *f = s->first;

        s->first = f->next;
        free_family(f);
    }
    for (int i = 0; i < s->shard_count; i++) {
        for (size_t j = 0; j < STATS_CHUNKS; j++)
            mem_free(atomic_load(&s->shards[i].chunks[j]));
    }
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

struct stats_shard *stats_get_shard(struct stats *s, int index)
{
    ASSERT(index >= 0 && index < s->shard_count);
    return &s->shards[index];
}

/* ---- families ---- */

static struct stats_family *make_family(struct stats *s, const struct stats_def *def)
{
    struct stats_family *f = mem_alloc0(1, sizeof(*f));

    ASSERT(def->kind != STATS_HISTOGRAM || def->bound_count <= STATS_MAX_BOUNDS);
    f->stats = s;
    f->def = def;
    while (f->label_count < STATS_MAX_LABELS && def->labels[f->label_count])
        f->label_count++;
    /* A histogram: one cell a bucket, one for +Inf, one for the sum. */
    f->cell_count = def->kind == STATS_HISTOGRAM ? (uint32_t)def->bound_count + 2 : 1;
    map_init(&f->by_key);
    map_init(&f->by_slot);
    *s->end = f;
    s->end = &f->next;
    return f;
}

struct stats_family *stats_register(struct stats *s, const struct stats_def *def)
{
    struct stats_family *f;

    pthread_mutex_lock(&s->lock);
    for (f = s->first; f && strcmp(f->def->name, def->name) != 0;)
        f = f->next;
    ASSERT(!f || f->def == def); /* two rows of one name */
    if (!f)
        f = make_family(s, def);
    pthread_mutex_unlock(&s->lock);
    return f;
}

/* ---- cells ---- */

_Atomic(uint64_t) *stats_make_chunk(struct stats_shard *shard, uint32_t slot)
{
    _Atomic(uint64_t) *chunk = mem_alloc0(STATS_CHUNK_CELLS, sizeof(*chunk));

    /* Release: a reader that sees the chunk sees its zeros. */
    atomic_store_explicit(&shard->chunks[slot / STATS_CHUNK_CELLS], chunk, memory_order_release);
    return chunk;
}

/* The reader's side of stats_cell: NULL where the owner has not counted yet. */
static _Atomic(uint64_t) *find_cell(const struct stats *s, int shard, uint32_t slot)
{
    _Atomic(uint64_t) *chunk = atomic_load_explicit(
        &s->shards[shard].chunks[slot / STATS_CHUNK_CELLS], memory_order_acquire);

    return chunk ? chunk + slot % STATS_CHUNK_CELLS : NULL;
}

uint64_t stats_sum(const struct stats *s, uint32_t slot)
{
    uint64_t sum = 0;

    for (int i = 0; i < s->shard_count; i++) {
        _Atomic(uint64_t) *cell = find_cell(s, i, slot);

        if (cell)
            sum += atomic_load_explicit(cell, memory_order_relaxed);
    }
    return sum;
}

static double as_double(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint64_t as_bits(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static double sum_doubles(const struct stats *s, uint32_t slot)
{
    double sum = 0;

    for (int i = 0; i < s->shard_count; i++) {
        _Atomic(uint64_t) *cell = find_cell(s, i, slot);

        if (cell)
            sum += as_double(atomic_load_explicit(cell, memory_order_relaxed));
    }
    return sum;
}

void stats_observe(struct stats_shard *shard, const struct stats_def *def, uint32_t slot,
                   double value)
{
    _Atomic(uint64_t) *sum;
    uint32_t i = 0;
    double before;

    while (i < def->bound_count && value > def->bounds[i])
        i++;
    stats_add(shard, slot + i, 1);
    sum = stats_cell(shard, slot + (uint32_t)def->bound_count + 1);
    before = as_double(atomic_load_explicit(sum, memory_order_relaxed));
    atomic_store_explicit(sum, as_bits(before + value), memory_order_relaxed);
}

/* A range of cells for one series of f, within one chunk; 0 when all cells are taken. */
static uint32_t take_slot(struct stats_family *f)
{
    struct stats *s = f->stats;
    uint32_t slot = s->next_cell, room = STATS_CHUNK_CELLS - slot % STATS_CHUNK_CELLS;

    if (f->free_slots.count)
        return f->free_slots.list[--f->free_slots.count];
    if (room < f->cell_count)
        slot += room;
    if (slot + (size_t)f->cell_count > MAX_CELLS)
        return 0;
    s->next_cell = slot + f->cell_count;
    return slot;
}

/* Nobody holds the series, so nobody writes its cells: they may be cleared from here. */
static void give_slot(struct stats_family *f, uint32_t slot)
{
    struct slot_list *l = &f->free_slots;

    for (int i = 0; i < f->stats->shard_count; i++) {
        for (uint32_t j = 0; j < f->cell_count; j++) {
            _Atomic(uint64_t) *cell = find_cell(f->stats, i, slot + j);

            if (cell)
                atomic_store_explicit(cell, 0, memory_order_relaxed);
        }
    }
    if (l->count == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 16;
        l->list = mem_resize(l->list, l->cap, sizeof(*l->list));
    }
    l->list[l->count++] = slot;
}

/* ---- series ---- */

/* What is not UTF-8 becomes U+FFFD, what is too long is cut between characters. */
static void add_clean(struct buf *out, struct str value, size_t max)
{
    size_t start = out->end;

    while (value.len) {
        size_t len = encode_utf8_len(value);
        struct str c = len ? str_head(value, len) : STR("\xef\xbf\xbd");

        if (out->end - start + c.len > max)
            return;
        buf_add_str(out, c);
        value = str_skip(value, len ? len : 1);
    }
}

/* The values as they are kept, one after another; ends[i] is where value i ends. */
static void clean_values(const struct stats_family *f, const struct str *values, struct buf *out,
                         size_t *ends)
{
    for (size_t i = 0; i < f->label_count; i++) {
        bool is_more = f->def->labels[i][0] == 0;

        /* Labels cut short would be no labels. */
        if (is_more && values[i].len <= STATS_MAX_MORE_BYTES)
            buf_add_str(out, values[i]);
        else if (!is_more)
            add_clean(out, values[i], STATS_MAX_LABEL_BYTES);
        ends[i] = buf_len(out);
    }
}

/* The text and the ends: two sets of values that only differ in where they part differ here. */
static void add_key(const struct stats_family *f, const size_t *ends, struct buf *clean)
{
    for (size_t i = 0; i < f->label_count; i++) {
        uint16_t end = (uint16_t)ends[i]; /* 31 values of 256 bytes and one of 2048 at most */

        buf_add(clean, &end, sizeof(end));
    }
}

void stats_add_label(struct buf *out, struct str name, struct str value)
{
    buf_printf(out, "%s%.*s=\"", buf_len(out) ? "," : "", STR_ARG(name));
    for (size_t i = 0; i < value.len; i++) {
        if (value.p[i] == '\n')
            buf_add_str(out, STR("\\n"));
        else if (value.p[i] == '"' || value.p[i] == '\\')
            buf_printf(out, "\\%c", value.p[i]);
        else
            buf_add_char(out, value.p[i]);
    }
    buf_add_char(out, '"');
}

static void add_value(struct buf *out, const char *name, struct str value)
{
    if (!str_eq(value, STATS_NO_LABEL))
        stats_add_label(out, str_of(name), value);
}

static struct series *make_series(struct stats_family *f, uint32_t slot, const struct str *values)
{
    struct series *e = mem_alloc_flex(sizeof(*e), f->label_count, sizeof(e->values[0]));
    struct buf labels;

    e->family = f;
    e->slot = slot;
    arena_init(&e->strings, 256);
    buf_init(&labels, 0);
    for (size_t i = 0; i < f->label_count; i++) {
        e->values[i] = arena_str(&e->strings, values[i]);
        if (f->def->labels[i][0])
            add_value(&labels, f->def->labels[i], values[i]);
        else if (values[i].len)
            buf_printf(&labels, "%s%.*s", buf_len(&labels) ? "," : "", STR_ARG(values[i]));
    }
    e->labels = arena_str(&e->strings, buf_str(&labels));
    buf_deinit(&labels);
    map_put_u64(&f->by_slot, slot, e);
    return e;
}

/* What new label sets share once the family is full; it is not in by_key, so a peer that sends
 * "overflow" gets a series of its own only as long as there is room. */
static struct series *overflow_of(struct stats_family *f)
{
    struct str values[STATS_MAX_LABELS];
    uint32_t slot;

    if (f->overflow)
        return f->overflow;
    slot = take_slot(f);
    if (!slot)
        return NULL;
    log_warn("%s has %zu series: further ones are counted as \"overflow\"", f->def->name,
             f->by_key.count);
    for (size_t i = 0; i < f->label_count; i++)
        values[i] = f->def->labels[i][0] ? STR("overflow") : STR("");
    f->overflow = make_series(f, slot, values);
    f->overflow->is_overflow = true;
    return f->overflow;
}

static struct series *add_series(struct stats_family *f, const struct str *values, struct str key)
{
    size_t max = f->def->max_series ? f->def->max_series : DEFAULT_MAX_SERIES;
    uint32_t slot = f->by_key.count < max ? take_slot(f) : 0;
    struct series *e;

    if (!slot)
        return overflow_of(f);
    e = make_series(f, slot, values);
    e->key = arena_str(&e->strings, key);
    map_put(&f->by_key, e->key, e);
    return e;
}

uint32_t stats_open_series(struct stats_family *f, const struct str *values)
{
    size_t ends[STATS_MAX_LABELS], start = 0;
    struct str clean[STATS_MAX_LABELS], key;
    struct series *e;
    struct buf text;
    uint32_t slot;

    buf_init(&text, 0);
    clean_values(f, values, &text, ends);
    add_key(f, ends, &text);
    key = buf_len(&text) ? buf_str(&text) : STR("");
    for (size_t i = 0; i < f->label_count; start = ends[i++])
        clean[i] = str_make(key.p + start, ends[i] - start);
    pthread_mutex_lock(&f->stats->lock);
    e = map_get(&f->by_key, key);
    if (!e)
        e = add_series(f, clean, key);
    if (e) {
        e->refs++;
        e->idle_since_ms = 0;
    }
    slot = e ? e->slot : 0; /* not one cell left: into the sink */
    pthread_mutex_unlock(&f->stats->lock);
    buf_deinit(&text);
    return slot;
}

void stats_close_series(struct stats_family *f, uint32_t slot)
{
    struct series *e;

    if (!slot)
        return;
    pthread_mutex_lock(&f->stats->lock);
    e = map_get_u64(&f->by_slot, slot);
    ASSERT(e && e->refs > 0);
    e->refs--;
    pthread_mutex_unlock(&f->stats->lock);
}

static bool is_expired(struct series *e, uint64_t now_ms, uint64_t idle_ms)
{
    if (e->refs || e->is_overflow)
        return false;
    if (!e->idle_since_ms) {
        e->idle_since_ms = now_ms ? now_ms : 1;
        return idle_ms == 0;
    }
    return now_ms - e->idle_since_ms >= idle_ms;
}

/* Collects first: the map may not change while it is walked. */
static size_t expire_family(struct stats_family *f, uint64_t now_ms, uint64_t idle_ms)
{
    struct series **dead = mem_alloc0(f->by_slot.count, sizeof(struct series *));
    struct map_slot *item;
    size_t count = 0;

    for (size_t at = 0; (item = map_next(&f->by_slot, &at));) {
        if (is_expired(item->value, now_ms, idle_ms))
            dead[count++] = item->value;
    }
    for (size_t i = 0; i < count; i++) {
        map_remove(&f->by_key, dead[i]->key);
        map_remove_u64(&f->by_slot, dead[i]->slot);
        give_slot(f, dead[i]->slot);
        free_series(dead[i]);
    }
    mem_free(dead);
    return count;
}

size_t stats_expire(struct stats *s, uint64_t now_ms, uint64_t idle_ms)
{
    size_t count = 0;

    pthread_mutex_lock(&s->lock);
    for (struct stats_family *f = s->first; f; f = f->next)
        count += expire_family(f, now_ms, idle_ms);
    pthread_mutex_unlock(&s->lock);
    return count;
}

/* ---- reading ---- */

static void visit_series(const struct stats *s, const struct series *e,
                         void (*fn)(void *arg, const struct stats_sample *sample), void *arg)
{
    const struct stats_def *def = e->family->def;
    uint64_t buckets[STATS_MAX_BOUNDS + 1] = { 0 };
    struct stats_sample sample = { .def = def, .values = e->values, .labels = e->labels };

    if (def->kind != STATS_HISTOGRAM) {
        sample.value = stats_sum(s, e->slot);
        fn(arg, &sample);
        return;
    }
    for (uint32_t i = 0; i <= def->bound_count; i++) {
        buckets[i] = stats_sum(s, e->slot + i);
        sample.value += buckets[i];
    }
    sample.sum = sum_doubles(s, e->slot + (uint32_t)def->bound_count + 1);
    sample.buckets = buckets;
    fn(arg, &sample);
}

/* Holds all series of f and copies where they are, so that the lock is not held while they are
 * read: workers that open a series don't wait for a scrape. */
static struct series **hold_all(struct stats_family *f, size_t *count)
{
    struct series **held;
    struct map_slot *item;

    pthread_mutex_lock(&f->stats->lock);
    held = mem_alloc0(f->by_slot.count, sizeof(struct series *));
    *count = 0;
    for (size_t at = 0; (item = map_next(&f->by_slot, &at));) {
        held[*count] = item->value;
        held[(*count)++]->refs++;
    }
    pthread_mutex_unlock(&f->stats->lock);
    return held;
}

static void let_go(struct stats_family *f, struct series **held, size_t count)
{
    pthread_mutex_lock(&f->stats->lock);
    for (size_t i = 0; i < count; i++)
        held[i]->refs--;
    pthread_mutex_unlock(&f->stats->lock);
    mem_free(held);
}

static struct stats_family *next_family(struct stats *s, const struct stats_family *f)
{
    struct stats_family *next;

    pthread_mutex_lock(&s->lock);
    next = f ? f->next : s->first;
    pthread_mutex_unlock(&s->lock);
    return next;
}

void stats_visit(struct stats *s, void (*fn)(void *arg, const struct stats_sample *sample),
                 void *arg)
{
    struct stats_family *f = NULL;

    while ((f = next_family(s, f))) {
        size_t count;
        struct series **held = hold_all(f, &count);

        for (size_t i = 0; i < count; i++)
            visit_series(s, held[i], fn, arg);
        let_go(f, held, count);
    }
}
