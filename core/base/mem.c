#include "core/base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *ptr, size_t size)
{
    if (!ptr) {
        fprintf(stderr, "mesh: out of memory (%zu bytes)\n", size);
        abort();
    }
    return ptr;
}

static size_t product(size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        must(NULL, SIZE_MAX);
    return total;
}

void *mem_alloc(size_t size)
{
    return must(malloc(size ? size : 1), size);
}

void *mem_alloc0(size_t count, size_t size)
{
    size_t total = product(count, size);

    return must(calloc(1, total ? total : 1), total);
}

void *mem_alloc_flex(size_t head, size_t count, size_t item)
{
    size_t total;

    if (__builtin_add_overflow(head, product(count, item), &total))
        must(NULL, SIZE_MAX);
    return must(calloc(1, total ? total : 1), total);
}

void *mem_realloc(void *ptr, size_t size)
{
    return must(realloc(ptr, size ? size : 1), size);
}

void *mem_resize(void *ptr, size_t count, size_t size)
{
    return mem_realloc(ptr, product(count, size));
}

void *mem_alloc_aligned(size_t align, size_t size)
{
    return must(aligned_alloc(align, size), size);
}

void mem_free(void *ptr)
{
    free(ptr);
}

void *mem_dup(const void *ptr, size_t len)
{
    void *copy = mem_alloc(len);

    if (len)
        memcpy(copy, ptr, len);
    return copy;
}

char *mem_strdup(const char *s)
{
    return s ? mem_dup(s, strlen(s) + 1) : NULL;
}

char *mem_printf(const char *fmt, ...)
{
    va_list ap;
    char *s;
    int len;

    va_start(ap, fmt);
    len = vasprintf(&s, fmt, ap);
    va_end(ap);
    if (len < 0)
        must(NULL, 0);
    return s;
}

void mem_wipe(void *ptr, size_t len)
{
    if (len)
        explicit_bzero(ptr, len);
}
