/* Configuration and identity from control: delta ADS for objects and addresses, CreateCertificate
 * for the certificate, registration and health of the workload on the same stream.
 *
 * Fail static: objects, position and certificate are kept in state_dir, so that a restart without
 * control serves what was served before, and a reconnect fetches only what changed.
 *
 * Registration: the workload (name, namespace, service account, labels) is reached by mesh mTLS at
 * node->addrs[0] on the reach_port of each of app_ports; workloads on one machine have addresses of
 * their own (127.64.0.0/10). When nobody made a Service called as its label `app` in its namespace,
 * control makes one: selector app=APP, the service ports named by their protocol ("http-9080"), a
 * virtual address; the workload says reach_port under those names (as WorkloadEntry.ports). Without
 * app_ports nothing but the workload is registered.
 *
 * Health: a WorkloadGroup in the workload's namespace that is called as the workload (node's
 * workload_name, what instances have in common) says how to probe the app; what comes out goes
 * along with the registration and as HealthInformation whenever it changes. Main thread. */
#ifndef MODES_SHARED_SOURCE_XDS_H
#define MODES_SHARED_SOURCE_XDS_H

#include "core/compile/compile.h"
#include "core/flow/flow.h"

struct runtime;
struct source_xds;

struct source_xds_options {
    const char *control;   /* "host:port", "unix:path"; several separated by commas */
    const char *token;     /* for the first certificate; NULL: state_dir has one */
    const char *root_cert; /* PEM file that pins control's root; NULL: by the token */
    const char *state_dir; /* NULL: nothing is kept */
    bool has_identity;     /* callers see another certificate; control's is for control alone */
    const struct model_node *node;
    const struct compile_app_port *app_ports; /* to register */
    uint32_t app_port_count;
    flow_dial_app_fn dial_app; /* to the app, for the probe of its WorkloadGroup; may be NULL */
    void *dial_app_arg;
    /* Runs once: configuration and certificate are there, from control or from disk. */
    void (*on_synced)(void *arg);
    void *on_synced_arg;
};

/* ERR_INVALID with a message on standard error: settings that cannot work. Connecting goes on in
 * the background, for ever. */
int source_xds_new(struct runtime *rt, const struct source_xds_options *options,
                   struct source_xds **out);
/* Tells control that this workload ends (deregisters). NULL is allowed, as in free. */
void source_xds_leave(struct source_xds *x);
void source_xds_free(struct source_xds *x);

#endif
