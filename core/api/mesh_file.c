#include "core/api/mesh_file.h"

#include <string.h>

#include "core/api/k8s_config_map.h"
#include "core/base/error.h"
#include "core/text/node_patch.h"
#include "core/text/node_yaml.h"

#define KEY_MESH     "mesh"
#define KEY_NETWORKS "meshNetworks"
#define ROOT_NS      STR("istio-system")

const struct node *mesh_file_find(const struct node *doc)
{
    if (doc->kind != NODE_MAP)
        return NULL;
    if (str_is(node_get_str(doc, "kind"), "IstioOperator") &&
        str_starts(node_get_str(doc, "apiVersion"), STR("install.istio.io/")))
        return node_path(doc, "spec.meshConfig");
    if (node_getz(doc, "apiVersion") || node_getz(doc, "kind"))
        return NULL;
    NODE_EACH(child, doc)
    if (field_find(&mesh_config_message, child->key))
        return doc;
    return NULL;
}

static int decode(const struct field_message *m, const struct node *n, struct arena *a,
                  struct diag *d, enum field_decode_unknown unknown, void *out)
{
    struct field_scope scope = { .arena = a, .diag = d, .kind = m->name, .unknown = unknown };
    struct diag own;
    int err;

    if (d)
        return field_decode(m, n, &scope, out);
    diag_init(&own);
    scope.diag = &own;
    err = field_decode(m, n, &scope, out);
    diag_deinit(&own);
    return err;
}

static int read_text(const struct field_message *m, struct str text, struct arena *a,
                     struct diag *d, enum field_decode_unknown unknown, void *out)
{
    struct node *n;
    int err;

    memset(out, 0, m->size);
    if (text.len == 0)
        return 0;
    err = node_yaml_read_one(a, text, NULL, d, &n);
    if (err || n->kind == NODE_NULL)
        return err;
    return decode(m, n, a, d, unknown, out);
}

/* The annotation's members into those of defaultConfig, as protobuf merges messages. */
static int merge_own(struct arena *a, struct str own, struct diag *d, struct node **mesh)
{
    struct node *n, *patch = node_new(a, NODE_MAP);
    struct str why;
    int err = node_yaml_read_one(a, own, NULL, d, &n);

    if (err || n->kind == NODE_NULL)
        return err;
    if (n->kind != NODE_MAP) {
        if (d)
            (void)diag_add(d, DIAG_ERROR, "MSH1001", NULL, STR("defaultConfig"),
                           "is not a map of ProxyConfig's fields");
        return ERR_INVALID;
    }
    node_set(patch, STR("defaultConfig"), n);
    return node_patch_merge(a, *mesh, patch, mesh, &why);
}

int mesh_file_read_config(struct str text, struct str own, struct arena *a, struct diag *d,
                          struct mesh_config *out)
{
    struct node *n = NULL;
    int err = 0;

    memset(out, 0, sizeof(*out));
    if (text.len)
        err = node_yaml_read_one(a, text, NULL, d, &n);
    if (!err && (!n || n->kind == NODE_NULL))
        n = node_new(a, NODE_MAP);
    if (!err && own.len)
        err = merge_own(a, own, d, &n);
    return err ? err : decode(&mesh_config_message, n, a, d, FIELD_DECODE_IGNORE, out);
}

int mesh_file_read_networks(struct str text, struct arena *a, struct diag *d,
                            struct mesh_networks *out)
{
    return read_text(&mesh_networks_message, text, a, d, FIELD_DECODE_IGNORE, out);
}

static struct str find_key(const struct k8s_config_map *map, const char *key)
{
    for (size_t i = 0; i < map->data_count; i++)
        if (str_is(map->data[i].key, key))
            return map->data[i].value;
    return STR_NONE;
}

struct str mesh_file_key(const struct object *o, const char *key)
{
    return find_key(o->spec, key);
}

/* ---- a document becomes the ConfigMap ---- */

int mesh_file_to_object(struct object **out, const struct node *mesh, struct diag *d,
                        const struct object_options *opt)
{
    struct mesh_config config;
    struct node *root, *part;
    struct arena a;
    struct buf text;
    int err;

    arena_init(&a, 16384);
    buf_init(&text, 0);
    err = decode(&mesh_config_message, mesh, &a, d, FIELD_DECODE_REFUSE, &config);
    if (!err)
        err = node_write_json(mesh, &text, 0);
    if (!err) {
        root = node_new(&a, NODE_MAP);
        root->file = mesh->file;
        root->line = mesh->line;
        root->col = mesh->col;
        node_set_str(&a, root, "apiVersion", STR("v1"));
        node_set_str(&a, root, "kind", STR("ConfigMap"));
        part = node_set_new(&a, root, "metadata", NODE_MAP);
        node_set_str(&a, part, "name", MESH_FILE_NAME);
        node_set_str(&a, part, "namespace", ROOT_NS);
        part = node_set_new(&a, root, "data", NODE_MAP);
        node_set_str(&a, part, KEY_MESH, buf_str(&text));
        err = object_decode(out, root, d, opt);
    }
    buf_deinit(&text);
    arena_deinit(&a);
    return err;
}

/* ---- the check of a ConfigMap ---- */

static void check_key(struct field_check *c, const struct k8s_config_map *map, const char *key,
                      const char *where, const struct field_message *m)
{
    struct str text = find_key(map, key);
    struct diag inner;
    struct arena a;
    void *out;

    if (text.len == 0)
        return;
    arena_init(&a, 16384);
    diag_init(&inner);
    out = arena_alloc0(&a, 1, m->size);
    (void)read_text(m, text, &a, &inner, FIELD_DECODE_REFUSE, out);
    for (const struct diag_item *i = inner.first; i; i = i->next) {
        if (i->severity != DIAG_ERROR)
            continue;
        field_decode_error_at(c, where, "line %d of it, %.*s%s%.*s", i->pos.line, STR_ARG(i->path),
                              i->path.len ? ": " : "", STR_ARG(i->message));
    }
    diag_deinit(&inner);
    arena_deinit(&a);
}

void mesh_file_check(struct field_check *c, const void *message)
{
    const struct k8s_config_map *map = message;

    if (!map->metadata || !str_eq(map->metadata->name, MESH_FILE_NAME))
        return;
    check_key(c, map, KEY_MESH, "data.mesh", &mesh_config_message);
    check_key(c, map, KEY_NETWORKS, "data.meshNetworks", &mesh_networks_message);
}
