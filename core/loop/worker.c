#include "core/loop/worker.h"

#include <pthread.h>
#include <signal.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"

#define TASK_ROUNDS   8 /* tasks that defer tasks, before the loop gets its turn */
#define TRIM_AFTER_MS 5000
#define GOODBYE_MS    ((uint64_t)100)

static struct log_module log_module = LOG_MODULE("loop");
static _Thread_local struct worker *current;

struct worker *worker_current(void)
{
    return current;
}

/* ---- deferred tasks ---- */

static void on_spin(uv_idle_t *idle)
{
    (void)idle; /* its being active is what matters: the loop then polls without blocking */
}

static void run_tasks(struct worker *w)
{
    struct list batch, *item;

    for (int round = 0; round < TASK_ROUNDS && !list_is_empty(&w->tasks); round++) {
        list_init(&batch);
        list_splice(&batch, &w->tasks);
        while ((item = list_pop(&batch))) {
            struct worker_task *task = LIST_ITEM(item, struct worker_task, link);

            task->fn(task);
        }
    }
    if (list_is_empty(&w->tasks))
        uv_idle_stop(&w->spin);
    else
        uv_idle_start(&w->spin, on_spin);
}

/* Before the loop blocks: timers first, whose callbacks may defer tasks. */
static void on_prepare(uv_prepare_t *prepare)
{
    struct worker *w = CONTAINER_OF(prepare, struct worker, prepare);

    timer_wheel_run(&w->timers);
    run_tasks(w);
    timer_wheel_arm(&w->timers);
}

static bool has_spare(const struct worker *w)
{
    return w->chunks.small.free_count || w->chunks.large.free_count || !list_is_empty(&w->trims);
}

/* After I/O. The trim timer starts with activity and is not repeated, so an idle loop sleeps. */
static void on_check(uv_check_t *check)
{
    struct worker *w = CONTAINER_OF(check, struct worker, check);

    run_tasks(w);
    if (!timer_is_running(&w->trim_timer) && !w->is_trimmed && has_spare(w))
        timer_start(&w->trim_timer, TRIM_AFTER_MS);
    w->is_trimmed = false;
}

static void on_trim(struct timer *t)
{
    struct worker *w = CONTAINER_OF(t, struct worker, trim_timer);

    chunk_pool_trim(&w->chunks);
    LIST_FOREACH(item, next, &w->trims)
    {
        struct worker_task *task = LIST_ITEM(item, struct worker_task, link);

        task->fn(task);
    }
    w->is_trimmed = true; /* this wake-up is our own, not activity */
}

void worker_trim(struct worker *w, struct worker_task *task)
{
    ASSERT(!list_is_linked(&task->link));
    list_push(&w->trims, &task->link);
}

void worker_untrim(struct worker_task *task)
{
    list_remove(&task->link);
}

/* ---- extensions ---- */

void worker_set(struct worker *w, struct worker_key *key, void *ptr, void (*free_fn)(void *ptr))
{
    static atomic_int last = 0;
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int id;

    pthread_mutex_lock(&lock); /* two workers may use the same key for the first time at once */
    id = atomic_load_explicit(&key->id, memory_order_relaxed);
    if (!id) {
        id = atomic_fetch_add(&last, 1) + 1;
        atomic_store_explicit(&key->id, id, memory_order_relaxed);
    }
    pthread_mutex_unlock(&lock);
    ASSERT(id < WORKER_KEYS);
    ASSERT(!w->extensions[id].ptr);
    w->extensions[id] = (struct worker_extension){ ptr, free_fn };
}

static void free_extensions(struct worker *w)
{
    for (int id = WORKER_KEYS - 1; id > 0; id--) {
        struct worker_extension e = w->extensions[id];

        w->extensions[id] = (struct worker_extension){ 0 };
        if (e.ptr && e.free_fn)
            e.free_fn(e.ptr);
    }
}

/* ---- start and end ---- */

static void on_quit(struct mailbox_message *m)
{
    struct worker *w = CONTAINER_OF(m, struct worker, quit_message);

    w->is_quit_now = true;
    uv_stop(&w->loop);
}

void worker_quit(struct worker *w)
{
    if (!atomic_exchange(&w->quit, true))
        worker_post(w, &w->quit_message);
}

int worker_init(struct worker *w, int index, int count)
{
    int err;

    *w = (struct worker){ .index = index, .count = count, .quit_message = { .fn = on_quit } };
    err = uv_loop_init(&w->loop);
    if (err)
        return err;
    err = mailbox_init(&w->mailbox, &w->loop);
    if (err) {
        uv_loop_close(&w->loop);
        return err;
    }
    /* The rest cannot fail. The hooks by themselves are no reason to keep a loop alive. */
    timer_wheel_init(&w->timers, &w->loop);
    uv_prepare_init(&w->loop, &w->prepare);
    uv_check_init(&w->loop, &w->check);
    uv_idle_init(&w->loop, &w->spin);
    uv_prepare_start(&w->prepare, on_prepare);
    uv_check_start(&w->check, on_check);
    uv_unref((uv_handle_t *)&w->prepare);
    uv_unref((uv_handle_t *)&w->check);
    chunk_pool_init(&w->chunks);
    random_init_os(&w->random);
    slot_table_init(&w->slots);
    list_init(&w->tasks);
    list_init(&w->lasts);
    list_init(&w->trims);
    timer_init(&w->trim_timer, &w->timers, on_trim);
    w->rx = mem_alloc(WORKER_RX_BYTES);
    w->plain = mem_alloc(WORKER_PLAIN_BYTES);
    w->cipher = mem_alloc(WORKER_CIPHER_BYTES);
    current = w;
    return 0;
}

static void close_stray(uv_handle_t *handle, void *arg)
{
    const struct worker *w = arg;

    if (uv_is_closing(handle))
        return;
    log_warn("worker %d ends with an open %s handle", w->index,
             uv_handle_type_name(uv_handle_get_type(handle)));
    uv_close(handle, NULL);
}

static void count_connection(uv_handle_t *handle, void *arg)
{
    int *count = arg;
    uv_handle_type type = uv_handle_get_type(handle);

    if ((type == UV_TCP || type == UV_NAMED_PIPE) && !uv_is_closing(handle))
        (*count)++;
}

static bool has_no_connections(void *arg)
{
    struct worker *w = arg;
    int count = 0;

    uv_walk(&w->loop, count_connection, &count);
    return count == 0;
}

static void run_lasts(struct worker *w)
{
    while (!list_is_empty(&w->lasts)) {
        struct worker_task *task = LIST_ITEM(w->lasts.next, struct worker_task, link);

        list_remove(&task->link);
        task->fn(task);
    }
}

/* Owners close their handles first and get their close callbacks while tasks and timers still work;
 * our own hooks go last. */
void worker_deinit(struct worker *w)
{
    run_tasks(w);
    mailbox_run(&w->mailbox);
    free_extensions(w);
    timer_cancel(&w->trim_timer);
    mailbox_close(&w->mailbox);
    while (!list_is_empty(&w->tasks))
        run_tasks(w);
    uv_run(&w->loop, UV_RUN_NOWAIT); /* the closings asked for so far */
    /* Connections that were closed politely still wait for their peer to hang up. */
    (void)worker_run_until(w, has_no_connections, w, GOODBYE_MS);
    run_lasts(w);
    uv_run(&w->loop, UV_RUN_NOWAIT);
    timer_wheel_close(&w->timers);
    uv_close((uv_handle_t *)&w->prepare, NULL);
    uv_close((uv_handle_t *)&w->check, NULL);
    uv_close((uv_handle_t *)&w->spin, NULL);
    uv_walk(&w->loop, close_stray, w);
    uv_run(&w->loop, UV_RUN_DEFAULT); /* until offloaded work is back, too */
    while (!list_is_empty(&w->tasks))
        run_tasks(w);
    free_extensions(w); /* what the last tasks made anew */
    ASSERT(uv_loop_close(&w->loop) == 0);
    slot_table_deinit(&w->slots);
    chunk_pool_deinit(&w->chunks);
    mem_free(w->rx);
    mem_free(w->plain);
    mem_free(w->cipher);
    if (current == w)
        current = NULL;
}

void worker_run(struct worker *w)
{
    while (!w->is_quit_now)
        uv_run(&w->loop, UV_RUN_DEFAULT);
    w->is_quit_now = false;
    atomic_store(&w->quit, false);
}

static void on_alarm(uv_timer_t *alarm)
{
    (void)alarm; /* being woken is enough: the clock is read after every turn */
}

static void free_alarm(uv_handle_t *handle)
{
    mem_free(handle);
}

/* Wakes up often, so that done may depend on other threads and on a frozen clock, too. */
int worker_run_until(struct worker *w, bool (*done)(void *arg), void *arg, uint64_t timeout_ms)
{
    uint64_t end_ns = uv_hrtime() + timeout_ms * 1000000; /* real time, whatever clock.h says */
    uv_timer_t *alarm = mem_alloc0(1, sizeof(*alarm));
    int err = 0;

    uv_timer_init(&w->loop, alarm);
    uv_timer_start(alarm, on_alarm, 5, 5);
    while (!done(arg)) {
        if (uv_hrtime() >= end_ns) {
            err = ERR_TIMEOUT;
            break;
        }
        uv_run(&w->loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)alarm, free_alarm);
    return err;
}

/* ---- threads ---- */

/* On the starter's stack; the thread lets go of it when it reports. */
struct start {
    struct worker *worker;
    int index, count, err;
    worker_setup_fn setup;
    void *arg;
    uv_sem_t is_up;
};

static void thread_main(void *arg)
{
    struct start *start = arg;
    struct worker *w = start->worker;
    int err = worker_init(w, start->index, start->count);

    if (!err && start->setup) {
        err = start->setup(w, start->arg);
        if (err)
            worker_deinit(w);
    }
    start->err = err;
    uv_sem_post(&start->is_up); /* start is gone from here on */
    if (err)
        return;
    worker_run(w);
    worker_deinit(w);
}

/* Signals go to the main thread, where sigwatch hears them. */
static int start_thread(uv_thread_t *thread, struct start *start)
{
    sigset_t all, before;
    int err;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = uv_thread_create(thread, thread_main, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err;
}

int worker_start(struct worker *w, int index, int count, worker_setup_fn setup, void *arg)
{
    struct start start = {
        .worker = w, .index = index, .count = count, .setup = setup, .arg = arg
    };
    uv_thread_t thread;
    int err = uv_sem_init(&start.is_up, 0);

    if (err)
        return err;
    err = start_thread(&thread, &start);
    if (!err) {
        uv_sem_wait(&start.is_up);
        err = start.err;
        if (err)
            uv_thread_join(&thread);
        else
            w->thread = thread;
    }
    uv_sem_destroy(&start.is_up);
    return err;
}

void worker_stop(struct worker *w)
{
    uv_thread_t thread = w->thread;

    ASSERT(current != w);
    worker_quit(w);
    uv_thread_join(&thread);
}
