/* Kubernetes' Ingress: which requests from outside go to which Service, and IngressClass: who
 * serves those of a class. */
#ifndef CORE_API_K8S_INGRESS_H
#define CORE_API_K8S_INGRESS_H

#include "core/text/field.h"

#define K8S_INGRESS_GROUP      "networking.k8s.io"
#define K8S_INGRESS_ANNOTATION "kubernetes.io/ingress.class"

struct k8s_ingress_port { /* one of the two */
    struct str name;
    int64_t number;
};

struct k8s_ingress_service {
    struct str name;
    struct k8s_ingress_port *port;
};

struct k8s_ingress_resource {
    struct str group, kind, name;
};

struct k8s_ingress_backend { /* one of the two */
    struct field_at at;
    struct k8s_ingress_service *service;
    struct k8s_ingress_resource *resource;
};

enum k8s_ingress_path_type {
    K8S_INGRESS_PATH_NONE = 0, /* not written */
    K8S_INGRESS_PATH_EXACT = 1,
    K8S_INGRESS_PATH_PREFIX = 2, /* of whole segments */
    K8S_INGRESS_PATH_SPECIFIC = 3,
};

struct k8s_ingress_path {
    struct field_at at;
    struct str path;
    int type; /* enum k8s_ingress_path_type */
    struct k8s_ingress_backend *backend;
};

struct k8s_ingress_http {
    struct k8s_ingress_path *paths;
    size_t paths_count;
};

struct k8s_ingress_rule {
    struct field_at at;
    struct str host; /* empty: all */
    struct k8s_ingress_http *http;
};

struct k8s_ingress_tls {
    struct field_at at;
    struct str *hosts; /* none: all */
    size_t hosts_count;
    struct str secret_name;
};

struct k8s_ingress { /* the spec */
    struct field_at at;
    struct str class_name;
    struct k8s_ingress_backend *default_backend;
    struct k8s_ingress_tls *tls;
    size_t tls_count;
    struct k8s_ingress_rule *rules;
    size_t rules_count;
};

struct k8s_ingress_port_status {
    int64_t port;
    struct str protocol, error;
};

struct k8s_ingress_address {
    struct str ip, hostname;
    struct k8s_ingress_port_status *ports;
    size_t ports_count;
};

struct k8s_ingress_balancer {
    struct k8s_ingress_address *ingress;
    size_t ingress_count;
};

struct k8s_ingress_status {
    struct k8s_ingress_balancer *load_balancer;
};

struct k8s_ingress_parameters {
    struct str group, kind, name, ns, scope;
};

struct k8s_ingress_class { /* the spec */
    struct field_at at;
    struct str controller;
    struct k8s_ingress_parameters *parameters;
};

extern FIELD_DECLARE(k8s_ingress);
extern FIELD_DECLARE(k8s_ingress_status);
extern FIELD_DECLARE(k8s_ingress_root);
extern FIELD_DECLARE(k8s_ingress_class);
extern FIELD_DECLARE(k8s_ingress_class_root);

#endif
