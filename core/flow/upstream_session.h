/* Hosts by what a session's token calls them. Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_UPSTREAM_SESSION_H
#define CORE_FLOW_UPSTREAM_SESSION_H

#include "core/flow/upstream.h"

/* A host's number: the same in every process that sends to its address; 0: it has none, being an
 * original destination. */
uint64_t upstream_session_id(const struct upstream_host *host);
/* A backend's, likewise. */
uint32_t upstream_session_backend(const struct model_cluster *cluster);

/* The host of that number if it is usable; NULL: none is, or hosts are not known yet. Borrowed for
 * this call. */
struct upstream_host *upstream_session_find(struct upstream *up, uint64_t id);
/* Whether there is or may be a usable host: names that are not resolved yet may have one. */
bool upstream_session_has_any(const struct upstream *up);

/* The hosts have changed, or go. */
void upstream_session_forget(struct upstream *up);

#endif
