/* Writes the status of the Gateway API's objects: follows the store, computes
 * (core/compile/compile_gwapi_status), and writes what differs.
 *
 * Several controls may do so at once: they compute the same from the same objects, so whoever comes
 * second finds nothing to change; a write that lost a race is computed anew. Addresses of gateway
 * processes are the exception, since each control knows those that are connected to it: it adds
 * its own and takes away only what it added. Main thread. */
#ifndef MODES_CONTROL_GWAPI_STATUS_H
#define MODES_CONTROL_GWAPI_STATUS_H

struct ads;
struct gwapi_status;
struct store;
struct worker;

/* dns_domain is borrowed. ERR_*: the store cannot be watched. */
int gwapi_status_new(struct worker *w, struct store *s, struct ads *ads, const char *dns_domain,
                     struct gwapi_status **out);
/* NULL is allowed; before the store closes. */
void gwapi_status_free(struct gwapi_status *g);

#endif
