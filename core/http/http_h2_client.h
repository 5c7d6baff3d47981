/* The client end of one HTTP/2 connection. http_pool.h keeps several. Loop thread. */
#ifndef CORE_HTTP_HTTP_H2_CLIENT_H
#define CORE_HTTP_HTTP_H2_CLIENT_H

#include "core/http/http_stream.h"

struct http_h2_client;
struct stream;

/* 0 means the default in brackets. */
struct http_h2_client_config {
    uint32_t max_streams;                                  /* [100] also bounded by the peer */
    uint32_t stream_window_bytes, connection_window_bytes; /* [32768, growing; 1048576] */
    uint32_t max_frame_bytes;                              /* [16384] of DATA, both ways */
    uint32_t max_header_bytes;                             /* [61440] */
    uint32_t ping_interval_ms;                             /* [0: none]; unanswered for as long
                                                              again: ERR_TIMEOUT */
};

struct http_h2_client_events {
    /* There may be room for another stream: one ended, or SETTINGS came. At top level. */
    void (*on_room)(void *arg);
    /* The peer takes no further streams; running ones go on. At top level. */
    void (*on_goaway)(void *arg);
    /* The connection is gone; last call, at top level. The owner forgets the pointer. */
    void (*on_close)(void *arg, int err);
};

/* Takes over s, which must be ready; ERR_INTERNAL closes it. */
int http_h2_client_new(struct stream *s, const struct http_h2_client_config *config,
                       const struct http_h2_client_events *events, void *arg,
                       struct http_h2_client **out);
/* A stream for a request; only when there is room. */
struct http_stream *http_h2_client_request(struct http_h2_client *c);
/* How many more streams may be opened now; 0 after GOAWAY, drain or the end. */
uint32_t http_h2_client_room(const struct http_h2_client *c);
uint32_t http_h2_client_active(const struct http_h2_client *c);
/* No further requests; closes when the running ones are over. */
void http_h2_client_drain(struct http_h2_client *c);
void http_h2_client_close(struct http_h2_client *c);
struct stream *http_h2_client_stream(struct http_h2_client *c); /* borrowed */

#endif
