/* What `mesh apply --prune OWNER` remembers about its objects, and how it deletes those that are
 * not among them any more: each carries an annotation that names the owner, so that what others
 * applied, or the same person by other means, stays. One thread. */
#ifndef CMD_APPLY_PRUNE_H
#define CMD_APPLY_PRUNE_H

#include "cmd/client.h"
#include "core/api/object_set.h"
#include "core/base/arena.h"

/* Appends o as JSON, with the annotation. a is for scratch. */
void apply_prune_write(const struct object *o, const char *owner, struct arena *a, struct buf *out);
/* Deletes objects of this owner that are not in set; a line on standard output for each. 0 or an
 * exit code with a message; then some may be deleted. */
int apply_prune_rest(struct client *c, const struct object_set *set, const char *owner,
                     struct arena *a);

#endif
