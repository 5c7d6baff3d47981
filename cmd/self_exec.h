/* Programs of our own started as children: "/proc/self/exe" with other words. Main thread. */
#ifndef CMD_SELF_EXEC_H
#define CMD_SELF_EXEC_H

#include <stdbool.h>
#include <uv.h>

struct worker;

struct self_exec_options {
    const char *const *argv; /* behind the program's name, NULL-terminated */
    const char *input;       /* standard input; NULL: none */
    int output, error;       /* descriptors the child gets; -1: /dev/null */
    bool own_session;        /* a Ctrl-C at the terminal is not for the child */
};

struct self_exec; /* opaque */

/* exited(arg, code) runs once when the child has ended; code as a shell shows it. The handle is
 * valid until then. 0 or libuv's error. */
int self_exec_start(struct worker *w, const struct self_exec_options *options,
                    void (*exited)(void *arg, int code), void *arg, struct self_exec **out);
void self_exec_kill(struct self_exec *x, int signo);
/* exited does not run any more; the child goes on. NULL is allowed. */
void self_exec_forget(struct self_exec *x);

#endif
