/* Listeners of the Gateway API: what they can do, whom they let attach, how they get in each
 * other's way. Part of compile_gwapi_view. */
#ifndef CORE_COMPILE_COMPILE_GWAPI_LISTENER_H
#define CORE_COMPILE_COMPILE_GWAPI_LISTENER_H

#include "core/compile/compile_gwapi_view.h"

/* Appends the listeners of g's own spec (set NULL) or of a set to g. */
void compile_gwapi_listener_add(struct compile_gwapi_view *v, struct compile_gwapi_gateway *g,
                                const struct compile_gwapi_set *set);
/* Finds conflicts between listeners of one port; of two, the one that stands first wins. */
void compile_gwapi_listener_settle(const struct compile_gwapi_world *w,
                                   struct compile_gwapi_gateway *g, struct arena *a);
/* Whether routes of namespace ns may be attached. */
bool compile_gwapi_listener_allows(const struct compile_gwapi_world *w,
                                   const struct compile_gwapi_listener *l, struct str ns);
/* Whether a ListenerSet may add to g. */
bool compile_gwapi_listener_may_join(const struct compile_gwapi_world *w,
                                     const struct compile_gwapi_gateway *g,
                                     const struct object *set);

#endif
