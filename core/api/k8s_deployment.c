#include "core/api/k8s_deployment.h"

#include "core/api/api_default.h"
#include "core/api/object_meta.h"
#include "core/text/field_decode.h"

#define APPS "io.k8s.api.apps.v1."

static void check_deployment(struct field_check *c, const void *message)
{
    const struct k8s_deployment *d = message;
    const struct k8s_pod_meta *meta = d->template ? d->template->metadata : NULL;

    if (!d->selector)
        return;
    if (d->selector->match_labels_count == 0 && d->selector->rules_count == 0)
        field_decode_error_at(c, "selector", "must select something");
    else if (!label_selector_is_match(d->selector, meta ? meta->labels : NULL,
                                      meta ? meta->labels_count : 0))
        field_decode_error_at(c, "template.metadata.labels", "do not fit spec.selector");
}

/* clang-format off */
#define T struct k8s_deployment
static const struct field k8s_deployment_fields[] = {
    FIELD_OPT_INT32(T, replicas, "replicas", .max = INT32_MAX, .default_text = "1", .help = "How many pods are wanted."),
    FIELD_MSG(T, selector, "selector", label_selector, .required = true, .help = "Labels of its pods."),
    FIELD_MSG(T, template, "template", k8s_pod_template, .required = true, .help = "What the pods are."),
    FIELD_BOOL(T, paused, "paused", .help = "Whether changes wait."),
};
FIELD_MESSAGE(k8s_deployment, APPS "DeploymentSpec", .at = FIELD_AT(T, at), .check = check_deployment, .help = "Pods of one kind, a number of them.");
#undef T

#define T struct k8s_deployment_status
static const struct field k8s_deployment_status_fields[] = {
    FIELD_INT(T, observed_generation, "observedGeneration", .help = "The generation this is about."),
    FIELD_INT32(T, replicas, "replicas", .help = "Pods there are."),
    FIELD_INT32(T, updated, "updatedReplicas", .help = "Pods of the newest template."),
    FIELD_INT32(T, ready, "readyReplicas", .help = "Pods that are ready."),
    FIELD_INT32(T, available, "availableReplicas", .help = "Pods that have been ready for long enough."),
    FIELD_INT32(T, unavailable, "unavailableReplicas", .help = "Pods that are missing."),
};
FIELD_MESSAGE(k8s_deployment_status, APPS "DeploymentStatus", .help = "State of a deployment.");
#undef T

struct k8s_deployment_root {
    OBJECT_META_HEAD;
    struct k8s_deployment *spec;
    struct k8s_deployment_status *status;
};

#define T struct k8s_deployment_root
static const struct field k8s_deployment_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", k8s_deployment, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", k8s_deployment_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(k8s_deployment_root, APPS "Deployment", .at = FIELD_AT(T, at), .help = "Pods of one kind, a number of them.");
#undef T
/* clang-format on */

void k8s_deployment_set_defaults(struct arena *a, struct node *object)
{
    struct node *spec = api_default_map(a, object, "spec");

    api_default_int(a, spec, "replicas", 1);
    k8s_pod_set_spec_defaults(a, node_getz(node_getz(spec, "template"), "spec"));
}
