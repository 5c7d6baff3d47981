/* The metrics page: Prometheus text 0.0.4 or OpenMetrics 1.0. */
#ifndef CORE_STATS_STATS_TEXT_H
#define CORE_STATS_STATS_TEXT_H

#include "core/base/buf.h"
#include "core/stats/stats.h"

enum stats_text_format { STATS_TEXT_PROMETHEUS, STATS_TEXT_OPENMETRICS };

/* For the Content-Type header. */
const char *stats_text_content_type(enum stats_text_format format);

/* Appends all families that have a series. Any thread; best one that serves no requests. */
void stats_text_write(struct stats *s, enum stats_text_format format, struct buf *out);
/* The same in two steps: more families of that format may come between them. Any thread. */
void stats_text_add(struct stats *s, enum stats_text_format format, struct buf *out);
void stats_text_end(enum stats_text_format format, struct buf *out);

#endif
