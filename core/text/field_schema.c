#include "core/text/field_schema.h"

#include <stdio.h>

#include "core/base/error.h"
#include "core/text/node_json.h"

static const char *const prefixes[] = {
    [FIELD_SCHEMA_JSON] = "#/$defs/",
    [FIELD_SCHEMA_OPENAPI_V2] = "#/definitions/",
    [FIELD_SCHEMA_OPENAPI_V3] = "#/components/schemas/",
};

struct schema {
    struct arena *arena;
    struct node *defs;
    enum field_schema_kind kind;
};

static void set_text(struct schema *s, struct node *map, const char *key, const char *text)
{
    if (text)
        node_set_str(s->arena, map, key, str_of(text));
}

static void set_int(struct schema *s, struct node *map, const char *key, int64_t value)
{
    node_set(map, str_of(key), node_new_int(s->arena, value));
}

static void set_true(struct schema *s, struct node *map, const char *key)
{
    node_set(map, str_of(key), node_new_bool(s->arena, true));
}

struct node *field_schema_ref(const struct field_message *m, enum field_schema_kind kind,
                              struct arena *a)
{
    struct node *n = node_new(a, NODE_MAP);

    node_set_str(a, n, "$ref", arena_printf(a, "%s%s", prefixes[kind], m->name));
    return n;
}

static void set_range(struct schema *s, struct node *n, const struct field *f)
{
    int64_t min = f->min, max = f->max;
    bool bounded = min || max;

    if (f->width == FIELD_UINT32 || f->width == FIELD_UINT64) {
        bounded = true;
        if (min < 0)
            min = 0;
        if (f->width == FIELD_UINT32 && max == 0)
            max = UINT32_MAX;
    }
    if (!bounded)
        return;
    set_int(s, n, "minimum", min);
    if (max || min < 0)
        set_int(s, n, "maximum", max);
}

static void set_names(struct schema *s, struct node *n, const struct field_enum *e)
{
    struct node *list = node_new(s->arena, NODE_LIST);

    for (size_t i = 0; i < e->count; i++)
        node_add(list, node_new_str(s->arena, str_of(e->values[i].name)));
    node_set(n, STR("enum"), list);
}

/* {"anyOf": [{"type": "integer"}, {"type": "string"}]} or what a dialect has for it. */
static void set_int_or_str(struct schema *s, struct node *n)
{
    struct node *list, *one;

    if (s->kind == FIELD_SCHEMA_OPENAPI_V2) {
        set_text(s, n, "type", "string");
        set_text(s, n, "format", "int-or-string");
        return;
    }
    list = node_new(s->arena, NODE_LIST);
    one = node_new(s->arena, NODE_MAP);
    set_text(s, one, "type", "integer");
    node_add(list, one);
    one = node_new(s->arena, NODE_MAP);
    set_text(s, one, "type", "string");
    node_add(list, one);
    node_set(n, STR("anyOf"), list);
    if (s->kind == FIELD_SCHEMA_OPENAPI_V3)
        set_true(s, n, "x-kubernetes-int-or-string");
}

static void set_number(struct schema *s, struct node *n, const struct field *f)
{
    bool narrow = f->width == FIELD_INT32;

    set_text(s, n, "type", f->json_string ? "string" : "integer");
    set_text(s, n, "format", narrow ? "int32" : "int64");
    if (!f->json_string)
        set_range(s, n, f);
}

static void set_any(struct schema *s, struct node *n)
{
    if (s->kind == FIELD_SCHEMA_JSON)
        return; /* the empty schema takes anything */
    set_text(s, n, "type", "object");
    set_true(s, n, "x-kubernetes-preserve-unknown-fields");
}

/* One value: the field itself, a list's item, a map's value. */
static struct node *value_schema(struct schema *s, const struct field *f)
{
    struct node *n = node_new(s->arena, NODE_MAP);

    switch ((enum field_type)f->type) {
    case FIELD_TYPE_BOOL:
        set_text(s, n, "type", "boolean");
        break;
    case FIELD_TYPE_INT:
        set_number(s, n, f);
        break;
    case FIELD_TYPE_DOUBLE:
        set_text(s, n, "type", "number");
        set_text(s, n, "format", "double");
        set_range(s, n, f);
        break;
    case FIELD_TYPE_ENUM:
        set_text(s, n, "type", "string");
        set_names(s, n, f->names);
        break;
    case FIELD_TYPE_BYTES:
        set_text(s, n, "type", "string");
        set_text(s, n, "format", "byte");
        break;
    case FIELD_TYPE_TIMESTAMP:
        set_text(s, n, "type", "string");
        set_text(s, n, "format", "date-time");
        break;
    case FIELD_TYPE_STR:
    case FIELD_TYPE_DURATION:
        set_text(s, n, "type", "string");
        if (f->max_len)
            set_int(s, n, "maxLength", f->max_len);
        break;
    case FIELD_TYPE_QUANTITY:
    case FIELD_TYPE_INT_OR_STR:
        set_int_or_str(s, n);
        break;
    case FIELD_TYPE_JSON:
        set_any(s, n);
        break;
    case FIELD_TYPE_MSG:
        field_schema_add(f->msg, s->kind, s->arena, s->defs);
        return field_schema_ref(f->msg, s->kind, s->arena);
    }
    return n;
}

/* OpenAPI 2 and 3.0 ignore what stands beside a $ref, so a description needs allOf around it. */
static struct node *describable(struct schema *s, struct node *n)
{
    struct node *outer, *list;

    if (!node_getz(n, "$ref") || s->kind == FIELD_SCHEMA_JSON)
        return n;
    outer = node_new(s->arena, NODE_MAP);
    if (s->kind == FIELD_SCHEMA_OPENAPI_V2) /* Kubernetes writes both side by side here */
        return n;
    list = node_new(s->arena, NODE_LIST);
    node_add(list, n);
    node_set(outer, STR("allOf"), list);
    return outer;
}

static void set_merge_key(struct schema *s, struct node *n, const struct field *f)
{
    struct node *keys;
    struct str rest;

    if (!f->merge_key)
        return;
    if (!f->merge_key[0]) {
        set_text(s, n, "x-kubernetes-list-type", "set");
        set_text(s, n, "x-kubernetes-patch-strategy", "merge");
        return;
    }
    keys = node_new(s->arena, NODE_LIST);
    rest = str_of(f->merge_key);
    while (rest.p)
        node_add(keys, node_new_str(s->arena, str_cut(&rest, ',')));
    set_text(s, n, "x-kubernetes-list-type", "map");
    node_set(n, STR("x-kubernetes-patch-merge-key"), node_new_str(s->arena, keys->first->text));
    set_text(s, n, "x-kubernetes-patch-strategy", "merge");
    node_set(n, STR("x-kubernetes-list-map-keys"), keys);
}

static struct node *field_schema(struct schema *s, const struct field *f)
{
    struct node *n = value_schema(s, f), *outer, *fill;
    struct str help = str_of(f->help ? f->help : "");

    if (f->shape == FIELD_SHAPE_LIST || f->shape == FIELD_SHAPE_MAP) {
        bool is_list = f->shape == FIELD_SHAPE_LIST;

        outer = node_new(s->arena, NODE_MAP);
        set_text(s, outer, "type", is_list ? "array" : "object");
        node_set(outer, is_list ? STR("items") : STR("additionalProperties"), n);
        if (f->min_items)
            set_int(s, outer, is_list ? "minItems" : "minProperties", f->min_items);
        if (f->max_items)
            set_int(s, outer, is_list ? "maxItems" : "maxProperties", f->max_items);
        set_merge_key(s, outer, f);
        n = outer;
    } else {
        n = describable(s, n);
    }
    if (f->default_text)
        help = arena_printf(s->arena, "%.*s%sDefault: %s.", STR_ARG(help), help.len ? " " : "",
                            f->default_text);
    if (help.len)
        node_set(n, STR("description"), node_new_str(s->arena, help));
    if (f->fill && s->kind != FIELD_SCHEMA_OPENAPI_V2 &&
        node_json_read(s->arena, str_of(f->fill), NULL, NULL, &fill) == 0)
        node_set(n, STR("default"), fill);
    if (f->deprecated && s->kind != FIELD_SCHEMA_OPENAPI_V2)
        set_true(s, n, "deprecated");
    if (f->read_only)
        set_true(s, n, "readOnly");
    return n;
}

void field_schema_add(const struct field_message *m, enum field_schema_kind kind, struct arena *a,
                      struct node *defs)
{
    struct schema s = { a, defs, kind };
    struct node *def, *properties, *required;

    if (node_getz(defs, m->name))
        return;
    def = node_new(a, NODE_MAP);
    node_set(defs, str_of(m->name), def); /* before its fields: messages contain themselves */
    set_text(&s, def, "type", "object");
    set_text(&s, def, "description", m->help);
    properties = node_new(a, NODE_MAP);
    required = node_new(a, NODE_LIST);
    for (uint32_t i = 0; i < m->count; i++) {
        node_set(properties, str_of(m->fields[i].name), field_schema(&s, &m->fields[i]));
        if (m->fields[i].required)
            node_add(required, node_new_str(a, str_of(m->fields[i].name)));
    }
    if (m->count)
        node_set(def, STR("properties"), properties);
    if (required->count)
        node_set(def, STR("required"), required);
    if (kind == FIELD_SCHEMA_JSON)
        node_set(def, STR("additionalProperties"), node_new_bool(a, false));
}

struct node *field_schema_document(const struct field_message *m, struct arena *a)
{
    struct node *doc = node_new(a, NODE_MAP), *defs = node_new(a, NODE_MAP);

    node_set_str(a, doc, "$schema", STR("https://json-schema.org/draft/2020-12/schema"));
    node_set_str(a, doc, "title", str_of(m->name));
    field_schema_add(m, FIELD_SCHEMA_JSON, a, defs);
    node_set_str(a, doc, "$ref", arena_printf(a, "#/$defs/%s", m->name));
    node_set(doc, STR("$defs"), defs);
    return doc;
}
