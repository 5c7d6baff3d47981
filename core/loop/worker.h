/* A thread with a loop, and all that is shared by what runs on it: timers, mailbox, pools, scratch
 * memory. Workers share nothing with each other; they talk by worker_post.
 *
 * A worker has its own thread (worker_start, worker_stop) or uses the caller's (worker_init,
 * worker_run, worker_deinit: control, tools, tests). All functions are for the worker's own thread
 * unless they say `Any thread`.
 *
 * One turn of the loop: timers, deferred tasks, poll (I/O and messages), deferred tasks. */
#ifndef CORE_LOOP_WORKER_H
#define CORE_LOOP_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "core/base/chunk.h"
#include "core/base/list.h"
#include "core/base/random.h"
#include "core/base/slot.h"
#include "core/loop/clock.h"
#include "core/loop/mailbox.h"
#include "core/loop/timer.h"

/* Scratch memory: valid until the callback that uses it returns to the loop. Pages that were never
 * touched cost nothing. */
#define WORKER_RX_BYTES    ((size_t)256 * 1024)
#define WORKER_PLAIN_BYTES ((size_t)256 * 1024)
#define WORKER_CIPHER_BYTES                                                                        \
    ((size_t)(256 + 32) * 1024) /* and the overhead of records, and a gathered one */
#define WORKER_KEYS 32

/* Something to do once at the end of this turn; embedded in what it belongs to. */
struct worker_task {
    struct list link;
    void (*fn)(struct worker_task *task);
};

/* Names one extension in every worker: `static struct worker_key key;` at file level is enough. */
struct worker_key {
    atomic_int id; /* 0: not yet given */
};

struct worker_extension {
    void *ptr;
    void (*free_fn)(void *ptr);
};

struct worker {
    uv_loop_t loop;
    struct timer_wheel timers;
    struct mailbox mailbox;
    struct chunk_pool chunks;
    struct random random;
    struct slot_table slots;
    char *rx, *plain, *cipher; /* scratch: receive, decrypted, encrypted */
    int index, count;          /* of the workers of this group: 0..count-1 */
    void *owner;               /* free for the mode that made it */

    /* internal */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t spin; /* active: tasks are left over, so don't block */
    struct list tasks;
    struct list lasts; /* of worker_at_end */
    struct list trims;
    struct timer trim_timer;
    struct worker_extension extensions[WORKER_KEYS];
    atomic_bool quit;
    bool is_quit_now; /* seen by the loop */
    bool is_trimmed;  /* in this turn */
    struct mailbox_message quit_message;
    uv_thread_t thread;
};

/* Called on the worker's thread before the loop runs; an error ends the start. */
typedef int (*worker_setup_fn)(struct worker *w, void *arg);

/* On the calling thread. 0 or libuv's error; *w is unusable then. */
int worker_init(struct worker *w, int index, int count);
/* Frees extensions (newest key first), closes the loop. Handles that somebody left open are closed
 * and logged. Messages that have arrived are run first. */
void worker_deinit(struct worker *w);
/* Until worker_quit. */
void worker_run(struct worker *w);
/* Until done(arg) is true (looked at once a turn), 0, or ERR_TIMEOUT after timeout_ms of real time.
 * For tools and tests. */
int worker_run_until(struct worker *w, bool (*done)(void *arg), void *arg, uint64_t timeout_ms);
/* Makes worker_run return after this turn. Any thread, once per run. */
void worker_quit(struct worker *w);

/* Starts a thread, which runs worker_init, setup (may be NULL) and worker_run. Returns when the
 * worker takes messages: 0, or the error of one of them. Signals are blocked on the thread. */
int worker_start(struct worker *w, int index, int count, worker_setup_fn setup, void *arg);
/* worker_quit, then waits for the thread, which has run worker_deinit. Not from the worker itself.
 */
void worker_stop(struct worker *w);

/* The worker whose thread this is, or NULL. Any thread. */
struct worker *worker_current(void);

static inline struct worker *worker_of_loop(uv_loop_t *loop)
{
    return CONTAINER_OF(loop, struct worker, loop);
}

/* Monotonic ms, as of when the loop last woke up. */
static inline uint64_t worker_now_ms(const struct worker *w)
{
    return clock_loop_ms(&w->loop);
}

/* m->fn runs on w's thread. Any thread. */
static inline void worker_post(struct worker *w, struct mailbox_message *m)
{
    mailbox_post(&w->mailbox, m);
}

static inline void worker_task_init(struct worker_task *task, void (*fn)(struct worker_task *task))
{
    list_init(&task->link);
    task->fn = fn;
}

/* Runs task->fn once, after the callbacks of this turn and before the loop blocks; deferring it
 * again before that changes nothing. fn may free the task's memory. For corked writes, for freeing
 * what a caller up the stack still uses. */
static inline void worker_defer(struct worker *w, struct worker_task *task)
{
    if (!list_is_linked(&task->link))
        list_push(&w->tasks, &task->link);
}

static inline void worker_undefer(struct worker_task *task)
{
    list_remove(&task->link);
}

/* Runs task->fn when the worker ends, after extensions were freed: for what lives on without an
 * owner until then, such as a connection that still flushes. worker_undefer takes it back. A task
 * is deferred or waits for the end, not both. */
static inline void worker_at_end(struct worker *w, struct worker_task *task)
{
    list_push(&w->lasts, &task->link);
}

/* Runs task->fn a few seconds after the loop was busy: the time to give back memory (slab_trim).
 * Stays registered until worker_untrim, which must come before the worker's end. */
void worker_trim(struct worker *w, struct worker_task *task);
void worker_untrim(struct worker_task *task);

/* What a layer above keeps per worker. set replaces nothing: a key is set once per worker; free_fn
 * (may be NULL) runs in worker_deinit on the worker's thread. get: NULL before set. */
void worker_set(struct worker *w, struct worker_key *key, void *ptr, void (*free_fn)(void *ptr));

static inline void *worker_get(const struct worker *w, const struct worker_key *key)
{
    /* Index 0 is never set: it answers for keys not yet given. */
    return w->extensions[atomic_load_explicit(&key->id, memory_order_relaxed)].ptr;
}

#endif
