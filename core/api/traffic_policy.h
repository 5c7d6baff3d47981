/* How a client treats a service: balancing, connection limits, ejection, TLS. Part of
 * DestinationRule, at four places, and of what other kinds set by default. */
#ifndef CORE_API_TRAFFIC_POLICY_H
#define CORE_API_TRAFFIC_POLICY_H

#include "core/api/port_selector.h"
#include "core/text/field.h"

enum traffic_policy_simple_lb {
    TRAFFIC_POLICY_LB_UNSPECIFIED = 0,
    TRAFFIC_POLICY_LB_LEAST_CONN = 1, /* the old name of LEAST_REQUEST */
    TRAFFIC_POLICY_LB_RANDOM = 2,
    TRAFFIC_POLICY_LB_PASSTHROUGH = 3,
    TRAFFIC_POLICY_LB_ROUND_ROBIN = 4,
    TRAFFIC_POLICY_LB_LEAST_REQUEST = 5,
};

struct traffic_policy_ring_hash {
    int64_t minimum_size;
};

struct traffic_policy_maglev {
    int64_t table_size;
};

struct traffic_policy_cookie_attribute {
    struct str name, value;
};

struct traffic_policy_cookie {
    struct str name, path;
    struct field_opt ttl;
    struct traffic_policy_cookie_attribute *attributes;
    size_t attributes_count;
};

struct traffic_policy_hash { /* consistentHash */
    struct field_at at;
    struct str http_header_name;
    struct traffic_policy_cookie *http_cookie;
    struct field_opt use_source_ip;
    struct str http_query_parameter_name;
    struct traffic_policy_ring_hash *ring_hash;
    struct traffic_policy_maglev *maglev;
    int64_t minimum_ring_size; /* the old way */
};

struct traffic_policy_distribute {
    struct str from;
    struct field_pair_int *to;
    size_t to_count;
};

struct traffic_policy_failover {
    struct str from, to;
};

struct traffic_policy_locality {
    struct field_at at;
    struct traffic_policy_distribute *distribute;
    size_t distribute_count;
    struct traffic_policy_failover *failover;
    size_t failover_count;
    struct str *failover_priority;
    size_t failover_priority_count;
    struct field_opt enabled;
};

struct traffic_policy_zone_aware {
    struct field_at at;
    struct field_opt enabled;
    struct traffic_policy_failover *failover;
    size_t failover_count;
    struct str *failover_priority;
    size_t failover_priority_count;
    struct field_opt min_cluster_size;
};

struct traffic_policy_warmup {
    struct field_opt duration;
    struct field_opt_double minimum_percent, aggression;
};

struct traffic_policy_lb {
    struct field_at at;
    struct field_opt simple; /* enum traffic_policy_simple_lb */
    struct traffic_policy_hash *consistent_hash;
    struct traffic_policy_locality *locality;
    struct traffic_policy_zone_aware *zone_aware;
    struct field_opt warmup_duration; /* the old way */
    struct traffic_policy_warmup *warmup;
};

struct traffic_policy_keepalive {
    int64_t probes;
    struct field_opt time, interval;
};

struct traffic_policy_tcp {
    int64_t max_connections; /* 0: no limit, as in all of these */
    struct field_opt connect_timeout;
    struct traffic_policy_keepalive *keepalive;
    struct field_opt max_connection_duration;
    struct field_opt idle_timeout;
};

enum traffic_policy_h2_upgrade {
    TRAFFIC_POLICY_H2_DEFAULT = 0,
    TRAFFIC_POLICY_H2_DO_NOT_UPGRADE = 1,
    TRAFFIC_POLICY_H2_UPGRADE = 2,
};

struct traffic_policy_ping { /* http2KeepAlive */
    struct field_opt interval, timeout;
};

struct traffic_policy_http {
    struct field_at at;
    int64_t http1_max_pending_requests;
    int64_t http2_max_requests;
    int64_t max_requests_per_connection;
    int64_t max_retries;
    struct field_opt idle_timeout;
    int h2_upgrade_policy; /* enum traffic_policy_h2_upgrade */
    bool use_client_protocol;
    int64_t max_concurrent_streams;
    struct traffic_policy_ping *http2_keep_alive;
};

struct traffic_policy_pool {
    struct field_at at;
    struct traffic_policy_tcp *tcp;
    struct traffic_policy_http *http;
};

struct traffic_policy_outlier {
    struct field_at at;
    int64_t consecutive_errors; /* the old way */
    bool split_external_local_origin_errors;
    struct field_opt consecutive_local_origin_failures;
    struct field_opt consecutive_gateway_errors;
    struct field_opt consecutive_5xx_errors;
    struct field_opt interval, base_ejection_time;
    int64_t max_ejection_percent, min_health_percent;
    int64_t *http_error_codes;
    size_t http_error_codes_count;
};

enum traffic_policy_tls_mode {
    TRAFFIC_POLICY_TLS_DISABLE = 0,
    TRAFFIC_POLICY_TLS_SIMPLE = 1,
    TRAFFIC_POLICY_TLS_MUTUAL = 2,
    TRAFFIC_POLICY_TLS_ISTIO_MUTUAL = 3,
};

struct traffic_policy_tls {
    struct field_at at;
    int mode; /* enum traffic_policy_tls_mode */
    struct str client_certificate, private_key, ca_certificates, ca_crl, credential_name;
    struct str *subject_alt_names;
    size_t subject_alt_names_count;
    struct str sni;
    struct field_opt insecure_skip_verify;
};

struct traffic_policy_tunnel {
    struct str protocol, target_host;
    int64_t target_port;
};

enum traffic_policy_proxy_version {
    TRAFFIC_POLICY_PROXY_V1 = 0,
    TRAFFIC_POLICY_PROXY_V2 = 1,
};

struct traffic_policy_proxy_protocol {
    int version; /* enum traffic_policy_proxy_version */
};

struct traffic_policy_retry_budget {
    struct field_opt_double percent;
    int64_t min_retry_concurrency;
    struct field_opt budget_interval;
};

struct traffic_policy_port { /* portLevelSettings */
    struct field_at at;
    struct port_selector *port;
    struct traffic_policy_lb *lb;
    struct traffic_policy_pool *pool;
    struct traffic_policy_outlier *outlier;
    struct traffic_policy_tls *tls;
};

struct traffic_policy {
    struct field_at at;
    struct traffic_policy_lb *lb;
    struct traffic_policy_pool *pool;
    struct traffic_policy_outlier *outlier;
    struct traffic_policy_tls *tls;
    struct traffic_policy_port *ports;
    size_t ports_count;
    struct traffic_policy_tunnel *tunnel;
    struct traffic_policy_proxy_protocol *proxy_protocol;
    struct traffic_policy_retry_budget *retry_budget;
};

extern FIELD_DECLARE(traffic_policy);
extern FIELD_DECLARE(traffic_policy_tls);
extern FIELD_DECLARE(traffic_policy_outlier);
extern FIELD_DECLARE(traffic_policy_keepalive);
extern FIELD_DECLARE(traffic_policy_zone_aware);
extern FIELD_DECLARE(traffic_policy_locality);
extern FIELD_DECLARE(traffic_policy_pool);

#endif
