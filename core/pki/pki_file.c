#include "core/pki/pki_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/mem.h"

#define READ_BYTES 4096

int pki_file_read(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
    char block[READ_BYTES];
    ssize_t n = 1;

    if (fd < 0)
        return -errno;
    while (n != 0 && !err) {
        n = read(fd, block, sizeof(block));
        if (n < 0)
            err = errno == EINTR ? 0 : -errno;
        else
            err = buf_add(out, block, (size_t)n);
    }
    close(fd);
    mem_wipe(block, sizeof(block)); /* it may have been a key */
    return err;
}

static int write_all(int fd, struct str content)
{
    while (content.len > 0) {
        ssize_t n = write(fd, content.p, content.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        content = str_skip(content, (size_t)n);
    }
    return fsync(fd) ? -errno : 0;
}

/* A new name is only safe on disk when its directory is. */
static int sync_dir_of(const char *path)
{
    ptrdiff_t slash = str_rchr(str_of(path), '/');
    char *dir = slash > 0 ? str_dup(str_make(path, (size_t)slash)) : mem_strdup(slash ? "." : "/");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;

    if (fd < 0 || fsync(fd))
        err = -errno;
    if (fd >= 0)
        close(fd);
    mem_free(dir);
    return err;
}

int pki_file_write(const char *path, struct str content, mode_t mode)
{
    char *temp = mem_printf("%s.XXXXXX", path);
    int fd = mkostemp(temp, O_CLOEXEC), err;

    if (fd < 0) {
        err = -errno;
        mem_free(temp);
        return err;
    }
    err = write_all(fd, content);
    if (!err && fchmod(fd, mode))
        err = -errno;
    if (close(fd) && !err)
        err = -errno;
    if (!err && rename(temp, path))
        err = -errno;
    if (err)
        unlink(temp);
    else
        err = sync_dir_of(path);
    mem_free(temp);
    return err;
}
