/* Bodies in Kubernetes' protobuf, which kubectl from 1.32 on sends for what it makes itself:
 *
 *     "k8s" 0, then runtime.Unknown { typeMeta = 1 { apiVersion = 1, kind = 2 }, raw = 2 }
 *
 * Read for the kinds whose rows have numbers: Namespace, ConfigMap, Secret, ServiceAccount. Any
 * thread. */
#ifndef MODES_CONTROL_REST_KUBE_PROTO_H
#define MODES_CONTROL_REST_KUBE_PROTO_H

#include <stdbool.h>

#include "core/text/node.h"

bool rest_kube_proto_is(struct str content_type);
/* The object as nodes in a. ERR_INVALID or ERR_UNSUPPORTED with *why, constant. */
int rest_kube_proto_read(struct arena *a, struct str bytes, struct node **out, const char **why);

#endif
