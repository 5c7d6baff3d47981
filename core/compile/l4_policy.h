/* AuthorizationPolicy and PeerAuthentication as proxies of layer 4 take them.
 *
 * An AuthorizationPolicy becomes one istio.security.Authorization, without what only HTTP can tell:
 * an ALLOW rule that asks for HTTP is left out (it never matches bytes), of a DENY rule the part of
 * layer 4 stays (it refuses more, not less). CUSTOM and AUDIT have no form there.
 *
 * STRICT becomes a DENY of callers without identity: one policy for everybody,
 * "ROOT/istio_converted_static_strict", and one more for each PeerAuthentication whose ports
 * differ, "NS/converted_peer_authentication_NAME". A workload names those that are for it, beside
 * the AuthorizationPolicies whose selector fits it.
 *
 * Source: Istio's pilot/pkg/serviceregistry/kube/controller/ambient. One thread at a time. */
#ifndef CORE_COMPILE_L4_POLICY_H
#define CORE_COMPILE_L4_POLICY_H

#include "core/api/object.h"
#include "core/base/arena.h"
#include "core/text/field.h"

struct l4_policy; /* all of them */

struct l4_policy *l4_policy_new(struct str root_ns, struct str trust_domain);
void l4_policy_free(struct l4_policy *p); /* NULL is allowed */

/* Another root namespace from now on; the next run tells what differs by it. */
void l4_policy_set_root(struct l4_policy *p, struct str root_ns);

/* Whether a kind (enum api_kind_id) matters here. */
bool l4_policy_wants(uint16_t kind);
/* Adds or replaces; takes a reference of its own. */
void l4_policy_put(struct l4_policy *p, struct object *o);
void l4_policy_remove(struct l4_policy *p, uint16_t kind, struct str ns, struct str name);

struct l4_policy_changes {
    /* name: "NS/NAME"; bytes: an encoded istio.security.Authorization, empty when it is gone. */
    void (*policy)(void *arg, struct str name, struct str ns, struct str bytes);
    /* The workloads of ns (empty: all) may have to name others now. */
    void (*workloads)(void *arg, struct str ns);
};
/* Tells what changed since the last call. */
void l4_policy_run(struct l4_policy *p, const struct l4_policy_changes *changes, void *arg);

/* The names of the policies that a workload has to name, sorted; in a. Returns how many. */
size_t l4_policy_of(const struct l4_policy *p, struct str ns, const struct field_pair *labels,
                    size_t label_count, struct arena *a, struct str **out);

#endif
