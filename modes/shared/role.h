/* A proxying role from its settings to its end: what `mesh proxy` and `mesh gateway` share.
 *
 * role_run builds the node, starts the runtime, attaches the sources it was given (files, control),
 * and runs the calling thread's loop until a signal, then drains. Main thread. */
#ifndef MODES_SHARED_ROLE_H
#define MODES_SHARED_ROLE_H

#include "core/compile/compile.h"
#include "core/flow/flow.h"

struct runtime;
struct worker;

#define ROLE_LISTENERS_MAX 64
#define ROLE_LABELS_MAX    64

struct role_options {
    bool is_gateway;
    bool admin_in_state; /* admin pages on a socket in state_dir, unless admin is set */
    /* Who we are; NULL: the default in brackets. */
    const char *name;            /* [host name] */
    const char *workload;        /* [name]; what instances have in common, for telemetry */
    const char *ns;              /* ["default"; gateways "istio-system"] */
    const char *service_account; /* ["default"] */
    const char *trust_domain;    /* ["cluster.local"] */
    const char *cluster_id;      /* ["Kubernetes"] as Istio's */
    const char *network;
    const char *dns_domain;    /* ["cluster.local"] */
    const char *const *labels; /* "key=value" */
    size_t label_count;
    const char *const *annotations; /* "key=value" */
    size_t annotation_count;
    const char *const *addrs; /* own IPs; none: found on the interfaces */
    size_t addr_count;

    /* Where configuration and identity come from. */
    const char *config_path;  /* files */
    const char *jwks_blocked; /* jwks.h; NULL: its default */
    const char *mesh_config;  /* a file with MeshConfig alone; NULL: none */
    const char *cert_dir;
    const char *control;   /* "host:port" or "unix:path" of a control's xDS; NULL: none */
    const char *token;     /* join token for the first certificate */
    const char *root_cert; /* pins control's root; NULL: the token's hash, or cert_dir's */
    const char *state_dir;
    const char *acme_dir; /* certificates that are ordered; NULL: state_dir's "acme", if any */
    const char *acme_ca;  /* who certified the ACME server; NULL: the system's roots */
    const char *acme_resolvers; /* DNS servers for its name; NULL: the system's */

    struct compile_listener listeners[ROLE_LISTENERS_MAX];
    uint32_t listener_count;
    struct compile_app_port app_ports[ROLE_LISTENERS_MAX];
    uint32_t app_port_count;
    struct compile_port_map port_maps[ROLE_LISTENERS_MAX];
    uint32_t port_map_count;
    struct addr gateway_bind;

    struct addr admin, metrics, metrics_too, health; /* ADDR_NONE: off */
    bool metrics_for_app; /* without metrics: port 15020 of the own address, if annotations say
                             that the app has metrics (scrape_targets.h) */
    struct addr dns;      /* answers names as this workload sees them; ADDR_NONE: off */
    uint32_t workers;
    uint32_t mark;
    const char *access_log; /* path; NULL: off */
    bool access_log_json;
    const char *access_log_format;
    bool registry_only, outbound_is_told;
    uint64_t accept_ms, drain_ms; /* at the end: [0, 5000] */
    flow_dial_app_fn dial_app;
    void *dial_app_arg;
    /* Descriptors handed over for listeners, by listener name. */
    struct {
        const char *name;
        int fd;
    } fds[ROLE_LISTENERS_MAX];
    uint32_t fd_count;
    /* Called on the main thread once the role serves; may be NULL. */
    void (*on_ready)(void *arg, struct runtime *rt);
    void *on_ready_arg;
    bool quiet; /* no line on standard output about addresses */
};

/* Returns an exit code: 0, 65 (bad files), 69 (control unreachable and no saved state), 78 (bad
 * settings), 1. Messages go to standard error. */
int role_run(const struct role_options *options);

/* The same on a worker that the caller runs, for several roles in one process. */
struct role;
int role_start(struct worker *w, const struct role_options *options, struct role **out);
struct runtime *role_runtime(struct role *r);
/* Tells peers that this workload goes, but serves on; role_stop follows some time later. */
void role_leave(struct role *r);
/* done(arg) runs when everything has ended; then role_free. */
void role_stop(struct role *r, void (*done)(void *arg), void *arg);
void role_free(struct role *r);

#endif
