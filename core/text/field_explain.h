/* What a field is, for people, as `kubectl explain` lays it out. */
#ifndef CORE_TEXT_FIELD_EXPLAIN_H
#define CORE_TEXT_FIELD_EXPLAIN_H

#include "core/text/field.h"

/* Explains path ("spec.http.retries"; empty: the kind) of the message of a kind. recursive lists
 * all fields below with their types only. api_version may be NULL. ERR_NOT_FOUND: path leads
 * nowhere, nothing is written and *closest (may be NULL) is a literal name near the wrong step, or
 * NULL. */
int field_explain(const struct field_message *m, const char *kind, const char *api_version,
                  struct str path, bool recursive, struct buf *out, const char **closest);

#endif
