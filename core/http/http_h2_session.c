#include "core/http/http_h2_session.h"

#include <string.h>

#include "core/base/error.h"
#include "core/http/http_h2_mem.h"
#include "core/http/http_h2_send.h"
#include "core/http/http_h2_stream.h"
#include "core/net/stream.h"

#define CORK_BYTES ((size_t)64 * 1024)
/* SETTINGS_MAX_FRAME_SIZE when nobody says another. */
#define USUAL_FRAME_BYTES ((uint32_t)16 * 1024)
#define FRAME_HEAD_BYTES  ((size_t)9)

/* ---- output ---- */

static int write_cork(struct http_h2_session *h)
{
    int err;

    if (h->ended) {
        http_h2_cork_clear(&h->cork);
        return ERR_CLOSED;
    }
    err = http_h2_cork_write(&h->cork, h->transport);
    if (err && !h->fatal && !h->ended) {
        h->fatal = err;
        worker_defer(h->worker, &h->task);
    }
    return err;
}

static bool is_over(const struct http_h2_session *h)
{
    return !nghttp2_session_want_read(h->ng) && !nghttp2_session_want_write(h->ng);
}

void http_h2_session_pump(struct http_h2_session *h)
{
    const uint8_t *p;
    ssize_t n = 0;

    if (!http_h2_session_can_pump(h))
        return;
    http_h2_cork_take(&h->cork, h->worker);
    h->sending = true;
    while (!h->ended && (n = nghttp2_session_mem_send(h->ng, &p)) > 0) {
        http_h2_cork_add(&h->cork, p, (size_t)n);
        if (http_h2_cork_len(&h->cork) >= h->cork.full_bytes && write_cork(h) != 0)
            break;
    }
    if (h->cork.lent_count) /* which is lent for this call only */
        (void)write_cork(h);
    h->sending = false;
    if (!h->fatal && (n < 0 || is_over(h))) {
        h->fatal = n < 0 ? ERR_INTERNAL : ERR_CLOSED;
        h->fatal_flush = n >= 0;
    }
    if (http_h2_cork_len(&h->cork) || h->fatal || !list_is_empty(&h->events))
        worker_defer(h->worker, &h->task);
}

void http_h2_session_pump_later(struct http_h2_session *h)
{
    worker_defer(h->worker, &h->task);
}

static void run_events(struct http_h2_session *h)
{
    struct list *link;

    while ((link = list_pop(&h->events)))
        http_h2_stream_run_event(LIST_ITEM(link, struct http_h2_stream, event));
}

static void end_if_fatal(struct http_h2_session *h)
{
    if (!h->fatal || h->ended)
        return;
    h->ended = true;
    h->hooks->on_end(h->owner, h->fatal, h->fatal_flush);
}

/* The end of a turn, and everything that must not happen inside a user's call. */
static void on_task(struct worker_task *task)
{
    struct http_h2_session *h = CONTAINER_OF(task, struct http_h2_session, task);

    if (h->ended)
        return;
    run_events(h);
    http_h2_session_pump(h);
    worker_undefer(&h->task);
    if (write_cork(h) == 0) {
        http_h2_cork_give(&h->cork, h->worker);
        if (!list_is_empty(&h->events))
            worker_defer(h->worker, &h->task);
    }
    end_if_fatal(h);
}

void http_h2_session_fail(struct http_h2_session *h, int err, uint32_t h2_code)
{
    if (h->fatal || h->ended)
        return;
    h->fatal = err;
    h->fatal_flush = true;
    (void)nghttp2_session_terminate_session(h->ng, h2_code);
    worker_defer(h->worker, &h->task);
}

void http_h2_session_announce(struct http_h2_session *h)
{
    if (h->goaway_out || h->ended)
        return;
    (void)nghttp2_submit_shutdown_notice(h->ng);
    (void)nghttp2_submit_ping(h->ng, NGHTTP2_FLAG_NONE, NULL);
    http_h2_session_pump_later(h);
}

void http_h2_session_stop_discarding(struct http_h2_session *h)
{
    LIST_FOREACH(link, next, &h->streams)
    {
        struct http_h2_stream *s = LIST_ITEM(link, struct http_h2_stream, link);

        if (s->discarding && s->out.len == 0)
            (void)nghttp2_submit_rst_stream(h->ng, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
    }
    http_h2_session_pump_later(h);
}

void http_h2_session_goaway(struct http_h2_session *h)
{
    if (h->goaway_out || h->ended)
        return;
    h->goaway_out = true;
    (void)nghttp2_submit_goaway(h->ng, NGHTTP2_FLAG_NONE,
                                nghttp2_session_get_last_proc_stream_id(h->ng), NGHTTP2_NO_ERROR,
                                NULL, 0);
    http_h2_session_pump_later(h);
}

void http_h2_session_ping(struct http_h2_session *h)
{
    (void)nghttp2_submit_ping(h->ng, NGHTTP2_FLAG_NONE, NULL);
    http_h2_session_pump_later(h);
}

/* A DATA frame: its header from nghttp2, its content from where the stream has it. */
static int send_data(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *header, size_t len,
                     nghttp2_data_source *source, void *arg)
{
    struct http_h2_session *h = arg;
    struct http_h2_stream *s = source->ptr;

    (void)ng;
    (void)frame;
    if (http_h2_cork_len(&h->cork) + FRAME_HEAD_BYTES + len > h->cork.full_bytes &&
        write_cork(h) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    http_h2_cork_add(&h->cork, header, FRAME_HEAD_BYTES);
    http_h2_stream_move(s, &h->cork, len);
    http_h2_meter_sent_data(&h->meter);
    return 0;
}

/* As much as the stream has, up to what both ends allow; nghttp2 grows a buffer to what is said
 * here, so no more than that. */
static ssize_t frame_length(nghttp2_session *ng, uint8_t type, int32_t id,
                            int32_t connection_window, int32_t stream_window, uint32_t peers_max,
                            void *arg)
{
    struct http_h2_session *h = arg;
    const struct http_h2_stream *s = nghttp2_session_get_stream_user_data(ng, id);
    size_t max = h->config.max_frame_bytes;
    size_t have = s ? s->out.len + s->now_left : 0;

    (void)type, (void)connection_window, (void)stream_window;
    if (max > peers_max)
        max = peers_max;
    if (have > max)
        have = max;
    return (ssize_t)(have > USUAL_FRAME_BYTES ? have : USUAL_FRAME_BYTES);
}

static bool is_peers_fault(uint32_t code)
{
    return code == NGHTTP2_PROTOCOL_ERROR || code == NGHTTP2_FLOW_CONTROL_ERROR ||
           code == NGHTTP2_STREAM_CLOSED || code == NGHTTP2_FRAME_SIZE_ERROR ||
           code == NGHTTP2_REFUSED_STREAM;
}

static int on_frame_send(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
    struct http_h2_session *h = arg;
    struct http_h2_stream *s = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);

    if (frame->hd.type == NGHTTP2_HEADERS && s)
        s->on_wire = true;
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) && s && s->rst_after &&
        frame->hd.type <= NGHTTP2_HEADERS)
        (void)nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
    /* Streams the peer makes us reset cost it nothing either. */
    if (frame->hd.type == NGHTTP2_RST_STREAM && is_peers_fault(frame->rst_stream.error_code) &&
        http_h2_meter_add(&h->meter, HTTP_H2_METER_RESET, worker_now_ms(h->worker)) != 0 &&
        !h->fatal) {
        h->fatal = ERR_LIMIT;
        worker_defer(h->worker, &h->task);
    }
    return 0;
}

/* ---- input ---- */

static void deliver_chunk(struct http_h2_session *h, bool end)
{
    struct http_h2_stream *s = h->chunk_stream;

    h->chunk_stream = NULL;
    if (s)
        http_h2_stream_data(s, h->chunk, h->chunk_len, end);
}

static int on_data_chunk(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *p,
                         size_t len, void *arg)
{
    struct http_h2_session *h = arg;
    struct http_h2_stream *s = nghttp2_session_get_stream_user_data(ng, id);

    (void)flags;
    deliver_chunk(h, false);
    if (!s) {
        (void)nghttp2_session_consume(ng, id, len);
    } else {
        h->chunk_stream = s;
        h->chunk = p;
        h->chunk_len = len;
    }
    return h->ended || h->fatal ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
    struct http_h2_session *h = arg;
    struct http_h2_stream *s;

    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        s = http_h2_stream_new(h, frame->hd.stream_id);
        (void)nghttp2_session_set_stream_user_data(ng, s->id, s);
    } else {
        s = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
    }
    if (s)
        http_h2_stream_begin_headers(s);
    return 0;
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *arg)
{
    struct http_h2_stream *s = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);

    (void)flags;
    (void)arg;
    return s ? http_h2_stream_header(s, str_make(name, name_len), str_make(value, value_len)) : 0;
}

/* nghttp2 would leave the field out and go on. */
static int on_invalid_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
                             size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                             void *arg)
{
    (void)ng, (void)frame, (void)name, (void)name_len, (void)value, (void)value_len;
    (void)flags, (void)arg;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void on_headers_end(struct http_h2_session *h, const nghttp2_frame *frame)
{
    struct http_h2_stream *s = nghttp2_session_get_stream_user_data(h->ng, frame->hd.stream_id);

    if (s)
        http_h2_stream_end_headers(s, frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
}

static void on_data_end(struct http_h2_session *h, const nghttp2_frame *frame)
{
    bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    struct http_h2_stream *s;

    if (h->chunk_stream) {
        deliver_chunk(h, end);
        return;
    }
    s = nghttp2_session_get_stream_user_data(h->ng, frame->hd.stream_id);
    if (s && end)
        http_h2_stream_data(s, NULL, 0, true);
}

static void on_settings(struct http_h2_session *h)
{
    h->settings_in = true;
    LIST_FOREACH(link, next, &h->streams)
    {
        struct http_h2_stream *s = LIST_ITEM(link, struct http_h2_stream, link);

        if (s->early)
            http_h2_send_early(s);
    }
    if (h->hooks->on_settings)
        h->hooks->on_settings(h->owner);
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
    struct http_h2_session *h = arg;
    struct http_h2_stream *s;

    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        on_headers_end(h, frame);
        break;
    case NGHTTP2_DATA:
        on_data_end(h, frame);
        break;
    case NGHTTP2_RST_STREAM:
        s = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
        if (s)
            s->peer_reset = true;
        break;
    case NGHTTP2_SETTINGS:
        if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
            on_settings(h);
        break;
    case NGHTTP2_GOAWAY:
        h->goaway_in = true;
        if (h->hooks->on_goaway)
            h->hooks->on_goaway(h->owner);
        break;
    case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) && h->hooks->on_ping_ack)
            h->hooks->on_ping_ack(h->owner);
        break;
    default:
        break;
    }
    return h->ended || h->fatal ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *arg)
{
    struct http_h2_session *h = arg;
    struct http_h2_stream *s = nghttp2_session_get_stream_user_data(ng, id);

    if (!s)
        return 0;
    if (h->chunk_stream == s)
        deliver_chunk(h, false);
    s->closed = true;
    s->code = code;
    http_h2_stream_event(s);
    return 0;
}

void http_h2_session_recv(struct http_h2_session *h, const uint8_t *p, size_t len)
{
    ssize_t n;

    if (h->ended || h->fatal)
        return;
    if (http_h2_meter_feed(&h->meter, p, len, worker_now_ms(h->worker)) != 0) {
        http_h2_session_fail(h, ERR_LIMIT, NGHTTP2_ENHANCE_YOUR_CALM);
        return;
    }
    h->receiving = true;
    n = nghttp2_session_mem_recv(h->ng, p, len);
    deliver_chunk(h, false);
    h->receiving = false;
    if (n < 0 && !h->ended)
        http_h2_session_fail(h, ERR_PROTO, NGHTTP2_PROTOCOL_ERROR);
    if (h->ended)
        return;
    run_events(h);
    http_h2_session_pump(h);
}

void http_h2_session_drained(struct http_h2_session *h)
{
    struct list *link;

    while ((link = list_pop(&h->blocked))) {
        struct http_h2_stream *s = LIST_ITEM(link, struct http_h2_stream, blocked);

        s->deferred = false;
        (void)nghttp2_session_resume_data(h->ng, s->id);
    }
    http_h2_session_pump(h);
}

/* ---- start and end ---- */

static int make_session(struct http_h2_session *h)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    int err;

    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return ERR_INTERNAL;
    if (nghttp2_option_new(&option) != 0) {
        nghttp2_session_callbacks_del(callbacks);
        return ERR_INTERNAL;
    }
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
    if (h->config.max_frame_bytes)
        nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, frame_length);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_outbound_ack(option, 1000);
    nghttp2_option_set_max_settings(option, 16);
    nghttp2_option_set_peer_max_concurrent_streams(option, 100); /* until SETTINGS say it */
    err =
        h->config.is_server
            ? nghttp2_session_server_new3(&h->ng, callbacks, h, option, http_h2_mem_of(h->worker))
            : nghttp2_session_client_new3(&h->ng, callbacks, h, option, http_h2_mem_of(h->worker));
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return err ? ERR_INTERNAL : 0;
}

static int submit_settings(struct http_h2_session *h)
{
    const struct http_h2_config *c = &h->config;
    nghttp2_settings_entry list[5];
    size_t n = 0;

    list[n++] =
        (nghttp2_settings_entry){ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, c->stream_window_bytes };
    list[n++] =
        (nghttp2_settings_entry){ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, c->max_header_bytes };
    if (c->is_server)
        list[n++] =
            (nghttp2_settings_entry){ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, c->max_streams };
    else
        list[n++] = (nghttp2_settings_entry){ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 };
    if (c->max_frame_bytes)
        list[n++] = (nghttp2_settings_entry){ NGHTTP2_SETTINGS_MAX_FRAME_SIZE, c->max_frame_bytes };
    if (c->is_server && c->extended_connect)
        list[n++] = (nghttp2_settings_entry){ NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1 };
    if (nghttp2_submit_settings(h->ng, NGHTTP2_FLAG_NONE, list, n) != 0)
        return ERR_INTERNAL;
    if (nghttp2_session_set_local_window_size(h->ng, NGHTTP2_FLAG_NONE, 0,
                                              (int32_t)c->connection_window_bytes) != 0)
        return ERR_INTERNAL;
    return 0;
}

int http_h2_session_init(struct http_h2_session *h, struct stream *transport,
                         const struct http_h2_config *config, const struct http_h2_hooks *hooks,
                         void *owner)
{
    int err;

    *h = (struct http_h2_session){ .transport = transport,
                                   .worker = transport->worker,
                                   .hooks = hooks,
                                   .owner = owner,
                                   .config = *config };
    http_h2_cork_init(&h->cork, config->max_frame_bytes + CORK_BYTES);
    list_init(&h->streams);
    list_init(&h->events);
    list_init(&h->blocked);
    worker_task_init(&h->task, on_task);
    http_h2_meter_init(&h->meter, config->is_server, config->max_resets_per_min,
                       config->max_frame_bytes ? config->max_frame_bytes : USUAL_FRAME_BYTES,
                       worker_now_ms(h->worker));
    err = make_session(h);
    if (!err)
        err = submit_settings(h);
    if (!err)
        worker_defer(h->worker, &h->task);
    return err;
}

void http_h2_session_cut(struct http_h2_session *h)
{
    h->ended = true;
    worker_undefer(&h->task);
    LIST_FOREACH(link, next, &h->streams)
    LIST_ITEM(link, struct http_h2_stream, link)->hs.transport = NULL;
}

void http_h2_session_deinit(struct http_h2_session *h, int err)
{
    h->ended = true;
    worker_undefer(&h->task);
    run_events(h);
    while (!list_is_empty(&h->streams))
        http_h2_stream_finish(LIST_ITEM(h->streams.next, struct http_h2_stream, link), err);
    nghttp2_session_del(h->ng);
    http_h2_cork_deinit(&h->cork);
    h->ng = NULL;
}
