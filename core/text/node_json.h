/* Reads JSON (RFC 8259) into nodes, strictly.
 *
 * An own reader, not a library: it yields the same tree as YAML with the place of every value,
 * keeps the text of numbers, and refuses duplicate keys, which two readers of one object would
 * otherwise settle differently. */
#ifndef CORE_TEXT_NODE_JSON_H
#define CORE_TEXT_NODE_JSON_H

#include "core/text/node.h"

/* Reads exactly one value. file (may be NULL) is kept by pointer in nodes. Texts are copied into a,
 * so text may go. A mistake is reported to d (may be NULL) with its place, and the result is
 * ERR_INVALID, or ERR_LIMIT for one of node.h's bounds; *out is then untouched. Any thread. */
int node_json_read(struct arena *a, struct str text, const char *file, struct diag *d,
                   struct node **out);

#endif
