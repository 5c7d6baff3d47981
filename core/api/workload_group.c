#include "core/api/workload_group.h"

#include "core/api/api_check.h"
#include "core/api/istio_status.h"
#include "core/api/object_meta.h"

#define PROTO "istio.networking.v1alpha3."

static void check_scheme(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (s->len > 0 && !str_is(*s, "HTTP") && !str_is(*s, "HTTPS"))
        field_decode_error(c, "\"%.*s\" is not HTTP or HTTPS", STR_ARG(*s));
}

static void check_probe_header(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!api_check_is_header_name(*s))
        field_decode_error(c, "\"%.*s\" is not a header name", STR_ARG(*s));
}

static void check_meta(struct field_check *c, const void *message)
{
    const struct workload_group_meta *m = message;

    api_check_labels(c, "labels", m->labels, m->labels_count);
    api_check_keys(c, "annotations", m->annotations, m->annotations_count, api_check_is_label_key,
                   "an annotation's name: [prefix/]name");
}

/* clang-format off */
#define T struct workload_group_meta
static const struct field workload_group_meta_fields[] = {
    FIELD_MAP_STR(T, labels, "labels", .proto = 1, .max_items = 256, .help = "Labels for the entries."),
    FIELD_MAP_STR(T, annotations, "annotations", .proto = 2, .max_items = 256, .help = "Annotations for the entries."),
};
static FIELD_MESSAGE(workload_group_meta, PROTO "WorkloadGroup.ObjectMeta", .check = check_meta, .help = "Metadata for the entries.");
#undef T

#define T struct workload_group_header
static const struct field workload_group_header_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .check = check_probe_header, .help = "Name."),
    FIELD_STR(T, value, "value", .proto = 2, .help = "Value."),
};
static FIELD_MESSAGE(workload_group_header, PROTO "HTTPHeader", .help = "A header of the probe.");
#undef T

#define T struct workload_group_http
static const struct field workload_group_http_fields[] = {
    FIELD_STR(T, path, "path", .proto = 1, .default_text = "/", .help = "Path to get."),
    FIELD_UINT32(T, port, "port", .proto = 2, .required = true, .min = 1, .max = 65535, .help = "Port to ask."),
    FIELD_STR(T, host, "host", .proto = 3, .default_text = "the workload's address", .help = "Host to ask."),
    FIELD_STR(T, scheme, "scheme", .proto = 4, .check = check_scheme, .default_text = "HTTP", .help = "HTTP or HTTPS."),
    FIELD_LIST_MSG(T, headers, "httpHeaders", workload_group_header, .proto = 5, .help = "Headers to send."),
};
static FIELD_MESSAGE(workload_group_http, PROTO "HTTPHealthCheckConfig", .help = "Healthy when a GET is answered by 200 to 399.");
#undef T

#define T struct workload_group_tcp
static const struct field workload_group_tcp_fields[] = {
    FIELD_STR(T, host, "host", .proto = 1, .default_text = "localhost", .help = "Host to connect to."),
    FIELD_UINT32(T, port, "port", .proto = 2, .required = true, .min = 1, .max = 65535, .help = "Port to connect to."),
};
static FIELD_MESSAGE(workload_group_tcp, PROTO "TCPHealthCheckConfig", .help = "Healthy when a connection comes up.");
#undef T

#define T struct workload_group_exec
static const struct field workload_group_exec_fields[] = {
    FIELD_LIST_STR(T, command, "command", .proto = 1, .required = true, .min_items = 1, .check = api_check_not_empty, .help = "Program and arguments; no shell."),
};
static FIELD_MESSAGE(workload_group_exec, PROTO "ExecHealthCheckConfig", .help = "Healthy when a command ends with 0.");
#undef T

#define T struct workload_group_grpc
static const struct field workload_group_grpc_fields[] = {
    FIELD_UINT32(T, port, "port", .proto = 1, .min = 1, .max = 65535, .help = "Port to ask."),
    FIELD_STR(T, service, "service", .proto = 2, .help = "Service to ask about."),
};
static FIELD_MESSAGE(workload_group_grpc, PROTO "GrpcHealthCheckConfig", .help = "Healthy when gRPC's health service says so.");
#undef T

#define T struct workload_group_probe
static const struct field workload_group_probe_fields[] = {
    FIELD_INT32(T, initial_delay_s, "initialDelaySeconds", .proto = 2, .max = INT32_MAX, .default_text = "0", .help = "Seconds until the first probe."),
    FIELD_INT32(T, timeout_s, "timeoutSeconds", .proto = 3, .max = INT32_MAX, .default_text = "1", .help = "Seconds for an answer."),
    FIELD_INT32(T, period_s, "periodSeconds", .proto = 4, .max = INT32_MAX, .default_text = "10", .help = "Seconds between probes."),
    FIELD_INT32(T, success_threshold, "successThreshold", .proto = 5, .max = INT32_MAX, .default_text = "1", .help = "Good answers in a row until healthy."),
    FIELD_INT32(T, failure_threshold, "failureThreshold", .proto = 6, .max = INT32_MAX, .default_text = "3", .help = "Bad answers in a row until unhealthy."),
    FIELD_MSG(T, http, "httpGet", workload_group_http, .proto = 7, .oneof = 1, .help = "Ask by HTTP."),
    FIELD_MSG(T, tcp, "tcpSocket", workload_group_tcp, .proto = 8, .oneof = 1, .help = "Ask by connecting."),
    FIELD_MSG(T, exec, "exec", workload_group_exec, .proto = 9, .oneof = 1, .enforced = "is accepted, but commands that come from the control plane are not run", .help = "Ask by a command."),
    FIELD_MSG(T, grpc, "grpc", workload_group_grpc, .proto = 10, .oneof = 1, .help = "Ask by gRPC."),
};
FIELD_MESSAGE(workload_group_probe, PROTO "ReadinessProbe", .at = FIELD_AT(T, at), .help = "How to see whether a workload is healthy.");
#undef T

#define T struct workload_group
static const struct field workload_group_fields[] = {
    FIELD_MSG(T, metadata, "metadata", workload_group_meta, .proto = 1, .help = "Metadata for the entries."),
    /* FIELD_MSG, but with the rules of a template for the struct of an entry. */
    { .name = "template", .type = FIELD_TYPE_MSG, .shape = FIELD_SHAPE_PTR, .msg = &workload_entry_template_message, .item_bytes = sizeof(struct workload_entry), FIELD_OF(T, template, struct workload_entry *), .proto = 2, .required = true, .help = "What the entries have in common." },
    FIELD_MSG(T, probe, "probe", workload_group_probe, .proto = 3, .help = "How to see whether a workload is healthy."),
};
FIELD_MESSAGE(workload_group, PROTO "WorkloadGroup", .at = FIELD_AT(T, at), .help = "What workloads that register themselves have in common.");
#undef T

struct workload_group_root {
    OBJECT_META_HEAD;
    struct workload_group *spec;
    struct istio_status *status;
};

#define T struct workload_group_root
static const struct field workload_group_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", workload_group, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", istio_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(workload_group_root, "io.istio.networking.v1.WorkloadGroup", .at = FIELD_AT(T, at), .help = "What workloads that register themselves have in common.");
#undef T
/* clang-format on */
