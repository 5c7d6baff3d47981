/* The Gateway API's objects as a whole: who may refer to whom, and what references lead to.
 *
 * Proxies compile from these objects and control writes their status; both must agree on what is
 * attached to what. So all of that is decided here and in compile_gwapi_view, as functions of a
 * "world": whatever has the objects at hand. */
#ifndef CORE_COMPILE_COMPILE_GWAPI_H
#define CORE_COMPILE_COMPILE_GWAPI_H

#include "core/api/gateway_api_ref.h"
#include "core/api/object.h"

#define COMPILE_GWAPI_CONTROLLER       "mesh.dev/gateway-controller"
#define COMPILE_GWAPI_ISTIO_CONTROLLER "istio.io/gateway-controller"

/* Where objects are. Services are asked for by themselves: proxies know them as addresses only. */
struct compile_gwapi_world {
    void *arg;
    void (*each)(void *arg, uint16_t kind, void (*fn)(void *fn_arg, const struct object *o),
                 void *fn_arg);
    const struct object *(*find)(void *arg, uint16_t kind, struct str ns, struct str name);
    /* Whether there is a Service; port 0 asks for no port, is_udp for one of UDP. */
    bool (*has_service)(void *arg, struct str ns, struct str name, uint16_t port, bool is_udp);
    /* Whether a Secret holds a certificate and its key / a ConfigMap CA certificates. NULL: who
     * asks does not care. */
    bool (*is_certificate)(void *arg, const struct object *secret);
    bool (*is_ca)(void *arg, const struct object *config_map);
    struct str dns_domain;
};

/* Something wrong: the reason of a condition, a literal, and words for people. reason NULL: nothing
 * is. */
struct compile_gwapi_fault {
    const char *reason;
    struct str message;
};

/* A backend that a route names. */
struct compile_gwapi_backend {
    struct compile_gwapi_fault fault;
    struct str host; /* "NAME.NS.svc.DOMAIN"; empty: none */
    uint16_t port;
};

/* The namespace that a reference means, of an object of namespace ns. */
struct str compile_gwapi_ns(const struct gateway_api_ref *ref, struct str ns);
bool compile_gwapi_is_ref(const struct gateway_api_ref *ref, const char *group, const char *kind);

/* Whether an object of that kind and namespace may refer to what ref means: always within one
 * namespace, else by a ReferenceGrant there. */
bool compile_gwapi_may(const struct compile_gwapi_world *w, const struct object *from,
                       const struct gateway_api_ref *ref);
/* What a route's backend leads to; text is in a. */
void compile_gwapi_find_backend(const struct compile_gwapi_world *w, const struct object *route,
                                const struct gateway_api_ref *ref, struct arena *a,
                                struct compile_gwapi_backend *out);

/* Whether gateways of that class are ours: by its GatewayClass, or as "istio" and "mesh" are when
 * nobody defined them. */
bool compile_gwapi_is_our_class(const struct compile_gwapi_world *w, struct str class_name);
bool compile_gwapi_is_our_controller(struct str controller);

/* Whether the kind (enum api_kind_id) is one of the Gateway API's / a route. */
bool compile_gwapi_wants(uint16_t kind);
bool compile_gwapi_is_route(uint16_t kind);

/* The narrower of two host names, either of which may be "*.suffix" or empty for all, when there
 * are names that fit both; false: there are none. */
bool compile_gwapi_meet(struct str a, struct str b, struct str *out);

#endif
