#include "modes/shared/acme_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/pki/pki_file.h"
#include "core/pki/pki_hash.h"
#include "core/pki/pki_key.h"

#define FILE_MAX_BYTES ((size_t)1024 * 1024)

int acme_store_init(struct acme_store *s, const char *dir)
{
    *s = (struct acme_store){ .dir = mem_strdup(dir), .lock_fd = -1 };
    return mkdir(dir, 0700) != 0 && errno != EEXIST ? -errno : 0;
}

void acme_store_deinit(struct acme_store *s)
{
    acme_store_unlock(s);
    mem_free(s->dir);
    s->dir = NULL;
}

/* ---- the lock ---- */

bool acme_store_lock(struct acme_store *s)
{
    char *path = mem_printf("%s/lock", s->dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    mem_free(path);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        fd = -1;
    }
    s->lock_fd = fd;
    return fd >= 0;
}

void acme_store_unlock(struct acme_store *s)
{
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    s->lock_fd = -1;
}

/* ---- files ---- */

/* A Secret's name is a DNS name: letters, digits, '-' and '.', and not a dot first. */
static char *path_of(const struct acme_store *s, struct str name, const char *end)
{
    return mem_printf("%s/%.*s%s", s->dir, STR_ARG(name), end);
}

static int read_path(char *path, struct buf *out)
{
    int err = pki_file_read(path, out);

    mem_free(path);
    return err == -ENOENT ? ERR_NOT_FOUND : err;
}

static int write_path(char *path, struct str text)
{
    int err = pki_file_write(path, text, 0600);

    mem_free(path);
    return err;
}

int acme_store_read(const struct acme_store *s, struct str secret, struct buf *pem)
{
    return read_path(path_of(s, secret, ".pem"), pem);
}

int acme_store_write(struct acme_store *s, struct str secret, struct str pem)
{
    return write_path(path_of(s, secret, ".pem"), pem);
}

int acme_store_read_challenges(const struct acme_store *s, struct buf *text)
{
    return read_path(path_of(s, STR("challenges"), ""), text);
}

int acme_store_write_challenges(struct acme_store *s, struct str text)
{
    return write_path(path_of(s, STR("challenges"), ""), text);
}

void acme_store_read_try(const struct acme_store *s, struct str secret, uint32_t *failures,
                         int64_t *not_before_s)
{
    struct buf text;
    struct str rest, first;
    uint64_t count = 0, when = 0;

    *failures = 0;
    *not_before_s = 0;
    buf_init(&text, 256);
    if (read_path(path_of(s, secret, ".try"), &text) == 0) {
        rest = str_trim(buf_str(&text));
        first = str_cut(&rest, ' ');
        if (str_to_u64(first, UINT32_MAX, &count) == 0 && str_to_u64(rest, INT64_MAX, &when) == 0) {
            *failures = (uint32_t)count;
            *not_before_s = (int64_t)when;
        }
    }
    buf_deinit(&text);
}

void acme_store_write_try(struct acme_store *s, struct str secret, uint32_t failures,
                          int64_t not_before_s)
{
    char *path = path_of(s, secret, ".try");
    char text[64];

    if (failures == 0) {
        (void)unlink(path);
        mem_free(path);
        return;
    }
    (void)snprintf(text, sizeof(text), "%u %lld\n", failures, (long long)not_before_s);
    (void)write_path(path, str_of(text)); /* without it the next start tries sooner */
}

/* ---- the account ---- */

static int make_account(char *path, struct pki_key **out)
{
    struct buf pem;
    int err = pki_key_generate(out);

    buf_init(&pem, 0);
    if (!err)
        err = pki_key_to_pem(*out, &pem);
    if (!err)
        err = pki_file_write(path, buf_str(&pem), 0600);
    if (err) {
        pki_key_unref(*out);
        *out = NULL;
    }
    buf_wipe(&pem);
    return err;
}

int acme_store_account(struct acme_store *s, struct str directory, struct pki_key **out)
{
    char hash[PKI_SHA256_HEX_SIZE], *path;
    struct buf pem;
    int err;

    *out = NULL;
    pki_hash_sha256_hex(directory.p, directory.len, hash);
    path = mem_printf("%s/account-%.16s.pem", s->dir, hash);
    buf_init(&pem, FILE_MAX_BYTES);
    err = pki_file_read(path, &pem);
    if (err == -ENOENT)
        err = make_account(path, out);
    else if (!err)
        err = pki_key_from_pem(buf_str(&pem), out);
    buf_wipe(&pem);
    mem_free(path);
    return err;
}
