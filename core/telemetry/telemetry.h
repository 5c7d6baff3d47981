/* What is told about finished requests and connections: metrics, access log, the decision ring.
 *
 * One call per finished request with its decision record; everything else happens here. Metric
 * series are resolved once per (peer, service, code, flags, ...) and then found by a small cache
 * key, never by label text per request. One struct telemetry per process, with per-worker shards.
 */
#ifndef CORE_TELEMETRY_TELEMETRY_H
#define CORE_TELEMETRY_TELEMETRY_H

#include "core/base/buf.h"
#include "core/model/decision.h"

struct stats;
struct telemetry;
struct worker;

/* stats and node outlive it. A worker counts in the shard of its index. Any thread. */
struct telemetry *telemetry_new(struct stats *stats, const struct model_node *node);
/* Spans are sent from main's loop from now on; before the workers start. Without it none are. */
void telemetry_start_export(struct telemetry *t, struct worker *main, uint32_t mark);
/* After the workers have stopped. */
void telemetry_free(struct telemetry *t);

/* A request ended: counts, logs, remembers. Worker's thread. */
void telemetry_http(struct telemetry *t, struct worker *w, const struct decision *d);
/* A TCP connection opened / moved bytes since the last report / closed. Worker's thread. */
void telemetry_tcp_open(struct telemetry *t, struct worker *w, const struct decision *d);
void telemetry_tcp_bytes(struct telemetry *t, struct worker *w, const struct decision *d,
                         uint64_t received, uint64_t sent);
void telemetry_tcp_close(struct telemetry *t, struct worker *w, const struct decision *d);
/* A connection that was never opened, as far as metrics go: the access log alone has it. */
void telemetry_tcp_refused(struct telemetry *t, struct worker *w, const struct decision *d);

/* The last decisions of all workers, newest first, as JSON lines matching the query (see
 * telemetry_json.h); for admin, `mesh why`, `mesh logs`. Any thread. */
struct telemetry_query {
    struct str request_id; /* empty: any */
    uint16_t status;       /* 0: any */
    uint32_t max;          /* records; 0: all that are kept */
};
void telemetry_recent(struct telemetry *t, const struct telemetry_query *q, struct buf *out);

/* Reopens the access log file (SIGHUP, rotation). Any thread. */
void telemetry_reopen_log(struct telemetry *t);

#endif
