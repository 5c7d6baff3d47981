/* Work that blocks or takes long, done on libuv's thread pool for a loop. */
#ifndef CORE_LOOP_OFFLOAD_H
#define CORE_LOOP_OFFLOAD_H

struct offload; /* opaque */
struct worker;

/* run(arg) runs on a pool thread, then done(arg) on w's. Unless cancelled: then drop(arg) runs on
 * w's thread instead of done, once run is over or was spared. Exactly one of done and drop runs,
 * never inside this call or offload_cancel; drop NULL means done is told nothing and arg stays as
 * it is. Returns a handle that is valid until done or drop runs. Loop thread. */
struct offload *offload_start(struct worker *w, void (*run)(void *arg), void (*done)(void *arg),
                              void (*drop)(void *arg), void *arg);

/* After this done does not run; run may still be running, so arg must stay until drop. Loop thread.
 */
void offload_cancel(struct offload *o);

#endif
