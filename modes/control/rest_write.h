/* Writing one object: create, update, patch and server-side apply, of the object or its status.
 *
 *     what the client wants ─► checks (versions, names, namespace) ─► decode + validate
 *         ─► managedFields ─► store, on condition that nobody wrote meanwhile ─► answer
 *
 * A patch that lost a race is computed anew. Main thread. */
#ifndef MODES_CONTROL_REST_WRITE_H
#define MODES_CONTROL_REST_WRITE_H

#include <stdbool.h>

#include "core/base/str.h"

struct node;
struct object;
struct rest_call;
struct store_reply;

void rest_write_create(struct rest_call *call); /* POST on a collection */
void rest_write_update(struct rest_call *call); /* PUT */
void rest_write_patch(struct rest_call *call);  /* PATCH of all kinds */

/* ---- for the other writers ---- */

/* Who the client says it is: fieldManager, or the first word of its user agent. */
struct str rest_write_manager(struct rest_call *call);
/* dryRun=All. False, and answered, when it is something else. */
bool rest_write_read_dry_run(struct rest_call *call, bool *out);
/* For an error of the store about call->name. */
void rest_write_fail(struct rest_call *call, int code, const char *text);
/* Waits for proxies when the call asks for that (wait=proxies), then answers. */
void rest_write_answer(struct rest_call *call, int status, struct node *n);

#endif
