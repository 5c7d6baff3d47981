/* What stands in relation to an object: who it selects, who selects it, what routes to it. For
 * `mesh describe`. */
#ifndef CMD_RELATIONS_H
#define CMD_RELATIONS_H

#include "core/api/object_set.h"
#include "core/base/buf.h"

/* Appends sections ("Endpoints:", "Routes:", ...) about o, which is one of world's objects. */
void relations_write(const struct object *o, const struct object_set *world, struct buf *out);

#endif
