/* google.protobuf.Struct and Value as nodes. Internal to core/text.
 *
 *     Struct    { map<string, Value> fields = 1 }
 *     Value     { null = 1, double = 2, string = 3, bool = 4, Struct = 5, ListValue = 6 }
 *     ListValue { repeated Value values = 1 } */
#ifndef CORE_TEXT_PROTO_STRUCT_H
#define CORE_TEXT_PROTO_STRUCT_H

#include "core/text/node.h"

/* A map node from the bytes of a Struct; texts are copied into a. ERR_INVALID, ERR_LIMIT. */
int proto_struct_decode(struct str bytes, struct arena *a, int depth, struct node **out);
/* Any node from the bytes of a Value. */
int proto_struct_decode_value(struct str bytes, struct arena *a, int depth, struct node **out);

#endif
