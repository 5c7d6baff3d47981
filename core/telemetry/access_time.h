/* Wall time as text, for %START_TIME(FORMAT)%: strftime's letters for UTC, without locale, and
 * Envoy's fractions (%3f, %6f, %9f, %E3S, %E6S, %E*S). Any thread. */
#ifndef CORE_TELEMETRY_ACCESS_TIME_H
#define CORE_TELEMETRY_ACCESS_TIME_H

#include "core/base/buf.h"

/* "2024-05-01T12:34:56.789Z", 24 bytes. */
void access_time_iso(uint64_t wall_us, char out[25]);
/* Letters it does not know are written as they stand. */
void access_time_write(struct str format, uint64_t wall_us, struct buf *out);

#endif
