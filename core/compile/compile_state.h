/* The inside of a struct compile: what the modules of this folder share.
 *
 *   objects --> registry          services by host, endpoints
 *           --> compile_vs        VirtualServices by the hosts and gateways they are bound to
 *           --> compile_dr        DestinationRules by host
 *           --> compile_policy    PeerAuthentications, AuthorizationPolicies by namespace
 *
 *   host (compile_host)           per host: clusters of its ports and subsets, endpoint sets,
 * virtual hosts, TCP routes; dirty in one or more of these respects table, outbound, inbound, put
 * together from hosts; each only when one of its inputs changed gateway, snapshot
 *
 * A change marks; compile_run rebuilds what is marked, from the left to the right. */
#ifndef CORE_COMPILE_COMPILE_STATE_H
#define CORE_COMPILE_COMPILE_STATE_H

#include "core/compile/compile.h"
#include "core/compile/compile_list.h"
#include "core/compile/multimap.h"
#include "core/compile/registry.h"

enum compile_dirty {
    COMPILE_DIRTY_CLUSTERS = 1 << 0, /* of a host: configs and endpoint sets of its clusters */
    COMPILE_DIRTY_ROUTES = 1 << 1,   /* of a host: virtual hosts and TCP routes */
};

enum compile_part_id {
    COMPILE_PART_VIPS = 1 << 0,     /* services by address */
    COMPILE_PART_TABLES = 1 << 1,   /* some route table of the sidecar */
    COMPILE_PART_CLUSTERS = 1 << 2, /* some cluster's pointer */
    COMPILE_PART_INBOUND = 1 << 3,
    COMPILE_PART_AUTHZ = 1 << 4,
    COMPILE_PART_GATEWAY = 1 << 5,
    COMPILE_PART_PEERS = 1 << 6,
    COMPILE_PART_SIDECAR = 1 << 7, /* Sidecar objects */
    COMPILE_PART_MESH = 1 << 8,    /* what compile_mesh reads */
    COMPILE_PART_TELEMETRY = 1 << 12,
};

struct compile_authz;
struct compile_gateway;
struct compile_inbound;
struct compile_mesh;
struct compile_part;
struct compile_table;
struct compile_vip_claim;

/* One cluster of a host: a port, and a subset or none. */
struct compile_cluster {
    uint16_t port;
    bool is_udp;                 /* for routes of UDP, whose ports are apart */
    struct str subset;           /* text of model->config */
    struct model_cluster *model; /* one reference */
};

struct compile_vhost {
    uint16_t port;
    uint64_t names_hash;             /* of its domains */
    struct model_route_vhost *model; /* one reference; NULL: no route is for us (NR-2) */
};

/* TCP routes of one port, in their own memory. */
struct compile_tcp {
    uint16_t port;
    struct model_tcp_route *routes;
    uint32_t count;
};

struct compile_host {
    struct str name;
    struct registry_service *service; /* one reference; NULL: only a VirtualService names it */
    uint32_t dirty;                   /* enum compile_dirty */
    bool is_queued;
    uint64_t stamp;                   /* another one whenever the configs of its clusters differ */
    struct compile_cluster *clusters; /* by port, then the one without subset first */
    uint32_t cluster_count;
    struct compile_vhost *vhosts;
    uint32_t vhost_count;
    struct compile_tcp *tcp;
    uint32_t tcp_count;
    struct compile_part *tcp_part; /* memory and references of tcp */
    struct str *used;              /* hosts whose clusters its routes name; keys in use_arena */
    uint32_t used_count;
    struct arena use_arena;
    struct compile_vip_claim *claims; /* what it has entered in c->vips; in claim_arena */
    struct arena claim_arena;
    struct str secret; /* "NS/NAME" its clusters read, or empty; in own heap memory */
};

struct compile_vs_index {
    struct map by_key;              /* "NS/NAME" -> struct compile_vs */
    struct multimap by_host;        /* host or "*.suffix" -> struct compile_vs bound to the mesh */
    struct multimap by_gateway;     /* "NS/NAME" of a Gateway -> struct compile_vs */
    struct multimap delegates_used; /* "NS/NAME" of a delegate -> struct compile_vs, its root */
};

struct compile_dr_index {
    struct map by_key;       /* "NS/NAME" -> struct compile_dr */
    struct multimap by_host; /* host or "*.suffix" -> struct compile_dr */
};

struct compile_vips {
    struct pmap by_vip, by_port, names; /* as in struct model_outbound */
    struct multimap shared;             /* "IP:PORT" -> struct compile_vip, where several are */
    struct multimap ports;              /* "PORT" -> struct compile_host without an address */
};

struct compile_peers {
    struct pmap by_ip, by_identity; /* as in struct snapshot */
    struct map by_uid;              /* -> struct peer */
    struct multimap identities;     /* SPIFFE id -> struct peer */
};

struct compile {
    struct arena arena; /* options' text */
    struct compile_options options;
    const struct model_node *node;
    struct field_pair *labels; /* of the node */
    uint32_t label_count;
    struct str dns_domain, trust_domain;
    struct str config_ns; /* where MeshConfig is */
    struct str root_ns;   /* whose policies are for all; of mesh */
    struct compile_mesh *mesh;
    struct str locality; /* of this node, as the hosts were last built for */
    uint64_t sources;    /* likewise the places of those like us; hash */
    bool uses_zones;     /* some DestinationRule is zone-aware */
    struct registry *registry;
    struct map objects; /* "KIND/NS/NAME" -> struct compile_object */
    struct compile_vs_index vs;
    struct compile_dr_index dr;
    struct map hosts;            /* name -> struct compile_host */
    struct compile_host **queue; /* dirty ones */
    uint32_t queue_count, queue_cap;
    struct multimap aliases; /* host -> compile_host, ExternalName services that stand for it */
    struct multimap users;   /* host -> compile_host whose routes name its clusters */
    struct multimap secret_users; /* "NS/NAME" or COMPILE_FILES_USER -> compile_host */
    struct map files;             /* path -> compile_files.c's entry */
    struct map own_hosts;         /* of services our workload is in; own keys */
    struct map tables;            /* port -> struct compile_table */
    struct compile_table *any_port;
    struct multimap service_policies; /* host -> struct object, policies of the Gateway API */
    struct multimap
        service_routes;         /* host -> struct object, routes of the Gateway API bound to it */
    struct multimap peer_auths; /* namespace -> struct object, PeerAuthentications */
    uint32_t dirty;             /* enum compile_part_id */
    struct compile_vips vips;
    struct compile_peers peers;
    struct object *sidecar; /* in force; one reference, or NULL */
    struct compile_part *inbound, *gateway, *telemetry;
    struct model_authz *authz; /* of this workload; one reference, or NULL */
    struct model_jwt *jwt;     /* likewise */
    struct model_cluster *passthrough, *blackhole, *by_name;
    struct compile_list clusters;
    struct model_endpoints *no_endpoints; /* one empty set for all */
    struct pki_trust *system_trust;       /* loaded on first use */
    struct diag *diag;                    /* of the run; NULL: nobody listens */
    struct snapshot *last;                /* one reference */
    uint64_t version, stamp;
    struct compile_stats stats;
};

/* An object of a kind that neither registry nor VirtualService and DestinationRule indexes hold. */
struct compile_object {
    struct object *object; /* one reference */
    struct str key;        /* behind the struct */
};

/* The object, or NULL. */
const struct object *compile_find_object(const struct compile *c, uint16_t kind, struct str ns,
                                         struct str name);
/* Calls each(arg, o) for every object of a kind kept by compile itself. */
void compile_each_object(const struct compile *c, uint16_t kind,
                         void (*each)(void *arg, const struct object *o), void *arg);

/* Whether b says what a says, at the same place: then nothing made from it would differ. */
bool compile_is_same_object(const struct object *a, const struct object *b);

/* H-1: a name without a dot is a service of namespace ns. Lower case, in a. */
struct str compile_full_host(const struct compile *c, struct str host, struct str ns,
                             struct arena *a);
/* "NS/NAME"; in a. */
struct str compile_pair(struct str ns, struct str name, struct arena *a);
/* Whether labels has all of want; labels of this node. */
bool compile_has_labels(const struct compile *c, const struct field_pair *want, size_t count);
/* Text copied into a. line 0: that of the object. */
struct model_source compile_source(const struct object *o, int line, struct arena *a);
/* A warning about an object, at a line of it (0: its own); code is a literal. */
struct diag_item *compile_warn(const struct compile *c, const struct object *o, struct field_at at,
                               const char *code, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

#endif
