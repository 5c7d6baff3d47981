/* The four kinds of patch, by content type. Main thread. */
#ifndef MODES_CONTROL_REST_PATCH_H
#define MODES_CONTROL_REST_PATCH_H

#include "core/text/node.h"

struct rest_call;

enum rest_patch_type {
    REST_PATCH_JSON,      /* application/json-patch+json */
    REST_PATCH_MERGE,     /* application/merge-patch+json */
    REST_PATCH_STRATEGIC, /* application/strategic-merge-patch+json: Kubernetes' own kinds */
    REST_PATCH_APPLY,     /* application/apply-patch+yaml */
};

/* False: answered (415). */
bool rest_patch_read_type(struct rest_call *call, enum rest_patch_type *out);
/* patch on n, which is left alone; in the call's arena. False: answered. Not for APPLY. */
bool rest_patch_run(struct rest_call *call, enum rest_patch_type type, const struct node *n,
                    const struct node *patch, struct node **out);

#endif
