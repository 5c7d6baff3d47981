#include "core/api/api_enforced.h"

#include "core/base/mem.h"

#define NETWORKING  "istio.networking.v1alpha3."
#define NO_PROTOCOL "is accepted, but gateways do not listen for that protocol yet"

static const struct value {
    const char *message, *field;
    const char *text; /* of a string or an enum */
    const char *note;
} values[] = {
    { NETWORKING "Port", "protocol", "MONGO", NO_PROTOCOL },
    { NETWORKING "Port", "protocol", "MYSQL", NO_PROTOCOL },
    { NETWORKING "Port", "protocol", "REDIS", NO_PROTOCOL },
    { NETWORKING "Port", "protocol", "UDP", NO_PROTOCOL },
    { NETWORKING "Port", "protocol", "HTTP_PROXY", NO_PROTOCOL },
    { "istio.security.v1beta1.AuthorizationPolicy", "action", "AUDIT", FIELD_NOT_ENFORCED },
    { "istio.security.v1beta1.AuthorizationPolicy", "action", "CUSTOM", FIELD_NOT_ENFORCED },
};

/* The text of a single string or enum; p == NULL for anything else. */
static struct str text_of(const struct field *f, const void *object)
{
    const void *member = field_member(f, object);

    if (f->type == FIELD_TYPE_STR && f->shape == FIELD_SHAPE_ONE)
        return *(const struct str *)member;
    if (f->type == FIELD_TYPE_ENUM && f->shape == FIELD_SHAPE_ONE)
        return str_of(field_enum_name(f->names, *(const int *)member));
    if (f->type == FIELD_TYPE_ENUM && f->shape == FIELD_SHAPE_OPT)
        return str_of(field_enum_name(f->names, (int)((const struct field_opt *)member)->value));
    return STR_NONE;
}

const char *api_enforced_note(const struct field_visit *v)
{
    struct str text;

    if (v->field->enforced)
        return v->field->enforced;
    text = v->object ? text_of(v->field, v->object) : STR_NONE;
    for (size_t i = 0; text.len > 0 && i < COUNT_OF(values); i++)
        if (str_ieq(text, str_of(values[i].text)) &&
            str_is(str_of(v->field->name), values[i].field) &&
            str_is(str_of(v->message->name), values[i].message))
            return values[i].note;
    return NULL;
}

const char *api_enforced_next_value(const struct field_message *m, const struct field *f,
                                    size_t *at, const char **value)
{
    while (*at < COUNT_OF(values)) {
        const struct value *v = &values[(*at)++];

        if (str_is(str_of(f->name), v->field) && str_is(str_of(m->name), v->message)) {
            *value = v->text;
            return v->note;
        }
    }
    return NULL;
}
