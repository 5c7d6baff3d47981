/* PeerAuthentication: which mTLS mode a workload's port has (MT-8, MT-9). */
#ifndef CORE_COMPILE_COMPILE_PEER_H
#define CORE_COMPILE_COMPILE_PEER_H

#include "core/compile/compile_state.h"

struct peer_authentication;

/* enum model_mtls of a port of the workload with these labels; port 0: of ports nobody lists. */
uint8_t compile_peer_mode(const struct compile *c, struct str ns, const struct field_pair *labels,
                          size_t label_count, uint16_t port);

/* The policy of its own that counts for that workload, by selector; NULL: none. */
const struct peer_authentication *compile_peer_own(const struct compile *c, struct str ns,
                                                   const struct field_pair *labels,
                                                   size_t label_count);

#endif
