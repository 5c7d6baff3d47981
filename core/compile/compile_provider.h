/* MeshConfig's extensionProviders, by name. */
#ifndef CORE_COMPILE_COMPILE_PROVIDER_H
#define CORE_COMPILE_COMPILE_PROVIDER_H

#include "core/api/mesh_provider.h"
#include "core/compile/compile_state.h"
#include "core/model/model_ext_authz.h"

/* NULL: there is none of that name. */
const struct mesh_provider *compile_provider_find(const struct compile *c, struct str name);

/* The host of a provider's service, "[namespace/]host"; in a. */
struct str compile_provider_host(const struct compile *c, struct str service, struct arena *a);

/* An authorizer's time and status where nobody says otherwise. */
#define COMPILE_PROVIDER_AUTHZ_MS     ((uint64_t)600 * 1000)
#define COMPILE_PROVIDER_AUTHZ_STATUS ((uint16_t)403)

struct model_name_patterns compile_provider_patterns(const struct str *list, size_t count,
                                                     struct arena *a);
/* An authorizer, in a; NULL: no provider of that name is one. */
struct model_ext_authz *compile_provider_ext_authz(const struct compile *c, struct str name,
                                                   struct arena *a);

#endif
