/* Both ends of HTTP for tests: a raw peer that sends and records bytes, and a recorder of what an
 * http_stream reports, as text that a case compares. */
#ifndef TESTS_UNIT_SUPPORT_HTTP_WIRE_H
#define TESTS_UNIT_SUPPORT_HTTP_WIRE_H

#include "core/base/buf.h"
#include "core/http/http_server.h"
#include "core/http/http_stream.h"
#include "core/loop/worker.h"
#include "core/net/stream.h"

/* The raw end of a connection. */
struct wire {
    struct stream *s;
    struct buf got;
    bool eof;
    int err;
};
void http_wire_open(struct wire *w, struct stream *s);
void http_wire_close(struct wire *w);
void http_wire_send(struct wire *w, const char *text);
void http_wire_send_bytes(struct wire *w, const void *p, size_t len);
/* What came, zero-terminated; until more comes. */
const char *http_wire_text(struct wire *w);

/* Lets the loop turn until nothing is left to do at once. */
void http_wire_turn(struct worker *w);
/* Lets ms pass. */
void http_wire_wait(struct worker *w, uint64_t ms);

/* Records events as lines: "head 200 end", "body 5", "trailers x-a=1", "reset -20007". */
struct http_note {
    struct http_stream *hs;
    struct buf log, body;
    bool ended, keep; /* keep: don't consume */
    struct http_failure failure;
};
void http_wire_note_init(struct http_note *n);
void http_wire_note_deinit(struct http_note *n); /* releases hs when still held */
/* Takes over hs. */
void http_wire_note(struct http_note *n, struct http_stream *hs);
const char *http_wire_log(struct http_note *n);
/* A request head for sending. */
void http_wire_request(struct http_msg *m, struct arena *a, const char *method, const char *path);

#endif
