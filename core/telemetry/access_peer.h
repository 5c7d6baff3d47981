/* %FILTER_STATE(KEY:F:FIELD)% of access logs: who is at the other end.
 *
 * Istio's proxies keep what they know of a peer under the keys downstream_peer (the client, at an
 * inbound listener) and upstream_peer (the endpoint, at others), and formats are written for these.
 * As text (F is PLAIN) a peer is
 *
 *     workload=reviews-v1,cluster=Kubernetes,namespace=default,service=reviews,...
 *
 * as JSON (F is TYPED or missing) a google.protobuf.Struct of the same names, inside of an Any for
 * these two keys, bare for downstream_peer_obj and upstream_peer_obj; FIELD is one of the names. */
#ifndef CORE_TELEMETRY_ACCESS_PEER_H
#define CORE_TELEMETRY_ACCESS_PEER_H

#include "core/telemetry/access_op.h"

/* Sets op->arg to the key, op->alt to the field and op->form from "KEY:F:FIELD", in a. NULL, or
 * what is wrong with it. */
const char *access_peer_parse(struct access_op *op, struct str arg, struct arena *a);

/* As access_op_def.write; nothing is known of other keys. */
bool access_peer_write(const struct access_op *op, const struct access_source *source,
                       struct buf *out);

#endif
