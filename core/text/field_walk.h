/* Visits what an object has set, or what a message could have. */
#ifndef CORE_TEXT_FIELD_WALK_H
#define CORE_TEXT_FIELD_WALK_H

#include "core/text/field.h"

struct field_visit {
    struct str path; /* "spec.http[0].retries.attempts"; valid during the call */
    const struct field_message *message;
    const struct field *field;
    const void *object; /* the struct that holds the member; NULL in field_walk_rows */
    struct field_at at; /* of the nearest message that keeps its place */
};

/* Returns false to leave out what is below this field. */
typedef bool field_walk_fn(const struct field_visit *v, void *arg);

/* Every set field of obj, parents first. path is where obj stands ("" or "spec"). */
void field_walk(const struct field_message *m, const void *obj, struct str path, field_walk_fn *fn,
                void *arg);
/* Every row of m and of the messages below, with paths such as "spec.http[].route[].weight";
 * ".*" for a map's keys; a message inside itself is entered once. */
void field_walk_rows(const struct field_message *m, struct str path, field_walk_fn *fn, void *arg);

/* Calls fn for every set field whose row says that it is not (wholly) enforced yet. */
void field_walk_unenforced(const struct field_message *m, const void *obj, struct str path,
                           field_walk_fn *fn, void *arg);

#endif
