/* Columns of `kubectl get` and `mesh get`, and their cells. */
#ifndef CORE_API_API_COLUMN_H
#define CORE_API_API_COLUMN_H

#include "core/api/api_kind.h"
#include "core/base/buf.h"

struct api_column_list {
    const struct api_kind_column *items;
    size_t count;
};

/* By kind: the Istio kinds' as their CRDs define them, the others' as kubectl prints them. */
extern const struct api_column_list api_column_age; /* AGE only */
extern const struct api_column_list api_column_service, api_column_endpoints,
    api_column_endpoint_slice, api_column_namespace, api_column_service_account, api_column_secret,
    api_column_config_map, api_column_pod, api_column_deployment, api_column_event,
    api_column_lease, api_column_ingress, api_column_ingress_class;
extern const struct api_column_list api_column_virtual_service, api_column_destination_rule,
    api_column_service_entry, api_column_workload_entry, api_column_peer_authentication,
    api_column_authorization_policy;
extern const struct api_column_list api_column_gateway_class, api_column_gateway,
    api_column_listener_set, api_column_route, api_column_mesh;

/* Appends the cell's text: empty when the object does not say; lists as JSON, dates as ages. */
void api_column_cell(const struct object *o, const struct api_kind_column *column, int64_t now_ns,
                     struct buf *out);
/* "5s", "3m12s", "2h", "5d13h", "2y10d": lengths of time as kubectl shows them. */
void api_column_write_age(int64_t ns, struct buf *out);

#endif
