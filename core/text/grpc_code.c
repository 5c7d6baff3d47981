#include "core/text/grpc_code.h"

const char *const grpc_code_names[GRPC_CODE_COUNT] = {
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
};

int grpc_code_of_name(struct str name)
{
    for (int i = 0; i < GRPC_CODE_COUNT; i++) {
        if (str_is(name, grpc_code_names[i]))
            return i;
    }
    return -1;
}
