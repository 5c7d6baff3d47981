#include "core/http/http_h2_meter.h"

#include <string.h>

#include "core/base/error.h"

#define CONTINUATION_MAX 16

enum frame_type {
    DATA,
    HEADERS,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    PUSH,
    PING,
    GOAWAY,
    WINDOW,
    CONTINUATION
};
enum frame_flag { END_STREAM = 1, ACK = 1 };

/* Tokens of a full bucket, and how many come back per second. */
static const struct {
    uint32_t burst, per_s;
} limits[HTTP_H2_METER_KINDS] = {
    [HTTP_H2_METER_SETTINGS] = { 100, 10 },
    [HTTP_H2_METER_CONTROL] = { 2000, 500 },
    [HTTP_H2_METER_WINDOW] = { 20000, 5000 },
    [HTTP_H2_METER_EMPTY] = { 100, 10 },
};

static int64_t burst_of(const struct http_h2_meter *m, int kind)
{
    uint32_t burst = kind == HTTP_H2_METER_RESET ? m->resets_per_min : limits[kind].burst;

    return (int64_t)burst * 1000;
}

void http_h2_meter_init(struct http_h2_meter *m, bool is_server, uint32_t resets_per_min,
                        uint32_t frame_max_bytes, uint64_t now_ms)
{
    *m = (struct http_h2_meter){ .resets_per_min = resets_per_min,
                                 .frame_max_bytes = frame_max_bytes,
                                 .filled_ms = now_ms };
    m->preface_left = is_server ? 24 : 0;
    for (int k = 0; k < HTTP_H2_METER_KINDS; k++)
        m->millitokens[k] = burst_of(m, k);
}

static void refill(struct http_h2_meter *m, uint64_t now_ms)
{
    uint64_t ms = now_ms - m->filled_ms;

    if (ms < 100)
        return;
    if (ms > 600000)
        ms = 600000;
    m->filled_ms = now_ms;
    for (int k = 0; k < HTTP_H2_METER_KINDS; k++) {
        int64_t more = k == HTTP_H2_METER_RESET ? (int64_t)(ms * m->resets_per_min / 60)
                                                : (int64_t)(ms * limits[k].per_s);

        m->millitokens[k] += more;
        if (m->millitokens[k] > burst_of(m, k))
            m->millitokens[k] = burst_of(m, k);
    }
}

int http_h2_meter_add(struct http_h2_meter *m, enum http_h2_meter_kind kind, uint64_t now_ms)
{
    refill(m, now_ms);
    m->millitokens[kind] -= 1000;
    return m->millitokens[kind] < 0 ? ERR_LIMIT : 0;
}

void http_h2_meter_sent_data(struct http_h2_meter *m)
{
    if (m->millitokens[HTTP_H2_METER_WINDOW] < burst_of(m, HTTP_H2_METER_WINDOW))
        m->millitokens[HTTP_H2_METER_WINDOW] += 4000; /* for the stream and for the connection */
}

static int count_frame(struct http_h2_meter *m, uint64_t now_ms)
{
    uint8_t type = m->header[3], flags = m->header[4];
    bool empty = m->left == 0;

    if (type == CONTINUATION) {
        if (++m->continuations > CONTINUATION_MAX)
            return ERR_LIMIT;
        return empty ? http_h2_meter_add(m, HTTP_H2_METER_EMPTY, now_ms) : 0;
    }
    m->continuations = 0;
    switch (type) {
    case DATA:
        if (!empty || (flags & END_STREAM))
            return 0;
        return http_h2_meter_add(m, HTTP_H2_METER_EMPTY, now_ms);
    case HEADERS:
    case GOAWAY:
        return 0;
    case RST_STREAM:
        return http_h2_meter_add(m, HTTP_H2_METER_RESET, now_ms);
    case SETTINGS:
        return flags & ACK ? 0 : http_h2_meter_add(m, HTTP_H2_METER_SETTINGS, now_ms);
    case PING:
        return flags & ACK ? 0 : http_h2_meter_add(m, HTTP_H2_METER_CONTROL, now_ms);
    case WINDOW:
        return http_h2_meter_add(m, HTTP_H2_METER_WINDOW, now_ms);
    default:
        return http_h2_meter_add(m, HTTP_H2_METER_CONTROL, now_ms);
    }
}

int http_h2_meter_feed(struct http_h2_meter *m, const uint8_t *p, size_t len, uint64_t now_ms)
{
    size_t at = 0;

    if (m->preface_left) {
        at = len < m->preface_left ? len : m->preface_left;
        m->preface_left = (uint8_t)(m->preface_left - at);
    }
    while (at < len) {
        size_t n = len - at;
        int err;

        if (m->left) {
            n = n < m->left ? n : m->left;
            m->left -= (uint32_t)n;
            at += n;
            continue;
        }
        if (n > sizeof(m->header) - m->have)
            n = sizeof(m->header) - m->have;
        memcpy(m->header + m->have, p + at, n);
        m->have = (uint8_t)(m->have + n);
        at += n;
        if (m->have < sizeof(m->header))
            break;
        m->have = 0;
        m->left = (uint32_t)m->header[0] << 16 | (uint32_t)m->header[1] << 8 | m->header[2];
        if (m->left > m->frame_max_bytes)
            m->left = 0; /* nghttp2 ends the connection over it; nothing behind it counts */
        err = count_frame(m, now_ms);
        if (err)
            return err;
    }
    return 0;
}
