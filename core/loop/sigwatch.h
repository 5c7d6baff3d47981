/* Signals as callbacks of a loop. */
#ifndef CORE_LOOP_SIGWATCH_H
#define CORE_LOOP_SIGWATCH_H

#include <uv.h>

struct worker;

struct sigwatch {
    uv_signal_t uv;
    void (*fn)(void *arg, int signo);
    void *arg;
    void (*closed)(void *arg);
};

/* Calls fn for each signal signo on w's thread, from now on. 0 or libuv's error (then there is
 * nothing to close). Loop thread. */
int sigwatch_open(struct sigwatch *s, struct worker *w, int signo, void (*fn)(void *arg, int signo),
                  void *arg);
/* fn does not run any more. *s must stay until closed(arg) has run; closed may be NULL. */
void sigwatch_close(struct sigwatch *s, void (*closed)(void *arg));

/* Writing to a closed pipe or socket must be an error, not the end of the process. Once, at the
 * process' start. */
void sigwatch_ignore_pipe(void);

#endif
