/* Reads single values for field_decode. Internal to core/text. */
#ifndef CORE_TEXT_FIELD_SCALAR_H
#define CORE_TEXT_FIELD_SCALAR_H

#include "core/text/field_decode.h"

/* Reads c->node, which is no message, into *member as it stands alone, in a list or in a map.
 * False after a mistake, which is reported. */
bool field_scalar_decode(struct field_check *c, void *member);
/* The same into a struct field_opt, or for doubles a struct field_opt_double. */
bool field_scalar_decode_opt(struct field_check *c, void *member);
/* Reports that c->node is not what was wanted ("a list"). */
void field_scalar_wrong_type(struct field_check *c, const char *wanted);

#endif
