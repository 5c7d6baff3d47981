#include "core/api/service_entry.h"

#include <stdio.h>

#include "core/api/api_check.h"
#include "core/api/istio_gateway.h"
#include "core/api/istio_status.h"
#include "core/api/object_meta.h"

#define PROTO "istio.networking.v1alpha3."

/* ---- rows ---- */

static void check_host(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (str_is(*s, "*"))
        field_decode_error(c,
                           "\"*\" would take over every host; name a suffix as \"*.example.com\"");
    else
        api_check_wildcard_host(c, member);
}

static void check_protocol(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (s->len > 0 && !istio_gateway_is_protocol(*s))
        field_decode_error(c,
                           "\"%.*s\" is not a protocol: HTTP, HTTPS, HTTP2, GRPC, TCP, TLS, MONGO",
                           STR_ARG(*s));
}

/* ---- messages ---- */

static bool has_port(const struct service_entry *e, struct str name)
{
    for (size_t i = 0; i < e->ports_count; i++)
        if (str_eq(e->ports[i].name, name))
            return true;
    return false;
}

static void check_ports(struct field_check *c, const struct service_entry *e)
{
    char where[48];

    for (size_t i = 0; i < e->ports_count; i++)
        for (size_t j = 0; j < i; j++) {
            if (str_eq(e->ports[i].name, e->ports[j].name)) {
                snprintf(where, sizeof(where), "ports[%zu].name", i);
                field_decode_error_at(c, where, "two ports are called \"%.*s\"",
                                      STR_ARG(e->ports[i].name));
            }
            if (e->ports[i].number == e->ports[j].number) {
                snprintf(where, sizeof(where), "ports[%zu].number", i);
                field_decode_error_at(c, where, "port %lld appears twice",
                                      (long long)e->ports[i].number);
            }
        }
}

static void check_addresses(struct field_check *c, const struct service_entry *e)
{
    bool ranges = e->resolution == SERVICE_ENTRY_NONE || e->resolution == SERVICE_ENTRY_STATIC;
    char where[48];

    for (size_t i = 0; i < e->addresses_count; i++) {
        snprintf(where, sizeof(where), "addresses[%zu]", i);
        if (!ranges && str_chr(e->addresses[i], '/') >= 0)
            field_decode_error_at(c, where, "a range is only for resolution NONE or STATIC");
    }
}

static void check_endpoints(struct field_check *c, const struct service_entry *e)
{
    char where[48];

    for (size_t i = 0; i < e->endpoints_count; i++) {
        const struct workload_entry *w = &e->endpoints[i];

        snprintf(where, sizeof(where), "endpoints[%zu].address", i);
        if (e->resolution == SERVICE_ENTRY_STATIC && w->address.len > 0 &&
            !api_check_is_ip(w->address) && !str_starts(w->address, STR("unix://")))
            field_decode_error_at(c, where,
                                  "\"%.*s\" is not an IP address, which resolution STATIC "
                                  "needs",
                                  STR_ARG(w->address));
        snprintf(where, sizeof(where), "endpoints[%zu].ports", i);
        for (size_t j = 0; j < w->ports_count; j++)
            if (!has_port(e, w->ports[j].key))
                field_decode_error_at(c, where,
                                      "\"%.*s\" is not the name of a port of this "
                                      "ServiceEntry",
                                      STR_ARG(w->ports[j].key));
    }
}

/* Without endpoints DNS asks for the hosts themselves, which a wildcard is not. */
static void check_resolvable(struct field_check *c, const struct service_entry *e)
{
    char where[48];

    for (size_t i = 0; i < e->hosts_count; i++) {
        snprintf(where, sizeof(where), "hosts[%zu]", i);
        if (e->hosts[i].len > 0 && e->hosts[i].p[0] == '*')
            field_decode_error_at(c, where,
                                  "\"%.*s\" cannot be looked up in DNS: give endpoints, or "
                                  "resolution NONE or DYNAMIC_DNS",
                                  STR_ARG(e->hosts[i]));
    }
}

static void check_resolution(struct field_check *c, const struct service_entry *e)
{
    switch (e->resolution) {
    case SERVICE_ENTRY_NONE:
        if (e->endpoints_count > 0)
            field_decode_error_at(c, "endpoints",
                                  "cannot be given with resolution NONE; use STATIC "
                                  "or DNS");
        break;
    case SERVICE_ENTRY_STATIC:
        if (e->endpoints_count == 0 && !e->workload_selector)
            field_decode_error_at(c, "endpoints",
                                  "resolution STATIC needs endpoints or a "
                                  "workloadSelector");
        break;
    case SERVICE_ENTRY_DNS:
    case SERVICE_ENTRY_DNS_ROUND_ROBIN:
        if (e->resolution == SERVICE_ENTRY_DNS_ROUND_ROBIN && e->endpoints_count > 1)
            field_decode_error_at(c, "endpoints", "DNS_ROUND_ROBIN takes at most one");
        if (e->endpoints_count == 0 && !e->workload_selector)
            check_resolvable(c, e);
        break;
    case SERVICE_ENTRY_DYNAMIC_DNS:
        if (e->endpoints_count > 0)
            field_decode_error_at(c, "endpoints", "cannot be given with resolution DYNAMIC_DNS");
        break;
    default:
        break;
    }
}

static void check_entry(struct field_check *c, const void *message)
{
    const struct service_entry *e = message;

    if (e->workload_selector && e->endpoints_count > 0)
        field_decode_error_at(c, "workloadSelector", "cannot stand beside endpoints");
    check_ports(c, e);
    check_addresses(c, e);
    check_endpoints(c, e);
    check_resolution(c, e);
}

/* clang-format off */
#define T struct service_entry_port
static const struct field service_entry_port_fields[] = {
    FIELD_UINT32(T, number, "number", .proto = 1, .required = true, .min = 1, .max = 65535, .help = "Port that clients use."),
    FIELD_STR(T, protocol, "protocol", .proto = 2, .max_len = 256, .check = check_protocol, .default_text = "found out by looking", .help = "HTTP, HTTPS, HTTP2, GRPC, TCP, TLS or MONGO."),
    FIELD_STR(T, name, "name", .proto = 3, .required = true, .max_len = 256, .check = api_check_port_name, .help = "Name, once in each ServiceEntry."),
    FIELD_UINT32(T, target_port, "targetPort", .proto = 4, .max = 65535, .default_text = "number", .help = "Port of the endpoints."),
};
static FIELD_MESSAGE(service_entry_port, PROTO "ServicePort", .at = FIELD_AT(T, at), .help = "A port of the service.");
#undef T

static const struct field_enum_name service_entry_location_names[] = {
    { "MESH_EXTERNAL", SERVICE_ENTRY_MESH_EXTERNAL, "Outside: no mTLS to it." },
    { "MESH_INTERNAL", SERVICE_ENTRY_MESH_INTERNAL, "Part of the mesh." },
};
static FIELD_ENUM_TABLE(service_entry_location, PROTO "ServiceEntry.Location");

static const struct field_enum_name service_entry_resolution_names[] = {
    { "NONE", SERVICE_ENTRY_NONE, "To the address that the client asked for." },
    { "STATIC", SERVICE_ENTRY_STATIC, "To the endpoints given." },
    { "DNS", SERVICE_ENTRY_DNS, "To all addresses that DNS gives." },
    { "DNS_ROUND_ROBIN", SERVICE_ENTRY_DNS_ROUND_ROBIN, "To the first address that DNS gives at the time." },
    { "DYNAMIC_DNS", SERVICE_ENTRY_DYNAMIC_DNS, "To what DNS gives for the very name the client asked for." },
};
static FIELD_ENUM_TABLE(service_entry_resolution, PROTO "ServiceEntry.Resolution");

#define T struct service_entry
static const struct field service_entry_fields[] = {
    FIELD_LIST_STR(T, hosts, "hosts", .proto = 1, .required = true, .min_items = 1, .max_items = 256, .check = check_host, .help = "Names of the service; a wildcard may be the first label."),
    FIELD_LIST_STR(T, addresses, "addresses", .proto = 2, .max_items = 256, .max_len = 64, .check = api_check_ip_or_cidr, .help = "Addresses or ranges that clients use for it."),
    FIELD_LIST_MSG(T, ports, "ports", service_entry_port, .proto = 3, .max_items = 256, .merge_key = "name", .help = "Ports of the service."),
    FIELD_ENUM(T, location, "location", service_entry_location, .proto = 4, .default_text = "MESH_EXTERNAL", .help = "Outside of the mesh or a part of it."),
    FIELD_ENUM(T, resolution, "resolution", service_entry_resolution, .proto = 5, .default_text = "NONE", .help = "How its addresses are found."),
    FIELD_LIST_MSG(T, endpoints, "endpoints", workload_entry, .proto = 6, .max_items = 4096, .help = "The workloads behind it."),
    FIELD_MSG(T, workload_selector, "workloadSelector", workload_selector_labels, .proto = 9, .help = "Pods and WorkloadEntries behind it, by labels."),
    FIELD_LIST_STR(T, export_to, "exportTo", .proto = 7, .check = api_check_export_to, .default_text = "*", .help = "Namespaces that see this: a name, \".\" or \"*\"."),
    FIELD_LIST_STR(T, subject_alt_names, "subjectAltNames", .proto = 8, .enforced = FIELD_NOT_ENFORCED, .help = "Names of which the server's certificate must have one."),
};
FIELD_MESSAGE(service_entry, PROTO "ServiceEntry", .at = FIELD_AT(T, at), .check = check_entry, .help = "A service that the mesh would not know of by itself.");
#undef T

struct service_entry_root {
    OBJECT_META_HEAD;
    struct service_entry *spec;
    struct istio_status_addressed *status;
};

#define T struct service_entry_root
static const struct field service_entry_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", service_entry, .required = true, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", istio_status_addressed, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(service_entry_root, "io.istio.networking.v1.ServiceEntry", .at = FIELD_AT(T, at), .help = "A service that the mesh would not know of by itself.");
#undef T
/* clang-format on */
