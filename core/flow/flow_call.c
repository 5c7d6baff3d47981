#include "core/flow/flow_call.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/flow/upstream.h"
#include "core/flow/upstream_pick.h"

struct flow_call {
    struct flow_worker *fw;
    struct upstream *cluster;
    const struct flow_call_request *request;
    http_client_fn done;
    void *arg;
    struct upstream_wait wait;
    bool is_waiting;
    struct upstream_host *host;
    struct http_client_call *call;
    struct timer limit; /* until there is an exchange, which has its own */
    struct worker_task failed;
    int err; /* of failed */
    uint64_t due_ms;
};

static void call_free(struct flow_call *c)
{
    timer_cancel(&c->limit);
    worker_undefer(&c->failed);
    if (c->is_waiting)
        upstream_wait_cancel(&c->wait);
    if (c->call)
        http_client_cancel(c->call);
    if (c->host)
        upstream_done(c->host);
    mem_free(c);
}

void flow_call_cancel(struct flow_call *call)
{
    if (call)
        call_free(call);
}

static void finish(struct flow_call *c, const struct http_client_answer *answer)
{
    http_client_fn done = c->done;
    void *arg = c->arg;

    c->call = NULL;
    call_free(c);
    done(arg, answer);
}

static void on_failed(struct worker_task *task)
{
    struct flow_call *c = CONTAINER_OF(task, struct flow_call, failed);
    struct http_client_answer answer = { .err = c->err };

    finish(c, &answer);
}

/* done never runs inside flow_call_start. */
static void fail(struct flow_call *c, int err)
{
    c->err = err;
    worker_defer(c->fw->worker, &c->failed);
}

static void on_limit(struct timer *t)
{
    struct flow_call *c = CONTAINER_OF(t, struct flow_call, limit);

    if (c->is_waiting)
        upstream_wait_cancel(&c->wait);
    c->is_waiting = false;
    fail(c, ERR_TIMEOUT);
}

/* ---- the exchange ---- */

static void exchange(struct flow_call *c);

static void on_answer(void *arg, const struct http_client_answer *answer)
{
    struct flow_call *c = arg;

    c->call = NULL;
    if (answer->err == ERR_UNSUPPORTED && upstream_is_multiplexed(c->host)) {
        upstream_is_no_mesh(c->host);
        exchange(c);
    } else {
        finish(c, answer);
    }
}

static void exchange(struct flow_call *c)
{
    const struct http_msg *head = c->request->head;
    enum upstream_kind kind = upstream_kind_for(c->host, c->request->h2, false);
    uint64_t now_ms = worker_now_ms(c->fw->worker);
    struct http_headers headers;
    struct arena arena; /* http_client copies */
    struct http_client_request request = {
        .scheme = head->scheme,
        .authority = head->authority,
        .path = head->path,
        .headers = &headers,
        .body = c->request->body,
        .timeout_ms = c->due_ms > now_ms ? c->due_ms - now_ms : 1,
        .max_body_bytes = FLOW_CALL_ANSWER_MAX,
    };

    arena_init(&arena, 1024);
    request.method = arena_strz(&arena, head->method_name);
    http_headers_init(&headers, &arena);
    http_headers_copy(&headers, &head->headers, false);
    if (kind == UPSTREAM_MESH)
        http_headers_set_token(&headers, HTTP_TOKEN_MESH_PROTO,
                               c->request->h2 ? STR("2") : STR("1"));
    c->call =
        http_client_send(c->fw->worker, upstream_pool(c->host, kind, NULL), &request, on_answer, c);
    arena_deinit(&arena);
}

/* ---- the endpoint ---- */

static void pick(struct flow_call *c);

static void on_resolved(struct upstream_wait *wait, int err)
{
    struct flow_call *c = CONTAINER_OF(wait, struct flow_call, wait);

    c->is_waiting = false;
    timer_cancel(&c->limit);
    if (err)
        fail(c, err);
    else
        pick(c);
}

static void pick(struct flow_call *c)
{
    struct upstream_want want = { .name = c->request->head->authority };
    int err = upstream_pick(c->cluster, &want, &c->host);

    if (err == ERR_AGAIN) {
        c->wait.ready = on_resolved;
        c->is_waiting = true;
        upstream_wait(c->cluster, &c->wait);
        timer_start(&c->limit, c->request->timeout_ms);
    } else if (err) {
        fail(c, err);
    } else {
        exchange(c);
    }
}

struct flow_call *flow_call_start(struct flow_worker *fw, struct model_cluster *cluster,
                                  const struct flow_call_request *request, http_client_fn done,
                                  void *arg)
{
    struct flow_call *c = mem_alloc0(1, sizeof(*c));

    c->fw = fw;
    c->cluster = upstream_get(fw, cluster);
    c->request = request;
    c->done = done;
    c->arg = arg;
    c->due_ms = worker_now_ms(fw->worker) + request->timeout_ms;
    worker_task_init(&c->failed, on_failed);
    timer_init(&c->limit, &fw->worker->timers, on_limit);
    pick(c);
    return c;
}
