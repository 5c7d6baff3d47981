#include "core/base/buf.h"

#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/mem.h"

void buf_init(struct buf *b, size_t max_bytes)
{
    *b = (struct buf){ .max_bytes = max_bytes ? max_bytes : SIZE_MAX / 4 };
}

void buf_deinit(struct buf *b)
{
    mem_free(b->p);
    b->p = NULL;
    b->start = b->end = b->cap = 0;
    b->full = false;
}

void buf_wipe(struct buf *b)
{
    mem_wipe(b->p, b->cap);
    buf_deinit(b);
}

void buf_clear(struct buf *b)
{
    b->start = b->end = 0;
    b->full = false;
}

void buf_shrink(struct buf *b)
{
    if (buf_len(b) == 0)
        buf_deinit(b);
}

/* The end of the content with space for len bytes behind it, whatever the limit is. */
static char *room(struct buf *b, size_t len)
{
    size_t have = buf_len(b), cap;

    if (b->p && b->cap - b->end >= len)
        return b->p + b->end;
    if (b->p && b->start && b->cap - have >= len) {
        memmove(b->p, b->p + b->start, have);
        b->start = 0;
        b->end = have;
        return b->p + b->end;
    }
    cap = b->cap ? b->cap : 256;
    while (cap - b->end < len)
        cap *= 2;
    b->p = mem_realloc(b->p, cap);
    b->cap = cap;
    return b->p + b->end;
}

static bool fits(struct buf *b, size_t len)
{
    if (len <= b->max_bytes && buf_len(b) <= b->max_bytes - len)
        return true;
    b->full = true;
    return false;
}

char *buf_reserve(struct buf *b, size_t len)
{
    return fits(b, len) ? room(b, len) : NULL;
}

void buf_commit(struct buf *b, size_t len)
{
    ASSERT(b->cap - b->end >= len);
    b->end += len;
}

int buf_add(struct buf *b, const void *p, size_t len)
{
    char *to = buf_reserve(b, len);

    if (!to)
        return ERR_LIMIT;
    if (len)
        memcpy(to, p, len);
    b->end += len;
    return 0;
}

int buf_add_str(struct buf *b, struct str s)
{
    return buf_add(b, s.p, s.len);
}

int buf_add_char(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

int buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    char *to;
    int len;

    va_copy(again, ap);
    len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    ASSERT(len >= 0);
    if (!fits(b, (size_t)len))
        return ERR_LIMIT;
    to = room(b, (size_t)len + 1); /* the terminating zero is written, not counted */
    (void)vsnprintf(to, (size_t)len + 1, fmt, ap);
    b->end += (size_t)len;
    return 0;
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    int err;

    va_start(ap, fmt);
    err = buf_vprintf(b, fmt, ap);
    va_end(ap);
    return err;
}

void buf_consume(struct buf *b, size_t len)
{
    if (len >= buf_len(b))
        b->start = b->end = 0;
    else
        b->start += len;
}

char *buf_take_strz(struct buf *b)
{
    char *z = str_dup(buf_str(b));

    buf_deinit(b);
    return z;
}
