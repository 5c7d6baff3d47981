/* One HTTP/2 connection, either end: nghttp2 with our limits, and its streams. Internal to
 * core/http.
 *
 *      bytes ─► meter ─► nghttp2 ─► callbacks ─► streams ─► users
 *      users ─► nghttp2_submit_* ─► pump ─► cork ─► transport, once per turn or 64 KiB
 *
 * nghttp2 must not be entered twice, and users must not be called from inside their own calls. So
 * what a user submits while input is read is pumped when that is over, and what happens while
 * output is made (a stream closes, a queue drains) becomes an event that a deferred task delivers.
 * Reading never stops for a full stream or a slow peer: windows bound what comes. Loop thread. */
#ifndef CORE_HTTP_HTTP_H2_SESSION_H
#define CORE_HTTP_HTTP_H2_SESSION_H

#include <nghttp2/nghttp2.h>

#include "core/base/list.h"
#include "core/http/http_h2_cork.h"
#include "core/http/http_h2_meter.h"
#include "core/http/http_stream.h"
#include "core/loop/worker.h"

struct http_h2_stream;

/* Bodies that came and were not read, of all streams of a connection with credit_at_once. */
#define HTTP_H2_HELD_MAX ((size_t)16 * 1024 * 1024)

struct http_h2_config {
    bool is_server;
    bool extended_connect; /* server: announce it */
    bool allow_connect;    /* server: plain CONNECT; else 405 */
    uint32_t max_streams, stream_window_bytes, connection_window_bytes;
    /* Many readers share the connection: its window is given back as bytes come, so that one who
     * stops holds up only its own stream, whose window is bound to the reading as ever. All of them
     * together may hold HTTP_H2_HELD_MAX bytes before the connection waits too. */
    bool credit_at_once;
    uint32_t max_frame_bytes; /* of DATA, both ways; 0: 16 KiB, as everybody has it */
    uint32_t max_header_bytes, max_headers, max_path_bytes;
    uint32_t max_resets_per_min;
    const char *server_name;
};

struct http_h2_hooks {
    /* Server: a request's head is complete and passed the gate. */
    void (*on_request)(void *owner, struct http_h2_stream *s, bool end);
    /* A stream that had been counted is over. Top level. */
    void (*on_gone)(void *owner);
    void (*on_settings)(void *owner); /* the peer's SETTINGS came */
    void (*on_goaway)(void *owner);   /* the peer takes no further streams */
    void (*on_ping_ack)(void *owner);
    /* The connection must end: the owner closes the transport, with flush when there is something
     * to say, and frees the session later. Top level, once. */
    void (*on_end)(void *owner, int err, bool flush);
};

struct http_h2_session {
    nghttp2_session *ng;
    struct stream *transport; /* borrowed */
    struct worker *worker;
    const struct http_h2_hooks *hooks;
    void *owner;
    struct str (*date)(void *owner); /* server: the value of a missing date; may be NULL */
    struct http_h2_config config;
    struct http_h2_meter meter;
    struct http_h2_cork cork;
    struct worker_task task;
    struct list streams; /* all, counted or not */
    struct list events;  /* streams with something to tell */
    struct list blocked; /* streams whose DATA waits for the transport */
    uint32_t active;     /* streams that were shown to a user */
    uint32_t served;     /* the same, ever */
    int fatal;           /* what on_end will be told */
    bool fatal_flush;
    bool receiving, sending, ended;
    bool goaway_in, goaway_out;
    bool settings_in;
    /* DATA not yet delivered, since the END_STREAM flag is known only behind it. */
    struct http_h2_stream *chunk_stream;
    const uint8_t *chunk;
    size_t chunk_len;
    size_t held; /* with credit_at_once: the sum of the streams' */
    size_t owed; /* credit of the connection, kept back while too much is held */
};

/* transport must be ready for writes (they may wait for its handshake). Queues SETTINGS. */
int http_h2_session_init(struct http_h2_session *h, struct stream *transport,
                         const struct http_h2_config *config, const struct http_h2_hooks *hooks,
                         void *owner);
/* Tells streams in motion that the connection is gone. Top level. */
void http_h2_session_deinit(struct http_h2_session *h, int err);

/* The transport is about to be given up: nothing touches it from here on. */
void http_h2_session_cut(struct http_h2_session *h);
void http_h2_session_recv(struct http_h2_session *h, const uint8_t *p, size_t len);
/* The transport's unsent bytes fell to its low-water mark. */
void http_h2_session_drained(struct http_h2_session *h);
/* Serialises what nghttp2 has to say. Not while receiving: then it happens afterwards. */
void http_h2_session_pump(struct http_h2_session *h);
static inline bool http_h2_session_can_pump(const struct http_h2_session *h)
{
    return !h->receiving && !h->sending && !h->ended;
}
/* Pumps and writes at the end of this turn. */
void http_h2_session_pump_later(struct http_h2_session *h);
/* Ends the connection: h2_code goes out in a GOAWAY when it can. on_end follows at top level. */
void http_h2_session_fail(struct http_h2_session *h, int err, uint32_t h2_code);
/* GOAWAY in two steps: announce with the highest id, then, a round trip later, the real one. */
void http_h2_session_announce(struct http_h2_session *h);
/* Resets streams that were answered and whose request goes on. */
void http_h2_session_stop_discarding(struct http_h2_session *h);
void http_h2_session_goaway(struct http_h2_session *h);
void http_h2_session_ping(struct http_h2_session *h);

#endif
