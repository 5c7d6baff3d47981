#include "core/api/k8s_secret.h"

#include "core/api/api_check.h"
#include "core/api/api_default.h"
#include "core/base/encode.h"

static bool is_key(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = str_lower_char(s.p[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
            return false;
    }
    return s.len > 0 && s.len <= 253;
}

static void check_secret(struct field_check *c, const void *message)
{
    const struct k8s_secret *s = message;
    bool tls = str_is(s->type, "kubernetes.io/tls");

    api_check_keys(c, "data", s->data, s->data_count, is_key,
                   "a key: letters, digits, '-', '_' and '.'");
    if (tls && !k8s_secret_find(s, STR("tls.crt")).p)
        field_decode_error_at(c, "data", "type kubernetes.io/tls needs tls.crt");
    if (tls && !k8s_secret_find(s, STR("tls.key")).p)
        field_decode_error_at(c, "data", "type kubernetes.io/tls needs tls.key");
}

/* clang-format off */
#define T struct k8s_secret
static const struct field k8s_secret_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_STR(T, type, "type", .proto = 3, .default_text = "Opaque", .help = "What is in it: Opaque, kubernetes.io/tls."),
    FIELD_MAP_BYTES(T, data, "data", .proto = 2, .help = "Values by key, in base64."),
    FIELD_MAP_STR(T, string_data, "stringData", .proto = 4, .help = "Values by key as text; stored under data."),
    FIELD_BOOL(T, immutable, "immutable", .proto = 5, .help = "Whether values may never change."),
};
FIELD_MESSAGE(k8s_secret, "io.k8s.api.core.v1.Secret", .at = FIELD_AT(T, at), .check = check_secret, .help = "Keys, certificates, tokens.");
#undef T
/* clang-format on */

struct str k8s_secret_find(const struct k8s_secret *s, struct str key)
{
    for (size_t i = 0; i < s->data_count; i++)
        if (str_eq(s->data[i].key, key))
            return s->data[i].value;
    return STR_NONE;
}

void k8s_secret_set_defaults(struct arena *a, struct node *object)
{
    const struct node *text = node_getz(object, "stringData");
    struct node *data;

    api_default_str(a, object, "type", "Opaque");
    if (!text || text->kind != NODE_MAP)
        return;
    NODE_EACH(value, text)
    if (value->kind != NODE_STRING)
        return; /* decoding will report it */
    data = api_default_map(a, object, "data");
    if (!data)
        return;
    NODE_EACH(value, text)
    {
        struct buf b;

        buf_init(&b, 0); /* bounded by the text it comes from */
        encode_base64(&b, value->text);
        node_set(data, value->key, node_new_str(a, arena_str(a, buf_str(&b))));
        buf_deinit(&b);
    }
    node_unset(object, STR("stringData"));
}
