#include "cmd/client.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/paths.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/base/version.h"
#include "core/http/http_pool.h"
#include "core/loop/worker.h"
#include "core/net/stream_tcp.h"
#include "core/text/node_json.h"

#define FOREVER_MS ((uint64_t)10 * 365 * 86400 * 1000)

enum { MAX_ANSWER_BYTES = 512 * 1024 * 1024, MAX_LINE_BYTES = 8 * 1024 * 1024 };

struct client {
    struct arena arena; /* of the texts below */
    const char *where;  /* as shown to people */
    const char *token;  /* or NULL */
    bool is_admin;      /* a proxy's port, not control */
    struct addr addr;
    struct str authority;
    uint64_t timeout_ms, allowed_ms;
    struct worker worker;
    struct http_pool_config pool_config;
    struct http_pool *pool;
};

/* One exchange in motion. */
struct call {
    struct client *client;
    struct http_stream *hs;
    struct http_pool_waiter *waiter;
    struct client_reply *reply;
    bool (*line)(void *arg, struct str text); /* NULL: collect the body */
    void *arg;
    bool got_head, done;
    int err;
};

/* ---- where ---- */

static int resolve(struct client *c, const char *host, const char *port)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
    int err = getaddrinfo(host, port, &hints, &list);

    if (err)
        return cli_fail(CLI_UNREACHABLE, "%s: %s", c->where, gai_strerror(err));
    err = addr_from_sockaddr(list->ai_addr, list->ai_addrlen, &c->addr);
    freeaddrinfo(list);
    return err ? cli_fail(CLI_USAGE, "%s: no usable address", c->where) : 0;
}

static int set_tcp_address(struct client *c, struct str text)
{
    ptrdiff_t colon = str_rchr(text, ':');
    struct str host = str_head(text, colon < 0 ? text.len : (size_t)colon);
    const char *port = colon < 0 ? (c->is_admin ? "15000" : "15014")
                                 : arena_strz(&c->arena, str_skip(text, (size_t)colon + 1));

    c->authority = arena_str(&c->arena, text);
    if (str_starts(host, STR("[")) && str_ends(host, STR("]")))
        host = str_make(host.p + 1, host.len - 2);
    if (host.len == 0)
        return cli_fail(CLI_USAGE, "\"%s\" is no address; use unix:/path or http://host:port",
                        c->where);
    return resolve(c, arena_strz(&c->arena, host), port);
}

static int set_address(struct client *c, const char *where)
{
    struct str text = str_of(where);

    c->where = arena_strz(&c->arena, text);
    if (str_starts(text, STR("unix:")) || where[0] == '/') {
        const char *path = where[0] == '/' ? where : where + 5;

        c->authority = STR("localhost");
        if (addr_parse(arena_printf(&c->arena, "unix:%s", path), 0, &c->addr) != 0)
            return cli_fail(CLI_USAGE, "\"%s\" is no path of a socket, or too long for one", where);
        return 0;
    }
    if (str_starts(text, STR("https://")))
        return cli_fail(CLI_USAGE,
                        "%s: the API is served over a Unix socket and over http:// on "
                        "loopback; reach it through a tunnel of yours",
                        where);
    if (str_starts(text, STR("http://")))
        text = str_skip(text, 7);
    else if (str_find(text, STR("://")) >= 0)
        return cli_fail(CLI_USAGE, "\"%s\" is no address; use unix:/path or http://host:port",
                        where);
    while (str_ends(text, STR("/")))
        text = str_head(text, text.len - 1);
    return set_tcp_address(c, text);
}

/* The local administrator's token goes to this machine only. */
static const char *find_token(struct client *c, const struct cli_args *args)
{
    const char *token = cli_args_text(args, "token");
    struct str path;
    FILE *f;
    char line[1024];

    if (token || c->addr.family == ADDR_UNIX || !addr_is_loopback(&c->addr))
        return token;
    path = arena_printf(&c->arena, "%s/admin.token", paths_state_dir(&c->arena));
    f = fopen(path.p, "re");
    if (!f)
        return NULL;
    if (fgets(line, sizeof(line), f))
        token = arena_strz(&c->arena, str_trim(str_of(line)));
    fclose(f);
    mem_wipe(line, sizeof(line));
    return token;
}

static int connect_to(void *arg, struct worker *w, struct stream **out)
{
    struct client *c = arg;
    struct stream_tcp_options tcp = { .connect_timeout_ms = 10000 };

    return stream_tcp_connect(w, &c->addr, &tcp, out);
}

static int start(struct client *c)
{
    int err = worker_init(&c->worker, 0, 1);

    if (err)
        return cli_fail(CLI_FAILED, "cannot make a loop: %s", error_text(err));
    c->pool_config = (struct http_pool_config){ .protocol = HTTP_PROTOCOL_H1 };
    c->pool = http_pool_new(&c->worker, &c->pool_config, connect_to, c);
    return 0;
}

static struct client *new_client(uint64_t timeout_ms)
{
    struct client *c = mem_alloc0(1, sizeof(*c));

    arena_init(&c->arena, 1024);
    c->timeout_ms = timeout_ms;
    return c;
}

int client_open(struct client **out, const struct cli_args *args)
{
    struct client *c = new_client(cli_args_duration_ms(args, "request-timeout"));
    const char *where = cli_args_text(args, "server");
    int code;

    if (!where)
        where = arena_printf(&c->arena, "unix:%s", paths_api_socket(&c->arena)).p;
    code = set_address(c, where);
    if (!code) {
        c->token = find_token(c, args);
        code = start(c);
    }
    if (code) {
        arena_deinit(&c->arena);
        mem_free(c);
        return code;
    }
    *out = c;
    return 0;
}

int client_open_admin(struct client **out, const char *address, uint64_t timeout_ms)
{
    struct client *c = new_client(timeout_ms);
    int code;

    c->is_admin = true;
    code = set_address(c, address);
    if (!code)
        code = start(c);
    if (code) {
        arena_deinit(&c->arena);
        mem_free(c);
        return code;
    }
    *out = c;
    return 0;
}

static bool is_idle(void *arg)
{
    return http_pool_connections(((struct client *)arg)->pool) == 0;
}

void client_close(struct client *c)
{
    if (!c)
        return;
    http_pool_drain(c->pool);
    (void)worker_run_until(&c->worker, is_idle, c, 1000);
    http_pool_free(c->pool);
    worker_deinit(&c->worker);
    arena_deinit(&c->arena);
    mem_free(c);
}

const char *client_where(const struct client *c)
{
    return c->where;
}

void client_allow_ms(struct client *c, uint64_t ms)
{
    c->allowed_ms = ms;
}

/* ---- an exchange ---- */

static void finish(struct call *call, int err)
{
    if (call->done)
        return;
    call->err = err;
    call->done = true;
}

static void on_head(void *arg, struct http_msg *head, bool end)
{
    struct call *call = arg;

    if (head->status < 200)
        return;
    call->got_head = true;
    call->reply->status = head->status;
    if (end)
        finish(call, 0);
}

/* Hands out whole lines; a partial one stays in the buffer. */
static void take_lines(struct call *call, bool end)
{
    struct buf *b = &call->reply->body;

    while (!call->done && buf_len(b)) {
        struct str all = buf_str(b);
        ptrdiff_t at = str_chr(all, '\n');
        struct str line = str_head(all, at < 0 ? all.len : (size_t)at);

        if (at < 0 && !end)
            return;
        if (line.len && !call->line(call->arg, line))
            finish(call, 0);
        buf_consume(b, line.len + (at >= 0));
    }
}

static void on_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct call *call = arg;

    if (call->done)
        return;
    if (buf_add(&call->reply->body, p, len) != 0)
        finish(call, ERR_LIMIT);
    else if (call->line && call->reply->status < 300)
        take_lines(call, end);
    http_stream_consume(call->hs, len);
    if (end)
        finish(call, 0);
}

static void on_trailers(void *arg, struct http_headers *trailers)
{
    (void)trailers;
    finish(arg, 0);
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

static void on_stream(void *arg, struct http_stream *hs, int err)
{
    struct call *call = arg;

    call->waiter = NULL;
    call->hs = hs;
    if (!hs) {
        finish(call, err);
        return;
    }
    http_stream_set_events(hs, &events, call);
}

static bool has_stream(void *arg)
{
    const struct call *call = arg;

    return call->hs || call->done;
}

static bool is_done(void *arg)
{
    return ((const struct call *)arg)->done;
}

static int send_request(struct call *call, const char *method, const char *path, const char *type,
                        struct str body)
{
    struct client *c = call->client;
    struct http_msg head;
    int err;

    http_msg_init(&head, call->hs->arena);
    http_msg_set_method(&head, str_of(method));
    head.scheme = STR("http");
    head.authority = c->authority;
    head.path = str_of(path);
    head.content_length = body.len || type ? (int64_t)body.len : HTTP_LENGTH_UNKNOWN;
    http_headers_add(&head.headers, STR("user-agent"),
                     arena_printf(call->hs->arena, "mesh/%s", version_string()));
    http_headers_add(&head.headers, STR("accept"), STR("application/json"));
    if (type)
        http_headers_add(&head.headers, STR("content-type"), str_of(type));
    if (c->token)
        http_headers_add(&head.headers, STR("authorization"),
                         arena_printf(call->hs->arena, "Bearer %s", c->token));
    err = http_stream_send_head(call->hs, &head, body.len == 0);
    return err || body.len == 0 ? err : http_stream_send_bytes(call->hs, body.p, body.len, true);
}

static int exchange(struct call *call, const char *method, const char *path, const char *type,
                    struct str body)
{
    struct client *c = call->client;
    struct http_stream *hs = NULL;
    uint64_t limit_ms = c->timeout_ms + c->allowed_ms;
    int err = http_pool_get(c->pool, on_stream, call, &hs, &call->waiter);

    if (hs)
        on_stream(call, hs, 0);
    if (!err)
        err = worker_run_until(&c->worker, has_stream, call, limit_ms);
    if (!err && call->hs)
        err = send_request(call, method, path, type, body);
    /* A stream of changes has no deadline of its own; its head has. */
    if (!err)
        err = worker_run_until(&c->worker, is_done, call, call->line ? FOREVER_MS : limit_ms);
    if (call->waiter)
        http_pool_cancel(call->waiter);
    if (call->hs)
        http_stream_release(call->hs);
    return err ? err : call->err;
}

static int unreachable(const struct client *c, int err)
{
    if (err == ERR_TIMEOUT)
        return cli_fail(CLI_TIMED_OUT, "no answer from %s in time (--request-timeout)", c->where);
    if (c->is_admin)
        return cli_fail(CLI_UNREACHABLE, "cannot reach the proxy at %s: %s", c->where,
                        error_text(err));
    return cli_fail(CLI_UNREACHABLE,
                    "cannot reach control at %s: %s\n      'mesh up' starts one on this machine; "
                    "--server or MESH_SERVER names another",
                    c->where, error_text(err));
}

int client_call(struct client *c, const char *method, const char *path, const char *type,
                struct str body, struct client_reply *r)
{
    struct call call = { .client = c, .reply = r };
    int err;

    r->status = 0;
    buf_init(&r->body, MAX_ANSWER_BYTES);
    err = exchange(&call, method, path, type, body);
    return err ? unreachable(c, err) : 0;
}

void client_reply_deinit(struct client_reply *r)
{
    buf_deinit(&r->body);
}

int client_watch(struct client *c, const char *path, bool (*line)(void *arg, struct str text),
                 void *arg)
{
    struct client_reply reply = { 0 };
    struct call call = { .client = c, .reply = &reply, .line = line, .arg = arg };
    int err;

    buf_init(&reply.body, MAX_LINE_BYTES);
    err = exchange(&call, "GET", path, NULL, STR_NONE);
    if (err)
        err = unreachable(c, err);
    else if (reply.status >= 300)
        err = client_refused(&reply, "watch");
    buf_deinit(&reply.body);
    return err;
}

/* ---- answers that say no ---- */

static int exit_code_of(int status)
{
    switch (status) {
    case 400:
    case 422:
        return CLI_BAD_INPUT;
    case 401:
    case 403:
        return CLI_NOT_PERMITTED;
    case 408:
    case 504:
        return CLI_TIMED_OUT;
    case 502:
    case 503:
        return CLI_UNREACHABLE;
    default:
        return CLI_FAILED;
    }
}

int client_refused(const struct client_reply *r, const char *subject)
{
    struct node *doc = NULL;
    struct str text = STR_NONE;
    struct arena a;
    int code = exit_code_of(r->status);

    arena_init(&a, 1024);
    if (node_json_read(&a, buf_str(&r->body), NULL, NULL, &doc) == 0)
        text = node_get_str(doc, "message");
    if (text.len == 0)
        text = str_head(str_trim(buf_str(&r->body)), 1000);
    cli_fail(code, "%s: %.*s (%d)%s", subject, STR_ARG(text), r->status,
             r->status == 401
                 ? "; pass --token or MESH_TOKEN: admin.token in control's state folder"
                 : "");
    arena_deinit(&a);
    return code;
}
