/* What holds for the whole mesh and for this proxy: MeshConfig and MeshNetworks of ConfigMap
 * "istio" in the root namespace, ProxyConfig objects, and what the process was told when it
 * started, which wins.
 *
 * c->mesh is never NULL from compile_new on. A change of it builds everything anew: it is rare, and
 * nearly everything depends on it. */
#ifndef CORE_COMPILE_COMPILE_MESH_H
#define CORE_COMPILE_COMPILE_MESH_H

#include "core/api/mesh_config.h"
#include "core/api/mesh_networks.h"
#include "core/compile/compile_state.h"

struct compile_mesh {
    struct arena arena;
    uint64_t hash;             /* of what it was made from */
    struct mesh_config config; /* as written; absent is the default */
    struct mesh_proxy_config
        proxy; /* for this node: defaultConfig, annotation, ProxyConfig objects */
    struct mesh_networks networks;
    struct model_settings settings; /* for workers */
    enum model_outbound_policy outbound_policy;
};

/* Makes c->mesh when it is missing or its sources changed, and marks what depends on it. Before
 * anything else of a run. */
void compile_mesh_run(struct compile *c);
void compile_mesh_free(struct compile_mesh *m);

/* Whether an object is one of the sources. */
bool compile_mesh_reads(const struct compile *c, const struct object *o);

/* A copy of settings with its texts in a. */
struct model_settings compile_mesh_copy_settings(const struct model_settings *from,
                                                 struct arena *a);

/* Whether a rule of namespace ns with that exportTo is visible to namespace to; def: the mesh's
 * list for rules that have none. */
bool compile_mesh_is_exported(const struct str *export_to, size_t count, const struct str *def,
                              size_t def_count, struct str ns, struct str to);

#endif
