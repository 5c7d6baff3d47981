#include "tests/unit/support/cut_vfs.h"

#include <errno.h>
#include <string.h>

#include <sqlite3.h>

#include "core/base/mem.h"

#define FILES_MAX 8
#define PIECE     512

/* A write, or with p NULL a truncation to at. */
struct change {
    size_t at, len;
    uint8_t *p;
};

struct image {
    uint8_t *p;
    size_t len, cap;
};

struct disk_file {
    char name[256]; /* empty: free */
    struct image now, disk;
    struct change *pending;
    size_t pending_count, pending_cap;
};

struct open_file {
    sqlite3_file base;
    struct disk_file *file;
    bool delete_on_close;
};

static struct disk_file files[FILES_MAX];
static struct random *rng;
static size_t left, quota;
static bool is_off, is_read_only, fails_sync;
static int last_errno;

/* ---- files in memory ---- */

static void image_resize(struct image *i, size_t len)
{
    if (len > i->cap) {
        i->cap = len * 2;
        i->p = mem_realloc(i->p, i->cap);
    }
    if (len > i->len)
        memset(i->p + i->len, 0, len - i->len);
    i->len = len;
}

static void image_apply(struct image *i, const struct change *c)
{
    if (!c->p) {
        image_resize(i, c->at);
        return;
    }
    if (i->len < c->at + c->len)
        image_resize(i, c->at + c->len);
    memcpy(i->p + c->at, c->p, c->len);
}

static void image_copy(struct image *to, const struct image *from)
{
    image_resize(to, from->len);
    if (from->len)
        memcpy(to->p, from->p, from->len);
}

static void drop_pending(struct disk_file *f)
{
    for (size_t i = 0; i < f->pending_count; i++)
        mem_free(f->pending[i].p);
    f->pending_count = 0;
}

static void add_pending(struct disk_file *f, size_t at, const void *p, size_t len)
{
    if (f->pending_count == f->pending_cap) {
        f->pending_cap = f->pending_cap ? f->pending_cap * 2 : 16;
        f->pending = mem_resize(f->pending, f->pending_cap, sizeof(*f->pending));
    }
    f->pending[f->pending_count] = (struct change){ at, len, p ? mem_dup(p, len) : NULL };
    image_apply(&f->now, &f->pending[f->pending_count++]);
}

static void free_file(struct disk_file *f)
{
    drop_pending(f);
    mem_free(f->pending);
    mem_free(f->now.p);
    mem_free(f->disk.p);
    *f = (struct disk_file){ 0 };
}

static struct disk_file *find_file(const char *name)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (files[i].name[0] && strcmp(files[i].name, name) == 0)
            return &files[i];
    }
    return NULL;
}

/* ---- power ---- */

/* Counts one operation; false: there is no power for it (any more). */
static bool spend(void)
{
    if (is_off)
        return false;
    if (left == 0) {
        is_off = true;
        return false;
    }
    if (left != SIZE_MAX)
        left--;
    return true;
}

/* Some pieces of a write reach the disk, one of them perhaps in part. */
static void apply_pieces(struct image *disk, const struct change *c)
{
    for (size_t done = 0; done < c->len; done += PIECE) {
        size_t len = c->len - done < PIECE ? c->len - done : PIECE;
        struct change piece = { c->at + done, len, c->p + done };

        if (random_below(rng, 2))
            continue;
        if (random_below(rng, 8) == 0)
            piece.len = (size_t)random_below(rng, len) + 1; /* torn within the sector */
        image_apply(disk, &piece);
    }
}

static void lose_power(struct disk_file *f, uint64_t fate)
{
    size_t whole = fate == 1 ? f->pending_count : 0;

    if (fate == 2)
        whole = (size_t)random_below(rng, f->pending_count + 1);
    for (size_t i = 0; i < f->pending_count; i++) {
        const struct change *c = &f->pending[i];

        if (i < whole || (fate == 3 && !c->p && random_below(rng, 2)))
            image_apply(&f->disk, c);
        else if (fate == 3 && c->p)
            apply_pieces(&f->disk, c);
    }
    drop_pending(f);
    image_copy(&f->now, &f->disk);
}

void cut_vfs_reboot(void)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        lose_power(&files[i], random_below(rng, 4));
    is_off = false;
    left = SIZE_MAX;
}

void cut_vfs_cut_after(size_t operations)
{
    left = operations;
}

bool cut_vfs_is_off(void)
{
    return is_off;
}

void cut_vfs_set_quota(size_t bytes)
{
    quota = bytes;
}

void cut_vfs_fail_sync(bool on)
{
    fails_sync = on;
}

void cut_vfs_set_read_only(bool on)
{
    is_read_only = on;
}

void cut_vfs_flip(const char *name, size_t at)
{
    struct disk_file *f = find_file(name);

    f->now.p[at] ^= 0x10;
    f->disk.p[at] ^= 0x10;
}

bool cut_vfs_contains(const char *text)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (files[i].now.len && memmem(files[i].now.p, files[i].now.len, text, strlen(text)))
            return true;
    }
    return false;
}

size_t cut_vfs_size(const char *name)
{
    const struct disk_file *f = find_file(name);

    return f ? f->now.len : 0;
}

/* ---- SQLite's file methods ---- */

static struct disk_file *file_of(sqlite3_file *f)
{
    return ((struct open_file *)(void *)f)->file;
}

static int fail_io(int code, int err)
{
    last_errno = err;
    return code;
}

static int on_close(sqlite3_file *f)
{
    struct open_file *o = (struct open_file *)(void *)f;

    if (o->delete_on_close)
        free_file(o->file);
    return SQLITE_OK;
}

static int on_read(sqlite3_file *f, void *p, int amount, sqlite3_int64 at)
{
    const struct image *i = &file_of(f)->now;
    size_t want = (size_t)amount, from = (size_t)at, have = from < i->len ? i->len - from : 0;

    if (is_off)
        return fail_io(SQLITE_IOERR_READ, EIO);
    if (have > want)
        have = want;
    if (have)
        memcpy(p, i->p + from, have);
    memset((char *)p + have, 0, want - have);
    return have == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static size_t used_bytes(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < FILES_MAX; i++)
        sum += files[i].now.len;
    return sum;
}

static int on_write(sqlite3_file *f, const void *p, int amount, sqlite3_int64 at)
{
    struct disk_file *file = file_of(f);
    size_t end = (size_t)at + (size_t)amount;
    size_t more = end > file->now.len ? end - file->now.len : 0;

    if (is_read_only)
        return fail_io(SQLITE_IOERR_WRITE, EROFS);
    if (more > 0 && used_bytes() + more > quota)
        return SQLITE_FULL;
    if (!spend()) {
        /* The write under way when the power went is one of the unsynced ones. */
        if (left == 0) {
            add_pending(file, (size_t)at, p, (size_t)amount);
            left = 1;
        }
        return fail_io(SQLITE_IOERR_WRITE, EIO);
    }
    add_pending(file, (size_t)at, p, (size_t)amount);
    return SQLITE_OK;
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    if (!spend())
        return fail_io(SQLITE_IOERR_TRUNCATE, EIO);
    add_pending(file_of(f), (size_t)size, NULL, 0);
    return SQLITE_OK;
}

static int on_sync(sqlite3_file *f, int flags)
{
    struct disk_file *file = file_of(f);

    (void)flags;
    if (fails_sync)
        return fail_io(SQLITE_IOERR_FSYNC, EIO);
    if (!spend())
        return fail_io(SQLITE_IOERR_FSYNC, EIO);
    image_copy(&file->disk, &file->now);
    drop_pending(file);
    return SQLITE_OK;
}

static int on_file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    *size = (sqlite3_int64)file_of(f)->now.len;
    return SQLITE_OK;
}

static int on_lock(sqlite3_file *f, int lock)
{
    (void)f;
    (void)lock;
    return SQLITE_OK;
}

static int on_check_lock(sqlite3_file *f, int *out)
{
    (void)f;
    *out = 0;
    return SQLITE_OK;
}

static int on_control(sqlite3_file *f, int op, void *arg)
{
    (void)f;
    if (op != SQLITE_FCNTL_LAST_ERRNO)
        return SQLITE_NOTFOUND;
    memcpy(arg, &last_errno, sizeof(last_errno));
    return SQLITE_OK;
}

static int on_sector(sqlite3_file *f)
{
    (void)f;
    return PIECE;
}

static int on_traits(sqlite3_file *f)
{
    (void)f;
    return 0; /* nothing is promised */
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_file_size,
    .xLock = on_lock,
    .xUnlock = on_lock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector,
    .xDeviceCharacteristics = on_traits,
};

/* ---- SQLite's VFS methods ---- */

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
    struct open_file *o = (struct open_file *)(void *)f;

    (void)vfs;
    *o = (struct open_file){ .delete_on_close = flags & SQLITE_OPEN_DELETEONCLOSE };
    o->file = name ? find_file(name) : NULL;
    if (is_off || (!o->file && !(flags & SQLITE_OPEN_CREATE)))
        return fail_io(SQLITE_CANTOPEN, is_off ? EIO : ENOENT);
    for (size_t i = 0; i < FILES_MAX && !o->file; i++) {
        if (!files[i].name[0])
            o->file = &files[i];
    }
    if (!o->file)
        return SQLITE_CANTOPEN;
    if (!o->file->name[0])
        sqlite3_snprintf(sizeof(o->file->name), o->file->name, "%s", name ? name : "(temporary)");
    if (out_flags)
        *out_flags = flags;
    o->base.pMethods = &methods;
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
    struct disk_file *f = find_file(name);

    (void)vfs;
    (void)sync_dir;
    if (!spend())
        return fail_io(SQLITE_IOERR_DELETE, EIO);
    if (!f)
        return SQLITE_IOERR_DELETE_NOENT;
    free_file(f);
    return SQLITE_OK;
}

static int on_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    (void)flags;
    *out = find_file(name) != NULL;
    return SQLITE_OK;
}

static int on_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    (void)vfs;
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
}

static int on_random(sqlite3_vfs *vfs, int len, char *out)
{
    (void)vfs;
    for (int i = 0; i < len; i++)
        out[i] = (char)random_below(rng, 256);
    return len;
}

static int on_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return us;
}

static int on_time(sqlite3_vfs *vfs, double *day)
{
    (void)vfs;
    *day = 2460000.5;
    return SQLITE_OK;
}

static int on_last_error(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    if (size > 0 && out)
        out[0] = '\0';
    return last_errno;
}

static sqlite3_vfs vfs_methods = {
    .iVersion = 1,
    .szOsFile = (int)sizeof(struct open_file),
    .mxPathname = 255,
    .zName = CUT_VFS_NAME,
    .xOpen = on_open,
    .xDelete = on_delete,
    .xAccess = on_access,
    .xFullPathname = on_path,
    .xRandomness = on_random,
    .xSleep = on_sleep,
    .xCurrentTime = on_time,
    .xGetLastError = on_last_error,
};

void cut_vfs_init(struct random *r)
{
    cut_vfs_deinit();
    rng = r;
    left = quota = SIZE_MAX;
    is_off = is_read_only = fails_sync = false;
    sqlite3_vfs_register(&vfs_methods, 0);
}

void cut_vfs_deinit(void)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        free_file(&files[i]);
}
