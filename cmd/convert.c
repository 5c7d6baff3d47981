#include "cmd/convert.h"

#include <stdarg.h>

#include "core/text/duration.h"

void convert_init(struct convert *c, const struct object_set *in, struct diag *diag)
{
    *c = (struct convert){ .in = in, .diag = diag };
    arena_init(&c->arena, 8192);
    c->out = node_new(&c->arena, NODE_LIST);
}

void convert_deinit(struct convert *c)
{
    arena_deinit(&c->arena);
}

void convert_warn(struct convert *c, struct field_at at, const char *fmt, ...)
{
    struct diag_pos pos = { .file = c->object->file, .line = at.line, .col = at.col };
    struct str text;
    va_list ap;

    va_start(ap, fmt);
    text = arena_vprintf(&c->arena, fmt, ap);
    va_end(ap);
    c->diag->object = object_title(c->object, &c->arena);
    (void)diag_add(c->diag, DIAG_WARNING, "MSH1050", &pos, STR_NONE, "%.*s", STR_ARG(text));
    c->diag->object = STR_NONE;
}

struct node *convert_object(struct convert *c, const char *api_version, const char *kind,
                            struct str name, struct str ns)
{
    struct node *o = convert_item(c, c->out), *meta;

    node_set_str(&c->arena, o, "apiVersion", str_of(api_version));
    node_set_str(&c->arena, o, "kind", str_of(kind));
    meta = convert_map(c, o, "metadata");
    node_set_str(&c->arena, meta, "name", name);
    node_set_str(&c->arena, meta, "namespace", ns);
    return convert_map(c, o, "spec");
}

struct node *convert_map(struct convert *c, struct node *map, const char *key)
{
    return node_set_new(&c->arena, map, key, NODE_MAP);
}

struct node *convert_list(struct convert *c, struct node *map, const char *key)
{
    return node_set_new(&c->arena, map, key, NODE_LIST);
}

struct node *convert_list_of(struct convert *c, struct node *map, const char *key)
{
    struct node *n = node_getz(map, key);

    return n ? n : convert_list(c, map, key);
}

struct node *convert_item(struct convert *c, struct node *list)
{
    return node_add_new(&c->arena, list, NODE_MAP);
}

void convert_text(struct convert *c, struct node *map, const char *key, struct str text)
{
    node_set_text(&c->arena, map, key, text);
}

void convert_int(struct convert *c, struct node *map, const char *key, int64_t value)
{
    node_set(map, str_of(key), node_new_int(&c->arena, value));
}

void convert_time(struct convert *c, struct node *map, const char *key, int64_t ns)
{
    char text[DURATION_TEXT_BYTES];
    size_t len = duration_write_go(ns, text);

    node_set_str(&c->arena, map, key, arena_str(&c->arena, str_make(text, len)));
}

size_t convert_to_gateway_api(struct convert *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->in->count; i++) {
        c->object = c->in->items[i];
        switch (c->object->kind->id) {
        case API_KIND_GATEWAY:
            convert_gateway(c);
            n++;
            break;
        case API_KIND_VIRTUAL_SERVICE:
            convert_routes(c);
            n++;
            break;
        default:
            break;
        }
    }
    return n;
}
