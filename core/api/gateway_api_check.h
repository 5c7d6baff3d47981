/* Checks that rows of the Gateway API's kinds share: the patterns of its CRDs, with reasons.
 *
 * gateway_api_crd_test holds each of them against the pattern it stands for. */
#ifndef CORE_API_GATEWAY_API_CHECK_H
#define CORE_API_GATEWAY_API_CHECK_H

#include <stdbool.h>

#include "core/text/field_decode.h"

/* Rows of strings. Unlike those of api_check.h they refuse the empty string, except check_group. */
void gateway_api_check_group(struct field_check *c, const void *member); /* "" is the core group */
void gateway_api_check_kind(struct field_check *c, const void *member);
void gateway_api_check_namespace(struct field_check *c, const void *member);
void gateway_api_check_section(struct field_check *c, const void *member);
void gateway_api_check_hostname(struct field_check *c, const void *member); /* may be "*.x" */
void gateway_api_check_precise_hostname(struct field_check *c, const void *member);
void gateway_api_check_controller(struct field_check *c, const void *member); /* "domain/path" */
void gateway_api_check_header_name(struct field_check *c, const void *member);
void gateway_api_check_header_value(struct field_check *c, const void *member);
void gateway_api_check_protocol(struct field_check *c, const void *member);
void gateway_api_check_address_type(struct field_check *c, const void *member);
void gateway_api_check_origin(struct field_check *c, const void *member); /* of CORS */
void gateway_api_check_auth_path(struct field_check *c, const void *member);
void gateway_api_check_cookie_path(struct field_check *c, const void *member);
void gateway_api_check_uri(struct field_check *c, const void *member);
void gateway_api_check_well_known(struct field_check *c, const void *member);
void gateway_api_check_reason(struct field_check *c, const void *member);
void gateway_api_check_condition(struct field_check *c, const void *member); /* its type */
void gateway_api_check_label_value(struct field_check *c, const void *member);
/* Of a duration: one to four times digits and h, m, s or ms (GEP-2257). */
void gateway_api_check_duration(struct field_check *c, const void *member);

/* ASCII letters before and after, '-' inside. */
bool gateway_api_check_is_kind(struct str s);
/* Lower case; the first label may be "*". */
bool gateway_api_check_is_hostname(struct str s);

#endif
