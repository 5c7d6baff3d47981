/* Attributes of a finished request, as expressions of Telemetry name them: request.path,
 * response.code, source.address, connection.mtls and so on, as Envoy has them. */
#ifndef CORE_TELEMETRY_TELEMETRY_ATTRS_H
#define CORE_TELEMETRY_TELEMETRY_ATTRS_H

#include "core/telemetry/access_op.h"
#include "core/text/cel.h"

/* For cel_env.lookup with a struct access_source as arg. Loop thread. */
bool telemetry_attrs_lookup(const void *source, struct str name, struct cel_value *out);

/* Whether an expression holds for a request; one that fails does not. a is scratch memory. */
bool telemetry_attrs_holds(const struct cel *c, const struct access_source *source,
                           struct arena *a);
/* Its value as text; p == NULL: it has none. In a, or borrowed from the source. */
struct str telemetry_attrs_text(const struct cel *c, const struct access_source *source,
                                struct arena *a);

#endif
