#include "core/http/http_h2_cork.h"

#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/net/stream.h"

/* ---- memory ---- */

static struct worker_key spare_key;

struct spare {
    struct buf buf;
    struct worker_task trim; /* when the worker has been idle */
};

static void on_trim(struct worker_task *task)
{
    buf_deinit(&CONTAINER_OF(task, struct spare, trim)->buf);
}

static void free_spare(void *ptr)
{
    struct spare *spare = ptr;

    worker_untrim(&spare->trim);
    buf_deinit(&spare->buf);
    mem_free(spare);
}

static struct buf *spare_of(struct worker *w)
{
    struct spare *spare = worker_get(w, &spare_key);

    if (!spare) {
        spare = mem_alloc0(1, sizeof(*spare));
        buf_init(&spare->buf, 0);
        worker_task_init(&spare->trim, on_trim);
        worker_trim(w, &spare->trim);
        worker_set(w, &spare_key, spare, free_spare);
    }
    return &spare->buf;
}

void http_h2_cork_init(struct http_h2_cork *c, size_t full_bytes)
{
    *c = (struct http_h2_cork){ .full_bytes = full_bytes };
    buf_init(&c->own, 0);
}

void http_h2_cork_deinit(struct http_h2_cork *c)
{
    http_h2_cork_clear(c);
    buf_deinit(&c->own);
}

void http_h2_cork_take(struct http_h2_cork *c, struct worker *w)
{
    struct buf *spare = spare_of(w);

    if (c->own.p)
        return;
    c->own = *spare;
    buf_init(spare, 0);
}

void http_h2_cork_give(struct http_h2_cork *c, struct worker *w)
{
    struct buf *spare = spare_of(w);

    if (spare->p || c->own.cap > 2 * c->full_bytes)
        buf_deinit(&c->own);
    else
        *spare = c->own;
    buf_init(&c->own, 0);
}

/* ---- content ---- */

void http_h2_cork_add(struct http_h2_cork *c, const void *p, size_t len)
{
    (void)buf_add(&c->own, p, len); /* without a limit */
}

bool http_h2_cork_lend(struct http_h2_cork *c, const void *p, size_t len)
{
    if (len < HTTP_H2_CORK_LEND_BYTES || c->lent_count == HTTP_H2_CORK_LENT_MAX)
        return false;
    c->lent[c->lent_count].p = p;
    c->lent[c->lent_count].len = len;
    c->lent[c->lent_count].behind = buf_len(&c->own);
    c->lent_count++;
    c->lent_bytes += len;
    return true;
}

void http_h2_cork_clear(struct http_h2_cork *c)
{
    buf_clear(&c->own);
    c->lent_count = 0;
    c->lent_bytes = 0;
}

int http_h2_cork_write(struct http_h2_cork *c, struct stream *to)
{
    struct iovec iov[2 * HTTP_H2_CORK_LENT_MAX + 1];
    size_t own = buf_len(&c->own), done = 0;
    int count = 0, err;

    for (unsigned i = 0; i < c->lent_count; i++) {
        size_t upto = c->lent[i].behind;

        if (upto > done)
            iov[count++] = (struct iovec){ c->own.p + c->own.start + done, upto - done };
        iov[count++] = (struct iovec){ (void *)(uintptr_t)c->lent[i].p, c->lent[i].len };
        done = upto;
    }
    if (own > done)
        iov[count++] = (struct iovec){ c->own.p + c->own.start + done, own - done };
    err = count > 0 ? stream_write(to, iov, count) : 0;
    http_h2_cork_clear(c);
    return err;
}
