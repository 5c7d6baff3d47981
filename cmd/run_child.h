/* The app of `mesh run` as a child process: made first, in a namespace of its own or beside us,
 * held until the sidecar serves, then let go.
 *
 *     open ──► waiting ──go──► the command runs ──► its exit
 *
 * It gets SIGTERM when this process dies. Main thread, except run_child_dial's socket. */
#ifndef CMD_RUN_CHILD_H
#define CMD_RUN_CHILD_H

#include "core/capture/capture_netns.h"

struct run_child {
    pid_t pid;
    bool captured;
    struct capture_netns netns; /* when captured; its sockets are the caller's */
    int go;                     /* when not: the child waits for this pipe */
};

struct run_child_options {
    char **argv;
    bool capture;
    uint8_t ip[4]; /* IPv4 of the workload, to be the app's own in the namespace; zeros: none */
};

/* Forks: no thread may run yet. 0, or a negative errno and why, a static text. */
int run_child_open(struct run_child *c, const struct run_child_options *options, const char **why);
/* Lets the command begin. proxy_port: where its HTTP_PROXY is, when it is not captured. */
int run_child_go(struct run_child *c, uint16_t proxy_port);
/* Kills the child if it still runs. */
void run_child_close(struct run_child *c);

#endif
