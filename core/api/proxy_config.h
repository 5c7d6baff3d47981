/* Istio's ProxyConfig: settings of the proxies of a namespace or of some workloads. */
#ifndef CORE_API_PROXY_CONFIG_H
#define CORE_API_PROXY_CONFIG_H

#include "core/api/workload_selector.h"
#include "core/text/field.h"

struct proxy_config_image {
    struct str type;
};

struct proxy_config { /* the spec */
    struct field_at at;
    struct workload_selector *selector;
    struct field_opt concurrency; /* 0: one worker per core */
    struct field_pair *environment;
    size_t environment_count;
    struct proxy_config_image *image;
};

extern FIELD_DECLARE(proxy_config);
extern FIELD_DECLARE(proxy_config_root);

#endif
