/* Base64, base64url, hex and percent coding. Any thread. */
#ifndef CORE_BASE_ENCODE_H
#define CORE_BASE_ENCODE_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/str.h"

int encode_base64(struct buf *out, struct str in);
int encode_base64url(struct buf *out, struct str in); /* no padding */
int encode_hex(struct buf *out, struct str in);       /* lower case */
/* Everything but unreserved characters (RFC 3986) becomes %XX. */
int encode_percent(struct buf *out, struct str in);

/* Results are in the arena; ERR_INVALID leaves *out alone. Base64 accepts both padded and unpadded
 * input; blanks and line ends are skipped only with skip_blanks (PEM). */
int encode_undo_base64(struct arena *a, struct str in, bool skip_blanks, struct str *out);
int encode_undo_base64url(struct arena *a, struct str in, struct str *out);
int encode_undo_hex(struct arena *a, struct str in, struct str *out);
int encode_undo_percent(struct arena *a, struct str in, struct str *out);

#endif
