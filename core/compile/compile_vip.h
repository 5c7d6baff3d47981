/* Where connections may be going: services by address and by port alone, and the names under which
 * their addresses are told. Kept from run to run as maps in versions, so that a change costs the
 * addresses of its host; of addresses that several services have, all who have them are known. */
#ifndef CORE_COMPILE_COMPILE_VIP_H
#define CORE_COMPILE_COMPILE_VIP_H

#include "core/compile/compile_state.h"

void compile_vip_init(struct compile_vips *v);
void compile_vip_deinit(struct compile_vips *v);

/* After the routes of h were built, its members changed, or it is gone. */
void compile_vip_follow(struct compile *c, struct compile_host *h);
/* When h goes. */
void compile_vip_forget(struct compile_host *h);

#endif
