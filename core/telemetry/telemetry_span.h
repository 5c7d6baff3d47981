/* A finished request as a span of OpenTelemetry (spec features.md section 4.3). */
#ifndef CORE_TELEMETRY_TELEMETRY_SPAN_H
#define CORE_TELEMETRY_TELEMETRY_SPAN_H

#include "core/base/buf.h"
#include "core/model/decision.h"

/* Appends the span as a field of ScopeSpans. a is scratch memory. ERR_LIMIT: the buffer's bound,
 * nothing was appended. Any thread. */
int telemetry_span_add(const struct decision *d, const struct model_tracing *t,
                       const struct model_node *node, struct arena *a, struct buf *out);

/* Appends an ExportTraceServiceRequest with spans as telemetry_span_add wrote them. */
int telemetry_span_export(struct str spans, struct str service_name, const struct model_node *node,
                          struct buf *out);

#endif
