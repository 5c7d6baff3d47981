/* Workloads that proxies announce: kept in the store's live class for as long as they are there.
 *
 *      register ─► WorkloadEntry (live) ─► registry ─► addresses ─► proxies
 *                  └─► a Service named after its app label, if nothing selects it
 *      stream ends ─► 10 s later it is removed; leave ─► at once
 *
 * Main thread. */
#ifndef MODES_CONTROL_WORKLOAD_H
#define MODES_CONTROL_WORKLOAD_H

#include <stdint.h>

#include "core/base/str.h"
#include "core/xds/xds_msg.h"
#include "store/store.h"

struct workload; /* the registered workloads of a control */
struct worker;

#define WORKLOAD_LINGER_MS 10000

/* w, s and the caller's cluster text outlive it. Removes what an earlier life of this control left
 * and nobody announces again. */
struct workload *workload_new(struct worker *w, struct store *s);
void workload_free(struct workload *x); /* NULL is allowed */

/* A proxy announces itself by stream (any address that tells streams apart). identity: the SPIFFE
 * id it proved, empty when it is trusted to say who it is. ERR_INVALID or ERR_DENIED with *why. */
int workload_register(struct workload *x, const void *stream, struct str identity,
                      const struct xds_msg_node *node, const char **why);
/* why empty: healthy. */
void workload_set_health(struct workload *x, const void *stream, struct str why);
void workload_leave(struct workload *x, const void *stream);      /* now */
void workload_stream_end(struct workload *x, const void *stream); /* in a while */

#endif
