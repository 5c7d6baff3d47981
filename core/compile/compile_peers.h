/* What is known of workloads at the other end of connections, for metrics and logs. Kept from run
 * to run as maps in versions, so that a change costs the workloads it touches. */
#ifndef CORE_COMPILE_COMPILE_PEERS_H
#define CORE_COMPILE_COMPILE_PEERS_H

#include "core/compile/compile_state.h"

void compile_peers_init(struct compile_peers *p);
void compile_peers_deinit(struct compile_peers *p);

/* After registry_run: enters what changed, takes out what is gone. */
void compile_peers_follow(struct compile *c);

#endif
