/* How traffic is divided while some hosts are not healthy: between priorities, and between the
 * localities of one. Envoy's arithmetic, as pure functions. Any thread.
 *
 * A priority keeps all of its traffic until fewer than 1 in 1.4 of its hosts are healthy; what it
 * cannot carry goes to the next ones. When all together cannot carry it, they share it by what they
 * can. */
#ifndef CORE_LB_LB_HEALTH_H
#define CORE_LB_LB_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#define LB_HEALTH_OVERPROVISIONING_PCT 140

struct lb_health {
    uint32_t total, healthy; /* hosts */
    /* Found by lb_health_divide: */
    uint32_t share_pct; /* of the traffic; those of all priorities add up to 100 */
    bool is_panic;      /* so few are healthy that all are used */
};

/* list: by priority. panic_pct 0: never (CB-8). */
void lb_health_divide(struct lb_health *list, uint32_t count, uint32_t panic_pct);

/* Weight that a locality keeps when healthy of its total hosts are. */
double lb_health_weight(uint32_t weight, uint32_t healthy, uint32_t total);

struct lb_health_zone {
    uint32_t healthy;
    uint32_t sources; /* clients like us there */
    bool is_local;    /* ours */
    double weight;    /* found */
};

/* Zone-aware weights: as much as the local zone can carry stays in it, the rest goes where hosts
 * outnumber clients. source_total: clients in all zones. false: zones don't matter (no local hosts,
 * nowhere else to go, or nothing known of the clients). */
bool lb_health_zones(struct lb_health_zone *list, uint32_t count, uint32_t source_total);

#endif
