/* What http_server.c and the codecs of a served connection share. Internal to core/http.
 *
 *      new ──► sniffing ──► codec runs ──► ended ──(same turn)──► on_close, freed
 *
 * Whatever ends a connection goes through http_server_conn_end(): the stream is given up at once,
 * the rest follows in a deferred task, so that no callback runs inside a user's call. */
#ifndef CORE_HTTP_HTTP_SERVER_CONN_H
#define CORE_HTTP_HTTP_SERVER_CONN_H

#include "core/http/http_server.h"
#include "core/loop/worker.h"

#define HTTP_SERVER_LINGER_MS 2000 /* for the peer to read a last answer */

struct http_server_codec {
    int (*start)(struct http_server_conn *conn); /* sets conn->codec_state */
    void (*on_read)(struct http_server_conn *conn, const uint8_t *p, size_t len);
    void (*on_eof)(struct http_server_conn *conn);
    void (*on_drain)(struct http_server_conn *conn);
    void (*on_deadline)(struct http_server_conn *conn);
    void (*drain)(struct http_server_conn *conn);
    /* The stream is about to be given up: nothing may touch it from here on. */
    void (*ended)(struct http_server_conn *conn);
    /* Frees codec_state; streams in motion are told. Top level, the last call. */
    void (*stop)(struct http_server_conn *conn, int err);
};

struct http_server_conn {
    struct stream *stream; /* owned until ended */
    struct worker *worker;
    const struct http_server_config *config;
    const struct http_server_handler *handler;
    void *arg, *data;
    const struct http_server_codec *codec; /* NULL while sniffing */
    void *codec_state;
    struct timer timer;
    uint64_t deadline_ms, timer_ms; /* worker time: what is meant, what the timer is set to */
    struct worker_task task;        /* ends it */
    uint32_t active, served;
    int err;
    uint8_t sniffed[24];
    uint8_t sniffed_len;
    bool draining, ended, is_tls;
};

/* on_deadline runs ms from now unless moved; 0: never. A later deadline costs a store. */
void http_server_conn_set_deadline(struct http_server_conn *conn, uint64_t ms);
/* Ends the connection; with flush what was written still leaves. Does nothing when it has ended. */
void http_server_conn_end(struct http_server_conn *conn, int err, bool flush);
/* Hands a request to the handler, counted as active until http_server_conn_done. */
void http_server_conn_request(struct http_server_conn *conn, struct http_stream *hs,
                              struct http_msg *head, bool end);
void http_server_conn_done(struct http_server_conn *conn);
/* No further request after those that run. */
bool http_server_conn_is_last(const struct http_server_conn *conn);
/* The value for a missing `date`, made at most once a second. Until the next call. */
struct str http_server_conn_date(const struct http_server_conn *conn);

/* A setting, or its default. */
static inline uint32_t http_server_conn_or(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

extern const struct http_server_codec http_h1_server_codec;
extern const struct http_server_codec http_h2_server_codec;

#endif
