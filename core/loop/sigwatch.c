#include "core/loop/sigwatch.h"

#include <signal.h>

#include "core/base/mem.h"
#include "core/loop/worker.h"

static void on_signal(uv_signal_t *uv, int signo)
{
    struct sigwatch *s = CONTAINER_OF(uv, struct sigwatch, uv);

    s->fn(s->arg, signo);
}

static void on_closed(uv_handle_t *handle)
{
    struct sigwatch *s = CONTAINER_OF(handle, struct sigwatch, uv);

    if (s->closed)
        s->closed(s->arg); /* last touch */
}

int sigwatch_open(struct sigwatch *s, struct worker *w, int signo, void (*fn)(void *arg, int signo),
                  void *arg)
{
    struct sigaction now;

    /* Asked first, since a handle once made can only be given back by the loop. */
    if (signo == SIGKILL || signo == SIGSTOP || sigaction(signo, NULL, &now))
        return UV_EINVAL;
    *s = (struct sigwatch){ .fn = fn, .arg = arg };
    uv_signal_init(&w->loop, &s->uv);
    return uv_signal_start(&s->uv, on_signal, signo);
}

void sigwatch_close(struct sigwatch *s, void (*closed)(void *arg))
{
    s->closed = closed;
    uv_close((uv_handle_t *)&s->uv, on_closed);
}

void sigwatch_ignore_pipe(void)
{
    signal(SIGPIPE, SIG_IGN);
}
