#include "core/text/field_scalar.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/text/duration.h"
#include "core/text/field_report.h"
#include "core/text/quantity.h"
#include "core/text/timestamp.h"

void field_scalar_wrong_type(struct field_check *c, const char *wanted)
{
    const struct node *n = c->node;
    bool collection = n->kind == NODE_LIST || n->kind == NODE_MAP;
    struct diag_item *item;

    if (collection || n->kind == NODE_NULL)
        item = field_report(c, "MSH1003", "expected %s, found %s%s", wanted,
                            n->kind == NODE_NULL ? "" : "a ", node_kind_name(n->kind));
    else
        item = field_report(c, "MSH1003", "expected %s, found the %s %.*s", wanted,
                            node_kind_name(n->kind), (int)(n->text.len < 60 ? n->text.len : 60),
                            n->text.p);
    if (c->field && (c->field->type == FIELD_TYPE_STR || c->field->type == FIELD_TYPE_ENUM) &&
        !collection && n->kind != NODE_NULL) {
        item->suggestion = arena_printf(&c->scope->diag->arena, "\"%.*s\"", STR_ARG(n->text));
        item->hint = STR("put it in quotes to make it a string");
    }
}

static void range_of(const struct field *f, int64_t *min, int64_t *max)
{
    *min = INT64_MIN;
    *max = INT64_MAX;
    if (f->type == FIELD_TYPE_INT && f->width == FIELD_INT32) {
        *min = INT32_MIN;
        *max = INT32_MAX;
    } else if (f->type == FIELD_TYPE_INT && f->width != FIELD_INT64) {
        *min = 0;
        *max = f->width == FIELD_UINT32 ? UINT32_MAX : INT64_MAX;
    }
    if (f->min == 0 && f->max == 0)
        return;
    if (f->min > *min)
        *min = f->min;
    if (f->max || f->min < 0)
        *max = f->max;
}

static void check_range(struct field_check *c, int64_t value)
{
    char shown[3][DURATION_TEXT_BYTES];
    int64_t bounds[3] = { value };

    range_of(c->field, &bounds[1], &bounds[2]);
    if (value >= bounds[1] && value <= bounds[2])
        return;
    for (int i = 0; i < 3; i++) {
        if (c->field->type == FIELD_TYPE_DURATION)
            duration_write_go(bounds[i], shown[i]);
        else
            snprintf(shown[i], sizeof(shown[i]), "%" PRId64, bounds[i]);
    }
    if (bounds[2] == INT64_MAX)
        field_report(c, "MSH1004", "%s is below %s", shown[0], shown[1]);
    else if (bounds[1] == INT64_MIN)
        field_report(c, "MSH1004", "%s is above %s", shown[0], shown[2]);
    else
        field_report(c, "MSH1004", "%s is outside %s..%s", shown[0], shown[1], shown[2]);
}

static bool decode_bool(struct field_check *c, bool *out)
{
    struct diag_item *item;

    if (c->node->kind == NODE_BOOL) {
        *out = node_is_true(c->node);
        return true;
    }
    if (c->node->kind == NODE_STRING &&
        (str_eq(c->node->text, STR("true")) || str_eq(c->node->text, STR("false")))) {
        item = field_report(c, "MSH1003", "expected true or false, found it in quotes");
        item->suggestion = c->node->text;
        return false;
    }
    field_scalar_wrong_type(c, "true or false");
    return false;
}

static bool decode_int(struct field_check *c, int64_t *out)
{
    const struct node *n = c->node;
    struct node number = { .kind = NODE_INT, .text = n->text };
    uint64_t big;

    if (node_to_int(n, out) ||
        (n->kind == NODE_STRING && c->field->json_string && node_to_int(&number, out))) {
        check_range(c, *out);
        return true;
    }
    if (c->field->width == FIELD_UINT64 && (n->kind == NODE_INT || c->field->json_string) &&
        str_to_u64(n->text, UINT64_MAX, &big) == 0) {
        *out = (int64_t)big; /* its bits; see the header */
        return true;
    }
    if (n->kind == NODE_STRING && node_to_int(&number, out)) {
        field_report(c, "MSH1003", "expected a whole number, found it in quotes")->suggestion =
            n->text;
        return false;
    }
    if (n->kind == NODE_INT)
        field_report(c, "MSH1004", "%.*s is too large", (int)(n->text.len < 60 ? n->text.len : 60),
                     n->text.p);
    else
        field_scalar_wrong_type(c, "a whole number");
    return false;
}

static bool decode_double(struct field_check *c, double *out)
{
    const struct node *n = c->node;
    const struct field *f = c->field;

    if (n->kind == NODE_STRING && str_eq(n->text, STR("NaN")))
        *out = (double)NAN;
    else if (n->kind == NODE_STRING && str_eq(n->text, STR("Infinity")))
        *out = (double)INFINITY;
    else if (n->kind == NODE_STRING && str_eq(n->text, STR("-Infinity")))
        *out = -(double)INFINITY;
    else if (!node_to_double(n, out)) {
        field_scalar_wrong_type(c, "a number");
        return false;
    }
    if ((f->min || f->max) && !(*out >= (double)f->min && (*out <= (double)f->max || !f->max)))
        field_report(c, "MSH1004", "%.*s is outside %" PRId64 "..%" PRId64, STR_ARG(n->text),
                     f->min, f->max);
    return true;
}

static bool decode_text(struct field_check *c, struct str *out)
{
    if (c->node->kind != NODE_STRING) {
        field_scalar_wrong_type(c, "a string");
        return false;
    }
    *out = c->node->text.p ? c->node->text : STR("");
    if (c->field->max_len && out->len > c->field->max_len) {
        field_report(c, "MSH1004", "the text has %zu bytes, more than %u", out->len,
                     (unsigned)c->field->max_len);
        return false;
    }
    return true;
}

static bool decode_bytes(struct field_check *c, struct str *out)
{
    struct str text;

    if (c->node->kind != NODE_STRING) {
        field_scalar_wrong_type(c, "a string in base64");
        return false;
    }
    text = c->node->text;
    if (encode_undo_base64(c->scope->arena, text, true, out) &&
        encode_undo_base64url(c->scope->arena, text, out)) {
        field_report(c, "MSH1011", "this is not base64");
        return false;
    }
    if (!out->p)
        *out = STR("");
    return true;
}

static bool decode_quantity(struct field_check *c, struct str *out)
{
    if (c->node->kind != NODE_INT && c->node->kind != NODE_FLOAT && c->node->kind != NODE_STRING) {
        field_scalar_wrong_type(c, "a quantity such as 100m or 1Gi");
        return false;
    }
    *out = c->node->text;
    if (quantity_check(*out) == 0)
        return true;
    field_report(c, "MSH1011", "\"%.*s\" is no quantity; write it as 100m, 0.5 or 1Gi",
                 STR_ARG(str_head(*out, 60)));
    return false;
}

static bool decode_enum(struct field_check *c, int64_t *out)
{
    const struct field_enum *e = c->field->names;
    const struct node *n = c->node;
    int number;

    if (n->kind == NODE_INT && c->field->proto && node_to_int(n, out) && *out >= INT32_MIN &&
        *out <= INT32_MAX && field_enum_name(e, (int)*out))
        return true;
    if (n->kind != NODE_STRING) {
        field_scalar_wrong_type(c, "one of the names");
        return false;
    }
    if (field_enum_number(e, n->text, &number)) {
        *out = number;
        return true;
    }
    field_report_enum(c, e);
    return false;
}

static bool decode_duration(struct field_check *c, int64_t *out)
{
    const struct node *n = c->node;
    struct diag_item *item;
    struct str shown;
    double seconds;
    int rc;

    if (n->kind != NODE_STRING && n->kind != NODE_INT && n->kind != NODE_FLOAT) {
        field_scalar_wrong_type(c, "a duration such as 5s or 300ms");
        return false;
    }
    rc = n->kind == NODE_STRING ? duration_parse(n->text, out) : ERR_INVALID;
    if (rc == 0) {
        check_range(c, *out);
        return true;
    }
    shown = str_head(n->text, 60);
    if (rc == ERR_LIMIT) {
        field_report(c, "MSH1011", "%.*s is too long a time", STR_ARG(shown));
        return false;
    }
    if (node_to_double(&(struct node){ .kind = NODE_FLOAT, .text = shown }, &seconds) &&
        shown.len && strspn(shown.p, "0123456789.") >= shown.len) {
        item = field_report(c, "MSH1011", "%.*s has no unit", STR_ARG(shown));
        item->suggestion = arena_printf(&c->scope->diag->arena, "%.*ss", STR_ARG(shown));
        return false;
    }
    field_report(c, "MSH1011", "\"%.*s\" is no duration; write it as 5s, 300ms or 1h30m",
                 STR_ARG(shown));
    return false;
}

static bool decode_timestamp(struct field_check *c, int64_t *out)
{
    if (c->node->kind != NODE_STRING) {
        field_scalar_wrong_type(c, "a time such as 2024-01-31T12:00:00Z");
        return false;
    }
    if (timestamp_parse(c->node->text, out) == 0)
        return true;
    field_report(c, "MSH1011", "\"%.*s\" is no time; write it as 2024-01-31T12:00:00Z",
                 STR_ARG(str_head(c->node->text, 60)));
    return false;
}

static bool decode_int_or_str(struct field_check *c, struct field_int_or_str *out)
{
    if (c->node->kind == NODE_STRING) {
        *out = (struct field_int_or_str){ .set = true, .is_text = true };
        return decode_text(c, &out->text);
    }
    if (!node_to_int(c->node, &out->number) || out->number < INT32_MIN || out->number > INT32_MAX) {
        field_scalar_wrong_type(c, "a whole number or a string");
        return false;
    }
    out->set = true;
    check_range(c, out->number);
    return true;
}

bool field_scalar_decode(struct field_check *c, void *member)
{
    int64_t number = 0;
    bool ok = false;

    switch ((enum field_type)c->field->type) {
    case FIELD_TYPE_BOOL:
        return decode_bool(c, member);
    case FIELD_TYPE_INT:
        return decode_int(c, member);
    case FIELD_TYPE_DOUBLE:
        return decode_double(c, member);
    case FIELD_TYPE_STR:
        return decode_text(c, member);
    case FIELD_TYPE_BYTES:
        return decode_bytes(c, member);
    case FIELD_TYPE_QUANTITY:
        return decode_quantity(c, member);
    case FIELD_TYPE_ENUM:
        ok = decode_enum(c, &number);
        *(int *)member = (int)number;
        return ok;
    case FIELD_TYPE_DURATION:
        return decode_duration(c, member);
    case FIELD_TYPE_TIMESTAMP:
        return decode_timestamp(c, member);
    case FIELD_TYPE_INT_OR_STR:
        return decode_int_or_str(c, member);
    case FIELD_TYPE_JSON:
        *(const struct node **)member = c->node;
        return true;
    case FIELD_TYPE_MSG:
        break;
    }
    return false;
}

bool field_scalar_decode_opt(struct field_check *c, void *member)
{
    struct field_opt *opt = member;
    bool flag = false, ok;
    int number = 0;

    if (c->field->type == FIELD_TYPE_DOUBLE) {
        struct field_opt_double *d = member;

        return d->set = decode_double(c, &d->value);
    }
    if (c->field->type == FIELD_TYPE_BOOL) {
        ok = decode_bool(c, &flag);
        opt->value = flag;
    } else if (c->field->type == FIELD_TYPE_ENUM) {
        ok = field_scalar_decode(c, &number);
        opt->value = number;
    } else {
        ok = field_scalar_decode(c, &opt->value);
    }
    return opt->set = ok;
}
