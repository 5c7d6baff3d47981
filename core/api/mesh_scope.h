/* Which namespaces belong to the mesh, and who sees the ServiceEntries of each: what MeshConfig's
 * discoverySelectors and serviceEntryVisibility say of a namespace with given labels. Every
 * namespace has label kubernetes.io/metadata.name, whether its object shows it or not.
 *
 * Source: Istio's pkg/kube/namespace/filter.go, pilot/pkg/model/serviceentry_visibility.go. Any
 * thread. */
#ifndef CORE_API_MESH_SCOPE_H
#define CORE_API_MESH_SCOPE_H

#include "core/api/mesh_config.h"

struct mesh_scope_namespace {
    struct str name;
    const struct field_pair *labels; /* of its object; count 0: it has none, or there is none */
    size_t label_count;
};

/* Whether one of discoverySelectors fits; true when there are none. */
bool mesh_scope_has(const struct mesh_config *c, const struct mesh_scope_namespace *ns);

/* enum mesh_config_visibility: the first policy all of whose rules fit, else the default; PUBLIC
 * when nothing is said. Never UNSPECIFIED. */
int mesh_scope_visibility(const struct mesh_config *c, const struct mesh_scope_namespace *ns);

#endif
