#include "modes/shared/dirwatch.h"

#include <libgen.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/loop/worker.h"

#define QUIET_MS  ((uint64_t)50)
#define LATEST_MS ((uint64_t)500)

struct dirwatch {
    struct worker *worker;
    uv_fs_event_t event;
    struct timer timer;
    uint64_t first_ms; /* of this burst; 0: none */
    void (*changed)(void *arg);
    void *arg;
};

static void on_timer(struct timer *t)
{
    struct dirwatch *d = CONTAINER_OF(t, struct dirwatch, timer);

    d->first_ms = 0;
    d->changed(d->arg);
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct dirwatch *d = CONTAINER_OF(event, struct dirwatch, event);
    uint64_t now = worker_now_ms(d->worker);

    (void)name;
    (void)events;
    (void)status;
    if (!d->first_ms)
        d->first_ms = now;
    if (now + QUIET_MS <= d->first_ms + LATEST_MS || !timer_is_running(&d->timer))
        timer_start(&d->timer, QUIET_MS);
}

int dirwatch_new(struct worker *w, const char *path, void (*changed)(void *arg), void *arg,
                 struct dirwatch **out)
{
    struct dirwatch *d = mem_alloc0(1, sizeof(*d));
    char *copy = mem_strdup(path);
    const char *dir = path;
    struct stat st;
    int err;

    d->worker = w;
    d->changed = changed;
    d->arg = arg;
    timer_init(&d->timer, &w->timers, on_timer);
    uv_fs_event_init(&w->loop, &d->event);
    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        dir = dirname(copy);
    err = uv_fs_event_start(&d->event, on_event, dir, 0);
    mem_free(copy);
    if (err) {
        dirwatch_free(d);
        return err;
    }
    *out = d;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(CONTAINER_OF(handle, struct dirwatch, event));
}

void dirwatch_free(struct dirwatch *d)
{
    if (!d)
        return;
    timer_cancel(&d->timer);
    uv_close((uv_handle_t *)&d->event, on_closed);
}
