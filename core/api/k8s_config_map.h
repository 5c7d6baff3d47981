/* Kubernetes' ConfigMap: named texts. */
#ifndef CORE_API_K8S_CONFIG_MAP_H
#define CORE_API_K8S_CONFIG_MAP_H

#include "core/api/object_meta.h"
#include "core/text/field.h"

struct k8s_config_map { /* the whole object */
    OBJECT_META_HEAD;
    struct field_pair *data;
    size_t data_count;
    struct field_pair *binary_data; /* values as bytes */
    size_t binary_data_count;
    bool immutable;
};

extern FIELD_DECLARE(k8s_config_map);

#endif
