/* A folder in /tmp that goes away with the process, however it ends, and with the processes it
 * started: a small process waits until the last of them has let go of a pipe, then removes it. Main
 * thread. */
#ifndef CMD_SCRATCH_DIR_H
#define CMD_SCRATCH_DIR_H

struct scratch_dir {
    char path[64];
    int pipe; /* inherited by programs that are started: not closed on exec */
};

/* Makes "/tmp/mesh-NAME-XXXXXX". Forks: before any thread runs. A negative errno on failure. */
int scratch_dir_make(struct scratch_dir *d, const char *name);
/* Removes it now. */
void scratch_dir_remove(struct scratch_dir *d);

#endif
