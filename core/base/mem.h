/* Heap memory that is never NULL: running out ends the process with a message, because no caller
 * could do better. What a peer can make grow is bounded elsewhere (buf, slab, settings). */
#ifndef CORE_BASE_MEM_H
#define CORE_BASE_MEM_H

#include <stddef.h>

/* The struct that holds this member. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define COUNT_OF(array)                 (sizeof(array) / sizeof((array)[0]))

/* size bytes, not initialised. size 0 yields a unique pointer. Any thread, as all of these. */
void *mem_alloc(size_t size);
/* count * size bytes of zeros; an overflow of the product ends the process. */
void *mem_alloc0(size_t count, size_t size);
/* A struct of head bytes followed by count items of item bytes, all zeros. */
void *mem_alloc_flex(size_t head, size_t count, size_t item);
/* As realloc; ptr may be NULL. */
void *mem_realloc(void *ptr, size_t size);
/* Resizes an array to count items of size bytes; overflow ends the process. */
void *mem_resize(void *ptr, size_t count, size_t size);
/* size bytes at a multiple of align, a power of two that divides size; freed by mem_free. */
void *mem_alloc_aligned(size_t align, size_t size);
/* NULL is allowed. */
void mem_free(void *ptr);
void *mem_dup(const void *ptr, size_t len);
/* A zero-terminated copy; s may be NULL, then so is the result. */
char *mem_strdup(const char *s);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Wipes len bytes in a way the compiler keeps; for keys. */
void mem_wipe(void *ptr, size_t len);

#endif
