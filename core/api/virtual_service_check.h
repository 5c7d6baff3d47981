/* What must hold in a VirtualService across fields; the rules of Istio's admission webhook. */
#ifndef CORE_API_VIRTUAL_SERVICE_CHECK_H
#define CORE_API_VIRTUAL_SERVICE_CHECK_H

#include "core/text/field_decode.h"

/* Of rows. */
void virtual_service_check_grpc_status(struct field_check *c, const void *member);
void virtual_service_check_retry_on(struct field_check *c, const void *member);
void virtual_service_check_max_age(struct field_check *c, const void *member);
void virtual_service_check_scheme(struct field_check *c, const void *member);

/* Of messages. */
void virtual_service_check_spec(struct field_check *c, const void *message);
void virtual_service_check_http(struct field_check *c, const void *message);
void virtual_service_check_http_match(struct field_check *c, const void *message);
void virtual_service_check_header_ops(struct field_check *c, const void *message);
void virtual_service_check_redirect(struct field_check *c, const void *message);
void virtual_service_check_rewrite(struct field_check *c, const void *message);
void virtual_service_check_regex_rewrite(struct field_check *c, const void *message);
void virtual_service_check_retry(struct field_check *c, const void *message);
void virtual_service_check_fault(struct field_check *c, const void *message);
void virtual_service_check_tls(struct field_check *c, const void *message);
void virtual_service_check_tcp(struct field_check *c, const void *message);

#endif
