/* Whether a value, or a whole request, meets conditions of core/model. Any thread. */
#ifndef CORE_ROUTE_ROUTE_MATCH_H
#define CORE_ROUTE_ROUTE_MATCH_H

#include "core/http/http_msg.h"
#include "core/model/model_route.h"
#include "core/pki/jwt_claims.h"

/* What matching looks at. path is normalised (route_path.h) and without query. */
struct route_query {
    const struct http_msg *head;
    struct str path, query;
    uint16_t port;                   /* the listener's port, for match.port */
    struct arena *arena;             /* for joined header values */
    const struct jwt_claims *claims; /* of the verified token; NULL: none */
};

/* Matches one value that is there; used for headers, CORS origins and methods too. */
bool route_match_string(const struct model_string_match *m, struct str value);

/* The same for a value that may be missing (p NULL): then only a condition that takes it for an
 * empty one, or that wants it absent, can hold. */
bool route_match_optional(const struct model_string_match *m, struct str value);

/* All conditions of a route. Header values are raw and repeated ones are joined by ','; query
 * parameters are raw too (not percent-decoded) and the first of a name counts, as in Envoy. */
bool route_match_request(const struct model_match *m, const struct route_query *q);

/* A condition on a header, or on a claim. */
bool route_match_header(const struct model_header_match *h, const struct route_query *q);

/* The value of a header as conditions see it: all of them joined, and those that the codecs keep
 * in fields of the message too (host, :authority, :method, :path, :scheme, content-length). NULL
 * pointer: not there. */
struct str route_match_header_value(const struct http_msg *head, struct str name, uint16_t token,
                                    struct arena *arena);
/* The first value of a query parameter, raw; NULL pointer: not there. */
struct str route_match_query_value(struct str query, struct str name);

#endif
