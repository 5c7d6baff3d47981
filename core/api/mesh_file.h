/* MeshConfig as people keep it: in key "mesh" of ConfigMap "istio" in the root namespace (with
 * MeshNetworks in "meshNetworks"), or as a document of its own in a file, without apiVersion and
 * kind, or as spec.meshConfig of an IstioOperator. Documents become that ConfigMap, so that there
 * is one thing to store, to send and to compile from. */
#ifndef CORE_API_MESH_FILE_H
#define CORE_API_MESH_FILE_H

#include "core/api/mesh_config.h"
#include "core/api/mesh_networks.h"
#include "core/api/object.h"
#include "core/text/field_decode.h"

#define MESH_FILE_NAME STR("istio")

/* The MeshConfig that a document is, or NULL: it is something else. */
const struct node *mesh_file_find(const struct node *doc);
/* Checks mesh, of mesh_file_find, and makes the ConfigMap with it: as object_decode. */
int mesh_file_to_object(struct object **out, const struct node *mesh, struct diag *d,
                        const struct object_options *opt);

/* Reads the texts of a ConfigMap's keys; an absent or empty one leaves *out all absent. Mistakes
 * are reported to d (may be NULL); ERR_INVALID then, and *out is what could be read. All in a.
 * own: a workload's annotation proxy.istio.io/config, or empty; it is merged into defaultConfig. */
int mesh_file_read_config(struct str text, struct str own, struct arena *a, struct diag *d,
                          struct mesh_config *out);
int mesh_file_read_networks(struct str text, struct arena *a, struct diag *d,
                            struct mesh_networks *out);
/* The value of a ConfigMap's key; p == NULL: none. */
struct str mesh_file_key(const struct object *config_map, const char *key);

/* For the table of ConfigMap: a ConfigMap called "istio" must hold what these read. */
void mesh_file_check(struct field_check *c, const void *message);

#endif
