#include "modes/control/ads_scope.h"

#include "core/api/mesh_file.h"
#include "core/api/mesh_scope.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/text/node_json.h"
#include "store/store.h"

static struct log_module log_module = LOG_MODULE("ads");

#define OWN_NS STR("istio-system") /* where control is, and MeshConfig with it */

static char is_in, is_out; /* values of discovered */

static void settle(struct ads_scope *s)
{
    s->root_ns = s->config.root_namespace.len ? s->config.root_namespace : OWN_NS;
}

static void forget_all(struct ads_scope *s)
{
    struct map_slot *slot;

    for (size_t at = 0; (slot = map_next(&s->discovered, &at));)
        mem_free((void *)(uintptr_t)slot->key.p); /* made by str_dup */
    map_clear(&s->discovered);
}

void ads_scope_init(struct ads_scope *s, const struct store *store)
{
    *s = (struct ads_scope){ .store = store };
    arena_init(&s->arena, 0);
    map_init(&s->discovered);
    settle(s);
}

void ads_scope_deinit(struct ads_scope *s)
{
    forget_all(s);
    map_deinit(&s->discovered);
    arena_deinit(&s->arena);
}

bool ads_scope_is_source(uint16_t kind, struct str ns, struct str name)
{
    return kind == API_KIND_CONFIG_MAP && str_eq(name, MESH_FILE_NAME) && str_eq(ns, OWN_NS);
}

bool ads_scope_read(struct ads_scope *s, const struct object *config_map)
{
    uint64_t hash = config_map ? config_map->content_hash : 0;
    struct mesh_config config = { 0 };
    struct arena arena;

    if (hash == s->hash)
        return false;
    arena_init(&arena, 4096);
    if (config_map) {
        struct str text = arena_str(&arena, mesh_file_key(config_map, "mesh"));

        if (mesh_file_read_config(text, STR_NONE, &arena, NULL, &config) != 0) {
            log_warn("ConfigMap istio of istio-system has no MeshConfig that can be read: "
                     "the one before stays");
            arena_deinit(&arena);
            return false;
        }
    }
    arena_deinit(&s->arena);
    s->arena = arena;
    s->config = config;
    s->hash = hash;
    forget_all(s);
    settle(s);
    return true;
}

/* ---- namespaces ---- */

/* Labels of a Namespace as it is stored; in a. */
static void read_labels(const struct store_object *o, struct arena *a,
                        struct mesh_scope_namespace *out)
{
    struct field_pair *list;
    const struct node *labels;
    struct node *root;
    size_t count = 0;

    if (node_json_read(a, o->body, NULL, NULL, &root) != 0)
        return;
    labels = node_path(root, "metadata.labels");
    if (!labels || labels->kind != NODE_MAP)
        return;
    NODE_EACH(one, labels)
    count++;
    list = arena_alloc0(a, count, sizeof(*list));
    NODE_EACH(one, labels)
    list[out->label_count++] = (struct field_pair){ one->key, one->text };
    out->labels = list;
}

static bool ask(const struct ads_scope *s, struct str name)
{
    const struct store_object *o = store_find(s->store, API_KIND_NAMESPACE, STR(""), name);
    struct mesh_scope_namespace ns = { .name = name };
    struct arena a;
    bool has;

    arena_init(&a, 1024);
    if (o && !o->dead)
        read_labels(o, &a, &ns);
    has = mesh_scope_has(&s->config, &ns);
    arena_deinit(&a);
    return has;
}

bool ads_scope_follow_namespace(struct ads_scope *s, struct str name)
{
    struct map_slot *slot = map_find(&s->discovered, name);
    const char *before = slot ? slot->value : NULL;

    if (!before)
        return false;
    slot->value = ask(s, name) ? &is_in : &is_out;
    return slot->value != before;
}

bool ads_scope_has(struct ads_scope *s, struct str ns)
{
    const char *known;

    if (!ns.len || s->config.discovery_selectors_count == 0)
        return true;
    known = map_get(&s->discovered, ns);
    if (!known) {
        known = ask(s, ns) ? &is_in : &is_out;
        map_put(&s->discovered, str_make(str_dup(ns), ns.len), (void *)(uintptr_t)known);
    }
    return known == &is_in;
}
