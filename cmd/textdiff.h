/* Line differences of two texts, in the unified form that people and patch read. */
#ifndef CMD_TEXTDIFF_H
#define CMD_TEXTDIFF_H

#include <stdbool.h>

#include "core/base/buf.h"

enum {
    TEXTDIFF_CONTEXT = 3,
    TEXTDIFF_MAX_EDITS = 2000, /* beyond, all of a is shown as replaced by all of b */
};

/* Appends nothing and returns false when a and b are equal; else a unified diff with the two names
 * in its head. The shortest script (Myers, 1986). */
bool textdiff_write(struct str a, struct str b, const char *name_a, const char *name_b, bool colour,
                    struct buf *out);

#endif
