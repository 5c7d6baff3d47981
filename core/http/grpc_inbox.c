#include "core/http/grpc_inbox.h"

#include "core/base/error.h"

void grpc_inbox_init(struct grpc_inbox *in, uint32_t max_bytes)
{
    grpc_frame_init(&in->frame, max_bytes);
    buf_init(&in->stash, 0);
    in->paused = false;
}

void grpc_inbox_deinit(struct grpc_inbox *in)
{
    grpc_frame_deinit(&in->frame);
    buf_deinit(&in->stash);
}

/* *p and *len: what is left. *over: fn said stop. */
static int run(struct grpc_inbox *in, const uint8_t **p, size_t *len, grpc_inbox_fn fn, void *arg,
               bool *over)
{
    struct str message;

    *over = false;
    while (!in->paused) {
        int err = grpc_frame_next(&in->frame, p, len, &message);

        if (err)
            return err == ERR_AGAIN ? 0 : err;
        if (!fn(arg, message)) {
            *over = true;
            return 0;
        }
    }
    return 0;
}

int grpc_inbox_feed(struct grpc_inbox *in, struct http_stream *hs, const uint8_t *p, size_t len,
                    grpc_inbox_fn fn, void *arg)
{
    size_t left = len;
    bool over;
    int err;

    if (buf_len(&in->stash)) {
        buf_add(&in->stash, p, len);
        return 0;
    }
    err = run(in, &p, &left, fn, arg, &over);
    if (err || over)
        return err;
    buf_add(&in->stash, p, left);
    http_stream_consume(hs, len - left);
    return 0;
}

int grpc_inbox_resume(struct grpc_inbox *in, struct http_stream *hs, grpc_inbox_fn fn, void *arg)
{
    struct buf stash = in->stash;
    size_t len = buf_len(&stash), left = len;
    const uint8_t *p = len ? (const uint8_t *)stash.p + stash.start : NULL;
    bool over;
    int err;

    buf_init(&in->stash, 0);
    err = run(in, &p, &left, fn, arg, &over);
    if (!err && !over) {
        if (left)
            buf_add(&in->stash, p, left);
        http_stream_consume(hs, len - left);
    }
    buf_deinit(&stash);
    return err;
}

int grpc_inbox_send(struct http_stream *hs, struct str message, bool end)
{
    uint8_t header[GRPC_FRAME_HEADER_BYTES];
    struct iovec iov[2] = {
        { header, sizeof(header) }, { (void *)(uintptr_t)message.p, message.len }, /* only read */
    };

    grpc_frame_header(header, (uint32_t)message.len);
    return http_stream_send_body(hs, iov, message.len ? 2 : 1, end);
}
