/* What the DNS proxy answers: service hosts and their addresses. */
#ifndef CORE_COMPILE_COMPILE_NAMES_H
#define CORE_COMPILE_COMPILE_NAMES_H

#include "core/compile/compile_part.h"
#include "core/compile/compile_state.h"

/* Adds every host that has an address (a virtual one, or those of a headless service's endpoints)
 * to names, of struct model_dns_name; keys and values in p. */
void compile_names_build(struct compile *c, struct compile_part *p, struct map *names);

#endif
