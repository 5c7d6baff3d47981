#include "core/text/field_report.h"

#include "core/text/field_index.h"
#include "core/text/field_walk.h"

enum { SHOWN_NAMES = 12, SHOWN_PLACES = 3 };

static bool is_simple(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = str_lower_char(s.p[i]);

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-' && c != '@')
            return false;
    }
    return s.len > 0;
}

/* schema: without indices, as `mesh explain` wants it. */
static void write_path(struct buf *out, struct str base, const struct field_check_path *p,
                       bool schema)
{
    if (!p) {
        buf_add_str(out, base);
        return;
    }
    write_path(out, base, p->up, schema);
    if (p->index != SIZE_MAX) {
        if (!schema)
            buf_printf(out, "[%zu]", p->index);
    } else if (is_simple(p->name)) {
        if (buf_len(out))
            buf_add_char(out, '.');
        buf_add_str(out, p->name);
    } else {
        buf_printf(out, "['%.*s']", (int)(p->name.len < 200 ? p->name.len : 200), p->name.p);
    }
}

/* In the diag's arena. */
static struct str path_text(const struct field_check *c, const struct field_check_path *p,
                            bool schema)
{
    struct buf b;
    struct str s;

    buf_init(&b, 0);
    write_path(&b, c->scope->path, p, schema);
    s = arena_str(&c->scope->diag->arena, buf_str(&b));
    buf_deinit(&b);
    return s;
}

static struct diag_item *report(struct field_check *c, enum diag_severity severity,
                                const char *code, const struct diag_pos *pos, struct str path,
                                const char *fmt, va_list ap) __attribute__((format(printf, 6, 0)));

static struct diag_item *report(struct field_check *c, enum diag_severity severity,
                                const char *code, const struct diag_pos *pos, struct str path,
                                const char *fmt, va_list ap)
{
    struct diag *d = c->scope->diag;
    struct str text = arena_vprintf(&d->arena, fmt, ap);

    return diag_add(d, severity, code, pos, path, "%.*s", STR_ARG(text));
}

struct diag_item *field_report(struct field_check *c, const char *code, const char *fmt, ...)
{
    struct diag_pos pos = node_pos(c->node);
    struct diag_item *item;
    va_list ap;

    va_start(ap, fmt);
    item = report(c, DIAG_ERROR, code, &pos, path_text(c, c->path, false), fmt, ap);
    va_end(ap);
    return item;
}

struct diag_item *field_report_key(struct field_check *c, const char *code, const char *fmt, ...)
{
    struct diag_pos pos = node_key_pos(c->node);
    struct diag_item *item;
    va_list ap;

    va_start(ap, fmt);
    item = report(c, DIAG_ERROR, code, &pos, path_text(c, c->path, false), fmt, ap);
    va_end(ap);
    return item;
}

struct diag_item *field_report_warn(struct field_check *c, const char *code, const char *fmt, ...)
{
    struct diag_pos pos = node_key_pos(c->node);
    struct diag_item *item;
    va_list ap;

    va_start(ap, fmt);
    item = report(c, DIAG_WARNING, code, &pos, path_text(c, c->path, false), fmt, ap);
    va_end(ap);
    return item;
}

/* ---- unknown fields ---- */

struct search {
    struct str name;
    struct buf places; /* "spec.http[]" and so on */
    size_t found;
};

static bool on_row(const struct field_visit *v, void *arg)
{
    struct search *s = arg;
    ptrdiff_t dot;

    if (!str_is(s->name, v->field->name))
        return true;
    dot = str_rchr(v->path, '.');
    if (s->found < SHOWN_PLACES)
        buf_printf(&s->places, "%s%.*s", s->found ? " or " : "",
                   STR_ARG(dot < 0 ? STR("the top level") : str_head(v->path, (size_t)dot)));
    s->found++;
    return true;
}

/* Says where else in the kind a field of that name lives. */
static void add_places(struct field_check *c, struct diag_item *item)
{
    struct search s = { .name = c->node->key };

    buf_init(&s.places, 0);
    field_walk_rows(c->scope->root, c->scope->root_path, on_row, &s);
    if (s.found && s.found <= SHOWN_PLACES)
        item->label =
            arena_printf(&c->scope->diag->arena, "belongs in %.*s", STR_ARG(buf_str(&s.places)));
    buf_deinit(&s.places);
}

void field_report_unknown(struct field_check *c)
{
    static const enum diag_severity severities[] = { DIAG_ERROR, DIAG_WARNING };
    struct arena *a = &c->scope->diag->arena;
    struct diag_pos pos = node_key_pos(c->node);
    struct str where = path_text(c, c->path->up, false), key = str_head(c->node->key, 100);
    struct str at = path_text(c, c->path->up, true);
    const char *kind = c->scope->kind ? c->scope->kind : "", *close;
    struct diag_item *item;

    if (c->scope->unknown == FIELD_DECODE_IGNORE)
        return;
    item = diag_add(c->scope->diag, severities[c->scope->unknown], "MSH1002", &pos,
                    path_text(c, c->path, false), "unknown field \"%.*s\"%s%s%s%.*s", STR_ARG(key),
                    *kind || where.len ? " in " : "", kind, *kind && where.len ? " " : "",
                    STR_ARG(where));
    close = diag_closest(c->node->key, field_index_get(c->message)->spellings, c->message->count);
    if (close)
        item->suggestion = str_of(close);
    else
        add_places(c, item);
    if (*kind)
        item->hint = arena_printf(a, "mesh explain %s%s%.*s%s%s", kind, at.len ? "." : "",
                                  STR_ARG(at), close ? "." : "", close ? close : "");
}

/* ---- names ---- */

void field_report_enum(struct field_check *c, const struct field_enum *e)
{
    const char *names[256], *close;
    size_t count = e->count < 256 ? e->count : 256;
    struct diag_item *item;
    struct buf list;

    buf_init(&list, 0);
    for (size_t i = 0; i < count; i++) {
        names[i] = e->values[i].name;
        if (i < SHOWN_NAMES)
            buf_printf(&list, "%s%s", i ? ", " : "", names[i]);
    }
    if (count > SHOWN_NAMES)
        buf_printf(&list, " and %zu more", count - SHOWN_NAMES);
    item = field_report(c, "MSH1005", "\"%.*s\" is not one of %.*s",
                        STR_ARG(str_head(c->node->text, 60)), STR_ARG(buf_str(&list)));
    close = diag_closest(c->node->text, names, count);
    if (close)
        item->suggestion = str_of(close);
    buf_deinit(&list);
}

void field_report_oneof(struct field_check *c, unsigned group)
{
    const struct field_message *m = c->message;
    struct buf list;
    bool any = false;

    buf_init(&list, 0);
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->fields[i].oneof == group) {
            buf_printf(&list, "%s%s", any ? ", " : "", m->fields[i].name);
            any = true;
        }
    }
    field_report(c, "MSH1006", "one of %.*s is missing", STR_ARG(buf_str(&list)));
    buf_deinit(&list);
}

/* ---- for checks ---- */

struct diag_item *field_report_at(struct field_check *c, enum diag_severity severity,
                                  const char *name, const char *fmt, va_list ap)
{
    const char *code = c->field ? "MSH1008" : "MSH1009";
    const struct node *found = *name ? node_path(c->node, name) : NULL;
    struct diag_pos pos = found ? node_pos(found) : node_pos(c->node);
    struct str path = path_text(c, c->path, false);

    path = arena_printf(&c->scope->diag->arena, "%.*s%s%s", STR_ARG(path),
                        path.len && *name && *name != '[' ? "." : "", name);
    return report(c, severity, code, &pos, path, fmt, ap);
}
