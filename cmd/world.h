/* The objects that checks across objects look at: a person's files in front, then what the mesh has
 * beside them. */
#ifndef CMD_WORLD_H
#define CMD_WORLD_H

#include "cmd/client.h"
#include "core/api/object_set.h"

/* Appends what control has of the kinds that core/analyze looks at and set does not hold already;
 * ns NULL: everywhere. What may not be read is left out. 0 or an exit code with a message. */
int world_fetch(struct client *c, const char *ns, struct object_set *set);
/* Drops what a later object of the same key replaces, as applying the files in order would. */
void world_keep_last(struct object_set *set);

#endif
