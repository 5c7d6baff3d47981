#include "core/http/grpc_client.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/http/grpc_inbox.h"
#include "core/loop/worker.h"

#define BACKOFF_MIN_MS    10
#define BACKOFF_MAX_MS    15000
#define PENDING_MAX_BYTES ((size_t)16 * 1024 * 1024) /* kept while there is no connection */

struct grpc_client {
    struct worker *worker;
    struct http_pool *pool;
    const char *scheme, *authority;
    uint32_t calls;
    uint32_t backoff_ms; /* of the next pause; back to the least after a success */
};

struct unary {
    grpc_client_unary_fn done;
    void *arg;
    struct buf message;
    bool has_message, too_many;
};

struct grpc_client_call {
    struct grpc_client *client;
    const struct grpc_client_events *events;
    void *arg;
    struct unary *unary; /* owned; NULL for others */
    struct arena arena;  /* path and metadata */
    struct http_headers metadata;
    struct str path;
    struct http_stream *hs; /* NULL before the connection and after the end */
    struct http_pool_waiter *waiter;
    struct grpc_inbox inbox;
    struct buf pending; /* framed messages that wait for a connection */
    struct timer deadline, retry;
    struct worker_task task; /* first attempt, and going on after a pause */
    uint64_t due_ms;         /* worker time; 0: none */
    unsigned busy;
    bool wait_for_ready, begun, closed_out, ended_in, over;
    bool has_status;
    enum grpc_status status; /* from trailers that came while paused */
    struct str message;
    struct http_headers *trailers;
};

static void attempt(struct grpc_client_call *call);

/* ---- ends ---- */

static void free_if_over(struct grpc_client_call *call)
{
    if (!call->over || call->busy)
        return;
    if (call->hs)
        http_stream_release(call->hs);
    grpc_inbox_deinit(&call->inbox);
    buf_deinit(&call->pending);
    arena_deinit(&call->arena);
    if (call->unary)
        buf_deinit(&call->unary->message);
    mem_free(call->unary);
    call->client->calls--;
    mem_free(call);
}

static void retire(struct grpc_client_call *call)
{
    call->over = true;
    timer_cancel(&call->deadline);
    timer_cancel(&call->retry);
    worker_undefer(&call->task);
    if (call->waiter)
        http_pool_cancel(call->waiter);
    call->waiter = NULL;
}

/* Top level. The stream is released after the callback, since message and trailers live in it. */
static void end(struct grpc_client_call *call, enum grpc_status status, struct str message,
                const struct http_headers *trailers)
{
    if (call->over)
        return;
    retire(call);
    call->busy++;
    call->events->on_end(call->arg, status, message, trailers);
    call->busy--;
    free_if_over(call);
}

static void on_deadline(struct timer *t)
{
    end(CONTAINER_OF(t, struct grpc_client_call, deadline), GRPC_STATUS_DEADLINE_EXCEEDED,
        STR("deadline exceeded"), NULL);
}

/* ---- input ---- */

static bool one_message(void *arg, struct str message)
{
    struct grpc_client_call *call = arg;

    call->events->on_message(call->arg, message);
    return !call->over;
}

static void conclude(struct grpc_client_call *call, int err)
{
    if (call->over)
        return;
    if (err)
        end(call, err == ERR_LIMIT ? GRPC_STATUS_RESOURCE_EXHAUSTED : GRPC_STATUS_INTERNAL,
            err == ERR_LIMIT ? STR("message too long") : STR("message is compressed"), NULL);
    else if (call->ended_in && !call->inbox.paused && grpc_inbox_is_empty(&call->inbox))
        end(call, call->has_status ? call->status : GRPC_STATUS_INTERNAL,
            call->has_status ? call->message : STR("the answer has no status"), call->trailers);
}

static void take_status(struct grpc_client_call *call, struct http_headers *h)
{
    int status = grpc_status_get(h);

    call->ended_in = true;
    call->trailers = h;
    call->has_status = status >= 0;
    call->status = status < GRPC_STATUS_COUNT ? (enum grpc_status)status : GRPC_STATUS_UNKNOWN;
    call->message = grpc_status_get_message(h, call->hs->arena);
}

static void on_head(void *arg, struct http_msg *head, bool end_stream)
{
    struct grpc_client_call *call = arg;

    if (head->status < 200)
        return;
    call->client->backoff_ms = BACKOFF_MIN_MS;
    call->busy++;
    if (head->status != 200 && grpc_status_get(&head->headers) < 0) {
        end(call, grpc_status_of_http(head->status),
            arena_printf(head->headers.arena, "HTTP status %d", head->status), &head->headers);
    } else if (end_stream) {
        take_status(call, &head->headers);
        conclude(call, 0);
    } else if (call->events->on_head) {
        call->events->on_head(call->arg, head);
    }
    call->busy--;
    free_if_over(call);
}

static void on_body(void *arg, const uint8_t *p, size_t len, bool end_stream)
{
    struct grpc_client_call *call = arg;

    call->busy++;
    call->ended_in |= end_stream;
    conclude(call, grpc_inbox_feed(&call->inbox, call->hs, p, len, one_message, call));
    call->busy--;
    free_if_over(call);
}

static void on_trailers(void *arg, struct http_headers *trailers)
{
    struct grpc_client_call *call = arg;

    take_status(call, trailers);
    conclude(call, 0);
}

static void on_writable(void *arg)
{
    struct grpc_client_call *call = arg;

    if (call->events->on_writable)
        call->events->on_writable(call->arg);
}

static void on_reset(void *arg, const struct http_failure *failure)
{
    struct grpc_client_call *call = arg;

    if (failure->h2_code == 8 && failure->by_peer_reset) /* CANCEL */
        end(call, GRPC_STATUS_CANCELLED, STR("cancelled by the server"), NULL);
    else
        end(call, GRPC_STATUS_UNAVAILABLE, str_of(error_text(failure->err)), NULL);
}

static const struct http_stream_events stream_events = {
    .on_head = on_head,
    .on_body = on_body,
    .on_trailers = on_trailers,
    .on_writable = on_writable,
    .on_reset = on_reset,
};

/* ---- getting a connection ---- */

static int send_head(struct grpc_client_call *call, struct http_stream *hs)
{
    struct http_msg m;

    http_msg_init(&m, hs->arena);
    http_msg_set_method(&m, STR("POST"));
    m.scheme = str_of(call->client->scheme);
    m.authority = str_of(call->client->authority);
    m.path = call->path;
    http_headers_add_token(&m.headers, HTTP_TOKEN_TE, STR("trailers"));
    http_headers_add_token(&m.headers, HTTP_TOKEN_CONTENT_TYPE, STR("application/grpc"));
    http_headers_add_token(&m.headers, HTTP_TOKEN_USER_AGENT, STR("grpc-mesh"));
    if (call->due_ms) {
        uint64_t now = worker_now_ms(call->client->worker);

        http_headers_add_token(
            &m.headers, HTTP_TOKEN_GRPC_TIMEOUT,
            grpc_status_format_timeout(hs->arena, call->due_ms > now ? call->due_ms - now : 1));
    }
    for (uint32_t i = 0; i < call->metadata.count; i++)
        http_headers_add(&m.headers, call->metadata.items[i].name, call->metadata.items[i].value);
    return http_stream_send_head(hs, &m, false);
}

static void begin(struct grpc_client_call *call, struct http_stream *hs)
{
    struct str pending = buf_str(&call->pending);
    int err;

    call->hs = hs;
    call->begun = true;
    http_stream_set_events(hs, &stream_events, call);
    err = send_head(call, hs);
    if (!err && (pending.len || call->closed_out))
        err = http_stream_send_bytes(hs, pending.p, pending.len, call->closed_out);
    buf_deinit(&call->pending);
    if (err)
        end(call, err == ERR_INVALID ? GRPC_STATUS_INTERNAL : GRPC_STATUS_UNAVAILABLE,
            str_of(error_text(err)), NULL);
}

static void on_retry(struct timer *t)
{
    attempt(CONTAINER_OF(t, struct grpc_client_call, retry));
}

static void cannot_connect(struct grpc_client_call *call, int err)
{
    struct grpc_client *c = call->client;
    uint32_t pause = c->backoff_ms;

    if (!call->wait_for_ready || err == ERR_CLOSED) {
        end(call, err == ERR_LIMIT ? GRPC_STATUS_RESOURCE_EXHAUSTED : GRPC_STATUS_UNAVAILABLE,
            str_of(error_text(err)), NULL);
        return;
    }
    /* A fifth more or less, so that many clients of a server that returns don't come at once. */
    timer_start(&call->retry, pause * 4 / 5 + random_below(&c->worker->random, pause * 2 / 5 + 1));
    c->backoff_ms = pause > BACKOFF_MAX_MS * 5 / 8 ? BACKOFF_MAX_MS : pause * 8 / 5;
}

static void on_connection(void *arg, struct http_stream *hs, int err)
{
    struct grpc_client_call *call = arg;

    call->waiter = NULL;
    if (hs)
        begin(call, hs);
    else
        cannot_connect(call, err);
}

static void attempt(struct grpc_client_call *call)
{
    struct http_stream *hs;
    int err = http_pool_get(call->client->pool, on_connection, call, &hs, &call->waiter);

    if (err)
        cannot_connect(call, err);
    else if (hs)
        begin(call, hs);
}

static void on_task(struct worker_task *task)
{
    struct grpc_client_call *call = CONTAINER_OF(task, struct grpc_client_call, task);

    if (!call->hs) {
        if (!call->waiter && !timer_is_running(&call->retry))
            attempt(call);
        return;
    }
    call->busy++;
    conclude(call, grpc_inbox_resume(&call->inbox, call->hs, one_message, call));
    call->busy--;
    free_if_over(call);
}

/* ---- for users ---- */

struct grpc_client *grpc_client_new(struct worker *w, struct http_pool *pool, const char *scheme,
                                    const char *authority)
{
    struct grpc_client *c = mem_alloc0(1, sizeof(*c));

    c->worker = w;
    c->pool = pool;
    c->scheme = scheme;
    c->authority = authority;
    c->backoff_ms = BACKOFF_MIN_MS;
    return c;
}

void grpc_client_free(struct grpc_client *c)
{
    ASSERT(!c || c->calls == 0);
    mem_free(c);
}

struct grpc_client_call *grpc_client_start(struct grpc_client *c, const char *path,
                                           const struct grpc_client_options *options,
                                           const struct grpc_client_events *events, void *arg)
{
    static const struct grpc_client_options none;
    struct grpc_client_call *call = mem_alloc0(1, sizeof(*call));

    if (!options)
        options = &none;
    c->calls++;
    call->client = c;
    call->events = events;
    call->arg = arg;
    call->wait_for_ready = options->wait_for_ready;
    arena_init(&call->arena, 512);
    call->path = arena_str(&call->arena, str_of(path));
    http_headers_init(&call->metadata, &call->arena);
    if (options->metadata)
        http_headers_copy(&call->metadata, options->metadata, true);
    grpc_inbox_init(&call->inbox, options->max_message_bytes);
    buf_init(&call->pending, PENDING_MAX_BYTES);
    worker_task_init(&call->task, on_task);
    timer_init(&call->deadline, &c->worker->timers, on_deadline);
    timer_init(&call->retry, &c->worker->timers, on_retry);
    if (options->timeout_ms) {
        call->due_ms = worker_now_ms(c->worker) + options->timeout_ms;
        timer_start(&call->deadline, options->timeout_ms);
    }
    worker_defer(c->worker, &call->task);
    return call;
}

int grpc_client_send(struct grpc_client_call *call, struct str message)
{
    uint8_t header[GRPC_FRAME_HEADER_BYTES];

    if (call->over || call->closed_out)
        return ERR_CLOSED;
    if (call->hs)
        return grpc_inbox_send(call->hs, message, false);
    if (buf_len(&call->pending) + message.len + sizeof(header) > PENDING_MAX_BYTES)
        return ERR_LIMIT;
    grpc_frame_header(header, (uint32_t)message.len);
    buf_add(&call->pending, header, sizeof(header));
    return buf_add_str(&call->pending, message);
}

int grpc_client_half_close(struct grpc_client_call *call)
{
    if (call->over || call->closed_out)
        return ERR_CLOSED;
    call->closed_out = true;
    return call->hs ? http_stream_send_bytes(call->hs, NULL, 0, true) : 0;
}

size_t grpc_client_unsent(const struct grpc_client_call *call)
{
    return call->hs ? http_stream_unsent(call->hs) : buf_len(&call->pending);
}

void grpc_client_pause(struct grpc_client_call *call, bool paused)
{
    call->inbox.paused = paused;
    if (!paused && !call->over)
        worker_defer(call->client->worker, &call->task);
}

void grpc_client_cancel(struct grpc_client_call *call)
{
    if (call->over)
        return;
    retire(call);
    free_if_over(call);
}

struct stream *grpc_client_transport(const struct grpc_client_call *call)
{
    return call->hs ? call->hs->transport : NULL;
}

/* ---- unary calls ---- */

static void unary_message(void *arg, struct str message)
{
    struct unary *u = ((struct grpc_client_call *)arg)->unary;

    u->too_many = u->has_message;
    u->has_message = true;
    buf_clear(&u->message);
    buf_add_str(&u->message, message);
}

static void unary_end(void *arg, enum grpc_status status, struct str message,
                      const struct http_headers *trailers)
{
    struct unary *u = ((struct grpc_client_call *)arg)->unary;

    (void)trailers;
    if (status == GRPC_STATUS_OK && (!u->has_message || u->too_many))
        u->done(u->arg, GRPC_STATUS_INTERNAL, STR("not exactly one message in the answer"),
                STR(""));
    else
        u->done(u->arg, status, message, status == GRPC_STATUS_OK ? buf_str(&u->message) : STR(""));
}

static const struct grpc_client_events unary_events = {
    .on_message = unary_message,
    .on_end = unary_end,
};

struct grpc_client_call *grpc_client_unary(struct grpc_client *c, const char *path,
                                           const struct grpc_client_options *options,
                                           struct str request, grpc_client_unary_fn done, void *arg)
{
    struct grpc_client_call *call = grpc_client_start(c, path, options, &unary_events, NULL);

    call->arg = call;
    call->unary = mem_alloc0(1, sizeof(*call->unary));
    call->unary->done = done;
    call->unary->arg = arg;
    buf_init(&call->unary->message, 0);
    (void)grpc_client_send(call, request); /* not yet connected: it is kept */
    call->closed_out = true;
    return call;
}
