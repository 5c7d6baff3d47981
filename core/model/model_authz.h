/* Authorization: AuthorizationPolicy compiled to typed nodes.
 *
 * CUSTOM, then DENY, then ALLOW (spec AZ-1). Each authorizer with a CUSTOM policy that matches must
 * agree, and is asked once. A policy holds rules (OR); a rule holds sources (OR),
 * operations (OR) and conditions (AND); inside a source or an operation fields are ANDed, values
 * ORed, not-values none-of. Names keep the order of the user's text, so a decision can name rule
 * and clause. Immutable, refcounted; any thread. */
#ifndef CORE_MODEL_MODEL_AUTHZ_H
#define CORE_MODEL_MODEL_AUTHZ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/str.h"
#include "core/model/model_cluster.h"
#include "core/model/model_ext_authz.h"
#include "core/net/addr.h"

enum model_authz_action {
    MODEL_AUTHZ_ALLOW,
    MODEL_AUTHZ_DENY,
    MODEL_AUTHZ_AUDIT,
    MODEL_AUTHZ_CUSTOM,
    MODEL_AUTHZ_ACTION_COUNT,
};

enum model_authz_field {
    MODEL_AUTHZ_PRINCIPAL, /* without "spiffe://" */
    MODEL_AUTHZ_NAMESPACE,
    MODEL_AUTHZ_SERVICE_ACCOUNT, /* "ns/sa" */
    MODEL_AUTHZ_SOURCE_IP,
    MODEL_AUTHZ_REMOTE_IP,
    MODEL_AUTHZ_REQUEST_PRINCIPAL,
    MODEL_AUTHZ_HOST,
    MODEL_AUTHZ_PORT,
    MODEL_AUTHZ_METHOD,
    MODEL_AUTHZ_PATH,
    MODEL_AUTHZ_HEADER, /* key: lower-case name */
    MODEL_AUTHZ_TRUST_DOMAIN,
    MODEL_AUTHZ_DEST_IP,
    MODEL_AUTHZ_SNI,
    MODEL_AUTHZ_CLAIM, /* key: "a][b" path of request.auth.claims */
    MODEL_AUTHZ_AUDIENCE,
    MODEL_AUTHZ_PRESENTER,
    MODEL_AUTHZ_FIELD_COUNT,
};

enum model_authz_value_type {
    MODEL_AUTHZ_EXACT,
    MODEL_AUTHZ_PREFIX,
    MODEL_AUTHZ_SUFFIX,
    MODEL_AUTHZ_PRESENT,
    MODEL_AUTHZ_NET,
    MODEL_AUTHZ_NUMBER,
    MODEL_AUTHZ_TEMPLATE, /* path with {*} and {**} */
};

struct model_authz_value {
    uint8_t type;
    struct str text;
    struct addr_net net;
    uint16_t number;
};

/* One field with the values that may (values) and must not (not_values) match. */
struct model_authz_clause {
    uint8_t field; /* enum model_authz_field */
    bool http_only;
    struct str key;
    struct model_authz_value *values, *not_values;
    uint32_t value_count, not_value_count;
};

/* All clauses must hold: one `from.source`, one `to.operation`, or one `when` entry. */
struct model_authz_group {
    struct model_authz_clause *clauses;
    uint32_t clause_count;
};

struct model_authz_rule {
    struct model_authz_group *from, *to, *when; /* from: any; to: any; when: all. count 0: holds */
    uint32_t from_count, to_count, when_count;
    bool has_http_only; /* an ALLOW rule with HTTP fields never matches TCP (AZ-6) */
    uint32_t line;
};

struct model_authz_policy {
    uint8_t action;
    bool dry_run;
    /* CUSTOM: who is asked about what matches; NULL: there is no such provider, and it is denied */
    const struct model_ext_authz *external;
    struct model_authz_rule *rules;
    uint32_t rule_count;
    struct model_source source;
};

struct model_authz {
    atomic_uint refs;
    struct arena arena;
    uint64_t hash;
    struct {
        struct model_authz_policy *list;
        uint32_t count;
    } by_action[MODEL_AUTHZ_ACTION_COUNT];
    struct model_ext_authz **externals; /* of the CUSTOM policies, by name: the order of asking */
    uint32_t external_count;
};

struct model_authz *model_authz_ref(struct model_authz *a);
void model_authz_unref(struct model_authz *a);

#endif
