#include "modes/control/rest_watch.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/base/random.h"
#include "core/loop/worker.h"
#include "core/net/stream.h"
#include "modes/control/rest_call.h"
#include "modes/control/rest_filter.h"
#include "modes/control/rest_object.h"
#include "modes/control/rest_table.h"

enum {
    BOOKMARK_MS = 30000,
    MAX_TIMEOUT_S = 24 * 3600,
    DEFAULT_TIMEOUT_S = 1800, /* and up to as much again, so that not all come back at once */
    EVENTS_PER_TURN = 256,
};

/* A reader that does not read: its cursor stays where it is, and once the store's log has moved on
 * it is told 410 and the stream ends. Nothing is queued for it beyond the stream's high water. */
struct rest_watch {
    struct rest_call *call;
    struct store_watch *cursors[STORE_CLASS_COUNT];
    struct rest_filter filter;
    struct rest_table table;
    struct timer bookmark, end;
    struct worker_task task;
    struct arena scratch; /* of one event */
    bool bookmarks, columns_sent, blocked;
};

static void watch_free(struct rest_watch *w)
{
    struct rest_call *call = w->call;

    for (size_t i = 0; i < STORE_CLASS_COUNT; i++)
        store_watch_stop(w->cursors[i]);
    timer_cancel(&w->bookmark);
    timer_cancel(&w->end);
    worker_undefer(&w->task);
    arena_deinit(&w->scratch);
    call->rest->watch_count--;
    mem_free(w);
    rest_call_end(call);
}

static void on_gone(struct rest_call *call)
{
    watch_free(call->handler);
}

/* ---- events ---- */

/* False: the client is gone; on_gone follows. */
static bool send_event(struct rest_watch *w, const char *type, struct node *object)
{
    struct node *event = node_new(&w->scratch, NODE_MAP);
    struct buf line;
    int err;

    node_set_str(&w->scratch, event, "type", str_of(type));
    node_set(event, STR("object"), object);
    buf_init(&line, REST_MAX_ANSWER_BYTES);
    node_write_json(event, &line, NODE_SORTED);
    buf_add_char(&line, '\n');
    err = http_stream_send_bytes(w->call->hs, buf_str(&line).p, buf_len(&line), false);
    buf_deinit(&line);
    return err == 0;
}

static bool send_object(struct rest_watch *w, const char *type, struct node *n)
{
    struct node *head;
    bool ok;

    if (!rest_table_is_wanted(&w->table))
        return send_event(w, type, n);
    head = rest_table_head(&w->table, !w->columns_sent, &w->scratch);
    node_set_str(&w->scratch, node_getz(head, "metadata"), "resourceVersion",
                 node_get_str(node_getz(n, "metadata"), "resourceVersion"));
    node_add(node_getz(head, "rows"), rest_table_row(&w->table, n, &w->scratch));
    ok = send_event(w, type, head);
    w->columns_sent = true;
    return ok;
}

static void finish(struct rest_watch *w)
{
    http_stream_send_bytes(w->call->hs, NULL, 0, true);
    watch_free(w);
}

static void fail(struct rest_watch *w, int code)
{
    bool gone = code == ERR_LIMIT;

    arena_reset(&w->scratch);
    send_event(w, "ERROR",
               rest_call_status(&w->scratch, gone ? 410 : 503,
                                gone ? "Expired" : "ServiceUnavailable",
                                gone ? STR("too old resource version: list again")
                                     : STR("the server is going away"),
                                NULL));
    finish(w);
}

/* The object before, when the log still has it. */
static bool fitted(struct rest_watch *w, const struct store_change *c)
{
    if (!c->previous)
        return c->type != STORE_ADDED; /* not known: a needless DELETED does no harm */
    return rest_filter_fits(
        &w->filter,
        rest_object_node(w->call->kind, w->call->version, c->previous, NULL, &w->scratch),
        &w->scratch);
}

static bool send_change(struct rest_watch *w, const struct store_change *c)
{
    const struct store *s = w->call->rest->store;
    const struct store_object *o = c->object, *status;
    bool is_status = (o->kind & STORE_KIND_STATUS) != 0, fits;
    struct node *n;

    if (is_status) { /* shown as a change of its object */
        if (c->type == STORE_DELETED)
            return true;
        o = store_find(s, (uint16_t)(o->kind & ~STORE_KIND_STATUS), o->ns, o->name);
        if (!o)
            return true;
    }
    status = store_find_status(s, o);
    if (c->type == STORE_DELETED && c->previous) {
        n = rest_object_node(w->call->kind, w->call->version, c->previous, NULL, &w->scratch);
        rest_object_set_system(w->call->kind, n, o, NULL, &w->scratch); /* version of the end */
    } else {
        n = rest_object_node(w->call->kind, w->call->version, o, status, &w->scratch);
    }
    fits = rest_filter_fits(&w->filter, n, &w->scratch);
    if (c->type == STORE_DELETED)
        return !fits || send_object(w, "DELETED", n);
    if (is_status)
        return !fits || send_object(w, "MODIFIED", n);
    if (!fits)
        return c->type == STORE_ADDED || !fitted(w, c) || send_object(w, "DELETED", n);
    if (c->type == STORE_ADDED || (c->previous && !fitted(w, c)))
        return send_object(w, "ADDED", n);
    return send_object(w, "MODIFIED", n);
}

static bool is_full(struct rest_watch *w)
{
    w->blocked = http_stream_unsent(w->call->hs) > STREAM_HIGH_WATER_BYTES;
    return w->blocked;
}

/* Sends what there is, as far as the client reads. */
static void pump(struct rest_watch *w)
{
    const struct store_change *change;
    int sent = 0;

    for (size_t i = 0; i < STORE_CLASS_COUNT; i++) {
        while (w->cursors[i] && !is_full(w)) {
            int err = store_watch_next(w->cursors[i], &change);

            if (err == ERR_AGAIN)
                break;
            if (err) {
                fail(w, err);
                return;
            }
            arena_reset(&w->scratch);
            if (!send_change(w, change))
                return;
            if (++sent == EVENTS_PER_TURN) { /* others wait too */
                worker_defer(w->call->rest->worker, &w->task);
                return;
            }
        }
    }
}

static void on_ready(void *arg)
{
    pump(arg);
}

static void on_task(struct worker_task *task)
{
    pump(CONTAINER_OF(task, struct rest_watch, task));
}

static void on_writable(struct rest_call *call)
{
    struct rest_watch *w = call->handler;

    if (w->blocked)
        pump(w);
}

static bool send_bookmark(struct rest_watch *w)
{
    struct rest_call *call = w->call;
    struct node *n, *meta;

    arena_reset(&w->scratch);
    n = node_new(&w->scratch, NODE_MAP);
    meta = node_new(&w->scratch, NODE_MAP);
    node_set_str(&w->scratch, n, "kind", str_of(call->kind->kind));
    node_set_str(&w->scratch, n, "apiVersion",
                 api_kind_api_version(call->kind, call->version, &w->scratch));
    node_set_str(&w->scratch, meta, "resourceVersion",
                 rest_filter_token(call->rest->store, call->kind, &w->scratch));
    node_set(n, STR("metadata"), meta);
    return send_event(w, "BOOKMARK", n);
}

/* Only when the cursors have seen everything: then the token of now is what the client knows. */
static bool is_current(struct rest_watch *w)
{
    return !w->blocked && !list_is_linked(&w->task.link);
}

static void on_bookmark(struct timer *t)
{
    struct rest_watch *w = CONTAINER_OF(t, struct rest_watch, bookmark);

    timer_start(t, BOOKMARK_MS);
    if (is_current(w) && !rest_table_is_wanted(&w->table))
        send_bookmark(w);
}

static void on_end(struct timer *t)
{
    finish(CONTAINER_OF(t, struct rest_watch, end));
}

/* ---- start ---- */

/* The state so far, for a client that starts from nothing. */
static bool send_existing(struct rest_watch *w)
{
    struct rest_call *call = w->call;
    const struct store *s = call->rest->store;
    const struct store_object *o = rest_filter_next(s, call->kind, call->ns, STR_NONE, STR_NONE);

    for (; o; o = rest_filter_next(s, call->kind, call->ns, o->ns, o->name)) {
        struct node *n;

        arena_reset(&w->scratch);
        n = rest_object_node(call->kind, call->version, o, store_find_status(s, o), &w->scratch);
        if (rest_filter_fits(&w->filter, n, &w->scratch) && !send_object(w, "ADDED", n))
            return false;
    }
    return true;
}

static int open_cursor(struct rest_watch *w, enum store_class class, struct str from)
{
    struct rest_call *call = w->call;
    struct store_watch_query query = {
        .class = class,
        .kind = (uint16_t)(call->kind->id | (class == STORE_CLASS_LIVE ? STORE_KIND_LIVE : 0)),
        .ns = call->ns,
        .from = from,
    };

    return store_watch_start(call->rest->store, &query, on_ready, w, &w->cursors[class]);
}

/* A list's token of kinds in both classes is CONFIG~LIVE. */
static int open_cursors(struct rest_watch *w, struct str from)
{
    bool live = rest_filter_has_live(w->call->kind);
    struct str rest = from, config = live ? str_cut(&rest, '~') : from;
    int err;

    if (live && from.len && !rest.p)
        return ERR_LIMIT; /* the version of one object does not say where the other class was */
    err = open_cursor(w, STORE_CLASS_CONFIG, config);
    if (err == 0 && live)
        err = open_cursor(w, STORE_CLASS_LIVE, from.len ? rest : STR_NONE);
    return err;
}

static uint64_t timeout_ms(struct rest_call *call)
{
    struct str text = rest_call_param(call, "timeoutSeconds");
    uint64_t s = 0;

    if (text.len == 0 || str_to_u64(text, MAX_TIMEOUT_S, &s) != 0 || s == 0)
        s = DEFAULT_TIMEOUT_S + random_below(&call->rest->worker->random, DEFAULT_TIMEOUT_S);
    return s * 1000;
}

/* The head, and the timers. False: the client is gone; on_gone follows. */
static bool send_head(struct rest_watch *w)
{
    struct rest_call *call = w->call;

    call->on_gone = on_gone;
    call->on_writable = on_writable;
    timer_start(&w->end, timeout_ms(call));
    if (w->bookmarks)
        timer_start(&w->bookmark, BOOKMARK_MS);
    return rest_call_begin_stream(call, "application/json") == 0;
}

static bool may_start(struct rest_call *call)
{
    if (rest_call_has_flag(call, "sendInitialEvents")) {
        rest_call_fail_field(call, "sendInitialEvents",
                             STR("is not served: list and then watch instead"));
        return false;
    }
    if (call->rest->watch_count >= REST_MAX_WATCHES) {
        rest_call_fail(call, 429, "TooManyRequests", "there are %d watches already",
                       REST_MAX_WATCHES);
        return false;
    }
    return true;
}

void rest_watch_start(struct rest_call *call)
{
    struct str from = rest_call_param(call, "resourceVersion");
    bool existing = from.len == 0 || str_is(from, "0");
    struct rest_filter filter;
    struct rest_watch *w;
    int err;

    if (!may_start(call) || !rest_filter_read(call, &filter))
        return;
    w = mem_alloc0(1, sizeof(*w));
    w->call = call;
    w->filter = filter;
    w->bookmarks = rest_call_has_flag(call, "allowWatchBookmarks");
    rest_table_init(&w->table, call);
    arena_init(&w->scratch, 8192);
    worker_task_init(&w->task, on_task);
    timer_init(&w->bookmark, &call->rest->worker->timers, on_bookmark);
    timer_init(&w->end, &call->rest->worker->timers, on_end);
    call->handler = w;
    call->rest->watch_count++;
    err = open_cursors(w, existing ? STR_NONE : from);
    if (err) {
        call->rest->watch_count--;
        for (size_t i = 0; i < STORE_CLASS_COUNT; i++)
            store_watch_stop(w->cursors[i]);
        arena_deinit(&w->scratch);
        mem_free(w);
        if (err == ERR_INVALID)
            rest_call_fail(call, 400, "BadRequest", "invalid resource version: \"%.*s\"",
                           STR_ARG(from));
        else if (err == ERR_LIMIT)
            rest_call_fail(call, 410, "Expired", "too old resource version: %.*s", STR_ARG(from));
        else
            rest_call_fail(call, 504, "Timeout", "Too large resource version: %.*s", STR_ARG(from));
        return;
    }
    if (send_head(w) && existing)
        send_existing(w);
}
