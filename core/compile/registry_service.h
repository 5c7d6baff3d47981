/* A service as the registry knows it: where it is addressed, on which ports, and who may see it.
 * Immutable once sealed, counted. One thread at a time. */
#ifndef CORE_COMPILE_REGISTRY_SERVICE_H
#define CORE_COMPILE_REGISTRY_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/api/object.h"
#include "core/base/arena.h"
#include "core/base/str.h"
#include "core/model/model_cluster.h"
#include "core/net/addr.h"
#include "core/text/field.h"

enum registry_resolution {
    REGISTRY_STATIC,  /* endpoints have addresses */
    REGISTRY_DNS,     /* endpoints have names; all their addresses count */
    REGISTRY_DNS_ONE, /* one name, its first address */
    REGISTRY_NONE,    /* to the address the client asked for: headless, or resolution NONE */
    REGISTRY_DYNAMIC, /* to the name the client asked for: DYNAMIC_DNS */
};

/* trafficDistribution: how near endpoints should be. */
enum registry_distribution {
    REGISTRY_DISTRIBUTION_ANY,
    REGISTRY_DISTRIBUTION_CLOSE,
    REGISTRY_DISTRIBUTION_ZONE,
    REGISTRY_DISTRIBUTION_NODE,
};

struct registry_port {
    struct str name;
    uint16_t port;          /* of the service */
    uint16_t target;        /* of its workloads, unless they say otherwise; 0: target_name */
    struct str target_name; /* a named container port */
    uint8_t protocol;       /* enum model_protocol, by PS-1 and PS-2 */
    bool is_udp;            /* never proxied */
};

struct registry_service {
    uint32_t refs;
    struct arena arena;
    struct object *object;         /* reference: text may be its; or NULL */
    struct registry_service *base; /* likewise, of a service made from another one */
    uint64_t hash;                 /* of what is below; not of the endpoints */
    struct str host;               /* lower case; may start with "*." */
    struct str ns;
    struct str name;   /* of the object */
    struct addr *vips; /* without port; IPs that stand for it */
    uint32_t vip_count;
    struct addr_net *nets; /* ServiceEntry addresses that are networks */
    uint32_t net_count;
    struct registry_port *ports; /* ascending by number */
    uint32_t port_count;
    uint8_t resolution;          /* enum registry_resolution */
    uint8_t distribution;        /* enum registry_distribution */
    bool external;               /* MESH_EXTERNAL */
    bool headless;               /* clusterIP None */
    bool not_ready_too;          /* publishNotReadyAddresses (HL-4) */
    bool kubernetes;             /* from a Service; wins over others (H-10) */
    bool vip_allocated;          /* vips were chosen by us or by control (DN-2) */
    bool wants_vip;              /* and is to be: no address was given */
    struct str alias_of;         /* ExternalName: the host it stands for (H-9); else empty */
    struct field_pair *selector; /* of workloads in its namespace; count 0: none */
    uint32_t selector_count;
    struct str *export_to; /* ".", "*", namespaces, "~"; count 0: everywhere */
    uint32_t export_to_count;
    struct str *sans;
    uint32_t san_count;
    int64_t created; /* nanoseconds since 1970; 0 unknown */
    struct model_source source;
};

/* Empty, with one reference; its text goes into its arena. */
struct registry_service *registry_service_new(void);
/* A copy to be changed in part and sealed; it shares text with s and holds it. */
struct registry_service *registry_service_derive(struct registry_service *s);
/* Sorts ports and computes the hash; nothing may be changed afterwards. */
void registry_service_seal(struct registry_service *s);
struct registry_service *registry_service_ref(const struct registry_service *s);
void registry_service_unref(struct registry_service *s); /* NULL is allowed */

/* Whether a rule of namespace ns with that exportTo is visible in namespace to. */
bool registry_service_is_exported(const struct str *export_to, size_t count, struct str ns,
                                  struct str to);
/* The port with that number, or NULL. */
const struct registry_port *registry_service_port(const struct registry_service *s, uint16_t port);
/* "PreferClose" and its like; enum registry_distribution. */
uint8_t registry_service_distribution(struct str name);
/* The protocol of a port by its declaration (PS-1) or number (PS-2); enum model_protocol. Both
 * texts may be empty. */
uint8_t registry_service_protocol(struct str app_protocol, struct str port_name, uint16_t port);
/* The same by the explicit protocol of a ServiceEntry or Gateway ("HTTP", "GRPC", "MONGO"). */
uint8_t registry_service_protocol_named(struct str protocol);

#endif
