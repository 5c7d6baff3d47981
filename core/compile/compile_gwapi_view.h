/* Gateways with their listeners, and which routes are attached to which of them, and why not.
 *
 *   Gateway, ListenerSet --> listeners: conflicts, certificates, kinds of routes
 *   HTTPRoute and the others, per parentRef --> accepted at listeners or Services, or a reason
 *
 * A view is made from a world in one go and lives in an arena; compile_gwapi_gateway makes
 * listeners of it, compile_gwapi_status conditions. */
#ifndef CORE_COMPILE_COMPILE_GWAPI_VIEW_H
#define CORE_COMPILE_COMPILE_GWAPI_VIEW_H

#include "core/api/gateway_api_gateway.h"
#include "core/api/gateway_api_route.h"
#include "core/compile/compile_gwapi.h"

enum compile_gwapi_protocol {
    COMPILE_GWAPI_OTHER,
    COMPILE_GWAPI_HTTP,
    COMPILE_GWAPI_HTTPS,
    COMPILE_GWAPI_TLS,
    COMPILE_GWAPI_TCP,
    COMPILE_GWAPI_UDP,
};

struct compile_gwapi_gateway;
struct compile_gwapi_set;

struct compile_gwapi_listener {
    struct compile_gwapi_gateway *gateway;
    const struct compile_gwapi_set *set; /* the ListenerSet it is of, or NULL */
    const struct object *owner;          /* that, or the Gateway */
    const struct gateway_api_listener *spec;
    uint32_t index;    /* in owner's spec.listeners */
    uint8_t protocol;  /* enum compile_gwapi_protocol */
    bool passthrough;  /* TLS ends at the backend */
    uint32_t kinds;    /* 1 << (kind - API_KIND_HTTP_ROUTE): routes that may be attached */
    uint32_t attached; /* routes */
    bool overlaps;     /* OverlappingTLSConfig: another one's names meet with its own */
    struct compile_gwapi_fault accepted, conflict, refs;
    struct compile_gwapi_fault kinds_fault; /* some of allowedRoutes.kinds cannot be */
};

struct compile_gwapi_set { /* a ListenerSet that names one of our Gateways */
    const struct object *object;
    struct compile_gwapi_gateway *gateway;
    struct compile_gwapi_fault accepted;
};

struct compile_gwapi_gateway { /* of a class of ours */
    const struct object *object;
    const struct gateway_api_gateway *spec;
    struct compile_gwapi_listener **listeners; /* its own, then those of accepted sets by age */
    uint32_t listener_count, own_count, set_count;
    struct compile_gwapi_fault accepted; /* addresses that cannot be had, parameters */
    struct compile_gwapi_fault refs;     /* tls.backend, tls.frontend */
};

/* One parentRef of one route. */
struct compile_gwapi_parent {
    const struct object *route;
    const struct gateway_api_any_route *spec;
    const struct gateway_api_ref *ref; /* of spec->parents, or made for a default Gateway */
    bool is_ours;                      /* else others write its status */
    const struct compile_gwapi_gateway *gateway; /* the parent, or that of the ListenerSet */
    struct compile_gwapi_fault accepted;
    struct compile_gwapi_listener **listeners; /* where it is attached */
    uint32_t listener_count;
    struct str service_ns, service_name; /* GAMMA: the Service; else empty */
    uint16_t service_port;               /* 0: all */
};

struct compile_gwapi_view {
    const struct compile_gwapi_world *world;
    struct arena *arena;
    struct compile_gwapi_gateway *gateways; /* oldest first */
    uint32_t gateway_count;
    struct compile_gwapi_set *sets;
    uint32_t set_count;
    struct compile_gwapi_parent *parents; /* of all routes, oldest first */
    uint32_t parent_count;
};

/* Everything is in a; objects are borrowed. */
void compile_gwapi_view_build(const struct compile_gwapi_world *w, struct arena *a,
                              struct compile_gwapi_view *out);

/* Fills *p for one parentRef that names a Service; false: it names something else. */
bool compile_gwapi_view_service_parent(const struct compile_gwapi_world *w,
                                       const struct object *route,
                                       const struct gateway_api_ref *ref, struct arena *a,
                                       struct compile_gwapi_parent *p);
/* Whether a listener serves: accepted, without conflict and with its certificates. */
bool compile_gwapi_view_works(const struct compile_gwapi_listener *l);
/* Calls each for the certificates of listeners that serve. */
void compile_gwapi_view_each_secret(const struct compile_gwapi_view *v,
                                    void (*each)(void *arg, struct str ns, struct str name),
                                    void *arg);
/* Client validation for a listener's port, or NULL. */
const struct gateway_api_frontend_validation *
compile_gwapi_view_validation(const struct compile_gwapi_listener *l);

#endif
