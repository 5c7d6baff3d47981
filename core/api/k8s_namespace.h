/* Kubernetes' Namespace. */
#ifndef CORE_API_K8S_NAMESPACE_H
#define CORE_API_K8S_NAMESPACE_H

#include "core/text/field.h"

struct k8s_namespace { /* the spec */
    struct str *finalizers;
    size_t finalizers_count;
};

struct k8s_namespace_status {
    struct str phase; /* "Active", "Terminating" */
};

extern FIELD_DECLARE(k8s_namespace);
extern FIELD_DECLARE(k8s_namespace_status);
extern FIELD_DECLARE(k8s_namespace_root);

/* Fills in status.phase. */
void k8s_namespace_set_defaults(struct arena *a, struct node *object);

#endif
