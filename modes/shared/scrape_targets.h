/* Where the app beside us shows metrics of its own, as annotations of the workload say.
 *
 *   prometheus.io/scrape: "true"      any of these three is enough; the others have defaults:
 *   prometheus.io/port: "9080"        80
 *   prometheus.io/path: /metrics      /metrics
 *   prometheus.istio.io/scrape-targets: "9080:/metrics,9081"    several, instead of port and path
 *   prometheus.istio.io/merge-metrics: "false"                  whether ours and its are one page
 *
 * As Prometheus does, the first three are known with any other sign in the place of '.', '-' and
 * '/', too. Any thread. */
#ifndef MODES_SHARED_SCRAPE_TARGETS_H
#define MODES_SHARED_SCRAPE_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/str.h"

#define SCRAPE_TARGETS_MAX 16

struct scrape_target {
    uint16_t port;
    struct str path; /* begins with '/' */
};

struct scrape_targets {
    struct scrape_target list[SCRAPE_TARGETS_MAX];
    uint32_t count;   /* 0: the page is ours alone */
    bool is_for_sure; /* merge-metrics says yes, whatever enablePrometheusMerge of the mesh says */
};

/* Reads annotations, "name=value" each; others are passed over. status_port is that of the page
 * itself: annotations that point there were written for whoever scrapes it, and name no app. Text
 * is in a. ERR_INVALID: a value is wrong, *why says which and how; *out is untouched. */
int scrape_targets_read(const char *const *annotations, size_t count, uint16_t status_port,
                        struct arena *a, struct scrape_targets *out, struct str *why);

#endif
