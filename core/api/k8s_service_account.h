/* Kubernetes' ServiceAccount: its name is a workload's identity in the mesh. */
#ifndef CORE_API_K8S_SERVICE_ACCOUNT_H
#define CORE_API_K8S_SERVICE_ACCOUNT_H

#include "core/text/field.h"

struct k8s_service_account; /* the whole object; the mesh reads its name only */

extern FIELD_DECLARE(k8s_service_account);

#endif
