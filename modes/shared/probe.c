#include "modes/shared/probe.h"

#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/http/grpc_client.h"
#include "core/http/http_client.h"
#include "core/loop/worker.h"
#include "core/net/stream_tcp.h"
#include "core/text/proto_wire.h"
#include "core/tls/stream_tls.h"
#include "core/tls/tls_config.h"

static struct log_module log_module = LOG_MODULE("probe");

enum { WAIT_MS = 50, WAIT_MAX_MS = 1000 };
enum { PERIOD_S = 10, TIMEOUT_S = 1, FAILURES = 3, SUCCESSES = 1, BODY_MAX_BYTES = 64 * 1024 };

enum state { UNKNOWN, HEALTHY, UNHEALTHY };

struct probe {
    struct worker *worker;
    struct probe_options options;
    struct object *group;                    /* reference; NULL: nothing to probe */
    const struct workload_group_probe *spec; /* of group */
    enum state state;
    int64_t good, bad; /* in a row */
    char why[200];     /* of the last bad answer */
    struct timer next;
    struct timer limit; /* of connecting by tcpSocket */
    struct worker_task task;
    bool is_ok; /* the answer that task is about to judge */
    /* Without a group. */
    bool is_waiting, was_up;
    uint32_t port_at; /* in options.ports: the one to be tried */
    uint64_t wait_ms;
    /* One try. */
    struct addr to; /* where, port included */
    bool is_app;    /* no host is named: the app's own door */
    struct tls_config *tls;
    struct http_pool_config pool_config;
    struct http_pool *pool;
    struct http_client_call *call;
    struct grpc_client *grpc;
    struct grpc_client_call *grpc_call;
    struct stream *stream;
};

static int64_t or_default(int64_t value, int64_t otherwise)
{
    return value > 0 ? value : otherwise;
}

/* ---- the end of a try ---- */

static void clear_try(struct probe *p)
{
    timer_cancel(&p->limit);
    if (p->call)
        http_client_cancel(p->call);
    p->call = NULL;
    if (p->grpc_call)
        grpc_client_cancel(p->grpc_call);
    p->grpc_call = NULL;
    grpc_client_free(p->grpc);
    p->grpc = NULL;
    http_pool_free(p->pool);
    p->pool = NULL;
    stream_close(p->stream);
    p->stream = NULL;
    tls_config_unref(p->tls);
    p->tls = NULL;
}

static void set_state(struct probe *p, enum state state)
{
    if (p->state == state)
        return;
    p->state = state;
    log_info("the app is %s%s%s", state == HEALTHY ? "healthy" : "not healthy",
             state == HEALTHY ? "" : ": ", state == HEALTHY ? "" : p->why);
    p->options.changed(p->options.arg);
}

/* The next port, after a pause when all were tried. */
static void wait_on(struct probe *p)
{
    if (p->is_ok) {
        p->was_up = true;
        set_state(p, HEALTHY);
        return;
    }
    p->port_at++;
    if (p->port_at < p->options.port_count) {
        timer_start(&p->next, 0);
        return;
    }
    p->port_at = 0;
    timer_start(&p->next, p->wait_ms);
    p->wait_ms = p->wait_ms * 2 < WAIT_MAX_MS ? p->wait_ms * 2 : WAIT_MAX_MS;
}

static void on_task(struct worker_task *task)
{
    struct probe *p = CONTAINER_OF(task, struct probe, task);
    const struct workload_group_probe *s = p->spec;

    clear_try(p);
    if (p->is_waiting)
        wait_on(p);
    if (!s)
        return;
    p->good = p->is_ok ? p->good + 1 : 0;
    p->bad = p->is_ok ? 0 : p->bad + 1;
    timer_start(&p->next, (uint64_t)or_default(s->period_s, PERIOD_S) * 1000);
    if (p->good >= or_default(s->success_threshold, SUCCESSES))
        set_state(p, HEALTHY);
    else if (p->bad >= or_default(s->failure_threshold, FAILURES))
        set_state(p, UNHEALTHY);
}

/* Judged later, when no call of ours is further up the stack. */
static void answered(struct probe *p, bool is_ok)
{
    p->is_ok = is_ok;
    worker_defer(p->worker, &p->task);
}

static void failed(struct probe *p, int err)
{
    (void)snprintf(p->why, sizeof(p->why), "%s", error_text(err));
    answered(p, false);
}

/* ---- connecting ---- */

static uint64_t timeout_ms(const struct probe *p)
{
    return (uint64_t)or_default(p->spec ? p->spec->timeout_s : 0, TIMEOUT_S) * 1000;
}

static int dial(struct probe *p, struct stream **out)
{
    struct stream_tcp_options tcp = { 0 };

    tcp.connect_timeout_ms = (uint32_t)timeout_ms(p);
    if (p->is_app && p->options.dial_app)
        return p->options.dial_app(p->options.dial_app_arg, p->worker, &p->to, out);
    return stream_tcp_connect(p->worker, &p->to, &tcp, out);
}

static int dial_for_pool(void *arg, struct worker *w, struct stream **out)
{
    struct probe *p = arg;
    int err = dial(p, out);

    (void)w;
    return err || !p->tls ? err : stream_tls_client(*out, p->tls, out);
}

/* An address or nothing: names would be resolved by whom? */
static int set_place(struct probe *p, struct str host, int64_t port)
{
    p->is_app = host.len == 0 || str_is(host, "localhost");
    if (addr_parse_ip(p->is_app ? STR("127.0.0.1") : host, &p->to) != 0)
        return ERR_INVALID;
    p->to.port = (uint16_t)port;
    return 0;
}

static void open_pool(struct probe *p, enum http_protocol protocol)
{
    p->pool_config = (struct http_pool_config){ .protocol = protocol, .max_requests_per_conn = 1 };
    p->pool = http_pool_new(p->worker, &p->pool_config, dial_for_pool, p);
}

/* ---- HTTP ---- */

static void on_answer(void *arg, const struct http_client_answer *answer)
{
    struct probe *p = arg;
    int status = answer->head ? answer->head->status : 0;

    p->call = NULL;
    if (answer->err && !status) {
        failed(p, answer->err);
        return;
    }
    (void)snprintf(p->why, sizeof(p->why), "HTTP status %d", status);
    answered(p, status >= 200 && status < 400);
}

/* As a kubelet does: the certificate of who answers is not looked at. */
static int open_tls(struct probe *p)
{
    struct tls_options options = { .rules = { .verify = TLS_VERIFY_INSECURE } };
    const char *why;

    return tls_config_new_client(&options, &p->tls, &why);
}

static void try_http(struct probe *p)
{
    const struct workload_group_http *http = p->spec->http;
    struct http_client_request request = { .timeout_ms = timeout_ms(p),
                                           .max_body_bytes = BODY_MAX_BYTES };
    struct http_headers headers;
    char text[ADDR_TEXT_MAX];
    struct arena a;
    int err = set_place(p, http->host, http->port);

    if (!err && str_is(http->scheme, "HTTPS"))
        err = open_tls(p);
    if (err) {
        failed(p, err);
        return;
    }
    arena_init(&a, 512);
    http_headers_init(&headers, &a);
    request.authority = str_of(addr_format(&p->to, text));
    for (size_t i = 0; i < http->headers_count; i++) {
        struct str name = arena_lower(&a, http->headers[i].name);

        if (str_is(name, "host"))
            request.authority = http->headers[i].value;
        else if (http_headers_is_value(http->headers[i].value))
            http_headers_add(&headers, name, http->headers[i].value);
    }
    request.scheme = p->tls ? STR("https") : STR("http");
    request.path = http->path.len ? http->path : STR("/");
    request.headers = &headers;
    open_pool(p, HTTP_PROTOCOL_H1);
    p->call = http_client_send(p->worker, p->pool, &request, on_answer, p);
    arena_deinit(&a);
}

/* ---- gRPC: grpc.health.v1.Health/Check, {1: service} -> {1: status} ---- */

enum { SERVING = 1 };

static bool is_serving(struct str message)
{
    struct proto_reader r = proto_wire_reader(message);
    uint64_t value = 0, status = 0;
    uint32_t number;
    unsigned type;

    while (proto_wire_tag(&r, &number, &type)) {
        if (number == 1 && type == 0 && proto_wire_varint(&r, &value))
            status = value;
        else if (number == 1 && type == 0)
            return false;
        else if (!proto_wire_skip(&r, number, type))
            return false;
    }
    return status == SERVING;
}

static void on_grpc(void *arg, enum grpc_status status, struct str error, struct str message)
{
    struct probe *p = arg;

    p->grpc_call = NULL;
    if (status == GRPC_STATUS_OK)
        (void)snprintf(p->why, sizeof(p->why), "gRPC: not serving");
    else
        (void)snprintf(p->why, sizeof(p->why), "gRPC: %s %.*s", grpc_status_name((int)status),
                       STR_ARG(str_head(error, 100)));
    answered(p, status == GRPC_STATUS_OK && is_serving(message));
}

static void try_grpc(struct probe *p)
{
    struct grpc_client_options options = { .timeout_ms = timeout_ms(p) };
    struct str service = str_head(p->spec->grpc->service, 127); /* so that its length is a byte */
    char request[130];

    if (set_place(p, STR_NONE, p->spec->grpc->port) != 0) {
        failed(p, ERR_INVALID);
        return;
    }
    request[0] = 0x0a;
    request[1] = (char)service.len;
    if (service.len)
        memcpy(request + 2, service.p, service.len);
    open_pool(p, HTTP_PROTOCOL_H2);
    p->grpc = grpc_client_new(p->worker, p->pool, "http", "localhost");
    p->grpc_call =
        grpc_client_unary(p->grpc, "/grpc.health.v1.Health/Check", &options,
                          str_make(request, service.len ? service.len + 2 : 0), on_grpc, p);
}

/* ---- TCP ---- */

static void on_tcp_ready(void *arg)
{
    answered(arg, true);
}

static void on_tcp_read(void *arg, const uint8_t *data, size_t len)
{
    (void)arg, (void)data, (void)len; /* not reading */
}

static void on_tcp_eof(void *arg)
{
    (void)arg; /* it had come up, which is what counts */
}

static void on_tcp_error(void *arg, int err)
{
    failed(arg, err);
}

static const struct stream_events tcp_events = {
    .on_ready = on_tcp_ready,
    .on_read = on_tcp_read,
    .on_eof = on_tcp_eof,
    .on_error = on_tcp_error,
};

static void on_limit(struct timer *t)
{
    failed(CONTAINER_OF(t, struct probe, limit), ERR_TIMEOUT);
}

static void try_tcp(struct probe *p, struct str host, int64_t port)
{
    int err = set_place(p, host, port);

    if (!err)
        err = dial(p, &p->stream);
    if (err) {
        failed(p, err);
        return;
    }
    timer_start(&p->limit, timeout_ms(p));
    stream_set_events(p->stream, &tcp_events, p);
    if (stream_is_ready(p->stream))
        answered(p, true);
}

/* ---- life ---- */

static void on_next(struct timer *t)
{
    struct probe *p = CONTAINER_OF(t, struct probe, next);

    if (p->is_waiting)
        try_tcp(p, STR_NONE, p->options.ports[p->port_at].port);
    else if (p->spec->http)
        try_http(p);
    else if (p->spec->grpc)
        try_grpc(p);
    else
        try_tcp(p, p->spec->tcp->host, p->spec->tcp->port);
}

struct probe *probe_new(struct worker *w, const struct probe_options *options)
{
    struct probe *p = mem_alloc0(1, sizeof(*p));

    p->worker = w;
    p->options = *options;
    timer_init(&p->next, &w->timers, on_next);
    timer_init(&p->limit, &w->timers, on_limit);
    worker_task_init(&p->task, on_task);
    return p;
}

static void stop(struct probe *p)
{
    timer_cancel(&p->next);
    worker_undefer(&p->task);
    clear_try(p);
    object_unref(p->group);
    p->group = NULL;
    p->spec = NULL;
    p->is_waiting = false;
    p->state = UNKNOWN;
    p->good = p->bad = 0;
    (void)snprintf(p->why, sizeof(p->why), "not probed yet");
}

void probe_free(struct probe *p)
{
    if (!p)
        return;
    stop(p);
    mem_free(p);
}

static void wait_for_app(struct probe *p)
{
    if (!p->options.port_count || p->was_up)
        return;
    p->is_waiting = true;
    p->port_at = 0;
    p->wait_ms = WAIT_MS;
    (void)snprintf(p->why, sizeof(p->why), "the app does not listen yet");
    timer_start(&p->next, 0);
}

void probe_follow(struct probe *p, struct object *group)
{
    const struct workload_group *spec = group ? group->spec : NULL;
    const struct workload_group_probe *probe = spec ? spec->probe : NULL;

    if (group && p->group && group->content_hash == p->group->content_hash)
        return;
    stop(p);
    if (!probe || !(probe->http || probe->tcp || probe->grpc)) {
        if (probe && probe->exec)
            log_warn("WorkloadGroup %.*s: commands are not run as probes", STR_ARG(group->name));
        wait_for_app(p);
        return;
    }
    p->group = object_ref(group);
    p->spec = probe;
    timer_start(&p->next, (uint64_t)or_default(probe->initial_delay_s, 0) * 1000);
}

struct str probe_why(const struct probe *p)
{
    if (!p->spec && !p->is_waiting)
        return STR_NONE;
    return p->state == HEALTHY ? STR("") : str_of(p->why);
}
