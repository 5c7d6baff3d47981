/* Outlier detection: endpoints that fail several times in a row get nothing for a while.
 *
 *   healthy --n errors in a row, and few enough are out--> ejected
 *   ejected --base time x how often, looked at every interval--> healthy
 *
 * How often counts down again with every interval without ejection (CB-6). State is a host's, so it
 * outlives new snapshots as long as the host does; each worker judges by what it sees itself. Loop
 * thread. */
#ifndef CORE_FLOW_UPSTREAM_OUTLIER_H
#define CORE_FLOW_UPSTREAM_OUTLIER_H

#include <stdbool.h>
#include <stdint.h>

struct upstream;
struct upstream_host;

/* Of a host. */
struct upstream_outlier {
    uint32_t errors_5xx, errors_gateway, errors_local; /* in a row */
    uint32_t times;                                    /* the next ejection lasts so many bases */
    bool is_ejected;
    uint64_t ejected_at_ms;
};

/* The endpoint answered with that status (for gRPC: what its status means in HTTP). */
void upstream_outlier_answered(struct upstream_host *h, uint16_t status);
/* No answer: not connected or reset (503), or too late (504). */
void upstream_outlier_failed(struct upstream_host *h, uint16_t status);
/* A connection came up. */
void upstream_outlier_connected(struct upstream_host *h);

/* After the hosts of up were made anew: counts the ejected; without outlier detection none is. */
void upstream_outlier_follow(struct upstream *up);
void upstream_outlier_stop(struct upstream *up);

#endif
