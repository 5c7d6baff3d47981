/* Changes of metrics' labels by Telemetry's tagOverrides: labels set by expressions, labels left
 * out, metrics switched off.
 *
 * Without such changes all of it is one comparison per request. Expressions are compiled once per
 * snapshot and evaluated per request; what they come to is part of the series' key. One per worker;
 * its thread. */
#ifndef CORE_TELEMETRY_TELEMETRY_TAGS_H
#define CORE_TELEMETRY_TELEMETRY_TAGS_H

#include "core/model/decision.h"
#include "core/text/cel.h"

#define TELEMETRY_TAGS_MAX 64 /* expressions of one proxy */

struct telemetry_tags {
    const struct model_telemetry *changes; /* NULL: none */
    struct snapshot *snapshot;             /* that holds them; one reference */
    struct arena texts;                    /* of expressions */
    struct arena scratch;                  /* of values, until the next request */
    struct telemetry_tag {
        const struct model_metric_tag *tag;
        struct cel *cel;
        struct str value; /* of the request at hand */
    } list[TELEMETRY_TAGS_MAX];
    uint32_t count;
};

void telemetry_tags_init(struct telemetry_tags *t);
void telemetry_tags_deinit(struct telemetry_tags *t);
/* A newer snapshot; t points into it from now on. */
void telemetry_tags_follow(struct telemetry_tags *t, const struct snapshot *s);

/* Evaluates the expressions for a request; a hash of what they came to, 0 without any. */
uint64_t telemetry_tags_run(struct telemetry_tags *t, const struct decision *d);
/* Applies the changes of one metric (enum telemetry_metric) to its label values, of which the last
 * one holds further labels; false: the metric is switched off. After telemetry_tags_run. */
bool telemetry_tags_apply(struct telemetry_tags *t, const struct decision *d, int metric,
                          struct str *values);

#endif
