/* What the control plane itself writes into the status of objects: an object is read together with
 * its status, and the status is written as a row of its own.
 *
 * Whoever writes follows the store: a write that lost a race shows as a change of the object, after
 * which it is looked at again, so the outcome is not reported, only logged. Loop thread of the
 * store. */
#ifndef MODES_CONTROL_STATUS_ROW_H
#define MODES_CONTROL_STATUS_ROW_H

#include "core/api/object.h"
#include "store/store.h"

/* The object of a row with its status in o->node and o->status, owned by the caller; NULL: it
 * cannot be read. */
struct object *status_row_read(struct store *s, const struct store_object *row);
/* Writes status as the status of row's object, unless it has changed since the caller looked. */
void status_row_write(struct store *s, const struct store_object *row, const struct node *status);

#endif
