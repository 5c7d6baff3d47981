/* What is known of workloads at the other end of connections, for metrics and logs. */
#ifndef CORE_COMPILE_COMPILE_PEERS_H
#define CORE_COMPILE_COMPILE_PEERS_H

#include "core/compile/compile_part.h"
#include "core/compile/compile_state.h"

/* After registry_run: enters what changed. */
void compile_peers_follow(struct compile *c);
/* Puts the maps into s, which keeps what they are in. */
void compile_peers_lend(struct compile *c, struct snapshot *s);
/* Takes the lent maps out again, before s would free them. */
void compile_peers_return(struct snapshot *s);

#endif
