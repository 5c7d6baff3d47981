#include "modes/control/rest_object.h"

#include "core/api/api_default.h"
#include "core/base/error.h"
#include "core/text/node_json.h"
#include "core/text/timestamp.h"

/* Of metadata; the store knows these itself. */
static const char *const system_fields[] = { "uid", "resourceVersion", "generation",
                                             "creationTimestamp", "selfLink" };

struct node *rest_object_meta(struct node *n, struct arena *a)
{
    struct node *meta = node_getz(n, "metadata");

    if (!meta || meta->kind != NODE_MAP) {
        meta = node_new(a, NODE_MAP);
        node_set(n, STR("metadata"), meta);
    }
    return meta;
}

/* Kubernetes counts the changes of what has a spec, but not in its core group. */
static bool has_generation(const struct api_kind *k)
{
    return k->spec && k->group[0];
}

void rest_object_set_system(const struct api_kind *k, struct node *n, const struct store_object *o,
                            const struct store_object *status, struct arena *a)
{
    struct node *meta = rest_object_meta(n, a);
    char version[STORE_VERSION_BYTES], uid[STORE_OBJECT_UID_TEXT], created[TIMESTAMP_TEXT_BYTES];

    store_version(o, status, version);
    store_object_uid_text(o, uid);
    timestamp_write_digits(o->created_ms * 1000000, 0, created);
    node_set_str(a, meta, "uid", arena_str(a, str_of(uid)));
    node_set_str(a, meta, "resourceVersion", arena_str(a, str_of(version)));
    node_set_str(a, meta, "creationTimestamp", arena_str(a, str_of(created)));
    if (has_generation(k))
        node_set(meta, STR("generation"), node_new_uint(a, o->generation));
}

struct node *rest_object_node(const struct api_kind *k, struct str version,
                              const struct store_object *o, const struct store_object *status,
                              struct arena *a)
{
    struct node *n, *said;

    /* A body was JSON when it was written; one that is not any more is shown by its name. */
    if (node_json_read(a, o->body, NULL, NULL, &n) != 0 || n->kind != NODE_MAP)
        n = node_new(a, NODE_MAP);
    node_set_str(a, n, "apiVersion", api_kind_api_version(k, version, a));
    node_set_str(a, n, "kind", str_of(k->kind));
    node_set_str(a, rest_object_meta(n, a), "name", arena_str(a, o->name));
    if (k->namespaced)
        node_set_str(a, rest_object_meta(n, a), "namespace", arena_str(a, o->ns));
    rest_object_set_system(k, n, o, status, a);
    if (status && node_json_read(a, status->body, NULL, NULL, &said) == 0)
        node_set(n, STR("status"), said);
    api_default_object(k, a, n);
    return n;
}

void rest_object_drop_nulls(struct node *n)
{
    for (struct node *child = n->first, *next; child; child = next) {
        next = child->next;
        if (n->kind == NODE_MAP && child->kind == NODE_NULL)
            node_remove(n, child);
        else
            rest_object_drop_nulls(child);
    }
}

int rest_object_body(const struct api_kind *k, const struct node *n, struct arena *a,
                     struct buf *out)
{
    struct node *body = node_copy(a, n), *meta = rest_object_meta(body, a);

    node_set_str(a, body, "apiVersion", api_kind_api_version(k, STR_NONE, a));
    node_set_str(a, body, "kind", str_of(k->kind));
    if (k->has_status)
        node_unset(body, STR("status"));
    for (size_t i = 0; i < sizeof(system_fields) / sizeof(system_fields[0]); i++)
        node_unset(meta, str_of(system_fields[i]));
    rest_object_drop_nulls(body);
    return node_write_json(body, out, NODE_SORTED);
}

struct field_pair *rest_object_labels(const struct node *n, struct arena *a, size_t *count)
{
    const struct node *labels = node_getz(node_getz(n, "metadata"), "labels");
    struct field_pair *pairs;

    *count = 0;
    if (!labels || labels->kind != NODE_MAP)
        return NULL;
    pairs = arena_alloc0(a, labels->count, sizeof(*pairs));
    NODE_EACH(it, labels)
    pairs[(*count)++] = (struct field_pair){ it->key, it->text };
    return pairs;
}

static struct node *read_spec(struct arena *a, struct str body)
{
    struct node *n;

    if (node_json_read(a, body, NULL, NULL, &n) != 0 || n->kind != NODE_MAP)
        return NULL;
    node_unset(n, STR("metadata"));
    node_unset(n, STR("status"));
    node_unset(n, STR("apiVersion"));
    return n;
}

bool rest_object_same_spec(void *arg, uint16_t kind, struct str old_body, struct str new_body)
{
    struct node *was, *now;
    struct arena a;
    bool same;

    (void)arg;
    (void)kind;
    if (str_eq(old_body, new_body))
        return true;
    arena_init(&a, 4096);
    was = read_spec(&a, old_body);
    now = read_spec(&a, new_body);
    same = was && now && node_equal(was, now);
    arena_deinit(&a);
    return same;
}
