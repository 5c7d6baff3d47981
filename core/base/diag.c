#include "core/base/diag.h"

#include <stdarg.h>
#include <string.h>

#include "core/base/encode.h"
#include "core/base/mem.h"

#define DEFAULT_MAX_ITEMS 100

static const struct {
    const char *name;
    const char *colour;
} severities[] = {
    [DIAG_ERROR] = { "error", "\033[1;31m" },
    [DIAG_WARNING] = { "warning", "\033[1;33m" },
    [DIAG_INFO] = { "info", "\033[1;36m" },
};

void diag_init(struct diag *d)
{
    *d = (struct diag){ .max_items = DEFAULT_MAX_ITEMS };
    arena_init(&d->arena, 0);
}

void diag_deinit(struct diag *d)
{
    arena_deinit(&d->arena);
    d->first = d->last = d->spare = NULL;
    d->sources = NULL;
}

void diag_add_source(struct diag *d, const char *file, struct str text)
{
    struct diag_source *s = arena_alloc(&d->arena, sizeof(*s));

    *s = (struct diag_source){ .file = arena_strz(&d->arena, str_of(file)),
                               .text = arena_str(&d->arena, text),
                               .next = d->sources };
    d->sources = s;
}

static const struct diag_source *find_source(const struct diag *d, const char *file)
{
    const struct diag_source *s = d->sources;

    while (s && file && strcmp(s->file, file) != 0)
        s = s->next;
    return file ? s : NULL;
}

static const char *keep_file(struct diag *d, const char *file)
{
    const struct diag_source *s = find_source(d, file);

    if (s || !file)
        return s ? s->file : NULL;
    if (d->last && d->last->pos.file && strcmp(d->last->pos.file, file) == 0)
        return d->last->pos.file;
    return arena_strz(&d->arena, str_of(file));
}

struct diag_item *diag_add(struct diag *d, enum diag_severity severity, const char *code,
                           const struct diag_pos *pos, struct str path, const char *fmt, ...)
{
    size_t kept = d->count[DIAG_ERROR] + d->count[DIAG_WARNING] + d->count[DIAG_INFO];
    struct diag_item *item;
    va_list ap;

    d->count[severity]++;
    if (kept >= d->max_items) {
        if (!d->spare)
            d->spare = arena_alloc0(&d->arena, 1, sizeof(*d->spare));
        return d->spare;
    }
    item = arena_alloc0(&d->arena, 1, sizeof(*item));
    item->severity = severity;
    item->code = code;
    if (pos) {
        item->pos = *pos;
        item->pos.file = keep_file(d, pos->file);
    }
    item->object = arena_str(&d->arena, d->object);
    item->path = arena_str(&d->arena, path);
    va_start(ap, fmt);
    item->message = arena_vprintf(&d->arena, fmt, ap);
    va_end(ap);
    if (d->last)
        d->last->next = item;
    else
        d->first = item;
    d->last = item;
    return item;
}

/* Texts may quote what came from outside: nothing in them may drive a terminal or forge a line. */
static void add_visible(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];

        if (c == '\t')
            c = ' ';
        else if ((unsigned char)c < 0x20 || c == 0x7f)
            c = '?';
        buf_add_char(out, c);
    }
}

static bool is_word_end(struct str s, size_t at)
{
    return at >= s.len || strchr(" :,\"'", s.p[at]);
}

static bool has_word(struct str s, struct str word)
{
    for (size_t at = 0; word.len && at + word.len <= s.len; at++) {
        if (str_starts(str_skip(s, at), word) && (at == 0 || is_word_end(s, at - 1)) &&
            is_word_end(s, at + word.len))
            return true;
    }
    return false;
}

/* The path, then the message, unless the message already says where. */
static void add_title(struct buf *out, const struct diag_item *item)
{
    ptrdiff_t dot = str_rchr(item->path, '.');
    struct str parent = str_head(item->path, dot < 0 ? 0 : (size_t)dot);

    if (item->path.len && !has_word(item->message, item->path) &&
        !has_word(item->message, parent)) {
        add_visible(out, item->path);
        buf_add_str(out, STR(": "));
    }
    add_visible(out, item->message);
}

/* Line number n of text, without its line end; false when there is none. */
static bool get_line(struct str text, int n, struct str *out)
{
    for (int i = 1; text.p && text.len; i++) {
        struct str line = str_cut(&text, '\n');

        if (i < n)
            continue;
        *out = str_ends(line, STR("\r")) ? str_head(line, line.len - 1) : line;
        return n > 0;
    }
    return false;
}

static size_t indent_of(struct str line)
{
    size_t n = 0;

    while (n < line.len && (line.p[n] == ' ' || line.p[n] == '\t'))
        n++;
    return n;
}

struct painter {
    struct buf *out;
    const char *severity, *dim, *bold, *end; /* escape sequences, or "" */
    int width;                               /* of line numbers */
};

static void add_gutter(const struct painter *p, int line)
{
    if (line)
        buf_printf(p->out, "%s%*d |%s", p->dim, p->width, line, p->end);
    else
        buf_printf(p->out, "%s%*s |%s", p->dim, p->width, "", p->end);
}

#define SHOWN_CHARS 100
#define SHOWN_AHEAD 40 /* of the place, when a long line is cut at its left */

static bool is_char_start(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

/* s without its first n characters (UTF-8). */
static struct str skip_chars(struct str s, int n)
{
    size_t i = 0;

    for (; i < s.len && n > 0; n--) {
        for (i++; i < s.len && !is_char_start(s.p[i]);)
            i++;
    }
    return str_skip(s, i);
}

/* Prints at most SHOWN_CHARS of the line from character `from` on. */
static void add_source_line(const struct painter *p, int number, struct str line, int from)
{
    struct str tail = skip_chars(line, from), rest = skip_chars(tail, SHOWN_CHARS);

    add_gutter(p, number);
    if (line.len)
        buf_add_char(p->out, ' ');
    if (from)
        buf_add_str(p->out, STR("..."));
    add_visible(p->out, str_head(tail, tail.len - rest.len));
    buf_add_str(p->out, rest.len ? STR("...\n") : STR("\n"));
}

static void add_beside(const struct painter *p, const struct diag_item *item)
{
    if (item->suggestion.len) {
        buf_add_str(p->out, STR(" did you mean \""));
        add_visible(p->out, item->suggestion);
        buf_add_str(p->out, STR("\"?"));
    } else if (item->label.len) {
        buf_add_char(p->out, ' ');
        add_visible(p->out, item->label);
    }
}

static void add_carets(const struct painter *p, const struct diag_item *item, int from)
{
    int col = item->pos.col - from, count = item->pos.end_col - item->pos.col;

    if (count < 1)
        count = 1;
    if (count > SHOWN_CHARS - col + 1)
        count = SHOWN_CHARS - col + 1;
    add_gutter(p, 0);
    buf_printf(p->out, "%*s%s", col + (from ? 3 : 0), "", p->severity);
    for (int i = 0; i < count; i++)
        buf_add_char(p->out, '^');
    add_beside(p, item);
    buf_printf(p->out, "%s\n", p->end);
}

/* The line above is shown when it is indented less: it says what the place belongs to. */
static void add_excerpt(const struct painter *p, const struct diag_item *item, struct str text)
{
    struct str line, above;
    int from = 0;

    if (!get_line(text, item->pos.line, &line))
        return;
    if (item->pos.col > SHOWN_CHARS - 20)
        from = item->pos.col - SHOWN_AHEAD;
    add_gutter(p, 0);
    buf_add_char(p->out, '\n');
    if (get_line(text, item->pos.line - 1, &above) && str_trim(above).len &&
        indent_of(above) < indent_of(line))
        add_source_line(p, item->pos.line - 1, above, 0);
    add_source_line(p, item->pos.line, line, from);
    if (item->pos.col > 0)
        add_carets(p, item, from);
}

static int digits(int n)
{
    int count = 1;

    while ((n /= 10))
        count++;
    return count;
}

/* file:line:col, leaving out what is unknown; false when there is nothing. */
static bool add_place(struct buf *out, const struct diag_item *item)
{
    if (!item->pos.file && item->pos.line == 0)
        return false;
    add_visible(out, item->pos.file ? str_of(item->pos.file) : STR("<input>"));
    if (item->pos.line)
        buf_printf(out, ":%d", item->pos.line);
    if (item->pos.line && item->pos.col)
        buf_printf(out, ":%d", item->pos.col);
    return true;
}

static void add_arrow(const struct painter *p, const struct diag_item *item)
{
    if (!item->pos.file && item->pos.line == 0 && item->object.len == 0)
        return;
    buf_printf(p->out, "%s%*s-->%s ", p->dim, p->width, "", p->end);
    if (!add_place(p->out, item))
        add_visible(p->out, item->object);
    buf_add_char(p->out, '\n');
}

static void add_note(const struct painter *p, struct str text)
{
    if (text.len == 0)
        return;
    buf_printf(p->out, "%s%*s =%s ", p->dim, p->width, "", p->end);
    add_visible(p->out, text);
    buf_add_char(p->out, '\n');
}

static void render_item(const struct diag *d, const struct diag_item *item, struct painter *p,
                        bool colour)
{
    const struct diag_source *source = find_source(d, item->pos.file);
    struct str line;
    bool has_caret = source && item->pos.col > 0 && get_line(source->text, item->pos.line, &line);

    p->severity = colour ? severities[item->severity].colour : "";
    p->width = digits(item->pos.line);
    buf_printf(p->out, "%s%s%s%s%s%s: %s", p->severity, severities[item->severity].name,
               item->code ? "[" : "", item->code ? item->code : "", item->code ? "]" : "", p->end,
               p->bold);
    add_title(p->out, item);
    buf_printf(p->out, "%s\n", p->end);
    add_arrow(p, item);
    if (source)
        add_excerpt(p, item, source->text);
    if (!has_caret && (item->suggestion.len || item->label.len)) {
        buf_printf(p->out, "%s%*s =%s", p->dim, p->width, "", p->end);
        add_beside(p, item);
        buf_add_char(p->out, '\n');
    }
    add_note(p, item->hint);
}

static size_t not_kept(const struct diag *d)
{
    size_t total = d->count[DIAG_ERROR] + d->count[DIAG_WARNING] + d->count[DIAG_INFO];

    return total > d->max_items ? total - d->max_items : 0;
}

void diag_render_text(const struct diag *d, struct buf *out, bool colour)
{
    struct painter p = { .out = out,
                         .dim = colour ? "\033[34m" : "",
                         .bold = colour ? "\033[1m" : "",
                         .end = colour ? "\033[0m" : "" };

    for (const struct diag_item *item = d->first; item; item = item->next) {
        if (item != d->first)
            buf_add_char(out, '\n');
        render_item(d, item, &p, colour);
    }
    if (not_kept(d))
        buf_printf(out, "\n%zu more not shown\n", not_kept(d));
}

void diag_render_short(const struct diag *d, struct buf *out)
{
    for (const struct diag_item *item = d->first; item; item = item->next) {
        if (add_place(out, item))
            buf_add_str(out, STR(": "));
        else if (item->object.len) {
            add_visible(out, item->object);
            buf_add_str(out, STR(": "));
        }
        buf_printf(out, "%s: ", severities[item->severity].name);
        add_title(out, item);
        if (item->suggestion.len || item->label.len) {
            struct painter p = { .out = out };

            buf_add_char(out, ',');
            add_beside(&p, item);
        }
        if (item->code)
            buf_printf(out, " [%s]", item->code);
        buf_add_char(out, '\n');
    }
    if (not_kept(d))
        buf_printf(out, "%zu more not shown\n", not_kept(d));
}

static void add_member(struct buf *out, const char *name, struct str value)
{
    if (value.len == 0)
        return;
    buf_printf(out, ",\"%s\":", name);
    encode_json(out, value);
}

static void add_number(struct buf *out, const char *name, int value)
{
    if (value)
        buf_printf(out, ",\"%s\":%d", name, value);
}

void diag_render_json(const struct diag *d, struct buf *out)
{
    buf_add_str(out, STR("{\"items\":["));
    for (const struct diag_item *item = d->first; item; item = item->next) {
        buf_printf(out, "%s{\"severity\":\"%s\"", item == d->first ? "" : ",",
                   severities[item->severity].name);
        add_member(out, "code", str_of(item->code));
        add_member(out, "message", item->message);
        add_member(out, "file", str_of(item->pos.file));
        add_number(out, "line", item->pos.line);
        add_number(out, "col", item->pos.col);
        add_number(out, "endCol", item->pos.end_col);
        add_member(out, "path", item->path);
        add_member(out, "suggestion", item->suggestion);
        add_member(out, "label", item->label);
        add_member(out, "hint", item->hint);
        add_member(out, "object", item->object);
        buf_add_char(out, '}');
    }
    buf_printf(out, "],\"errors\":%zu,\"warnings\":%zu}", d->count[DIAG_ERROR],
               d->count[DIAG_WARNING]);
}
