#include "core/http/http_client.h"

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"

#define BODY_BYTES ((size_t)16 * 1024 * 1024)

struct http_client_call {
    struct worker *worker;
    struct http_pool *pool;
    struct http_pool_waiter *waiter;
    struct http_stream *hs;
    struct http_msg *head; /* of the answer, once final */
    struct http_headers *trailers;
    struct arena arena; /* the request */
    struct http_msg request;
    struct str body;
    struct buf collected;
    void (*on_piece)(void *arg, struct str piece);
    http_client_fn done;
    void *arg;
    struct timer deadline;
    struct worker_task task;
    unsigned busy;
    bool over;
};

static void free_if_over(struct http_client_call *call)
{
    if (!call->over || call->busy)
        return;
    if (call->waiter)
        http_pool_cancel(call->waiter);
    if (call->hs)
        http_stream_release(call->hs);
    buf_deinit(&call->collected);
    arena_deinit(&call->arena);
    mem_free(call);
}

static void retire(struct http_client_call *call)
{
    call->over = true;
    timer_cancel(&call->deadline);
    worker_undefer(&call->task);
}

/* Top level. */
static void finish(struct http_client_call *call, int err)
{
    const struct http_client_answer answer = { .err = err,
                                               .head = call->head,
                                               .body = buf_str(&call->collected),
                                               .trailers = call->trailers };

    if (call->over)
        return;
    retire(call);
    call->busy++;
    call->done(call->arg, &answer);
    call->busy--;
    free_if_over(call);
}

static void on_deadline(struct timer *t)
{
    finish(CONTAINER_OF(t, struct http_client_call, deadline), ERR_TIMEOUT);
}

static void on_head(void *arg, struct http_msg *head, bool end)
{
    struct http_client_call *call = arg;

    if (head->status < 200)
        return;
    call->head = head;
    if (end)
        finish(call, 0);
}

static void on_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct http_client_call *call = arg;
    int err = 0;

    call->busy++;
    if (call->on_piece && call->head->status < 300)
        call->on_piece(call->arg, str_make(p, len));
    else
        err = buf_add(&call->collected, p, len);
    if (!call->over)
        http_stream_consume(call->hs, len);
    if (err || end)
        finish(call, err);
    call->busy--;
    free_if_over(call);
}

static void on_trailers(void *arg, struct http_headers *trailers)
{
    struct http_client_call *call = arg;

    call->trailers = trailers;
    finish(call, 0);
}

static void on_reset(void *arg, const struct http_failure *failure)
{
    finish(arg, failure->err);
}

static const struct http_stream_events events = {
    .on_head = on_head, .on_body = on_body, .on_trailers = on_trailers, .on_reset = on_reset
};

static void on_connection(void *arg, struct http_stream *hs, int err)
{
    struct http_client_call *call = arg;

    call->waiter = NULL;
    if (!err) {
        call->hs = hs;
        http_stream_set_events(hs, &events, call);
        err = http_stream_send_head(hs, &call->request, call->body.len == 0);
    }
    if (!err && call->body.len)
        err = http_stream_send_bytes(hs, call->body.p, call->body.len, true);
    if (err)
        finish(call, err);
}

static void on_task(struct worker_task *task)
{
    struct http_client_call *call = CONTAINER_OF(task, struct http_client_call, task);
    struct http_stream *hs;
    int err = http_pool_get(call->pool, on_connection, call, &hs, &call->waiter);

    if (err || hs)
        on_connection(call, hs, err);
}

/* Everything is copied: the request goes out when there is a connection. */
static void build(struct http_client_call *call, const struct http_client_request *request)
{
    struct http_msg *m = &call->request;
    struct arena *a = &call->arena;

    arena_init(a, 0);
    http_msg_init(m, a);
    http_msg_set_method(m, arena_str(a, str_of(request->method ? request->method : "GET")));
    m->scheme = request->scheme.len ? arena_str(a, request->scheme) : STR("http");
    m->authority = arena_str(a, request->authority);
    m->path = arena_str(a, request->path);
    if (request->headers)
        http_headers_copy(&m->headers, request->headers, true);
    if (request->content_type)
        http_headers_add_token(&m->headers, HTTP_TOKEN_CONTENT_TYPE,
                               arena_str(a, str_of(request->content_type)));
    call->body = arena_str(a, request->body);
    if (call->body.len || m->method == HTTP_METHOD_POST || m->method == HTTP_METHOD_PUT ||
        m->method == HTTP_METHOD_PATCH)
        m->content_length = (int64_t)call->body.len;
}

struct http_client_call *http_client_send(struct worker *w, struct http_pool *pool,
                                          const struct http_client_request *request,
                                          http_client_fn done, void *arg)
{
    struct http_client_call *call = mem_alloc0(1, sizeof(*call));

    call->worker = w;
    call->pool = pool;
    call->done = done;
    call->arg = arg;
    call->on_piece = request->on_piece;
    build(call, request);
    buf_init(&call->collected, request->max_body_bytes ? request->max_body_bytes : BODY_BYTES);
    worker_task_init(&call->task, on_task);
    timer_init(&call->deadline, &w->timers, on_deadline);
    if (request->timeout_ms)
        timer_start(&call->deadline, request->timeout_ms);
    worker_defer(w, &call->task);
    return call;
}

void http_client_cancel(struct http_client_call *call)
{
    retire(call);
    free_if_over(call);
}
