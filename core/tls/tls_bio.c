#include "core/tls/tls_bio.h"

#include <pthread.h>
#include <string.h>

#include <openssl/bio.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/net/stream.h"

/* For output that cannot use the scratch: two records with their overhead. */
#define HEAP_OUT_BYTES ((size_t)40 * 1024)

static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

/* ---- what the library calls ---- */

static size_t take_kept(struct tls_bio *b, uint8_t *to, size_t len)
{
    struct iovec iov;
    size_t done = 0;

    while (done < len && chunk_queue_peek(&b->kept, &iov, 1) == 1) {
        size_t n = iov.iov_len < len - done ? iov.iov_len : len - done;

        memcpy(to + done, iov.iov_base, n);
        chunk_queue_consume(&b->kept, n);
        done += n;
    }
    return done;
}

static int bio_read(BIO *bio, char *to, int len)
{
    struct tls_bio *b = BIO_get_data(bio);
    size_t want = len > 0 ? (size_t)len : 0, done = 0, n;

    BIO_clear_retry_flags(bio);
    if (b->kept.len > 0)
        done = take_kept(b, (uint8_t *)to, want);
    n = want - done < b->in_len ? want - done : b->in_len;
    if (n > 0) {
        memcpy(to + done, b->in, n);
        b->in += n;
        b->in_len -= n;
        done += n;
    }
    if (done > 0)
        return (int)done;
    BIO_set_retry_read(bio);
    return -1;
}

static void send_out(struct tls_bio *b)
{
    if (b->out_len > 0 && !b->out_err && b->lower)
        b->out_err = stream_write_bytes(b->lower, b->out, b->out_len);
    b->out_len = 0;
}

static int bio_write(BIO *bio, const char *from, int len)
{
    struct tls_bio *b = BIO_get_data(bio);
    size_t left = len > 0 ? (size_t)len : 0;

    BIO_clear_retry_flags(bio);
    ASSERT(b->out);
    while (left > 0) {
        size_t n = b->out_cap - b->out_len;

        if (n == 0) {
            send_out(b);
            continue;
        }
        n = n < left ? n : left;
        memcpy(b->out + b->out_len, from, n);
        b->out_len += n;
        from += n;
        left -= n;
    }
    return len;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void)bio;
    (void)num;
    (void)ptr;
    return cmd == BIO_CTRL_FLUSH; /* flushing is for whoever opened the output */
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static void make_method(void)
{
    method = BIO_meth_new(0, "mesh stream");
    ASSERT(method);
    ASSERT(BIO_meth_set_create(method, bio_create));
    ASSERT(BIO_meth_set_read(method, bio_read));
    ASSERT(BIO_meth_set_write(method, bio_write));
    ASSERT(BIO_meth_set_ctrl(method, bio_ctrl));
}

/* ---- what the stream calls ---- */

void tls_bio_init(struct tls_bio *b, struct worker *w, struct stream *lower)
{
    memset(b, 0, sizeof(*b));
    b->worker = w;
    b->lower = lower;
    chunk_queue_init(&b->kept, &w->chunks);
}

void tls_bio_deinit(struct tls_bio *b)
{
    chunk_queue_clear(&b->kept);
}

struct bio_st *tls_bio_new(struct tls_bio *b)
{
    BIO *bio;

    pthread_once(&method_once, make_method);
    bio = BIO_new(method);
    ASSERT(bio);
    BIO_set_data(bio, b);
    return bio;
}

void tls_bio_open(struct tls_bio *b, bool busy)
{
    ASSERT(!b->out);
    b->out_is_heap = busy;
    b->out_cap = busy ? HEAP_OUT_BYTES : WORKER_CIPHER_BYTES - TLS_BIO_GATHER_BYTES;
    b->out = busy ? mem_alloc(HEAP_OUT_BYTES + TLS_BIO_GATHER_BYTES) : (uint8_t *)b->worker->cipher;
    b->out_len = 0;
}

uint8_t *tls_bio_gather(const struct tls_bio *b)
{
    return b->out + b->out_cap;
}

int tls_bio_flush(struct tls_bio *b)
{
    int err;

    send_out(b);
    if (b->out_is_heap)
        mem_free(b->out);
    b->out = NULL;
    err = b->out_err;
    b->out_err = 0;
    return err;
}

void tls_bio_keep(struct tls_bio *b)
{
    if (b->in_len > 0)
        chunk_queue_add(&b->kept, b->in, b->in_len);
    b->in = NULL;
    b->in_len = 0;
}
