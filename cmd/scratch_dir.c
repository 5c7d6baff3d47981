#include "cmd/scratch_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX 32 /* descriptors used for walking */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    (void)remove(path);
    return 0;
}

static void remove_tree(const char *path)
{
    (void)nftw(path, remove_one, DEPTH_MAX, FTW_DEPTH | FTW_PHYS);
}

/* Has nothing open but the pipe, so that no terminal or test waits for it. */
static void wait_and_remove(const char *path, int pipe)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    ssize_t n;
    char c;

    setsid();
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN);
    for (int fd = 0; fd <= STDERR_FILENO && null >= 0; fd++)
        (void)dup2(null, fd);
    do {
        n = read(pipe, &c, 1);
    } while (n > 0 || (n < 0 && errno == EINTR));
    remove_tree(path);
    _exit(0);
}

int scratch_dir_make(struct scratch_dir *d, const char *name)
{
    int ends[2], err;
    pid_t pid;

    (void)snprintf(d->path, sizeof(d->path), "/tmp/mesh-%s-XXXXXX", name);
    if (!mkdtemp(d->path))
        return -errno;
    if (pipe(ends) != 0) { /* NOLINT(android-cloexec-pipe): children shall have it */
        err = -errno;
        (void)remove(d->path);
        return err;
    }
    pid = fork();
    if (pid == 0) {
        close(ends[1]);
        wait_and_remove(d->path, ends[0]);
    }
    err = pid < 0 ? -errno : 0;
    close(ends[0]);
    d->pipe = ends[1];
    if (err)
        scratch_dir_remove(d);
    return err;
}

void scratch_dir_remove(struct scratch_dir *d)
{
    if (!d->path[0])
        return;
    remove_tree(d->path);
    close(d->pipe);
    d->path[0] = '\0';
}
