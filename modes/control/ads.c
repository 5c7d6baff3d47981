#include "modes/control/ads.h"

#include <unistd.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/pki/pki_spiffe.h"
#include "core/text/proto.h"
#include "core/tls/stream_tls.h"
#include "core/xds/xds_server.h"
#include "modes/control/ads_caller.h"
#include "modes/control/ads_feed.h"
#include "modes/control/ads_stream.h"
#include "modes/control/workload.h"

static struct log_module log_module = LOG_MODULE("ads");

static void on_pump(struct worker_task *task);
static void on_settle(struct worker_task *task);

static void on_changed(void *arg)
{
    struct ads *a = arg;

    worker_defer(a->worker, &a->pump);
}

static void on_credential_changed(void *arg, struct str name)
{
    struct ads *a = arg;

    LIST_FOREACH(it, tmp, &a->streams)
    ads_stream_reconsider(LIST_ITEM(it, struct ads_stream, link), name);
}

int ads_new(struct worker *w, const struct ads_options *options, struct ads **out)
{
    struct ads *a = mem_alloc0(1, sizeof(*a));
    int err;

    a->worker = w;
    a->store = options->store;
    list_init(&a->streams);
    list_init(&a->waits);
    map_init(&a->shared);
    worker_task_init(&a->pump, on_pump);
    worker_task_init(&a->settle, on_settle);
    a->workload = workload_new(w, options->store);
    err = ads_feed_new(options, on_changed, on_credential_changed, a, &a->feed);
    if (err) {
        log_error("the store cannot be followed: %s", error_text(err));
        ads_free(a);
        return err;
    }
    *out = a;
    return 0;
}

static void clear_shared(struct map *m)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(m, &at));)
        mem_free((char *)(uintptr_t)s->key.p); /* made by str_dup */
    map_deinit(m);
}

const struct registry *ads_registry(const struct ads *a)
{
    return ads_feed_registry(a->feed);
}

void ads_free(struct ads *a)
{
    if (!a)
        return;
    worker_undefer(&a->pump);
    worker_undefer(&a->settle);
    clear_shared(&a->shared);
    LIST_FOREACH(it, tmp, &a->streams)
    ads_stream_free(LIST_ITEM(it, struct ads_stream, link));
    LIST_FOREACH(it, tmp, &a->waits)
    ads_wait_cancel(LIST_ITEM(it, struct ads_wait, link));
    workload_free(a->workload);
    ads_feed_free(a->feed);
    mem_free(a);
}

/* ---- streams as gRPC calls ---- */

static void on_start(void *arg, struct grpc_server_call *call)
{
    struct ads_port *port = arg;
    struct ads_caller caller;
    const char *why;
    int err = ads_caller_read(port->trust, call, &caller, &why);

    if (!err && port->trust == ADS_TRUST_TLS && !caller.identity.len) {
        why = "a client certificate of this mesh is needed";
        err = ERR_DENIED;
    }
    if (err) {
        grpc_server_finish(call, GRPC_STATUS_UNAUTHENTICATED, str_of(why));
        return;
    }
    grpc_server_set_data(call, ads_stream_new(port->ads, call, port->trust, caller.identity));
}

static void end(struct ads_stream *s)
{
    struct ads *a = s->ads;

    workload_stream_end(a->workload, s);
    ads_stream_free(s);
    worker_defer(a->worker, &a->settle);
}

static void finish(struct ads_stream *s, enum grpc_status status, const char *why)
{
    struct grpc_server_call *call = s->call;

    log_info("stream of %s ended: %s", s->id ? s->id : "a client", why);
    grpc_server_set_data(call, NULL);
    end(s);
    grpc_server_finish(call, status, str_of(why));
}

static void on_message(void *arg, struct grpc_server_call *call, struct str message)
{
    struct ads_stream *s = grpc_server_data(call);
    enum grpc_status status = GRPC_STATUS_INVALID_ARGUMENT;
    const char *why = "the request does not decode";
    struct xds_msg_request q;
    struct arena a;
    int err;

    (void)arg;
    if (!s)
        return;
    arena_init(&a, 4096);
    err = proto_decode(&xds_msg_request_message, message.p, message.len, &a, PROTO_BORROW, &q);
    if (!err)
        err = ads_stream_receive(s, &q, &status, &why);
    arena_deinit(&a);
    if (err) {
        finish(s, status, why);
        return;
    }
    worker_defer(s->ads->worker, &s->ads->settle);
}

static void on_half_close(void *arg, struct grpc_server_call *call)
{
    struct ads_stream *s = grpc_server_data(call);

    (void)arg;
    if (s)
        finish(s, GRPC_STATUS_OK, "the client is done");
}

static void on_cancel(void *arg, struct grpc_server_call *call)
{
    struct ads_stream *s = grpc_server_data(call);

    (void)arg;
    grpc_server_set_data(call, NULL);
    if (s)
        end(s);
}

const struct grpc_server_method ads_method = {
    .path = XDS_MSG_DELTA_PATH,
    .on_start = on_start,
    .on_message = on_message,
    .on_half_close = on_half_close,
    .on_cancel = on_cancel,
};

/* ---- pushing ---- */

/* Once a turn: what all that was written in it comes to goes out in one response each. */
static void pump_all(struct ads *a)
{
    LIST_FOREACH(it, tmp, &a->streams)
    {
        struct ads_stream *s = LIST_ITEM(it, struct ads_stream, link);

        if (xds_server_pump(s->xds) != 0)
            finish(s, GRPC_STATUS_ABORTED, "too far behind; come again");
    }
}

/* Who shares secrets looks first: what may be seen goes out with what changed. */
static bool has_news(struct ads *a)
{
    bool news;

    if (a->refresh)
        a->refresh(a->refresh_arg);
    news = ads_feed_drain(a->feed) || a->reconsidered;
    a->reconsidered = false;
    return news;
}

static void on_pump(struct worker_task *task)
{
    struct ads *a = CONTAINER_OF(task, struct ads, pump);

    if (!has_news(a))
        return;
    pump_all(a);
    worker_defer(a->worker, &a->settle);
}

void ads_set_refresh(struct ads *a, void (*refresh)(void *arg), void *arg)
{
    a->refresh = refresh;
    a->refresh_arg = arg;
}

static void reconsider(struct ads *a, struct str pair)
{
    LIST_FOREACH(it, tmp, &a->streams)
    ads_stream_reconsider_secret(LIST_ITEM(it, struct ads_stream, link), pair);
}

void ads_share_secrets(struct ads *a, const struct str *names, size_t count)
{
    struct map was = a->shared;
    size_t at = 0;
    bool differs = false;

    map_init(&a->shared);
    for (size_t i = 0; i < count; i++)
        if (!map_find(&a->shared, names[i]))
            map_put(&a->shared, str_make(str_dup(names[i]), names[i].len), a);
    for (size_t i = 0; i < count; i++) {
        if (map_find(&was, names[i]))
            continue;
        reconsider(a, names[i]);
        differs = true;
    }
    for (struct map_slot *s; (s = map_next(&was, &at));) {
        if (map_find(&a->shared, s->key))
            continue;
        reconsider(a, s->key);
        differs = true;
    }
    clear_shared(&was);
    if (!differs)
        return;
    a->reconsidered = true;
    worker_defer(a->worker, &a->pump);
}

uint64_t ads_revision(struct ads *a)
{
    if (has_news(a))
        pump_all(a);
    return ads_feed_clock(a->feed)->mod;
}

void ads_each_client(struct ads *a, void (*each)(void *arg, const struct ads_client *c), void *arg)
{
    uint64_t newest = ads_feed_clock(a->feed)->mod;

    LIST_FOREACH(it, tmp, &a->streams)
    {
        struct ads_client c;
        struct arena mem;

        arena_init(&mem, 1024);
        if (ads_stream_describe(LIST_ITEM(it, struct ads_stream, link), newest, &mem, &c))
            each(arg, &c);
        arena_deinit(&mem);
    }
}

/* ---- waiting for proxies ---- */

static void tally(struct ads_wait *wait, struct ads_wait_result *r, struct arena *mem)
{
    size_t cap = 0;
    struct str *errors = NULL;

    LIST_FOREACH(it, tmp, &wait->ads->streams)
    {
        struct ads_stream *s = LIST_ITEM(it, struct ads_stream, link);
        bool acked = xds_server_acked(s->xds) >= wait->revision;

        if (s->number > wait->last_stream || !s->id || !xds_server_is_used(s->xds))
            continue;
        r->total++;
        r->acked += acked;
        if (!acked && xds_server_answered(s->xds) >= wait->revision)
            r->refused++;
        else if (!acked)
            str_copy(str_of(s->id), wait->slowest, sizeof(wait->slowest));
        if (!acked)
            ads_stream_errors(s, mem, &errors, &r->error_count, &cap);
    }
    r->errors = errors;
    r->slowest = str_of(wait->slowest);
    r->took_ms = worker_now_ms(wait->ads->worker) - wait->start_ms;
}

/* Calls back when all have answered, or it is time. */
static void look(struct ads_wait *wait, bool is_time)
{
    struct ads_wait_result r = { 0 };
    struct arena mem;

    arena_init(&mem, 512);
    tally(wait, &r, &mem);
    if (is_time || r.acked + r.refused == r.total) {
        list_remove(&wait->link);
        timer_cancel(&wait->timer);
        wait->cb(wait->arg, &r);
        mem_free(wait);
    }
    arena_deinit(&mem);
}

static void on_settle(struct worker_task *task)
{
    struct ads *a = CONTAINER_OF(task, struct ads, settle);

    LIST_FOREACH(it, tmp, &a->waits)
    look(LIST_ITEM(it, struct ads_wait, link), false);
}

static void on_wait_timeout(struct timer *t)
{
    look(CONTAINER_OF(t, struct ads_wait, timer), true);
}

struct ads_wait *ads_wait_acked(struct ads *a, uint64_t revision, uint64_t timeout_ms,
                                ads_wait_fn cb, void *arg)
{
    struct ads_wait *wait = mem_alloc0(1, sizeof(*wait));

    wait->ads = a;
    wait->revision = revision;
    wait->last_stream = a->stream_number;
    wait->start_ms = worker_now_ms(a->worker);
    wait->cb = cb;
    wait->arg = arg;
    timer_init(&wait->timer, &a->worker->timers, on_wait_timeout);
    timer_start(&wait->timer, timeout_ms);
    list_push(&a->waits, &wait->link);
    worker_defer(a->worker, &a->settle);
    return wait;
}

void ads_wait_cancel(struct ads_wait *wait)
{
    list_remove(&wait->link);
    timer_cancel(&wait->timer);
    mem_free(wait);
}
