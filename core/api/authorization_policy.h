/* Istio's AuthorizationPolicy: who may do what. */
#ifndef CORE_API_AUTHORIZATION_POLICY_H
#define CORE_API_AUTHORIZATION_POLICY_H

#include "core/api/target_ref.h"
#include "core/api/workload_selector.h"
#include "core/text/field.h"

struct authorization_policy_source {
    struct field_at at;
    struct str *principals;
    size_t principals_count;
    struct str *not_principals;
    size_t not_principals_count;
    struct str *request_principals;
    size_t request_principals_count;
    struct str *not_request_principals;
    size_t not_request_principals_count;
    struct str *namespaces;
    size_t namespaces_count;
    struct str *not_namespaces;
    size_t not_namespaces_count;
    struct str *service_accounts;
    size_t service_accounts_count;
    struct str *not_service_accounts;
    size_t not_service_accounts_count;
    struct str *ip_blocks;
    size_t ip_blocks_count;
    struct str *not_ip_blocks;
    size_t not_ip_blocks_count;
    struct str *remote_ip_blocks;
    size_t remote_ip_blocks_count;
    struct str *not_remote_ip_blocks;
    size_t not_remote_ip_blocks_count;
    struct str *trust_domains;
    size_t trust_domains_count;
    struct str *not_trust_domains;
    size_t not_trust_domains_count;
};

struct authorization_policy_from {
    struct field_at at;
    struct authorization_policy_source *source;
};

struct authorization_policy_operation {
    struct field_at at;
    struct str *hosts;
    size_t hosts_count;
    struct str *not_hosts;
    size_t not_hosts_count;
    struct str *ports;
    size_t ports_count;
    struct str *not_ports;
    size_t not_ports_count;
    struct str *methods;
    size_t methods_count;
    struct str *not_methods;
    size_t not_methods_count;
    struct str *paths;
    size_t paths_count;
    struct str *not_paths;
    size_t not_paths_count;
};

struct authorization_policy_to {
    struct field_at at;
    struct authorization_policy_operation *operation;
};

struct authorization_policy_condition {
    struct field_at at;
    struct str key;
    struct str *values;
    size_t values_count;
    struct str *not_values;
    size_t not_values_count;
};

struct authorization_policy_rule {
    struct field_at at;
    struct authorization_policy_from *from;
    size_t from_count;
    struct authorization_policy_to *to;
    size_t to_count;
    struct authorization_policy_condition *when;
    size_t when_count;
};

enum authorization_policy_action {
    AUTHORIZATION_POLICY_ALLOW = 0,
    AUTHORIZATION_POLICY_DENY = 1,
    AUTHORIZATION_POLICY_AUDIT = 2,
    AUTHORIZATION_POLICY_CUSTOM = 3,
};

struct authorization_policy_provider {
    struct field_at at;
    struct str name;
};

struct authorization_policy { /* the spec */
    struct field_at at;
    struct workload_selector *selector;
    struct target_ref *target_ref; /* the old way */
    struct target_ref *target_refs;
    size_t target_refs_count;
    struct authorization_policy_rule *rules; /* NULL or empty: matches nothing */
    size_t rules_count;
    int action; /* enum authorization_policy_action */
    struct authorization_policy_provider *provider;
};

extern FIELD_DECLARE(authorization_policy);
extern FIELD_DECLARE(authorization_policy_root);

#endif
