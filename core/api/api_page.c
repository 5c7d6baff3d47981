#include "core/api/api_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/api/api_enforced.h"
#include "core/base/error.h"
#include "core/text/duration.h"
#include "core/text/proto.h"

enum { TYPE_BYTES = 32, PATH_BYTES = 512 };

struct page {
    struct buf *out;
    char path[PATH_BYTES];
    const struct field_message *inside[PROTO_MAX_DEPTH];
    int depth;
    size_t fields, open; /* rows; those that nothing acts on wholly */
};

/* A table's cell: no bars, no line ends. */
static void add_text(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            buf_add_char(out, '\\');
        buf_add_char(out, *text == '\n' ? ' ' : *text);
    }
}

static void add_number(struct buf *out, const struct field *f, int64_t value)
{
    char text[DURATION_TEXT_BYTES];

    if (f->type != FIELD_TYPE_DURATION) {
        buf_printf(out, "%" PRId64, value);
        return;
    }
    duration_write_go(value, text);
    add_text(out, text);
}

static void add_type(struct page *p, const struct field *f)
{
    char type[TYPE_BYTES];

    field_type_name(f, type, sizeof(type));
    add_text(p->out, type);
    if (f->required)
        buf_add_str(p->out, STR(", required"));
    if (f->min || f->max) {
        buf_add_str(p->out, STR(", "));
        add_number(p->out, f, f->min);
        buf_add_str(p->out, STR(".."));
        if (f->max || f->min < 0)
            add_number(p->out, f, f->max);
    }
}

static void add_enum(struct page *p, const struct field *f)
{
    buf_add_str(p->out, STR(" One of"));
    for (size_t i = 0; i < f->names->count; i++)
        buf_printf(p->out, "%s `%s`", i ? "," : "", f->names->values[i].name);
    buf_add_char(p->out, '.');
}

static void add_help(struct page *p, const struct field *f)
{
    add_text(p->out, f->help ? f->help : "");
    if (f->type == FIELD_TYPE_ENUM)
        add_enum(p, f);
    if (f->default_text) {
        buf_add_str(p->out, STR(" Default: "));
        add_text(p->out, f->default_text);
        buf_add_char(p->out, '.');
    }
    if (f->deprecated)
        buf_add_str(p->out, STR(" Deprecated."));
    if (f->read_only)
        buf_add_str(p->out, STR(" Set by the system."));
}

/* "enforced", what is missing, or which values are not. */
static void add_state(struct page *p, const struct field_message *m, const struct field *f)
{
    const char *value, *note;
    bool any = false;

    if (f->enforced) {
        add_text(p->out, f->enforced);
        p->open++;
        return;
    }
    for (size_t at = 0; (note = api_enforced_next_value(m, f, &at, &value));) {
        buf_printf(p->out, "%s`%s` ", any ? "; " : "", value);
        add_text(p->out, note);
        any = true;
    }
    if (!any)
        buf_add_str(p->out, STR("enforced"));
    p->open += any;
}

static void add_fields(struct page *p, const struct field_message *m);

static bool is_inside(const struct page *p, const struct field_message *m)
{
    for (int i = 0; i < p->depth; i++) {
        if (p->inside[i] == m)
            return true;
    }
    return false;
}

static void add_field(struct page *p, const struct field_message *m, const struct field *f)
{
    size_t len = strlen(p->path);
    bool is_list = f->shape == FIELD_SHAPE_LIST;

    snprintf(p->path + len, sizeof(p->path) - len, "%s%s%s", len ? "." : "", f->name,
             is_list                       ? "[]"
             : f->shape == FIELD_SHAPE_MAP ? ".KEY"
                                           : "");
    buf_printf(p->out, "| `%s` | ", p->path);
    add_type(p, f);
    buf_add_str(p->out, STR(" | "));
    add_help(p, f);
    buf_add_str(p->out, STR(" | "));
    add_state(p, m, f);
    buf_add_str(p->out, STR(" |\n"));
    p->fields++;
    if (f->type == FIELD_TYPE_MSG && p->depth < PROTO_MAX_DEPTH - 1 && !is_inside(p, f->msg))
        add_fields(p, f->msg);
    p->path[len] = '\0';
}

static void add_fields(struct page *p, const struct field_message *m)
{
    p->inside[p->depth++] = m;
    for (uint32_t i = 0; i < m->count; i++)
        add_field(p, m, &m->fields[i]);
    p->depth--;
}

/* What every object has is not said on every page. */
static bool is_common(const struct field *f)
{
    return strcmp(f->name, "apiVersion") == 0 || strcmp(f->name, "kind") == 0 ||
           strcmp(f->name, "metadata") == 0 || strcmp(f->name, "status") == 0;
}

struct str api_page_name(const struct api_kind *k, struct arena *a)
{
    return arena_printf(a, "%s%s%s.md", k->group, k->group[0] ? "-" : "", k->singular);
}

static void add_head(const struct api_kind *k, struct buf *out)
{
    buf_printf(out, "# %s\n\n", k->kind);
    if (k->root->help)
        buf_printf(out, "%s\n\n", k->root->help);
    buf_printf(out, "%s%s", k->group, k->group[0] ? "/" : "");
    for (int i = 0; i < API_KIND_MAX_VERSIONS && k->versions[i]; i++)
        buf_printf(out, "%s%s", i ? ", " : "", k->versions[i]);
    buf_printf(out, "; `%s`", k->plural);
    for (int i = 0; i < API_KIND_MAX_NAMES && k->short_names[i]; i++)
        buf_printf(out, ", `%s`", k->short_names[i]);
    buf_printf(out, "; %s.\n\n", k->namespaced ? "in a namespace" : "of the whole mesh");
}

int api_page_write(const struct api_kind *k, struct buf *out)
{
    struct page p = { .out = out };

    add_head(k, out);
    buf_add_str(out, STR("| field | type | what it is | state |\n|---|---|---|---|\n"));
    p.inside[p.depth++] = k->root;
    for (uint32_t i = 0; i < k->root->count; i++) {
        if (!is_common(&k->root->fields[i]))
            add_field(&p, k->root, &k->root->fields[i]);
    }
    buf_printf(out, "\n%zu fields, %zu of them not or not wholly enforced.\n", p.fields, p.open);
    return out->full ? ERR_LIMIT : 0;
}

int api_page_write_index(struct buf *out)
{
    struct arena a;

    arena_init(&a, 1024);
    buf_add_str(out, STR("# Kinds\n\nMade from the program's own tables by `mesh explain --pages "
                         "docs/reference`.\n\n| kind | group | page |\n|---|---|---|\n"));
    for (size_t i = 0; i < api_kind_count(); i++) {
        const struct api_kind *k = api_kind_at(i);
        struct str name = api_page_name(k, &a);

        buf_printf(out, "| %s | %s | [%.*s](%.*s) |\n", k->kind, k->group, STR_ARG(name),
                   STR_ARG(name));
    }
    arena_deinit(&a);
    return out->full ? ERR_LIMIT : 0;
}
