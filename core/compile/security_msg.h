/* Istio's L4 policies as its node proxies read them (istio.security.Authorization), byte-compatible
 * with ztunnel's. Only structs and tables.
 *
 * Rules are ORed; the clauses of a rule are ANDed; the matches of a clause ORed; in a match the
 * kinds of values are ANDed, the values of one kind ORed. A rule without clauses never matches, a
 * match without values counts for nothing. */
#ifndef CORE_COMPILE_SECURITY_MSG_H
#define CORE_COMPILE_SECURITY_MSG_H

#include "core/compile/workload_msg.h"
#include "core/text/field.h"

enum security_msg_scope {
    SECURITY_MSG_GLOBAL = 0,
    SECURITY_MSG_NAMESPACE = 1,
    SECURITY_MSG_WORKLOAD_SELECTOR = 2, /* only for workloads that name it */
};

enum security_msg_action { SECURITY_MSG_ALLOW = 0, SECURITY_MSG_DENY = 1 };

struct security_msg_empty {
    char unused;
};

struct security_msg_string { /* one of them */
    struct str exact, prefix, suffix;
    struct security_msg_empty *presence;
};

struct security_msg_address {
    struct str address; /* 4 or 16 bytes */
    int64_t length;
};

struct security_msg_account {
    struct str ns, name;
};

struct security_msg_match {
    struct security_msg_string *namespaces, *not_namespaces, *principals, *not_principals;
    size_t namespaces_count, not_namespaces_count, principals_count, not_principals_count;
    struct security_msg_address *source_ips, *not_source_ips, *destination_ips,
        *not_destination_ips;
    size_t source_ips_count, not_source_ips_count, destination_ips_count, not_destination_ips_count;
    int64_t *destination_ports, *not_destination_ports;
    size_t destination_ports_count, not_destination_ports_count;
    struct security_msg_account *service_accounts, *not_service_accounts;
    size_t service_accounts_count, not_service_accounts_count;
};

struct security_msg_clause {
    struct security_msg_match *matches;
    size_t matches_count;
};

struct security_msg_rule {
    struct security_msg_clause *clauses;
    size_t clauses_count;
};

struct security_msg_authorization {
    struct str name, ns;
    int scope;  /* enum security_msg_scope */
    int action; /* enum security_msg_action */
    struct security_msg_rule *rules;
    size_t rules_count;
    bool dry_run;
};

extern FIELD_DECLARE(security_msg_authorization);

#endif
