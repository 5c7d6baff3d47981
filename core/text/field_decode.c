#include "core/text/field_decode.h"

#include "core/base/error.h"
#include "core/text/field_index.h"
#include "core/text/field_report.h"
#include "core/text/field_scalar.h"

/* Of a list or map without a bound of its own: items may be large even when written "{}". */
enum { MAX_ITEMS = 65536 };

static void decode_message(struct field_check *up, const struct field_message *m,
                           const struct node *n, const struct field_check_path *path, void *out);

static void run_check(struct field_check *c, const void *member)
{
    if (c->field->check)
        c->field->check(c, member);
}

/* One value of the row: the field itself, an item of its list, a value of its map. */
static void decode_value(struct field_check *c, void *member)
{
    if (c->field->type == FIELD_TYPE_MSG) {
        size_t before = c->scope->diag->count[DIAG_ERROR];

        decode_message(c, c->field->msg, c->node, c->path, member);
        if (c->scope->diag->count[DIAG_ERROR] == before)
            run_check(c, member);
    } else if (field_scalar_decode(c, member)) {
        run_check(c, member);
    }
}

static bool check_items(struct field_check *c, enum node_kind kind, const char *wanted)
{
    const struct field *f = c->field;
    size_t max = f->max_items ? f->max_items : MAX_ITEMS;

    if (c->node->kind != kind) {
        field_scalar_wrong_type(c, wanted);
        return false;
    }
    if (c->node->count > max) {
        field_report(c, "MSH1004", "%zu items are more than %zu", c->node->count, max);
        return false;
    }
    if (c->node->count < f->min_items)
        field_report(c, "MSH1004", "%zu items are fewer than %u", c->node->count,
                     (unsigned)f->min_items);
    return true;
}

/* Lists and maps: an array of items in the arena. */
static void decode_items(struct field_check *c, void *member, size_t *count)
{
    const struct field *f = c->field;
    const struct node *all = c->node;
    const struct field_check_path *path = c->path;
    bool is_map = f->shape == FIELD_SHAPE_MAP;
    char *items;
    size_t n = 0;

    if (!check_items(c, is_map ? NODE_MAP : NODE_LIST, is_map ? "a map" : "a list"))
        return;
    items = arena_alloc0(c->scope->arena, all->count + 1, f->item_bytes);
    NODE_EACH(it, all)
    {
        struct field_check_path step = { path, it->key, is_map ? SIZE_MAX : n };
        char *item = items + n++ * f->item_bytes;

        c->node = it;
        c->path = &step;
        if (is_map)
            *(struct str *)(void *)item = it->key;
        if (it->kind == NODE_NULL && f->type != FIELD_TYPE_JSON)
            field_scalar_wrong_type(c, "a value");
        else
            decode_value(c, item + f->value_offset);
    }
    c->node = all;
    c->path = path;
    *(void **)member = items;
    *count = n;
}

static void decode_field(struct field_check *c, void *object)
{
    const struct field *f = c->field;
    void *member = (char *)object + f->offset, *sub;

    switch ((enum field_shape)f->shape) {
    case FIELD_SHAPE_ONE:
        decode_value(c, member);
        break;
    case FIELD_SHAPE_OPT:
        if (field_scalar_decode_opt(c, member))
            run_check(c, member);
        break;
    case FIELD_SHAPE_PTR:
        if (c->node->kind != NODE_MAP) {
            field_scalar_wrong_type(c, "a map");
            break;
        }
        sub = arena_alloc0(c->scope->arena, 1, f->item_bytes);
        *(void **)member = sub;
        decode_value(c, sub);
        break;
    case FIELD_SHAPE_LIST:
    case FIELD_SHAPE_MAP:
        decode_items(c, member, (size_t *)(void *)((char *)object + f->count_offset));
        break;
    }
}

/* ---- messages ---- */

struct seen {
    const struct field *oneof[32]; /* per group, the first member written */
    uint64_t rows[4];              /* bits of rows written, for the first 256 */
};

/* Rows past 255 are only checked through field_is_set. */
static bool mark_row(struct seen *s, uint32_t row)
{
    bool was = row < 256 && s->rows[row / 64] >> (row % 64) & 1;

    if (row < 256)
        s->rows[row / 64] |= UINT64_C(1) << (row % 64);
    return was;
}

static void check_oneof(struct field_check *c, struct seen *s)
{
    const struct field *f = c->field, *first = s->oneof[f->oneof];

    if (f->oneof == 0)
        return;
    if (!first) {
        s->oneof[f->oneof] = f;
        return;
    }
    if (first != f)
        field_report_key(c, "MSH1007", "\"%s\" and \"%s\" exclude each other", first->name,
                         f->name);
}

static void decode_member(struct field_check *c, struct seen *s, void *out)
{
    const struct field *f = field_index_find(c->message, c->node->key);

    if (!f) {
        field_report_unknown(c);
        return;
    }
    if (c->node->kind == NODE_NULL)
        return; /* the same as not writing it */
    c->field = f;
    if (mark_row(s, (uint32_t)(f - c->message->fields))) {
        field_report_key(c, "MSH1007", "\"%s\" is written twice, once by its other name", f->name);
        return;
    }
    check_oneof(c, s);
    if (f->deprecated)
        field_report_warn(c, "MSH1010", "\"%s\" is deprecated", f->name);
    decode_field(c, out);
}

static void check_required(struct field_check *c, const struct seen *s, const void *out)
{
    const struct field_message *m = c->message;

    for (uint32_t i = 0; i < m->count; i++) {
        const struct field *f = &m->fields[i];
        bool written = i < 256 ? s->rows[i / 64] >> (i % 64) & 1 : field_is_set(f, out);

        if (f->required && !written)
            field_report(c, "MSH1006", "\"%s\" is missing", f->name);
    }
    for (unsigned group = 1; group < 32; group++) {
        if (m->oneof_required >> group & 1 && !s->oneof[group])
            field_report_oneof(c, group);
    }
}

static void decode_message(struct field_check *up, const struct field_message *m,
                           const struct node *n, const struct field_check_path *path, void *out)
{
    struct field_check c = { up->scope, m, NULL, n, out, path };
    struct seen seen = { 0 };
    size_t before = up->scope->diag->count[DIAG_ERROR];

    memset(out, 0, m->size);
    if (n->kind != NODE_MAP && n->kind != NODE_NULL) {
        c.field = up->field;
        field_scalar_wrong_type(&c, "a map");
        return;
    }
    if (m->at)
        *(struct field_at *)(void *)((char *)out + m->at - 1) =
            (struct field_at){ n->line, n->col };
    NODE_EACH(it, n)
    {
        const struct field *f = field_index_find(m, it->key);
        struct field_check_path step = { path, f ? str_of(f->name) : it->key, SIZE_MAX };

        c.node = it;
        c.path = &step;
        c.field = NULL;
        decode_member(&c, &seen, out);
    }
    c.node = n;
    c.path = path;
    c.field = NULL;
    check_required(&c, &seen, out);
    /* A check across fields may take the fields for sound. */
    if (m->check && up->scope->diag->count[DIAG_ERROR] == before)
        m->check(&c, out);
}

int field_decode(const struct field_message *m, const struct node *n, const struct field_scope *s,
                 void *out)
{
    struct field_scope scope = *s;
    struct field_check top = { .scope = &scope, .message = m, .node = n };
    size_t before = s->diag->count[DIAG_ERROR];

    if (!scope.root) {
        scope.root = m;
        scope.root_path = scope.path;
    }
    decode_message(&top, m, n, NULL, out);
    return s->diag->count[DIAG_ERROR] > before ? ERR_INVALID : 0;
}

/* ---- what checks call ---- */

struct diag_item *field_decode_error(struct field_check *c, const char *fmt, ...)
{
    struct diag_item *item;
    va_list ap;

    va_start(ap, fmt);
    item = field_report_at(c, DIAG_ERROR, "", fmt, ap);
    va_end(ap);
    return item;
}

struct diag_item *field_decode_error_at(struct field_check *c, const char *name, const char *fmt,
                                        ...)
{
    struct diag_item *item;
    va_list ap;

    va_start(ap, fmt);
    item = field_report_at(c, DIAG_ERROR, name, fmt, ap);
    va_end(ap);
    return item;
}

struct diag_item *field_decode_warn_at(struct field_check *c, const char *name, const char *fmt,
                                       ...)
{
    struct diag_item *item;
    va_list ap;

    va_start(ap, fmt);
    item = field_report_at(c, DIAG_WARNING, name, fmt, ap);
    va_end(ap);
    return item;
}
