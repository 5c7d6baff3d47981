/* TLS towards an upstream host: which settings, for which use. Internal to core/flow; loop thread.
 */
#ifndef CORE_FLOW_UPSTREAM_TLS_H
#define CORE_FLOW_UPSTREAM_TLS_H

#include "core/flow/upstream.h"

/* What will travel inside decides the protocols offered (spec interop.md section 2.3). */
enum upstream_tls_use { UPSTREAM_TLS_H1, UPSTREAM_TLS_H2, UPSTREAM_TLS_MESH, UPSTREAM_TLS_TCP };

bool upstream_tls_is_needed(const struct upstream_host *host);

/* A client config with one reference for the caller. ERR_TLS: mesh mTLS is asked for and there is
 * no certificate of ours yet. */
int upstream_tls_config(struct upstream_host *host, enum upstream_tls_use use,
                        struct tls_config **out);

#endif
