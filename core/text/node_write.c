/* The writing half of node.h. */
#include <stdlib.h>

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/node.h"
#include "core/text/node_yaml.h"
#include "core/text/utf8.h"

enum { LONG_KEY = 150 }; /* bytes; escaped at most six times as many */

struct writer {
    struct buf *out;
    bool sorted;
    int indent; /* columns a level; 0: compact */
};

static int by_key(const void *a, const void *b)
{
    const struct node *const *x = a, *const *y = b;

    return str_cmp((*x)->key, (*y)->key);
}

/* The children in the order to write them, on the heap. */
static struct node **children(const struct node *n, bool sorted)
{
    struct node **list = mem_alloc0(n->count ? n->count : 1, sizeof(struct node *));
    size_t count = 0;

    NODE_EACH(it, n)
    list[count++] = it;
    if (sorted && n->kind == NODE_MAP)
        qsort(list, count, sizeof(struct node *), by_key);
    return list;
}

static void add_spaces(struct buf *out, int n)
{
    while (n-- > 0)
        buf_add_char(out, ' ');
}

static void json_break(struct writer *w, int level)
{
    if (w->indent) {
        buf_add_char(w->out, '\n');
        add_spaces(w->out, level * w->indent);
    }
}

static void write_json(struct writer *w, const struct node *n, int level);

static void json_members(struct writer *w, const struct node *n, int level)
{
    struct node **list = children(n, w->sorted);

    for (size_t i = 0; i < n->count && !w->out->full; i++) {
        if (i)
            buf_add_char(w->out, ',');
        json_break(w, level + 1);
        if (n->kind == NODE_MAP) {
            encode_json(w->out, list[i]->key);
            buf_add_str(w->out, w->indent ? STR(": ") : STR(":"));
        }
        write_json(w, list[i], level + 1);
    }
    if (n->count)
        json_break(w, level);
    mem_free(list);
}

static void write_json(struct writer *w, const struct node *n, int level)
{
    bool is_map = n->kind == NODE_MAP;

    if (n->kind == NODE_STRING) {
        encode_json(w->out, n->text);
    } else if (is_map || n->kind == NODE_LIST) {
        buf_add_char(w->out, is_map ? '{' : '[');
        json_members(w, n, level);
        buf_add_char(w->out, is_map ? '}' : ']');
    } else {
        buf_add_str(w->out, n->text);
    }
}

int node_write_json(const struct node *n, struct buf *out, unsigned flags)
{
    struct writer w = { .out = out, .sorted = flags & NODE_SORTED };

    if (flags & NODE_PRETTY4)
        w.indent = 4;
    else if (flags & NODE_PRETTY)
        w.indent = 2;
    if (n)
        write_json(&w, n, 0);
    else
        buf_add_str(out, STR("null"));
    return out->full ? ERR_LIMIT : 0;
}

/* Characters that YAML takes for line ends or refuses: written by their number only. */
static bool is_special(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
           c == 0xfffe || c == 0xffff;
}

static bool is_printable(struct str s, bool lines)
{
    uint32_t c;

    for (size_t n; s.len; s = str_skip(s, n)) {
        n = utf8_decode(s, &c);
        if (n == 0 || (is_special(c) && !(lines && c == '\n')))
            return false;
    }
    return true;
}

/* As JSON, but with more characters escaped. */
static void add_double_quoted(struct buf *out, struct str s)
{
    uint32_t c;

    buf_add_char(out, '"');
    for (size_t n; s.len; s = str_skip(s, n)) {
        n = utf8_decode(s, &c);
        if (n == 0) { /* no UTF-8 */
            n = 1;
            c = 0xfffd;
        }
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", (char)c);
        else if (c == '\n')
            buf_add_str(out, STR("\\n"));
        else if (c == '\t')
            buf_add_str(out, STR("\\t"));
        else if (is_special(c))
            buf_printf(out, "\\u%04x", (unsigned)c);
        else if (c == 0xfffd)
            buf_add_str(out, STR("\xef\xbf\xbd"));
        else
            buf_add_str(out, str_head(s, n));
    }
    buf_add_char(out, '"');
}

/* Whether s may stand without quotes as far as its characters go. */
static bool is_plain(struct str s)
{
    if (s.len == 0 || s.p[0] == ' ' || s.p[s.len - 1] == ' ' || s.p[s.len - 1] == ':')
        return false;
    if (strchr(",[]{}#&*!|>'\"%@`=", s.p[0]))
        return false;
    if (strchr("-?:", s.p[0]) && (s.len == 1 || s.p[1] == ' '))
        return false;
    if (str_starts(s, STR("---")) || str_starts(s, STR("...")) || str_starts(s, STR("<<")))
        return false;
    return str_find(s, STR(": ")) < 0 && str_find(s, STR(" #")) < 0;
}

static void add_single_quoted(struct buf *out, struct str s)
{
    buf_add_char(out, '\'');
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] == '\'')
            buf_add_char(out, '\'');
        buf_add_char(out, s.p[i]);
    }
    buf_add_char(out, '\'');
}

/* A scalar on one line. */
static void yaml_inline(struct buf *out, struct str s)
{
    if (!is_printable(s, false) || node_yaml_needs_quotes(s))
        add_double_quoted(out, s);
    else if (is_plain(s))
        buf_add_str(out, s);
    else
        add_single_quoted(out, s);
}

static bool is_block(struct str s)
{
    return str_chr(s, '\n') >= 0 && s.p[0] != ' ' && s.p[0] != '\n' && is_printable(s, true);
}

/* A literal block: |- without, | with one, |+ with several line ends at the end. */
static void yaml_block(struct buf *out, struct str s, int indent)
{
    struct str rest = s;

    buf_add_char(out, '|');
    if (s.p[s.len - 1] != '\n')
        buf_add_char(out, '-');
    else if (s.p[s.len - 2] == '\n')
        buf_add_char(out, '+');
    if (s.p[s.len - 1] == '\n')
        rest = str_head(s, s.len - 1);
    while (rest.p && !out->full) {
        struct str line = str_cut(&rest, '\n');

        buf_add_char(out, '\n');
        if (line.len)
            add_spaces(out, indent);
        buf_add_str(out, line);
    }
    buf_add_char(out, '\n');
}

static void write_yaml(struct writer *w, const struct node *n, int indent, bool in_list);

/* A value behind "key:" or, in_list, behind "-". indent is that of the value's own lines. */
static void yaml_value(struct writer *w, const struct node *n, int indent, bool in_list)
{
    if ((n->kind == NODE_MAP || n->kind == NODE_LIST) && n->count) {
        if (!in_list)
            buf_add_char(w->out, '\n');
        write_yaml(w, n, indent, in_list);
        return;
    }
    buf_add_char(w->out, ' ');
    if (n->kind == NODE_STRING && is_block(n->text)) {
        yaml_block(w->out, n->text, indent);
        return;
    }
    if (n->kind == NODE_MAP)
        buf_add_str(w->out, STR("{}"));
    else if (n->kind == NODE_LIST)
        buf_add_str(w->out, STR("[]"));
    else if (n->kind == NODE_STRING)
        yaml_inline(w->out, n->text);
    else
        buf_add_str(w->out, n->text);
    buf_add_char(w->out, '\n');
}

/* "key:"; YAML finds the colon by itself only within 1024 characters. */
static void yaml_key(struct buf *out, struct str key, int indent)
{
    bool is_long = key.len > LONG_KEY;

    if (is_long)
        buf_add_str(out, STR("? "));
    yaml_inline(out, key);
    if (is_long) {
        buf_add_char(out, '\n');
        add_spaces(out, indent);
    }
    buf_add_char(out, ':');
}

/* The children of a map or list, a line or more each. With behind_dash the first one stands on the
 * line of its parent's dash. Lists in maps are not indented, as kubectl writes them. */
static void write_yaml(struct writer *w, const struct node *n, int indent, bool behind_dash)
{
    struct node **list = children(n, w->sorted);

    for (size_t i = 0; i < n->count && !w->out->full; i++) {
        if (i == 0 && behind_dash)
            buf_add_char(w->out, ' ');
        else
            add_spaces(w->out, indent);
        if (n->kind == NODE_LIST) {
            buf_add_char(w->out, '-');
            yaml_value(w, list[i], indent + 2, true);
        } else {
            yaml_key(w->out, list[i]->key, indent);
            yaml_value(w, list[i], list[i]->kind == NODE_LIST ? indent : indent + 2, false);
        }
    }
    mem_free(list);
}

int node_write_yaml(const struct node *n, struct buf *out, unsigned flags)
{
    struct writer w = { .out = out, .sorted = flags & NODE_SORTED };
    size_t start = buf_len(out);

    if (n && (n->kind == NODE_MAP || n->kind == NODE_LIST) && n->count) {
        write_yaml(&w, n, 0, false);
    } else {
        yaml_value(&w, n ? n : &(struct node){ .text = STR_INIT("null") }, 2, false);
        if (!out->full) /* without the blank that stands in front of values */
            memmove(out->p + out->start + start, out->p + out->start + start + 1,
                    buf_len(out) - start - 1);
        if (!out->full)
            out->end--;
    }
    return out->full ? ERR_LIMIT : 0;
}
