/* Istio's RequestAuthentication: which tokens requests may carry, and how they are verified. */
#ifndef CORE_API_REQUEST_AUTHENTICATION_H
#define CORE_API_REQUEST_AUTHENTICATION_H

#include "core/api/target_ref.h"
#include "core/api/workload_selector.h"
#include "core/text/field.h"

struct request_authentication_header {
    struct str name, prefix;
};

struct request_authentication_claim {
    struct str header, claim;
};

struct request_authentication_rule {
    struct field_at at;
    struct str issuer;
    struct str *audiences;
    size_t audiences_count;
    struct str jwks_uri, jwks;
    struct request_authentication_header *from_headers;
    size_t from_headers_count;
    struct str *from_params;
    size_t from_params_count;
    struct str *from_cookies;
    size_t from_cookies_count;
    struct str output_payload_to_header;
    struct request_authentication_claim *output_claims;
    size_t output_claims_count;
    bool forward_original_token;
    struct field_opt timeout;
    struct str *space_delimited_claims;
    size_t space_delimited_claims_count;
};

struct request_authentication { /* the spec */
    struct field_at at;
    struct workload_selector *selector;
    struct target_ref *target_ref; /* the old way */
    struct target_ref *target_refs;
    size_t target_refs_count;
    struct request_authentication_rule *rules;
    size_t rules_count;
};

extern FIELD_DECLARE(request_authentication);
extern FIELD_DECLARE(request_authentication_root);

#endif
