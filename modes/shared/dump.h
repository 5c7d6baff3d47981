/* What a role serves at the moment, for admin pages and `mesh proxy-config`. Main thread. */
#ifndef MODES_SHARED_DUMP_H
#define MODES_SHARED_DUMP_H

#include "core/base/buf.h"

struct runtime;

/* {"version", "bootstrap":{}, "listeners":[], "clusters":[], "routes":[], "inbound":[],
 * "policies":[], "certs":{}}; each entry names the object, file and line it came from. */
void dump_config(struct runtime *rt, struct buf *out);
void dump_clusters_text(struct runtime *rt, struct buf *out);
void dump_listeners_text(struct runtime *rt, struct buf *out);
void dump_certs(struct runtime *rt, struct buf *out);
void dump_server_info(struct runtime *rt, struct buf *out);

#endif
