/* Kubernetes' Secret: keys, certificates, tokens. */
#ifndef CORE_API_K8S_SECRET_H
#define CORE_API_K8S_SECRET_H

#include "core/api/object_meta.h"
#include "core/text/field.h"

struct k8s_secret { /* the whole object */
    OBJECT_META_HEAD;
    struct str type;         /* "Opaque", "kubernetes.io/tls" */
    struct field_pair *data; /* values as bytes */
    size_t data_count;
    struct field_pair *string_data; /* empty once stored: moved into data */
    size_t string_data_count;
    bool immutable;
};

extern FIELD_DECLARE(k8s_secret);

/* The bytes under key; p == NULL when there are none. Borrowed from s. */
struct str k8s_secret_find(const struct k8s_secret *s, struct str key);
/* Fills in type and moves stringData into data. */
void k8s_secret_set_defaults(struct arena *a, struct node *object);

#endif
