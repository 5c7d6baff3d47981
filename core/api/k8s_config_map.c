#include "core/api/k8s_config_map.h"

#include "core/api/mesh_file.h"

/* clang-format off */
#define T struct k8s_config_map
static const struct field k8s_config_map_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MAP_STR(T, data, "data", .proto = 2, .help = "Texts by key."),
    FIELD_MAP_BYTES(T, binary_data, "binaryData", .proto = 3, .help = "Bytes by key, in base64."),
    FIELD_BOOL(T, immutable, "immutable", .proto = 4, .help = "Whether values may never change."),
};
FIELD_MESSAGE(k8s_config_map, "io.k8s.api.core.v1.ConfigMap", .at = FIELD_AT(T, at), .check = mesh_file_check, .help = "Named texts.");
#undef T
/* clang-format on */
