/* Which secrets a proxy may have: those that an object which is for it names.
 *
 * - Gateway (Istio's): gateways with the labels of its selector, of whatever namespace it is;
 *   credentials are read in the gateway's own (GWB-3).
 * - Gateway (Kubernetes'): not here, see ads_share_secrets.
 * - Ingress: gateways of any namespace, in their own; for its own see ads_share_secrets.
 * - DestinationRule: gateways of any namespace that sees it; sidecars of its own namespace that its
 *   workloadSelector selects.
 *
 * An index by name, kept up to date as objects come and go. One thread. */
#ifndef MODES_CONTROL_ADS_CREDENTIAL_H
#define MODES_CONTROL_ADS_CREDENTIAL_H

#include "core/api/object.h"
#include "core/compile/multimap.h"

struct ads_credential {
    struct map users;        /* resource name of an object -> struct user */
    struct multimap by_name; /* secret's name -> struct user */
};

void ads_credential_init(struct ads_credential *x);
void ads_credential_deinit(struct ads_credential *x);

/* Says which secrets others may have now: name, in whatever namespace. */
typedef void ads_credential_changed_fn(void *arg, struct str name);

/* An object under the name it is served by; o NULL: it is gone. Objects that name no secret are
 * taken and do nothing. */
void ads_credential_put(struct ads_credential *x, struct str key, const struct object *o,
                        ads_credential_changed_fn *changed, void *arg);

struct ads_credential_node {
    struct str ns;
    const struct field_pair *labels;
    size_t label_count;
    bool is_gateway;
};

bool ads_credential_may_have(const struct ads_credential *x, const struct ads_credential_node *node,
                             struct str secret_ns, struct str secret_name);

#endif
