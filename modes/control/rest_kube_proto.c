#include "modes/control/rest_kube_proto.h"

#include "core/api/api_kind.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/field_encode.h"
#include "core/text/proto.h"

static const struct str magic = STR_INIT("k8s\0");

struct kube_type {
    struct str api_version, kind;
};

struct kube_unknown {
    struct kube_type *type;
    struct str raw;
    struct str encoding; /* of raw: "" or "gzip" */
};

/* clang-format off */
#define T struct kube_type
static const struct field kube_type_fields[] = {
    FIELD_STR(T, api_version, "apiVersion", .proto = 1, .help = "Group and version."),
    FIELD_STR(T, kind, "kind", .proto = 2, .help = "Kind."),
};
static FIELD_MESSAGE(kube_type, "k8s.io.apimachinery.pkg.runtime.TypeMeta", .help = "What it is.");
#undef T

#define T struct kube_unknown
static const struct field kube_unknown_fields[] = {
    FIELD_MSG(T, type, "typeMeta", kube_type, .proto = 1, .help = "What raw is."),
    FIELD_BYTES(T, raw, "raw", .proto = 2, .help = "The object."),
    FIELD_STR(T, encoding, "contentEncoding", .proto = 3, .help = "Of raw."),
};
static FIELD_MESSAGE(kube_unknown, "k8s.io.apimachinery.pkg.runtime.Unknown", .help = "An object in its wrapping.");
#undef T
/* clang-format on */

/* All of whose fields have numbers. */
static const uint16_t readable[] = { API_KIND_NAMESPACE, API_KIND_CONFIG_MAP, API_KIND_SECRET,
                                     API_KIND_SERVICE_ACCOUNT };

bool rest_kube_proto_is(struct str content_type)
{
    return str_istarts(content_type, STR("application/vnd.kubernetes.protobuf"));
}

static const struct api_kind *kind_of(const struct kube_type *type)
{
    const struct api_kind *k = api_kind_by_api_version(type->api_version, type->kind);

    for (size_t i = 0; k && i < COUNT_OF(readable); i++)
        if (k->id == readable[i])
            return k;
    return NULL;
}

int rest_kube_proto_read(struct arena *a, struct str bytes, struct node **out, const char **why)
{
    struct kube_unknown wrapping;
    const struct api_kind *k;
    struct node *n;
    void *root;

    *why = "it is no object in Kubernetes' wrapping";
    if (!str_starts(bytes, magic) ||
        proto_decode(&kube_unknown_message, bytes.p + magic.len, bytes.len - magic.len, a, 0,
                     &wrapping) != 0 ||
        !wrapping.type || wrapping.encoding.len)
        return ERR_INVALID;
    k = kind_of(wrapping.type);
    if (!k) {
        *why = "only Namespace, ConfigMap, Secret and ServiceAccount are read from protobuf: send "
               "JSON (kubectl apply -f)";
        return ERR_UNSUPPORTED;
    }
    root = arena_alloc0(a, 1, k->root->size);
    if (proto_decode(k->root, wrapping.raw.p, wrapping.raw.len, a, 0, root) != 0)
        return ERR_INVALID;
    n = field_encode_node(k->root, root, a);
    node_set_str(a, n, "apiVersion", wrapping.type->api_version);
    node_set_str(a, n, "kind", wrapping.type->kind);
    *out = n;
    return 0;
}
