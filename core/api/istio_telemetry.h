/* Istio's Telemetry: what is logged, counted and traced. */
#ifndef CORE_API_ISTIO_TELEMETRY_H
#define CORE_API_ISTIO_TELEMETRY_H

#include "core/api/target_ref.h"
#include "core/api/workload_selector.h"
#include "core/text/field.h"

enum istio_telemetry_mode { /* whose side of a request; also of extensions, which number it so */
                            ISTIO_TELEMETRY_CLIENT_AND_SERVER = 0,
                            ISTIO_TELEMETRY_CLIENT = 1,
                            ISTIO_TELEMETRY_SERVER = 2,
};

struct istio_telemetry_provider {
    struct str name;
};

struct istio_telemetry_side {
    int mode; /* enum istio_telemetry_mode */
};

/* ---- tracing ---- */

struct istio_telemetry_text {
    struct str value;
};

struct istio_telemetry_named {
    struct str name, default_value;
};

struct istio_telemetry_tag { /* one of them */
    struct field_at at;
    struct istio_telemetry_text *literal;
    struct istio_telemetry_named *environment, *header;
    struct istio_telemetry_text *formatter;
};

struct istio_telemetry_tag_entry {
    struct str key;
    struct istio_telemetry_tag value;
};

struct istio_telemetry_tracing {
    struct field_at at;
    struct istio_telemetry_side *match;
    struct istio_telemetry_provider *providers;
    size_t providers_count;
    struct field_opt_double sampling; /* percent */
    struct field_opt disable_reporting;
    struct istio_telemetry_tag_entry *tags;
    size_t tags_count;
    struct field_opt use_request_id, istio_tags, disable_propagation;
};

/* ---- metrics ---- */

enum istio_telemetry_metric {
    ISTIO_TELEMETRY_ALL_METRICS = 0,
    ISTIO_TELEMETRY_REQUEST_COUNT = 1,
    ISTIO_TELEMETRY_REQUEST_DURATION = 2,
    ISTIO_TELEMETRY_REQUEST_SIZE = 3,
    ISTIO_TELEMETRY_RESPONSE_SIZE = 4,
    ISTIO_TELEMETRY_TCP_OPENED_CONNECTIONS = 5,
    ISTIO_TELEMETRY_TCP_CLOSED_CONNECTIONS = 6,
    ISTIO_TELEMETRY_TCP_SENT_BYTES = 7,
    ISTIO_TELEMETRY_TCP_RECEIVED_BYTES = 8,
    ISTIO_TELEMETRY_GRPC_REQUEST_MESSAGES = 9,
    ISTIO_TELEMETRY_GRPC_RESPONSE_MESSAGES = 10,
};

enum istio_telemetry_operation {
    ISTIO_TELEMETRY_UPSERT = 0,
    ISTIO_TELEMETRY_REMOVE = 1,
};

struct istio_telemetry_metric_match {
    struct field_at at;
    struct field_opt metric; /* enum istio_telemetry_metric */
    struct str custom_metric;
    int mode; /* enum istio_telemetry_mode */
};

struct istio_telemetry_tag_override {
    struct field_at at;
    int operation; /* enum istio_telemetry_operation */
    struct str value;
};

struct istio_telemetry_tag_override_entry {
    struct str key;
    struct istio_telemetry_tag_override value;
};

struct istio_telemetry_override {
    struct field_at at;
    struct istio_telemetry_metric_match *match;
    struct field_opt disabled;
    struct istio_telemetry_tag_override_entry *tags;
    size_t tags_count;
};

struct istio_telemetry_metrics {
    struct field_at at;
    struct istio_telemetry_provider *providers;
    size_t providers_count;
    struct istio_telemetry_override *overrides;
    size_t overrides_count;
    struct field_opt reporting_interval;
};

/* ---- access log ---- */

struct istio_telemetry_filter {
    struct field_at at;
    struct str expression;
};

struct istio_telemetry_logging {
    struct field_at at;
    struct istio_telemetry_side *match;
    struct istio_telemetry_provider *providers;
    size_t providers_count;
    struct field_opt disabled;
    struct istio_telemetry_filter *filter;
};

struct istio_telemetry { /* the spec */
    struct field_at at;
    struct workload_selector *selector;
    struct target_ref *target_ref; /* the old way */
    struct target_ref *target_refs;
    size_t target_refs_count;
    struct istio_telemetry_tracing *tracing;
    size_t tracing_count;
    struct istio_telemetry_metrics *metrics;
    size_t metrics_count;
    struct istio_telemetry_logging *logging;
    size_t logging_count;
};

extern FIELD_DECLARE(istio_telemetry);
extern FIELD_DECLARE(istio_telemetry_tag);
extern FIELD_DECLARE(istio_telemetry_root);

#endif
