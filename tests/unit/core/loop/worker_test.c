#include "core/loop/worker.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "tests/tap.h"

static bool is_set(void *arg)
{
    return *(int *)arg != 0;
}

static bool is_never(void *arg)
{
    (void)arg;
    return false;
}

/* ---- deferred tasks ---- */

struct job {
    struct worker_task task;
    struct worker *worker;
    int runs, again; /* how often it defers itself anew */
};

static void on_job(struct worker_task *task)
{
    struct job *j = CONTAINER_OF(task, struct job, task);

    j->runs++;
    if (j->again-- > 0)
        worker_defer(j->worker, task);
}

static void task_runs_once_however_often_it_is_deferred(void)
{
    struct worker w;
    struct job j = { .worker = &w };

    if (!EQ_INT(worker_init(&w, 0, 1), 0))
        return;
    worker_task_init(&j.task, on_job);
    worker_defer(&w, &j.task);
    worker_defer(&w, &j.task);
    EQ_INT(j.runs, 0);
    EQ_INT(worker_run_until(&w, is_set, &j.runs, 5000), 0);
    EQ_INT(j.runs, 1);
    worker_defer(&w, &j.task);
    worker_undefer(&j.task);
    worker_deinit(&w);
    EQ_INT(j.runs, 1);
}

static void defer_from_timer(struct timer *t)
{
    struct worker *w = worker_current();
    struct job *j = w->owner;

    (void)t;
    worker_defer(w, &j->task);
}

static void quit_from_task(struct worker_task *task)
{
    struct job *j = CONTAINER_OF(task, struct job, task);

    j->runs++;
    worker_quit(j->worker);
}

/* The loop has nothing else to wake it: the task must run before it blocks, or this hangs. */
static void task_deferred_by_a_timer_does_not_wait_for_io(void)
{
    struct worker w;
    struct job j = { .worker = &w };
    struct timer t;

    if (!EQ_INT(worker_init(&w, 0, 1), 0))
        return;
    w.owner = &j;
    worker_task_init(&j.task, quit_from_task);
    timer_init(&t, &w.timers, defer_from_timer);
    timer_start(&t, 20);
    worker_run(&w);
    EQ_INT(j.runs, 1);
    worker_deinit(&w);
}

static void task_that_defers_itself_lets_others_run(void)
{
    struct worker w;
    struct job busy = { .worker = &w, .again = 1000 };
    struct timer t;
    struct job late = { .worker = &w };

    if (!EQ_INT(worker_init(&w, 0, 1), 0))
        return;
    w.owner = &late;
    worker_task_init(&busy.task, on_job);
    worker_task_init(&late.task, on_job);
    timer_init(&t, &w.timers, defer_from_timer);
    timer_start(&t, 0);
    worker_defer(&w, &busy.task);
    EQ_INT(worker_run_until(&w, is_set, &late.runs, 5000), 0);
    while (busy.again >= 0 && busy.runs < 2000)
        uv_run(&w.loop, UV_RUN_NOWAIT);
    EQ_INT(busy.runs, 1001);
    OK(!uv_is_active((uv_handle_t *)&w.spin));
    worker_deinit(&w);
}

static void quit_after_many(struct worker_task *task)
{
    struct job *j = CONTAINER_OF(task, struct job, task);

    j->runs++;
    if (j->again-- > 0)
        worker_defer(j->worker, task);
    else
        worker_quit(j->worker);
}

/* Tasks left over after the last round must keep the loop from blocking, or this hangs. */
static void leftover_tasks_keep_the_loop_awake(void)
{
    struct worker w;
    struct job j = { .worker = &w, .again = 100 };

    if (!EQ_INT(worker_init(&w, 0, 1), 0))
        return;
    worker_task_init(&j.task, quit_after_many);
    worker_defer(&w, &j.task);
    worker_run(&w);
    EQ_INT(j.runs, 101);
    worker_deinit(&w);
}

static void free_task(struct worker_task *task)
{
    mem_free(CONTAINER_OF(task, struct job, task));
}

static void task_deferred_before_the_end_still_runs(void)
{
    struct job *j = mem_alloc0(1, sizeof(*j));
    struct worker w;

    if (!EQ_INT(worker_init(&w, 0, 1), 0))
        return;
    worker_task_init(&j->task, free_task);
    worker_defer(&w, &j->task);
    worker_deinit(&w); /* the leak check is the test */
}

/* ---- threads, messages, extensions ---- */

struct hop {
    struct mailbox_message message;
    struct worker *workers;
    int left;
    bool ok;
    atomic_int is_done;
};

static void on_hop(struct mailbox_message *m)
{
    struct hop *h = CONTAINER_OF(m, struct hop, message);
    struct worker *here = worker_current();

    h->ok = h->ok && here == &h->workers[here->index];
    if (--h->left == 0)
        atomic_store(&h->is_done, 1);
    else
        worker_post(&h->workers[(here->index + 1) % here->count], m);
}

static bool hop_is_done(void *arg)
{
    return atomic_load(&((struct hop *)arg)->is_done) != 0;
}

static void messages_travel_between_threads(void)
{
    struct worker main_worker, workers[3];
    struct hop h = { .message = { .fn = on_hop }, .workers = workers, .left = 3000, .ok = true };

    if (!EQ_INT(worker_init(&main_worker, 0, 1), 0))
        return;
    for (int i = 0; i < 3; i++)
        EQ_INT(worker_start(&workers[i], i, 3, NULL, NULL), 0);
    worker_post(&workers[0], &h.message);
    EQ_INT(worker_run_until(&main_worker, hop_is_done, &h, 20000), 0);
    for (int i = 0; i < 3; i++)
        worker_stop(&workers[i]);
    OK(h.ok);
    EQ_INT(h.left, 0);
    OK(worker_current() == &main_worker);
    worker_deinit(&main_worker);
    OK(worker_current() == NULL);
}

static struct worker_key first_key, second_key, unused_key;
static int freed[4], freed_count;

static void note_free(void *ptr)
{
    freed[freed_count++] = *(int *)ptr;
}

static int setup_extensions(struct worker *w, void *arg)
{
    int *values = arg;

    OK(worker_get(w, &first_key) == NULL || w->index > 0);
    worker_set(w, &first_key, &values[0], note_free);
    worker_set(w, &second_key, &values[1], note_free);
    return 0;
}

static void extensions_are_freed_newest_key_first(void)
{
    int values[] = { 11, 22 };
    struct worker w;

    freed_count = 0;
    if (!EQ_INT(worker_start(&w, 0, 1, setup_extensions, values), 0))
        return;
    OK(worker_get(&w, &first_key) == &values[0]);
    OK(worker_get(&w, &second_key) == &values[1]);
    OK(worker_get(&w, &unused_key) == NULL);
    worker_stop(&w);
    EQ_INT(freed_count, 2);
    EQ_INT(freed[0], 22);
    EQ_INT(freed[1], 11);
}

static int refuse(struct worker *w, void *arg)
{
    (void)w;
    return *(int *)arg;
}

static void failing_setup_fails_the_start(void)
{
    int err = ERR_DENIED;
    struct worker w;

    EQ_INT(worker_start(&w, 0, 1, refuse, &err), ERR_DENIED);
}

static void quit_ends_run(void)
{
    struct worker w;

    if (!EQ_INT(worker_init(&w, 0, 1), 0))
        return;
    worker_quit(&w); /* before run counts, too */
    worker_quit(&w);
    worker_run(&w);
    worker_quit(&w);
    worker_run(&w);
    worker_deinit(&w);
}

static void waiting_in_vain_times_out(void)
{
    struct worker w;

    if (!EQ_INT(worker_init(&w, 0, 1), 0))
        return;
    EQ_INT(worker_run_until(&w, is_never, NULL, 30), ERR_TIMEOUT);
    worker_deinit(&w);
}

static void idle_loop_has_no_timer_running(void)
{
    struct worker w;

    if (!EQ_INT(worker_init(&w, 0, 1), 0))
        return;
    EQ_INT(worker_run_until(&w, is_never, NULL, 20), ERR_TIMEOUT);
    uv_run(&w.loop, UV_RUN_NOWAIT);
    EQ_UINT(w.timers.count, 0);
    EQ_INT(uv_backend_timeout(&w.loop), -1);
    worker_deinit(&w);
}

static void spare_memory_is_given_back_after_activity(void)
{
    char bytes[100000] = { 0 };
    struct chunk_queue q;
    struct job trim = { 0 };
    struct worker w;

    clock_freeze(1000000000, 0);
    if (!EQ_INT(worker_init(&w, 0, 1), 0))
        return;
    worker_task_init(&trim.task, on_job);
    worker_trim(&w, &trim.task);
    chunk_queue_init(&q, &w.chunks);
    chunk_queue_add(&q, bytes, sizeof(bytes));
    chunk_queue_clear(&q);
    uv_run(&w.loop, UV_RUN_NOWAIT);
    OK(w.chunks.large.free_count > 0);
    EQ_INT(trim.runs, 0);
    clock_advance_ms(6000);
    uv_run(&w.loop, UV_RUN_NOWAIT);
    EQ_UINT(w.chunks.large.free_count, 0);
    EQ_INT(trim.runs, 1);
    EQ_UINT(w.timers.count, 0);
    worker_untrim(&trim.task);
    worker_deinit(&w);
    clock_thaw();
}

static const struct tap_case cases[] = {
    { "task_runs_once_however_often_it_is_deferred", task_runs_once_however_often_it_is_deferred },
    { "task_deferred_by_a_timer_does_not_wait_for_io",
      task_deferred_by_a_timer_does_not_wait_for_io },
    { "task_that_defers_itself_lets_others_run", task_that_defers_itself_lets_others_run },
    { "leftover_tasks_keep_the_loop_awake", leftover_tasks_keep_the_loop_awake },
    { "task_deferred_before_the_end_still_runs", task_deferred_before_the_end_still_runs },
    { "messages_travel_between_threads", messages_travel_between_threads },
    { "extensions_are_freed_newest_key_first", extensions_are_freed_newest_key_first },
    { "failing_setup_fails_the_start", failing_setup_fails_the_start },
    { "quit_ends_run", quit_ends_run },
    { "waiting_in_vain_times_out", waiting_in_vain_times_out },
    { "idle_loop_has_no_timer_running", idle_loop_has_no_timer_running },
    { "spare_memory_is_given_back_after_activity", spare_memory_is_given_back_after_activity },
};

TAP_MAIN(cases)
