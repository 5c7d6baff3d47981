#include "core/flow/flow_call.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/flow/upstream.h"

struct flow_call {
    struct flow_worker *fw;
    struct upstream *cluster;
    const struct http_msg *head;
    struct str body; /* of the request */
    bool h2;
    flow_call_fn done;
    void *arg;
    struct upstream_wait wait;
    bool is_waiting;
    struct upstream_host *host;
    struct http_pool_waiter *waiter;
    struct http_stream *hs;
    struct timer limit;
    struct worker_task end; /* done never runs inside a call of ours */
    struct flow_call_answer answer;
    struct buf received;
};

static void call_free(struct flow_call *c)
{
    timer_cancel(&c->limit);
    worker_undefer(&c->end);
    if (c->is_waiting)
        upstream_wait_cancel(&c->wait);
    if (c->waiter)
        http_pool_cancel(c->waiter);
    if (c->hs)
        http_stream_release(c->hs);
    if (c->host)
        upstream_done(c->host);
    buf_deinit(&c->received);
    mem_free(c);
}

void flow_call_cancel(struct flow_call *call)
{
    if (call)
        call_free(call);
}

static void on_end(struct worker_task *task)
{
    struct flow_call *c = CONTAINER_OF(task, struct flow_call, end);

    if (c->answer.err)
        c->answer = (struct flow_call_answer){ .err = c->answer.err };
    c->answer.body = buf_str(&c->received);
    c->done(c->arg, &c->answer);
    call_free(c);
}

/* The first end counts. */
static void finish(struct flow_call *c, int err)
{
    timer_cancel(&c->limit);
    if (c->answer.err == 0)
        c->answer.err = err;
    worker_defer(c->fw->worker, &c->end);
}

static void on_limit(struct timer *t)
{
    finish(CONTAINER_OF(t, struct flow_call, limit), ERR_TIMEOUT);
}

/* ---- the answer ---- */

static void on_head(void *arg, struct http_msg *head, bool end)
{
    struct flow_call *c = arg;

    if (head->status < 200)
        return;
    c->answer.status = head->status;
    c->answer.headers = &head->headers;
    if (end)
        finish(c, 0);
}

static void on_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct flow_call *c = arg;

    if (buf_len(&c->received) + len > FLOW_CALL_ANSWER_MAX || buf_add(&c->received, p, len)) {
        finish(c, ERR_LIMIT);
        return;
    }
    if (end)
        finish(c, 0);
    else
        http_stream_consume(c->hs, len);
}

static void on_trailers(void *arg, struct http_headers *trailers)
{
    struct flow_call *c = arg;

    c->answer.trailers = trailers;
    finish(c, 0);
}

static void on_reset(void *arg, const struct http_failure *failure)
{
    finish(arg, failure->err ? failure->err : ERR_CLOSED);
}

static const struct http_stream_events events = {
    .on_head = on_head,
    .on_body = on_body,
    .on_trailers = on_trailers,
    .on_reset = on_reset,
};

/* ---- the question ---- */

static void on_stream(struct flow_call *c, struct http_stream *hs)
{
    struct http_msg sent = *c->head;

    c->hs = hs;
    http_stream_set_events(hs, &events, c);
    if (upstream_kind_for(c->host, c->h2) == UPSTREAM_MESH) {
        http_headers_init(&sent.headers, hs->arena);
        http_headers_copy(&sent.headers, &c->head->headers, false);
        http_headers_set_token(&sent.headers, HTTP_TOKEN_MESH_PROTO, c->h2 ? STR("2") : STR("1"));
    }
    http_stream_send_head(hs, &sent, c->body.len == 0);
    if (c->body.len)
        http_stream_send_bytes(hs, c->body.p, c->body.len, true);
}

static void ask_pool(struct flow_call *c);

static void on_pool_ready(void *arg, struct http_stream *hs, int err)
{
    struct flow_call *c = arg;

    c->waiter = NULL;
    if (err == ERR_UNSUPPORTED && upstream_is_multiplexed(c->host)) {
        upstream_is_no_mesh(c->host);
        ask_pool(c);
    } else if (err) {
        finish(c, err);
    } else {
        on_stream(c, hs);
    }
}

static void ask_pool(struct flow_call *c)
{
    struct http_pool *pool = upstream_pool(c->host, upstream_kind_for(c->host, c->h2), NULL);
    struct http_stream *hs = NULL;
    int err = http_pool_get(pool, on_pool_ready, c, &hs, &c->waiter);

    if (err)
        finish(c, err);
    else if (hs)
        on_stream(c, hs);
}

static void pick(struct flow_call *c);

static void on_resolved(struct upstream_wait *wait, int err)
{
    struct flow_call *c = CONTAINER_OF(wait, struct flow_call, wait);

    c->is_waiting = false;
    if (err)
        finish(c, err);
    else
        pick(c);
}

static void pick(struct flow_call *c)
{
    struct upstream_want want = { .name = c->head->authority };
    int err = upstream_pick(c->cluster, &want, &c->host);

    if (err == ERR_AGAIN) {
        c->wait.ready = on_resolved;
        c->is_waiting = true;
        upstream_wait(c->cluster, &c->wait);
    } else if (err) {
        finish(c, err);
    } else {
        ask_pool(c);
    }
}

struct flow_call *flow_call_start(struct flow_worker *fw, struct model_cluster *cluster,
                                  const struct http_msg *head, struct str body, bool h2,
                                  uint64_t timeout_ms, flow_call_fn done, void *arg)
{
    struct flow_call *c = mem_alloc0(1, sizeof(*c));

    c->fw = fw;
    c->cluster = upstream_get(fw, cluster);
    c->head = head;
    c->body = body;
    c->h2 = h2;
    c->done = done;
    c->arg = arg;
    buf_init(&c->received, 0);
    worker_task_init(&c->end, on_end);
    timer_init(&c->limit, &fw->worker->timers, on_limit);
    timer_start(&c->limit, timeout_ms);
    pick(c);
    return c;
}
