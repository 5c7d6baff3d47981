/* Objects read from a stream of documents: a file, a request, standard input. */
#ifndef CORE_API_OBJECT_SET_H
#define CORE_API_OBJECT_SET_H

#include "core/api/object.h"

/* What decoding a stream of documents found: objects in written order; Lists are opened. */
struct object_set {
    struct object **items;
    size_t count, cap;
    size_t foreign_count; /* documents of kinds that are nothing to the mesh: left out */
};

/* Decodes every document of YAML or JSON text and appends to set what is good, also when others are
 * not; then ERR_INVALID (or ERR_LIMIT) is returned and d says why. text is given to d as source of
 * file. */
int object_set_read(struct object_set *set, struct str text, const char *file, struct diag *d,
                    const struct object_options *opt);
void object_set_init(struct object_set *set);
void object_set_deinit(struct object_set *set); /* drops its references */
/* Takes over the caller's reference. */
void object_set_give(struct object_set *set, struct object *o);

#endif
