/* gRPC's status codes, and how status, message and timeout look in headers. Any thread. */
#ifndef CORE_HTTP_GRPC_STATUS_H
#define CORE_HTTP_GRPC_STATUS_H

#include "core/base/arena.h"
#include "core/http/http_headers.h"

enum grpc_status {
    GRPC_STATUS_OK,
    GRPC_STATUS_CANCELLED,
    GRPC_STATUS_UNKNOWN,
    GRPC_STATUS_INVALID_ARGUMENT,
    GRPC_STATUS_DEADLINE_EXCEEDED,
    GRPC_STATUS_NOT_FOUND,
    GRPC_STATUS_ALREADY_EXISTS,
    GRPC_STATUS_PERMISSION_DENIED,
    GRPC_STATUS_RESOURCE_EXHAUSTED,
    GRPC_STATUS_FAILED_PRECONDITION,
    GRPC_STATUS_ABORTED,
    GRPC_STATUS_OUT_OF_RANGE,
    GRPC_STATUS_UNIMPLEMENTED,
    GRPC_STATUS_INTERNAL,
    GRPC_STATUS_UNAVAILABLE,
    GRPC_STATUS_DATA_LOSS,
    GRPC_STATUS_UNAUTHENTICATED,
};
#define GRPC_STATUS_COUNT 17

/* "UNAVAILABLE"; "UNKNOWN" for a number that is none. */
const char *grpc_status_name(int status);
/* What an HTTP status means when there is no grpc-status (gRPC's http-grpc-status-mapping). */
enum grpc_status grpc_status_of_http(int status);
/* The HTTP status that says the same to callers who don't speak gRPC (google.rpc.Code); 500 for a
 * number that is none. */
uint16_t grpc_status_to_http(int status);
/* For one of our error codes. */
enum grpc_status grpc_status_of_error(int err);

/* grpc-status of a header list, or -1 when absent or not a number. */
int grpc_status_get(const struct http_headers *h);
/* grpc-message, decoded into a; empty when absent. */
struct str grpc_status_get_message(const struct http_headers *h, struct arena *a);
/* Appends both; values go to h's arena. An empty message is left out. */
void grpc_status_add(struct http_headers *h, int status, struct str message);

/* "10S", "250m" ... in ms, at least 1 for what is not 0. ERR_INVALID. */
int grpc_status_parse_timeout(struct str text, uint64_t *ms);
struct str grpc_status_format_timeout(struct arena *a, uint64_t ms);

#endif
