#include "core/loop/offload.h"

#include <stdbool.h>
#include <uv.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"

struct offload {
    uv_work_t work;
    void (*run)(void *arg);
    void (*done)(void *arg);
    void (*drop)(void *arg);
    void *arg;
    bool is_cancelled;
};

static void on_pool(uv_work_t *work)
{
    struct offload *o = CONTAINER_OF(work, struct offload, work);

    o->run(o->arg);
}

static void on_loop(uv_work_t *work, int status)
{
    struct offload *o = CONTAINER_OF(work, struct offload, work);
    void (*fn)(void *arg) = o->is_cancelled ? o->drop : o->done;
    void *arg = o->arg;

    (void)status; /* UV_ECANCELED comes only after our own cancel */
    mem_free(o);
    if (fn)
        fn(arg);
}

struct offload *offload_start(struct worker *w, void (*run)(void *arg), void (*done)(void *arg),
                              void (*drop)(void *arg), void *arg)
{
    struct offload *o = mem_alloc0(1, sizeof(*o));

    o->run = run;
    o->done = done;
    o->drop = drop;
    o->arg = arg;
    ASSERT(uv_queue_work(&w->loop, &o->work, on_pool, on_loop) == 0);
    return o;
}

void offload_cancel(struct offload *o)
{
    o->is_cancelled = true;
    uv_cancel((uv_req_t *)&o->work); /* refused when it already runs: then on_loop comes after it */
}
