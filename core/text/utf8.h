/* UTF-8: whether bytes are it, and single characters. Any thread. */
#ifndef CORE_TEXT_UTF8_H
#define CORE_TEXT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

/* No overlong forms, no surrogates, nothing above U+10FFFF (RFC 3629). */
bool utf8_is_valid(struct str s);
/* The character at the start of s and its length in bytes; 0 when s does not start with one. */
size_t utf8_decode(struct str s, uint32_t *out);
/* Writes c (at most U+10FFFF) and returns its length. */
size_t utf8_encode(uint32_t c, char out[4]);

#endif
