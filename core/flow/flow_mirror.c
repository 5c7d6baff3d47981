#include "core/flow/flow_mirror.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/flow/upstream_pick.h"

#define MIRROR_TIMEOUT_MS  ((uint64_t)15000)
#define MIRROR_QUEUE_BYTES ((size_t)64 * 1024)

struct flow_mirror {
    struct list link; /* in flow_request.mirrors while the request lives */
    struct flow_worker *fw;
    struct flow_lease *lease;
    struct arena arena; /* the head, copied: the request may be gone before we connect */
    struct http_msg head;
    struct upstream_host *host;
    struct http_pool_waiter *waiter;
    struct http_stream *hs;
    struct chunk_queue pending;
    bool ended; /* the body is complete */
    struct timer timer;
};

static void mirror_free(struct flow_mirror *m)
{
    list_remove(&m->link);
    timer_cancel(&m->timer);
    if (m->waiter)
        http_pool_cancel(m->waiter);
    if (m->hs)
        http_stream_release(m->hs);
    if (m->host)
        upstream_done(m->host);
    chunk_queue_clear(&m->pending);
    flow_worker_drop_lease(m->fw, m->lease);
    arena_deinit(&m->arena);
    mem_free(m);
}

static void on_head(void *arg, struct http_msg *head, bool end)
{
    (void)head;
    if (end)
        mirror_free(arg);
}

static void on_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct flow_mirror *m = arg;

    (void)p;
    if (end)
        mirror_free(m);
    else
        http_stream_consume(m->hs, len);
}

static void on_trailers(void *arg, struct http_headers *trailers)
{
    (void)trailers;
    mirror_free(arg);
}

static void on_reset(void *arg, const struct http_failure *failure)
{
    (void)failure;
    mirror_free(arg);
}

static const struct http_stream_events events = {
    .on_head = on_head,
    .on_body = on_body,
    .on_trailers = on_trailers,
    .on_reset = on_reset,
};

static void send_copy(struct flow_mirror *m)
{
    bool has_body = m->pending.len > 0;
    struct iovec iov[64];

    http_stream_set_events(m->hs, &events, m);
    http_stream_send_head(m->hs, &m->head, m->ended && !has_body);
    if (has_body)
        http_stream_send_body(m->hs, iov, chunk_queue_peek(&m->pending, iov, 64), m->ended);
    chunk_queue_clear(&m->pending);
}

static void on_ready(void *arg, struct http_stream *hs, int err)
{
    struct flow_mirror *m = arg;

    m->waiter = NULL;
    if (err) {
        mirror_free(m);
        return;
    }
    m->hs = hs;
    send_copy(m);
}

static void on_timer(struct timer *t)
{
    mirror_free(CONTAINER_OF(t, struct flow_mirror, timer));
}

static void start_one(struct flow_request *r, struct model_cluster *cluster)
{
    struct flow_mirror *m = mem_alloc0(1, sizeof(*m));
    const struct http_msg *head = r->filter.head;
    struct http_stream *hs = NULL;
    struct upstream_want want = { .dst = flow_conn_dst(r->conn), .name = head->authority };
    bool h2 = r->wants_h2;

    m->fw = r->fw;
    m->lease = flow_worker_take_lease(r->fw);
    m->ended = r->down_ended;
    list_init(&m->link);
    arena_init(&m->arena, 2048);
    chunk_queue_init(&m->pending, &r->fw->worker->chunks);
    timer_init(&m->timer, &r->fw->worker->timers, on_timer);
    m->head = *head;
    m->head.spelling = NULL; /* lives with the request */
    http_headers_init(&m->head.headers, &m->arena);
    http_headers_copy(&m->head.headers, &head->headers, true);
    m->head.method_name = arena_str(&m->arena, head->method_name);
    m->head.scheme = arena_str(&m->arena, head->scheme);
    m->head.authority = arena_str(&m->arena, head->authority);
    m->head.path = arena_str(&m->arena, head->path);
    if (upstream_pick(upstream_get(r->fw, cluster), &want, &m->host) ||
        http_pool_get(upstream_pool(m->host, upstream_kind_for(m->host, h2, false), NULL), on_ready,
                      m, &hs, &m->waiter)) {
        mirror_free(m);
        return;
    }
    if (upstream_kind_for(m->host, h2, false) == UPSTREAM_MESH)
        http_headers_set_token(&m->head.headers, HTTP_TOKEN_MESH_PROTO, h2 ? STR("2") : STR("1"));
    timer_start(&m->timer, MIRROR_TIMEOUT_MS);
    list_push(&r->mirrors, &m->link);
    if (hs) {
        m->hs = hs;
        send_copy(m);
    }
}

void flow_mirror_start(struct flow_request *r)
{
    const struct model_route *route = r->filter.route;

    if (r->is_websocket)
        return;
    for (uint32_t i = 0; i < route->mirror_count; i++) {
        const struct model_mirror *mirror = &route->mirrors[i];

        if (mirror->cluster && random_unit(&r->fw->worker->random) * 100 < mirror->pct)
            start_one(r, mirror->cluster);
    }
}

void flow_mirror_body(struct flow_request *r, const uint8_t *p, size_t len, bool end)
{
    struct iovec iov = { (void *)(uintptr_t)p, len };

    LIST_FOREACH(it, tmp, &r->mirrors)
    {
        struct flow_mirror *m = LIST_ITEM(it, struct flow_mirror, link);
        size_t waiting = m->hs ? http_stream_unsent(m->hs) : m->pending.len;

        m->ended = end;
        if (waiting + len > MIRROR_QUEUE_BYTES)
            mirror_free(m);
        else if (m->hs)
            http_stream_send_body(m->hs, &iov, 1, end);
        else
            chunk_queue_add(&m->pending, p, len);
    }
}

void flow_mirror_detach(struct flow_request *r)
{
    LIST_FOREACH(it, tmp, &r->mirrors)
    {
        struct flow_mirror *m = LIST_ITEM(it, struct flow_mirror, link);

        /* A copy whose request was cut off would wait for the rest for ever. */
        if (m->ended)
            list_remove(&m->link);
        else
            mirror_free(m);
    }
}
