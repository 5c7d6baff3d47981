#include "core/http/grpc_frame.h"

#include "core/base/error.h"

void grpc_frame_init(struct grpc_frame *f, uint32_t max_bytes)
{
    f->max_bytes = max_bytes ? max_bytes : GRPC_FRAME_MAX_BYTES;
    buf_init(&f->partial, 0);
}

void grpc_frame_deinit(struct grpc_frame *f)
{
    buf_deinit(&f->partial);
}

static uint32_t length_of(const uint8_t *header)
{
    return (uint32_t)header[1] << 24 | (uint32_t)header[2] << 16 | (uint32_t)header[3] << 8 |
           header[4];
}

static int check_header(const struct grpc_frame *f, const uint8_t *header)
{
    if (header[0] != 0)
        return ERR_UNSUPPORTED;
    return length_of(header) > f->max_bytes ? ERR_LIMIT : 0;
}

/* Moves up to want bytes of the input into the unfinished message. */
static void fill(struct grpc_frame *f, const uint8_t **p, size_t *len, size_t want)
{
    size_t have = buf_len(&f->partial), n = want > have ? want - have : 0;

    if (n > *len)
        n = *len;
    buf_add(&f->partial, *p, n);
    *p += n;
    *len -= n;
}

/* The input continues a message that began earlier. */
static int next_partial(struct grpc_frame *f, const uint8_t **p, size_t *len, struct str *message)
{
    const uint8_t *header;
    size_t want;
    int err;

    fill(f, p, len, GRPC_FRAME_HEADER_BYTES);
    if (buf_len(&f->partial) < GRPC_FRAME_HEADER_BYTES)
        return ERR_AGAIN;
    header = (const uint8_t *)f->partial.p + f->partial.start;
    err = check_header(f, header);
    if (err)
        return err;
    want = GRPC_FRAME_HEADER_BYTES + length_of(header);
    fill(f, p, len, want);
    if (buf_len(&f->partial) < want)
        return ERR_AGAIN;
    *message = str_skip(buf_str(&f->partial), GRPC_FRAME_HEADER_BYTES);
    return 0;
}

int grpc_frame_next(struct grpc_frame *f, const uint8_t **p, size_t *len, struct str *message)
{
    size_t size;
    int err;

    /* A finished message was handed out from here by the last call. */
    if (buf_len(&f->partial) && grpc_frame_is_between(f))
        buf_deinit(&f->partial);
    if (buf_len(&f->partial))
        return next_partial(f, p, len, message);
    if (*len == 0)
        return ERR_AGAIN;
    if (*len < GRPC_FRAME_HEADER_BYTES)
        return next_partial(f, p, len, message);
    err = check_header(f, *p);
    if (err)
        return err;
    size = length_of(*p);
    if (*len - GRPC_FRAME_HEADER_BYTES < size)
        return next_partial(f, p, len, message);
    *message = str_make(*p + GRPC_FRAME_HEADER_BYTES, size);
    *p += GRPC_FRAME_HEADER_BYTES + size;
    *len -= GRPC_FRAME_HEADER_BYTES + size;
    return 0;
}

bool grpc_frame_is_between(const struct grpc_frame *f)
{
    size_t have = buf_len(&f->partial);

    return have == 0 ||
           (have >= GRPC_FRAME_HEADER_BYTES &&
            have == GRPC_FRAME_HEADER_BYTES +
                        (size_t)length_of((const uint8_t *)f->partial.p + f->partial.start));
}

void grpc_frame_header(uint8_t out[GRPC_FRAME_HEADER_BYTES], uint32_t len)
{
    out[0] = 0;
    out[1] = (uint8_t)(len >> 24);
    out[2] = (uint8_t)(len >> 16);
    out[3] = (uint8_t)(len >> 8);
    out[4] = (uint8_t)len;
}
