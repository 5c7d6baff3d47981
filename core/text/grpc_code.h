/* Names of gRPC's status codes: the one table of them. What the codes mean on the wire is in
 * core/http/grpc_status.h, which has an enum in the same order. Any thread. */
#ifndef CORE_TEXT_GRPC_CODE_H
#define CORE_TEXT_GRPC_CODE_H

#include "core/base/str.h"

#define GRPC_CODE_COUNT 17

/* "OK", "CANCELLED", ...: by number. */
extern const char *const grpc_code_names[GRPC_CODE_COUNT];

/* The number of a name, or -1. */
int grpc_code_of_name(struct str name);

#endif
