/* From structs to nodes and text, by proto3's JSON rules: what is absent, false, 0 or empty is left
 * out unless its row says keep; enums by name, durations as "1.5s", bytes in base64. */
#ifndef CORE_TEXT_FIELD_ENCODE_H
#define CORE_TEXT_FIELD_ENCODE_H

#include "core/text/field.h"

/* A map node in a; texts are shared with obj, places are not kept. Never NULL. Any thread. */
struct node *field_encode_node(const struct field_message *m, const void *obj, struct arena *a);
/* Append text; flags as of node_write_json. 0 or ERR_LIMIT (the buffer's). */
int field_encode_json(const struct field_message *m, const void *obj, struct buf *out,
                      unsigned flags);
int field_encode_yaml(const struct field_message *m, const void *obj, struct buf *out);

#endif
