#include "core/http/http_server.h"

#include <string.h>
#include <time.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/http/http_server_conn.h"
#include "core/net/stream.h"

#define DATE_BYTES 32

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
#define PREFACE_BYTES (sizeof(preface) - 1)

/* ---- deadlines ---- */

static void on_timer(struct timer *t)
{
    struct http_server_conn *conn = CONTAINER_OF(t, struct http_server_conn, timer);
    uint64_t now = worker_now_ms(conn->worker);

    if (conn->ended || !conn->deadline_ms)
        return;
    if (now < conn->deadline_ms) {
        conn->timer_ms = conn->deadline_ms;
        timer_start(&conn->timer, conn->deadline_ms - now);
        return;
    }
    if (conn->codec)
        conn->codec->on_deadline(conn);
    else
        http_server_conn_end(conn, ERR_TIMEOUT, false);
}

void http_server_conn_set_deadline(struct http_server_conn *conn, uint64_t ms)
{
    if (!ms) {
        conn->deadline_ms = 0;
        return;
    }
    conn->deadline_ms = worker_now_ms(conn->worker) + ms;
    if (timer_is_running(&conn->timer) && conn->timer_ms <= conn->deadline_ms)
        return;
    conn->timer_ms = conn->deadline_ms;
    timer_start(&conn->timer, ms);
}

/* ---- the end ---- */

static void on_task(struct worker_task *task)
{
    struct http_server_conn *conn = CONTAINER_OF(task, struct http_server_conn, task);

    if (conn->codec_state)
        conn->codec->stop(conn, conn->err);
    if (conn->handler->on_close)
        conn->handler->on_close(conn->arg, conn, conn->err);
    timer_cancel(&conn->timer);
    mem_free(conn);
}

void http_server_conn_end(struct http_server_conn *conn, int err, bool flush)
{
    if (conn->ended)
        return;
    conn->ended = true;
    conn->err = err;
    timer_cancel(&conn->timer);
    if (conn->codec_state)
        conn->codec->ended(conn);
    worker_defer(conn->worker, &conn->task);
    if (flush)
        stream_close_flush(conn->stream);
    else
        stream_close(conn->stream);
}

/* ---- which protocol ---- */

static int start_codec(struct http_server_conn *conn, bool is_h2)
{
    int err;

    conn->codec = is_h2 ? &http_h2_server_codec : &http_h1_server_codec;
    err = conn->codec->start(conn);
    if (err)
        http_server_conn_end(conn, err, false);
    return err;
}

/* HTTP/2 clients begin with the preface whatever was negotiated, so the first bytes decide; a TLS
 * handshake's ALPN only says what the client may send. */
static void sniff(struct http_server_conn *conn, const uint8_t *p, size_t len)
{
    size_t take = PREFACE_BYTES - conn->sniffed_len, had = conn->sniffed_len;
    bool same;

    if (take > len)
        take = len;
    same = memcmp(preface + had, p, take) == 0;
    if (same && had + take < PREFACE_BYTES) {
        memcpy(conn->sniffed + had, p, take);
        conn->sniffed_len = (uint8_t)(had + take);
        return;
    }
    if (start_codec(conn, same) != 0)
        return;
    if (had)
        conn->codec->on_read(conn, conn->sniffed, had);
    if (!conn->ended)
        conn->codec->on_read(conn, p, len);
}

/* ---- the stream's events ---- */

static void on_ready(void *arg)
{
    struct http_server_conn *conn = arg;

    http_server_conn_set_deadline(conn,
                                  http_server_conn_or(conn->config->idle_timeout_ms, 3600000));
}

static void on_read(void *arg, const uint8_t *p, size_t len)
{
    struct http_server_conn *conn = arg;

    if (conn->codec)
        conn->codec->on_read(conn, p, len);
    else
        sniff(conn, p, len);
}

static void on_eof(void *arg)
{
    struct http_server_conn *conn = arg;

    if (conn->codec)
        conn->codec->on_eof(conn);
    else
        http_server_conn_end(conn, 0, false);
}

static void on_drain(void *arg)
{
    struct http_server_conn *conn = arg;

    if (conn->codec)
        conn->codec->on_drain(conn);
}

static void on_error(void *arg, int err)
{
    http_server_conn_end(arg, err, false);
}

static const struct stream_events events = {
    .on_ready = on_ready,
    .on_read = on_read,
    .on_eof = on_eof,
    .on_drain = on_drain,
    .on_error = on_error,
};

static bool has_tls(const struct stream *s)
{
    for (; s; s = s->lower) {
        if (strcmp(s->ops->name, "tls") == 0)
            return true;
    }
    return false;
}

int http_server_conn_new(struct stream *s, const struct http_server_config *config,
                         const struct http_server_handler *handler, void *arg,
                         struct http_server_conn **out)
{
    struct http_server_conn *conn = mem_alloc0(1, sizeof(*conn));
    int err = 0;

    conn->stream = s;
    conn->worker = s->worker;
    conn->config = config;
    conn->handler = handler;
    conn->arg = arg;
    conn->is_tls = has_tls(s);
    timer_init(&conn->timer, &conn->worker->timers, on_timer);
    worker_task_init(&conn->task, on_task);
    stream_set_events(s, &events, conn);
    if (config->protocol != HTTP_PROTOCOL_AUTO) {
        conn->codec =
            config->protocol == HTTP_PROTOCOL_H2 ? &http_h2_server_codec : &http_h1_server_codec;
        err = conn->codec->start(conn);
    }
    if (err) {
        timer_cancel(&conn->timer);
        stream_close(s);
        mem_free(conn);
        return err;
    }
    *out = conn;
    if (stream_is_ready(s))
        on_ready(conn);
    else
        http_server_conn_set_deadline(conn, http_server_conn_or(config->head_timeout_ms, 10000));
    stream_read_start(s);
    return 0;
}

/* ---- for the codecs ---- */

void http_server_conn_request(struct http_server_conn *conn, struct http_stream *hs,
                              struct http_msg *head, bool end)
{
    conn->active++;
    conn->served++;
    head->scheme = conn->is_tls ? STR("https") : STR("http");
    conn->handler->on_request(conn->arg, conn, hs, head, end);
}

void http_server_conn_done(struct http_server_conn *conn)
{
    ASSERT(conn->active > 0);
    conn->active--;
}

bool http_server_conn_is_last(const struct http_server_conn *conn)
{
    return conn->draining ||
           (conn->config->max_requests && conn->served >= conn->config->max_requests);
}

struct str http_server_conn_date(const struct http_server_conn *conn)
{
    static _Thread_local uint64_t made_ms;
    static _Thread_local char text[DATE_BYTES];
    static _Thread_local size_t len;
    uint64_t now = worker_now_ms(conn->worker);

    if (!len || now - made_ms >= 500) {
        time_t wall = (time_t)clock_wall_s();
        struct tm tm;

        gmtime_r(&wall, &tm);
        len = strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        made_ms = now;
    }
    return str_make(text, len);
}

/* ---- for users ---- */

void http_server_conn_drain(struct http_server_conn *conn)
{
    if (conn->draining || conn->ended)
        return;
    conn->draining = true;
    if (conn->codec)
        conn->codec->drain(conn);
    else if (!conn->sniffed_len)
        http_server_conn_end(conn, 0, true);
}

void http_server_conn_close(struct http_server_conn *conn)
{
    http_server_conn_end(conn, ERR_CLOSED, false);
}

uint32_t http_server_conn_active(const struct http_server_conn *conn)
{
    return conn->active;
}

struct stream *http_server_conn_stream(struct http_server_conn *conn)
{
    return conn->stream;
}

void http_server_conn_set_data(struct http_server_conn *conn, void *data)
{
    conn->data = data;
}

void *http_server_conn_data(const struct http_server_conn *conn)
{
    return conn->data;
}
