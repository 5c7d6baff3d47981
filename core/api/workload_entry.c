#include "core/api/workload_entry.h"

#include "core/api/api_check.h"
#include "core/api/istio_status.h"
#include "core/api/object_meta.h"

#define PROTO "istio.networking.v1alpha3."

static void check_address(struct field_check *c, const void *member)
{
    const struct str *s = member;
    struct str path = str_skip(*s, sizeof("unix://") - 1);

    if (!str_starts(*s, STR("unix://"))) {
        if (s->len > 0 && !api_check_is_host(*s))
            field_decode_error(c, "\"%.*s\" is not an IP address, host name or \"unix:///path\"",
                               STR_ARG(*s));
        return;
    }
    if (path.len == 0 || (path.p[0] != '/' && path.p[0] != '@'))
        field_decode_error(c, "a Unix socket needs an absolute path or '@' and a name");
    else if (path.p[path.len - 1] == '/')
        field_decode_error(c, "a Unix socket cannot be a folder");
}

static bool is_port_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = str_lower_char(s.p[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              (c == '-' && i > 0 && i + 1 < s.len)))
            return false;
    }
    return s.len > 0 && s.len < 63;
}

static void check_template(struct field_check *c, const void *message)
{
    const struct workload_entry *w = message;

    if (str_starts(w->address, STR("unix://")) && w->ports_count > 0)
        field_decode_error_at(c, "ports", "a Unix socket has no ports");
    for (size_t i = 0; i < w->ports_count; i++)
        if (!is_port_name(w->ports[i].key))
            field_decode_error_at(c, "ports", "\"%.*s\" is not a port name",
                                  STR_ARG(w->ports[i].key));
    api_check_labels(c, "labels", w->labels, w->labels_count);
}

static void check_entry(struct field_check *c, const void *message)
{
    const struct workload_entry *w = message;

    if (w->address.len == 0 && w->network.len == 0)
        field_decode_error_at(c, "address", "is required, unless network is given");
    check_template(c, message);
}

/* clang-format off */
#define T struct workload_entry
static const struct field workload_entry_fields[] = {
    FIELD_STR(T, address, "address", .proto = 1, .max_len = 256, .check = check_address, .help = "Its IP address, host name or \"unix:///path\"."),
    FIELD_MAP_INT(T, ports, "ports", .proto = 2, .width = FIELD_UINT32, .min = 1, .max = 65535, .max_items = 128, .default_text = "the service's target ports", .help = "Port numbers by the names that the service gives them."),
    FIELD_MAP_STR(T, labels, "labels", .proto = 3, .max_items = 256, .help = "Labels to select it by."),
    FIELD_STR(T, network, "network", .proto = 4, .max_len = 2048, .enforced = "is accepted, but all networks count as one yet", .help = "Network it is in: those of one network reach each other directly."),
    FIELD_STR(T, locality, "locality", .proto = 5, .max_len = 2048, .help = "region/zone/subzone."),
    FIELD_UINT32(T, weight, "weight", .proto = 6, .help = "Share of the traffic, in relation to the others."),
    FIELD_STR(T, service_account, "serviceAccount", .proto = 7, .max_len = 253, .default_text = "default", .help = "Service account that it runs as: its identity."),
};
FIELD_MESSAGE(workload_entry, PROTO "WorkloadEntry", .at = FIELD_AT(T, at), .check = check_entry, .help = "A workload that is not a pod.");

const struct field_message workload_entry_template_message = {
    .name = PROTO "WorkloadEntry.Template", .help = "What the workloads of a group have in common.",
    .fields = workload_entry_fields, .count = sizeof(workload_entry_fields) / sizeof(workload_entry_fields[0]),
    .size = sizeof(struct workload_entry), .cache = &(struct field_cache){ NULL }, .at = FIELD_AT(T, at), .check = check_template,
};
#undef T

struct workload_entry_root {
    OBJECT_META_HEAD;
    struct workload_entry *spec;
    struct istio_status *status;
};

#define T struct workload_entry_root
static const struct field workload_entry_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", workload_entry, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", istio_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(workload_entry_root, "io.istio.networking.v1.WorkloadEntry", .at = FIELD_AT(T, at), .help = "A workload that is not a pod.");
#undef T
/* clang-format on */
