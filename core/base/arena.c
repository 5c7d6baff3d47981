#include "core/base/arena.h"

#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/mem.h"

#define BLOCK_MAX_BYTES ((size_t)64 * 1024)

struct arena_block {
    struct arena_block *next;
    size_t size; /* of data */
    char data[] __attribute__((aligned(8)));
};

void arena_init(struct arena *a, size_t first_bytes)
{
    *a = (struct arena){ .first_bytes = first_bytes ? first_bytes : 1024 };
}

static void use_block(struct arena *a, struct arena_block *b)
{
    a->at = b->data;
    a->end = b->data + b->size;
}

void arena_reset(struct arena *a)
{
    struct arena_block *b = a->blocks;

    a->used_bytes = 0;
    if (!b)
        return;
    while (b->next) {
        struct arena_block *next = b->next;

        mem_free(b);
        b = next;
    }
    if (b->size > BLOCK_MAX_BYTES) { /* an outsize first piece is not worth keeping */
        mem_free(b);
        a->blocks = NULL;
        a->at = a->end = NULL;
        return;
    }
    a->blocks = b;
    use_block(a, b);
}

void arena_deinit(struct arena *a)
{
    arena_reset(a);
    mem_free(a->blocks);
    a->blocks = NULL;
    a->at = a->end = NULL;
}

void *arena_alloc_slow(struct arena *a, size_t size)
{
    size_t want = a->blocks ? a->blocks->size * 2 : a->first_bytes;
    struct arena_block *b;

    if (want > BLOCK_MAX_BYTES)
        want = BLOCK_MAX_BYTES;
    if (want < size)
        want = size;
    b = mem_alloc(sizeof(*b) + want);
    b->size = want;
    b->next = a->blocks;
    a->blocks = b;
    use_block(a, b);
    a->at += size;
    a->used_bytes += size;
    return b->data;
}

void *arena_alloc0(struct arena *a, size_t count, size_t size)
{
    size_t total;
    void *p;

    ASSERT(!__builtin_mul_overflow(count, size, &total));
    p = arena_alloc(a, total);
    memset(p, 0, total);
    return p;
}

void *arena_grow(struct arena *a, const void *old, size_t old_count, size_t new_count, size_t size)
{
    char *p = arena_alloc0(a, new_count, size);

    if (old_count)
        memcpy(p, old, old_count * size);
    return p;
}

void *arena_dup(struct arena *a, const void *p, size_t len)
{
    void *copy = arena_alloc(a, len);

    if (len)
        memcpy(copy, p, len);
    return copy;
}

char *arena_strz(struct arena *a, struct str s)
{
    char *copy = arena_alloc(a, s.len + 1);

    if (s.len)
        memcpy(copy, s.p, s.len);
    copy[s.len] = '\0';
    return copy;
}

struct str arena_str(struct arena *a, struct str s)
{
    return str_make(arena_strz(a, s), s.len);
}

struct str arena_lower(struct arena *a, struct str s)
{
    char *copy = arena_strz(a, s);

    for (size_t i = 0; i < s.len; i++)
        copy[i] = str_lower_char(copy[i]);
    return str_make(copy, s.len);
}

struct str arena_u64(struct arena *a, uint64_t n)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    return arena_str(a, str_make(digits + at, sizeof(digits) - at));
}

struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
    va_list again;
    int len;
    char *p;

    va_copy(again, ap);
    len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    ASSERT(len >= 0);
    p = arena_alloc(a, (size_t)len + 1);
    (void)vsnprintf(p, (size_t)len + 1, fmt, ap);
    return str_make(p, (size_t)len);
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    struct str s;

    va_start(ap, fmt);
    s = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return s;
}
