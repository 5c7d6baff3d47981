/* The HTTP/2 codec of a served connection. */
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/http/http_h2_session.h"
#include "core/http/http_h2_stream.h"
#include "core/http/http_server_conn.h"

#define GOAWAY_WAIT_MS 1000 /* for the round trip between the two GOAWAYs */

struct h2 {
    struct http_h2_session session;
    struct http_server_conn *conn;
    bool leaving; /* the first GOAWAY is out */
};

static void leave(struct h2 *c)
{
    if (c->leaving)
        return;
    c->leaving = true;
    http_h2_session_announce(&c->session);
    http_server_conn_set_deadline(c->conn, GOAWAY_WAIT_MS);
}

static void leave_for_good(struct h2 *c)
{
    http_h2_session_stop_discarding(&c->session);
    http_h2_session_goaway(&c->session);
    http_server_conn_set_deadline(c->conn, 0);
    if (!c->session.active)
        http_h2_session_fail(&c->session, ERR_CLOSED, NGHTTP2_NO_ERROR);
}

/* ---- the session's news ---- */

static void on_request(void *owner, struct http_h2_stream *s, bool end)
{
    struct h2 *c = owner;

    if (!c->leaving)
        http_server_conn_set_deadline(c->conn, 0);
    http_server_conn_request(c->conn, &s->hs, &s->head, end);
    if (http_server_conn_is_last(c->conn) && !c->conn->ended)
        leave(c);
}

static void on_gone(void *owner)
{
    struct h2 *c = owner;

    http_server_conn_done(c->conn);
    if (c->session.active || c->conn->ended)
        return;
    if (c->session.goaway_out)
        http_h2_session_fail(&c->session, ERR_CLOSED, NGHTTP2_NO_ERROR);
    else if (!c->leaving)
        http_server_conn_set_deadline(
            c->conn, http_server_conn_or(c->conn->config->idle_timeout_ms, 3600000));
}

static void on_ping_ack(void *owner)
{
    struct h2 *c = owner;

    if (c->leaving)
        leave_for_good(c);
}

static void on_end(void *owner, int err, bool flush)
{
    struct h2 *c = owner;

    http_server_conn_end(c->conn, err == ERR_CLOSED ? 0 : err, flush);
}

static struct str date(void *owner)
{
    struct h2 *c = owner;

    return http_server_conn_date(c->conn);
}

static const struct http_h2_hooks hooks = {
    .on_request = on_request,
    .on_gone = on_gone,
    .on_ping_ack = on_ping_ack,
    .on_end = on_end,
};

/* ---- the connection's news ---- */

static void on_read(struct http_server_conn *conn, const uint8_t *p, size_t len)
{
    struct h2 *c = conn->codec_state;

    http_h2_session_recv(&c->session, p, len);
}

static void on_eof(struct http_server_conn *conn)
{
    http_server_conn_end(conn, conn->active ? ERR_CLOSED : 0, true);
}

static void on_drain(struct http_server_conn *conn)
{
    struct h2 *c = conn->codec_state;

    http_h2_session_drained(&c->session);
}

static void on_deadline(struct http_server_conn *conn)
{
    struct h2 *c = conn->codec_state;

    if (c->leaving)
        leave_for_good(c);
    else if (!c->session.active)
        leave(c);
}

static void drain(struct http_server_conn *conn)
{
    leave(conn->codec_state);
}

/* ---- start and stop ---- */

static int start(struct http_server_conn *conn)
{
    const struct http_server_config *config = conn->config;
    struct h2 *c = mem_alloc0(1, sizeof(*c));
    const struct http_h2_config own = {
        .is_server = true,
        .extended_connect = config->extended_connect,
        .allow_connect = config->allow_connect,
        .max_streams = http_server_conn_or(config->max_streams, 100),
        .credit_at_once = config->shared,
        .stream_window_bytes =
            http_server_conn_or(config->stream_window_bytes, config->shared ? 65536 : 262144),
        .connection_window_bytes = http_server_conn_or(config->connection_window_bytes, 1048576),
        .max_frame_bytes = config->max_frame_bytes,
        .max_header_bytes = http_server_conn_or(config->max_header_bytes, 61440),
        .max_headers = http_server_conn_or(config->max_headers, 100),
        .max_path_bytes = http_server_conn_or(config->max_path_bytes, 32768),
        .max_resets_per_min = http_server_conn_or(config->max_resets_per_min, 200),
        .server_name = config->server_name,
    };
    int err = http_h2_session_init(&c->session, conn->stream, &own, &hooks, c);

    c->conn = conn;
    c->session.date = date;
    conn->codec_state = c;
    return err;
}

static void ended(struct http_server_conn *conn)
{
    struct h2 *c = conn->codec_state;

    http_h2_session_cut(&c->session);
}

static void stop(struct http_server_conn *conn, int err)
{
    struct h2 *c = conn->codec_state;

    http_h2_session_deinit(&c->session, err ? err : ERR_CLOSED);
    mem_free(c);
    conn->codec_state = NULL;
}

const struct http_server_codec http_h2_server_codec = {
    .start = start,
    .on_read = on_read,
    .on_eof = on_eof,
    .on_drain = on_drain,
    .on_deadline = on_deadline,
    .drain = drain,
    .ended = ended,
    .stop = stop,
};
