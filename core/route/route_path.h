/* Path normalisation before any matching (Istio pathNormalization, spec features.md section 2.12).
 * Any thread. */
#ifndef CORE_ROUTE_ROUTE_PATH_H
#define CORE_ROUTE_ROUTE_PATH_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/str.h"

enum route_path_mode {
    ROUTE_PATH_NONE,
    ROUTE_PATH_BASE, /* dot segments, %-decoding of unreserved, backslash to slash: the default */
    ROUTE_PATH_MERGE_SLASHES,
    ROUTE_PATH_DECODE_AND_MERGE_SLASHES, /* %2F and %5C become slashes before anything else */
};

/* path holds path and query; only the path part changes, and a fragment is cut. *out becomes a
 * slice of path when nothing changes (one pass, no copy), else text in a. Escapes that stay keep
 * their letters' case. ERR_INVALID: a path that climbs above the root, does not begin with a slash
 * (but for "*" and the empty one), has a bad or NUL escape, or a raw blank or control byte: answer
 * 400. NONE looks for raw bytes, the fragment and the first slash only. */
int route_path_normalize(enum route_path_mode mode, struct str path, struct arena *a,
                         struct str *out);

#endif
