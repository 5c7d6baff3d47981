/* The API described: OpenAPI v2 (JSON, and protobuf for kubectl up to 1.26) and v3 (JSON), made
 * from the kinds' tables when first asked for. Main thread. */
#ifndef MODES_CONTROL_REST_OPENAPI_H
#define MODES_CONTROL_REST_OPENAPI_H

struct rest_call;
struct rest_docs;

void rest_openapi_v2(struct rest_call *call);
void rest_openapi_v3(struct rest_call *call);       /* the list of documents */
void rest_openapi_v3_group(struct rest_call *call); /* /openapi/v3/api/v1, /apis/GROUP/VERSION */
void rest_openapi_free(struct rest_docs *docs);     /* NULL is allowed */

#endif
