/* Services and the workloads behind them, as one node sees them (or, in control, all of them).
 *
 *   Service, EndpointSlice, Endpoints, Pod --.
 *   ServiceEntry, WorkloadEntry --------------+--> services by host, each with its endpoints
 *   istio.workload.Address messages ----------'
 *
 * Several objects may describe one host: the best visible one is chosen (spec H-10). Everything
 * handed out is immutable and counted; a change makes a new struct. One thread at a time. */
#ifndef CORE_COMPILE_REGISTRY_H
#define CORE_COMPILE_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/api/object.h"
#include "core/compile/registry_service.h"
#include "core/compile/registry_workload.h"

struct registry; /* opaque */

struct registry_options {
    struct str dns_domain; /* "cluster.local" */
    struct str node_ns;    /* whose view; empty: everything is visible (control) */
    struct str cluster_id; /* "Kubernetes" when empty; first part of uids */
    struct str trust_domain;
};

/* options is copied. */
struct registry *registry_new(const struct registry_options *options);
void registry_free(struct registry *r); /* what was ref'd stays */

/* Whether a kind (enum api_kind_id) matters here. */
bool registry_wants(uint16_t kind);
/* Adds or replaces; takes a reference of its own. Nothing shows before registry_run. */
void registry_put(struct registry *r, struct object *o);
void registry_remove(struct registry *r, uint16_t kind, struct str ns, struct str name);
/* The same for istio.workload.Address; ERR_INVALID: does not decode, nothing changed. */
int registry_put_address(struct registry *r, struct str name, struct str bytes);
/* Who sees services that do not say ("*", ".", "~", namespaces); none: everybody. Copied. */
void registry_set_default_export(struct registry *r, const struct str *list, size_t count);
void registry_remove_address(struct registry *r, struct str name);

enum registry_changed {
    REGISTRY_CHANGED_SERVICE = 1, /* definition: came, went, or differs */
    REGISTRY_CHANGED_ENDPOINTS = 2,
};

/* Brings the registry up to date; changed(arg, host, what) runs once per host that differs. */
void registry_run(struct registry *r, void (*changed)(void *arg, struct str host, uint32_t what),
                  void *arg);

/* Borrowed until the next registry_run. NULL: unknown. */
const struct registry_service *registry_find(const struct registry *r, struct str host);
const struct registry_endpoints *registry_find_endpoints(const struct registry *r, struct str host);
/* The workload with that IP, or NULL. */
const struct registry_workload *registry_find_workload(const struct registry *r,
                                                       const struct addr *ip);
/* Calls each(arg, service) for every chosen service, in no order. */
void registry_each_service(const struct registry *r,
                           void (*each)(void *arg, const struct registry_service *s), void *arg);
/* Likewise for workloads. Those of ServiceEntry endpoints and bare EndpointSlices included. */
void registry_each_workload(const struct registry *r,
                            void (*each)(void *arg, const struct registry_workload *w), void *arg);
/* The workloads that came, went, changed, or joined or left a service by the last registry_run: w
 * is NULL when it went. */
void registry_each_changed_workload(const struct registry *r,
                                    void (*each)(void *arg, struct str uid,
                                                 const struct registry_workload *w),
                                    void *arg);
/* Calls each(arg, service, ports by index of its ports) for every service that a workload is in. */
void registry_each_service_of(const struct registry *r, const struct registry_workload *w,
                              void (*each)(void *arg, const struct registry_service *s,
                                           const uint16_t *ports),
                              void *arg);

#endif
