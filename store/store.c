#include "store/store.h"

#include <errno.h>
#include <stdio.h>

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "store/store_start.h"
#include "store/store_state.h"
#include "store/store_watch.h"

#define LOG_CHANGES  16384
#define LOG_BYTES    (32 * 1024 * 1024)
#define TOMBSTONE_MS (24LL * 3600 * 1000)
#define TICK_MS      10000

static struct log_module log_module = LOG_MODULE("store");

static const char *const files[STORE_CLASS_COUNT] = {
    [STORE_CLASS_CONFIG] = "config.db",
    [STORE_CLASS_LIVE] = "live.db",
};

static uint64_t now_ms(const struct store *s)
{
    struct timespec ts;

    if (s->options.now_ms)
        return s->options.now_ms();
    clock_gettime(CLOCK_REALTIME, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- the core's actions ---- */

/* The objects of a reply must outlast the step that made them. */
static void hold_results(struct store_txn *t)
{
    for (size_t i = 0; i < t->op_count && t->results; i++) {
        if (t->results[i].object)
            store_object_ref(t->results[i].object);
        if (t->results[i].previous)
            store_object_ref(t->results[i].previous);
    }
}

static void drop_results(struct store_txn *t)
{
    for (size_t i = 0; i < t->op_count && t->results; i++) {
        store_object_unref(t->results[i].object);
        store_object_unref(t->results[i].previous);
    }
}

static void on_changed(struct store_side *side, const struct store_batch *b)
{
    buf_clear(&side->token);
    for (size_t i = 0; i < b->row_count; i++)
        store_log_append(&side->log, b->rows[i].object, b->rows[i].previous);
}

static void on_persist(struct store_side *side, const struct store_batch *b)
{
    struct store_job *job = store_disk_job_new(STORE_JOB_COMMIT);

    job->batch = b;
    store_disk_push(&side->disk, job);
}

static void on_reply(struct store *s, struct store_txn *t)
{
    hold_results(t);
    list_push(&s->replies, &t->link);
    uv_async_send(&s->async); /* never from inside the call that took it */
}

static void step(struct store_side *side, const struct store_event *event)
{
    struct store *s = side->store;
    struct store_actions actions = { 0 };

    store_core_step(&side->core, event, now_ms(s), &s->rng, &actions);
    for (size_t i = 0; i < actions.count; i++) {
        const struct store_action *a = &actions.list[i];

        if (a->type == STORE_ACTION_PERSIST)
            on_persist(side, a->batch);
        else if (a->type == STORE_ACTION_CHANGED)
            on_changed(side, a->batch);
        else
            on_reply(s, a->txn);
    }
    store_core_actions_deinit(&actions);
}

/* ---- what the disk has done ---- */

static void set_health(struct store_side *side, const struct store_job *job)
{
    struct store_health *h = &side->health;

    if (job->code != 0 && h->code != job->code)
        log_error("%s cannot be written: %s", side->file, job->why);
    else if (job->code == 0 && h->code != 0)
        log_info("%s can be written again", side->file);
    h->code = job->code;
    h->is_broken = job->is_broken;
    h->wal_bytes = job->wal_bytes;
    h->text[0] = '\0';
    if (job->code != 0) {
        snprintf(h->text, sizeof(h->text), "%s: %.200s", side->file, job->why);
        return;
    }
    h->commits++;
    h->fsync_us = job->us;
}

static void finish_job(struct store_side *side, struct store_job *job)
{
    struct store_event event = { .type = STORE_EVENT_COMMITTED };

    switch (job->type) {
    case STORE_JOB_COMMIT:
        set_health(side, job);
        event.code = job->code;
        event.text = side->health.text;
        event.is_broken = job->is_broken;
        step(side, &event);
        break;
    case STORE_JOB_HISTORY:
        job->history_cb(job->arg, job->code, job->revisions, job->count);
        break;
    case STORE_JOB_CONFLICTS:
        job->conflicts_cb(job->arg, job->code, job->conflicts, job->count);
        break;
    }
    store_disk_job_free(job);
}

static void finish_jobs(struct store_side *side)
{
    struct list done;

    if (side->is_gone)
        return;
    list_init(&done);
    side->is_gone = store_disk_take(&side->disk, &done);
    for (struct list *it = list_pop(&done); it; it = list_pop(&done))
        finish_job(side, LIST_ITEM(it, struct store_job, link));
    if (side->is_gone)
        store_disk_join(&side->disk);
}

static struct store_side *side_of_txn(struct store *s, const struct store_txn *t)
{
    return store_state_side(s, t->op_count ? t->ops[0].kind : 0);
}

static void give_replies(struct store *s)
{
    struct list replies;

    list_init(&replies);
    list_splice(&replies, &s->replies); /* those that come meanwhile wait for the next turn */
    for (struct list *it = list_pop(&replies); it; it = list_pop(&replies)) {
        struct store_txn *t = LIST_ITEM(it, struct store_txn, link);
        enum store_class class = (enum store_class)(side_of_txn(s, t) - s->sides);
        struct store_reply reply = {
            .code = t->code,
            .text = t->text,
            .results = t->results,
            .count = t->results ? t->op_count : 0,
            .token = t->code == 0 ? store_token(s, class) : NULL,
        };

        if (t->cb)
            t->cb(t->arg, &reply);
        drop_results(t);
        store_txn_free(t);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct store *s = handle->data;
    void (*closed)(void *arg) = s->closed;
    void *arg = s->closed_arg;

    if (--s->open_handles > 0)
        return;
    mem_free(s);
    if (closed)
        closed(arg);
}

static void deinit_side(struct store_side *side)
{
    store_watch_detach(side);
    store_log_deinit(&side->log);
    store_core_deinit(&side->core);
    buf_deinit(&side->token);
}

static void finish_close(struct store *s)
{
    for (int i = 0; i < STORE_CLASS_COUNT; i++)
        deinit_side(&s->sides[i]);
    uv_close((uv_handle_t *)&s->async, on_handle_closed);
    uv_close((uv_handle_t *)&s->timer, on_handle_closed);
}

static void on_async(uv_async_t *handle)
{
    struct store *s = handle->data;
    bool all_gone = true;

    for (int i = 0; i < STORE_CLASS_COUNT; i++)
        finish_jobs(&s->sides[i]);
    give_replies(s);
    for (int i = 0; i < STORE_CLASS_COUNT; i++) {
        if (!s->is_closing)
            store_watch_wake(&s->sides[i]);
        all_gone = all_gone && s->sides[i].is_gone;
    }
    if (all_gone && list_is_empty(&s->replies))
        finish_close(s);
}

static void on_disk(void *arg)
{
    struct store *s = arg;

    uv_async_send(&s->async);
}

static void on_tick(uv_timer_t *handle)
{
    struct store *s = handle->data;
    struct store_event event = { .type = STORE_EVENT_TICK };

    for (int i = 0; i < STORE_CLASS_COUNT && !s->is_closing; i++)
        step(&s->sides[i], &event);
}

/* ---- opening and closing ---- */

static void set_defaults(struct store *s, const struct store_options *options)
{
    struct store_options *o = &s->options;

    *o = options ? *options : (struct store_options){ 0 };
    o->log_changes = o->log_changes ? o->log_changes : LOG_CHANGES;
    o->log_bytes = o->log_bytes ? o->log_bytes : LOG_BYTES;
    o->tombstone_ms = o->tombstone_ms ? o->tombstone_ms : TOMBSTONE_MS;
}

static void set_id(char *text, size_t size, const uint8_t *id, size_t len)
{
    struct buf hex;

    buf_init(&hex, 0);
    encode_hex(&hex, str_make(id, len));
    str_copy(buf_str(&hex), text, size);
    buf_deinit(&hex);
}

static void init_side(struct store *s, int class)
{
    struct store_side *side = &s->sides[class];

    side->store = s;
    side->file = files[class];
    side->is_live = class == STORE_CLASS_LIVE;
    store_log_init(&side->log, s->options.log_changes, s->options.log_bytes);
    buf_init(&side->token, 0);
    list_init(&side->watches);
}

/* Opens both files; on failure none is left open. */
static int start_sides(struct store *s, const char *dir, struct store_db *dbs[STORE_CLASS_COUNT],
                       char *why, size_t why_size)
{
    struct store_db_meta meta = { 0 };

    for (int i = 0; i < STORE_CLASS_COUNT; i++) {
        int rc = store_start_side(&s->sides[i], dir, now_ms(s), &meta, &dbs[i], why, why_size);

        if (rc == 0)
            continue;
        while (i-- > 0)
            store_db_close(dbs[i]);
        return rc;
    }
    set_id(s->cluster_id, sizeof(s->cluster_id), meta.cluster_id, sizeof(meta.cluster_id));
    set_id(s->node_id, sizeof(s->node_id), meta.node_id, sizeof(meta.node_id));
    return 0;
}

static int start_handles(struct store *s, uv_loop_t *loop)
{
    int rc = uv_async_init(loop, &s->async, on_async);

    if (rc != 0)
        return rc;
    uv_timer_init(loop, &s->timer);
    s->async.data = s->timer.data = s;
    s->open_handles = 2;
    uv_timer_start(&s->timer, on_tick, TICK_MS, TICK_MS);
    uv_unref((uv_handle_t *)&s->timer);
    return 0;
}

int store_open(struct store **out, uv_loop_t *loop, const char *dir,
               const struct store_options *options, char *why, size_t why_size)
{
    struct store *s = mem_alloc0(1, sizeof(*s));
    struct store_db *dbs[STORE_CLASS_COUNT] = { 0 };
    int rc;

    set_defaults(s, options);
    random_init_os(&s->rng);
    list_init(&s->replies);
    for (int i = 0; i < STORE_CLASS_COUNT; i++)
        init_side(s, i);
    rc = store_start_dir(dir, why, why_size);
    if (rc == 0)
        rc = start_sides(s, dir, dbs, why, why_size);
    if (rc != 0)
        goto failed;
    rc = start_handles(s, loop);
    for (int i = 0; i < STORE_CLASS_COUNT && rc == 0; i++)
        rc = store_disk_start(&s->sides[i].disk, dbs[i], on_disk, s);
    ASSERT(rc == 0); /* no descriptor or no thread left at start: nothing works then */
    *out = s;
    return 0;

failed:
    for (int i = 0; i < STORE_CLASS_COUNT; i++)
        deinit_side(&s->sides[i]);
    mem_free(s);
    return rc;
}

void store_close(struct store *s, void (*cb)(void *arg), void *arg)
{
    struct store_event event = { .type = STORE_EVENT_CLOSE };

    ASSERT(!s->is_closing);
    s->is_closing = true;
    s->closed = cb;
    s->closed_arg = arg;
    uv_timer_stop(&s->timer);
    for (int i = 0; i < STORE_CLASS_COUNT; i++) {
        store_watch_detach(&s->sides[i]);
        step(&s->sides[i], &event);
        store_disk_stop(&s->sides[i].disk);
    }
}

const struct store_health *store_get_health(const struct store *s, enum store_class class)
{
    return &s->sides[class].health;
}

const char *store_get_cluster_id(const struct store *s)
{
    return s->cluster_id;
}

const char *store_get_node_id(const struct store *s)
{
    return s->node_id;
}

/* ---- reading ---- */

const struct store_object *store_find_row(const struct store *s, uint16_t kind, struct str ns,
                                          struct str name)
{
    char key[STORE_KEY_MAX_BYTES];

    if (store_object_check_key(kind, ns, name) != 0)
        return NULL;
    return store_index_find(&store_state_side_of(s, kind)->core.index,
                            str_make(key, store_object_key(kind, ns, name, key)));
}

const struct store_object *store_find(const struct store *s, uint16_t kind, struct str ns,
                                      struct str name)
{
    const struct store_object *o = store_find_row(s, kind, ns, name);

    return o && !o->dead ? o : NULL;
}

const struct store_object *store_find_status(const struct store *s, const struct store_object *o)
{
    const struct store_object *status = store_find(s, o->kind | STORE_KIND_STATUS, o->ns, o->name);

    return status && memcmp(status->uid, o->uid, sizeof(o->uid)) == 0 ? status : NULL;
}

const struct store_object *store_next(const struct store *s, uint16_t kind, struct str ns,
                                      struct str after_ns, struct str after_name)
{
    const struct store_index *x = &store_state_side_of(s, kind)->core.index;
    char bytes[STORE_KEY_MAX_BYTES];
    bool is_first = !after_name.p;
    const struct store_object *o;
    struct str key;

    if (ns.len > STORE_NS_MAX_BYTES || after_ns.len > STORE_NS_MAX_BYTES ||
        after_name.len > STORE_NAME_MAX_BYTES)
        return NULL;
    key = str_make(bytes, store_object_key(kind, is_first ? ns : after_ns, after_name, bytes));
    if (is_first && ns.len == 0)
        key.len = 2; /* just the kind: before all its namespaces */
    for (o = store_index_after(x, key); o && o->kind == kind; o = store_index_after(x, o->key)) {
        if (ns.len > 0 && !str_eq(o->ns, ns))
            return NULL;
        if (!o->dead)
            return o;
    }
    return NULL;
}

size_t store_count(const struct store *s, uint16_t kind, struct str ns)
{
    size_t count = 0;

    for (const struct store_object *o = store_next(s, kind, ns, STR_NONE, STR_NONE); o;
         o = store_next(s, kind, ns, o->ns, o->name))
        count++;
    return count;
}

void store_version(const struct store_object *o, const struct store_object *status,
                   char out[STORE_VERSION_BYTES])
{
    snprintf(out, STORE_VERSION_BYTES, "%s%s%s", o->version, status ? "." : "",
             status ? status->version : "");
}

const char *store_token(const struct store *s, enum store_class class)
{
    /* Made when asked for, since most commits are not. */
    struct buf *token = (struct buf *)(uintptr_t)&s->sides[class].token;

    if (buf_len(token) == 0) {
        vv_format(&s->sides[class].core.vv, token);
        buf_add_char(token, '\0');
    }
    return buf_str(token).p;
}

/* ---- writing and asking ---- */

void store_write(struct store *s, struct store_txn *t, store_write_cb *cb, void *arg)
{
    struct store_event event = { .type = STORE_EVENT_WRITE, .txn = t };

    t->cb = cb;
    t->arg = arg;
    step(side_of_txn(s, t), &event);
}

void store_history(struct store *s, uint16_t kind, struct str ns, struct str name,
                   store_history_cb *cb, void *arg)
{
    struct store_side *side = &s->sides[STORE_CLASS_CONFIG];
    struct store_job *job = store_disk_job_new(STORE_JOB_HISTORY);
    struct store_object_init init = { .kind = kind, .ns = ns, .name = name };

    if (store_object_check_key(kind, ns, name) != 0)
        init = (struct store_object_init){ .kind = 1, .name = STR("-") }; /* what has no history */
    job->object = store_object_new(&init);
    job->history_cb = cb;
    job->arg = arg;
    store_disk_push(&side->disk, job);
}

void store_conflicts(struct store *s, store_conflicts_cb *cb, void *arg)
{
    struct store_job *job = store_disk_job_new(STORE_JOB_CONFLICTS);

    job->conflicts_cb = cb;
    job->arg = arg;
    store_disk_push(&s->sides[STORE_CLASS_CONFIG].disk, job);
}
