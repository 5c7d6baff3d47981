#include "core/api/istio_telemetry.h"

#include "core/api/api_check.h"
#include "core/api/istio_status.h"
#include "core/api/object_meta.h"
#include "core/text/duration.h"

#define PROTO "istio.telemetry.v1alpha1."

static void check_tag_override(struct field_check *c, const void *message)
{
    const struct istio_telemetry_tag_override *t = message;

    if (t->operation == ISTIO_TELEMETRY_UPSERT && t->value.len == 0)
        field_decode_error_at(c, "value", "value must be set when operation is UPSERT");
    if (t->operation == ISTIO_TELEMETRY_REMOVE && t->value.p)
        field_decode_error_at(c, "value", "value must not be set when operation is REMOVE");
}

static void check_tracing(struct field_check *c, const void *message)
{
    const struct istio_telemetry_tracing *t = message;

    if (t->providers_count > 1)
        field_decode_warn_at(c, "providers", "only the first provider is used, as in Istio");
}

static void check_telemetry(struct field_check *c, const void *message)
{
    const struct istio_telemetry *t = message;

    target_ref_check_one(c, t->selector != NULL, t->target_ref, t->target_refs);
    if (t->tracing_count > 1)
        field_decode_warn_at(c, "tracing", "only the first entry is used, as in Istio");
}

/* clang-format off */
static const struct field_enum_name istio_telemetry_mode_names[] = {
    { "CLIENT_AND_SERVER", ISTIO_TELEMETRY_CLIENT_AND_SERVER, "Both sides." },
    { "CLIENT", ISTIO_TELEMETRY_CLIENT, "The side that calls." },
    { "SERVER", ISTIO_TELEMETRY_SERVER, "The side that is called." },
};
static FIELD_ENUM_TABLE(istio_telemetry_mode, PROTO "WorkloadMode");

#define T struct istio_telemetry_provider
static const struct field istio_telemetry_provider_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .required = true, .check = api_check_not_empty, .help = "Name of a provider of the mesh's settings."),
};
static FIELD_MESSAGE(istio_telemetry_provider, PROTO "ProviderRef", .help = "Where it goes.");
#undef T

#define T struct istio_telemetry_side
static const struct field istio_telemetry_side_fields[] = {
    FIELD_ENUM(T, mode, "mode", istio_telemetry_mode, .proto = 1, .default_text = "CLIENT_AND_SERVER", .help = "Which side of a request."),
};
static FIELD_MESSAGE(istio_telemetry_side, PROTO "Tracing.TracingSelector", .help = "Which requests are meant.");
#undef T

#define T struct istio_telemetry_text
static const struct field istio_telemetry_text_fields[] = {
    FIELD_STR(T, value, "value", .proto = 1, .required = true, .check = api_check_not_empty, .help = "The text."),
};
static FIELD_MESSAGE(istio_telemetry_text, PROTO "Tracing.Literal", .help = "A text.");
#undef T

#define T struct istio_telemetry_named
static const struct field istio_telemetry_named_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .required = true, .check = api_check_not_empty, .help = "Name of the variable or header."),
    FIELD_STR(T, default_value, "defaultValue", .proto = 2, .help = "Value when there is none."),
};
static FIELD_MESSAGE(istio_telemetry_named, PROTO "Tracing.Environment", .help = "A value found by its name.");
#undef T

#define T struct istio_telemetry_tag
static const struct field istio_telemetry_tag_fields[] = {
    FIELD_MSG(T, literal, "literal", istio_telemetry_text, .proto = 1, .oneof = 1, .help = "The same text always."),
    FIELD_MSG(T, environment, "environment", istio_telemetry_named, .proto = 2, .oneof = 1, .help = "A variable of the proxy's environment."),
    FIELD_MSG(T, header, "header", istio_telemetry_named, .proto = 3, .oneof = 1, .help = "A header of the request."),
    FIELD_MSG(T, formatter, "formatter", istio_telemetry_text, .proto = 4, .oneof = 1, .enforced = FIELD_NOT_ENFORCED, .help = "Operators as in the access log's format."),
};
FIELD_MESSAGE(istio_telemetry_tag, PROTO "Tracing.CustomTag", .at = FIELD_AT(T, at), .help = "Where a tag's value comes from.");
#undef T

#define T struct istio_telemetry_tracing
static const struct field istio_telemetry_tracing_fields[] = {
    FIELD_MSG(T, match, "match", istio_telemetry_side, .proto = 7, .help = "Which side of a request."),
    FIELD_LIST_MSG(T, providers, "providers", istio_telemetry_provider, .proto = 2, .default_text = "the mesh's default", .help = "Where spans go; one."),
    FIELD_OPT_DOUBLE(T, sampling, "randomSamplingPercentage", .proto = 3, .wrapper = true, .max = 100, .default_text = "1", .help = "Share of the requests that get a trace, in steps of 0.01."),
    FIELD_OPT_BOOL(T, disable_reporting, "disableSpanReporting", .proto = 4, .wrapper = true, .default_text = "false", .help = "Report no spans; headers are passed on all the same."),
    FIELD_MAP_MSG(T, tags, "customTags", istio_telemetry_tag_entry, istio_telemetry_tag, .proto = 5, .help = "Tags to add to spans."),
    FIELD_OPT_BOOL(T, use_request_id, "useRequestIdForTraceSampling", .proto = 6, .wrapper = true, .enforced = FIELD_NOT_ENFORCED, .default_text = "true", .help = "Whether x-request-id takes part in the decision to sample."),
    FIELD_OPT_BOOL(T, istio_tags, "enableIstioTags", .proto = 8, .wrapper = true, .default_text = "true", .help = "Whether spans get Istio's tags."),
    FIELD_OPT_BOOL(T, disable_propagation, "disableContextPropagation", .proto = 9, .wrapper = true, .default_text = "false", .help = "Send no trace headers upstream."),
};
static FIELD_MESSAGE(istio_telemetry_tracing, PROTO "Tracing", .at = FIELD_AT(T, at), .check = check_tracing, .help = "How requests are traced.");
#undef T

static const struct field_enum_name istio_telemetry_metric_names[] = {
    { "ALL_METRICS", ISTIO_TELEMETRY_ALL_METRICS, "All of them." },
    { "REQUEST_COUNT", ISTIO_TELEMETRY_REQUEST_COUNT, "istio_requests_total." },
    { "REQUEST_DURATION", ISTIO_TELEMETRY_REQUEST_DURATION, "istio_request_duration_milliseconds." },
    { "REQUEST_SIZE", ISTIO_TELEMETRY_REQUEST_SIZE, "istio_request_bytes." },
    { "RESPONSE_SIZE", ISTIO_TELEMETRY_RESPONSE_SIZE, "istio_response_bytes." },
    { "TCP_OPENED_CONNECTIONS", ISTIO_TELEMETRY_TCP_OPENED_CONNECTIONS, "istio_tcp_connections_opened_total." },
    { "TCP_CLOSED_CONNECTIONS", ISTIO_TELEMETRY_TCP_CLOSED_CONNECTIONS, "istio_tcp_connections_closed_total." },
    { "TCP_SENT_BYTES", ISTIO_TELEMETRY_TCP_SENT_BYTES, "istio_tcp_sent_bytes_total." },
    { "TCP_RECEIVED_BYTES", ISTIO_TELEMETRY_TCP_RECEIVED_BYTES, "istio_tcp_received_bytes_total." },
    { "GRPC_REQUEST_MESSAGES", ISTIO_TELEMETRY_GRPC_REQUEST_MESSAGES, "istio_request_messages_total." },
    { "GRPC_RESPONSE_MESSAGES", ISTIO_TELEMETRY_GRPC_RESPONSE_MESSAGES, "istio_response_messages_total." },
};
static FIELD_ENUM_TABLE(istio_telemetry_metric, PROTO "MetricSelector.IstioMetric");

#define T struct istio_telemetry_metric_match
static const struct field istio_telemetry_metric_match_fields[] = {
    FIELD_OPT_ENUM(T, metric, "metric", istio_telemetry_metric, .proto = 1, .oneof = 1, .default_text = "ALL_METRICS", .help = "One of Istio's metrics."),
    FIELD_STR(T, custom_metric, "customMetric", .proto = 2, .oneof = 1, .check = api_check_not_empty, .enforced = FIELD_NOT_ENFORCED, .help = "Another metric."),
    FIELD_ENUM(T, mode, "mode", istio_telemetry_mode, .proto = 3, .default_text = "CLIENT_AND_SERVER", .help = "Which side of a request."),
};
static FIELD_MESSAGE(istio_telemetry_metric_match, PROTO "MetricSelector", .at = FIELD_AT(T, at), .help = "Which metrics are meant.");
#undef T

static const struct field_enum_name istio_telemetry_operation_names[] = {
    { "UPSERT", ISTIO_TELEMETRY_UPSERT, "Set the label, or add it." },
    { "REMOVE", ISTIO_TELEMETRY_REMOVE, "Leave the label out." },
};
static FIELD_ENUM_TABLE(istio_telemetry_operation, PROTO "MetricsOverrides.TagOverride.Operation");

#define T struct istio_telemetry_tag_override
static const struct field istio_telemetry_tag_override_fields[] = {
    FIELD_ENUM(T, operation, "operation", istio_telemetry_operation, .proto = 1, .default_text = "UPSERT", .help = "What to do with the label."),
    FIELD_STR(T, value, "value", .proto = 2, .help = "CEL expression over the request, as request.host."),
};
static FIELD_MESSAGE(istio_telemetry_tag_override, PROTO "MetricsOverrides.TagOverride", .at = FIELD_AT(T, at), .check = check_tag_override, .help = "A label that is another one, or none.");
#undef T

#define T struct istio_telemetry_override
static const struct field istio_telemetry_override_fields[] = {
    FIELD_MSG(T, match, "match", istio_telemetry_metric_match, .proto = 1, .default_text = "all metrics, both sides", .help = "Which metrics are meant."),
    FIELD_OPT_BOOL(T, disabled, "disabled", .proto = 2, .wrapper = true, .default_text = "false", .help = "Do not count these."),
    FIELD_MAP_MSG(T, tags, "tagOverrides", istio_telemetry_tag_override_entry, istio_telemetry_tag_override, .proto = 3, .help = "Labels to set or to leave out, by name."),
};
static FIELD_MESSAGE(istio_telemetry_override, PROTO "MetricsOverrides", .at = FIELD_AT(T, at), .help = "Changes of some metrics.");
#undef T

#define T struct istio_telemetry_metrics
static const struct field istio_telemetry_metrics_fields[] = {
    FIELD_LIST_MSG(T, providers, "providers", istio_telemetry_provider, .proto = 1, .default_text = "prometheus", .help = "Where metrics go."),
    FIELD_LIST_MSG(T, overrides, "overrides", istio_telemetry_override, .proto = 2, .help = "Changes, in order; later ones win."),
    FIELD_DURATION(T, reporting_interval, "reportingInterval", .proto = 3, .min = DURATION_MS, .enforced = FIELD_NOT_ENFORCED, .default_text = "5s", .help = "How often open TCP connections are counted up."),
};
static FIELD_MESSAGE(istio_telemetry_metrics, PROTO "Metrics", .at = FIELD_AT(T, at), .help = "How metrics are kept.");
#undef T

#define T struct istio_telemetry_filter
static const struct field istio_telemetry_filter_fields[] = {
    FIELD_STR(T, expression, "expression", .proto = 1, .help = "CEL expression over the request, as response.code >= 400."),
};
static FIELD_MESSAGE(istio_telemetry_filter, PROTO "AccessLogging.Filter", .at = FIELD_AT(T, at), .help = "Which requests are logged.");
#undef T

#define T struct istio_telemetry_logging
static const struct field istio_telemetry_logging_fields[] = {
    FIELD_MSG(T, match, "match", istio_telemetry_side, .proto = 4, .help = "Which side of a request."),
    FIELD_LIST_MSG(T, providers, "providers", istio_telemetry_provider, .proto = 1, .default_text = "the mesh's default", .help = "Where lines go."),
    FIELD_OPT_BOOL(T, disabled, "disabled", .proto = 2, .wrapper = true, .default_text = "false", .help = "Do not log."),
    FIELD_MSG(T, filter, "filter", istio_telemetry_filter, .proto = 3, .help = "Which requests are logged."),
};
static FIELD_MESSAGE(istio_telemetry_logging, PROTO "AccessLogging", .at = FIELD_AT(T, at), .help = "How requests are logged.");
#undef T

#define T struct istio_telemetry
static const struct field istio_telemetry_fields[] = {
    FIELD_MSG(T, selector, "selector", workload_selector, .proto = 1, .default_text = "all of the namespace; in the root namespace all of the mesh", .help = "Workloads that this is for."),
    FIELD_MSG(T, target_ref, "targetRef", target_ref, .proto = 5, .proto_name = "targetRef", .enforced = FIELD_NOT_ENFORCED, .help = "Object that this is for; use targetRefs."),
    FIELD_LIST_MSG(T, target_refs, "targetRefs", target_ref, .proto = 6, .proto_name = "targetRefs", .max_items = 16, .help = "Objects that this is for."),
    FIELD_LIST_MSG(T, tracing, "tracing", istio_telemetry_tracing, .proto = 2, .help = "How requests are traced."),
    FIELD_LIST_MSG(T, metrics, "metrics", istio_telemetry_metrics, .proto = 3, .help = "How metrics are kept."),
    FIELD_LIST_MSG(T, logging, "accessLogging", istio_telemetry_logging, .proto = 4, .help = "How requests are logged."),
};
FIELD_MESSAGE(istio_telemetry, PROTO "Telemetry", .at = FIELD_AT(T, at), .check = check_telemetry, .help = "What is logged, counted and traced.");
#undef T

struct istio_telemetry_root {
    OBJECT_META_HEAD;
    struct istio_telemetry *spec;
    struct istio_status *status;
};

#define T struct istio_telemetry_root
static const struct field istio_telemetry_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", istio_telemetry, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", istio_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(istio_telemetry_root, "io.istio.telemetry.v1alpha1.Telemetry", .at = FIELD_AT(T, at), .help = "What is logged, counted and traced.");
#undef T
/* clang-format on */
