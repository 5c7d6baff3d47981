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
    ROUTE_PATH_DECODE_AND_MERGE_SLASHES,
};

/* *path holds path and query; only the path part changes; the fragment is cut. Returns a slice of
 * the input when nothing changes (one pass, no copy), else text in the arena. ERR_INVALID: a path
 * that climbs above the root, has a bad escape, or a raw control byte: answer 400. */
int route_path_normalize(enum route_path_mode mode, struct str path, struct arena *a,
                         struct str *out);

#endif
