#include "core/telemetry/telemetry.h"

#include <pthread.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/telemetry/access_log.h"
#include "core/telemetry/telemetry_export.h"
#include "core/telemetry/telemetry_json.h"
#include "core/telemetry/telemetry_metrics.h"
#include "core/telemetry/telemetry_routes.h"

#define MAX_WORKERS 256

/* What one worker has. Made at its first event; freed with the whole, because connections may
 * still end while a worker goes. */
struct part {
    struct worker *worker;
    struct stats_shard *shard;
    struct telemetry_metrics *metrics;
    struct telemetry_routes *routes;
    struct telemetry_ring *ring;
    struct access_log *logs[MODEL_SIDES][MODEL_LOGS_MAX]; /* made at their first line */
    uint64_t dropped;                                     /* lines counted so far */
    struct telemetry_export_batch *spans;                 /* NULL: none was added yet */
    uint64_t spans_sent, spans_dropped;                   /* counted so far; of worker 0 */
};

struct telemetry {
    struct stats *stats;
    const struct model_node *node;
    struct telemetry_families families;
    struct telemetry_route_families route_families;
    uint32_t dropped_slot, sent_spans_slot, dropped_spans_slot;
    struct telemetry_export *export; /* NULL: no spans are sent */
    atomic_uint log_generation;
    /* By worker index. Written by the worker, read by it and by others. */
    _Atomic(struct part *) parts[MAX_WORKERS];
};

static const struct stats_def dropped_def = {
    .name = "mesh_access_log_dropped_lines_total",
    .help = "Access log lines dropped because the reader was too slow",
};

static const struct stats_def sent_spans_def = {
    .name = "mesh_trace_spans_sent_total",
    .help = "Spans that a collector has taken",
};
static const struct stats_def dropped_spans_def = {
    .name = "mesh_trace_spans_dropped_total",
    .help = "Spans that found no room or no collector",
};

struct telemetry *telemetry_new(struct stats *stats, const struct model_node *node)
{
    struct telemetry *t = mem_alloc0(1, sizeof(*t));

    t->stats = stats;
    t->node = node;
    telemetry_metrics_register(&t->families, stats);
    telemetry_routes_register(&t->route_families, stats);
    t->dropped_slot = stats_open_series(stats_register(stats, &dropped_def), NULL);
    return t;
}

void telemetry_start_export(struct telemetry *t, struct worker *main, uint32_t mark)
{
    t->export = telemetry_export_new(main, t->node, mark);
    t->sent_spans_slot = stats_open_series(stats_register(t->stats, &sent_spans_def), NULL);
    t->dropped_spans_slot = stats_open_series(stats_register(t->stats, &dropped_spans_def), NULL);
}

void telemetry_free(struct telemetry *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < MAX_WORKERS; i++) {
        struct part *p = atomic_load(&t->parts[i]);

        if (!p)
            continue;
        telemetry_metrics_free(p->metrics);
        telemetry_routes_free(p->routes);
        telemetry_ring_free(p->ring);
        telemetry_export_batch_free(p->spans);
        for (size_t k = 0; k < MODEL_LOGS_MAX; k++) {
            access_log_free(p->logs[MODEL_SIDE_CLIENT][k]);
            access_log_free(p->logs[MODEL_SIDE_SERVER][k]);
        }
        mem_free(p);
    }
    telemetry_export_free(t->export);
    mem_free(t);
}

static struct part *part_new(struct telemetry *t, struct worker *w)
{
    struct part *p = mem_alloc0(1, sizeof(*p));

    p->worker = w;
    p->shard = stats_get_shard(t->stats, w->index);
    p->metrics = telemetry_metrics_new(&t->families, p->shard, t->node);
    p->routes = telemetry_routes_new(&t->route_families, p->shard);
    p->ring = telemetry_ring_new((uint16_t)w->index);
    atomic_store_explicit(&t->parts[w->index], p, memory_order_release);
    return p;
}

static struct part *part_of(struct telemetry *t, struct worker *w)
{
    struct part *p;

    ASSERT(w->index >= 0 && w->index < MAX_WORKERS);
    p = atomic_load_explicit(&t->parts[w->index], memory_order_relaxed);
    if (__builtin_expect(!p, 0))
        p = part_new(t, w);
    return p;
}

/* Lines that were dropped by any log of the worker. */
static uint64_t dropped_by(const struct part *p)
{
    uint64_t n = 0;

    for (size_t side = 0; side < MODEL_SIDES; side++)
        for (size_t k = 0; k < MODEL_LOGS_MAX; k++)
            n += p->logs[side][k] ? access_log_dropped(p->logs[side][k]) : 0;
    return n;
}

static void add_to_log(struct telemetry *t, struct part *p, enum model_side side, size_t k,
                       const struct model_access_log *want, const struct access_source *source)
{
    uint64_t dropped;

    if (!p->logs[side][k])
        p->logs[side][k] = access_log_new(p->worker, &t->log_generation);
    access_log_add(p->logs[side][k], want, source);
    dropped = dropped_by(p);
    if (dropped != p->dropped) {
        stats_add(p->shard, t->dropped_slot, dropped - p->dropped);
        p->dropped = dropped;
    }
}

static void log_lines(struct telemetry *t, struct part *p, const struct access_source *source)
{
    const struct decision *d = source->decision;
    const struct snapshot *s = d->snapshot;
    enum model_side side = d->inbound ? MODEL_SIDE_SERVER : MODEL_SIDE_CLIENT;

    if (!s)
        return;
    if (!s->telemetry) {
        if (s->settings.access_log.enabled)
            add_to_log(t, p, side, 0, &s->settings.access_log, source);
        return;
    }
    for (size_t k = 0; k < MODEL_LOGS_MAX && s->telemetry->logs[side][k].enabled; k++)
        add_to_log(t, p, side, k, &s->telemetry->logs[side][k], source);
}

/* What both kinds do at their end. */
static void remember(struct telemetry *t, struct part *p, const struct decision *d)
{
    struct access_source source = { .decision = d,
                                    .request = d->request_head,
                                    .response = d->response_head,
                                    .peers = telemetry_metrics_peers(p->metrics) };

    telemetry_ring_add(p->ring, d);
    log_lines(t, p, &source);
}

/* One worker counts for the main loop, whose numbers these are. */
static void count_spans(struct telemetry *t, struct part *p)
{
    uint64_t sent = telemetry_export_sent(t->export), dropped = telemetry_export_dropped(t->export);

    stats_add(p->shard, t->sent_spans_slot, sent - p->spans_sent);
    stats_add(p->shard, t->dropped_spans_slot, dropped - p->spans_dropped);
    p->spans_sent = sent;
    p->spans_dropped = dropped;
}

static void add_span(struct telemetry *t, struct part *p, const struct decision *d)
{
    const struct model_tracing *how =
        &d->snapshot->telemetry->tracing[d->inbound ? MODEL_SIDE_SERVER : MODEL_SIDE_CLIENT];

    if (p->worker->index == 0)
        count_spans(t, p);
    if (!how->to || !d->trace.sampled)
        return;
    if (!p->spans)
        p->spans = telemetry_export_batch_new(t->export, p->worker);
    telemetry_export_add(p->spans, d, how);
}

void telemetry_http(struct telemetry *t, struct worker *w, const struct decision *d)
{
    struct part *p = part_of(t, w);

    telemetry_metrics_http(p->metrics, d);
    telemetry_routes_count(p->routes, d);
    remember(t, p, d);
    if (d->trace.is_on && t->export)
        add_span(t, p, d);
}

void telemetry_tcp_open(struct telemetry *t, struct worker *w, const struct decision *d)
{
    telemetry_metrics_tcp_open(part_of(t, w)->metrics, d);
}

void telemetry_tcp_bytes(struct telemetry *t, struct worker *w, const struct decision *d,
                         uint64_t received, uint64_t sent)
{
    telemetry_metrics_tcp_bytes(part_of(t, w)->metrics, d, received, sent);
}

void telemetry_tcp_close(struct telemetry *t, struct worker *w, const struct decision *d)
{
    struct part *p = part_of(t, w);

    telemetry_metrics_tcp_close(p->metrics, d);
    remember(t, p, d);
}

void telemetry_tcp_refused(struct telemetry *t, struct worker *w, const struct decision *d)
{
    remember(t, part_of(t, w), d);
}

/* ---- the last decisions ---- */

/* One worker's ring being walked from its newest record. */
struct walk {
    const struct telemetry_ring *ring;
    uint32_t back;
    uint64_t end_wall_us;
    struct telemetry_record record;
};

static bool matches(const struct telemetry_record *r, const struct telemetry_query *q)
{
    if (q->status && q->status != r->status)
        return false;
    return q->request_id.len == 0 ||
           str_eq(q->request_id, telemetry_ring_text(r, TELEMETRY_RING_REQUEST_ID));
}

/* On to the next record that matches; false: none is left. A record that is being overwritten is
 * older than all that are wanted, or will be found by the next call. */
static bool advance(struct walk *walk, const struct telemetry_query *q)
{
    while (walk->back < TELEMETRY_RING_RECORDS) {
        if (telemetry_ring_get(walk->ring, walk->back++, &walk->record) &&
            matches(&walk->record, q)) {
            walk->end_wall_us = walk->record.start_wall_us + walk->record.duration_us;
            return true;
        }
    }
    return false;
}

void telemetry_recent(struct telemetry *t, const struct telemetry_query *q, struct buf *out)
{
    struct walk *walks = mem_alloc0(MAX_WORKERS, sizeof(*walks));
    size_t count = 0;

    for (size_t i = 0; i < MAX_WORKERS; i++) {
        const struct part *p = atomic_load_explicit(&t->parts[i], memory_order_acquire);

        if (!p)
            continue;
        walks[count].ring = p->ring;
        count += advance(&walks[count], q);
    }
    for (uint32_t n = 0; count && (!q->max || n < q->max); n++) {
        size_t newest = 0;

        for (size_t i = 1; i < count; i++) {
            if (walks[i].end_wall_us > walks[newest].end_wall_us)
                newest = i;
        }
        telemetry_json_write(&walks[newest].record, out);
        if (buf_add_char(out, '\n'))
            break;
        if (!advance(&walks[newest], q))
            walks[newest] = walks[--count];
    }
    mem_free(walks);
}

void telemetry_reopen_log(struct telemetry *t)
{
    atomic_fetch_add_explicit(&t->log_generation, 1, memory_order_relaxed);
}
