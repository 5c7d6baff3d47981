#include "core/loop/sigwatch.h"

#include <signal.h>
#include <unistd.h>

#include "core/loop/worker.h"
#include "tests/tap.h"

static int heard, is_closed;

static void on_signal(void *arg, int signo)
{
    (void)arg;
    heard = signo;
}

static void on_closed(void *arg)
{
    *(int *)arg = 1;
}

static bool is_set(void *arg)
{
    return *(int *)arg != 0;
}

static void signal_reaches_the_loop(void)
{
    struct sigwatch s;
    struct worker w;

    if (!EQ_INT(worker_init(&w, 0, 1), 0))
        return;
    if (!EQ_INT(sigwatch_open(&s, &w, SIGHUP, on_signal, &is_closed), 0))
        return;
    kill(getpid(), SIGHUP);
    EQ_INT(worker_run_until(&w, is_set, &heard, 5000), 0);
    EQ_INT(heard, SIGHUP);
    sigwatch_close(&s, on_closed);
    EQ_INT(worker_run_until(&w, is_set, &is_closed, 5000), 0);
    worker_deinit(&w);
}

static void impossible_signals_are_refused(void)
{
    struct sigwatch s;
    struct worker w;

    if (!EQ_INT(worker_init(&w, 0, 1), 0))
        return;
    EQ_INT(sigwatch_open(&s, &w, SIGKILL, on_signal, NULL), UV_EINVAL);
    EQ_INT(sigwatch_open(&s, &w, 9999, on_signal, NULL), UV_EINVAL);
    worker_deinit(&w);
}

static void writing_to_a_closed_pipe_is_an_error(void)
{
    int fds[2];

    sigwatch_ignore_pipe();
    if (!EQ_INT(pipe(fds), 0))
        return;
    close(fds[0]);
    EQ_INT(write(fds[1], "x", 1), -1);
    close(fds[1]);
}

static const struct tap_case cases[] = {
    { "signal_reaches_the_loop", signal_reaches_the_loop },
    { "impossible_signals_are_refused", impossible_signals_are_refused },
    { "writing_to_a_closed_pipe_is_an_error", writing_to_a_closed_pipe_is_an_error },
};

TAP_MAIN(cases)
