/* Regular expressions in RE2's syntax and linear time, as Istio promises them.
 *
 * regex.cc is the only C++ file here: RE2 behind C functions. A compiled expression never changes
 * and may be used from any thread. */
#ifndef CORE_TEXT_REGEX_H
#define CORE_TEXT_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/str.h"

struct regex; /* opaque */

enum {
    REGEX_MAX_BYTES = 1024,   /* of a pattern, as Istio's limit */
    REGEX_MAX_PROGRAM = 8192, /* RE2 instructions: bounds the work per byte */
    REGEX_MAX_CAPTURES = 16,
    REGEX_MEMORY_BYTES = 1 << 20, /* what one expression may use for program and caches */
};

/* Compiles pattern. ERR_INVALID: a mistake in it; ERR_LIMIT: too long or too big. *why (may be
 * NULL) then says what, in a. The caller owns *out. */
int regex_new(struct regex **out, struct str pattern, struct arena *a, struct str *why);
void regex_free(struct regex *r); /* NULL is allowed */

/* Groups in parentheses. */
int regex_captures(const struct regex *r);
/* Whether the whole of s matches. */
bool regex_is_match(const struct regex *r, struct str s);
/* Finds the leftmost match in s. Fills groups[0] with it and groups[1..n-1] with the groups (p ==
 * NULL: took no part); n at most REGEX_MAX_CAPTURES + 1, may be 0. Slices are of s. */
bool regex_find(const struct regex *r, struct str s, struct str *groups, size_t n);
/* As regex_find, but all of s must match. */
bool regex_full(const struct regex *r, struct str s, struct str *groups, size_t n);
/* s with every match replaced by with, where \0 to \9 are groups and \\ a backslash; in a. Sets
 * *count (may be NULL) to the number of replacements. ERR_INVALID: with names a group that is not
 * there; ERR_LIMIT: the result would exceed max_bytes. */
int regex_replace(const struct regex *r, struct str s, struct str with, size_t max_bytes,
                  struct arena *a, struct str *out, size_t *count);
/* 0 or ERR_INVALID: whether with fits the expression's groups. */
int regex_check_replacement(const struct regex *r, struct str with);

#endif
