/* The access log of one worker: a line per request or connection, in Istio's default format, a
 * format of the user's, or JSON.
 *
 * Lines gather in memory and leave once per turn of the loop, or when 64 KiB are full. The worker
 * never waits for a reader: to a pipe or terminal it writes no more than fits at once and keeps
 * the rest; lines that then find no room are dropped and counted. Worker's thread. */
#ifndef CORE_TELEMETRY_ACCESS_LOG_H
#define CORE_TELEMETRY_ACCESS_LOG_H

#include "core/loop/worker.h"
#include "core/telemetry/access_format.h"

#define ACCESS_LOG_BUFFER_BYTES ((size_t)64 * 1024)

struct access_log; /* opaque */

/* generation counts the reopenings asked for (telemetry_reopen_log); it outlives the log. */
struct access_log *access_log_new(struct worker *w, const atomic_uint *generation);
/* Writes what can be written at once. The worker's loop may have ended. */
void access_log_free(struct access_log *log);

/* Adds a line as want says, unless its filter does not hold; want is of source->decision's
 * snapshot, and always the same one of it. */
void access_log_add(struct access_log *log, const struct model_access_log *want,
                    const struct access_source *source);

/* Lines that were dropped since the start. */
uint64_t access_log_dropped(const struct access_log *log);

#endif
