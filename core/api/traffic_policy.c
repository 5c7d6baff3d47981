#include "core/api/traffic_policy.h"

#include "core/api/api_check.h"
#include "core/api/traffic_policy_check.h"
#include "core/text/duration.h"

#define PROTO "istio.networking.v1alpha3."

/* clang-format off */
static const struct field_enum_name traffic_policy_simple_lb_names[] = {
    { "UNSPECIFIED", TRAFFIC_POLICY_LB_UNSPECIFIED, "As the mesh's default: LEAST_REQUEST." },
    { "LEAST_CONN", TRAFFIC_POLICY_LB_LEAST_CONN, "Old name of LEAST_REQUEST." },
    { "RANDOM", TRAFFIC_POLICY_LB_RANDOM, "Any of the healthy ones." },
    { "PASSTHROUGH", TRAFFIC_POLICY_LB_PASSTHROUGH, "The address that the client asked for." },
    { "ROUND_ROBIN", TRAFFIC_POLICY_LB_ROUND_ROBIN, "One after another." },
    { "LEAST_REQUEST", TRAFFIC_POLICY_LB_LEAST_REQUEST, "The less busy of two random ones." },
};
static FIELD_ENUM_TABLE(traffic_policy_simple_lb, PROTO "LoadBalancerSettings.SimpleLB");

#define T struct traffic_policy_ring_hash
static const struct field traffic_policy_ring_hash_fields[] = {
    FIELD_UINT64(T, minimum_size, "minimumRingSize", .proto = 1, .default_text = "1024", .help = "Points on the ring, at least."),
};
static FIELD_MESSAGE(traffic_policy_ring_hash, PROTO "LoadBalancerSettings.ConsistentHashLB.RingHash", .help = "Hash ring.");
#undef T

#define T struct traffic_policy_maglev
static const struct field traffic_policy_maglev_fields[] = {
    FIELD_UINT64(T, table_size, "tableSize", .proto = 1, .check = traffic_policy_check_table_size, .default_text = "65537", .help = "Entries of the table: a prime, at most 5000011."),
};
static FIELD_MESSAGE(traffic_policy_maglev, PROTO "LoadBalancerSettings.ConsistentHashLB.MagLev", .help = "Maglev table.");
#undef T

#define T struct traffic_policy_cookie_attribute
static const struct field traffic_policy_cookie_attribute_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .required = true, .check = api_check_not_empty, .help = "Name, as SameSite."),
    FIELD_STR(T, value, "value", .proto = 2, .help = "Value, if it has one."),
};
static FIELD_MESSAGE(traffic_policy_cookie_attribute, PROTO "LoadBalancerSettings.ConsistentHashLB.HTTPCookie.Attribute", .help = "An attribute of a generated cookie.");
#undef T

#define T struct traffic_policy_cookie
static const struct field traffic_policy_cookie_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .required = true, .check = api_check_header_name, .help = "Name of the cookie."),
    FIELD_STR(T, path, "path", .proto = 2, .help = "Path of a generated cookie."),
    FIELD_DURATION(T, ttl, "ttl", .proto = 3, .check = api_check_not_negative, .help = "Life of a generated cookie; 0s for the session."),
    FIELD_LIST_MSG(T, attributes, "attributes", traffic_policy_cookie_attribute, .proto = 4, .help = "More attributes of a generated cookie."),
};
static FIELD_MESSAGE(traffic_policy_cookie, PROTO "LoadBalancerSettings.ConsistentHashLB.HTTPCookie", .help = "Hash by a cookie.");
#undef T

#define T struct traffic_policy_hash
static const struct field traffic_policy_hash_fields[] = {
    FIELD_STR(T, http_header_name, "httpHeaderName", .proto = 1, .oneof = 1, .check = api_check_header_name, .help = "Hash by this header."),
    FIELD_MSG(T, http_cookie, "httpCookie", traffic_policy_cookie, .proto = 2, .oneof = 1, .help = "Hash by a cookie."),
    FIELD_OPT_BOOL(T, use_source_ip, "useSourceIp", .proto = 3, .oneof = 1, .help = "Hash by the client's address."),
    FIELD_STR(T, http_query_parameter_name, "httpQueryParameterName", .proto = 5, .oneof = 1, .help = "Hash by this query parameter."),
    FIELD_MSG(T, ring_hash, "ringHash", traffic_policy_ring_hash, .proto = 6, .oneof = 2, .help = "Use a hash ring."),
    FIELD_MSG(T, maglev, "maglev", traffic_policy_maglev, .proto = 7, .oneof = 2, .help = "Use a Maglev table."),
    FIELD_UINT64(T, minimum_ring_size, "minimumRingSize", .proto = 4, .deprecated = true, .help = "Use ringHash.minimumRingSize."),
};
static FIELD_MESSAGE(traffic_policy_hash, PROTO "LoadBalancerSettings.ConsistentHashLB", .at = FIELD_AT(T, at), .check = traffic_policy_check_hash, .help = "The same key goes to the same endpoint.");
#undef T

#define T struct traffic_policy_distribute
static const struct field traffic_policy_distribute_fields[] = {
    FIELD_STR(T, from, "from", .proto = 1, .help = "Locality of the client: region/zone/subzone, '*' at the end."),
    FIELD_MAP_INT(T, to, "to", .proto = 2, .width = FIELD_UINT32, .max = 100, .help = "Percent by locality of the endpoints; 100 together."),
};
static FIELD_MESSAGE(traffic_policy_distribute, PROTO "LocalityLoadBalancerSetting.Distribute", .help = "Shares of traffic by locality.");
#undef T

#define T struct traffic_policy_failover
static const struct field traffic_policy_failover_fields[] = {
    FIELD_STR(T, from, "from", .proto = 1, .help = "The failing region."),
    FIELD_STR(T, to, "to", .proto = 2, .help = "The region to use instead."),
};
static FIELD_MESSAGE(traffic_policy_failover, PROTO "LocalityLoadBalancerSetting.Failover", .help = "Where to go when a region fails.");
#undef T

#define T struct traffic_policy_locality
static const struct field traffic_policy_locality_fields[] = {
    FIELD_LIST_MSG(T, distribute, "distribute", traffic_policy_distribute, .proto = 1, .help = "Shares of traffic by locality."),
    FIELD_LIST_MSG(T, failover, "failover", traffic_policy_failover, .proto = 2, .help = "Where to go when a region fails."),
    FIELD_LIST_STR(T, failover_priority, "failoverPriority", .proto = 4, .help = "Labels that order endpoints: the more match the client's, the earlier."),
    FIELD_OPT_BOOL(T, enabled, "enabled", .proto = 3, .wrapper = true, .default_text = "true", .help = "Whether locality matters."),
};
FIELD_MESSAGE(traffic_policy_locality, PROTO "LocalityLoadBalancerSetting", .at = FIELD_AT(T, at), .check = traffic_policy_check_locality, .help = "Prefer near endpoints.");
#undef T

#define T struct traffic_policy_zone_aware
static const struct field traffic_policy_zone_aware_fields[] = {
    FIELD_OPT_BOOL(T, enabled, "enabled", .proto = 1, .wrapper = true, .help = "Whether zones matter."),
    FIELD_LIST_MSG(T, failover, "failover", traffic_policy_failover, .proto = 2, .help = "Where to go when a region fails."),
    FIELD_LIST_STR(T, failover_priority, "failoverPriority", .proto = 3, .help = "Labels that order endpoints."),
    FIELD_OPT_UINT64(T, min_cluster_size, "minClusterSize", .proto = 4, .wrapper = true, .min = 1, .default_text = "6", .help = "Endpoints that a service needs at least for this."),
};
FIELD_MESSAGE(traffic_policy_zone_aware, PROTO "ZoneAwareLoadBalancerSetting", .at = FIELD_AT(T, at), .help = "Keep traffic in the zone as far as its endpoints can carry it.");
#undef T

#define T struct traffic_policy_warmup
static const struct field traffic_policy_warmup_fields[] = {
    FIELD_DURATION(T, duration, "duration", .proto = 1, .required = true, .min = DURATION_MS, .help = "Time until a new endpoint gets its full share."),
    FIELD_OPT_DOUBLE(T, minimum_percent, "minimumPercent", .proto = 2, .wrapper = true, .max = 100, .default_text = "10", .help = "Share to start with."),
    FIELD_OPT_DOUBLE(T, aggression, "aggression", .proto = 3, .wrapper = true, .max = INT64_MAX, .default_text = "1", .help = "How the share grows: 1 is linear."),
};
static FIELD_MESSAGE(traffic_policy_warmup, PROTO "WarmupConfiguration", .help = "New endpoints get their load slowly.");
#undef T

#define T struct traffic_policy_lb
static const struct field traffic_policy_lb_fields[] = {
    FIELD_OPT_ENUM(T, simple, "simple", traffic_policy_simple_lb, .proto = 1, .oneof = 1, .default_text = "LEAST_REQUEST", .help = "A balancer without settings."),
    FIELD_MSG(T, consistent_hash, "consistentHash", traffic_policy_hash, .proto = 2, .oneof = 1, .help = "The same key goes to the same endpoint."),
    FIELD_MSG(T, locality, "localityLbSetting", traffic_policy_locality, .proto = 3, .help = "Prefer near endpoints."),
    FIELD_MSG(T, zone_aware, "zoneAwareLbSetting", traffic_policy_zone_aware, .proto = 6, .help = "Keep traffic in the zone."),
    FIELD_DURATION(T, warmup_duration, "warmupDurationSecs", .proto = 4, .min = DURATION_MS, .deprecated = true, .help = "Use warmup."),
    FIELD_MSG(T, warmup, "warmup", traffic_policy_warmup, .proto = 5, .help = "New endpoints get their load slowly."),
};
static FIELD_MESSAGE(traffic_policy_lb, PROTO "LoadBalancerSettings", .at = FIELD_AT(T, at), .check = traffic_policy_check_lb, .help = "Which endpoint gets the next request.");
#undef T

#define T struct traffic_policy_keepalive
static const struct field traffic_policy_keepalive_fields[] = {
    FIELD_UINT32(T, probes, "probes", .proto = 1, .default_text = "the system's, 9", .help = "Unanswered probes until the connection counts as dead."),
    FIELD_DURATION(T, time, "time", .proto = 2, .min = DURATION_MS, .default_text = "the system's, 2h", .help = "Idle time until the first probe."),
    FIELD_DURATION(T, interval, "interval", .proto = 3, .min = DURATION_MS, .default_text = "the system's, 75s", .help = "Time between probes."),
};
FIELD_MESSAGE(traffic_policy_keepalive, PROTO "ConnectionPoolSettings.TCPSettings.TcpKeepalive", .help = "TCP keep-alive.");
#undef T

#define T struct traffic_policy_tcp
static const struct field traffic_policy_tcp_fields[] = {
    FIELD_INT32(T, max_connections, "maxConnections", .proto = 1, .max = INT32_MAX, .default_text = "no limit", .help = "Connections to the service from one proxy."),
    FIELD_DURATION(T, connect_timeout, "connectTimeout", .proto = 2, .min = DURATION_MS, .default_text = "10s", .help = "Time for a connection to come up."),
    FIELD_MSG(T, keepalive, "tcpKeepalive", traffic_policy_keepalive, .proto = 3, .help = "TCP keep-alive."),
    FIELD_DURATION(T, max_connection_duration, "maxConnectionDuration", .proto = 4, .min = DURATION_MS, .default_text = "no limit", .help = "Longest life of a connection."),
    FIELD_DURATION(T, idle_timeout, "idleTimeout", .proto = 5, .check = api_check_not_negative, .default_text = "1h", .help = "Idle time until a connection is closed; 0s: never."),
};
static FIELD_MESSAGE(traffic_policy_tcp, PROTO "ConnectionPoolSettings.TCPSettings", .help = "Limits for connections.");
#undef T

static const struct field_enum_name traffic_policy_h2_upgrade_names[] = {
    { "DEFAULT", TRAFFIC_POLICY_H2_DEFAULT, "As the mesh's default." },
    { "DO_NOT_UPGRADE", TRAFFIC_POLICY_H2_DO_NOT_UPGRADE, "HTTP/1.1 stays HTTP/1.1." },
    { "UPGRADE", TRAFFIC_POLICY_H2_UPGRADE, "HTTP/1.1 becomes HTTP/2." },
};
static FIELD_ENUM_TABLE(traffic_policy_h2_upgrade, PROTO "ConnectionPoolSettings.HTTPSettings.H2UpgradePolicy");

#define T struct traffic_policy_ping
static const struct field traffic_policy_ping_fields[] = {
    FIELD_DURATION(T, interval, "interval", .proto = 1, .min = DURATION_MS, .help = "Time between pings."),
    FIELD_DURATION(T, timeout, "timeout", .proto = 2, .min = DURATION_MS, .enforced = "is accepted; an answer is waited for as long as the interval", .help = "Time for an answer."),
};
static FIELD_MESSAGE(traffic_policy_ping, PROTO "ConnectionPoolSettings.HTTPSettings.ConnectionKeepalive", .help = "HTTP/2 pings.");
#undef T

#define T struct traffic_policy_http
static const struct field traffic_policy_http_fields[] = {
    FIELD_INT32(T, http1_max_pending_requests, "http1MaxPendingRequests", .proto = 1, .proto_name = "http1_max_pending_requests", .max = INT32_MAX, .default_text = "no limit", .help = "Requests that wait for a connection."),
    FIELD_INT32(T, http2_max_requests, "http2MaxRequests", .proto = 2, .proto_name = "http2_max_requests", .max = INT32_MAX, .default_text = "no limit", .help = "Requests at a time, HTTP/1.1 included."),
    FIELD_INT32(T, max_requests_per_connection, "maxRequestsPerConnection", .proto = 3, .max = INT32_MAX, .default_text = "no limit", .help = "1 switches keep-alive off."),
    FIELD_INT32(T, max_retries, "maxRetries", .proto = 4, .max = INT32_MAX, .default_text = "no limit", .help = "Retries at a time."),
    FIELD_DURATION(T, idle_timeout, "idleTimeout", .proto = 5, .min = DURATION_MS, .default_text = "1h", .help = "Time without requests until a connection is closed."),
    FIELD_ENUM(T, h2_upgrade_policy, "h2UpgradePolicy", traffic_policy_h2_upgrade, .proto = 6, .proto_name = "h2_upgrade_policy", .default_text = "DEFAULT", .help = "Whether HTTP/1.1 becomes HTTP/2."),
    FIELD_BOOL(T, use_client_protocol, "useClientProtocol", .proto = 7, .help = "Talk to the service in the version that the client speaks."),
    FIELD_INT32(T, max_concurrent_streams, "maxConcurrentStreams", .proto = 8, .max = INT32_MAX, .default_text = "no limit", .help = "Requests at a time on one HTTP/2 connection."),
    FIELD_MSG(T, http2_keep_alive, "http2KeepAlive", traffic_policy_ping, .proto = 9, .proto_name = "http2_keep_alive", .help = "HTTP/2 pings."),
};
static FIELD_MESSAGE(traffic_policy_http, PROTO "ConnectionPoolSettings.HTTPSettings", .at = FIELD_AT(T, at), .check = traffic_policy_check_http, .help = "Limits for HTTP.");
#undef T

#define T struct traffic_policy_pool
static const struct field traffic_policy_pool_fields[] = {
    FIELD_MSG(T, tcp, "tcp", traffic_policy_tcp, .proto = 1, .help = "Limits for connections."),
    FIELD_MSG(T, http, "http", traffic_policy_http, .proto = 2, .help = "Limits for HTTP."),
};
FIELD_MESSAGE(traffic_policy_pool, PROTO "ConnectionPoolSettings", .at = FIELD_AT(T, at), .check = traffic_policy_check_pool, .help = "Limits that protect the service.");
#undef T

#define T struct traffic_policy_outlier
static const struct field traffic_policy_outlier_fields[] = {
    FIELD_INT32(T, consecutive_errors, "consecutiveErrors", .proto = 1, .deprecated = true, .enforced = "is ignored, as in Istio", .help = "Use consecutive5xxErrors."),
    FIELD_BOOL(T, split_external_local_origin_errors, "splitExternalLocalOriginErrors", .proto = 8, .help = "Count failures to connect apart from errors that the service answers."),
    FIELD_OPT_UINT32(T, consecutive_local_origin_failures, "consecutiveLocalOriginFailures", .proto = 9, .wrapper = true, .default_text = "5", .help = "Failures to connect in a row until ejection."),
    FIELD_OPT_UINT32(T, consecutive_gateway_errors, "consecutiveGatewayErrors", .proto = 6, .wrapper = true, .default_text = "off", .help = "502, 503 and 504 in a row until ejection."),
    FIELD_OPT_UINT32(T, consecutive_5xx_errors, "consecutive5xxErrors", .proto = 7, .proto_name = "consecutive_5xx_errors", .wrapper = true, .default_text = "5", .help = "5xx in a row until ejection; 0: off."),
    FIELD_DURATION(T, interval, "interval", .proto = 2, .min = DURATION_MS, .default_text = "10s", .help = "Time between looks."),
    FIELD_DURATION(T, base_ejection_time, "baseEjectionTime", .proto = 3, .min = DURATION_MS, .default_text = "30s", .help = "Ejection lasts this long times the number of ejections."),
    FIELD_INT32(T, max_ejection_percent, "maxEjectionPercent", .proto = 4, .max = 100, .default_text = "10", .help = "Share of the endpoints that may be ejected."),
    FIELD_INT32(T, min_health_percent, "minHealthPercent", .proto = 5, .max = 100, .default_text = "0", .help = "Below this share of healthy ones all are used."),
    FIELD_LIST_UINT32(T, http_error_codes, "outlierDetectionHttpErrorCodes", .proto = 10, .min = 100, .max = 599, .default_text = "5xx", .help = "Statuses that count as errors."),
};
FIELD_MESSAGE(traffic_policy_outlier, PROTO "OutlierDetection", .at = FIELD_AT(T, at), .check = traffic_policy_check_outlier, .help = "Leaves out endpoints that fail.");
#undef T

static const struct field_enum_name traffic_policy_tls_mode_names[] = {
    { "DISABLE", TRAFFIC_POLICY_TLS_DISABLE, "No TLS." },
    { "SIMPLE", TRAFFIC_POLICY_TLS_SIMPLE, "TLS without a client certificate." },
    { "MUTUAL", TRAFFIC_POLICY_TLS_MUTUAL, "TLS with a certificate from files or a Secret." },
    { "ISTIO_MUTUAL", TRAFFIC_POLICY_TLS_ISTIO_MUTUAL, "TLS with the mesh's own certificates." },
};
static FIELD_ENUM_TABLE(traffic_policy_tls_mode, PROTO "ClientTLSSettings.TLSmode");

#define T struct traffic_policy_tls
static const struct field traffic_policy_tls_fields[] = {
    FIELD_ENUM(T, mode, "mode", traffic_policy_tls_mode, .proto = 1, .keep = true, .help = "Whether and how to use TLS."),
    FIELD_STR(T, client_certificate, "clientCertificate", .proto = 2, .help = "File with the client's certificate."),
    FIELD_STR(T, private_key, "privateKey", .proto = 3, .help = "File with the client's key."),
    FIELD_STR(T, ca_certificates, "caCertificates", .proto = 4, .default_text = "the system's", .help = "File with the authorities that the server's certificate may come from."),
    FIELD_STR(T, credential_name, "credentialName", .proto = 7, .help = "Secret that holds certificate, key and authorities."),
    FIELD_LIST_STR(T, subject_alt_names, "subjectAltNames", .proto = 5, .help = "Names of which the server's certificate must have one."),
    FIELD_STR(T, sni, "sni", .proto = 6, .default_text = "the Host header", .help = "Name to ask for in the TLS hello."),
    FIELD_OPT_BOOL(T, insecure_skip_verify, "insecureSkipVerify", .proto = 8, .wrapper = true, .help = "Take any certificate. Not safe."),
    FIELD_STR(T, ca_crl, "caCrl", .proto = 9, .help = "File with revoked certificates."),
};
FIELD_MESSAGE(traffic_policy_tls, PROTO "ClientTLSSettings", .at = FIELD_AT(T, at), .check = traffic_policy_check_tls, .help = "TLS towards the service.");
#undef T

#define T struct traffic_policy_tunnel
static const struct field traffic_policy_tunnel_fields[] = {
    FIELD_STR(T, protocol, "protocol", .proto = 1, .check = traffic_policy_check_tunnel_protocol, .default_text = "CONNECT", .help = "CONNECT or POST."),
    FIELD_STR(T, target_host, "targetHost", .proto = 2, .required = true, .check = api_check_host, .help = "Host that the tunnel leads to."),
    FIELD_UINT32(T, target_port, "targetPort", .proto = 3, .required = true, .min = 1, .max = 65535, .help = "Port that the tunnel leads to."),
};
static FIELD_MESSAGE(traffic_policy_tunnel, PROTO "TrafficPolicy.TunnelSettings", .help = "Carries TCP in HTTP.");
#undef T

static const struct field_enum_name traffic_policy_proxy_version_names[] = {
    { "V1", TRAFFIC_POLICY_PROXY_V1, "As text." },
    { "V2", TRAFFIC_POLICY_PROXY_V2, "As bytes." },
};
static FIELD_ENUM_TABLE(traffic_policy_proxy_version, PROTO "TrafficPolicy.ProxyProtocol.VERSION");

#define T struct traffic_policy_proxy_protocol
static const struct field traffic_policy_proxy_protocol_fields[] = {
    FIELD_ENUM(T, version, "version", traffic_policy_proxy_version, .proto = 1, .default_text = "V1", .help = "Which version of the protocol."),
};
static FIELD_MESSAGE(traffic_policy_proxy_protocol, PROTO "TrafficPolicy.ProxyProtocol", .help = "Tells the service the client's address by PROXY protocol.");
#undef T

#define T struct traffic_policy_retry_budget
static const struct field traffic_policy_retry_budget_fields[] = {
    FIELD_OPT_DOUBLE(T, percent, "percent", .proto = 1, .wrapper = true, .max = 100, .default_text = "20", .help = "Retries at a time, in percent of the requests at that time."),
    FIELD_UINT32(T, min_retry_concurrency, "minRetryConcurrency", .proto = 2, .default_text = "3", .help = "Retries at a time that are always allowed."),
    FIELD_DURATION(T, budget_interval, "budgetInterval", .proto = 3, .check = api_check_not_negative, .default_text = "0s", .help = "Time over which requests and retries are counted; 0s: those of the moment."),
};
static FIELD_MESSAGE(traffic_policy_retry_budget, PROTO "TrafficPolicy.RetryBudget", .help = "Limits retries by a share of the requests.");
#undef T

#define T struct traffic_policy_port
static const struct field traffic_policy_port_fields[] = {
    FIELD_MSG(T, port, "port", port_selector, .proto = 1, .help = "Which port."),
    FIELD_MSG(T, lb, "loadBalancer", traffic_policy_lb, .proto = 2, .help = "Which endpoint gets the next request."),
    FIELD_MSG(T, pool, "connectionPool", traffic_policy_pool, .proto = 3, .help = "Limits that protect the service."),
    FIELD_MSG(T, outlier, "outlierDetection", traffic_policy_outlier, .proto = 4, .help = "Leaves out endpoints that fail."),
    FIELD_MSG(T, tls, "tls", traffic_policy_tls, .proto = 5, .help = "TLS towards the service."),
};
static FIELD_MESSAGE(traffic_policy_port, PROTO "TrafficPolicy.PortTrafficPolicy", .at = FIELD_AT(T, at), .check = traffic_policy_check_port, .help = "Settings for one port, in place of those for all.");
#undef T

#define T struct traffic_policy
static const struct field traffic_policy_fields[] = {
    FIELD_MSG(T, lb, "loadBalancer", traffic_policy_lb, .proto = 1, .help = "Which endpoint gets the next request."),
    FIELD_MSG(T, pool, "connectionPool", traffic_policy_pool, .proto = 2, .help = "Limits that protect the service."),
    FIELD_MSG(T, outlier, "outlierDetection", traffic_policy_outlier, .proto = 3, .help = "Leaves out endpoints that fail."),
    FIELD_MSG(T, tls, "tls", traffic_policy_tls, .proto = 4, .default_text = "mTLS wherever the other side can", .help = "TLS towards the service."),
    FIELD_LIST_MSG(T, ports, "portLevelSettings", traffic_policy_port, .proto = 5, .max_items = 4096, .help = "Settings for single ports."),
    FIELD_MSG(T, tunnel, "tunnel", traffic_policy_tunnel, .proto = 6, .help = "Carries TCP in HTTP."),
    FIELD_MSG(T, proxy_protocol, "proxyProtocol", traffic_policy_proxy_protocol, .proto = 7, .help = "Tells the service the client's address."),
    FIELD_MSG(T, retry_budget, "retryBudget", traffic_policy_retry_budget, .proto = 8, .help = "Limits retries by a share of the requests."),
};
FIELD_MESSAGE(traffic_policy, PROTO "TrafficPolicy", .at = FIELD_AT(T, at), .check = traffic_policy_check_policy, .help = "How a client treats a service.");
#undef T
/* clang-format on */
