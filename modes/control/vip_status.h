/* Writes the addresses that ServiceEntries were given (DN-2) into their status, where Istio writes
 * them: so they outlive this process, people see them, and every reader has the same.
 *
 * The registry of ads chooses; this follows the store and writes what differs. Main thread. */
#ifndef MODES_CONTROL_VIP_STATUS_H
#define MODES_CONTROL_VIP_STATUS_H

struct ads;
struct store;
struct vip_status;
struct worker;

/* ERR_*: the store cannot be watched. */
int vip_status_new(struct worker *w, struct store *s, struct ads *ads, struct vip_status **out);
/* NULL is allowed; before the store closes. */
void vip_status_free(struct vip_status *v);

#endif
