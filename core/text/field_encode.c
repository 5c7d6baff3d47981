#include "core/text/field_encode.h"

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/text/duration.h"
#include "core/text/timestamp.h"

static struct node *encode_int(struct arena *a, const struct field *f, int64_t value)
{
    struct node *n =
        f->width == FIELD_UINT64 ? node_new_uint(a, (uint64_t)value) : node_new_int(a, value);

    if (f->json_string) {
        n->kind = NODE_STRING;
        n->quoted = true;
    }
    return n;
}

static struct node *encode_enum(struct arena *a, const struct field *f, int64_t value)
{
    const char *name = field_enum_name(f->names, (int)value);

    return name ? node_new_str(a, str_of(name)) : node_new_int(a, value);
}

static struct node *encode_bytes(struct arena *a, struct str bytes)
{
    struct node *n;
    struct buf b;

    buf_init(&b, 0);
    encode_base64(&b, bytes);
    n = node_new_str(a, arena_str(a, buf_str(&b)));
    buf_deinit(&b);
    return n;
}

static struct node *encode_duration(struct arena *a, int64_t ns)
{
    char text[DURATION_TEXT_BYTES];
    size_t len = duration_write_proto(ns, text);

    return node_new_str(a, arena_str(a, str_make(text, len)));
}

static struct node *encode_timestamp(struct arena *a, int64_t ns)
{
    char text[TIMESTAMP_TEXT_BYTES];
    size_t len = timestamp_write(ns, text);

    return node_new_str(a, arena_str(a, str_make(text, len)));
}

static struct node *encode_int_or_str(struct arena *a, const struct field_int_or_str *v)
{
    return v->is_text ? node_new_str(a, v->text) : node_new_int(a, v->number);
}

/* A number in any of the shapes that carry it as an int64. */
static struct node *encode_number(struct arena *a, const struct field *f, int64_t value)
{
    switch (f->type) {
    case FIELD_TYPE_BOOL:
        return node_new_bool(a, value != 0);
    case FIELD_TYPE_ENUM:
        return encode_enum(a, f, value);
    case FIELD_TYPE_DURATION:
        return encode_duration(a, value);
    case FIELD_TYPE_TIMESTAMP:
        return encode_timestamp(a, value);
    default:
        return encode_int(a, f, value);
    }
}

/* The field itself, an item of a list or a value of a map. */
static struct node *encode_one(struct arena *a, const struct field *f, const void *member)
{
    switch ((enum field_type)f->type) {
    case FIELD_TYPE_BOOL:
        return encode_number(a, f, *(const bool *)member);
    case FIELD_TYPE_ENUM:
        return encode_number(a, f, *(const int *)member);
    case FIELD_TYPE_INT:
    case FIELD_TYPE_DURATION:
    case FIELD_TYPE_TIMESTAMP:
        return encode_number(a, f, *(const int64_t *)member);
    case FIELD_TYPE_DOUBLE:
        return node_new_double(a, *(const double *)member);
    case FIELD_TYPE_STR:
    case FIELD_TYPE_QUANTITY:
        return node_new_str(a, *(const struct str *)member);
    case FIELD_TYPE_BYTES:
        return encode_bytes(a, *(const struct str *)member);
    case FIELD_TYPE_INT_OR_STR:
        return encode_int_or_str(a, member);
    case FIELD_TYPE_JSON:
        return *(const struct node *const *)member ? node_copy(a, *(struct node *const *)member)
                                                   : node_new(a, NODE_NULL);
    case FIELD_TYPE_MSG:
        break;
    }
    return field_encode_node(f->msg, member, a);
}

static struct node *encode_items(struct arena *a, const struct field *f, const void *obj)
{
    const char *items = *(const char *const *)field_member(f, obj);
    bool is_map = f->shape == FIELD_SHAPE_MAP;
    struct node *n = node_new(a, is_map ? NODE_MAP : NODE_LIST);
    size_t count = field_items(f, obj);

    for (size_t i = 0; i < count; i++, items += f->item_bytes) {
        struct node *item = encode_one(a, f, items + f->value_offset);

        if (is_map)
            item->key = *(const struct str *)(const void *)items;
        node_add(n, item);
    }
    return n;
}

static struct node *encode_opt(struct arena *a, const struct field *f, const void *member)
{
    if (f->type == FIELD_TYPE_DOUBLE)
        return node_new_double(a, ((const struct field_opt_double *)member)->value);
    return encode_number(a, f, ((const struct field_opt *)member)->value);
}

/* Empty things that are there all the same are left out, unless their being there says something.
 */
static bool is_written(const struct field *f, const void *obj)
{
    bool is_text = f->type == FIELD_TYPE_STR || f->type == FIELD_TYPE_BYTES;

    if (f->keep)
        return f->shape != FIELD_SHAPE_PTR || field_is_set(f, obj);
    if (!field_is_set(f, obj))
        return false;
    if (f->shape == FIELD_SHAPE_LIST || f->shape == FIELD_SHAPE_MAP)
        return field_items(f, obj) > 0;
    if (f->shape == FIELD_SHAPE_ONE && is_text && !f->oneof && !f->presence)
        return ((const struct str *)field_member(f, obj))->len > 0;
    return true;
}

static struct node *encode_field(struct arena *a, const struct field *f, const void *obj)
{
    const void *member = field_member(f, obj);

    switch ((enum field_shape)f->shape) {
    case FIELD_SHAPE_OPT:
        if (!field_is_set(f, obj))
            return node_new(a, NODE_NULL);
        return encode_opt(a, f, member);
    case FIELD_SHAPE_PTR:
        return field_encode_node(f->msg, *(const void *const *)member, a);
    case FIELD_SHAPE_LIST:
    case FIELD_SHAPE_MAP:
        return encode_items(a, f, obj);
    case FIELD_SHAPE_ONE:
        break;
    }
    return encode_one(a, f, member);
}

struct node *field_encode_node(const struct field_message *m, const void *obj, struct arena *a)
{
    struct field_at at = field_place(m, obj);
    struct node *map = node_new(a, NODE_MAP);

    map->line = at.line;
    map->col = at.col;
    for (uint32_t i = 0; i < m->count; i++) {
        const struct field *f = &m->fields[i];
        struct node *n;

        if (!is_written(f, obj))
            continue;
        n = encode_field(a, f, obj);
        n->key = str_of(f->name);
        node_add(map, n);
    }
    return map;
}

int field_encode_json(const struct field_message *m, const void *obj, struct buf *out,
                      unsigned flags)
{
    struct arena a;
    int rc;

    arena_init(&a, 4096);
    rc = node_write_json(field_encode_node(m, obj, &a), out, flags);
    arena_deinit(&a);
    return rc;
}

int field_encode_yaml(const struct field_message *m, const void *obj, struct buf *out)
{
    struct arena a;
    int rc;

    arena_init(&a, 4096);
    rc = node_write_yaml(field_encode_node(m, obj, &a), out, 0);
    arena_deinit(&a);
    return rc;
}
