/* Kubernetes quantities: "100m", "1.5Gi", "2e3". */
#ifndef CORE_TEXT_QUANTITY_H
#define CORE_TEXT_QUANTITY_H

#include <stdint.h>

#include "core/base/str.h"

/* The value in thousandths, rounded away from zero, as Kubernetes rounds. Suffixes n u m, k M G T P
 * E, Ki Mi Gi Ti Pi Ei, or an exponent. ERR_INVALID, ERR_LIMIT (does not fit). */
int quantity_parse_milli(struct str s, int64_t *out);
/* The same in whole units. */
int quantity_parse(struct str s, int64_t *out);
/* 0 or ERR_INVALID; a value too big to count is fine here. */
int quantity_check(struct str s);

#endif
