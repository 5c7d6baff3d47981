#include "core/api/proxy_config.h"

#include "core/api/istio_status.h"
#include "core/api/object_meta.h"

#define PROTO "istio.networking.v1beta1."

/* clang-format off */
#define T struct proxy_config_image
static const struct field proxy_config_image_fields[] = {
    FIELD_STR(T, type, "imageType", .proto = 1, .enforced = "has no meaning here: there is one program, no image of a proxy", .help = "Variant of the proxy's image: default, debug, distroless."),
};
static FIELD_MESSAGE(proxy_config_image, PROTO "ProxyImage", .help = "The proxy's image.");
#undef T

#define T struct proxy_config
static const struct field proxy_config_fields[] = {
    FIELD_MSG(T, selector, "selector", workload_selector, .proto = 1, .default_text = "all of the namespace; in the root namespace all of the mesh", .help = "Workloads that this is for."),
    FIELD_OPT_INT32(T, concurrency, "concurrency", .proto = 2, .wrapper = true, .max = INT32_MAX, .enforced = FIELD_NOT_ENFORCED, .default_text = "by the CPU limit", .help = "Workers; 0 for one per core."),
    FIELD_MAP_STR(T, environment, "environmentVariables", .proto = 3, .max_len = 2048, .enforced = FIELD_NOT_ENFORCED, .help = "Environment of the proxy; ISTIO_META_* reach the control plane."),
    FIELD_MSG(T, image, "image", proxy_config_image, .proto = 4, .help = "The proxy's image."),
};
FIELD_MESSAGE(proxy_config, PROTO "ProxyConfig", .at = FIELD_AT(T, at), .help = "Settings of proxies.");
#undef T

struct proxy_config_root {
    OBJECT_META_HEAD;
    struct proxy_config *spec;
    struct istio_status *status;
};

#define T struct proxy_config_root
static const struct field proxy_config_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", proxy_config, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", istio_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(proxy_config_root, "io.istio.networking.v1beta1.ProxyConfig", .at = FIELD_AT(T, at), .help = "Settings of proxies.");
#undef T
/* clang-format on */
