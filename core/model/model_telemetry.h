/* What is logged, counted and traced: Telemetry objects and MeshConfig, made out for this proxy.
 * Part of a snapshot; texts are in the builder's memory. */
#ifndef CORE_MODEL_MODEL_TELEMETRY_H
#define CORE_MODEL_MODEL_TELEMETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/str.h"

enum model_side { MODEL_SIDE_CLIENT, MODEL_SIDE_SERVER, MODEL_SIDES };

#define MODEL_LOGS_MAX 4

struct model_access_log {
    bool enabled;
    bool json;
    bool omit_empty;   /* of JSON: members without a value are left out */
    struct str path;   /* "/dev/stdout" */
    struct str format; /* text, or a JSON object of texts; empty for Istio's default */
    struct str filter; /* CEL over the request; empty: all */
};

/* In the order of Telemetry's enum, without ALL_METRICS. */
enum model_metric_id {
    MODEL_METRIC_REQUEST_COUNT,
    MODEL_METRIC_REQUEST_DURATION,
    MODEL_METRIC_REQUEST_SIZE,
    MODEL_METRIC_RESPONSE_SIZE,
    MODEL_METRIC_TCP_OPENED,
    MODEL_METRIC_TCP_CLOSED,
    MODEL_METRIC_TCP_SENT,
    MODEL_METRIC_TCP_RECEIVED,
    MODEL_METRIC_GRPC_REQUEST_MESSAGES,
    MODEL_METRIC_GRPC_RESPONSE_MESSAGES,
    MODEL_METRICS,
};

struct model_metric_tag {
    struct str name;
    struct str value; /* CEL; p == NULL: the label is left out */
};

struct model_metric {
    bool disabled;
    struct model_metric_tag *tags;
    uint32_t tag_count;
};

enum model_trace_headers {
    MODEL_TRACE_W3C = 1 << 0, /* traceparent, tracestate */
    MODEL_TRACE_B3 = 1 << 1,  /* x-b3-traceid and its like */
};

enum model_trace_tag_kind {
    MODEL_TRACE_TAG_TEXT,   /* value */
    MODEL_TRACE_TAG_HEADER, /* of the request; value is its name, absent is what it is else */
};

struct model_trace_tag {
    struct str name, value, absent;
    uint8_t kind; /* enum model_trace_tag_kind */
};

struct model_trace_header {
    struct str name, value;
};

/* Where spans go: OTLP. */
struct model_trace_export {
    struct str authority; /* "otel.obs.svc.cluster.local:4318" */
    struct str path;      /* of HTTP */
    struct str cluster;   /* "outbound|4318||otel.obs.svc.cluster.local" */
    bool is_grpc;
    uint32_t timeout_ms;
    struct model_trace_header *headers;
    uint32_t header_count;
};

struct model_tracing {
    bool enabled;   /* there is a provider: trace headers are made */
    bool propagate; /* and sent upstream; else those of the client are removed */
    bool istio_tags;
    uint8_t headers;   /* enum model_trace_headers, a set */
    uint32_t sampling; /* of 10,000 requests that bring no decision */
    uint32_t max_tag_bytes;
    struct str service_name;
    struct model_trace_tag *tags;
    uint32_t tag_count;
    const struct model_trace_export *to; /* NULL: no spans are reported */
};

struct model_telemetry {
    struct model_tracing tracing[MODEL_SIDES];
    struct model_access_log logs[MODEL_SIDES][MODEL_LOGS_MAX]; /* up to the first not enabled */
    struct model_metric metrics[MODEL_SIDES][MODEL_METRICS];
    bool has_metric_changes; /* some metric is not as Istio has it by default */
};

#endif
