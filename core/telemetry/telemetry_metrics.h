/* Istio's standard metrics: which series a decision belongs to, found without touching its labels.
 *
 * Labels follow from a few pointers into the snapshot, the status, flags and protocol; these make a
 * small key, and a table per worker leads from it to the series. The table is emptied when a newer
 * snapshot is seen, before any of its pointers is looked up: so a pointer never stands for an
 * object that took the place of another. One per worker; its thread. */
#ifndef CORE_TELEMETRY_TELEMETRY_METRICS_H
#define CORE_TELEMETRY_TELEMETRY_METRICS_H

#include "core/model/decision.h"
#include "core/stats/stats.h"
#include "core/telemetry/telemetry_peer.h"

#define TELEMETRY_METRICS_MAX_KEYS 16384

/* Rows of the table in telemetry_metrics.c. */
enum telemetry_metric {
    TELEMETRY_REQUESTS,
    TELEMETRY_REQUEST_DURATION,
    TELEMETRY_REQUEST_BYTES,
    TELEMETRY_RESPONSE_BYTES,
    TELEMETRY_TCP_OPENED,
    TELEMETRY_TCP_CLOSED,
    TELEMETRY_TCP_SENT,
    TELEMETRY_TCP_RECEIVED,
    TELEMETRY_METRIC_COUNT,
};

/* The families of a process. */
struct telemetry_families {
    struct stats_family *list[TELEMETRY_METRIC_COUNT];
};

void telemetry_metrics_register(struct telemetry_families *out, struct stats *stats);

struct telemetry_metrics; /* opaque */

struct telemetry_metrics *telemetry_metrics_new(const struct telemetry_families *families,
                                                struct stats_shard *shard,
                                                const struct model_node *node);
void telemetry_metrics_free(struct telemetry_metrics *m);
/* The clients that were asked for lately; m's. */
struct telemetry_peer *telemetry_metrics_peers(struct telemetry_metrics *m);

void telemetry_metrics_http(struct telemetry_metrics *m, const struct decision *d);
void telemetry_metrics_tcp_open(struct telemetry_metrics *m, const struct decision *d);
void telemetry_metrics_tcp_bytes(struct telemetry_metrics *m, const struct decision *d,
                                 uint64_t received, uint64_t sent);
void telemetry_metrics_tcp_close(struct telemetry_metrics *m, const struct decision *d);

#endif
