#include "core/http/http_h1_client.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/http/http_h1_stream.h"
#include "core/http/http_websocket.h"
#include "core/net/stream.h"

#define INTERIM_MAX 10 /* 1xx answers to one request */

struct http_h1_client {
    struct stream *stream;
    struct worker *worker;
    const struct http_h1_client_events *events;
    void *arg;
    struct http_h1_parse parse;
    struct http_h1_stream *cur; /* the exchange in motion, or NULL */
    struct worker_task task;    /* ends it */
    int err;
    uint32_t served;
    uint8_t interims;
    struct str upgrade;       /* asked for, in cur's arena */
    struct str websocket_key; /* made here, since the request had none */
    bool last, ended, got_head, got_any;
    bool lost_reused; /* the connection ended under a request as an idle one would */
};

static const struct http_stream_ops ops;

/* ---- ends ---- */

static struct http_failure failure_of(const struct http_h1_client *c,
                                      const struct http_h1_stream *s)
{
    return (struct http_failure){
        .err = c->err ? c->err : ERR_CLOSED,
        .unprocessed = !s->wrote,
        .reused = c->served > 1 && !c->got_any,
    };
}

static void detach(struct http_h1_client *c)
{
    struct http_h1_stream *s = c->cur;

    if (!c->ended)
        http_h1_stream_unhold(s, s->held);
    c->cur = NULL;
    s->conn = NULL;
    s->hs.transport = NULL;
    worker_undefer(&s->task);
    if (s->hs.released)
        http_h1_stream_put(s);
}

static void on_task(struct worker_task *task)
{
    struct http_h1_client *c = CONTAINER_OF(task, struct http_h1_client, task);
    struct http_h1_stream *s = c->cur;

    if (s) {
        struct http_failure failure = failure_of(c, s);
        bool told = !s->hs.released;

        c->lost_reused = failure.reused && s->wrote;
        detach(c);
        if (told)
            http_h1_stream_emit_reset(s, &failure);
    }
    c->events->on_close(c->arg, c->err);
    http_h1_parse_deinit(&c->parse);
    mem_free(c);
}

static void end(struct http_h1_client *c, int err)
{
    if (c->ended)
        return;
    c->ended = true;
    c->err = err;
    if (c->cur)
        http_h1_stream_cut(c->cur);
    worker_defer(c->worker, &c->task);
    stream_close(c->stream);
}

/* After anything that may have ended a direction. A connection goes back to its owner only when the
 * request was sent completely and the answer ended exactly. */
static void settle(struct http_h1_client *c)
{
    struct http_h1_stream *s = c->cur;

    if (!s || c->ended || s->write_err || !s->hs.ended_in)
        return;
    if (!s->hs.ended_out) {
        if (s->hs.released)
            end(c, ERR_CLOSED);
        return;
    }
    detach(c);
    if (c->last) {
        end(c, 0);
        return;
    }
    http_h1_parse_next(&c->parse);
    c->events->on_idle(c->arg);
}

static void on_failed(struct http_h1_stream *s, int err)
{
    end(s->conn, err);
}

/* ---- input ---- */

/* The answer to a key that the user does not know is not his either. */
static int check_key(struct http_h1_client *c, struct http_msg *m)
{
    struct str got = http_headers_get(&m->headers, HTTP_TOKEN_SEC_WEBSOCKET_ACCEPT);

    if (!str_eq(got, http_websocket_accept(m->headers.arena, c->websocket_key)))
        return ERR_PROTO;
    http_headers_remove_token(&m->headers, HTTP_TOKEN_SEC_WEBSOCKET_ACCEPT);
    return 0;
}

/* 0 when the head goes to the user, ERR_PROTO when the answer breaks the rules. */
static int judge(struct http_h1_client *c, struct http_h1_stream *s)
{
    struct http_msg *m = &s->head;

    if (m->status == 101) {
        if (!c->upgrade.len || !str_ieq(m->upgrade, c->upgrade))
            return ERR_PROTO;
        return c->websocket_key.len ? check_key(c, m) : 0;
    }
    if (m->status < 200)
        return ++c->interims > INTERIM_MAX ? ERR_PROTO : 0;
    return 0;
}

static int take_head(struct http_h1_client *c, const uint8_t *p, size_t len, size_t *used)
{
    struct http_h1_stream *s = c->cur;
    bool final, over;
    int err = http_h1_parse_head(&c->parse, p, len, used, &s->arena, &s->head);

    if (err)
        return err == ERR_AGAIN ? 0 : err;
    err = judge(c, s);
    if (err)
        return err;
    s->hs.head_bytes_in += *used;
    s->hs.version = s->head.version;
    final = s->head.status >= 200 || s->head.status == 101;
    http_h1_parse_response_body(&c->parse, &s->head, s->asked);
    over = final && http_h1_parse_is_done(&c->parse);
    if (final) {
        c->got_head = true;
        c->last |= c->parse.framing.close || c->parse.state == HTTP_H1_UNTIL_EOF ||
                   c->parse.state == HTTP_H1_RAW;
        s->hs.ended_in = over;
        if (c->parse.state != HTTP_H1_RAW && s->framing == HTTP_H1_BODY_RAW)
            s->hs.ended_out = true; /* the upgrade was refused: nothing more is to be sent */
    }
    if (!s->hs.released && !s->hs.was_reset)
        s->hs.events->on_head(s->hs.events_arg, &s->head, over);
    return 0;
}

static int take_body(struct http_h1_client *c, const uint8_t *p, size_t len, size_t *used)
{
    struct http_h1_piece piece;
    ssize_t n = http_h1_parse_body(&c->parse, p, len, &c->cur->arena, &piece);

    if (n < 0)
        return (int)n;
    *used = (size_t)n;
    if (piece.len || piece.end)
        http_h1_stream_emit_piece(c->cur, &piece);
    return 0;
}

static void on_read(void *arg, const uint8_t *p, size_t len)
{
    struct http_h1_client *c = arg;
    size_t at = 0;
    int err = 0;

    while (at < len && !c->ended && !err) {
        size_t used = 0;

        /* Bytes nobody asked for would be taken for the next answer. */
        if (!c->cur || c->cur->hs.ended_in || !c->cur->hs.head_sent) {
            err = ERR_PROTO;
            break;
        }
        c->got_any = true;
        if (c->parse.state == HTTP_H1_HEAD)
            err = take_head(c, p + at, len - at, &used);
        else
            err = take_body(c, p + at, len - at, &used);
        at += used;
        if (!err)
            settle(c);
    }
    if (err)
        end(c, err);
}

static void on_eof(void *arg)
{
    struct http_h1_client *c = arg;
    struct http_h1_piece piece = { .end = true };

    if (!c->cur || !c->got_head || http_h1_parse_eof(&c->parse) != 0) {
        end(c, ERR_CLOSED);
        return;
    }
    http_h1_stream_emit_piece(c->cur, &piece);
    settle(c);
}

static void on_drain(void *arg)
{
    struct http_h1_client *c = arg;
    struct http_h1_stream *s = c->cur;

    if (s && !s->hs.released && !s->hs.was_reset && !s->hs.ended_out && s->hs.events->on_writable)
        s->hs.events->on_writable(s->hs.events_arg);
}

static void on_error(void *arg, int err)
{
    end(arg, err);
}

static const struct stream_events events = {
    .on_read = on_read,
    .on_eof = on_eof,
    .on_drain = on_drain,
    .on_error = on_error,
};

/* ---- what users call ---- */

static void add_key(struct http_h1_client *c, struct http_stream *hs, struct http_msg *m)
{
    struct http_headers with;

    http_headers_init(&with, hs->arena);
    http_headers_copy(&with, &m->headers, false);
    c->websocket_key = http_websocket_key(hs->arena, &hs->worker->random);
    http_headers_add_token(&with, HTTP_TOKEN_SEC_WEBSOCKET_KEY, c->websocket_key);
    m->headers = with;
}

static int send_head(struct http_stream *hs, struct http_msg *original, bool end_stream)
{
    struct http_h1_stream *s = http_h1_stream_of(hs);
    struct http_h1_client *c = s->conn;
    struct http_h1_write how = { .framing = HTTP_H1_BODY_CHUNKED };
    struct http_msg m = *original, *head = &m;
    int err;

    if (!c || c->ended)
        return ERR_CLOSED;
    if (head->upgrade.len || head->method == HTTP_METHOD_CONNECT) {
        how.framing = HTTP_H1_BODY_RAW;
        if (head->upgrade.len)
            how.connection = HTTP_H1_CONNECTION_UPGRADE;
        if (http_websocket_is(m.upgrade) &&
            !http_headers_get(&m.headers, HTTP_TOKEN_SEC_WEBSOCKET_KEY).p)
            add_key(c, hs, &m);
        end_stream = false;
    } else if (end_stream && head->content_length <= 0) {
        how.framing = HTTP_H1_BODY_NONE;
        /* These mean something with a body, so its absence is said (RFC 9110 section 8.6). */
        how.length_anyway = head->content_length == 0 && head->method != HTTP_METHOD_GET &&
                            head->method != HTTP_METHOD_HEAD;
    } else if (end_stream) {
        return ERR_INVALID;
    } else if (head->content_length >= 0) {
        how.framing = HTTP_H1_BODY_LENGTH;
        s->left = (uint64_t)head->content_length;
    }
    err = http_h1_write_request(&s->out, head, &how);
    if (err)
        return err;
    c->parse.keep_case = head->spelling != NULL; /* who asked so is answered so */
    s->framing = how.framing;
    s->asked = head->method;
    c->upgrade = head->upgrade.len ? arena_str(hs->arena, head->upgrade) : STR_NONE;
    hs->head_sent = true;
    hs->head_bytes_out = buf_len(&s->out);
    if (!end_stream) {
        http_h1_stream_flush_later(s);
        return 0;
    }
    hs->ended_out = true;
    err = http_h1_stream_flush(s);
    settle(c);
    return err;
}

/* Before the answer accepted it, an upgraded connection has no body to send on. */
static bool is_early(const struct http_h1_client *c, const struct http_h1_stream *s)
{
    return s->framing == HTTP_H1_BODY_RAW && c->parse.state != HTTP_H1_RAW &&
           !(c->got_head && s->hs.ended_in);
}

static int finish_out(struct http_h1_stream *s, bool end_stream, int err)
{
    struct http_h1_client *c = s->conn;

    if (err || !end_stream)
        return err;
    s->hs.ended_out = true;
    if (s->framing == HTTP_H1_BODY_RAW && !s->hs.ended_in)
        stream_shutdown(c->stream);
    settle(c);
    return 0;
}

static int send_body(struct http_stream *hs, const struct iovec *iov, int count, bool end_stream)
{
    struct http_h1_stream *s = http_h1_stream_of(hs);
    struct http_h1_client *c = s->conn;

    if (!c || c->ended)
        return ERR_CLOSED;
    if (is_early(c, s))
        return ERR_INVALID;
    return finish_out(s, end_stream, http_h1_stream_body(s, iov, count, end_stream));
}

static int send_trailers(struct http_stream *hs, struct http_headers *trailers)
{
    struct http_h1_stream *s = http_h1_stream_of(hs);
    struct http_h1_client *c = s->conn;

    if (!c || c->ended)
        return ERR_CLOSED;
    return finish_out(s, true, http_h1_stream_trailers(s, trailers));
}

static void consume(struct http_stream *hs, size_t len)
{
    http_h1_stream_unhold(http_h1_stream_of(hs), len);
}

static void reset(struct http_stream *hs, enum http_reset why)
{
    struct http_h1_stream *s = http_h1_stream_of(hs);
    struct http_h1_client *c = s->conn;

    (void)why;
    if (!c)
        return;
    detach(c);
    end(c, ERR_CLOSED);
}

static void release(struct http_stream *hs)
{
    struct http_h1_stream *s = http_h1_stream_of(hs);
    struct http_h1_client *c = s->conn;

    if (!c) {
        http_h1_stream_put(s);
        return;
    }
    if (hs->ended_in && hs->ended_out && !c->ended && !s->write_err)
        return; /* inside one of its last callbacks: settle() follows */
    /* A request that was never begun leaves the connection as good as it was. */
    if (!hs->head_sent && !c->ended && !s->write_err) {
        detach(c);
        c->served--;
        if (c->last)
            end(c, 0);
        else
            c->events->on_idle(c->arg);
        return;
    }
    detach(c);
    end(c, ERR_CLOSED);
}

static const struct http_stream_ops ops = {
    .send_head = send_head,
    .send_body = send_body,
    .send_trailers = send_trailers,
    .unsent = http_h1_stream_unsent,
    .consume = consume,
    .reset = reset,
    .release = release,
};

/* ---- the connection ---- */

struct http_h1_client *http_h1_client_new(struct stream *s, const struct http_h1_limits *limits,
                                          const struct http_h1_client_events *owner, void *arg)
{
    struct http_h1_client *c = mem_alloc0(1, sizeof(*c));

    c->stream = s;
    c->worker = s->worker;
    c->events = owner;
    c->arg = arg;
    http_h1_parse_init(&c->parse, limits, true);
    worker_task_init(&c->task, on_task);
    stream_set_events(s, &events, c);
    stream_read_start(s);
    return c;
}

struct http_stream *http_h1_client_request(struct http_h1_client *c)
{
    struct http_h1_stream *s;

    ASSERT(http_h1_client_is_idle(c));
    s = http_h1_stream_get(c->stream);
    s->hs.ops = &ops;
    s->conn = c;
    s->on_failed = on_failed;
    c->cur = s;
    c->interims = 0;
    c->websocket_key = STR_NONE;
    c->got_head = c->got_any = false;
    c->served++;
    return &s->hs;
}

bool http_h1_client_is_idle(const struct http_h1_client *c)
{
    return !c->cur && !c->ended && !c->last;
}

void http_h1_client_drain(struct http_h1_client *c)
{
    c->last = true;
    if (!c->cur)
        end(c, 0);
}

void http_h1_client_close(struct http_h1_client *c)
{
    end(c, ERR_CLOSED);
}

bool http_h1_client_get_idle_s(const struct http_h1_client *c, uint32_t *seconds)
{
    *seconds = c->parse.framing.idle_s;
    return c->parse.framing.has_idle_s;
}

bool http_h1_client_was_unread(const struct http_h1_client *c)
{
    return c->lost_reused;
}

struct stream *http_h1_client_stream(struct http_h1_client *c)
{
    return c->stream;
}
