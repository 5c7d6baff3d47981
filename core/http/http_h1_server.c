/* The HTTP/1 codec of a served connection: one request at a time, in order.
 *
 *            ┌──────────────── both directions ended ────────────────┐
 *            ▼                                                       │
 *   idle ─► head ─► on_request ─► body pieces ─► request complete ─► answered
 *            │                                    (what is pipelined waits in `stash`)
 *            └─► refused: 400 and such ─► linger ─► closed
 *
 * Answered before the request was complete: the rest is thrown away up to DISCARD_BYTES, beyond
 * that the connection lingers. Lingering: our direction is shut, what comes is dropped for a while,
 * because closing with unread bytes would make the kernel send RST and lose the answer. */
#include <stdio.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/http/http_h1_stream.h"
#include "core/http/http_server_conn.h"
#include "core/http/http_websocket.h"
#include "core/net/stream.h"

#define DISCARD_BYTES ((size_t)64 * 1024)
#define STASH_BYTES   ((size_t)16 * 1024) /* of pipelined requests; then reading stops */

struct h1 {
    struct http_server_conn *conn;
    struct http_h1_parse parse;
    struct http_h1_limits limits;
    struct http_h1_stream *cur; /* the request in motion, or NULL */
    struct buf stash;           /* input behind it */
    struct worker_task resume;
    size_t discarded;
    bool feeding;   /* inside feed(): it looks at the state when callbacks return */
    bool last;      /* close after this answer */
    bool continued; /* 100 was sent */
    bool lingering, stash_stopped;
};

static const struct http_stream_ops ops;

/* ---- ends ---- */

static void linger(struct h1 *c)
{
    if (c->lingering || c->conn->ended)
        return;
    c->lingering = true;
    c->discarded = 0;
    buf_deinit(&c->stash);
    stream_shutdown(c->conn->stream);
    stream_read_start(c->conn->stream);
    http_server_conn_set_deadline(c->conn, HTTP_SERVER_LINGER_MS);
}

/* Takes the request off the connection; the user's pointer stays good until release. */
static void detach(struct h1 *c)
{
    struct http_h1_stream *s = c->cur;

    if (!c->conn->ended)
        http_h1_stream_unhold(s, s->held);
    c->cur = NULL;
    s->conn = NULL;
    s->hs.transport = NULL;
    worker_undefer(&s->task);
    http_server_conn_done(c->conn);
    if (s->hs.released)
        http_h1_stream_put(s);
}

static void abort_conn(struct h1 *c, int err)
{
    if (c->cur)
        detach(c);
    http_server_conn_end(c->conn, err, false);
}

/* After anything that may have ended a direction. */
static void settle(struct h1 *c)
{
    struct http_h1_stream *s = c->cur;

    if (!s || !s->hs.ended_out || s->write_err || c->conn->ended)
        return;
    if (!s->hs.ended_in) {
        /* The client may be waiting for a 100 that will not come, or not; only closing is safe. */
        if (s->hs.released &&
            (c->discarded > DISCARD_BYTES || (s->head.expect_continue && !c->continued))) {
            detach(c);
            linger(c);
        } else if (s->hs.released && !c->conn->deadline_ms) {
            http_server_conn_set_deadline(c->conn, HTTP_SERVER_LINGER_MS);
        }
        return;
    }
    detach(c);
    if (c->last) {
        if (buf_len(&c->stash))
            linger(c);
        else
            http_server_conn_end(c->conn, 0, true);
        return;
    }
    http_h1_parse_next(&c->parse);
    http_server_conn_set_deadline(c->conn,
                                  http_server_conn_or(c->conn->config->idle_timeout_ms, 3600000));
    if (!c->feeding && buf_len(&c->stash))
        worker_defer(c->conn->worker, &c->resume);
}

static void on_failed(struct http_h1_stream *s, int err)
{
    struct h1 *c = s->conn;

    http_server_conn_end(c->conn, err, false); /* stop() tells the user */
}

/* ---- answers of our own ---- */

static int write_refusal(struct h1 *c, int status)
{
    struct str reason = http_msg_reason(status);
    char text[160];
    int len = snprintf(text, sizeof(text),
                       "HTTP/1.1 %d %.*s\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", status,
                       STR_ARG(reason));

    return stream_write_bytes(c->conn->stream, text, (size_t)len);
}

static void refuse(struct h1 *c, int status)
{
    int err = write_refusal(c, status);

    if (err)
        http_server_conn_end(c->conn, err, false);
    else
        linger(c);
}

/* ---- input ---- */

/* Asks that the settings forbid are answered here. */
static int policy(const struct h1 *c, const struct http_msg *m)
{
    if (m->version == HTTP_VERSION_10 && !c->conn->config->accept_http10)
        return 426;
    if (m->method == HTTP_METHOD_CONNECT && !c->conn->config->allow_connect)
        return 405;
    return 0;
}

/* The body of these begins when the answer accepts them. */
static bool waits_for_answer(const struct http_msg *m)
{
    return m->upgrade.len || m->method == HTTP_METHOD_CONNECT;
}

static void begin(struct h1 *c, struct http_h1_stream *s)
{
    bool end = http_h1_parse_is_done(&c->parse) && !waits_for_answer(&s->head);

    s->hs.ops = &ops;
    s->hs.is_server = true;
    s->hs.version = s->head.version;
    s->hs.ended_in = end;
    s->conn = c;
    s->on_failed = on_failed;
    s->asked = s->head.method;
    c->cur = s;
    c->last = c->parse.framing.close;
    c->continued = false;
    c->discarded = 0;
    http_server_conn_set_deadline(c->conn, 0);
    http_server_conn_request(c->conn, &s->hs, &s->head, end);
}

static size_t take_head(struct h1 *c, const uint8_t *p, size_t len)
{
    struct http_h1_stream *s = http_h1_stream_get(c->conn->stream);
    bool was_started = c->parse.started;
    size_t used;
    int err;

    c->parse.keep_case = c->conn->config->keep_case;
    err = http_h1_parse_head(&c->parse, p, len, &used, &s->arena, &s->head);
    int status = err == 0 ? policy(c, &s->head) : err == ERR_AGAIN ? 0 : c->parse.status;

    if (err == 0 && !status) {
        s->hs.head_bytes_in = used;
        begin(c, s);
        return used;
    }
    http_h1_stream_put(s);
    if (status) {
        refuse(c, status);
        return len;
    }
    if (!was_started && c->parse.started)
        http_server_conn_set_deadline(c->conn,
                                      http_server_conn_or(c->conn->config->head_timeout_ms, 10000));
    return used;
}

/* A body that breaks its coding: nothing behind it can be trusted. */
static void bad_body(struct h1 *c, int err)
{
    if (!c->cur->hs.head_sent)
        (void)write_refusal(c, 400);
    http_server_conn_end(c->conn, err, true);
}

static size_t take_body(struct h1 *c, const uint8_t *p, size_t len)
{
    struct http_h1_piece piece;
    ssize_t n = http_h1_parse_body(&c->parse, p, len, &c->cur->arena, &piece);

    if (n < 0) {
        bad_body(c, (int)n);
        return len;
    }
    if (c->cur->hs.released)
        c->discarded += (size_t)n;
    if (piece.len || piece.end)
        http_h1_stream_emit_piece(c->cur, &piece);
    return (size_t)n;
}

static void stash(struct h1 *c, const uint8_t *p, size_t len)
{
    buf_add(&c->stash, p, len);
    if (buf_len(&c->stash) > STASH_BYTES && !c->stash_stopped) {
        c->stash_stopped = true;
        stream_read_stop(c->conn->stream);
    }
}

static bool can_take(const struct h1 *c)
{
    return !c->cur || (!http_h1_parse_is_done(&c->parse) && !c->cur->hs.ended_in);
}

static void feed(struct h1 *c, const uint8_t *p, size_t len)
{
    size_t at = 0;

    c->feeding = true;
    while (at < len && !c->conn->ended && !c->lingering && can_take(c)) {
        at += c->cur ? take_body(c, p + at, len - at) : take_head(c, p + at, len - at);
        settle(c);
    }
    c->feeding = false;
    if (at < len && !c->conn->ended && !c->lingering)
        stash(c, p + at, len - at);
}

static void feed_stash(struct h1 *c)
{
    struct buf input = c->stash;

    if (!buf_len(&input) || !can_take(c))
        return;
    buf_init(&c->stash, 0);
    if (c->stash_stopped) {
        c->stash_stopped = false;
        stream_read_start(c->conn->stream);
    }
    feed(c, (const uint8_t *)input.p + input.start, buf_len(&input));
    buf_deinit(&input);
}

static void on_resume(struct worker_task *task)
{
    struct h1 *c = CONTAINER_OF(task, struct h1, resume);

    if (!c->conn->ended)
        feed_stash(c);
}

static void on_read(struct http_server_conn *conn, const uint8_t *p, size_t len)
{
    struct h1 *c = conn->codec_state;

    if (c->lingering) {
        c->discarded += len;
        if (c->discarded > DISCARD_BYTES * 4)
            http_server_conn_end(conn, ERR_LIMIT, false);
    } else if (buf_len(&c->stash)) {
        stash(c, p, len);
        feed_stash(c);
    } else {
        feed(c, p, len);
    }
}

/* A client that closes its side while it is owed an answer has gone, as a rule; work behind us ends
 * with it. After an upgrade a half-closed direction is ordinary. */
static void on_eof(struct http_server_conn *conn)
{
    struct h1 *c = conn->codec_state;

    if (c->cur && c->parse.state == HTTP_H1_RAW)
        feed_stash(c);
    if (conn->ended)
        return;
    if (c->cur && c->parse.state == HTTP_H1_RAW) {
        struct http_h1_piece piece = { .end = true };

        (void)http_h1_parse_eof(&c->parse);
        http_h1_stream_emit_piece(c->cur, &piece);
        settle(c);
        return;
    }
    http_server_conn_end(conn, c->cur ? ERR_CLOSED : 0, c->lingering || !c->cur);
}

static void on_drain(struct http_server_conn *conn)
{
    struct h1 *c = conn->codec_state;
    struct http_h1_stream *s = c->cur;

    if (s && !s->hs.released && !s->hs.was_reset && !s->hs.ended_out && s->hs.events &&
        s->hs.events->on_writable)
        s->hs.events->on_writable(s->hs.events_arg);
}

static void on_deadline(struct http_server_conn *conn)
{
    struct h1 *c = conn->codec_state;

    if (c->cur && !(c->cur->hs.released && c->cur->hs.ended_out))
        return;
    if (!c->cur && c->parse.started && !c->lingering)
        refuse(c, 408);
    else
        http_server_conn_end(conn, c->lingering || c->cur ? 0 : ERR_TIMEOUT, false);
}

static void drain(struct http_server_conn *conn)
{
    struct h1 *c = conn->codec_state;

    if (!c->cur && !c->parse.started && !buf_len(&c->stash) && !c->lingering)
        http_server_conn_end(conn, 0, true);
}

/* ---- what users call ---- */

static int send_interim(struct h1 *c, struct http_h1_stream *s, const struct http_msg *head)
{
    struct http_h1_write how = { .framing = HTTP_H1_BODY_NONE };
    int err;

    if (s->head.version == HTTP_VERSION_10)
        return 0; /* it would take it for the answer */
    if (head->status == 100) {
        if (c->continued)
            return 0;
        c->continued = true;
    }
    err = http_h1_write_response(&s->out, head, &how);
    return err ? err : http_h1_stream_flush(s);
}

/* How the final head is framed, and what it says about the connection. */
static int choose(struct h1 *c, struct http_h1_stream *s, struct http_msg *m, bool end,
                  struct http_h1_write *how)
{
    bool bodiless = s->asked == HTTP_METHOD_HEAD || m->status == 204 || m->status == 304;

    if (m->status == 101 || (s->asked == HTTP_METHOD_CONNECT && m->status < 300)) {
        if (m->status == 101 && !s->head.upgrade.len)
            return ERR_INVALID;
        if (m->status == 101 && !m->upgrade.len)
            m->upgrade = s->head.upgrade;
        if (m->status == 101 && http_websocket_is(m->upgrade))
            http_websocket_answer(m, &s->head, &s->arena);
        how->framing = HTTP_H1_BODY_RAW;
        how->connection =
            m->status == 101 ? HTTP_H1_CONNECTION_UPGRADE : HTTP_H1_CONNECTION_DEFAULT;
        c->last = true;
        return 0;
    }
    if (bodiless) {
        how->framing = HTTP_H1_BODY_NONE;
        how->length_anyway = m->status != 204;
    } else if (m->content_length >= 0 || end) {
        if (m->content_length < 0)
            m->content_length = 0;
        if (end && m->content_length)
            return ERR_INVALID;
        how->framing = HTTP_H1_BODY_LENGTH;
    } else if (s->head.version == HTTP_VERSION_11) {
        how->framing = HTTP_H1_BODY_CHUNKED;
    } else {
        how->framing = HTTP_H1_BODY_CLOSE;
        c->last = true;
    }
    if (http_server_conn_is_last(c->conn) ||
        (s->head.expect_continue && !c->continued && !http_h1_parse_is_done(&c->parse)))
        c->last = true;
    if (c->last)
        how->connection = HTTP_H1_CONNECTION_CLOSE;
    else if (s->head.version == HTTP_VERSION_10)
        how->connection = HTTP_H1_CONNECTION_KEEP;
    return 0;
}

static int send_head(struct http_stream *hs, struct http_msg *head, bool end)
{
    struct http_h1_stream *s = http_h1_stream_of(hs);
    struct h1 *c = s->conn;
    struct http_h1_write how = { 0 };
    struct http_msg m = *head;
    size_t before = buf_len(&s->out);
    int err;

    if (!c || c->conn->ended)
        return ERR_CLOSED;
    if (m.status >= 100 && m.status < 200 && m.status != 101)
        return send_interim(c, s, head);
    err = choose(c, s, &m, end, &how);
    how.date = http_server_conn_date(c->conn);
    how.server = str_of(c->conn->config->server_name);
    if (!err)
        err = http_h1_write_response(&s->out, &m, &how);
    if (err)
        return err;
    hs->head_sent = true;
    hs->head_bytes_out += buf_len(&s->out) - before;
    s->framing = how.framing;
    s->left = how.framing == HTTP_H1_BODY_LENGTH ? (uint64_t)m.content_length : 0;
    if (how.framing == HTTP_H1_BODY_RAW) {
        http_h1_parse_raw(&c->parse);
        if (buf_len(&c->stash))
            worker_defer(c->conn->worker, &c->resume);
    } else if (waits_for_answer(&s->head)) {
        hs->ended_in = true; /* refused: there is no other body */
    }
    if (!end || how.framing == HTTP_H1_BODY_RAW) {
        http_h1_stream_flush_later(s);
        return 0;
    }
    hs->ended_out = true;
    err = http_h1_stream_flush(s);
    if (!err && !c->feeding)
        settle(c);
    return err;
}

static int finish_out(struct http_h1_stream *s, bool end, int err)
{
    struct h1 *c = s->conn;

    if (err || !end)
        return err;
    s->hs.ended_out = true;
    if (s->framing == HTTP_H1_BODY_RAW && !s->hs.ended_in)
        stream_shutdown(c->conn->stream);
    if (!c->feeding)
        settle(c);
    return 0;
}

static int send_body(struct http_stream *hs, const struct iovec *iov, int count, bool end)
{
    struct http_h1_stream *s = http_h1_stream_of(hs);
    struct h1 *c = s->conn;

    if (!c || c->conn->ended)
        return ERR_CLOSED;
    return finish_out(s, end, http_h1_stream_body(s, iov, count, end));
}

static int send_trailers(struct http_stream *hs, struct http_headers *trailers)
{
    struct http_h1_stream *s = http_h1_stream_of(hs);
    struct h1 *c = s->conn;

    if (!c || c->conn->ended)
        return ERR_CLOSED;
    return finish_out(s, true, http_h1_stream_trailers(s, trailers));
}

static void consume(struct http_stream *hs, size_t len)
{
    struct http_h1_stream *s = http_h1_stream_of(hs);
    struct h1 *c = s->conn;

    http_h1_stream_unhold(s, len);
    if (c && !c->conn->ended && s->head.expect_continue && !hs->head_sent && !hs->ended_in &&
        !hs->bytes_in) {
        struct http_msg m;

        http_msg_init(&m, hs->arena);
        m.status = 100;
        (void)send_interim(c, s, &m);
    }
}

static void reset(struct http_stream *hs, enum http_reset why)
{
    struct http_h1_stream *s = http_h1_stream_of(hs);
    struct h1 *c = s->conn;

    (void)why; /* HTTP/1 has one way to say it */
    if (c)
        abort_conn(c, ERR_CLOSED);
}

static void release(struct http_stream *hs)
{
    struct http_h1_stream *s = http_h1_stream_of(hs);
    struct h1 *c = s->conn;

    if (!c) {
        http_h1_stream_put(s);
    } else if (c->conn->ended) {
        detach(c);
    } else if (!hs->ended_out) {
        abort_conn(c, ERR_CLOSED);
    } else {
        http_h1_stream_unhold(s, s->held);
        if (!c->feeding)
            settle(c);
    }
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

/* ---- start and stop ---- */

static int start(struct http_server_conn *conn)
{
    const struct http_server_config *config = conn->config;
    struct h1 *c = mem_alloc0(1, sizeof(*c));

    c->conn = conn;
    c->limits = (struct http_h1_limits){
        .max_header_bytes = http_server_conn_or(config->max_header_bytes, 61440),
        .max_headers = http_server_conn_or(config->max_headers, 100),
        .max_path_bytes = http_server_conn_or(config->max_path_bytes, 32768),
    };
    http_h1_parse_init(&c->parse, &c->limits, false);
    buf_init(&c->stash, 0);
    worker_task_init(&c->resume, on_resume);
    conn->codec_state = c;
    return 0;
}

static void ended(struct http_server_conn *conn)
{
    struct h1 *c = conn->codec_state;

    if (c->cur)
        http_h1_stream_cut(c->cur);
}

static void stop(struct http_server_conn *conn, int err)
{
    struct h1 *c = conn->codec_state;
    struct http_h1_stream *s = c->cur;

    if (s) {
        struct http_failure failure = { .err = err ? err : ERR_CLOSED };

        s->hs.ended_out = false; /* whatever was still to go is lost */
        detach(c);
        if (!s->hs.released)
            http_h1_stream_emit_reset(s, &failure);
    }
    worker_undefer(&c->resume);
    buf_deinit(&c->stash);
    http_h1_parse_deinit(&c->parse);
    mem_free(c);
    conn->codec_state = NULL;
}

const struct http_server_codec http_h1_server_codec = {
    .start = start,
    .on_read = on_read,
    .on_eof = on_eof,
    .on_drain = on_drain,
    .on_deadline = on_deadline,
    .drain = drain,
    .ended = ended,
    .stop = stop,
};
