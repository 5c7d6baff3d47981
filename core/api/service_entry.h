/* Istio's ServiceEntry: a service that the mesh would not know of by itself. */
#ifndef CORE_API_SERVICE_ENTRY_H
#define CORE_API_SERVICE_ENTRY_H

#include "core/api/workload_entry.h"
#include "core/api/workload_selector.h"
#include "core/text/field.h"

enum service_entry_location {
    SERVICE_ENTRY_MESH_EXTERNAL = 0,
    SERVICE_ENTRY_MESH_INTERNAL = 1,
};

enum service_entry_resolution {
    SERVICE_ENTRY_NONE = 0,
    SERVICE_ENTRY_STATIC = 1,
    SERVICE_ENTRY_DNS = 2,
    SERVICE_ENTRY_DNS_ROUND_ROBIN = 3,
    SERVICE_ENTRY_DYNAMIC_DNS = 4,
};

struct service_entry_port {
    struct field_at at;
    int64_t number;
    struct str protocol, name;
    int64_t target_port; /* 0: as number */
};

struct service_entry { /* the spec */
    struct field_at at;
    struct str *hosts;
    size_t hosts_count;
    struct str *addresses;
    size_t addresses_count;
    struct service_entry_port *ports;
    size_t ports_count;
    int location;   /* enum service_entry_location */
    int resolution; /* enum service_entry_resolution */
    struct workload_entry *endpoints;
    size_t endpoints_count;
    struct workload_selector_labels *workload_selector;
    struct str *export_to;
    size_t export_to_count;
    struct str *subject_alt_names;
    size_t subject_alt_names_count;
};

extern FIELD_DECLARE(service_entry);
extern FIELD_DECLARE(service_entry_root);

#endif
