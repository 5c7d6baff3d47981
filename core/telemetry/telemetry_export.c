#include "core/telemetry/telemetry_export.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/http/grpc_client.h"
#include "core/http/http_client.h"
#include "core/net/stream_tcp.h"
#include "core/telemetry/telemetry_span.h"

static struct log_module log_module = LOG_MODULE("trace");

#define GRPC_PATH "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

/* A collector at one address. The main loop's. */
struct target {
    struct list link;
    struct telemetry_export *export;
    struct addr addr;
    bool is_grpc, has_told;
    char *authority;
    struct http_pool *pool;
    struct grpc_client *grpc; /* of is_grpc */
};

struct telemetry_export {
    struct worker *main;
    const struct model_node *node;
    uint32_t mark;
    struct list targets, sends;
    atomic_uint on_their_way;
    _Atomic(uint64_t) dropped, sent;
};

/* A batch on its way: made by a worker, freed by the main loop. */
struct send {
    struct mailbox_message message; /* first */
    struct list link;
    struct telemetry_export *export;
    struct target *target;
    struct http_client_call *http;
    struct grpc_client_call *grpc;
    struct arena arena;
    struct http_headers headers;
    struct addr addr;
    bool is_grpc;
    uint32_t timeout_ms, count;
    struct str authority, path, service_name, spans;
};

struct telemetry_export_batch {
    struct telemetry_export *export;
    struct worker *worker;
    struct timer timer;
    struct arena arena, scratch; /* of to; of one span */
    struct buf spans;
    uint32_t count;
    uint64_t version; /* of the snapshot that to was read from */
    const struct model_trace_export *seen;
    struct addr addr; /* of the collector; ADDR_NONE: unknown */
    struct model_trace_export to;
    struct str service_name;
};

static void drop(struct telemetry_export *e, uint32_t count)
{
    atomic_fetch_add_explicit(&e->dropped, count, memory_order_relaxed);
}

/* ---- the main loop ---- */

static int dial(void *arg, struct worker *w, struct stream **out)
{
    const struct target *t = arg;
    struct stream_tcp_options options = { .mark = t->export->mark };

    return stream_tcp_connect(w, &t->addr, &options, out);
}

static struct target *target_of(struct telemetry_export *e, const struct send *s)
{
    struct http_pool_config config = { .protocol = s->is_grpc ? HTTP_PROTOCOL_H2 : HTTP_PROTOCOL_H1,
                                       .max_connections = 2 };
    struct target *t;

    LIST_FOREACH(it, tmp, &e->targets)
    {
        t = LIST_ITEM(it, struct target, link);
        if (t->is_grpc == s->is_grpc && addr_eq(&t->addr, &s->addr) &&
            str_is(s->authority, t->authority))
            return t;
    }
    t = mem_alloc0(1, sizeof(*t));
    t->export = e;
    t->addr = s->addr;
    t->is_grpc = s->is_grpc;
    t->authority = str_dup(s->authority);
    t->pool = http_pool_new(e->main, &config, dial, t);
    if (t->is_grpc)
        t->grpc = grpc_client_new(e->main, t->pool, "http", t->authority);
    list_push(&e->targets, &t->link);
    return t;
}

static void send_free(struct send *s)
{
    atomic_fetch_sub_explicit(&s->export->on_their_way, 1, memory_order_relaxed);
    arena_deinit(&s->arena);
    mem_free(s);
}

static void end(struct send *s, bool ok, const char *why)
{
    struct target *t = s->target;

    if (!ok && !t->has_told)
        log_warn("spans cannot be sent to %s: %s", t->authority, why);
    t->has_told = !ok;
    if (ok)
        atomic_fetch_add_explicit(&s->export->sent, s->count, memory_order_relaxed);
    else
        drop(s->export, s->count);
    list_remove(&s->link);
    send_free(s);
}

static void on_answer(void *arg, const struct http_client_answer *answer)
{
    bool ok = !answer->err && answer->head && answer->head->status < 300;

    end(arg, ok, answer->err ? error_text(answer->err) : "it refuses them");
}

static void on_reply(void *arg, enum grpc_status status, struct str error, struct str message)
{
    (void)error;
    (void)message;
    end(arg, status == GRPC_STATUS_OK, "the call failed");
}

static void start_send(struct mailbox_message *message)
{
    struct send *s = CONTAINER_OF(message, struct send, message);
    struct telemetry_export *e = s->export;
    struct buf body;

    s->target = target_of(e, s);
    list_push(&e->sends, &s->link);
    buf_init(&body, 0);
    (void)telemetry_span_export(s->spans, s->service_name, e->node, &body);
    if (s->is_grpc) {
        struct grpc_client_options options = { .metadata = &s->headers,
                                               .timeout_ms = s->timeout_ms };

        s->grpc =
            grpc_client_unary(s->target->grpc, GRPC_PATH, &options, buf_str(&body), on_reply, s);
    } else {
        struct http_client_request request = { .method = "POST",
                                               .authority = s->authority,
                                               .path = s->path,
                                               .headers = &s->headers,
                                               .body = buf_str(&body),
                                               .content_type = "application/x-protobuf",
                                               .timeout_ms = s->timeout_ms,
                                               .max_body_bytes = 65536 };

        s->http = http_client_send(e->main, s->target->pool, &request, on_answer, s);
    }
    buf_deinit(&body);
}

struct telemetry_export *telemetry_export_new(struct worker *main, const struct model_node *node,
                                              uint32_t mark)
{
    struct telemetry_export *e = mem_alloc0(1, sizeof(*e));

    e->main = main;
    e->node = node;
    e->mark = mark;
    list_init(&e->targets);
    list_init(&e->sends);
    return e;
}

void telemetry_export_free(struct telemetry_export *e)
{
    struct list *link;

    if (!e)
        return;
    mailbox_run(&e->main->mailbox); /* what workers posted last */
    while ((link = list_pop(&e->sends)) != NULL) {
        struct send *s = CONTAINER_OF(link, struct send, link);

        if (s->http)
            http_client_cancel(s->http);
        if (s->grpc)
            grpc_client_cancel(s->grpc);
        send_free(s);
    }
    while ((link = list_pop(&e->targets)) != NULL) {
        struct target *t = CONTAINER_OF(link, struct target, link);

        grpc_client_free(t->grpc);
        http_pool_free(t->pool);
        mem_free(t->authority);
        mem_free(t);
    }
    mem_free(e);
}

uint64_t telemetry_export_dropped(const struct telemetry_export *e)
{
    return atomic_load_explicit(&e->dropped, memory_order_relaxed);
}

uint64_t telemetry_export_sent(const struct telemetry_export *e)
{
    return atomic_load_explicit(&e->sent, memory_order_relaxed);
}

/* ---- workers ---- */

static void clear(struct telemetry_export_batch *b)
{
    buf_clear(&b->spans);
    b->count = 0;
}

static void flush(struct telemetry_export_batch *b)
{
    struct telemetry_export *e = b->export;
    struct send *s;

    timer_cancel(&b->timer);
    if (!b->count)
        return;
    if (b->addr.family == ADDR_NONE ||
        atomic_fetch_add_explicit(&e->on_their_way, 1, memory_order_relaxed) >=
            TELEMETRY_EXPORT_MAX_BATCHES) {
        if (b->addr.family != ADDR_NONE)
            atomic_fetch_sub_explicit(&e->on_their_way, 1, memory_order_relaxed);
        drop(e, b->count);
        clear(b);
        return;
    }
    s = mem_alloc0(1, sizeof(*s));
    arena_init(&s->arena, buf_len(&b->spans) + 1024);
    s->message.fn = start_send;
    s->export = e;
    s->addr = b->addr;
    s->is_grpc = b->to.is_grpc;
    s->timeout_ms = b->to.timeout_ms;
    s->count = b->count;
    s->authority = arena_str(&s->arena, b->to.authority);
    s->path = arena_str(&s->arena, b->to.path);
    s->service_name = arena_str(&s->arena, b->service_name);
    s->spans = arena_str(&s->arena, buf_str(&b->spans));
    http_headers_init(&s->headers, &s->arena);
    for (uint32_t i = 0; i < b->to.header_count; i++)
        http_headers_add(&s->headers, arena_str(&s->arena, b->to.headers[i].name),
                         arena_str(&s->arena, b->to.headers[i].value));
    clear(b);
    mailbox_post(&e->main->mailbox, &s->message);
}

static void on_timer(struct timer *t)
{
    flush(CONTAINER_OF(t, struct telemetry_export_batch, timer));
}

struct telemetry_export_batch *telemetry_export_batch_new(struct telemetry_export *e,
                                                          struct worker *w)
{
    struct telemetry_export_batch *b = mem_alloc0(1, sizeof(*b));

    b->export = e;
    b->worker = w;
    arena_init(&b->arena, 0);
    arena_init(&b->scratch, 4096);
    buf_init(&b->spans, TELEMETRY_EXPORT_BATCH_BYTES);
    timer_init(&b->timer, &w->timers, on_timer);
    return b;
}

void telemetry_export_batch_free(struct telemetry_export_batch *b)
{
    if (!b)
        return;
    drop(b->export, b->count);
    buf_deinit(&b->spans);
    arena_deinit(&b->arena);
    arena_deinit(&b->scratch);
    mem_free(b);
}

/* An address of the collector: one of its service, by chance. */
static struct addr find_addr(struct telemetry_export_batch *b, const struct snapshot *s,
                             const struct model_trace_export *to)
{
    const struct model_cluster *c = snapshot_find_cluster(s, to->cluster);
    const struct model_endpoints *set = c ? c->endpoints : NULL;
    struct addr addr = { 0 };

    if (set && set->count) {
        const struct model_endpoint *e = &set->list[random_below(&b->worker->random, set->count)];

        addr = e->addr;
        if (addr.family == ADDR_NONE)
            (void)addr_parse(e->hostname, e->port, &addr);
    } else {
        (void)addr_parse(to->authority, 0, &addr);
    }
    return addr;
}

/* Copies where spans go, so that the snapshot may go. */
static void follow(struct telemetry_export_batch *b, const struct snapshot *s,
                   const struct model_tracing *t)
{
    if (b->version == s->version && b->seen == t->to)
        return;
    flush(b);
    arena_reset(&b->arena);
    b->version = s->version;
    b->seen = t->to;
    b->to = *t->to;
    b->to.authority = arena_str(&b->arena, t->to->authority);
    b->to.path = arena_str(&b->arena, t->to->path);
    b->to.cluster = STR_NONE;
    b->to.headers = arena_alloc0(&b->arena, t->to->header_count, sizeof(*b->to.headers));
    for (uint32_t i = 0; i < t->to->header_count; i++)
        b->to.headers[i] =
            (struct model_trace_header){ arena_str(&b->arena, t->to->headers[i].name),
                                         arena_str(&b->arena, t->to->headers[i].value) };
    b->service_name = arena_str(&b->arena, t->service_name);
    b->addr = find_addr(b, s, t->to);
}

void telemetry_export_add(struct telemetry_export_batch *b, const struct decision *d,
                          const struct model_tracing *t)
{
    follow(b, d->snapshot, t);
    if (telemetry_span_add(d, t, b->export->node, &b->scratch, &b->spans) != 0) {
        flush(b);
        arena_reset(&b->scratch);
        if (telemetry_span_add(d, t, b->export->node, &b->scratch, &b->spans) != 0) {
            arena_reset(&b->scratch);
            drop(b->export, 1);
            return;
        }
    }
    arena_reset(&b->scratch);
    b->count++;
    if (!timer_is_running(&b->timer))
        timer_start(&b->timer, TELEMETRY_EXPORT_DELAY_MS);
}
