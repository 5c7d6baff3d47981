/* The API of a control: REST in the shape of Kubernetes, so that kubectl, our own CLI and the
 * console are equal clients.
 *
 *     Unix socket (peer credentials) ─┐
 *     TCP, plain or TLS (bearer token) ┴► rest ─► rest_call ─► rest_path ─► one handler ─► store
 *                                                                            └─► rest_watch
 * (stream)
 *
 * Reads are answered at once from the store's memory; writes when they are durable. Main thread. */
#ifndef MODES_CONTROL_REST_H
#define MODES_CONTROL_REST_H

#include "core/net/addr.h"

struct control;
struct rest;

/* Opens the listeners that the control's options name, and writes admin.token and kubeconfig into
 * its state directory. An error was logged and *why, valid as long as the control, says it. */
int rest_new(struct control *c, struct rest **out, const char **why);
/* Closes listeners and connections; requests that wait for the disk are answered to nobody. */
void rest_stop(struct rest *r);
/* After the store was closed. NULL is allowed. */
void rest_free(struct rest *r);

const struct addr *rest_addr(const struct rest *r); /* as bound; ADDR_NONE: off */

#endif
