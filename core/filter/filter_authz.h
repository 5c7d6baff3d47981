/* AuthorizationPolicy on requests and on TCP connections (spec features.md section 2.11). */
#ifndef CORE_FILTER_FILTER_AUTHZ_H
#define CORE_FILTER_FILTER_AUTHZ_H

#include "core/filter/filter.h"

extern const struct filter filter_authz;

/* For connections that carry no HTTP, before any upstream is opened. Fills the decision's authz
 * fields. NULL: it may; else why the connection is closed, in a. */
const char *filter_authz_refuses_tcp(const struct model_authz *authz, struct decision *d,
                                     struct arena *a);

/* What policies are evaluated against; fields that are absent stay empty. */
struct filter_authz_input {
    struct str
        principal; /* "cluster.local/ns/foo/sa/bar", without scheme; empty: unauthenticated */
    struct str ns, service_account; /* parsed from it: "foo", "bar" */
    struct str trust_domain;
    const struct addr *source_ip, *remote_ip, *dest_ip; /* NULL: unknown */
    uint16_t dest_port;
    struct str sni;
    const struct http_msg *head;     /* NULL: TCP */
    struct str path;                 /* normalised, without query */
    struct arena *arena;             /* NULL for TCP */
    const struct jwt_claims *claims; /* of a verified token, or NULL */
};

struct filter_authz_verdict {
    bool allowed;
    const struct model_authz_policy *policy; /* that decided, or NULL: by default */
    int32_t rule;
};

/* Who is to be asked before all else (AZ-18): the number of the first of authz->externals from
 * `from` on with a CUSTOM policy that matches, or external_count. Sets *v to that policy. Dry-run
 * policies ask nobody. Connections are only for authorizers of gRPC. */
uint32_t filter_authz_external(const struct filter_request *fr, uint32_t from,
                               struct filter_authz_verdict *v);
uint32_t filter_authz_external_tcp(const struct model_authz *authz, const struct decision *d,
                                   uint32_t from, struct filter_authz_verdict *v);

/* CUSTOM, DENY, ALLOW, in this order. A CUSTOM policy without an authorizer denies what it matches
 * (AZ-16); the others have been asked. Dry-run policies take no part. Pure; any thread. */
struct filter_authz_verdict filter_authz_evaluate(const struct model_authz *authz,
                                                  const struct filter_authz_input *in);
/* What the dry-run policies alone would have said (AZ-17); allowed when there are none. */
struct filter_authz_verdict filter_authz_evaluate_dry_run(const struct model_authz *authz,
                                                          const struct filter_authz_input *in);

#endif
