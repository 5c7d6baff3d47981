/* An external authorizer: whom to ask about a request, what it is told and what it may change
 * (MeshConfig extensionProviders envoyExtAuthzHttp and envoyExtAuthzGrpc; HTTPRoute's filter
 * ExternalAuth). Immutable; it lives in the arena of the policies or the route that name it. Any
 * thread. */
#ifndef CORE_MODEL_MODEL_EXT_AUTHZ_H
#define CORE_MODEL_MODEL_EXT_AUTHZ_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/str.h"

/* Header names, lower case; "x-*" and "*-id" stand for all that begin or end so. */
struct model_name_patterns {
    struct str *list;
    uint32_t count;
};

struct model_ext_authz_header {
    struct str name, value; /* name in lower case */
};

struct model_ext_authz {
    struct str name;    /* of the provider */
    struct str cluster; /* "outbound|9000||ext-authz.foo.svc.cluster.local"; looked up when asked */
    struct str authority; /* its host, for gRPC */
    bool is_grpc;
    bool fail_open;        /* requests pass when it cannot be asked */
    uint16_t error_status; /* else they are answered so */
    bool clears_route;     /* what it changes counts for the choice of the route */
    uint64_t timeout_ms;
    uint32_t body_bytes; /* of the request's body that it gets; 0: none of it */
    bool body_partial;   /* it gets the beginning of a longer one; else that is 413 */
    bool body_raw;       /* gRPC: as bytes, not as text */
    struct model_name_patterns
        checked; /* headers that it gets. gRPC: alone, none: all; HTTP: beside ours */
    /* HTTP only. */
    struct str path_prefix;               /* before the request's path */
    struct model_ext_authz_header *added; /* headers that it gets whatever the request has */
    uint32_t added_count;
    struct model_name_patterns to_upstream, to_client,
        on_denial; /* of its answer; see ext_authz.h */
};

/* Whether one of the patterns covers the name, which is in lower case. */
static inline bool model_name_patterns_have(const struct model_name_patterns *p, struct str name)
{
    for (uint32_t i = 0; i < p->count; i++) {
        struct str pattern = p->list[i];

        if (pattern.len && pattern.p[0] == '*' ? str_ends(name, str_skip(pattern, 1))
            : str_ends(pattern, STR("*")) ? str_starts(name, str_head(pattern, pattern.len - 1))
                                          : str_eq(name, pattern))
            return true;
    }
    return false;
}

#endif
