/* What is accepted but not done: rows say it of their field (field.h), this says it of single
 * values. Who makes the data plane do more takes the note off the row, or the line off the table
 * here. */
#ifndef CORE_API_API_ENFORCED_H
#define CORE_API_API_ENFORCED_H

#include "core/text/field_walk.h"

/* Why the field visited, with the value it has, is not (wholly) enforced; NULL: it is. */
const char *api_enforced_note(const struct field_visit *v);

#endif
