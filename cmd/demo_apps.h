/* The workloads of `mesh demo` as processes: each `mesh run ... -- mesh demo-service ...`, as a
 * person would start it. Main thread. */
#ifndef CMD_DEMO_APPS_H
#define CMD_DEMO_APPS_H

#include <stdbool.h>
#include <stddef.h>

struct demo_apps; /* opaque */
struct worker;

struct demo_apps_events {
    void (*on_died)(void *arg, const char *name, int code); /* without having been asked to */
    void (*on_stopped)(void *arg);                          /* all, after demo_apps_stop */
};

/* log: a descriptor for what sidecars and services say. capture: in namespaces of their own. A
 * libuv code when a process could not be made; then demo_apps_stop still. */
int demo_apps_start(struct worker *w, bool capture, int log, const struct demo_apps_events *events,
                    void *arg, struct demo_apps **out);
/* SIGTERM, and after 3 s SIGKILL. on_stopped follows, never inside. */
void demo_apps_stop(struct demo_apps *a);
void demo_apps_free(struct demo_apps *a); /* after on_stopped; NULL is allowed */

size_t demo_apps_count(void);
/* Names of the workloads, "reviews-v2"; i below demo_apps_count. */
const char *demo_apps_name(size_t i);

#endif
