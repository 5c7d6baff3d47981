/* What is accepted but not done: rows say it of their field (field.h), this says it of single
 * values. Who makes the data plane do more takes the note off the row, or the line off the table
 * here. */
#ifndef CORE_API_API_ENFORCED_H
#define CORE_API_API_ENFORCED_H

#include "core/text/field_walk.h"

/* Why the field visited, with the value it has, is not (wholly) enforced; NULL: it is. */
const char *api_enforced_note(const struct field_visit *v);
/* Goes through the values of a field that have a note: the next one at or after *at (start with 0),
 * with *value set; NULL: no more. */
const char *api_enforced_next_value(const struct field_message *m, const struct field *f,
                                    size_t *at, const char **value);

#endif
