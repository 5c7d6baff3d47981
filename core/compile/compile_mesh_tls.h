/* What MeshConfig says of TLS between proxies of the mesh, for workers: trustDomainAliases,
 * meshMTLS. */
#ifndef CORE_COMPILE_COMPILE_MESH_TLS_H
#define CORE_COMPILE_COMPILE_MESH_TLS_H

#include "core/compile/compile_state.h"

struct mesh_config;

/* In a, or borrowed from the config. o: the object that holds it, for warnings; NULL: there is
 * none. */
void compile_mesh_tls_set(const struct compile *c, const struct object *o,
                          const struct mesh_config *from, struct arena *a,
                          struct model_mesh_tls *to);

/* A copy with its texts in a. */
struct model_mesh_tls compile_mesh_tls_copy(const struct model_mesh_tls *from, struct arena *a);

#endif
