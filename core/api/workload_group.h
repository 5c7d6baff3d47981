/* Istio's WorkloadGroup: what workloads that register themselves have in common. */
#ifndef CORE_API_WORKLOAD_GROUP_H
#define CORE_API_WORKLOAD_GROUP_H

#include "core/api/workload_entry.h"
#include "core/text/field.h"

struct workload_group_meta {
    struct field_pair *labels;
    size_t labels_count;
    struct field_pair *annotations;
    size_t annotations_count;
};

struct workload_group_header {
    struct str name, value;
};

struct workload_group_http {
    struct str path;
    int64_t port;
    struct str host, scheme;
    struct workload_group_header *headers;
    size_t headers_count;
};

struct workload_group_tcp {
    struct str host;
    int64_t port;
};

struct workload_group_exec {
    struct str *command;
    size_t command_count;
};

struct workload_group_grpc {
    int64_t port;
    struct str service;
};

struct workload_group_probe {
    struct field_at at;
    int64_t initial_delay_s, timeout_s, period_s; /* 0: the default */
    int64_t success_threshold, failure_threshold;
    struct workload_group_http *http; /* at most one of these four */
    struct workload_group_tcp *tcp;
    struct workload_group_exec *exec;
    struct workload_group_grpc *grpc;
};

struct workload_group { /* the spec */
    struct field_at at;
    struct workload_group_meta *metadata;
    struct workload_entry *template;
    struct workload_group_probe *probe;
};

extern FIELD_DECLARE(workload_group);
extern FIELD_DECLARE(workload_group_probe);
extern FIELD_DECLARE(workload_group_root);

#endif
