/* Envoy's %OPERATORS%: a text with holes that are filled from a decision record and the heads of
 * request and response. Used for access logs and for header values.
 *
 * A text is parsed once into a list of operators (the table is in access_op.c) and written as often
 * as needed. Parsing: any thread. */
#ifndef CORE_TELEMETRY_ACCESS_FORMAT_H
#define CORE_TELEMETRY_ACCESS_FORMAT_H

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/telemetry/access_op.h"

struct access_format {
    const struct access_op *ops;
    uint32_t count;
};

/* What stands for a value that is not there. DASH is for lines of a log: in values, control
 * characters and what is not UTF-8 are written as \xHH. */
enum access_format_missing { ACCESS_FORMAT_DASH, ACCESS_FORMAT_EMPTY };

/* Parses text, whose bytes are copied; all memory is a's. ERR_INVALID: an unknown operator, an
 * argument it does not take, or a lone '%'; *why (may be NULL) then says what, in a. */
int access_format_parse(struct access_format *out, struct str text, struct arena *a,
                        struct str *why);

/* Appends the filled text to out. */
void access_format_write(const struct access_format *f, const struct access_source *source,
                         enum access_format_missing missing, struct buf *out);

/* Appends the value as JSON: a number or an object when the format is one operator that yields
 * such, null when it is one operator without value, else a string. */
void access_format_write_json(const struct access_format *f, const struct access_source *source,
                              struct buf *out);

#endif
