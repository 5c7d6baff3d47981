/* Which endpoints are near: priorities and weights of a cluster's endpoints as this node sees them.
 *
 * What decides is, in this order (LB-2): the rule's zoneAwareLbSetting and localityLbSetting, the
 * service's trafficDistribution, the mesh's two settings, of which the latter is on by default.
 * Priorities are only given where something takes failing endpoints out, or the service asks for
 * nearness. */
#ifndef CORE_COMPILE_COMPILE_LOCALITY_H
#define CORE_COMPILE_COMPILE_LOCALITY_H

#include "core/compile/compile_dr.h"
#include "core/compile/compile_state.h"

/* "region/zone/subzone" taken apart. */
struct compile_locality {
    struct str region, zone, subzone;
};

struct compile_locality compile_locality_parse(struct str text);

/* Where this node is: as it says itself, or as the registry has its address; may be empty.
 * Borrowed until the next change of the registry. */
struct str compile_locality_own(const struct compile *c);

/* Puts the endpoints of set (which stand for members[] one by one) into groups. */
void compile_locality_group(const struct compile *c, const struct registry_service *service,
                            const struct compile_dr_policy *policy,
                            const struct registry_workload *const *members,
                            struct model_endpoints *set);

/* Whether groups made for this policy have weights that count. */
bool compile_locality_is_weighted(const struct compile *c, const struct registry_service *service,
                                  const struct compile_dr_policy *policy);

/* From how many endpoints on they are chosen by zone; 0: they are not. */
uint32_t compile_locality_zone_minimum(const struct compile *c,
                                       const struct registry_service *service,
                                       const struct compile_dr_policy *policy);

/* LB-9: whether endpoints of other clusters are left out. */
bool compile_locality_is_cluster_local(const struct compile *c, const struct registry_service *s);

/* At the start of a run: marks what depends on where we are, when that changed; and what depends on
 * where others like us are. */
void compile_locality_follow(struct compile *c);

#endif
