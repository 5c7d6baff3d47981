/* The table of kinds: what the API serves, the store keeps, the proxies compile and `mesh` prints.
 *
 * A kind is a row here and a module with its structs and field tables. One table serves all
 * versions of a kind, since Istio's versions do not differ; objects are stored and shown in the
 * version they are asked for. Adding a kind: its module, a row in api_kind.c, an id that was never
 * used. */
#ifndef CORE_API_API_KIND_H
#define CORE_API_API_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/text/field.h"

struct api_column_list;
struct object;

/* Stored on disk and sent between controls: never change or reuse one. */
enum api_kind_id {
    API_KIND_NONE = 0,
    API_KIND_NAMESPACE = 1,
    API_KIND_SERVICE = 2,
    API_KIND_ENDPOINTS = 3,
    API_KIND_ENDPOINT_SLICE = 4,
    API_KIND_SERVICE_ACCOUNT = 5,
    API_KIND_SECRET = 6,
    API_KIND_CONFIG_MAP = 7,
    API_KIND_POD = 8,
    API_KIND_DEPLOYMENT = 9,
    API_KIND_EVENT = 10,
    API_KIND_LEASE = 11,
    API_KIND_INGRESS = 12,
    API_KIND_INGRESS_CLASS = 13,
    API_KIND_VIRTUAL_SERVICE = 32,
    API_KIND_DESTINATION_RULE = 33,
    API_KIND_GATEWAY = 34,
    API_KIND_SERVICE_ENTRY = 35,
    API_KIND_WORKLOAD_ENTRY = 36,
    API_KIND_WORKLOAD_GROUP = 37,
    API_KIND_SIDECAR = 38,
    API_KIND_PROXY_CONFIG = 39,
    API_KIND_ENVOY_FILTER = 40,
    API_KIND_PEER_AUTHENTICATION = 48,
    API_KIND_AUTHORIZATION_POLICY = 49,
    API_KIND_REQUEST_AUTHENTICATION = 50,
    API_KIND_TELEMETRY = 56,
    API_KIND_WASM_PLUGIN = 60,
    API_KIND_TRAFFIC_EXTENSION = 61,
    API_KIND_GATEWAY_CLASS = 64,
    API_KIND_K8S_GATEWAY = 65,
    API_KIND_LISTENER_SET = 66,
    API_KIND_HTTP_ROUTE = 67,
    API_KIND_GRPC_ROUTE = 68,
    API_KIND_TCP_ROUTE = 69,
    API_KIND_TLS_ROUTE = 70,
    API_KIND_UDP_ROUTE = 71,
    API_KIND_REFERENCE_GRANT = 72,
    API_KIND_BACKEND_TLS_POLICY = 73,
    API_KIND_XBACKEND = 74,
    API_KIND_XBACKEND_TRAFFIC_POLICY = 75,
    API_KIND_XMESH = 76,
    API_KIND_ID_END = 77, /* one above the highest; grows with the table */
};

enum { API_KIND_MAX_VERSIONS = 4, API_KIND_MAX_NAMES = 4 };

/* A column of `kubectl get` and `mesh get` behind NAME. */
struct api_kind_column {
    const char *header; /* "CLUSTER-IP" */
    const char *path;   /* JSONPath as in a CRD, ".spec.clusterIP"; NULL: see render */
    const char *type;   /* "string", "integer", "date" (shown as an age) */
    int priority;       /* 0: always; 1: only wide */
    const char *help;
    /* Appends the cell's text when no path can say it ("80:30080/TCP"); else NULL. now_ns: the time
     * to count ages from, nanoseconds since 1970. */
    void (*render)(const struct object *o, int64_t now_ns, struct buf *out);
};

struct api_kind {
    const char *group; /* "networking.istio.io"; "" for Kubernetes' core group */
    const char *versions[API_KIND_MAX_VERSIONS]; /* served ones, preferred and stored one first */
    const char *kind;                            /* "VirtualService" */
    const char *plural;                          /* "virtualservices" */
    const char *singular;                        /* "virtualservice" */
    const char *short_names[API_KIND_MAX_NAMES];
    const char *categories[API_KIND_MAX_NAMES]; /* "istio-io", "all" */
    uint16_t id;                                /* enum api_kind_id */
    bool namespaced;
    bool has_status;                    /* has the /status subresource */
    bool strict;                        /* unknown fields are errors; else kept as they are */
    bool fills;                         /* rows of the spec have .fill */
    bool name_label;                    /* names are DNS labels (at most 63), not DNS subdomains */
    const struct field_message *root;   /* the whole object: apiVersion, kind, metadata, spec... */
    const struct field_message *spec;   /* NULL: content stands at the top (Secret, ConfigMap) */
    const struct field_message *status; /* NULL: none */
    const struct api_column_list *columns; /* api_column.h; NAME is not in it, AGE is */
    /* Fills in what Kubernetes fills in on write (type, protocol...), in a; or NULL. */
    void (*set_defaults)(struct arena *a, struct node *object);
};

/* Kind i of api_kind_count(), in the order of discovery: one group's kinds stand together. */
size_t api_kind_count(void);
const struct api_kind *api_kind_at(size_t i);

/* All return NULL when there is none. Any thread. */
const struct api_kind *api_kind_by_id(uint16_t id);
/* version empty: any. */
const struct api_kind *api_kind_by_plural(struct str group, struct str version, struct str plural);
const struct api_kind *api_kind_by_gvk(struct str group, struct str version, struct str kind);
/* api_version as in an object: "v1", "networking.istio.io/v1beta1". */
const struct api_kind *api_kind_by_api_version(struct str api_version, struct str kind);
/* By what a person types: kind, plural, singular or short name in any case, and "plural.group" or
 * "plural.version.group". */
const struct api_kind *api_kind_by_word(struct str word);
/* The spec's protobuf name, "istio.networking.v1alpha3.VirtualService". */
const struct api_kind *api_kind_by_proto(struct str message_name);

bool api_kind_has_version(const struct api_kind *k, struct str version);
bool api_kind_has_category(const struct api_kind *k, struct str category);
/* "networking.istio.io/v1", "v1"; version empty: the stored one. In a. */
struct str api_kind_api_version(const struct api_kind *k, struct str version, struct arena *a);
/* The known kind, plural or short name nearest to word, or NULL. */
const char *api_kind_closest(struct str word);
/* Cuts "group/version" or "version". */
void api_kind_cut_api_version(struct str api_version, struct str *group, struct str *version);

#endif
