/* What MeshConfig and ProxyConfig say about HTTP connections, for workers. */
#ifndef CORE_COMPILE_COMPILE_MESH_HTTP_H
#define CORE_COMPILE_COMPILE_MESH_HTTP_H

#include "core/api/mesh_config.h"
#include "core/model/model_http.h"

/* Sets what config and proxy say, and leaves the rest of *out. Texts are theirs. */
void compile_mesh_http(const struct mesh_config *config, const struct mesh_proxy_config *proxy,
                       struct model_http_settings *out);

#endif
