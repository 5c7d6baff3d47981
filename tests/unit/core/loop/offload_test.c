#include "core/loop/offload.h"

#include "core/loop/worker.h"
#include "tests/tap.h"

struct task {
    atomic_int run, done, drop;
    uv_thread_t ran_on;
    uv_sem_t *gate; /* run waits here when set */
};

static void run_task(void *arg)
{
    struct task *t = arg;

    if (t->gate)
        uv_sem_wait(t->gate);
    t->ran_on = uv_thread_self();
    t->run++;
}

static void done_task(void *arg)
{
    ((struct task *)arg)->done++;
}

static void drop_task(void *arg)
{
    ((struct task *)arg)->drop++;
}

static bool is_over(void *arg)
{
    struct task *t = arg;

    return t->done + t->drop > 0;
}

static void work_runs_elsewhere_and_ends_here(void)
{
    struct task t = { 0 };
    uv_thread_t self = uv_thread_self();
    struct worker w;

    if (!EQ_INT(worker_init(&w, 0, 1), 0))
        return;
    OK(offload_start(&w, run_task, done_task, drop_task, &t) != NULL);
    EQ_INT(t.done, 0);
    EQ_INT(worker_run_until(&w, is_over, &t, 10000), 0);
    EQ_INT(t.run, 1);
    EQ_INT(t.done, 1);
    EQ_INT(t.drop, 0);
    OK(!uv_thread_equal(&t.ran_on, &self));
    worker_deinit(&w);
}

static void cancelled_while_running_is_dropped_after_it(void)
{
    struct task t = { 0 };
    struct offload *o;
    struct worker w;
    uv_sem_t gate;

    uv_sem_init(&gate, 0);
    t.gate = &gate;
    if (!EQ_INT(worker_init(&w, 0, 1), 0))
        return;
    o = offload_start(&w, run_task, done_task, drop_task, &t);
    offload_cancel(o);
    EQ_INT(t.drop, 0); /* never inside the call */
    uv_sem_post(&gate);
    EQ_INT(worker_run_until(&w, is_over, &t, 10000), 0);
    EQ_INT(t.done, 0);
    EQ_INT(t.drop, 1);
    worker_deinit(&w);
    uv_sem_destroy(&gate);
}

static void worker_waits_for_work_at_its_end(void)
{
    struct task t = { 0 };
    struct worker w;

    if (!EQ_INT(worker_init(&w, 0, 1), 0))
        return;
    (void)offload_start(&w, run_task, done_task, NULL, &t);
    worker_deinit(&w);
    EQ_INT(t.done, 1);
}

static const struct tap_case cases[] = {
    { "work_runs_elsewhere_and_ends_here", work_runs_elsewhere_and_ends_here },
    { "cancelled_while_running_is_dropped_after_it", cancelled_while_running_is_dropped_after_it },
    { "worker_waits_for_work_at_its_end", worker_waits_for_work_at_its_end },
};

TAP_MAIN(cases)
