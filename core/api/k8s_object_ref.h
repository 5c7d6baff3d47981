/* Kubernetes' ObjectReference. */
#ifndef CORE_API_K8S_OBJECT_REF_H
#define CORE_API_K8S_OBJECT_REF_H

#include "core/text/field.h"

struct k8s_object_ref {
    struct str kind, ns, name, uid, api_version, resource_version, field_path;
};

extern FIELD_DECLARE(k8s_object_ref);

#endif
