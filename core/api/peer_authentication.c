#include "core/api/peer_authentication.h"

#include "core/api/api_check.h"
#include "core/api/istio_status.h"
#include "core/api/object_meta.h"

static void check_policy(struct field_check *c, const void *message)
{
    const struct peer_authentication *p = message;

    if (p->ports_count > 0 && (!p->selector || p->selector->labels_count == 0))
        field_decode_error_at(c, "portLevelMtls",
                              "needs a selector, since ports belong to workloads");
    for (size_t i = 0; i < p->ports_count; i++) {
        uint64_t port;

        if (str_to_u64(p->ports[i].key, 65535, &port) != 0 || port == 0)
            field_decode_error_at(c, "portLevelMtls", "\"%.*s\" is not a port (1..65535)",
                                  STR_ARG(p->ports[i].key));
    }
}

/* clang-format off */
static const struct field_enum_name peer_authentication_mode_names[] = {
    { "UNSET", PEER_AUTHENTICATION_UNSET, "As the next wider policy says." },
    { "DISABLE", PEER_AUTHENTICATION_DISABLE, "Plain text only." },
    { "PERMISSIVE", PEER_AUTHENTICATION_PERMISSIVE, "mTLS and plain text." },
    { "STRICT", PEER_AUTHENTICATION_STRICT, "mTLS only." },
};
static FIELD_ENUM_TABLE(peer_authentication_mode, "istio.security.v1beta1.PeerAuthentication.MutualTLS.Mode");

#define T struct peer_authentication_mtls
static const struct field peer_authentication_mtls_fields[] = {
    FIELD_ENUM(T, mode, "mode", peer_authentication_mode, .proto = 1, .default_text = "PERMISSIVE, unless a wider policy says otherwise", .help = "What callers may use."),
};
static FIELD_MESSAGE(peer_authentication_mtls, "istio.security.v1beta1.PeerAuthentication.MutualTLS", .at = FIELD_AT(T, at), .help = "Whether callers must use mTLS.");
#undef T

#define T struct peer_authentication
static const struct field peer_authentication_fields[] = {
    FIELD_MSG(T, selector, "selector", workload_selector, .proto = 1, .default_text = "all of the namespace; in the root namespace all of the mesh", .help = "Workloads that this is for."),
    FIELD_MSG(T, mtls, "mtls", peer_authentication_mtls, .proto = 2, .help = "For all ports."),
    FIELD_MAP_MSG(T, ports, "portLevelMtls", peer_authentication_port, peer_authentication_mtls, .proto = 3, .key_int = true, .min_items = 1, .help = "For single ports of the workload."),
};
FIELD_MESSAGE(peer_authentication, "istio.security.v1beta1.PeerAuthentication", .at = FIELD_AT(T, at), .check = check_policy, .help = "Whether callers must use mTLS.");
#undef T

struct peer_authentication_root {
    OBJECT_META_HEAD;
    struct peer_authentication *spec;
    struct istio_status *status;
};

#define T struct peer_authentication_root
static const struct field peer_authentication_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", peer_authentication, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", istio_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(peer_authentication_root, "io.istio.security.v1.PeerAuthentication", .at = FIELD_AT(T, at), .help = "Whether callers must use mTLS.");
#undef T
/* clang-format on */
