#include "core/api/gateway_api_stream_route.h"

#include <stdio.h>

#include "core/api/api_check.h"
#include "core/api/gateway_api_check.h"
#include "core/api/gateway_api_gateway.h"
#include "core/base/mem.h"

#define GATEWAY "io.k8s.networking.gateway.v1."

struct gateway_api_stream_root {
    OBJECT_META_HEAD;
    struct gateway_api_stream_route *spec;
    struct gateway_api_status_route_status *status;
};

/* v1 is stricter than the versions before it. */
static bool is_v1(const struct gateway_api_stream_root *root)
{
    return str_is(root->api_version, GATEWAY_API_GROUP "/v1");
}

static void check_root(struct field_check *c, const void *message)
{
    const struct gateway_api_stream_root *root = message;

    if (root->spec && is_v1(root) && root->spec->rules_count > 1)
        field_decode_error_at(c, "spec.rules", "%zu items are more than 1",
                              root->spec->rules_count);
}

static void check_tls_root(struct field_check *c, const void *message)
{
    const struct gateway_api_stream_root *root = message;

    check_root(c, message);
    if (root->spec && is_v1(root) && root->spec->hostnames_count == 0)
        field_decode_error_at(c, "spec.hostnames", "at least one host is required");
}

/* clang-format off */
#define T struct gateway_api_stream_rule
static const struct field gateway_api_stream_rule_fields[] = {
    FIELD_STR(T, name, "name", .max_len = 253, .check = gateway_api_check_section, .help = "Name of the rule."),
    FIELD_LIST_MSG(T, backends, "backendRefs", gateway_api_ref_backend_ref, .required = true, .min_items = 1, .max_items = 16, .help = "Where connections go."),
};
static FIELD_MESSAGE(gateway_api_stream_rule, GATEWAY "TCPRouteRule", .at = FIELD_AT(T, at), .help = "Which connections go where.");
#undef T

#define RULES FIELD_LIST_MSG(T, rules, "rules", gateway_api_stream_rule, .required = true, .min_items = 1, .max_items = 16, .help = "Which connections go where; v1 has one rule only.")

#define T struct gateway_api_stream_route
static const struct field gateway_api_stream_route_fields[] = { GATEWAY_API_ROUTE_ROWS(T), RULES };
FIELD_MESSAGE(gateway_api_stream_route, GATEWAY "TCPRouteSpec", .at = FIELD_AT(T, at), .help = "Which connections go where.");

static const struct field tls_rows[] = {
    GATEWAY_API_ROUTE_ROWS(T),
    GATEWAY_API_HOSTNAMES(T, 1024, .default_text = "all, before v1"),
    RULES,
};
const struct field_message gateway_api_stream_route_of_tls = {
    .name = GATEWAY "TLSRouteSpec", .help = "Which TLS connections go where.",
    .fields = tls_rows, .count = COUNT_OF(tls_rows), .size = sizeof(T), .at = FIELD_AT(T, at), .cache = &(struct field_cache){ NULL },
};
#undef T

#define T struct gateway_api_stream_root
#define ROOT(tag, message_name, spec_message, root_check, about) \
    static const struct field tag##_rows[] = { \
        OBJECT_META_ROWS(T), \
        { .name = "spec", .type = FIELD_TYPE_MSG, .shape = FIELD_SHAPE_PTR, .msg = &spec_message, .item_bytes = sizeof(struct gateway_api_stream_route), \
          .offset = offsetof(T, spec), .required = true, .help = "What is wanted." }, \
        FIELD_MSG(T, status, "status", gateway_api_status_route_status, .read_only = true, .help = "What is."), \
    }; \
    const struct field_message tag##_message = { \
        .name = message_name, .help = about, .fields = tag##_rows, .count = COUNT_OF(tag##_rows), .size = sizeof(T), \
        .at = FIELD_AT(T, at), .check = root_check, .cache = &(struct field_cache){ NULL }, \
    }

ROOT(gateway_api_stream_route_tcp_root, GATEWAY "TCPRoute", gateway_api_stream_route_message, check_root, "Which TCP connections go where.");
ROOT(gateway_api_stream_route_tls_root, GATEWAY "TLSRoute", gateway_api_stream_route_of_tls, check_tls_root, "Which TLS connections go where.");
ROOT(gateway_api_stream_route_udp_root, GATEWAY "UDPRoute", gateway_api_stream_route_message, check_root, "Which datagrams go where.");
#undef T
/* clang-format on */
