/* The virtual hosts of one host of the mesh, one a port. */
#ifndef CORE_COMPILE_COMPILE_VHOST_H
#define CORE_COMPILE_COMPILE_VHOST_H

#include "core/compile/compile_state.h"

/* Fills h->vhosts anew; the old ones are the caller's then. on_use is told of every host whose
 * clusters the routes name. */
void compile_vhost_build(struct compile *c, struct compile_host *h,
                         void (*on_use)(void *arg, struct str host), void *arg);
void compile_vhost_drop(struct compile_vhost *list, uint32_t count);

#endif
