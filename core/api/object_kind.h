/* Which kind a document is of. */
#ifndef CORE_API_OBJECT_KIND_H
#define CORE_API_OBJECT_KIND_H

#include "core/api/api_kind.h"
#include "core/base/diag.h"

/* The kind and version that apiVersion and kind name; NULL: there is none, which is reported. */
const struct api_kind *object_kind_find(const struct node *n, struct diag *d, struct str *version);

/* Whether a document is of a kind that is nothing to the mesh, as CronJob or DaemonSet: files that
 * people have for Kubernetes hold them beside ours. A kind that looks like a misspelt one of ours
 * is not. */
bool object_kind_is_foreign(const struct node *n);

#endif
