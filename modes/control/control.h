/* The control plane of one process: store, API, CA, and what proxies connect to.
 *
 *   REST (kubectl, CLI, console) --> rest_* --> store --> changes --> ads_* --> proxies
 *                                                 ^                     |
 *                                    workloads ---'<--- register, health, acks, CSRs
 *
 * Everything runs on the worker it was started on; the store has its own disk thread. Main thread.
 */
#ifndef MODES_CONTROL_CONTROL_H
#define MODES_CONTROL_CONTROL_H

#include "core/net/addr.h"

struct ads;
struct ca;
struct control;
struct registry;
struct rest;
struct stats;
struct store;
struct worker;

struct control_options {
    const char *state_dir;       /* config.db, live.db, keys */
    const char *trust_domain;    /* [cluster.local]; fixed when the state is first made */
    const char *cluster_id;      /* [Kubernetes] */
    const char *dns_domain;      /* [cluster.local] */
    const char *socket_path;     /* API on a Unix socket, mode 0600; NULL: none */
    struct addr api;             /* [127.0.0.1:15014] API, console, metrics; ADDR_NONE: off */
    struct addr xds_plain;       /* [127.0.0.1:15010] loopback or Unix socket only */
    struct addr xds;             /* [0.0.0.0:15012] TLS: ADS and CA */
    const char *jwks_blocked;    /* blocks that keys are not fetched from; NULL: jwks.h's */
    const char *xds_socket_path; /* ADS and CA without TLS for this machine; NULL: none */
};

/* Opens the store (making it at first), the CA and the listeners. An error was logged and *why, a
 * static or state_dir-bound text, says what to do. */
int control_start(struct worker *w, const struct control_options *options, struct control **out);
/* Stops accepting, closes streams with GOAWAY, closes the store; done(arg) then. */
void control_stop(struct control *c, void (*done)(void *arg), void *arg);
void control_free(struct control *c);

/* Parts; borrowed as long as the control. */
struct worker *control_worker(struct control *c);
const struct control_options *control_get_options(const struct control *c);
struct store *control_store(struct control *c);
struct ca *control_ca(struct control *c);
struct ads *control_ads(struct control *c);
const struct registry *control_registry(const struct control *c);
struct stats *control_stats(struct control *c);
/* As bound. */
const struct addr *control_api_addr(const struct control *c);
const struct addr *control_xds_addr(const struct control *c);
const struct addr *control_xds_plain_addr(const struct control *c);

#endif
