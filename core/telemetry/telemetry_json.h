/* A kept decision as JSON, for people and `mesh why`. Any thread. */
#ifndef CORE_TELEMETRY_TELEMETRY_JSON_H
#define CORE_TELEMETRY_TELEMETRY_JSON_H

#include "core/telemetry/telemetry_ring.h"

/* One object, without a line end. Members without value are left out. */
void telemetry_json_write(const struct telemetry_record *r, struct buf *out);

#endif
