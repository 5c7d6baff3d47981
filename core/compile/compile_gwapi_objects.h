/* Objects by kind and name, as a world of the Gateway API: for control, which has them all, and for
 * tests. */
#ifndef CORE_COMPILE_COMPILE_GWAPI_OBJECTS_H
#define CORE_COMPILE_COMPILE_GWAPI_OBJECTS_H

#include "core/base/map.h"
#include "core/compile/compile_gwapi.h"

struct compile_gwapi_objects {
    struct map by_key; /* object_key -> struct object, one reference */
    struct compile_gwapi_world world;
};

/* Kinds that matter for status, and for who may have which Secret. */
bool compile_gwapi_objects_wants(uint16_t kind);

void compile_gwapi_objects_init(struct compile_gwapi_objects *x, struct str dns_domain);
void compile_gwapi_objects_deinit(struct compile_gwapi_objects *x);
/* Takes a reference of its own; replaces. */
void compile_gwapi_objects_put(struct compile_gwapi_objects *x, struct object *o);
void compile_gwapi_objects_remove(struct compile_gwapi_objects *x, const struct api_kind *kind,
                                  struct str ns, struct str name);

#endif
