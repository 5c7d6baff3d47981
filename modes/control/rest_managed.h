/* metadata.managedFields: which client set which fields, and server-side apply on top of it.
 *
 * An entry is (manager, operation, apiVersion) with a set of rest_fields.h. Apply owns exactly what
 * its last configuration said; Update gathers what its writes changed. Any thread. */
#ifndef MODES_CONTROL_REST_MANAGED_H
#define MODES_CONTROL_REST_MANAGED_H

#include "core/api/api_kind.h"

struct rest_managed_by {
    struct str manager;
    struct str api_version; /* as the request has it */
    struct str time;        /* RFC 3339 */
    bool force;             /* apply: take fields from others */
};

enum { REST_MANAGED_MAX_UPDATERS = 10 };

/* After an ordinary write of next over was (NULL: created): brings next's managedFields up to date.
 * What next says there is taken when it is valid, for clients that mend it. */
void rest_managed_update(struct arena *a, const struct api_kind *k, const struct node *was,
                         struct node *next, const struct rest_managed_by *by);

/* Server-side apply of config over live (NULL: creates). ERR_CONFLICT: others own fields that
 * config changes; *causes is a list of {reason, message, field} then. Results are in a. */
int rest_managed_apply(struct arena *a, const struct api_kind *k, const struct node *live,
                       const struct node *config, const struct rest_managed_by *by,
                       struct node **out, struct node **causes);

#endif
