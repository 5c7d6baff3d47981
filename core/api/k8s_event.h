/* Kubernetes' Event: something happened to an object. `kubectl describe` asks for them. */
#ifndef CORE_API_K8S_EVENT_H
#define CORE_API_K8S_EVENT_H

#include "core/api/k8s_object_ref.h"
#include "core/api/object_meta.h"
#include "core/text/field.h"

struct k8s_event_source {
    struct str component, host;
};

struct k8s_event { /* the whole object */
    OBJECT_META_HEAD;
    struct k8s_object_ref *involved;
    struct str reason, message, type, action, reporting_component, reporting_instance;
    struct k8s_event_source *source;
    struct field_opt first, last, event_time;
    int64_t count;
};

extern FIELD_DECLARE(k8s_event);

#endif
