#include "core/api/k8s_service_account.h"

#include "core/api/object_meta.h"

struct k8s_service_account {
    OBJECT_META_HEAD;
    const struct node **secrets;
    size_t secrets_count;
    const struct node **image_pull_secrets;
    size_t image_pull_secrets_count;
    struct field_opt automount;
};

/* clang-format off */
#define T struct k8s_service_account
static const struct field k8s_service_account_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_LIST_JSON(T, secrets, "secrets", .help = "Secrets that its pods may use."),
    FIELD_LIST_JSON(T, image_pull_secrets, "imagePullSecrets", .help = "Secrets to fetch images with."),
    FIELD_OPT_BOOL(T, automount, "automountServiceAccountToken", .proto = 4, .help = "Whether pods get a token."),
};
FIELD_MESSAGE(k8s_service_account, "io.k8s.api.core.v1.ServiceAccount", .at = FIELD_AT(T, at), .help = "An identity for workloads.");
#undef T
/* clang-format on */
