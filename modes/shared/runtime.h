/* What every proxying role is made of: workers, flow, compile, telemetry, admin.
 *
 *   main thread: sources (files, xDS) -> runtime_put/remove -> runtime_commit -> compile -> publish
 *                admin, metrics, health
 *   workers:     flow
 *
 * Roles differ in their node, listeners and sources. The main thread's loop only configures and
 * answers admin; requests run on the workers. All functions are for the main thread. */
#ifndef MODES_SHARED_RUNTIME_H
#define MODES_SHARED_RUNTIME_H

#include "core/compile/compile.h"
#include "core/flow/flow.h"
#include "core/loop/worker.h"

struct compile_acme_want;
struct flow_challenge;
struct runtime;
struct scrape_targets;
struct stats;
struct stats_shard;

struct runtime_options {
    const struct model_node *node;  /* outlives the runtime */
    uint32_t workers;               /* 0: 1 */
    struct compile_options compile; /* node is set by the runtime */
    uint32_t mark;
    flow_dial_app_fn dial_app;
    void *dial_app_arg;
    struct addr admin;                   /* ADDR_NONE: none. 15000 */
    struct addr metrics;                 /* 15020 (15090 is the same page without the app's) */
    const struct scrape_targets *scrape; /* where the app shows its own; NULL: nowhere */
    struct addr metrics_too;
    struct addr health;       /* 15021 */
    const char *state_dir;    /* last good objects and certificate; NULL: none are kept */
    const char *jwks_blocked; /* jwks.h; NULL: its default */
    uint64_t drain_ms;        /* how long running requests may take at the end; 0: 5000 */
};

/* Starts the workers and opens the admin ports. An error was logged. */
int runtime_new(struct worker *main, const struct runtime_options *options, struct runtime **out);
/* Stops the workers at once. */
void runtime_free(struct runtime *rt);

/* Changes wait for runtime_commit. put takes a reference of its own. */
void runtime_put(struct runtime *rt, struct object *o);
void runtime_remove(struct runtime *rt, uint16_t kind, struct str ns, struct str name);
int runtime_put_address(struct runtime *rt, struct str name, struct str bytes);
void runtime_remove_address(struct runtime *rt, struct str name);

/* Compiles and publishes what changed. Diagnostics go to d (may be NULL: logged). done (may be
 * NULL) runs when all workers use it, or soon when nothing changed. */
typedef void (*runtime_committed_fn)(void *arg, const struct flow_publish_result *result);
void runtime_commit(struct runtime *rt, struct diag *d, runtime_committed_fn done, void *arg);

/* committed(arg) runs at the end of every commit that compiled something; it must not commit
 * itself. NULL: nobody. */
void runtime_on_commit(struct runtime *rt, void (*committed)(void *arg), void *arg);
/* What compile_acme_each tells. */
void runtime_each_acme(struct runtime *rt,
                       void (*each)(void *arg, const struct compile_acme_want *want), void *arg);

/* Takes over one reference of each. */
void runtime_set_identity(struct runtime *rt, struct tls_identity *identity,
                          struct pki_trust *trust);

/* Ready: configured once and, if the role needs one, with a certificate. Health answers 200 from
 * then on, until drain. */
void runtime_set_ready(struct runtime *rt, bool ready);
bool runtime_is_ready(const struct runtime *rt);

/* Drains and calls done(arg) once; repeated calls cut short. accept_ms: how long new connections
 * are still taken while health says no. */
void runtime_drain(struct runtime *rt, uint64_t accept_ms, void (*done)(void *arg), void *arg);

/* Parts, for admin pages and sources; borrowed. */
struct flow *runtime_flow(struct runtime *rt);
struct flow_challenge *runtime_challenges(struct runtime *rt);
struct telemetry *runtime_telemetry(struct runtime *rt);
struct stats *runtime_stats(struct runtime *rt);
struct stats_shard *runtime_main_shard(struct runtime *rt); /* for what the main thread counts */
struct snapshot *runtime_snapshot(struct runtime *rt);      /* newest published; NULL: none */
struct worker *runtime_main(struct runtime *rt);
const struct runtime_options *runtime_get_options(const struct runtime *rt);
const struct addr *runtime_admin_addr(const struct runtime *rt); /* as bound */
const struct addr *runtime_health_addr(const struct runtime *rt);
const struct addr *runtime_metrics_addr(const struct runtime *rt);
struct tls_identity *runtime_identity(struct runtime *rt); /* or NULL */

#endif
