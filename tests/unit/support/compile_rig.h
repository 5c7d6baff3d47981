/* YAML in, snapshot out: for tests of core/compile. */
#ifndef TESTS_UNIT_SUPPORT_COMPILE_RIG_H
#define TESTS_UNIT_SUPPORT_COMPILE_RIG_H

#include "core/compile/compile.h"
#include "core/http/http_msg.h"

struct compile_rig {
    struct model_node node;
    struct compile_options options;
    struct compile *compile;
    struct snapshot *snapshot; /* the newest; NULL before the first */
    struct diag diag;          /* of the last run and of reading */
    struct arena arena;        /* of requests that were asked for */
};

/* A sidecar of workload "client" in namespace "default", labels app=client, account "client". */
void compile_rig_init(struct compile_rig *rig);
/* A gateway in istio-system with label istio=ingressgateway. */
void compile_rig_init_gateway(struct compile_rig *rig);
/* After changing node or options. */
void compile_rig_start(struct compile_rig *rig);
void compile_rig_deinit(struct compile_rig *rig);

/* Reads documents and puts them; false: they do not decode (said as a note). */
bool compile_rig_put(struct compile_rig *rig, const char *yaml);
/* Runs; true: there is a new snapshot. */
bool compile_rig_run(struct compile_rig *rig);
/* Both. */
bool compile_rig_apply(struct compile_rig *rig, const char *yaml);
/* How most cases start: init and apply, which is checked. compile_rig_deinit follows in any case.
 */
bool compile_rig_begin(struct compile_rig *rig, const char *yaml);
bool compile_rig_begin_gateway(struct compile_rig *rig, const char *yaml);
void compile_rig_remove(struct compile_rig *rig, const char *kind, const char *ns,
                        const char *name);

/* The route of "GET PATH" with that Host on the table of a port (0: the one for explicit
 * listeners). headers: "name: value" lines, or NULL. NULL: no virtual host, or no route in it. */
const struct model_route *compile_rig_route(struct compile_rig *rig, uint16_t port,
                                            const char *host, const char *path,
                                            const char *headers);
const struct model_vhost *compile_rig_vhost(struct compile_rig *rig, uint16_t port,
                                            const char *host);
/* The same in the gateway server that a listener's plain requests, or those with this SNI, meet. */
const struct model_gateway_server *compile_rig_server(struct compile_rig *rig, const char *listener,
                                                      const char *sni);
const struct model_route *compile_rig_route_in(struct compile_rig *rig,
                                               const struct model_route_table *table,
                                               const char *host, const char *path,
                                               const char *headers);
struct model_cluster *compile_rig_cluster(struct compile_rig *rig, const char *name);
/* The TCP routes of a captured "IP:PORT". */
const struct model_outbound_service *compile_rig_vip(struct compile_rig *rig, const char *ip_port);
/* "outbound|80||x" of the first destination; "" when there is none; "NC" when it is unknown. */
const char *compile_rig_target(const struct model_route *route);
/* Whether a warning of the last run holds this text. */
bool compile_rig_warned(const struct compile_rig *rig, const char *text);

#endif
