/* What an external authorizer is asked, and what its answer means; core/flow carries it.
 *
 *     HTTP   the request's method on pathPrefix + path. 200 allows, 5xx is a failure, all else
 * denies and is the answer for the client. gRPC   envoy.service.auth.v3.Authorization/Check, for
 * connections, too.
 *
 * Sources: Envoy's ext_authz filters as Istio configures them; features.md AZ-16. Pure; memory is
 * in the arena given. Any thread. */
#ifndef CORE_FILTER_EXT_AUTHZ_H
#define CORE_FILTER_EXT_AUTHZ_H

#include "core/http/http_client.h"
#include "core/model/decision.h"
#include "core/model/model_ext_authz.h"

/* About whom it is asked. */
struct ext_authz_subject {
    const struct decision *decision;
    const struct http_msg *head; /* NULL: a connection */
    struct str body;             /* as much of it as the authorizer gets */
    bool is_partial;             /* there is more */
    struct str own_identity;     /* SPIFFE id that the client saw; empty: none */
};

/* The question, as a request of HTTP; head.headers live in arena. A gRPC body is framed. */
void ext_authz_ask(const struct model_ext_authz *x, const struct ext_authz_subject *s,
                   struct arena *a, struct http_msg *head, struct str *body);

enum ext_authz_verdict {
    EXT_AUTHZ_ALLOWED,
    EXT_AUTHZ_DENIED,
    EXT_AUTHZ_FAILED, /* nothing that can be understood */
};

enum ext_authz_change_type {
    EXT_AUTHZ_SET, /* in the place of all of that name */
    EXT_AUTHZ_APPEND,
    EXT_AUTHZ_ADD_IF_ABSENT,
    EXT_AUTHZ_OVERWRITE_IF_EXISTS,
    EXT_AUTHZ_REMOVE,
    EXT_AUTHZ_SET_QUERY, /* a parameter of the path */
    EXT_AUTHZ_REMOVE_QUERY,
};

struct ext_authz_change {
    uint8_t type;           /* enum ext_authz_change_type */
    struct str name, value; /* names of headers are in lower case */
};

struct ext_authz_changes {
    struct ext_authz_change *list;
    uint32_t count, cap;
};

struct ext_authz_answer {
    enum ext_authz_verdict verdict;
    uint16_t status;                            /* DENIED: for the client */
    struct str body;                            /* DENIED */
    struct ext_authz_changes request, response; /* DENIED: response alone */
};

/* reply: without err. */
void ext_authz_understand(const struct model_ext_authz *x, const struct http_client_answer *reply,
                          struct arena *a, struct ext_authz_answer *out);

/* An answer with more changes than this, or more bytes in them, is none. */
#define EXT_AUTHZ_CHANGES_MAX       512
#define EXT_AUTHZ_CHANGES_BYTES_MAX ((size_t)60 * 1024)

/* Changes head, whose headers live in an arena as long-lived as the answer. ":path", ":authority"
 * and "host" of a request are its fields; what codecs write by themselves is left alone. */
void ext_authz_apply(const struct ext_authz_changes *changes, struct http_msg *head);

#endif
