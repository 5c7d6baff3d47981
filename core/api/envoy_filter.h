/* Istio's EnvoyFilter: patches to Envoy's own configuration. Its content is Envoy's and stays JSON;
 * what is around it says where a patch goes. */
#ifndef CORE_API_ENVOY_FILTER_H
#define CORE_API_ENVOY_FILTER_H

#include "core/api/target_ref.h"
#include "core/api/workload_selector.h"
#include "core/text/field.h"

enum envoy_filter_apply {
    ENVOY_FILTER_INVALID = 0,
    ENVOY_FILTER_LISTENER = 1,
    ENVOY_FILTER_FILTER_CHAIN = 2,
    ENVOY_FILTER_NETWORK_FILTER = 3,
    ENVOY_FILTER_HTTP_FILTER = 4,
    ENVOY_FILTER_ROUTE_CONFIGURATION = 5,
    ENVOY_FILTER_VIRTUAL_HOST = 6,
    ENVOY_FILTER_HTTP_ROUTE = 7,
    ENVOY_FILTER_CLUSTER = 8,
    ENVOY_FILTER_EXTENSION_CONFIG = 9,
    ENVOY_FILTER_BOOTSTRAP = 10,
    ENVOY_FILTER_LISTENER_FILTER = 11,
};

enum envoy_filter_context {
    ENVOY_FILTER_ANY = 0,
    ENVOY_FILTER_SIDECAR_INBOUND = 1,
    ENVOY_FILTER_SIDECAR_OUTBOUND = 2,
    ENVOY_FILTER_GATEWAY = 3,
    ENVOY_FILTER_WAYPOINT = 4,
};

enum envoy_filter_action {
    ENVOY_FILTER_ACTION_ANY = 0,
    ENVOY_FILTER_ACTION_ROUTE = 1,
    ENVOY_FILTER_ACTION_REDIRECT = 2,
    ENVOY_FILTER_ACTION_DIRECT_RESPONSE = 3,
};

enum envoy_filter_operation {
    ENVOY_FILTER_OPERATION_INVALID = 0,
    ENVOY_FILTER_MERGE = 1,
    ENVOY_FILTER_ADD = 2,
    ENVOY_FILTER_REMOVE = 3,
    ENVOY_FILTER_INSERT_BEFORE = 4,
    ENVOY_FILTER_INSERT_AFTER = 5,
    ENVOY_FILTER_INSERT_FIRST = 6,
    ENVOY_FILTER_REPLACE = 7,
    ENVOY_FILTER_MERGE_AND_REPLACE_LIST = 8,
};

enum envoy_filter_class {
    ENVOY_FILTER_CLASS_UNSPECIFIED = 0,
    ENVOY_FILTER_CLASS_AUTHN = 1,
    ENVOY_FILTER_CLASS_AUTHZ = 2,
    ENVOY_FILTER_CLASS_STATS = 3,
};

struct envoy_filter_proxy {
    struct str version; /* a regular expression */
    struct field_pair *metadata;
    size_t metadata_count;
};

struct envoy_filter_cluster {
    int64_t port;
    struct str service, subset, name;
};

struct envoy_filter_route {
    struct str name;
    int action; /* enum envoy_filter_action */
};

struct envoy_filter_vhost {
    struct str name, domain;
    struct envoy_filter_route *route;
};

struct envoy_filter_routes {
    int64_t port;
    struct str port_name, gateway;
    struct envoy_filter_vhost *vhost;
    struct str name;
};

struct envoy_filter_name {
    struct str name;
};

struct envoy_filter_filter {
    struct str name;
    struct envoy_filter_name *sub_filter;
};

struct envoy_filter_chain {
    struct str name, sni, transport_protocol, application_protocols;
    struct envoy_filter_filter *filter;
    int64_t destination_port;
};

struct envoy_filter_listener {
    int64_t port;
    struct str port_name;
    struct envoy_filter_chain *chain;
    struct str listener_filter, name;
};

struct envoy_filter_waypoint {
    int64_t port;
    struct envoy_filter_name *route;
    struct envoy_filter_filter *filter;
};

struct envoy_filter_match {
    struct field_at at;
    int context; /* enum envoy_filter_context */
    struct envoy_filter_proxy *proxy;
    struct envoy_filter_listener *listener; /* at most one of these four */
    struct envoy_filter_routes *routes;
    struct envoy_filter_cluster *cluster;
    struct envoy_filter_waypoint *waypoint;
};

struct envoy_filter_change {
    struct field_at at;
    int operation; /* enum envoy_filter_operation */
    const struct node *value;
    int filter_class; /* enum envoy_filter_class */
};

struct envoy_filter_patch {
    struct field_at at;
    int apply_to; /* enum envoy_filter_apply */
    struct envoy_filter_match *match;
    struct envoy_filter_change *patch;
};

struct envoy_filter { /* the spec */
    struct field_at at;
    struct workload_selector_labels *selector;
    struct target_ref *target_refs;
    size_t target_refs_count;
    struct envoy_filter_patch *patches;
    size_t patches_count;
    int64_t priority;
};

extern FIELD_DECLARE(envoy_filter);
extern FIELD_DECLARE(envoy_filter_root);

#endif
