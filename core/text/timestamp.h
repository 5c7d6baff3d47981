/* Points in time as RFC 3339 text. Nanoseconds since 1970 in UTC hold 1677-09-22 to 2262-04-11. */
#ifndef CORE_TEXT_TIMESTAMP_H
#define CORE_TEXT_TIMESTAMP_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

#define TIMESTAMP_TEXT_BYTES 40

/* "2024-02-29T12:00:00Z", with an offset, with up to nine decimals. ERR_INVALID: no such time (a
 * leap second becomes the second after); ERR_LIMIT: outside the range. */
int timestamp_parse(struct str s, int64_t *out_ns);
/* In UTC with 0, 3, 6 or 9 decimals, whichever loses nothing. Returns len. */
size_t timestamp_write(int64_t ns, char out[TIMESTAMP_TEXT_BYTES]);
/* With exactly that many decimals (0..9, cut). Returns len. */
size_t timestamp_write_digits(int64_t ns, int digits, char out[TIMESTAMP_TEXT_BYTES]);
/* Civil date of a day number counted from 1970-01-01, and back. */
void timestamp_date(int64_t day, int64_t *year, int *month, int *mday);
int64_t timestamp_day(int64_t year, int month, int mday);

#endif
