/* How much of each cheap frame an HTTP/2 peer has sent lately.
 *
 * Several attacks consist of frames that cost the sender nothing and us something: streams opened
 * and reset, PING, SETTINGS, WINDOW_UPDATE, PRIORITY, empty DATA, endless CONTINUATION. nghttp2
 * counts some of them in some versions, and stops counting when its own answers pile up. So the
 * frame headers are counted here, from the bytes as they come, in token buckets: a burst, and a
 * rate that may go on for ever. Memory is constant. */
#ifndef CORE_HTTP_HTTP_H2_METER_H
#define CORE_HTTP_HTTP_H2_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_h2_meter_kind {
    HTTP_H2_METER_RESET, /* RST_STREAM, and streams we had to reset for the peer's mistakes */
    HTTP_H2_METER_SETTINGS,
    HTTP_H2_METER_CONTROL, /* PING, PRIORITY, unknown types */
    HTTP_H2_METER_WINDOW,  /* WINDOW_UPDATE beyond what our DATA explains */
    HTTP_H2_METER_EMPTY,   /* DATA and HEADERS continuation without content */
    HTTP_H2_METER_KINDS,
};

struct http_h2_meter {
    int64_t millitokens[HTTP_H2_METER_KINDS];
    uint64_t filled_ms;
    uint32_t resets_per_min;
    uint32_t frame_max_bytes; /* what we announce; nghttp2 refuses larger ones */
    uint32_t left;            /* of the current frame's payload */
    uint8_t header[9], have;  /* of a frame header that came in parts */
    uint8_t preface_left;
    uint8_t continuations; /* in a row */
};

/* The server's side sees the preface first. frame_max_bytes: our SETTINGS_MAX_FRAME_SIZE. */
void http_h2_meter_init(struct http_h2_meter *m, bool is_server, uint32_t resets_per_min,
                        uint32_t frame_max_bytes, uint64_t now_ms);
/* Counts the frames that begin in p[0..len-1]. 0, or ERR_LIMIT. */
int http_h2_meter_feed(struct http_h2_meter *m, const uint8_t *p, size_t len, uint64_t now_ms);
/* Counts one more of a kind; for what the bytes don't show. 0, or ERR_LIMIT. */
int http_h2_meter_add(struct http_h2_meter *m, enum http_h2_meter_kind kind, uint64_t now_ms);
/* We sent DATA, which the peer will answer by WINDOW_UPDATE. */
void http_h2_meter_sent_data(struct http_h2_meter *m);

#endif
