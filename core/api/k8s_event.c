#include "core/api/k8s_event.h"

#define CORE "io.k8s.api.core.v1."

/* clang-format off */
#define T struct k8s_event_source
static const struct field k8s_event_source_fields[] = {
    FIELD_STR(T, component, "component", .help = "Program that reports it."),
    FIELD_STR(T, host, "host", .help = "Node that it runs on."),
};
static FIELD_MESSAGE(k8s_event_source, CORE "EventSource", .help = "Who reports an event.");
#undef T

#define T struct k8s_event
static const struct field k8s_event_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, involved, "involvedObject", k8s_object_ref, .required = true, .help = "What it happened to."),
    FIELD_STR(T, reason, "reason", .help = "What happened, one word."),
    FIELD_STR(T, message, "message", .help = "What happened, for people."),
    FIELD_STR(T, type, "type", .help = "Normal or Warning."),
    FIELD_STR(T, action, "action", .help = "What was done."),
    FIELD_STR(T, reporting_component, "reportingComponent", .help = "Program that reports it."),
    FIELD_STR(T, reporting_instance, "reportingInstance", .help = "Which one of them."),
    FIELD_MSG(T, source, "source", k8s_event_source, .help = "Who reports it."),
    FIELD_TIMESTAMP(T, first, "firstTimestamp", .help = "When it happened first."),
    FIELD_TIMESTAMP(T, last, "lastTimestamp", .help = "When it happened last."),
    FIELD_TIMESTAMP(T, event_time, "eventTime", .help = "When it was seen."),
    FIELD_INT32(T, count, "count", .help = "How often it happened."),
};
FIELD_MESSAGE(k8s_event, CORE "Event", .at = FIELD_AT(T, at), .help = "Something that happened to an object.");
#undef T
/* clang-format on */
