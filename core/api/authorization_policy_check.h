/* What must hold in an AuthorizationPolicy across fields; the rules of Istio's admission webhook.
 */
#ifndef CORE_API_AUTHORIZATION_POLICY_CHECK_H
#define CORE_API_AUTHORIZATION_POLICY_CHECK_H

#include "core/text/field_decode.h"

/* Of rows. */
void authorization_policy_check_service_account(struct field_check *c, const void *member);
void authorization_policy_check_path(struct field_check *c, const void *member);
void authorization_policy_check_key(struct field_check *c, const void *member);

/* Of messages. */
void authorization_policy_check_source(struct field_check *c, const void *message);
void authorization_policy_check_from(struct field_check *c, const void *message);
void authorization_policy_check_operation(struct field_check *c, const void *message);
void authorization_policy_check_to(struct field_check *c, const void *message);
void authorization_policy_check_condition(struct field_check *c, const void *message);
void authorization_policy_check_rule(struct field_check *c, const void *message);
void authorization_policy_check_policy(struct field_check *c, const void *message);

#endif
