/* Lengths of time as text: Go's and Kubernetes' "1h2m3.5s", protobuf's "1.5s". */
#ifndef CORE_TEXT_DURATION_H
#define CORE_TEXT_DURATION_H

#include "core/base/arena.h"
#include "core/base/str.h"

#define DURATION_US         INT64_C(1000)
#define DURATION_MS         INT64_C(1000000)
#define DURATION_S          INT64_C(1000000000)
#define DURATION_TEXT_BYTES 40 /* enough for every text below */

/* Nanoseconds of "300ms", "-1.5h", "2h45m", "0"; units ns us ms s m h. ERR_INVALID: no such thing,
 * a number without a unit included; ERR_LIMIT: more than int64 holds. *out is then untouched. */
int duration_parse(struct str s, int64_t *out);
/* The shortest of protobuf's forms: seconds with 0, 3, 6 or 9 decimals, "1.500s". Returns len. */
size_t duration_write_proto(int64_t ns, char out[DURATION_TEXT_BYTES]);
/* As Go prints it: "1h2m3.5s", "300ms", "0s". Returns len. */
size_t duration_write_go(int64_t ns, char out[DURATION_TEXT_BYTES]);

#endif
