/* Byte slices: a pointer and a length, not owned, not terminated.
 *
 * Header values, names and paths travel as slices of the buffer or arena they live in; the owner of
 * that memory says how long. The empty slice may have a NULL pointer. Any thread. */
#ifndef CORE_BASE_STR_H
#define CORE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t len;
};

/* A slice of a string literal; also usable in a constant initialiser as STR_INIT("x"). */
#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
#define STR_INIT(literal)                                                                          \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
#define STR_NONE ((struct str){ NULL, 0 })
/* For printf: "%.*s", STR_ARG(s). */
#define STR_ARG(s) (int)(s).len, (s).p ? (s).p : ""

static inline struct str str_of(const char *z)
{
    return (struct str){ z, z ? strlen(z) : 0 };
}

static inline struct str str_make(const void *p, size_t len)
{
    return (struct str){ (const char *)p, len }; /* the cast is for C++ */
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool str_is(struct str a, const char *z)
{
    return str_eq(a, str_of(z));
}

static inline bool str_is_empty(struct str s)
{
    return s.len == 0;
}

static inline char str_lower_char(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* ASCII case is ignored in the str_i* functions. */
bool str_ieq(struct str a, struct str b);
int str_cmp(struct str a, struct str b); /* memcmp order, shorter first */
bool str_starts(struct str s, struct str prefix);
bool str_istarts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_iends(struct str s, struct str suffix);

/* Index of the first (last) c, or -1. */
ptrdiff_t str_chr(struct str s, char c);
ptrdiff_t str_rchr(struct str s, char c);
/* Index of the first occurrence of needle, or -1; the empty needle is at 0. */
ptrdiff_t str_find(struct str s, struct str needle);

/* s without its first n bytes / only its first n bytes; n beyond the end means the end. */
struct str str_skip(struct str s, size_t n);
struct str str_head(struct str s, size_t n);
/* Without ASCII blanks (space, tab, CR, LF) at both ends. */
struct str str_trim(struct str s);

/* Cuts *rest at the first sep: returns what stands before it and moves *rest behind it. Without a
 * sep returns all and leaves *rest empty with a NULL pointer, which ends a loop on rest.p. */
struct str str_cut(struct str *rest, char sep);

/* Decimal digits only, no sign, no blanks; ERR_INVALID otherwise or when above max. */
int str_to_u64(struct str s, uint64_t max, uint64_t *out);

/* A zero-terminated heap copy, owned by the caller. */
char *str_dup(struct str s);
/* Copies into dst with a terminating zero, cutting to fit; returns false when it was cut. */
bool str_copy(struct str s, char *dst, size_t size);

#endif
