/* Why a route does not take a request: the first of its conditions that does not hold, in the order
 * in which route_match_request looks. For people; any thread. */
#ifndef CORE_ROUTE_ROUTE_EXPLAIN_H
#define CORE_ROUTE_ROUTE_EXPLAIN_H

#include "core/route/route_match.h"

struct route_explain {
    const char *field; /* as in a VirtualService: "uri", "headers", "withoutHeaders", ... */
    struct str name;   /* of the header or parameter */
    struct str wanted; /* "prefix \"/a\"", "any value"; in the query's arena */
    struct str had;    /* p NULL: it was not there */
};

/* True: all conditions hold, and why is untouched. */
bool route_explain_match(const struct model_match *m, const struct route_query *q,
                         struct route_explain *why);
/* "prefix \"/a\"" for a condition, in a. */
struct str route_explain_condition(const struct model_string_match *m, struct arena *a);

#endif
