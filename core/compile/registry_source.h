/* What one input (an object, or an Address message) says: services, workloads, and which workloads
 * are members of which service. Read once when it arrives; registry.c puts sources together. */
#ifndef CORE_COMPILE_REGISTRY_SOURCE_H
#define CORE_COMPILE_REGISTRY_SOURCE_H

#include "core/api/object.h"
#include "core/compile/registry_service.h"
#include "core/compile/registry_workload.h"

/* Where a member listens for one of the service's ports. */
struct registry_member_port {
    struct str name; /* of the service's port; counts when service_port is 0 */
    uint16_t service_port;
    uint16_t target;
};

struct registry_member {
    struct registry_source *source;
    struct str service;            /* "NAMESPACE/HOST" */
    struct registry_workload *own; /* of this source; used when no pod is found */
    struct str pod;                /* "NAMESPACE/NAME" of the pod it is, or empty */
    struct addr ip;                /* else found by it; ADDR_NONE: neither */
    bool healthy;
    bool
        is_pod_list; /* of an EndpointSlice or Endpoints: then pods are not looked up by selector */
    struct registry_member_port *ports;
    uint32_t port_count; /* 0: by the service's target ports */
};

struct registry_source {
    struct str key;
    struct arena arena;
    struct object *object;              /* reference, or NULL */
    uint64_t hash;                      /* of an Address message */
    struct registry_service **services; /* one reference each */
    uint32_t service_count;
    struct registry_workload **workloads; /* one reference each */
    uint32_t workload_count;
    struct registry_member **members;
    uint32_t member_count;
    bool selectable; /* its workloads are found by the selectors of services */
    bool is_pod;
};

/* What readers need to know. */
struct registry_view {
    struct str dns_domain, node_ns, cluster_id, trust_domain;
};

struct registry_source *registry_source_new(struct str key);
void registry_source_free(struct registry_source *src);
/* Seals it and takes over the reference. */
void registry_source_give_service(struct registry_source *src, struct registry_service *s);
void registry_source_give_workload(struct registry_source *src, struct registry_workload *w);
/* A cleared member, healthy, of the service "NS/HOST". */
struct registry_member *registry_source_add_member(struct registry_source *src, struct str ns,
                                                   struct str host);
/* Where an object stands. Text is borrowed from o. */
struct model_source registry_source_of_object(const struct object *o);

#endif
