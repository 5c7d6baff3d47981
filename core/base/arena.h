/* A bump allocator: many small pieces, freed together.
 *
 * One arena serves one request, one decoded object or one snapshot. Blocks grow from first_bytes by
 * doubling up to 64 KiB; arena_reset keeps the first block, so that a recycled arena costs no heap
 * call. Not shared between threads while it allocates. */
#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "core/base/str.h"

struct arena_block; /* internal */

struct arena {
    char *at, *end;             /* free part of the current block */
    struct arena_block *blocks; /* newest first */
    size_t first_bytes;
    size_t used_bytes; /* handed out since init or reset */
};

/* Nothing is allocated until the first arena_alloc. first_bytes 0 means 1024. */
void arena_init(struct arena *a, size_t first_bytes);
void arena_deinit(struct arena *a);
/* Frees everything that was handed out; keeps the oldest block for reuse. */
void arena_reset(struct arena *a);

void *arena_alloc_slow(struct arena *a, size_t size);

/* size bytes aligned to 8, not initialised; never NULL. */
static inline void *arena_alloc(struct arena *a, size_t size)
{
    char *p = a->at;

    size = (size + 7) & ~(size_t)7;
    if (__builtin_expect((size_t)(a->end - p) < size || !p, 0))
        return arena_alloc_slow(a, size);
    a->at = p + size;
    a->used_bytes += size;
    return p;
}

/* count * size bytes of zeros; an overflow ends the process. */
void *arena_alloc0(struct arena *a, size_t count, size_t size);
/* An array grown from old_count to new_count items: copies the old ones into new space. */
void *arena_grow(struct arena *a, const void *old, size_t old_count, size_t new_count, size_t size);
void *arena_dup(struct arena *a, const void *p, size_t len);
/* A copy of s that is also zero-terminated (the zero is not counted). */
struct str arena_str(struct arena *a, struct str s);
char *arena_strz(struct arena *a, struct str s);
struct str arena_lower(struct arena *a, struct str s); /* ASCII lower case copy, terminated */
/* Decimal digits. */
struct str arena_u64(struct arena *a, uint64_t n);
struct str arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

#endif
