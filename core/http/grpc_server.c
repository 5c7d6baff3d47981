#include "core/http/grpc_server.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/http/grpc_inbox.h"
#include "core/loop/worker.h"

struct grpc_server_call {
    const struct grpc_server *server;
    const struct grpc_server_method *method;
    struct http_stream *hs; /* NULL once released */
    struct http_msg *head;
    struct grpc_inbox inbox;
    struct timer deadline;
    struct worker_task task; /* goes on after a pause */
    struct worker *worker;
    void *data;
    unsigned busy; /* callbacks running */
    bool ended_in, half_closed, over;
};

/* ---- ends ---- */

static void free_if_over(struct grpc_server_call *call)
{
    if (!call->over || call->busy)
        return;
    grpc_inbox_deinit(&call->inbox);
    mem_free(call);
}

static void retire(struct grpc_server_call *call)
{
    call->over = true;
    timer_cancel(&call->deadline);
    worker_undefer(&call->task);
    if (call->hs)
        http_stream_release(call->hs);
    call->hs = NULL;
}

static void send_status(struct http_stream *hs, enum grpc_status status, struct str message)
{
    struct http_msg m;

    http_msg_init(&m, hs->arena);
    if (hs->head_sent) {
        grpc_status_add(&m.headers, (int)status, message);
        (void)http_stream_send_trailers(hs, &m.headers);
        return;
    }
    m.is_response = true;
    m.status = 200;
    http_headers_add_token(&m.headers, HTTP_TOKEN_CONTENT_TYPE, STR("application/grpc"));
    grpc_status_add(&m.headers, (int)status, message);
    (void)http_stream_send_head(hs, &m, true);
}

void grpc_server_finish(struct grpc_server_call *call, enum grpc_status status, struct str message)
{
    if (call->over)
        return;
    send_status(call->hs, status, message);
    retire(call);
    free_if_over(call);
}

/* Ends a call that the handler did not end. Top level. */
static void cancel(struct grpc_server_call *call)
{
    call->busy++;
    if (!call->over && call->method->on_cancel)
        call->method->on_cancel(call->server->arg, call);
    if (!call->over)
        retire(call);
    call->busy--;
    free_if_over(call);
}

static void fail(struct grpc_server_call *call, int err, const char *why)
{
    struct str text = str_of(why);

    send_status(call->hs, grpc_status_of_error(err), text);
    cancel(call);
}

static void on_deadline(struct timer *t)
{
    fail(CONTAINER_OF(t, struct grpc_server_call, deadline), ERR_TIMEOUT, "deadline exceeded");
}

/* ---- input ---- */

static bool one_message(void *arg, struct str message)
{
    struct grpc_server_call *call = arg;

    call->method->on_message(call->server->arg, call, message);
    return !call->over;
}

/* After input: reports the end of the messages, or what was wrong with them. */
static void conclude(struct grpc_server_call *call, int err)
{
    if (!call->over && err) {
        fail(call, err, err == ERR_LIMIT ? "message too long" : "message is compressed");
    } else if (!call->over && call->ended_in && !call->half_closed && !call->inbox.paused &&
               grpc_inbox_is_empty(&call->inbox)) {
        call->half_closed = true;
        if (!grpc_frame_is_between(&call->inbox.frame))
            fail(call, ERR_PROTO, "the request ends within a message");
        else if (call->method->on_half_close)
            call->method->on_half_close(call->server->arg, call);
    }
}

static void on_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct grpc_server_call *call = arg;

    call->busy++;
    call->ended_in = end;
    conclude(call, grpc_inbox_feed(&call->inbox, call->hs, p, len, one_message, call));
    call->busy--;
    free_if_over(call);
}

static void on_trailers(void *arg, struct http_headers *trailers)
{
    (void)trailers;
    on_body(arg, NULL, 0, true);
}

static void on_task(struct worker_task *task)
{
    struct grpc_server_call *call = CONTAINER_OF(task, struct grpc_server_call, task);

    call->busy++;
    conclude(call, grpc_inbox_resume(&call->inbox, call->hs, one_message, call));
    call->busy--;
    free_if_over(call);
}

static void on_writable(void *arg)
{
    struct grpc_server_call *call = arg;

    call->busy++;
    if (call->method->on_writable)
        call->method->on_writable(call->server->arg, call);
    call->busy--;
    free_if_over(call);
}

static void on_reset(void *arg, const struct http_failure *failure)
{
    (void)failure;
    cancel(arg);
}

static const struct http_stream_events events = {
    .on_body = on_body,
    .on_trailers = on_trailers,
    .on_writable = on_writable,
    .on_reset = on_reset,
};

/* ---- accepting ---- */

bool grpc_server_wants(const struct http_msg *head)
{
    struct str type = http_headers_get(&head->headers, HTTP_TOKEN_CONTENT_TYPE);
    struct str rest = str_skip(type, 16);

    return head->method == HTTP_METHOD_POST && str_istarts(type, STR("application/grpc")) &&
           (rest.len == 0 || rest.p[0] == '+' || rest.p[0] == ';');
}

static const struct grpc_server_method *find(const struct grpc_server *server, struct str path)
{
    for (size_t i = 0; i < server->count; i++) {
        if (str_is(path, server->methods[i].path))
            return &server->methods[i];
    }
    return NULL;
}

static void start_deadline(struct grpc_server_call *call)
{
    struct str text = http_headers_get(&call->head->headers, HTTP_TOKEN_GRPC_TIMEOUT);
    uint64_t ms;

    timer_init(&call->deadline, &call->worker->timers, on_deadline);
    if (text.p && grpc_status_parse_timeout(text, &ms) == 0)
        timer_start(&call->deadline, ms);
}

void grpc_server_accept(const struct grpc_server *server, struct http_stream *hs,
                        struct http_msg *head, bool end)
{
    const struct grpc_server_method *method = find(server, head->path);
    struct grpc_server_call *call;

    if (!method) {
        send_status(hs, GRPC_STATUS_UNIMPLEMENTED,
                    arena_printf(hs->arena, "unknown method %.*s", STR_ARG(head->path)));
        http_stream_release(hs);
        return;
    }
    call = mem_alloc0(1, sizeof(*call));
    call->server = server;
    call->method = method;
    call->hs = hs;
    call->head = head;
    call->worker = hs->worker;
    call->ended_in = end;
    grpc_inbox_init(&call->inbox, server->max_message_bytes);
    worker_task_init(&call->task, on_task);
    start_deadline(call);
    http_stream_set_events(hs, &events, call);
    call->busy++;
    method->on_start(server->arg, call);
    if (end)
        conclude(call, 0);
    call->busy--;
    free_if_over(call);
}

/* ---- for methods ---- */

static int send_head(struct grpc_server_call *call)
{
    struct http_msg m;

    http_msg_init(&m, call->hs->arena);
    m.is_response = true;
    m.status = 200;
    http_headers_add_token(&m.headers, HTTP_TOKEN_CONTENT_TYPE, STR("application/grpc"));
    return http_stream_send_head(call->hs, &m, false);
}

int grpc_server_send(struct grpc_server_call *call, struct str message)
{
    int err = 0;

    if (call->over)
        return ERR_CLOSED;
    if (!call->hs->head_sent)
        err = send_head(call);
    return err ? err : grpc_inbox_send(call->hs, message, false);
}

size_t grpc_server_unsent(const struct grpc_server_call *call)
{
    return call->hs ? http_stream_unsent(call->hs) : 0;
}

void grpc_server_pause(struct grpc_server_call *call, bool paused)
{
    call->inbox.paused = paused;
    if (!paused && !call->over)
        worker_defer(call->worker, &call->task);
}

void grpc_server_set_data(struct grpc_server_call *call, void *data)
{
    call->data = data;
}

void *grpc_server_data(const struct grpc_server_call *call)
{
    return call->data;
}

const struct http_msg *grpc_server_head(const struct grpc_server_call *call)
{
    return call->head;
}

struct stream *grpc_server_transport(const struct grpc_server_call *call)
{
    return call->hs ? call->hs->transport : NULL;
}

struct worker *grpc_server_worker(const struct grpc_server_call *call)
{
    return call->worker;
}
