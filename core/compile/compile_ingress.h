/* Kubernetes' Ingresses as a gateway serves them: servers on ports 80 and 443, and per host one
 * VirtualService of all Ingresses' paths, which compile_gateway binds as it does those of people.
 *
 * Which Ingresses are ours is decided here for proxies and control alike, by the world of
 * compile_gwapi.h. */
#ifndef CORE_COMPILE_COMPILE_INGRESS_H
#define CORE_COMPILE_COMPILE_INGRESS_H

#include "core/api/istio_gateway.h"
#include "core/api/mesh_config.h"
#include "core/compile/compile_gwapi.h"
#include "core/compile/compile_vs.h"

#define COMPILE_INGRESS_CONTROLLER "istio.io/ingress-controller"

struct compile_ingress_server {
    const struct object *owner; /* the Ingress */
    struct istio_gateway_server spec;
    uint32_t index; /* unique among those of the owner */
};

struct compile_ingress {
    struct compile_ingress_server *servers;
    uint32_t server_count;
    struct compile_vs **hosts; /* one a host; only rules, hosts, object and key are set */
    uint32_t host_count;
};

/* Whether the kind (enum api_kind_id) is Ingress or IngressClass. */
bool compile_ingress_wants(uint16_t kind);
/* Whether an Ingress is of a class of ours. */
bool compile_ingress_is_ours(const struct compile_gwapi_world *w, const struct mesh_config *m,
                             const struct object *o);
/* Calls each for the Secrets that Ingresses of ours name, of their own namespaces. */
void compile_ingress_each_secret(const struct compile_gwapi_world *w, const struct mesh_config *m,
                                 void (*each)(void *arg, struct str ns, struct str name),
                                 void *arg);
/* What this gateway serves of them: nothing, when it has not the label they are for. All is in a,
 * and borrows from objects. */
void compile_ingress_build(struct compile *c, struct arena *a, struct compile_ingress *out);

#endif
