#include "cmd/world.h"

#include "cmd/remote.h"
#include "core/base/map.h"
#include "core/base/mem.h"

static const uint16_t kinds[] = {
    API_KIND_NAMESPACE,
    API_KIND_SERVICE,
    API_KIND_POD,
    API_KIND_DEPLOYMENT,
    API_KIND_SECRET,
    API_KIND_VIRTUAL_SERVICE,
    API_KIND_GATEWAY,
    API_KIND_DESTINATION_RULE,
    API_KIND_SERVICE_ENTRY,
    API_KIND_WORKLOAD_ENTRY,
    API_KIND_PEER_AUTHENTICATION,
    API_KIND_AUTHORIZATION_POLICY,
    API_KIND_REQUEST_AUTHENTICATION,
    API_KIND_SIDECAR,
    API_KIND_TELEMETRY,
    API_KIND_PROXY_CONFIG,
    API_KIND_ENVOY_FILTER,
    API_KIND_WASM_PLUGIN,
    API_KIND_TRAFFIC_EXTENSION,
};

static void add_new(struct object_set *set, struct map *known, struct object_set *more,
                    struct arena *a)
{
    for (size_t i = 0; i < more->count; i++) {
        struct object *o = more->items[i];

        if (!map_get(known, object_key(o, a)))
            object_set_give(set, object_ref(o));
    }
}

int world_fetch(struct client *c, const char *ns, struct object_set *set)
{
    struct map known;
    struct arena a;
    int code = 0;

    map_init(&known);
    arena_init(&a, 4096);
    for (size_t i = 0; i < set->count; i++)
        map_put(&known, object_key(set->items[i], &a), set->items[i]);
    for (size_t i = 0; i < COUNT_OF(kinds) && !code; i++) {
        struct object_set more;

        object_set_init(&more);
        code = remote_list(c, api_kind_by_id(kinds[i]), ns, NULL, &more);
        add_new(set, &known, &more, &a);
        object_set_deinit(&more);
    }
    map_deinit(&known);
    arena_deinit(&a);
    return code;
}

void world_keep_last(struct object_set *set)
{
    struct map known;
    struct arena a;
    size_t kept = 0;

    map_init(&known);
    arena_init(&a, 4096);
    /* From the end, so that the last one of a key stays; then the rest moves down. */
    for (size_t i = set->count; i-- > 0;) {
        struct str key = object_key(set->items[i], &a);

        if (map_get(&known, key)) {
            object_unref(set->items[i]);
            set->items[i] = NULL;
        } else {
            map_put(&known, key, set->items[i]);
        }
    }
    for (size_t i = 0; i < set->count; i++) {
        if (set->items[i])
            set->items[kept++] = set->items[i];
    }
    set->count = kept;
    map_deinit(&known);
    arena_deinit(&a);
}
