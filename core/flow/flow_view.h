/* What a snapshot says about a connection: pure look-ups. Internal to core/flow; any thread. */
#ifndef CORE_FLOW_FLOW_VIEW_H
#define CORE_FLOW_FLOW_VIEW_H

#include "core/flow/flow_conn.h"

/* Fills view's pointers (not its lease) for a connection. */
void flow_view_resolve(const struct flow_conn *c, const struct snapshot *s, struct flow_view *view);

#endif
