/* The receiving side that a served and a made gRPC call share: body bytes to messages, with a
 * pause. Internal to core/http; loop thread. */
#ifndef CORE_HTTP_GRPC_INBOX_H
#define CORE_HTTP_GRPC_INBOX_H

#include "core/http/grpc_frame.h"
#include "core/http/http_stream.h"

struct grpc_inbox {
    struct grpc_frame frame;
    struct buf stash; /* came while paused; its window is not given back */
    bool paused;
};

void grpc_inbox_init(struct grpc_inbox *in, uint32_t max_bytes);
void grpc_inbox_deinit(struct grpc_inbox *in);

/* Hands messages of p[0..len-1] to fn until it is paused or fn returns false (the call ended:
 * stop). Gives window back to hs for what was taken. 0, or the error of a bad frame. */
typedef bool (*grpc_inbox_fn)(void *arg, struct str message);
int grpc_inbox_feed(struct grpc_inbox *in, struct http_stream *hs, const uint8_t *p, size_t len,
                    grpc_inbox_fn fn, void *arg);
/* The same for what is stashed, after the pause. */
int grpc_inbox_resume(struct grpc_inbox *in, struct http_stream *hs, grpc_inbox_fn fn, void *arg);
static inline bool grpc_inbox_is_empty(const struct grpc_inbox *in)
{
    return buf_len(&in->stash) == 0;
}

/* Sends one framed message; shared because it is three lines. */
int grpc_inbox_send(struct http_stream *hs, struct str message, bool end);

#endif
