#include "core/text/field_explain.h"

#include <inttypes.h>

#include "core/base/error.h"
#include "core/text/duration.h"
#include "core/text/field_index.h"
#include "core/text/proto.h"

enum { WRAP_COLUMNS = 78, TYPE_BYTES = 32 };

/* Words of text, indented and wrapped. */
static void add_wrapped(struct buf *out, struct str text, int indent)
{
    size_t col = 0;

    while (text.p) {
        struct str word = str_cut(&text, ' ');

        if (col && col + 1 + word.len > WRAP_COLUMNS) {
            buf_add_char(out, '\n');
            col = 0;
        }
        if (col == 0) {
            buf_printf(out, "%*s", indent, "");
            col = (size_t)indent;
        } else {
            buf_add_char(out, ' ');
            col++;
        }
        buf_add_str(out, word);
        col += word.len;
    }
    buf_add_char(out, '\n');
}

static void add_bound(struct buf *out, const struct field *f, int64_t value)
{
    char text[DURATION_TEXT_BYTES];

    if (f->type == FIELD_TYPE_DURATION) {
        duration_write_go(value, text);
        buf_printf(out, "%s", text);
    } else {
        buf_printf(out, "%" PRId64, value);
    }
}

static void add_bounds(struct buf *out, const struct field *f, int indent)
{
    if (f->min || f->max) {
        buf_printf(out, "%*sRange: ", indent, "");
        add_bound(out, f, f->min);
        buf_add_str(out, STR(".."));
        if (f->max || f->min < 0)
            add_bound(out, f, f->max);
        buf_add_char(out, '\n');
    }
    if (f->min_items || f->max_items) {
        buf_printf(out, "%*sItems: %u..", indent, "", (unsigned)f->min_items);
        if (f->max_items)
            buf_printf(out, "%u", (unsigned)f->max_items);
        buf_add_char(out, '\n');
    }
    if (f->max_len)
        buf_printf(out, "%*sLength: at most %u bytes\n", indent, "", (unsigned)f->max_len);
}

/* One of the fields that exclude a given one. */
static void add_exclusions(struct buf *out, const struct field_message *m, const struct field *f,
                           int indent)
{
    bool any = false;

    for (uint32_t i = 0; f->oneof && i < m->count; i++) {
        if (m->fields[i].oneof != f->oneof || &m->fields[i] == f)
            continue;
        if (!any)
            buf_printf(out, "%*sExcludes: ", indent, "");
        buf_printf(out, "%s%s", any ? ", " : "", m->fields[i].name);
        any = true;
    }
    if (any)
        buf_add_char(out, '\n');
}

static void add_names(struct buf *out, const struct field *f, int indent)
{
    if (f->type != FIELD_TYPE_ENUM)
        return;
    buf_printf(out, "%*sOne of:\n", indent, "");
    for (size_t i = 0; i < f->names->count; i++) {
        const struct field_enum_name *n = &f->names->values[i];

        buf_printf(out, "%*s%s", indent + 2, "", n->name);
        if (n->help)
            buf_printf(out, "  %s", n->help);
        buf_add_char(out, '\n');
    }
}

/* All there is to say about one row besides its name and type. */
static void add_details(struct buf *out, const struct field_message *m, const struct field *f,
                        int indent)
{
    if (f->help)
        add_wrapped(out, str_of(f->help), indent);
    if (f->default_text)
        buf_printf(out, "%*sDefault: %s\n", indent, "", f->default_text);
    add_bounds(out, f, indent);
    add_names(out, f, indent);
    add_exclusions(out, m, f, indent);
    if (f->deprecated)
        buf_printf(out, "%*sDeprecated.\n", indent, "");
    if (f->read_only)
        buf_printf(out, "%*sSet by the system.\n", indent, "");
    if (f->enforced) {
        buf_printf(out, "%*sNot enforced: ", indent, "");
        buf_printf(out, "%s\n", f->enforced);
    }
}

static void add_row_head(struct buf *out, const struct field *f, int indent)
{
    char type[TYPE_BYTES];

    field_type_name(f, type, sizeof(type));
    buf_printf(out, "%*s%s\t<%s>%s\n", indent, "", f->name, type, f->required ? " -required-" : "");
}

static void add_rows(struct buf *out, const struct field_message *m)
{
    for (uint32_t i = 0; i < m->count; i++) {
        add_row_head(out, &m->fields[i], 2);
        add_details(out, m, &m->fields[i], 4);
        buf_add_char(out, '\n');
    }
}

static void add_tree(struct buf *out, const struct field_message *m, int indent,
                     const struct field_message **inside, int depth)
{
    if (depth == PROTO_MAX_DEPTH)
        return;
    inside[depth] = m;
    for (uint32_t i = 0; i < m->count; i++) {
        const struct field *f = &m->fields[i];
        bool again = false;

        add_row_head(out, f, indent);
        for (int k = 0; k <= depth; k++)
            again = again || inside[k] == f->msg;
        if (f->type == FIELD_TYPE_MSG && !again)
            add_tree(out, f->msg, indent + 2, inside, depth + 1);
    }
}

/* A name near the first step of path that leads nowhere. */
static const char *closest_step(const struct field_message *m, struct str path)
{
    while (path.len) {
        struct str step = str_cut(&path, '.');
        const struct field *f = field_index_find(m, step);

        if (!f)
            return diag_closest(step, field_index_get(m)->spellings, m->count);
        if (f->type != FIELD_TYPE_MSG)
            return NULL;
        m = f->msg;
    }
    return NULL;
}

int field_explain(const struct field_message *m, const char *kind, const char *api_version,
                  struct str path, bool recursive, struct buf *out, const char **closest)
{
    const struct field_message *inside[PROTO_MAX_DEPTH], *owner = m;
    const struct field *f = NULL;
    const char *help;
    char type[TYPE_BYTES];

    if (closest)
        *closest = NULL;
    if (path.len) {
        f = field_find_path(m, path, &owner);
        if (!f) {
            if (closest)
                *closest = closest_step(m, path);
            return ERR_NOT_FOUND;
        }
        m = f->msg; /* NULL for a scalar */
    }
    buf_printf(out, "KIND:     %s\n", kind);
    if (api_version)
        buf_printf(out, "VERSION:  %s\n", api_version);
    if (f) {
        field_type_name(f, type, sizeof(type));
        buf_printf(out, "\nFIELD:    %s <%s>%s\n", f->name, type, f->required ? " -required-" : "");
    }
    buf_add_str(out, STR("\nDESCRIPTION:\n"));
    help = m && m->help ? m->help : "";
    if (f)
        add_details(out, owner, f, 4);
    if (*help && (!f || !f->help || strcmp(help, f->help) != 0))
        add_wrapped(out, str_of(help), 4);
    if (m) {
        buf_add_str(out, STR("\nFIELDS:\n"));
        if (recursive)
            add_tree(out, m, 2, inside, 0);
        else
            add_rows(out, m);
    }
    return out->full ? ERR_LIMIT : 0;
}
