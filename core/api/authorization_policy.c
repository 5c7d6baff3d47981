#include "core/api/authorization_policy.h"

#include "core/api/api_check.h"
#include "core/api/authorization_policy_check.h"
#include "core/api/istio_status.h"
#include "core/api/object_meta.h"

#define PROTO "istio.security.v1beta1."
#define NO_IP "is accepted, but addresses are not compared yet"

/* clang-format off */
#define T struct authorization_policy_source
static const struct field authorization_policy_source_fields[] = {
    FIELD_LIST_STR(T, principals, "principals", .proto = 1, .check = api_check_not_empty, .help = "Identities of callers: cluster.local/ns/NS/sa/NAME, '*' at either end."),
    FIELD_LIST_STR(T, not_principals, "notPrincipals", .proto = 5, .check = api_check_not_empty, .help = "Identities that callers must not have."),
    FIELD_LIST_STR(T, request_principals, "requestPrincipals", .proto = 2, .check = api_check_not_empty, .help = "Identities in tokens: ISSUER/SUBJECT."),
    FIELD_LIST_STR(T, not_request_principals, "notRequestPrincipals", .proto = 6, .check = api_check_not_empty, .help = "Identities that tokens must not have."),
    FIELD_LIST_STR(T, namespaces, "namespaces", .proto = 3, .check = api_check_not_empty, .help = "Namespaces of callers."),
    FIELD_LIST_STR(T, not_namespaces, "notNamespaces", .proto = 7, .check = api_check_not_empty, .help = "Namespaces that callers must not be of."),
    FIELD_LIST_STR(T, service_accounts, "serviceAccounts", .proto = 11, .max_items = 16, .max_len = 320, .check = authorization_policy_check_service_account, .enforced = FIELD_NOT_ENFORCED, .help = "Service accounts of callers: [NAMESPACE/]NAME."),
    FIELD_LIST_STR(T, not_service_accounts, "notServiceAccounts", .proto = 12, .max_items = 16, .max_len = 320, .check = authorization_policy_check_service_account, .enforced = FIELD_NOT_ENFORCED, .help = "Service accounts that callers must not have."),
    FIELD_LIST_STR(T, ip_blocks, "ipBlocks", .proto = 4, .check = api_check_ip_or_cidr, .enforced = NO_IP, .help = "Addresses that connections come from."),
    FIELD_LIST_STR(T, not_ip_blocks, "notIpBlocks", .proto = 8, .check = api_check_ip_or_cidr, .enforced = NO_IP, .help = "Addresses that connections must not come from."),
    FIELD_LIST_STR(T, remote_ip_blocks, "remoteIpBlocks", .proto = 9, .check = api_check_ip_or_cidr, .enforced = NO_IP, .help = "Addresses of the first caller, by X-Forwarded-For or PROXY protocol."),
    FIELD_LIST_STR(T, not_remote_ip_blocks, "notRemoteIpBlocks", .proto = 10, .check = api_check_ip_or_cidr, .enforced = NO_IP, .help = "Addresses that the first caller must not have."),
    FIELD_LIST_STR(T, trust_domains, "trustDomains", .proto = 13, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "Trust domains of callers."),
    FIELD_LIST_STR(T, not_trust_domains, "notTrustDomains", .proto = 14, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "Trust domains that callers must not be of."),
};
static FIELD_MESSAGE(authorization_policy_source, PROTO "Source", .at = FIELD_AT(T, at), .check = authorization_policy_check_source, .help = "Who asks: all fields must hold, one value of each.");
#undef T

#define T struct authorization_policy_from
static const struct field authorization_policy_from_fields[] = {
    FIELD_MSG(T, source, "source", authorization_policy_source, .proto = 1, .help = "Who asks."),
};
static FIELD_MESSAGE(authorization_policy_from, PROTO "Rule.From", .at = FIELD_AT(T, at), .check = authorization_policy_check_from, .help = "One kind of caller.");
#undef T

#define T struct authorization_policy_operation
static const struct field authorization_policy_operation_fields[] = {
    FIELD_LIST_STR(T, hosts, "hosts", .proto = 1, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "Host headers, with their port if they have one; '*' at either end."),
    FIELD_LIST_STR(T, not_hosts, "notHosts", .proto = 5, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "Host headers that are not meant."),
    FIELD_LIST_STR(T, ports, "ports", .proto = 2, .check = api_check_port_text, .help = "Ports of the workload."),
    FIELD_LIST_STR(T, not_ports, "notPorts", .proto = 6, .check = api_check_port_text, .help = "Ports that are not meant."),
    FIELD_LIST_STR(T, methods, "methods", .proto = 3, .check = api_check_not_empty, .help = "Methods; '*' at either end."),
    FIELD_LIST_STR(T, not_methods, "notMethods", .proto = 7, .check = api_check_not_empty, .help = "Methods that are not meant."),
    FIELD_LIST_STR(T, paths, "paths", .proto = 4, .check = authorization_policy_check_path, .help = "Paths without query; '*' at either end, {*} for a segment, {**} for any number of them."),
    FIELD_LIST_STR(T, not_paths, "notPaths", .proto = 8, .check = authorization_policy_check_path, .help = "Paths that are not meant."),
};
static FIELD_MESSAGE(authorization_policy_operation, PROTO "Operation", .at = FIELD_AT(T, at), .check = authorization_policy_check_operation, .help = "What is asked for: all fields must hold, one value of each.");
#undef T

#define T struct authorization_policy_to
static const struct field authorization_policy_to_fields[] = {
    FIELD_MSG(T, operation, "operation", authorization_policy_operation, .proto = 1, .help = "What is asked for."),
};
static FIELD_MESSAGE(authorization_policy_to, PROTO "Rule.To", .at = FIELD_AT(T, at), .check = authorization_policy_check_to, .help = "One kind of request.");
#undef T

#define T struct authorization_policy_condition
static const struct field authorization_policy_condition_fields[] = {
    FIELD_STR(T, key, "key", .proto = 1, .required = true, .check = authorization_policy_check_key, .help = "What to look at, as request.headers[x-id] or source.ip."),
    FIELD_LIST_STR(T, values, "values", .proto = 2, .help = "Values of which it must have one; '*' at either end."),
    FIELD_LIST_STR(T, not_values, "notValues", .proto = 3, .help = "Values that it must not have."),
};
static FIELD_MESSAGE(authorization_policy_condition, PROTO "Condition", .at = FIELD_AT(T, at), .check = authorization_policy_check_condition, .help = "One more thing that must hold.");
#undef T

#define T struct authorization_policy_rule
static const struct field authorization_policy_rule_fields[] = {
    FIELD_LIST_MSG(T, from, "from", authorization_policy_from, .proto = 1, .max_items = 512, .default_text = "any caller", .help = "Callers, of which one must fit."),
    FIELD_LIST_MSG(T, to, "to", authorization_policy_to, .proto = 2, .default_text = "any request", .help = "Requests, of which one must fit."),
    FIELD_LIST_MSG(T, when, "when", authorization_policy_condition, .proto = 3, .enforced = FIELD_NOT_ENFORCED, .help = "Conditions that must all hold."),
};
static FIELD_MESSAGE(authorization_policy_rule, PROTO "Rule", .at = FIELD_AT(T, at), .check = authorization_policy_check_rule, .help = "Who may ask for what, when; {} fits everything.");
#undef T

static const struct field_enum_name authorization_policy_action_names[] = {
    { "ALLOW", AUTHORIZATION_POLICY_ALLOW, "Let through what a rule fits; nothing else." },
    { "DENY", AUTHORIZATION_POLICY_DENY, "Refuse what a rule fits." },
    { "AUDIT", AUTHORIZATION_POLICY_AUDIT, "Mark what a rule fits for the audit log." },
    { "CUSTOM", AUTHORIZATION_POLICY_CUSTOM, "Ask an external authorizer about what a rule fits." },
};
static FIELD_ENUM_TABLE(authorization_policy_action, PROTO "AuthorizationPolicy.Action");

#define T struct authorization_policy_provider
static const struct field authorization_policy_provider_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .help = "Name of the authorizer in the mesh's settings."),
};
static FIELD_MESSAGE(authorization_policy_provider, PROTO "AuthorizationPolicy.ExtensionProvider", .at = FIELD_AT(T, at), .help = "An external authorizer.");
#undef T

#define T struct authorization_policy
static const struct field authorization_policy_fields[] = {
    FIELD_MSG(T, selector, "selector", workload_selector, .proto = 1, .default_text = "all of the namespace; in the root namespace all of the mesh", .help = "Workloads that this is for."),
    FIELD_MSG(T, target_ref, "targetRef", target_ref, .proto = 5, .proto_name = "targetRef", .enforced = FIELD_NOT_ENFORCED, .help = "Object that this is for; use targetRefs."),
    FIELD_LIST_MSG(T, target_refs, "targetRefs", target_ref, .proto = 6, .proto_name = "targetRefs", .max_items = 16, .enforced = FIELD_NOT_ENFORCED, .help = "Objects that this is for."),
    FIELD_LIST_MSG(T, rules, "rules", authorization_policy_rule, .proto = 2, .max_items = 512, .default_text = "none, which fits nothing", .help = "Rules, of which one must fit."),
    FIELD_ENUM(T, action, "action", authorization_policy_action, .proto = 3, .default_text = "ALLOW", .help = "What to do with what a rule fits."),
    FIELD_MSG(T, provider, "provider", authorization_policy_provider, .proto = 4, .oneof = 1, .help = "External authorizer, for CUSTOM."),
};
FIELD_MESSAGE(authorization_policy, PROTO "AuthorizationPolicy", .at = FIELD_AT(T, at), .check = authorization_policy_check_policy, .help = "Who may do what.");
#undef T

struct authorization_policy_root {
    OBJECT_META_HEAD;
    struct authorization_policy *spec;
    struct istio_status *status;
};

#define T struct authorization_policy_root
static const struct field authorization_policy_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", authorization_policy, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", istio_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(authorization_policy_root, "io.istio.security.v1.AuthorizationPolicy", .at = FIELD_AT(T, at), .help = "Who may do what.");
#undef T
/* clang-format on */
