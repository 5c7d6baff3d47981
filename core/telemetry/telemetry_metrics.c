#include "core/telemetry/telemetry_metrics.h"

#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/telemetry/telemetry_labels.h"
#include "core/telemetry/telemetry_tags.h"

#define FIRST_CAP 64

/* ---- the table of metrics ---- */

#define HISTOGRAM_MS                                                                               \
    .kind = STATS_HISTOGRAM, .bounds = stats_bounds_ms, .bound_count = STATS_BOUNDS_MS_COUNT
#define HISTOGRAM_BYTES                                                                            \
    .kind = STATS_HISTOGRAM, .bounds = stats_bounds_bytes, .bound_count = STATS_BOUNDS_BYTES_COUNT
#define HTTP .labels = { TELEMETRY_LABEL_NAMES_HTTP, STATS_MORE_LABELS }
#define TCP  .labels = { TELEMETRY_LABEL_NAMES_TCP, STATS_MORE_LABELS }

static const struct stats_def defs[] = {
    [TELEMETRY_REQUESTS] = { .name = "istio_requests_total", .help = "Requests", HTTP },
    [TELEMETRY_REQUEST_DURATION] = { .name = "istio_request_duration_milliseconds",
                                     .help = "Duration of requests",
                                     HISTOGRAM_MS,
                                     HTTP },
    [TELEMETRY_REQUEST_BYTES] = { .name = "istio_request_bytes",
                                  .help = "Body sizes of requests",
                                  HISTOGRAM_BYTES,
                                  HTTP },
    [TELEMETRY_RESPONSE_BYTES] = { .name = "istio_response_bytes",
                                   .help = "Body sizes of responses",
                                   HISTOGRAM_BYTES,
                                   HTTP },
    [TELEMETRY_TCP_OPENED] = { .name = "istio_tcp_connections_opened_total",
                               .help = "TCP connections opened",
                               TCP },
    [TELEMETRY_TCP_CLOSED] = { .name = "istio_tcp_connections_closed_total",
                               .help = "TCP connections closed",
                               TCP },
    [TELEMETRY_TCP_SENT] = { .name = "istio_tcp_sent_bytes_total",
                             .help = "Bytes sent to TCP clients",
                             TCP },
    [TELEMETRY_TCP_RECEIVED] = { .name = "istio_tcp_received_bytes_total",
                                 .help = "Bytes received from TCP clients",
                                 TCP },
};

/* Metrics of HTTP, and of TCP, are neighbours. */
enum { HTTP_FIRST = TELEMETRY_REQUESTS, TCP_FIRST = TELEMETRY_TCP_OPENED, PER_KIND = 4 };

void telemetry_metrics_register(struct telemetry_families *out, struct stats *stats)
{
    for (size_t i = 0; i < TELEMETRY_METRIC_COUNT; i++)
        out->list[i] = stats_register(stats, &defs[i]);
}

/* ---- the way from a decision to its series ---- */

/* Compared byte by byte: no padding, everything set. */
struct key {
    const void *source, *destination, *service; /* objects of the snapshot that labels come from */
    uint64_t identity; /* hash of the client's, when no known peer stands for it */
    uint32_t flags;
    uint16_t status;
    int16_t grpc;
    uint8_t inbound, protocol, mtls_down, mtls_up;
    uint32_t is_used; /* 1 in every key: an entry of zeros is free */
    uint64_t tags;    /* hash of what expressions of Telemetry came to; 0: there are none */
};

struct entry {
    struct key key;
    uint32_t slots[PER_KIND];
};

struct telemetry_metrics {
    const struct telemetry_families *families;
    struct stats_shard *shard;
    const struct model_node *node;
    uint64_t version; /* of the newest snapshot seen */
    struct entry *entries;
    uint32_t cap, count; /* cap: power of two */
    struct telemetry_peer peers;
    struct telemetry_tags tags;
};

struct telemetry_metrics *telemetry_metrics_new(const struct telemetry_families *families,
                                                struct stats_shard *shard,
                                                const struct model_node *node)
{
    struct telemetry_metrics *m = mem_alloc0(1, sizeof(*m));

    m->families = families;
    m->shard = shard;
    m->node = node;
    m->cap = FIRST_CAP;
    m->entries = mem_alloc0(m->cap, sizeof(*m->entries));
    telemetry_tags_init(&m->tags);
    return m;
}

static struct stats_family *const *families_of(const struct telemetry_metrics *m, bool is_tcp)
{
    return m->families->list + (is_tcp ? TCP_FIRST : HTTP_FIRST);
}

static void clear(struct telemetry_metrics *m)
{
    for (uint32_t i = 0; i < m->cap; i++) {
        struct entry *e = &m->entries[i];

        for (int metric = 0; e->key.is_used && metric < PER_KIND; metric++)
            stats_close_series(families_of(m, e->key.protocol == 2)[metric], e->slots[metric]);
    }
    memset(m->entries, 0, m->cap * sizeof(*m->entries));
    m->count = 0;
}

void telemetry_metrics_free(struct telemetry_metrics *m)
{
    if (!m)
        return;
    clear(m);
    telemetry_tags_deinit(&m->tags);
    mem_free(m->entries);
    mem_free(m);
}

struct telemetry_peer *telemetry_metrics_peers(struct telemetry_metrics *m)
{
    return &m->peers;
}

static uint64_t hash_of(const struct key *k)
{
    uint64_t words[sizeof(*k) / 8], h = 0;

    _Static_assert(sizeof(*k) == 56, "no padding");
    memcpy(words, k, sizeof(words));
    for (size_t i = 0; i < COUNT_OF(words); i++)
        h = hash_mix(h ^ words[i]);
    return h;
}

static struct entry *probe(const struct telemetry_metrics *m, const struct key *k)
{
    uint32_t at = (uint32_t)hash_of(k) & (m->cap - 1);

    while (m->entries[at].key.is_used && memcmp(&m->entries[at].key, k, sizeof(*k)) != 0)
        at = (at + 1) & (m->cap - 1);
    return &m->entries[at];
}

static void grow(struct telemetry_metrics *m)
{
    struct entry *old = m->entries;
    uint32_t old_cap = m->cap;

    m->cap *= 2;
    m->entries = mem_alloc0(m->cap, sizeof(*m->entries));
    for (uint32_t i = 0; i < old_cap; i++) {
        if (old[i].key.is_used)
            *probe(m, &old[i].key) = old[i];
    }
    mem_free(old);
}

static struct key key_of(const struct decision *d, const struct model_telemetry_peer *source)
{
    struct key k = {
        .source = source,
        .flags = d->flags,
        .status = d->status,
        .grpc = d->is_grpc ? d->grpc_status : -1,
        .inbound = d->inbound,
        .protocol = d->is_tcp ? 2 : d->is_grpc,
        .mtls_down = d->mtls_down,
        .mtls_up = d->mtls_up,
        .is_used = 1,
    };

    if (d->inbound) {
        k.service = telemetry_labels_port(d);
        if (d->mtls_down)
            k.identity = hash_content(d->peer_identity.p, d->peer_identity.len);
    } else {
        k.destination = d->endpoint;
        k.service = d->cluster ? d->cluster->config : NULL;
        if (d->mtls_up && !(d->endpoint && d->endpoint->identity.len))
            k.identity = hash_content(d->upstream_identity.p, d->upstream_identity.len);
    }
    return k;
}

static void open_series(struct telemetry_metrics *m, struct entry *e, const struct decision *d,
                        const struct model_telemetry_peer *source)
{
    size_t more = d->is_tcp ? TELEMETRY_TCP_LABELS : TELEMETRY_HTTP_LABELS;
    struct telemetry_labels labels;

    telemetry_labels_fill(&labels, d, source, m->node);
    labels.values[more] = STR("");
    for (int i = 0; i < PER_KIND; i++) {
        struct str values[TELEMETRY_ALL_LABELS];

        memcpy(values, labels.values, sizeof(values));
        if (telemetry_tags_apply(&m->tags, d, (d->is_tcp ? TCP_FIRST : HTTP_FIRST) + i, values))
            e->slots[i] = stats_open_series(families_of(m, d->is_tcp)[i], values);
        else
            e->slots[i] = 0; /* switched off: counted into nothing */
    }
}

static const uint32_t *slots_of(struct telemetry_metrics *m, const struct decision *d)
{
    const struct model_telemetry_peer *source = NULL;
    struct entry *e;
    struct key k;

    if (d->snapshot && d->snapshot->version > m->version) {
        clear(m);
        m->version = d->snapshot->version;
        telemetry_tags_follow(&m->tags, d->snapshot);
    }
    if (d->inbound)
        source = telemetry_peer_find(&m->peers, d);
    k = key_of(d, source);
    k.tags = telemetry_tags_run(&m->tags, d);
    e = probe(m, &k);
    if (e->key.is_used)
        return e->slots;
    if (m->count >= TELEMETRY_METRICS_MAX_KEYS)
        clear(m);
    else if (m->count * 2 >= m->cap)
        grow(m);
    e = probe(m, &k);
    e->key = k;
    open_series(m, e, d, source);
    m->count++;
    return e->slots;
}

static void observe(struct telemetry_metrics *m, enum telemetry_metric metric, uint32_t slot,
                    double value)
{
    stats_observe(m->shard, &defs[metric], slot, value);
}

void telemetry_metrics_http(struct telemetry_metrics *m, const struct decision *d)
{
    const uint32_t *slots = slots_of(m, d);
    double ms = d->end_ns > d->start_ns ? (double)(d->end_ns - d->start_ns) / 1e6 : 0;

    stats_add(m->shard, slots[0], 1);
    observe(m, TELEMETRY_REQUEST_DURATION, slots[1], ms);
    observe(m, TELEMETRY_REQUEST_BYTES, slots[2], (double)d->bytes_in);
    observe(m, TELEMETRY_RESPONSE_BYTES, slots[3], (double)d->bytes_out);
}

static uint32_t tcp_slot(struct telemetry_metrics *m, const struct decision *d,
                         enum telemetry_metric metric)
{
    return slots_of(m, d)[metric - TCP_FIRST];
}

void telemetry_metrics_tcp_open(struct telemetry_metrics *m, const struct decision *d)
{
    stats_add(m->shard, tcp_slot(m, d, TELEMETRY_TCP_OPENED), 1);
}

void telemetry_metrics_tcp_bytes(struct telemetry_metrics *m, const struct decision *d,
                                 uint64_t received, uint64_t sent)
{
    stats_add(m->shard, tcp_slot(m, d, TELEMETRY_TCP_SENT), sent);
    stats_add(m->shard, tcp_slot(m, d, TELEMETRY_TCP_RECEIVED), received);
}

void telemetry_metrics_tcp_close(struct telemetry_metrics *m, const struct decision *d)
{
    stats_add(m->shard, tcp_slot(m, d, TELEMETRY_TCP_CLOSED), 1);
}
