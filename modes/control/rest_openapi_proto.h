/* An OpenAPI v2 document as protobuf (gnostic's openapi.v2.Document), which older kubectl asks for.
 * Any thread. */
#ifndef MODES_CONTROL_REST_OPENAPI_PROTO_H
#define MODES_CONTROL_REST_OPENAPI_PROTO_H

struct buf;
struct node;

/* Appends the document; what has no field there is left out. */
void rest_openapi_proto_encode(const struct node *doc, struct buf *out);

#endif
