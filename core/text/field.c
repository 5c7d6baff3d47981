#include "core/text/field.h"

#include <stdio.h>

#include "core/text/field_index.h"

const struct field *field_find(const struct field_message *m, struct str name)
{
    return field_index_find(m, name);
}

const struct field *field_find_proto(const struct field_message *m, uint32_t number)
{
    return field_index_proto(m, field_index_get(m), number);
}

/* One step's name: up to '.' or '['; *path moves behind it and behind any "[...]". */
static struct str take_step(struct str *path)
{
    size_t len = 0;
    struct str step;

    while (len < path->len && path->p[len] != '.' && path->p[len] != '[')
        len++;
    step = str_head(*path, len);
    *path = str_skip(*path, len);
    while (path->len && path->p[0] == '[') {
        ptrdiff_t close = str_chr(*path, ']');

        *path = str_skip(*path, close < 0 ? path->len : (size_t)close + 1);
    }
    if (path->len && path->p[0] == '.')
        *path = str_skip(*path, 1);
    return step;
}

const struct field *field_find_path(const struct field_message *m, struct str path,
                                    const struct field_message **owner)
{
    const struct field *f = NULL;

    while (path.len) {
        struct str step = take_step(&path);
        const struct field *next;

        if (step.len == 0)
            return NULL;
        if (f && f->type != FIELD_TYPE_MSG)
            return f->shape == FIELD_SHAPE_MAP && path.len == 0 ? f : NULL; /* one key of it */
        if (f)
            m = f->msg;
        next = field_index_find(m, step);
        if (!next && f && f->shape == FIELD_SHAPE_MAP) {
            if (path.len == 0)
                return f;
            step = take_step(&path); /* that was a key */
            next = field_index_find(m, step);
        }
        if (!next)
            return NULL;
        f = next;
        if (owner)
            *owner = m;
    }
    return f;
}

void field_proto_name(const struct field *f, char *out, size_t size)
{
    size_t len = 0;

    if (f->proto_name) {
        str_copy(str_of(f->proto_name), out, size);
        return;
    }
    for (const char *p = f->name; *p && len + 2 < size; p++) {
        if (*p >= 'A' && *p <= 'Z')
            out[len++] = '_';
        out[len++] = str_lower_char(*p);
    }
    out[len] = 0;
}

void field_type_name(const struct field *f, char *out, size_t size)
{
    static const char *const names[] = {
        [FIELD_TYPE_BOOL] = "boolean",   [FIELD_TYPE_INT] = "integer",
        [FIELD_TYPE_DOUBLE] = "number",  [FIELD_TYPE_STR] = "string",
        [FIELD_TYPE_BYTES] = "bytes",    [FIELD_TYPE_QUANTITY] = "Quantity",
        [FIELD_TYPE_ENUM] = "enum",      [FIELD_TYPE_DURATION] = "duration",
        [FIELD_TYPE_TIMESTAMP] = "time", [FIELD_TYPE_INT_OR_STR] = "IntOrString",
        [FIELD_TYPE_JSON] = "any",       [FIELD_TYPE_MSG] = "Object",
    };
    const char *around = "";

    if (f->shape == FIELD_SHAPE_LIST)
        around = "[]";
    else if (f->shape == FIELD_SHAPE_MAP)
        around = "map[string]";
    snprintf(out, size, "%s%s", around, names[f->type]);
}

const char *field_enum_name(const struct field_enum *e, int number)
{
    for (size_t i = 0; i < e->count; i++) {
        if (e->values[i].number == number)
            return e->values[i].name;
    }
    return NULL;
}

bool field_enum_number(const struct field_enum *e, struct str name, int *out)
{
    for (size_t i = 0; i < e->count; i++) {
        if (str_is(name, e->values[i].name)) {
            *out = e->values[i].number;
            return true;
        }
    }
    return false;
}

static bool is_message_set(const struct field_message *m, const void *obj)
{
    for (uint32_t i = 0; i < m->count; i++) {
        if (field_is_set(&m->fields[i], obj))
            return true;
    }
    return false;
}

static bool is_one_set(const struct field *f, const void *member)
{
    switch ((enum field_type)f->type) {
    case FIELD_TYPE_BOOL:
        return *(const bool *)member;
    case FIELD_TYPE_INT:
        return *(const int64_t *)member != 0;
    case FIELD_TYPE_DOUBLE: /* by bits: -0 was written */
        return *(const uint64_t *)member != 0;
    case FIELD_TYPE_ENUM:
        return *(const int *)member != 0;
    case FIELD_TYPE_STR:
    case FIELD_TYPE_BYTES:
    case FIELD_TYPE_QUANTITY:
        return ((const struct str *)member)->p != NULL;
    case FIELD_TYPE_INT_OR_STR:
        return ((const struct field_int_or_str *)member)->set;
    case FIELD_TYPE_JSON:
        return *(const struct node *const *)member != NULL;
    case FIELD_TYPE_MSG:
        return is_message_set(f->msg, member);
    case FIELD_TYPE_DURATION:
    case FIELD_TYPE_TIMESTAMP:
        break; /* always optional */
    }
    return ((const struct field_opt *)member)->set;
}

bool field_is_set(const struct field *f, const void *obj)
{
    const void *member = field_member(f, obj);

    switch ((enum field_shape)f->shape) {
    case FIELD_SHAPE_ONE:
        return is_one_set(f, member);
    case FIELD_SHAPE_OPT: /* both optional structs begin with `set` */
        return *(const bool *)member;
    case FIELD_SHAPE_PTR:
    case FIELD_SHAPE_LIST:
    case FIELD_SHAPE_MAP:
        break;
    }
    return *(const void *const *)member != NULL;
}

struct field_at field_place(const struct field_message *m, const void *obj)
{
    if (!m->at)
        return (struct field_at){ 0 };
    return *(const struct field_at *)(const void *)((const char *)obj + m->at - 1);
}

#define T struct field_any
static const struct field field_any_fields[] = {
    FIELD_STR(T, type_url, "@type", .proto = 1, .proto_name = "type_url",
              .help = "The type of what is carried, type.googleapis.com/NAME."),
    FIELD_BYTES(T, value, "value", .proto = 2, .help = "Its protobuf encoding."),
};
FIELD_MESSAGE(field_any, "google.protobuf.Any", .help = "A message of any type.");
#undef T
