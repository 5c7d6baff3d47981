/* Names of the mesh for the whole machine: `mesh up` answers them on loopback, from what control
 * knows, as a workload of namespace default sees it. Main thread. */
#ifndef CMD_UP_DNS_H
#define CMD_UP_DNS_H

#include "core/net/addr.h"
#include "modes/control/control.h"

struct up_dns; /* opaque */

int up_dns_open(struct worker *w, struct control *c, const struct addr *at, struct up_dns **out);
void up_dns_close(struct up_dns *d); /* NULL is allowed; before the control goes */
const struct addr *up_dns_addr(const struct up_dns *d);

#endif
