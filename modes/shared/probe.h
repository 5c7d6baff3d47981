/* Is the app beside us well? Asked as the WorkloadGroup of this workload says: by HTTP, by gRPC's
 * health service, or by connecting. Without a group the app is only waited for: it is well once one
 * of its ports takes a connection.
 *
 *   unknown --successThreshold good answers--> healthy
 *      ^  \--failureThreshold bad ones--> unhealthy, and back likewise
 *      '--another probe
 *
 * A probe that runs a command is not done: the command would come over the network from the control
 * plane. Main thread. */
#ifndef MODES_SHARED_PROBE_H
#define MODES_SHARED_PROBE_H

#include "core/api/object.h"
#include "core/api/workload_group.h"
#include "core/compile/compile.h"
#include "core/flow/flow.h"

struct probe;

struct probe_options {
    flow_dial_app_fn dial_app; /* for probes without a host; NULL: TCP to 127.0.0.1 */
    void *dial_app_arg;
    const struct compile_app_port *ports; /* of the app, borrowed; waited for without a group */
    uint32_t port_count;
    /* The state changed, never from inside a call of probe_*; see probe_why. */
    void (*changed)(void *arg);
    void *arg;
};

struct probe *probe_new(struct worker *w, const struct probe_options *options);
void probe_free(struct probe *p); /* NULL is allowed */

/* Probes as the group says, from now on; NULL, or a group without a probe: waits for the app's
 * ports if it was not up before. Takes a reference. To be called once at least. */
void probe_follow(struct probe *p, struct object *group);

/* STR_NONE: nothing is probed. Empty: healthy. Else what is wrong, or that nothing is known yet.
 * Borrowed until the next answer. */
struct str probe_why(const struct probe *p);

#endif
