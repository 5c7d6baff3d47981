#include "modes/shared/xds_saved.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/text/proto.h"

static struct log_module log_module = LOG_MODULE("xds");

static const char magic[8] = "MESHXDS1";

enum {
    FRAME_BYTES = 12,
    RECORD_MAX = 64 * 1024 * 1024,
    SLACK_BYTES = 1024 * 1024, /* a file smaller than this is not worth writing anew */
    PENDING_MAX = 64 * 1024 * 1024,
};

enum op { OP_OWNER, OP_PUT, OP_REMOVE, OP_TOKEN };

struct xds_saved_record {
    int64_t op;
    struct str type, name, version, value;
};

#define T struct xds_saved_record
static const struct field xds_saved_record_fields[] = {
    FIELD_INT32(T, op, "op", .proto = 1),       FIELD_STR(T, type, "type", .proto = 2),
    FIELD_STR(T, name, "name", .proto = 3),     FIELD_STR(T, version, "version", .proto = 4),
    FIELD_BYTES(T, value, "value", .proto = 5),
};
static FIELD_MESSAGE(xds_saved_record, "mesh.xds.Saved");
#undef T

struct entry {
    uint64_t offset; /* of its frame; from size on: in pending */
    uint32_t len;    /* of the frame */
    char *version;
    char name[];
};

struct type {
    struct map entries; /* name -> struct entry */
    char *token;
};

struct xds_saved {
    char *path, *owner; /* path NULL: memory only */
    const char *const *names;
    uint32_t type_count;
    int fd;
    uint64_t size, live; /* bytes of the file, and of frames still in force */
    struct buf pending;  /* frames not yet written; they begin at offset size */
    bool broken;         /* an append failed: the next flush writes the file anew */
    struct type types[];
};

/* ---- frames ---- */

static void put_le(uint8_t *p, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get_le(const uint8_t *p, int bytes)
{
    uint64_t v = 0;

    for (int i = 0; i < bytes; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

/* Length of the frame added, or 0. */
static uint32_t add_frame(struct buf *out, const struct xds_saved_record *r)
{
    uint8_t head[FRAME_BYTES];
    struct buf record;
    uint32_t len = 0;

    buf_init(&record, RECORD_MAX);
    if (proto_encode(&xds_saved_record_message, r, &record) == 0) {
        struct str s = buf_str(&record);

        put_le(head, s.len, 4);
        put_le(head + 4, hash_content(s.p, s.len), 8);
        buf_add(out, head, sizeof(head));
        buf_add_str(out, s);
        len = (uint32_t)(s.len + FRAME_BYTES);
    }
    buf_deinit(&record);
    return len;
}

/* The record of the frame at p, or ERR_CORRUPT (also for a cut one). *used is the frame's length.
 */
static int read_frame(const uint8_t *p, size_t len, struct arena *a, struct xds_saved_record *out,
                      size_t *used)
{
    uint64_t record;

    if (len < FRAME_BYTES)
        return ERR_CORRUPT;
    record = get_le(p, 4);
    if (record > RECORD_MAX || record > len - FRAME_BYTES ||
        hash_content(p + FRAME_BYTES, record) != get_le(p + 4, 8) ||
        proto_decode(&xds_saved_record_message, p + FRAME_BYTES, record, a, PROTO_BORROW, out) != 0)
        return ERR_CORRUPT;
    *used = FRAME_BYTES + record;
    return 0;
}

/* ---- what is held ---- */

static void entry_free(struct xds_saved *s, struct entry *e)
{
    if (!e)
        return;
    s->live -= e->len;
    mem_free(e->version);
    mem_free(e);
}

static void enter(struct xds_saved *s, uint32_t type, const struct xds_saved_record *r,
                  uint64_t offset, uint32_t len)
{
    struct entry *e = mem_alloc_flex(sizeof(*e), r->name.len + 1, 1);

    e->offset = offset;
    e->len = len;
    e->version = str_dup(r->version);
    str_copy(r->name, e->name, r->name.len + 1);
    s->live += len;
    entry_free(s, map_put(&s->types[type].entries, str_make(e->name, r->name.len), e));
}

static void set_token(struct xds_saved *s, uint32_t type, struct str token)
{
    mem_free(s->types[type].token);
    s->types[type].token = str_dup(token);
}

static int find_type(const struct xds_saved *s, struct str name)
{
    for (uint32_t i = 0; i < s->type_count; i++)
        if (str_is(name, s->names[i]))
            return (int)i;
    return -1;
}

static void apply(struct xds_saved *s, const struct xds_saved_record *r, uint64_t offset,
                  uint32_t len)
{
    int type = find_type(s, r->type);

    if (type < 0)
        return;
    switch (r->op) {
    case OP_PUT:
        enter(s, (uint32_t)type, r, offset, len);
        break;
    case OP_REMOVE:
        entry_free(s, map_remove(&s->types[type].entries, r->name));
        break;
    case OP_TOKEN:
        set_token(s, (uint32_t)type, r->version);
        break;
    default:
        break;
    }
}

/* Takes frames up to the first bad one; returns where that is, or 0 when the file is not ours. */
static uint64_t scan(struct xds_saved *s, const uint8_t *p, size_t len)
{
    uint64_t at = sizeof(magic);
    bool ours = false;
    struct arena a;

    if (len < sizeof(magic) || memcmp(p, magic, sizeof(magic)) != 0)
        return 0;
    arena_init(&a, 4096);
    while (at < len) {
        struct xds_saved_record r;
        size_t used;

        arena_reset(&a);
        if (read_frame(p + at, len - at, &a, &r, &used) != 0)
            break;
        if (!ours && !(r.op == OP_OWNER && str_is(r.name, s->owner)))
            break;
        ours = true;
        apply(s, &r, at, (uint32_t)used);
        at += used;
    }
    arena_deinit(&a);
    return ours ? at : 0;
}

/* ---- the file ---- */

static int write_all(int fd, const void *p, size_t len)
{
    const char *at = p;

    while (len > 0) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

static int read_at(int fd, uint64_t offset, struct buf *out, size_t len)
{
    char *p = buf_reserve(out, len);
    size_t got = 0;

    while (p && got < len) {
        ssize_t n = pread(fd, p + got, len - got, (off_t)(offset + got));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : ERR_CORRUPT;
        got += (size_t)n;
    }
    buf_commit(out, got);
    return p ? 0 : ERR_LIMIT;
}

static void begin(struct xds_saved *s, struct buf *out)
{
    buf_add(out, magic, sizeof(magic));
    (void)add_frame(out, &(struct xds_saved_record){ .op = OP_OWNER, .name = str_of(s->owner) });
}

/* Bytes of an entry's frame, from the file or from what waits. */
static int fetch(const struct xds_saved *s, const struct entry *e, struct buf *out)
{
    if (e->offset < s->size)
        return read_at(s->fd, e->offset, out, e->len);
    return buf_add_str(out, str_head(str_skip(buf_str(&s->pending), e->offset - s->size), e->len));
}

/* Moves all frames in force to a new file: *at is where each comes to stand. */
static int copy_live(struct xds_saved *s, int fd, uint64_t *at)
{
    struct map_slot *slot;
    struct buf chunk;
    int err = 0;

    buf_init(&chunk, 0);
    begin(s, &chunk);
    for (uint32_t t = 0; t < s->type_count && !err; t++) {
        for (size_t i = 0; !err && (slot = map_next(&s->types[t].entries, &i));) {
            err = fetch(s, slot->value, &chunk);
            if (!err && buf_len(&chunk) > 256 * 1024) {
                err = write_all(fd, chunk.p + chunk.start, buf_len(&chunk));
                *at += buf_len(&chunk);
                buf_clear(&chunk);
            }
        }
        if (s->types[t].token)
            (void)add_frame(&chunk,
                            &(struct xds_saved_record){ .op = OP_TOKEN,
                                                        .type = str_of(s->names[t]),
                                                        .version = str_of(s->types[t].token) });
    }
    if (!err)
        err = write_all(fd, chunk.p + chunk.start, buf_len(&chunk));
    *at += buf_len(&chunk);
    buf_deinit(&chunk);
    return err;
}

/* The same walk as copy_live, after the new file is in force. */
static void renumber(struct xds_saved *s)
{
    struct map_slot *slot;
    struct buf head;
    uint64_t at;

    buf_init(&head, 0);
    begin(s, &head);
    at = buf_len(&head);
    for (uint32_t t = 0; t < s->type_count; t++) {
        for (size_t i = 0; (slot = map_next(&s->types[t].entries, &i));) {
            struct entry *e = slot->value;

            e->offset = at;
            at += e->len;
        }
        buf_clear(&head);
        if (s->types[t].token)
            at += add_frame(&head,
                            &(struct xds_saved_record){ .op = OP_TOKEN,
                                                        .type = str_of(s->names[t]),
                                                        .version = str_of(s->types[t].token) });
    }
    buf_deinit(&head);
}

static void sync_dir(const char *path)
{
    char *dir = mem_strdup(path), *slash = strrchr(dir, '/');
    int fd;

    if (slash)
        *slash = '\0';
    fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    mem_free(dir);
}

static int rewrite(struct xds_saved *s)
{
    char *next = mem_printf("%s.new", s->path);
    int fd = open(next, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600), err;
    uint64_t size = 0;

    err = fd < 0 ? -errno : copy_live(s, fd, &size);
    if (!err && fsync(fd) != 0)
        err = -errno;
    if (!err && rename(next, s->path) != 0)
        err = -errno;
    if (!err) {
        sync_dir(s->path);
        renumber(s);
        if (s->fd >= 0)
            close(s->fd);
        s->fd = fd;
        s->size = size;
        buf_clear(&s->pending);
    } else {
        if (fd >= 0)
            close(fd);
        (void)unlink(next);
    }
    mem_free(next);
    return err;
}

void xds_saved_flush(struct xds_saved *s)
{
    bool was_broken = s->broken;
    int err = 0;

    if (!s->path) {
        buf_clear(&s->pending);
        return;
    }
    if (s->broken || (s->size + buf_len(&s->pending) > SLACK_BYTES + 3 * s->live)) {
        err = rewrite(s);
    } else if (buf_len(&s->pending)) {
        err = write_all(s->fd, s->pending.p + s->pending.start, buf_len(&s->pending));
        if (err && ftruncate(s->fd, (off_t)s->size) != 0)
            err = -errno;
        if (!err) {
            s->size += buf_len(&s->pending);
            buf_clear(&s->pending);
        }
    }
    s->broken = err != 0;
    if (err && !was_broken)
        log_error("%s: %s; what control says is not kept on disk", s->path, error_text(err));
    if (err && buf_len(&s->pending) > PENDING_MAX) { /* the disk stays full: memory must not */
        log_error("%s: given up until the next start", s->path);
        mem_free(s->path);
        s->path = NULL;
        buf_deinit(&s->pending);
        buf_init(&s->pending, 0);
    }
}

/* ---- life ---- */

static int read_file(struct xds_saved *s)
{
    struct stat st;
    struct buf all;
    int err;

    s->fd = open(s->path, O_RDWR | O_APPEND | O_CLOEXEC);
    if (s->fd < 0)
        return -errno;
    if (fstat(s->fd, &st) != 0)
        return -errno;
    if (st.st_size < 0 || (uint64_t)st.st_size > XDS_SAVED_MAX_BYTES)
        return ERR_LIMIT;
    buf_init(&all, 0);
    err = read_at(s->fd, 0, &all, (size_t)st.st_size);
    if (!err) {
        s->size = scan(s, (const uint8_t *)all.p + all.start, buf_len(&all));
        if (s->size == 0)
            err = ERR_CORRUPT;
        else if (s->size < (uint64_t)st.st_size && ftruncate(s->fd, (off_t)s->size) != 0)
            err = -errno;
    }
    buf_deinit(&all);
    return err;
}

static struct xds_saved *saved_new(struct str owner, const char *const *types, uint32_t type_count)
{
    struct xds_saved *s = mem_alloc_flex(sizeof(*s), type_count, sizeof(s->types[0]));

    s->fd = -1;
    s->owner = str_dup(owner);
    s->names = types;
    s->type_count = type_count;
    buf_init(&s->pending, 0);
    for (uint32_t i = 0; i < type_count; i++)
        map_init(&s->types[i].entries);
    return s;
}

struct xds_saved *xds_saved_new(const char *dir, struct str owner, const char *const *types,
                                uint32_t type_count)
{
    struct xds_saved *s = saved_new(owner, types, type_count);
    int err;

    if (!dir)
        return s;
    s->path = mem_printf("%s/xds.saved", dir);
    err = read_file(s);
    if (err && err != -ENOENT)
        log_warn("%s is begun anew: %s", s->path, error_text(err));
    s->broken = err != 0;
    return s;
}

static void clear_type(struct xds_saved *s, struct type *t)
{
    struct map_slot *slot;

    for (size_t i = 0; (slot = map_next(&t->entries, &i));)
        entry_free(s, slot->value);
    map_deinit(&t->entries);
    mem_free(t->token);
}

void xds_saved_free(struct xds_saved *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->type_count; i++)
        clear_type(s, &s->types[i]);
    if (s->fd >= 0)
        close(s->fd);
    buf_deinit(&s->pending);
    mem_free(s->path);
    mem_free(s->owner);
    mem_free(s);
}

void xds_saved_load(struct xds_saved *s,
                    void (*each)(void *arg, uint32_t type, struct str name, struct str value),
                    void *arg)
{
    struct map_slot *slot;
    struct buf frame;
    struct arena a;

    arena_init(&a, 4096);
    buf_init(&frame, 0);
    for (uint32_t t = 0; t < s->type_count; t++) {
        for (size_t i = 0; (slot = map_next(&s->types[t].entries, &i));) {
            struct xds_saved_record r;
            size_t used;

            arena_reset(&a);
            buf_clear(&frame);
            if (fetch(s, slot->value, &frame) == 0 &&
                read_frame((const uint8_t *)frame.p + frame.start, buf_len(&frame), &a, &r,
                           &used) == 0)
                each(arg, t, r.name, r.value);
        }
    }
    buf_deinit(&frame);
    arena_deinit(&a);
}

/* ---- changes ---- */

static uint32_t append(struct xds_saved *s, const struct xds_saved_record *r)
{
    return s->path ? add_frame(&s->pending, r) : 0;
}

void xds_saved_put(struct xds_saved *s, uint32_t type, struct str name, struct str version,
                   struct str value)
{
    struct xds_saved_record r = { .op = OP_PUT,
                                  .type = str_of(s->names[type]),
                                  .name = name,
                                  .version = version,
                                  .value = value };
    uint64_t offset = s->size + buf_len(&s->pending);

    enter(s, type, &r, offset, append(s, &r));
}

void xds_saved_remove(struct xds_saved *s, uint32_t type, struct str name)
{
    struct entry *e = map_remove(&s->types[type].entries, name);

    if (!e)
        return;
    (void)append(s, &(struct xds_saved_record){
                        .op = OP_REMOVE, .type = str_of(s->names[type]), .name = name });
    entry_free(s, e);
}

void xds_saved_set_token(struct xds_saved *s, uint32_t type, struct str token)
{
    (void)append(s, &(struct xds_saved_record){
                        .op = OP_TOKEN, .type = str_of(s->names[type]), .version = token });
    set_token(s, type, token);
}

struct str xds_saved_token(const struct xds_saved *s, uint32_t type)
{
    return str_of(s->types[type].token);
}

void xds_saved_each(const struct xds_saved *s, uint32_t type,
                    void (*each)(void *each_arg, struct str name, struct str version),
                    void *each_arg)
{
    struct map_slot *slot;

    for (size_t i = 0; (slot = map_next(&s->types[type].entries, &i));) {
        const struct entry *e = slot->value;

        each(each_arg, slot->key, str_of(e->version));
    }
}

size_t xds_saved_count(const struct xds_saved *s, uint32_t type)
{
    return s->types[type].entries.count;
}

void xds_saved_scan(const uint8_t *p, size_t len)
{
    static const char *const types[] = { "a", "b" };
    struct xds_saved *s = saved_new(STR("o"), types, 2);

    (void)scan(s, p, len);
    xds_saved_free(s);
}
