#include "core/net/stream_peek.h"

#include "core/base/error.h"
#include "core/net/stream_mem.h"
#include "tests/tap.h"
#include "tests/unit/support/stream_sink.h"

static struct worker worker;

/* Wants `enough` bytes, then puts the sink on top (unless told to wait). */
struct looker {
    struct stream *s, *far;
    struct stream_sink sink;
    size_t enough, shown, skip;
    int calls;
    enum stream_peek_why last;
    bool waits, closes;
};

static bool decide(void *arg, struct stream *s, struct str bytes, enum stream_peek_why why)
{
    struct looker *l = arg;

    l->calls++;
    l->shown = bytes.len;
    l->last = why;
    if (why == STREAM_PEEK_BYTES && bytes.len < l->enough)
        return false;
    if (l->closes) {
        stream_close(s);
        l->s = NULL;
        return true;
    }
    if (l->skip)
        stream_peek_skip(s, l->skip);
    if (!l->waits)
        stream_sink_listen(&l->sink, s);
    return true;
}

static void look(struct looker *l, const struct stream_peek_options *options)
{
    struct stream *near;

    EQ_INT(worker_init(&worker, 0, 1), 0);
    stream_mem_pair(&worker, &near, &l->far);
    stream_mem_set_read_max(near, 3);
    l->s = stream_peek_new(near, options, decide, l);
    OK(stream_is_ready(l->s));
}

static void look_no_more(struct looker *l)
{
    stream_close(l->s);
    stream_close(l->far);
    worker_deinit(&worker);
    stream_sink_deinit(&l->sink);
}

static void what_was_seen_is_delivered(void)
{
    struct looker l = { .enough = 8 };

    look(&l, NULL);
    stream_write_bytes(l.far, "0123456789abcdef", 16);
    OK(stream_sink_wait_bytes(&worker, &l.sink, 16));
    EQ_STRN(l.sink.in.p, buf_len(&l.sink.in), "0123456789abcdef");
    EQ_INT(l.calls, 3);
    EQ_INT(l.shown, 9);
    OK(stream_peek_through(l.s) == l.s->lower);
    stream_write_bytes(l.s, "back", 4);
    EQ_INT(stream_unsent(l.s), 0);
    stream_write_bytes(l.far, "more", 4);
    OK(stream_sink_wait_bytes(&worker, &l.sink, 20));
    EQ_INT(l.calls, 3);
    stream_shutdown(l.far);
    OK(stream_sink_wait_eof(&worker, &l.sink));
    look_no_more(&l);
}

static void one_read_needs_no_second_buffer(void)
{
    struct looker l = { .enough = 1 };

    look(&l, NULL);
    stream_write_bytes(l.far, "ab", 2);
    OK(stream_sink_wait_bytes(&worker, &l.sink, 2));
    EQ_INT(l.calls, 1);
    look_no_more(&l);
}

static void a_user_who_comes_late_gets_all(void)
{
    struct looker l = { .enough = 4, .waits = true };

    look(&l, NULL);
    stream_write_bytes(l.far, "0123456789", 10);
    stream_shutdown(l.far);
    stream_sink_idle(&worker, 10);
    EQ_INT(l.calls, 2);
    OK(stream_peek_through(l.s) == l.s);
    stream_sink_listen(&l.sink, l.s);
    EQ_INT(l.sink.reads, 0); /* never inside the call */
    OK(stream_sink_wait_eof(&worker, &l.sink));
    EQ_STRN(l.sink.in.p, buf_len(&l.sink.in), "0123456789");
    look_no_more(&l);
}

static void skipped_bytes_are_not_delivered(void)
{
    struct looker l = { .enough = 1, .skip = 2 };
    struct looker late = { .enough = 5, .skip = 4, .waits = true };

    look(&l, NULL);
    stream_write_bytes(l.far, "0123456789", 10);
    OK(stream_sink_wait_bytes(&worker, &l.sink, 8));
    EQ_STRN(l.sink.in.p, buf_len(&l.sink.in), "23456789");
    look_no_more(&l);
    look(&late, NULL);
    stream_write_bytes(late.far, "0123456789", 10);
    stream_sink_idle(&worker, 5);
    stream_sink_listen(&late.sink, late.s);
    OK(stream_sink_wait_bytes(&worker, &late.sink, 6));
    EQ_STRN(late.sink.in.p, buf_len(&late.sink.in), "456789");
    look_no_more(&late);
}

static void the_limit_ends_the_looking(void)
{
    struct stream_peek_options options = { .limit_bytes = 5 };
    struct looker l = { .enough = 1000 };

    look(&l, &options);
    stream_write_bytes(l.far, "0123456789", 10);
    OK(stream_sink_wait_bytes(&worker, &l.sink, 10));
    EQ_INT(l.last, STREAM_PEEK_LIMIT);
    EQ_INT(l.calls, 2);
    look_no_more(&l);
}

static void silence_ends_the_looking(void)
{
    struct stream_peek_options options = { .timeout_ms = 20 };
    struct looker l = { .enough = 1000 };

    look(&l, &options);
    stream_write_bytes(l.s, "server first", 12); /* writes pass */
    stream_sink_idle(&worker, 60);
    EQ_INT(l.calls, 1);
    EQ_INT(l.last, STREAM_PEEK_TIMEOUT);
    EQ_INT(l.shown, 0);
    stream_write_bytes(l.far, "late", 4);
    OK(stream_sink_wait_bytes(&worker, &l.sink, 4));
    look_no_more(&l);
}

static void an_early_end_is_said_and_follows(void)
{
    struct looker l = { .enough = 1000 };

    look(&l, NULL);
    stream_write_bytes(l.far, "ab", 2);
    stream_shutdown(l.far);
    OK(stream_sink_wait_eof(&worker, &l.sink));
    EQ_INT(l.last, STREAM_PEEK_EOF);
    EQ_STRN(l.sink.in.p, buf_len(&l.sink.in), "ab");
    look_no_more(&l);
}

static void an_error_is_said(void)
{
    struct looker l = { .enough = 1000, .closes = true };

    look(&l, NULL);
    stream_mem_fail(l.s->lower, ERR_PROTO);
    stream_sink_idle(&worker, 5);
    EQ_INT(l.last, STREAM_PEEK_ERROR);
    EQ_INT(l.sink.err, 0);
    look_no_more(&l);
}

static void it_may_be_closed_while_looking(void)
{
    struct looker l = { .enough = 4, .closes = true }, early = { .enough = 4 };

    look(&l, NULL);
    stream_write_bytes(l.far, "0123456789", 10);
    stream_sink_idle(&worker, 5);
    EQ_INT(l.calls, 2);
    look_no_more(&l);
    look(&early, &(struct stream_peek_options){ .timeout_ms = 300 });
    stream_write_bytes(early.far, "0", 1);
    stream_sink_idle(&worker, 2); /* far below the timeout also on a busy machine */
    stream_close(early.s);
    early.s = NULL;
    stream_sink_idle(&worker, 350);
    EQ_INT(early.calls, 1);
    look_no_more(&early);
}

static const struct tap_case cases[] = {
    { "what_was_seen_is_delivered", what_was_seen_is_delivered },
    { "one_read_needs_no_second_buffer", one_read_needs_no_second_buffer },
    { "a_user_who_comes_late_gets_all", a_user_who_comes_late_gets_all },
    { "skipped_bytes_are_not_delivered", skipped_bytes_are_not_delivered },
    { "the_limit_ends_the_looking", the_limit_ends_the_looking },
    { "silence_ends_the_looking", silence_ends_the_looking },
    { "an_early_end_is_said_and_follows", an_early_end_is_said_and_follows },
    { "an_error_is_said", an_error_is_said },
    { "it_may_be_closed_while_looking", it_may_be_closed_while_looking },
};

TAP_MAIN(cases)
