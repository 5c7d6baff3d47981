/* The node of a role: who this proxy is, from its settings and the machine. Any thread. */
#ifndef MODES_SHARED_ROLE_NODE_H
#define MODES_SHARED_ROLE_NODE_H

#include "core/model/model.h"

struct role_options;

/* Fills node with text in a. ERR_INVALID with a message on standard error: a label without '=', an
 * address that is none, a trust domain that is none. */
int role_node_init(struct model_node *node, const struct role_options *options, struct arena *a);

#endif
