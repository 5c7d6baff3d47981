/* Spans on their way to a collector: gathered by workers, sent by the main loop.
 *
 * A worker adds spans to a batch of its own; a full batch, or one that is a second old, becomes a
 * message to the main loop, which posts it as OTLP over HTTP or gRPC. What finds no room is dropped
 * and counted; a request never waits. */
#ifndef CORE_TELEMETRY_TELEMETRY_EXPORT_H
#define CORE_TELEMETRY_TELEMETRY_EXPORT_H

#include "core/loop/worker.h"
#include "core/model/decision.h"

struct telemetry_export;       /* of the process */
struct telemetry_export_batch; /* of a worker */

enum {
    TELEMETRY_EXPORT_BATCH_BYTES = 64 * 1024,
    TELEMETRY_EXPORT_MAX_BATCHES = 64, /* on their way; further ones are dropped */
    TELEMETRY_EXPORT_DELAY_MS = 1000,
};

/* main: whose loop sends; mark: of its sockets, so that they are not captured. Main thread. */
struct telemetry_export *telemetry_export_new(struct worker *main, const struct model_node *node,
                                              uint32_t mark);
/* After the workers have stopped; batches on their way are given up. */
void telemetry_export_free(struct telemetry_export *e);
/* Spans that were dropped or could not be delivered. Any thread. */
uint64_t telemetry_export_dropped(const struct telemetry_export *e);
uint64_t telemetry_export_sent(const struct telemetry_export *e);

/* Worker's thread. */
struct telemetry_export_batch *telemetry_export_batch_new(struct telemetry_export *e,
                                                          struct worker *w);
/* The worker's loop may have ended. */
void telemetry_export_batch_free(struct telemetry_export_batch *b);
void telemetry_export_add(struct telemetry_export_batch *b, const struct decision *d,
                          const struct model_tracing *t);

#endif
