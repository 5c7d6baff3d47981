/* The user at the top of a stream in a test: keeps what it was told. */
#ifndef TESTS_UNIT_SUPPORT_STREAM_SINK_H
#define TESTS_UNIT_SUPPORT_STREAM_SINK_H

#include "core/base/buf.h"
#include "core/loop/worker.h"
#include "core/net/stream.h"

struct stream_sink {
    struct stream *s; /* NULL once it was closed */
    struct buf in;
    bool ready, eof;
    int err;
    int reads, drains;
    size_t biggest_read;
    size_t pause_at; /* stops reading when so many bytes are in; 0: never */
    bool close_on_read;
    bool echo;
    void (*hook)(struct stream_sink *sink); /* after each event; may be NULL */
};

/* Zeroes *sink, sets it as the user of s and starts to read. */
void stream_sink_attach(struct stream_sink *sink, struct stream *s);
/* The same without zeroing: for sinks with options. */
void stream_sink_listen(struct stream_sink *sink, struct stream *s);
void stream_sink_close(struct stream_sink *sink);
void stream_sink_close_flush(struct stream_sink *sink);
void stream_sink_deinit(struct stream_sink *sink);

/* Run w until the sink has len bytes / has seen the end / an error / readiness; false after 5 s. */
bool stream_sink_wait_bytes(struct worker *w, struct stream_sink *sink, size_t len);
bool stream_sink_wait_eof(struct worker *w, struct stream_sink *sink);
bool stream_sink_wait_error(struct worker *w, struct stream_sink *sink);
bool stream_sink_wait_ready(struct worker *w, struct stream_sink *sink);
bool stream_sink_wait_drain(struct worker *w, struct stream_sink *sink);
/* Runs w for a while, for what should not happen. */
void stream_sink_idle(struct worker *w, uint64_t ms);

/* Two connected TCP streams over loopback. */
bool stream_sink_tcp_pair(struct worker *w, struct stream **client, struct stream **server);

#endif
