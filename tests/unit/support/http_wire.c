#include "tests/unit/support/http_wire.h"

#include <string.h>

static void on_read(void *arg, const uint8_t *p, size_t len)
{
    buf_add(&((struct wire *)arg)->got, p, len);
}

static void on_eof(void *arg)
{
    ((struct wire *)arg)->eof = true;
}

static void on_error(void *arg, int err)
{
    ((struct wire *)arg)->err = err;
}

static const struct stream_events wire_events = { .on_read = on_read,
                                                  .on_eof = on_eof,
                                                  .on_error = on_error };

void http_wire_open(struct wire *w, struct stream *s)
{
    *w = (struct wire){ .s = s };
    buf_init(&w->got, 0);
    stream_set_events(s, &wire_events, w);
    stream_read_start(s);
}

void http_wire_close(struct wire *w)
{
    stream_close(w->s);
    w->s = NULL;
    buf_deinit(&w->got);
}

void http_wire_send(struct wire *w, const char *text)
{
    http_wire_send_bytes(w, text, strlen(text));
}

void http_wire_send_bytes(struct wire *w, const void *p, size_t len)
{
    (void)stream_write_bytes(w->s, p, len);
}

const char *http_wire_text(struct wire *w)
{
    char *zero = buf_reserve(&w->got, 1);

    *zero = '\0';
    return w->got.p + w->got.start;
}

void http_wire_turn(struct worker *w)
{
    for (int i = 0; i < 12; i++)
        uv_run(&w->loop, UV_RUN_NOWAIT);
}

static bool is_time(void *arg)
{
    (void)arg;
    return false;
}

void http_wire_wait(struct worker *w, uint64_t ms)
{
    (void)worker_run_until(w, is_time, NULL, ms);
}

/* ---- recorder ---- */

static void add_header_lines(struct http_note *n, const struct http_headers *h)
{
    for (uint32_t i = 0; i < h->count; i++)
        buf_printf(&n->log, " %.*s=%.*s", STR_ARG(h->items[i].name), STR_ARG(h->items[i].value));
}

static void on_head(void *arg, struct http_msg *head, bool end)
{
    struct http_note *n = arg;

    buf_printf(&n->log, "head %d", head->status);
    if (head->upgrade.len)
        buf_printf(&n->log, " upgrade:%.*s", STR_ARG(head->upgrade));
    if (head->content_length >= 0)
        buf_printf(&n->log, " length:%lld", (long long)head->content_length);
    add_header_lines(n, &head->headers);
    buf_printf(&n->log, "%s\n", end ? " end" : "");
    n->ended = end;
}

static void on_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct http_note *n = arg;

    buf_add(&n->body, p, len);
    n->ended = end;
    if (end)
        buf_printf(&n->log, "body %zu end\n", buf_len(&n->body));
    if (!n->keep)
        http_stream_consume(n->hs, len);
}

static void on_trailers(void *arg, struct http_headers *trailers)
{
    struct http_note *n = arg;

    buf_printf(&n->log, "body %zu trailers", buf_len(&n->body));
    add_header_lines(n, trailers);
    buf_add_char(&n->log, '\n');
    n->ended = true;
}

static void on_writable(void *arg)
{
    buf_add_str(&((struct http_note *)arg)->log, STR("writable\n"));
}

static void on_reset(void *arg, const struct http_failure *failure)
{
    struct http_note *n = arg;

    n->failure = *failure;
    buf_printf(&n->log, "reset\n");
}

static const struct http_stream_events note_events = {
    .on_head = on_head,
    .on_body = on_body,
    .on_trailers = on_trailers,
    .on_writable = on_writable,
    .on_reset = on_reset,
};

void http_wire_note_init(struct http_note *n)
{
    *n = (struct http_note){ 0 };
    buf_init(&n->log, 0);
    buf_init(&n->body, 0);
}

void http_wire_note_deinit(struct http_note *n)
{
    if (n->hs)
        http_stream_release(n->hs);
    n->hs = NULL;
    buf_deinit(&n->log);
    buf_deinit(&n->body);
}

void http_wire_note(struct http_note *n, struct http_stream *hs)
{
    n->hs = hs;
    http_stream_set_events(hs, &note_events, n);
}

const char *http_wire_log(struct http_note *n)
{
    char *zero = buf_reserve(&n->log, 1);

    *zero = '\0';
    return n->log.p + n->log.start;
}

void http_wire_request(struct http_msg *m, struct arena *a, const char *method, const char *path)
{
    http_msg_init(m, a);
    http_msg_set_method(m, str_of(method));
    m->scheme = STR("http");
    m->authority = STR("a.test");
    m->path = str_of(path);
}
