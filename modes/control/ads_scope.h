/* What control itself does by MeshConfig: whose policies are for all, who sees what does not say
 * so, which namespaces belong to the mesh at all.
 *
 * It is read from ConfigMap "istio" of the namespace in which control is; that one and Namespaces
 * count whatever discoverySelectors say. Main thread. */
#ifndef MODES_CONTROL_ADS_SCOPE_H
#define MODES_CONTROL_ADS_SCOPE_H

#include "core/api/mesh_config.h"
#include "core/api/object.h"
#include "core/base/arena.h"
#include "core/base/map.h"

struct ads_scope {
    struct arena arena; /* of config */
    struct mesh_config config;
    struct str root_ns;
    uint64_t hash;         /* of the text that config is from */
    struct map discovered; /* namespace (owned) -> DISCOVERED or NOT_DISCOVERED, as last asked */
    const struct store *store; /* where Namespaces are */
};

/* store is borrowed. */
void ads_scope_init(struct ads_scope *s, const struct store *store);
void ads_scope_deinit(struct ads_scope *s);

/* Whether an object of that name is the MeshConfig. */
bool ads_scope_is_source(uint16_t kind, struct str ns, struct str name);
/* Reads it; NULL: there is none, all is default. Whether it differs: then whatever was decided by
 * it is to be decided again. A text that is no MeshConfig changes nothing. */
bool ads_scope_read(struct ads_scope *s, const struct object *config_map);
/* A Namespace came, went or changed. Whether it belongs to the mesh and did not before, or the
 * other way round. */
bool ads_scope_follow_namespace(struct ads_scope *s, struct str name);
/* Whether objects of that namespace count; empty: those of no namespace, which do. */
bool ads_scope_has(struct ads_scope *s, struct str ns);

#endif
