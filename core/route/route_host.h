/* Host names of requests: taken from an authority, compared with patterns. Any thread. */
#ifndef CORE_ROUTE_ROUTE_HOST_H
#define CORE_ROUTE_ROUTE_HOST_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/str.h"

#define ROUTE_HOST_MAX 255

/* An authority cut in two, as slices of it. */
struct route_host_parts {
    struct str host; /* without a trailing dot; IPv6 literals keep their brackets */
    struct str port; /* digits, or empty */
};

/* Never fails: what has no host in it has an empty one. */
struct route_host_parts route_host_split(struct str authority);
/* Host part of an authority, without port and trailing dot, lower case, in the arena or a slice. */
struct str route_host_of(struct str authority, struct arena *a);
/* "*", "*.example.com" or exact, both lower case. "*.example.com" does not match example.com. host
 * may be a pattern itself: then whether pattern is the same or wider. */
bool route_host_matches(struct str pattern, struct str host);

#endif
