/* Base64, base64url, hex and percent coding, JSON strings. Any thread. */
#ifndef CORE_BASE_ENCODE_H
#define CORE_BASE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/str.h"

int encode_base64(struct buf *out, struct str in);
int encode_base64url(struct buf *out, struct str in); /* no padding */
int encode_hex(struct buf *out, struct str in);       /* lower case */
/* Everything but unreserved characters (RFC 3986) becomes %XX. */
int encode_percent(struct buf *out, struct str in);

/* Length of the well-formed UTF-8 character s begins with (RFC 3629), 1 to 4, or 0. s is not empty.
 */
size_t encode_utf8_len(struct str s);
/* A JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
int encode_json(struct buf *out, struct str in);

/* Results are in the arena, zero-terminated (the zero is not counted); ERR_INVALID leaves *out
 * alone. Base64 accepts padded and unpadded input, but no stray bits in the last digit; base64url
 * is unpadded only (RFC 7515); blanks and line ends are skipped only with skip_blanks (PEM). */
int encode_undo_base64(struct arena *a, struct str in, bool skip_blanks, struct str *out);
int encode_undo_base64url(struct arena *a, struct str in, struct str *out);
int encode_undo_hex(struct arena *a, struct str in, struct str *out);
int encode_undo_percent(struct arena *a, struct str in, struct str *out);

#endif
