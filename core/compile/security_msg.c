#include "core/compile/security_msg.h"

#define PKG "istio.security."

static const struct field_enum_name scope_names[] = {
    { "GLOBAL", SECURITY_MSG_GLOBAL, "All workloads." },
    { "NAMESPACE", SECURITY_MSG_NAMESPACE, "Those of its namespace." },
    { "WORKLOAD_SELECTOR", SECURITY_MSG_WORKLOAD_SELECTOR, "Those that name it." },
};
static FIELD_ENUM_TABLE(scope, PKG "Scope");

static const struct field_enum_name action_names[] = {
    { "ALLOW", SECURITY_MSG_ALLOW, "What matches may pass." },
    { "DENY", SECURITY_MSG_DENY, "What matches may not." },
};
static FIELD_ENUM_TABLE(action, PKG "Action");

/* clang-format off */
static FIELD_MESSAGE_EMPTY(security_msg_empty, "google.protobuf.Empty", .help = "Nothing.");

#define T struct security_msg_string
static const struct field security_msg_string_fields[] = {
    FIELD_STR(T, exact, "exact", .proto = 1, .oneof = 1, .help = "The whole text."),
    FIELD_STR(T, prefix, "prefix", .proto = 2, .oneof = 1, .help = "Its beginning."),
    FIELD_STR(T, suffix, "suffix", .proto = 3, .oneof = 1, .help = "Its end."),
    FIELD_MSG(T, presence, "presence", security_msg_empty, .proto = 4, .oneof = 1, .help = "Any but empty."),
};
static FIELD_MESSAGE(security_msg_string, PKG "StringMatch", .help = "A text.");
#undef T

#define T struct security_msg_address
static const struct field security_msg_address_fields[] = {
    FIELD_BYTES(T, address, "address", .proto = 1, .help = "4 or 16 bytes."),
    FIELD_UINT32(T, length, "length", .proto = 2, .help = "Bits that count."),
};
static FIELD_MESSAGE(security_msg_address, PKG "Address", .help = "A block of addresses.");
#undef T

#define T struct security_msg_account
static const struct field security_msg_account_fields[] = {
    FIELD_STR(T, ns, "namespace", .proto = 1, .help = "Namespace."),
    FIELD_STR(T, name, "serviceAccount", .proto = 2, .proto_name = "serviceAccount", .help = "Name."),
};
static FIELD_MESSAGE(security_msg_account, PKG "ServiceAccountMatch", .help = "A service account.");
#undef T

#define T struct security_msg_match
static const struct field security_msg_match_fields[] = {
    FIELD_LIST_MSG(T, namespaces, "namespaces", security_msg_string, .proto = 1, .help = "The caller's."),
    FIELD_LIST_MSG(T, not_namespaces, "notNamespaces", security_msg_string, .proto = 2, .help = "Not the caller's."),
    FIELD_LIST_MSG(T, principals, "principals", security_msg_string, .proto = 3, .help = "The caller's identity."),
    FIELD_LIST_MSG(T, not_principals, "notPrincipals", security_msg_string, .proto = 4, .help = "Not the caller's identity."),
    FIELD_LIST_MSG(T, source_ips, "sourceIps", security_msg_address, .proto = 5, .help = "Where it comes from."),
    FIELD_LIST_MSG(T, not_source_ips, "notSourceIps", security_msg_address, .proto = 6, .help = "Where it does not come from."),
    FIELD_LIST_MSG(T, destination_ips, "destinationIps", security_msg_address, .proto = 7, .help = "Where it goes."),
    FIELD_LIST_MSG(T, not_destination_ips, "notDestinationIps", security_msg_address, .proto = 8, .help = "Where it does not go."),
    FIELD_LIST_UINT32(T, destination_ports, "destinationPorts", .proto = 9, .help = "Ports."),
    FIELD_LIST_UINT32(T, not_destination_ports, "notDestinationPorts", .proto = 10, .help = "Other ports."),
    FIELD_LIST_MSG(T, service_accounts, "serviceAccounts", security_msg_account, .proto = 11, .help = "The caller's."),
    FIELD_LIST_MSG(T, not_service_accounts, "notServiceAccounts", security_msg_account, .proto = 12, .help = "Not the caller's."),
};
static FIELD_MESSAGE(security_msg_match, PKG "Match", .help = "Values, kind by kind.");
#undef T

#define T struct security_msg_clause
static const struct field security_msg_clause_fields[] = {
    FIELD_LIST_MSG(T, matches, "matches", security_msg_match, .proto = 2, .help = "One must hold."),
};
static FIELD_MESSAGE(security_msg_clause, PKG "Clause", .help = "A condition.");
#undef T

#define T struct security_msg_rule
static const struct field security_msg_rule_fields[] = {
    FIELD_LIST_MSG(T, clauses, "clauses", security_msg_clause, .proto = 1, .help = "All must hold."),
};
static FIELD_MESSAGE(security_msg_rule, PKG "Rule", .help = "A rule.");
#undef T

#define T struct security_msg_authorization
static const struct field security_msg_authorization_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .help = "Name."),
    FIELD_STR(T, ns, "namespace", .proto = 2, .help = "Namespace."),
    FIELD_ENUM(T, scope, "scope", scope, .proto = 3, .help = "For whom."),
    FIELD_ENUM(T, action, "action", action, .proto = 4, .help = "What follows."),
    FIELD_LIST_MSG(T, rules, "rules", security_msg_rule, .proto = 5, .help = "One must match."),
    FIELD_BOOL(T, dry_run, "dryRun", .proto = 6, .help = "Only recorded."),
};
FIELD_MESSAGE(security_msg_authorization, PKG "Authorization", .help = "A policy of layer 4.");
#undef T
/* clang-format on */
