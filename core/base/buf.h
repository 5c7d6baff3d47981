/* A growing run of bytes with a limit: output being built, input being collected.
 *
 * Bytes are appended at the end and consumed from the front. An append beyond the limit changes
 * nothing but sets `full`; callers that build something check it once at the end. */
#ifndef CORE_BASE_BUF_H
#define CORE_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

struct buf {
    char *p;      /* start of the allocation, or NULL */
    size_t start; /* first byte not yet consumed */
    size_t end;   /* one behind the last byte */
    size_t cap;
    size_t max_bytes; /* limit of end - start */
    bool full;        /* an append was refused */
};

/* max_bytes 0 means no limit; then only our own output may go in. */
void buf_init(struct buf *b, size_t max_bytes);
void buf_deinit(struct buf *b);
/* The same for one that held a key: its memory is overwritten first. */
void buf_wipe(struct buf *b);
/* Empties it and keeps the memory / gives the memory back. */
void buf_clear(struct buf *b);
void buf_shrink(struct buf *b);

static inline size_t buf_len(const struct buf *b)
{
    return b->end - b->start;
}

static inline struct str buf_str(const struct buf *b)
{
    return str_make(b->p ? b->p + b->start : NULL, b->end - b->start);
}

/* Room for len bytes at the end, to be filled and then committed; NULL beyond the limit. */
char *buf_reserve(struct buf *b, size_t len);
void buf_commit(struct buf *b, size_t len);
/* 0 or ERR_LIMIT. */
int buf_add(struct buf *b, const void *p, size_t len);
int buf_add_str(struct buf *b, struct str s);
int buf_add_char(struct buf *b, char c);
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Drops len bytes (at most all) from the front. */
void buf_consume(struct buf *b, size_t len);
/* Zero-terminated content, moved out to the caller; the buffer is empty afterwards. */
char *buf_take_strz(struct buf *b);

#endif
