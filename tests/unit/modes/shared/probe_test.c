/* Probes against an app played by the test: HTTP/1 and gRPC on one port. */
#include "modes/shared/probe.h"

#include "core/api/object_set.h"
#include "core/base/mem.h"
#include "core/http/grpc_server.h"
#include "core/http/http_server.h"
#include "core/net/listener.h"
#include "tests/tap.h"
#include "tests/unit/support/http_wire.h"

struct rig {
    struct worker w;
    struct listener *listener;
    struct http_server_config config;
    struct http_server_conn *conns[64];
    struct grpc_server grpc;
    struct probe *probe;
    struct compile_app_port port;
    int status;   /* of HTTP answers */
    char serving; /* of gRPC's */
    int requests;
    bool has_header; /* the last request had the probe's */
    int changes;
};

static void on_start(void *arg, struct grpc_server_call *call)
{
    (void)arg, (void)call;
}

static void on_check(void *arg, struct grpc_server_call *call, struct str message)
{
    struct rig *r = arg;
    const char answer[] = { 0x08, r->serving };

    r->requests++;
    r->has_header = str_eq(message, STR("\x0a\x03web"));
    (void)grpc_server_send(call, str_make(answer, 2));
    grpc_server_finish(call, GRPC_STATUS_OK, STR(""));
}

static const struct grpc_server_method methods[] = {
    { .path = "/grpc.health.v1.Health/Check", .on_start = on_start, .on_message = on_check },
};

static void on_request(void *arg, struct http_server_conn *conn, struct http_stream *hs,
                       struct http_msg *head, bool end)
{
    struct rig *r = arg;

    (void)conn;
    if (grpc_server_wants(head)) {
        grpc_server_accept(&r->grpc, hs, head, end);
        return;
    }
    r->requests++;
    r->has_header = str_is(http_headers_get_name(&head->headers, STR("x-probe")), "yes") &&
                    str_is(head->path, "/healthz") && str_is(head->authority, "web.test");
    http_stream_reply(hs, (uint16_t)r->status, "text/plain", STR("so"));
    http_stream_release(hs);
}

static void on_close(void *arg, struct http_server_conn *conn, int err)
{
    struct rig *r = arg;

    (void)err;
    for (size_t i = 0; i < COUNT_OF(r->conns); i++) {
        if (r->conns[i] == conn)
            r->conns[i] = NULL;
    }
}

static const struct http_server_handler handler = { on_request, on_close };

static void on_accept(void *arg, struct stream *s)
{
    struct rig *r = arg;

    for (size_t i = 0; i < COUNT_OF(r->conns); i++) {
        if (!r->conns[i]) {
            (void)http_server_conn_new(s, &r->config, &handler, r, &r->conns[i]);
            return;
        }
    }
    stream_close(s);
}

static void on_changed(void *arg)
{
    ((struct rig *)arg)->changes++;
}

static void listen_on(struct rig *r, uint16_t port)
{
    struct listener_options options = { .fd = -1 };
    struct addr at;

    (void)addr_parse(STR("127.0.0.1"), port, &at);
    EQ_INT(listener_open(&r->w, &at, &options, on_accept, r, &r->listener), 0);
}

static void begin(struct rig *r)
{
    struct probe_options options = { .changed = on_changed, .arg = r };

    *r = (struct rig){ .status = 200, .serving = 1 };
    EQ_INT(worker_init(&r->w, 0, 1), 0);
    listen_on(r, 0);
    r->grpc = (struct grpc_server){ .methods = methods, .count = 1, .arg = r };
    r->port.port = listener_addr(r->listener)->port;
    options.ports = &r->port;
    options.port_count = 1;
    r->probe = probe_new(&r->w, &options);
}

static void end(struct rig *r)
{
    probe_free(r->probe);
    for (size_t i = 0; i < COUNT_OF(r->conns); i++) {
        if (r->conns[i])
            http_server_conn_close(r->conns[i]);
    }
    listener_close(r->listener, false);
    http_wire_turn(&r->w);
    worker_deinit(&r->w);
}

/* A probe as text, with the port between its halves. */
static void follow(struct rig *r, const char *before, const char *after)
{
    char text[1024];
    struct object_set set;
    struct diag d;

    (void)snprintf(text, sizeof(text),
                   "apiVersion: networking.istio.io/v1\nkind: WorkloadGroup\n"
                   "metadata: {name: web, namespace: default}\n"
                   "spec: {template: {}, probe: {periodSeconds: 1, %s%u%s}}\n",
                   before, r->port.port, after);
    diag_init(&d);
    object_set_init(&set);
    if (EQ_INT(object_set_read(&set, str_of(text), "test.yaml", &d, NULL), 0))
        probe_follow(r->probe, set.items[0]);
    object_set_deinit(&set);
    diag_deinit(&d);
}

static bool turns_to(struct rig *r, const char *why)
{
    for (int i = 0; i < 400; i++) {
        if (str_is(probe_why(r->probe), why))
            return true;
        http_wire_wait(&r->w, 10);
    }
    NOTE("it says \"%.*s\"", STR_ARG(probe_why(r->probe)));
    return false;
}

static void http_answers_decide_after_as_many_as_configured(void)
{
    struct rig r;

    begin(&r);
    follow(&r, "failureThreshold: 2, httpGet: {path: /healthz, port: ",
           ", httpHeaders: "
           "[{name: X-Probe, value: 'yes'}, {name: Host, value: web.test}]}");
    EQ_STRN(probe_why(r.probe).p, probe_why(r.probe).len, "not probed yet");
    OK(turns_to(&r, ""));
    EQ_INT(r.requests, 1);
    OK(r.has_header);
    EQ_INT(r.changes, 1);
    r.status = 500;
    OK(turns_to(&r, "HTTP status 500"));
    EQ_INT(r.requests, 3); /* two bad ones in a row */
    EQ_INT(r.changes, 2);
    r.status = 302;
    OK(turns_to(&r, ""));
    end(&r);
}

static void grpc_health_service_is_asked(void)
{
    struct rig r;

    begin(&r);
    follow(&r, "failureThreshold: 1, grpc: {port: ", ", service: web}");
    OK(turns_to(&r, ""));
    OK(r.has_header);
    r.serving = 2; /* NOT_SERVING */
    OK(turns_to(&r, "gRPC: not serving"));
    end(&r);
}

static void tcp_needs_a_connection(void)
{
    struct rig r;

    begin(&r);
    follow(&r, "failureThreshold: 1, tcpSocket: {port: ", "}");
    OK(turns_to(&r, ""));
    listener_close(r.listener, false);
    r.listener = NULL;
    for (int i = 0; i < 400 && !probe_why(r.probe).len; i++)
        http_wire_wait(&r.w, 10);
    OK(probe_why(r.probe).len);
    end(&r);
}

static void without_a_group_the_app_is_waited_for_once(void)
{
    struct rig r;

    begin(&r);
    listener_close(r.listener, false);
    r.listener = NULL;
    http_wire_turn(&r.w);
    probe_follow(r.probe, NULL);
    http_wire_wait(&r.w, 100);
    EQ_STRN(probe_why(r.probe).p, probe_why(r.probe).len, "connection refused");
    EQ_INT(r.changes, 0);
    listen_on(&r, r.port.port);
    OK(turns_to(&r, ""));
    EQ_INT(r.changes, 1);
    listener_close(r.listener, false);
    r.listener = NULL;
    http_wire_wait(&r.w, 300);
    EQ_INT(r.changes, 1); /* afterwards nobody looks */
    end(&r);
}

static void commands_are_not_run(void)
{
    struct rig r;

    begin(&r);
    follow(&r, "exec: {command: [touch, /tmp/probe-", "]}");
    OK(turns_to(&r, "")); /* the app listens, which is all that is asked */
    end(&r);
}

static const struct tap_case cases[] = {
    { "http_answers_decide_after_as_many_as_configured",
      http_answers_decide_after_as_many_as_configured },
    { "grpc_health_service_is_asked", grpc_health_service_is_asked },
    { "tcp_needs_a_connection", tcp_needs_a_connection },
    { "without_a_group_the_app_is_waited_for_once", without_a_group_the_app_is_waited_for_once },
    { "commands_are_not_run", commands_are_not_run },
};

TAP_MAIN(cases)
