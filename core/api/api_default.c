#include "core/api/api_default.h"

static bool is_absent(const struct node *map, const char *key)
{
    const struct node *n = node_getz(map, key);

    return !n || n->kind == NODE_NULL;
}

struct node *api_default_map(struct arena *a, struct node *map, const char *key)
{
    struct node *n;

    if (!map || map->kind != NODE_MAP)
        return NULL;
    if (is_absent(map, key))
        node_set(map, str_of(key), node_new(a, NODE_MAP));
    n = node_getz(map, key);
    return n->kind == NODE_MAP ? n : NULL;
}

void api_default_str(struct arena *a, struct node *map, const char *key, const char *text)
{
    if (map && map->kind == NODE_MAP && is_absent(map, key))
        node_set_str(a, map, key, str_of(text));
}

void api_default_int(struct arena *a, struct node *map, const char *key, int64_t value)
{
    if (map && map->kind == NODE_MAP && is_absent(map, key))
        node_set(map, str_of(key), node_new_int(a, value));
}
