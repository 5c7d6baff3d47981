/* Kubernetes' Deployment, as far as a mesh looks at it. */
#ifndef CORE_API_K8S_DEPLOYMENT_H
#define CORE_API_K8S_DEPLOYMENT_H

#include "core/api/k8s_pod.h"
#include "core/api/label_selector.h"
#include "core/text/field.h"

struct k8s_deployment { /* the spec */
    struct field_at at;
    struct field_opt replicas;
    struct label_selector *selector;
    struct k8s_pod_template *template;
    bool paused;
};

struct k8s_deployment_status {
    int64_t observed_generation, replicas, updated, ready, available, unavailable;
};

extern FIELD_DECLARE(k8s_deployment);
extern FIELD_DECLARE(k8s_deployment_status);
extern FIELD_DECLARE(k8s_deployment_root);

/* Fills in replicas and what pods get. */
void k8s_deployment_set_defaults(struct arena *a, struct node *object);

#endif
