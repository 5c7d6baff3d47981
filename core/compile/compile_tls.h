/* TLS settings of DestinationRules: certificates from files and Secrets. Those of gateways are
 * compile_tls_server.h's. */
#ifndef CORE_COMPILE_COMPILE_TLS_H
#define CORE_COMPILE_COMPILE_TLS_H

#include "core/api/traffic_policy.h"
#include "core/compile/compile_state.h"

struct tls_config;

/* Settings of a client for SIMPLE and MUTUAL. *hash covers everything that went in, the content of
 * files and Secrets too. secret (may be empty) is set to the "NS/NAME" that was read, or to
 * COMPILE_FILES_USER. ERR_*:
 * reported to c's diag at owner; *out is NULL. */
int compile_tls_client(struct compile *c, const struct object *owner,
                       const struct traffic_policy_tls *tls, struct str host, bool h2, bool http,
                       struct tls_config **out, uint64_t *hash, struct str *secret,
                       struct arena *a);

#endif
