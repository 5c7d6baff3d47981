/* sessionPersistence of rules and of XBackendTrafficPolicy. */
#ifndef CORE_COMPILE_COMPILE_GWAPI_SESSION_H
#define CORE_COMPILE_COMPILE_GWAPI_SESSION_H

#include "core/api/gateway_api_route.h"
#include "core/api/object.h"
#include "core/model/model_session.h"

/* Of an object's rule, which has a name or else a place: tells it from all others, and stays when
 * rules with names change places. */
uint32_t compile_gwapi_session_scope(const struct object *route, struct str name, size_t place);
/* NULL when from is. scope goes into the name of a cookie that has none; in a. */
struct model_session *compile_gwapi_session_build(const struct gateway_api_route_session *from,
                                                  uint32_t scope, struct arena *a);
/* Everything of s, which may be NULL, added to h. */
uint64_t compile_gwapi_session_digest(uint64_t h, const struct model_session *s);

#endif
