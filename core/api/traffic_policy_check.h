/* What must hold in a traffic policy across fields; the rules of Istio's admission webhook. */
#ifndef CORE_API_TRAFFIC_POLICY_CHECK_H
#define CORE_API_TRAFFIC_POLICY_CHECK_H

#include "core/text/field_decode.h"

/* Of rows. */
void traffic_policy_check_table_size(struct field_check *c, const void *member);
void traffic_policy_check_tunnel_protocol(struct field_check *c, const void *member);

/* Of messages. */
void traffic_policy_check_policy(struct field_check *c, const void *message);
void traffic_policy_check_port(struct field_check *c, const void *message);
void traffic_policy_check_lb(struct field_check *c, const void *message);
void traffic_policy_check_hash(struct field_check *c, const void *message);
void traffic_policy_check_locality(struct field_check *c, const void *message);
void traffic_policy_check_pool(struct field_check *c, const void *message);
void traffic_policy_check_http(struct field_check *c, const void *message);
void traffic_policy_check_outlier(struct field_check *c, const void *message);
void traffic_policy_check_tls(struct field_check *c, const void *message);

#endif
