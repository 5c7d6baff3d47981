#include "modes/control/rest.h"

#include <stdio.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/loop/clock.h"
#include "core/loop/worker.h"
#include "core/net/listener.h"
#include "core/net/sniff.h"
#include "core/net/stream_peek.h"
#include "core/tls/stream_tls.h"
#include "modes/control/ca.h"
#include "modes/control/rest_auth.h"
#include "modes/control/rest_call.h"
#include "modes/control/rest_openapi.h"
#include "modes/control/rest_tls.h"

static struct log_module log_module = LOG_MODULE("api");

struct rest_conn {
    struct list link;
    struct rest *rest;
    struct stream *waiting; /* its first bytes are looked at; then NULL */
    struct http_server_conn *http;
    bool local;
};

const struct addr *rest_addr(const struct rest *r)
{
    return &r->addr;
}

/* A page in a browser may resolve a name of its own to 127.0.0.1; it cannot change the Host that it
 * sends. */
static bool is_own_host(const struct rest *r, struct str authority)
{
    struct str host = authority;
    struct addr ip;

    if (addr_parse(authority, 80, &ip) == 0)
        return addr_is_loopback(&ip) || addr_eq_ip(&ip, &r->addr) || !addr_is_loopback(&r->addr);
    return str_ieq(str_cut(&host, ':'), STR("localhost"));
}

static void on_request(void *arg, struct http_server_conn *conn, struct http_stream *hs,
                       struct http_msg *head, bool end)
{
    struct rest_conn *c = arg;

    (void)conn;
    if (!c->local && !is_own_host(c->rest, head->authority)) {
        http_stream_reply(hs, 403, "text/plain", STR("this Host is not served here\n"));
        http_stream_release(hs);
        return;
    }
    rest_call_start(c->rest, hs, head, end, c->local);
}

static void conn_free(struct rest_conn *c)
{
    list_remove(&c->link);
    c->rest->conn_count--;
    mem_free(c);
}

static void on_close(void *arg, struct http_server_conn *conn, int err)
{
    (void)conn;
    (void)err;
    conn_free(arg);
}

static const struct http_server_handler handler = {
    .on_request = on_request,
    .on_close = on_close,
};

static void serve(struct rest_conn *c, struct stream *s)
{
    c->waiting = NULL;
    if (http_server_conn_new(s, &c->rest->http, &handler, c, &c->http) != 0)
        conn_free(c);
}

/* The first byte tells TLS from HTTP. */
static bool decide(void *arg, struct stream *s, struct str bytes, enum stream_peek_why why)
{
    struct rest_conn *c = arg;
    struct stream *top = s;

    if (bytes.len == 0 && why == STREAM_PEEK_BYTES)
        return false;
    if (bytes.len == 0 || why == STREAM_PEEK_ERROR) {
        c->waiting = NULL;
        conn_free(c);
        stream_close(s);
        return true;
    }
    if ((unsigned char)bytes.p[0] == 0x16 && c->rest->tls &&
        stream_tls_server(s, c->rest->tls, &top) != 0) {
        conn_free(c);
        return true;
    }
    serve(c, top);
    return true;
}

static struct rest_conn *conn_new(struct rest *r, bool local)
{
    struct rest_conn *c = mem_alloc0(1, sizeof(*c));

    c->rest = r;
    c->local = local;
    list_push(&r->conns, &c->link);
    r->conn_count++;
    return c;
}

static void on_accept_unix(void *arg, struct stream *s)
{
    struct rest *r = arg;

    if (r->conn_count >= REST_MAX_CONNS || !rest_auth_is_own_peer(s)) {
        stream_close(s);
        return;
    }
    serve(conn_new(r, true), s);
}

static void on_accept_tcp(void *arg, struct stream *s)
{
    static const struct stream_peek_options options = { .limit_bytes = 1, .timeout_ms = 10000 };
    struct rest *r = arg;
    struct rest_conn *c;

    if (r->conn_count >= REST_MAX_CONNS) {
        stream_close(s);
        return;
    }
    c = conn_new(r, false);
    c->waiting = stream_peek_new(s, &options, decide, c);
}

static int open_listener(struct rest *r, const struct addr *at, listener_accept_fn accept,
                         struct listener **out)
{
    struct listener_options options = { .fd = -1, .unix_mode = 0600 };
    char text[ADDR_TEXT_MAX];
    int err = listener_open(r->worker, at, &options, accept, r, out);

    if (err)
        snprintf(r->why, sizeof(r->why), "API at %s: %s", addr_format(at, text), error_text(err));
    return err;
}

static int open_unix(struct rest *r, const char *path)
{
    struct arena a;
    struct addr at;
    int err;

    arena_init(&a, 256);
    err = addr_parse(arena_printf(&a, "unix:%s", path), 0, &at);
    arena_deinit(&a);
    if (err) {
        snprintf(r->why, sizeof(r->why), "%s: the path of a Unix socket has at most 107 bytes",
                 path);
        return err;
    }
    return open_listener(r, &at, on_accept_unix, &r->unix_listener);
}

int rest_new(struct control *c, struct rest **out, const char **why)
{
    const struct control_options *o = control_get_options(c);
    struct rest *r = mem_alloc0(1, sizeof(*r));
    int err;

    *out = r; /* also on failure: why lives there */
    *why = r->why;
    r->control = c;
    r->worker = control_worker(c);
    r->store = control_store(c);
    r->started_ms = clock_wall_ms();
    r->http.max_streams = 250;
    r->http.idle_timeout_ms = 300000;
    list_init(&r->conns);
    list_init(&r->calls);
    err = rest_auth_open(r, o->state_dir);
    if (!err && o->socket_path)
        err = open_unix(r, o->socket_path);
    if (!err && o->api.family != ADDR_NONE) {
        err = open_listener(r, &o->api, on_accept_tcp, &r->tcp_listener);
        if (!err)
            r->addr = *listener_addr(r->tcp_listener);
    }
    if (!err && r->tcp_listener) {
        err = rest_tls_start(r);
        if (err)
            snprintf(r->why, sizeof(r->why), "TLS of the API: %s", error_text(err));
        else
            rest_auth_write_kubeconfig(r, ca_root_pem(control_ca(c)));
    }
    return err;
}

void rest_stop(struct rest *r)
{
    if (r->stopping)
        return;
    r->stopping = true;
    rest_tls_stop(r);
    listener_close(r->unix_listener, false);
    listener_close(r->tcp_listener, false);
    LIST_FOREACH(it, tmp, &r->conns)
    {
        struct rest_conn *c = LIST_ITEM(it, struct rest_conn, link);

        if (c->waiting) {
            stream_close(c->waiting);
            conn_free(c);
        } else {
            http_server_conn_close(c->http);
        }
    }
    log_debug("closed");
}

void rest_free(struct rest *r)
{
    if (!r)
        return;
    rest_openapi_free(r->docs);
    mem_free(r);
}
