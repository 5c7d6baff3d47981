#include "core/tls/stream_tls.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/tls/tls_config_data.h"
#include "core/tls/tls_session.h"

/* For the whole handshake where a config is chosen by name, which gateways do (GWB-10). */
#define CHOOSE_TIMEOUT_MS 15000

/*   HELLO ---choose_config---> HANDSHAKE ---finish---> OPEN
 *     |                            |                    |
 *     +--------------- die --------+--------------------+---> DEAD
 *
 * Streams with a config given start in HANDSHAKE. */
enum state { STATE_HELLO, STATE_HANDSHAKE, STATE_OPEN, STATE_DEAD };

struct stream_tls {
    struct stream base;
    enum state state;
    bool is_server;
    bool want_read;     /* the user reads */
    bool lower_eof;     /* the layer below has ended */
    bool want_shutdown; /* stream_shutdown came before the handshake's end */
    bool in_pump;       /* input is being worked on further up the stack of calls */
    bool report_truncation;
    struct tls_session session;
    struct chunk_queue pending; /* plaintext written before OPEN */
    stream_tls_choose_fn choose;
    void *choose_arg;
    struct timer timer;        /* of the handshake */
    struct worker_task resume; /* works on kept input outside of the user's call */
    struct worker_task cleanup;
};

/* Const is put aside here once: CONTAINER_OF has no form for it. */
static struct stream_tls *of(const struct stream *s)
{
    return CONTAINER_OF((uintptr_t)s, struct stream_tls, base);
}

static void set_state(struct stream_tls *t, enum state to)
{
    static const uint8_t allowed[] = {
        [STATE_HELLO] = 1 << STATE_HANDSHAKE | 1 << STATE_DEAD,
        [STATE_HANDSHAKE] = 1 << STATE_OPEN | 1 << STATE_DEAD,
        [STATE_OPEN] = 1 << STATE_DEAD,
        [STATE_DEAD] = 0,
    };

    ASSERT(allowed[t->state] & 1 << to);
    t->state = to;
}

static bool is_live(const struct stream_tls *t)
{
    return !t->base.closed && t->state != STATE_DEAD;
}

static void die(struct stream_tls *t)
{
    set_state(t, STATE_DEAD);
    timer_cancel(&t->timer);
    worker_undefer(&t->resume);
    stream_read_stop(t->base.lower);
}

/* text: what to say when the session has no reason of its own. */
static void fail(struct stream_tls *t, int err, const char *text)
{
    err = tls_session_fail(&t->session, err, text);
    die(t);
    stream_emit_error(&t->base, err);
}

/* ---- ClientHello: which config ---- */

/* The input so far as one run of bytes, owned by the caller. */
static uint8_t *copy_kept(const struct chunk_queue *kept, size_t *len)
{
    uint8_t *p = mem_alloc(kept->len);
    struct iovec iov[32];
    int n = chunk_queue_peek(kept, iov, COUNT_OF(iov));

    *len = 0;
    for (int i = 0; i < n; i++) {
        memcpy(p + *len, iov[i].iov_base, iov[i].iov_len);
        *len += iov[i].iov_len;
    }
    return p;
}

static int parse_hello(struct stream_tls *t, struct tls_hello *hello)
{
    struct tls_bio *bio = &t->session.bio;
    uint8_t *heap;
    size_t len;
    int err;

    if (bio->kept.len == 0)
        return tls_hello_parse(bio->in, bio->in_len, hello);
    tls_bio_keep(bio);
    heap = copy_kept(&bio->kept, &len);
    err = tls_hello_parse(heap, len, hello);
    mem_free(heap);
    return err;
}

/* There is no SSL yet that could send the alert. */
static void refuse_name(struct stream_tls *t)
{
    static const uint8_t unrecognized_name[] = { 21, 3, 1, 0, 2, 2, 112 };

    /* Best effort: the connection ends either way. */
    stream_write_bytes(t->base.lower, unrecognized_name, sizeof(unrecognized_name));
    fail(t, ERR_TLS, "no configuration for this server name");
}

static void set_config(struct stream_tls *t, struct tls_config *config)
{
    t->report_truncation = config->report_truncation;
    tls_session_start(&t->session, config);
}

static void choose_config(struct stream_tls *t)
{
    struct tls_hello hello;
    struct tls_config *config;
    int err = parse_hello(t, &hello);

    if (err == ERR_AGAIN)
        return;
    if (err) {
        fail(t, ERR_TLS, err == ERR_LIMIT ? "ClientHello too long" : "not a TLS ClientHello");
        return;
    }
    config = t->choose(t->choose_arg, &hello);
    if (t->base.closed)
        return;
    if (!config || !config->is_server) {
        refuse_name(t);
        return;
    }
    set_state(t, STATE_HANDSHAKE);
    set_config(t, config);
}

/* ---- handshake ---- */

static int send_pending(struct stream_tls *t)
{
    struct iovec iov[8];
    int err = 0;

    while (t->pending.len > 0 && !err) {
        int n = chunk_queue_peek(&t->pending, iov, COUNT_OF(iov));
        size_t len = 0;

        for (int i = 0; i < n; i++)
            len += iov[i].iov_len;
        err = tls_session_write(&t->session, iov, n);
        chunk_queue_consume(&t->pending, len);
    }
    return err;
}

static void finish(struct stream_tls *t)
{
    bool owes_drain = t->pending.len > STREAM_LOW_WATER_BYTES;
    int err;

    set_state(t, STATE_OPEN);
    timer_cancel(&t->timer);
    err = send_pending(t);
    if (err) {
        fail(t, err, error_text(err));
        return;
    }
    if (t->want_shutdown) {
        tls_session_notify(&t->session);
        stream_shutdown(t->base.lower);
    }
    stream_emit_ready(&t->base);
    /* What waited for the handshake may have left at once: the layer below then has no drain to
     * tell of, and a user that paused for it would wait for ever. */
    if (owes_drain && is_live(t) && stream_unsent(t->base.lower) <= STREAM_LOW_WATER_BYTES)
        stream_emit_drain(&t->base);
}

static void shake(struct stream_tls *t)
{
    int err = tls_session_handshake(&t->session);

    if (!err)
        finish(t);
    else if (err != ERR_AGAIN)
        fail(t, err, "TLS handshake failed");
}

static void on_timeout(struct timer *timer)
{
    fail(CONTAINER_OF(timer, struct stream_tls, timer), ERR_TIMEOUT, "TLS handshake took too long");
}

/* ---- input ---- */

static void read_records(struct stream_tls *t)
{
    uint8_t *plain = (uint8_t *)t->base.worker->plain;
    int err = 0;

    while (!err && is_live(t) && t->want_read && !t->session.got_notify) {
        size_t len;

        err = tls_session_read(&t->session, plain, WORKER_PLAIN_BYTES, &len);
        if (len > 0)
            stream_emit_read(&t->base, plain, len);
    }
    if (err && err != ERR_AGAIN && is_live(t))
        fail(t, err, "TLS record cannot be read");
}

static void got_end(struct stream_tls *t)
{
    if (t->state != STATE_OPEN)
        fail(t, ERR_CLOSED, "peer hung up during the handshake");
    else if (!t->session.got_notify && t->report_truncation)
        fail(t, ERR_TLS, "peer hung up without close_notify");
    else
        stream_emit_eof(&t->base);
}

/* Works on the input until it is used up or the user pauses; what is left then is kept. */
static void pump(struct stream_tls *t)
{
    t->in_pump = true;
    if (t->state == STATE_HELLO)
        choose_config(t);
    if (is_live(t) && t->state == STATE_HANDSHAKE)
        shake(t);
    if (is_live(t) && t->state == STATE_OPEN)
        read_records(t);
    t->in_pump = false;
    if (!is_live(t))
        return;
    if (t->session.got_notify)
        t->session.bio.in_len = 0; /* nothing counts after it */
    tls_bio_keep(&t->session.bio);
    if (t->state == STATE_OPEN && !t->want_read)
        stream_read_stop(t->base.lower);
    else if (t->lower_eof || t->session.got_notify)
        got_end(t);
}

static void on_resume(struct worker_task *task)
{
    struct stream_tls *t = CONTAINER_OF(task, struct stream_tls, resume);

    if (!is_live(t) || t->state != STATE_OPEN || !t->want_read)
        return;
    pump(t);
    if (is_live(t) && t->want_read)
        stream_read_start(t->base.lower);
}

/* ---- the layer below tells ---- */

static void lower_ready(void *arg)
{
    struct stream_tls *t = arg;
    const struct tls_config *config = t->session.config;

    timer_start(&t->timer, config ? config->handshake_timeout_ms : CHOOSE_TIMEOUT_MS);
    stream_read_start(t->base.lower);
    if (!t->is_server)
        pump(t);
}

static void lower_read(void *arg, const uint8_t *p, size_t len)
{
    struct stream_tls *t = arg;

    if (!is_live(t) || t->session.got_notify)
        return;
    t->session.bio.in = p;
    t->session.bio.in_len = len;
    /* A TLS stream below this one hands us its plaintext: the scratch that we decrypt into. */
    if ((const char *)p >= t->base.worker->plain &&
        (const char *)p < t->base.worker->plain + WORKER_PLAIN_BYTES)
        tls_bio_keep(&t->session.bio);
    pump(t);
}

static void lower_eof(void *arg)
{
    struct stream_tls *t = arg;

    t->lower_eof = true;
    if (is_live(t))
        pump(t);
}

static void lower_drain(void *arg)
{
    struct stream_tls *t = arg;

    if (is_live(t) && t->state == STATE_OPEN)
        stream_emit_drain(&t->base);
}

static void lower_error(void *arg, int err)
{
    struct stream_tls *t = arg;

    if (is_live(t))
        fail(t, err, error_text(err));
}

static const struct stream_events lower_events = {
    .on_ready = lower_ready,
    .on_read = lower_read,
    .on_eof = lower_eof,
    .on_drain = lower_drain,
    .on_error = lower_error,
};

/* ---- the user asks ---- */

static int op_write(struct stream *s, const struct iovec *iov, int count)
{
    struct stream_tls *t = of(s);
    int err;

    if (t->state == STATE_DEAD)
        return ERR_CLOSED;
    if (t->state != STATE_OPEN) {
        for (int i = 0; i < count; i++)
            chunk_queue_add(&t->pending, iov[i].iov_base, iov[i].iov_len);
        return 0;
    }
    err = tls_session_write(&t->session, iov, count);
    if (err)
        die(t);
    return err;
}

static size_t op_unsent(const struct stream *s)
{
    return of(s)->pending.len + stream_unsent(s->lower);
}

static void op_read(struct stream *s, bool on)
{
    struct stream_tls *t = of(s);

    t->want_read = on;
    if (t->state != STATE_OPEN || t->in_pump)
        return; /* a handshake reads in any case; pump looks at want_read when it is done */
    if (!on)
        stream_read_stop(s->lower);
    else if (t->session.bio.kept.len > 0 || t->lower_eof || t->session.got_notify ||
             tls_session_has_read(&t->session))
        worker_defer(s->worker, &t->resume);
    else
        stream_read_start(s->lower);
}

static void op_shutdown(struct stream *s)
{
    struct stream_tls *t = of(s);

    t->want_shutdown = true;
    if (t->state != STATE_OPEN)
        return;
    tls_session_notify(&t->session);
    stream_shutdown(s->lower);
}

static void free_now(struct worker_task *task)
{
    struct stream_tls *t = CONTAINER_OF(task, struct stream_tls, cleanup);

    tls_session_deinit(&t->session);
    chunk_queue_clear(&t->pending);
    mem_free(t);
}

static void op_close(struct stream *s, bool flush)
{
    struct stream_tls *t = of(s);

    timer_cancel(&t->timer);
    worker_undefer(&t->resume);
    if (t->state == STATE_OPEN)
        tls_session_notify(&t->session);
    /* A refusal's alert must not be lost to a reset, or the peer cannot know why. */
    if (flush || t->session.code == ERR_CERT || t->session.code == ERR_TLS)
        stream_close_flush(s->lower);
    else
        stream_close(s->lower);
    s->lower = NULL;
    t->session.bio.lower = NULL;
    /* The library may be further up the stack of calls. */
    worker_defer(s->worker, &t->cleanup);
}

const struct stream_ops stream_tls_ops = {
    .name = "tls",
    .write = op_write,
    .unsent = op_unsent,
    .read = op_read,
    .shutdown = op_shutdown,
    .close = op_close,
};

/* ---- making one ---- */

static struct stream_tls *tls_new(struct stream *lower, enum state state, bool is_server)
{
    struct stream_tls *t = mem_alloc0(1, sizeof(*t));
    struct worker *w = lower->worker;

    t->base.ops = &stream_tls_ops;
    t->base.worker = w;
    t->base.lower = lower;
    t->state = state;
    t->is_server = is_server;
    tls_session_init(&t->session, w, lower);
    chunk_queue_init(&t->pending, &w->chunks);
    timer_init(&t->timer, &w->timers, on_timeout);
    worker_task_init(&t->resume, on_resume);
    worker_task_init(&t->cleanup, free_now);
    stream_set_events(lower, &lower_events, t);
    return t;
}

/* A client says hello at once where it can; nobody listens yet to hear that this failed. */
static int begin(struct stream_tls *t, struct stream **out)
{
    int err;

    if (stream_is_ready(t->base.lower))
        lower_ready(t);
    if (t->state == STATE_DEAD) {
        err = t->session.code;
        stream_close(&t->base);
        return err;
    }
    *out = &t->base;
    return 0;
}

static int begin_with(struct stream *lower, struct tls_config *config, bool is_server,
                      struct stream **out)
{
    struct stream_tls *t;

    if (config->is_server != is_server) {
        stream_close(lower);
        return ERR_INVALID;
    }
    t = tls_new(lower, STATE_HANDSHAKE, is_server);
    set_config(t, config);
    return begin(t, out);
}

int stream_tls_server(struct stream *lower, struct tls_config *config, struct stream **out)
{
    return begin_with(lower, config, true, out);
}

int stream_tls_client(struct stream *lower, struct tls_config *config, struct stream **out)
{
    return begin_with(lower, config, false, out);
}

int stream_tls_server_choose(struct stream *lower, stream_tls_choose_fn choose, void *arg,
                             struct stream **out)
{
    struct stream_tls *t = tls_new(lower, STATE_HELLO, true);

    t->choose = choose;
    t->choose_arg = arg;
    return begin(t, out);
}

/* ---- asking ---- */

bool stream_tls_get_info(struct stream *s, struct stream_tls_info *out)
{
    struct stream *found = stream_find(s, &stream_tls_ops);

    if (!found || !found->ready)
        return false;
    tls_session_get_info(&of(found)->session, out);
    return true;
}

struct str stream_tls_peer_id(struct stream *s)
{
    struct stream *found = stream_find(s, &stream_tls_ops);
    const struct tls_peer *peer = found ? of(found)->session.peer : NULL;

    return peer && found->ready ? tls_peer_spiffe(peer)->id : STR_NONE;
}

const char *stream_tls_error(const struct stream *s)
{
    while (s && s->ops != &stream_tls_ops)
        s = s->lower;
    return s && of(s)->session.error ? of(s)->session.error : "";
}
