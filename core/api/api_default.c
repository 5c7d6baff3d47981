#include "core/api/api_default.h"

#include "core/text/node_json.h"

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

static void fill_value(struct arena *a, struct node *value, const struct field *f);

static void fill_message(struct arena *a, struct node *map, const struct field_message *m)
{
    if (map->kind != NODE_MAP)
        return;
    for (uint32_t i = 0; i < m->count; i++) {
        const struct field *f = &m->fields[i];
        struct node *value;

        /* A row's own text is JSON (gateway_api_crd_test reads all of them). */
        if (f->fill && is_absent(map, f->name) &&
            node_json_read(a, str_of(f->fill), NULL, NULL, &value) == 0)
            node_set(map, str_of(f->name), value);
        if (f->msg && !is_absent(map, f->name))
            fill_value(a, node_getz(map, f->name), f);
    }
}

static void fill_value(struct arena *a, struct node *value, const struct field *f)
{
    if (f->shape != FIELD_SHAPE_LIST && f->shape != FIELD_SHAPE_MAP) {
        fill_message(a, value, f->msg);
        return;
    }
    if (value->kind == NODE_LIST || value->kind == NODE_MAP)
        NODE_EACH(item, value)
    fill_message(a, item, f->msg);
}

void api_default_object(const struct api_kind *k, struct arena *a, struct node *object)
{
    struct node *spec = k->fills ? node_getz(object, "spec") : NULL;

    if (spec)
        fill_message(a, spec, k->spec);
    if (k->set_defaults)
        k->set_defaults(a, object);
}
