/* Kubernetes' strategic merge patch: a merge patch that knows which lists are merged item by item.
 *
 * A list is merged when its row has a merge key (an empty one: its scalars are a set), when the
 * patch says so by $setElementOrder/NAME or $deleteFromPrimitiveList/NAME, or, where no row speaks
 * of it, when Kubernetes merges lists of that name (env, volumes...). Directives: $patch (merge,
 * replace, delete), $retainKeys and the two above. */
#ifndef CORE_TEXT_NODE_STRATEGIC_H
#define CORE_TEXT_NODE_STRATEGIC_H

#include "core/text/field.h"

/* A new tree in a, as of node_patch.h: target and patch are left alone, texts are shared. m: the
 * target's rows, or NULL. ERR_INVALID with *why (may be NULL): an item without its merge key, a
 * directive that is none. Any thread. */
int node_strategic(struct arena *a, const struct node *target, const struct node *patch,
                   const struct field_message *m, struct node **out, struct str *why);

#endif
