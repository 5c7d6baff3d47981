/* gRPC messages in a body: one byte 0 (not compressed), four bytes of length, the message.
 *
 *      +------+---------------------+------------------+
 *      | flag | length, 4 bytes, BE | message          | ...
 *      +------+---------------------+------------------+
 *
 * The reader takes body slices as they come and finds the messages; one that lies whole in a slice
 * is handed out in place. */
#ifndef CORE_HTTP_GRPC_FRAME_H
#define CORE_HTTP_GRPC_FRAME_H

#include "core/base/buf.h"

#define GRPC_FRAME_HEADER_BYTES 5
#define GRPC_FRAME_MAX_BYTES    ((uint32_t)4 * 1024 * 1024) /* of a message, unless told otherwise */

struct grpc_frame {
    uint32_t max_bytes;
    struct buf partial; /* an unfinished message with its header */
};

/* max_bytes 0: GRPC_FRAME_MAX_BYTES. */
void grpc_frame_init(struct grpc_frame *f, uint32_t max_bytes);
void grpc_frame_deinit(struct grpc_frame *f);

/* Takes *p[0..*len-1] until a message is complete: 0 and *message, valid until the next call and as
 * long as the input; *p and *len are moved on. ERR_AGAIN: all was taken. ERR_LIMIT: the message is
 * too long. ERR_UNSUPPORTED: it is compressed. */
int grpc_frame_next(struct grpc_frame *f, const uint8_t **p, size_t *len, struct str *message);
/* The input may end here: no message is half read. */
bool grpc_frame_is_between(const struct grpc_frame *f);

/* The header of a message of len bytes. */
void grpc_frame_header(uint8_t out[GRPC_FRAME_HEADER_BYTES], uint32_t len);

#endif
