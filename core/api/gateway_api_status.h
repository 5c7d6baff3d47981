/* What the system says about objects of the Gateway API: conditions, per object, per listener, per
 * parent of a route, per ancestor of a policy. Written by control;
 * core/compile/compile_gwapi_status decides what. */
#ifndef CORE_API_GATEWAY_API_STATUS_H
#define CORE_API_GATEWAY_API_STATUS_H

#include "core/api/gateway_api_ref.h"

enum gateway_api_truth {
    GATEWAY_API_TRUTH_NONE,
    GATEWAY_API_TRUE,
    GATEWAY_API_FALSE,
    GATEWAY_API_UNKNOWN,
};

struct gateway_api_condition {
    struct str type, reason, message;
    int status; /* enum gateway_api_truth */
    struct field_opt observed_generation;
    struct field_opt last_transition;
};

struct gateway_api_feature {
    struct str name;
};

struct gateway_api_status_class_status { /* of GatewayClass, of XMesh */
    struct gateway_api_condition *conditions;
    size_t conditions_count;
    struct gateway_api_feature *features;
    size_t features_count;
};

struct gateway_api_status_route_kind {
    struct field_at at;
    struct str group, kind;
};

struct gateway_api_listener_status {
    struct str name;
    struct gateway_api_status_route_kind *kinds;
    size_t kinds_count;
    int64_t attached_routes;
    struct gateway_api_condition *conditions;
    size_t conditions_count;
};

struct gateway_api_status_address {
    struct str type, value;
};

struct gateway_api_status_gateway_status {
    struct gateway_api_status_address *addresses;
    size_t addresses_count;
    struct field_opt attached_listener_sets;
    struct gateway_api_condition *conditions;
    size_t conditions_count;
    struct gateway_api_listener_status *listeners;
    size_t listeners_count;
};

struct gateway_api_status_listener_set_status {
    struct gateway_api_condition *conditions;
    size_t conditions_count;
    struct gateway_api_listener_status *listeners;
    size_t listeners_count;
};

struct gateway_api_parent_status {
    struct gateway_api_ref_parent_ref parent;
    struct str controller;
    struct gateway_api_condition *conditions;
    size_t conditions_count;
};

struct gateway_api_status_route_status {
    struct gateway_api_parent_status *parents;
    size_t parents_count;
};

struct gateway_api_backend_parent_status {
    struct gateway_api_ref_parent_ref parent;
    struct str controller;
    struct gateway_api_condition *conditions;
    size_t conditions_count;
};

struct gateway_api_status_backend_status { /* of XBackend: as a route's, with fewer bounds */
    struct gateway_api_backend_parent_status *parents;
    size_t parents_count;
};

struct gateway_api_ancestor_status {
    struct gateway_api_ref_parent_ref ancestor;
    struct str controller;
    struct gateway_api_condition *conditions;
    size_t conditions_count;
};

struct gateway_api_status_policy_status {
    struct gateway_api_ancestor_status *ancestors;
    size_t ancestors_count;
};

extern FIELD_DECLARE(gateway_api_status_route_kind);
extern FIELD_DECLARE(gateway_api_status_class_status);
extern FIELD_DECLARE(gateway_api_status_gateway_status);
extern FIELD_DECLARE(gateway_api_status_listener_set_status);
extern FIELD_DECLARE(gateway_api_status_route_status);
extern FIELD_DECLARE(gateway_api_status_backend_status);
extern FIELD_DECLARE(gateway_api_status_policy_status);

#endif
