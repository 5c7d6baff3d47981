#include "core/text/node_json.h"

#include "core/base/error.h"
#include "core/base/map.h"
#include "core/text/utf8.h"

enum { SEARCHED_KEYS = 16 }; /* up to here duplicates are found by looking at every sibling */

struct reader {
    struct arena *arena;
    struct diag *diag;
    const char *file;
    const char *p, *end;
    const char *line_start; /* moved on to the place whose column is known last */
    int line, col;          /* of line_start */
    int depth;
    size_t nodes;
    int error;
};

/* Counts characters, not bytes, from the last place asked for. */
static struct diag_pos here(struct reader *r)
{
    for (; r->line_start < r->p; r->line_start++) {
        if (((unsigned char)*r->line_start & 0xc0) != 0x80)
            r->col++;
    }
    return (struct diag_pos){ r->file, r->line, r->col, 0 };
}

static int fail(struct reader *r, int code, const char *what)
{
    struct diag_pos pos = here(r);

    if (r->error)
        return r->error;
    r->error = code;
    if (r->diag)
        diag_add(r->diag, DIAG_ERROR, "MSH1001", &pos, STR_NONE, "%s", what);
    return code;
}

static void skip_blanks(struct reader *r)
{
    for (; r->p < r->end; r->p++) {
        if (*r->p == '\n') {
            r->line++;
            r->col = 1;
            r->line_start = r->p + 1;
        } else if (*r->p != ' ' && *r->p != '\t' && *r->p != '\r') {
            return;
        }
    }
}

static int hex4(struct reader *r, uint32_t *out)
{
    uint32_t c = 0;

    if (r->end - r->p < 4)
        return ERR_INVALID;
    for (int i = 0; i < 4; i++) {
        unsigned char h = (unsigned char)r->p[i];

        c <<= 4;
        if (h >= '0' && h <= '9')
            c |= h - '0';
        else if ((h | 0x20) >= 'a' && (h | 0x20) <= 'f')
            c |= (h | 0x20) - 'a' + 10u;
        else
            return ERR_INVALID;
    }
    r->p += 4;
    *out = c;
    return 0;
}

/* Behind "\u": one character, or two escapes that are a surrogate pair. */
static int unicode_escape(struct reader *r, char **to)
{
    uint32_t c, low;

    if (hex4(r, &c))
        return fail(r, ERR_INVALID, "\\u needs four hexadecimal digits");
    if (c >= 0xd800 && c <= 0xdbff) {
        if (r->end - r->p < 2 || r->p[0] != '\\' || r->p[1] != 'u')
            return fail(r, ERR_INVALID, "half of a surrogate pair");
        r->p += 2;
        if (hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
            return fail(r, ERR_INVALID, "half of a surrogate pair");
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c >= 0xdc00 && c <= 0xdfff) {
        return fail(r, ERR_INVALID, "half of a surrogate pair");
    }
    *to += utf8_encode(c, *to);
    return 0;
}

static int escape(struct reader *r, char **to)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    const char *known;

    if (r->p == r->end)
        return fail(r, ERR_INVALID, "the text ends inside a string");
    if (*r->p == 'u') {
        r->p++;
        return unicode_escape(r, to);
    }
    known = memchr(from, *r->p, sizeof(from) - 1);
    if (!known)
        return fail(r, ERR_INVALID, "no such escape in a string");
    *(*to)++ = into[known - from];
    r->p++;
    return 0;
}

/* At the opening quote. An unescaped string is never longer than its escaped form. */
static int read_string(struct reader *r, struct str *out)
{
    const char *start = ++r->p;
    char *to;

    while (r->p < r->end && *r->p != '"' && *r->p != '\\' && (unsigned char)*r->p >= 0x20)
        r->p++;
    if (r->p < r->end && *r->p == '"') {
        *out = arena_str(r->arena, str_make(start, (size_t)(r->p - start)));
    } else {
        const char *close = r->p;
        char *text;

        while (close < r->end && *close != '"')
            close += *close == '\\' && r->end - close > 1 ? 2 : 1;
        text = to = arena_alloc(r->arena, (size_t)(close - start) + 1);
        memcpy(to, start, (size_t)(r->p - start));
        to += r->p - start;
        while (r->p < r->end && *r->p != '"') {
            if ((unsigned char)*r->p < 0x20)
                return fail(r, ERR_INVALID,
                            "a control character inside a string; write it as \\n or \\u00XX");
            if (*r->p != '\\') {
                *to++ = *r->p++;
                continue;
            }
            r->p++;
            if (escape(r, &to))
                return r->error;
        }
        *to = 0;
        *out = str_make(text, (size_t)(to - text));
    }
    if (r->p == r->end)
        return fail(r, ERR_INVALID, "the text ends inside a string");
    r->p++;
    return 0;
}

static size_t digits(const char *p, const char *end)
{
    const char *start = p;

    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return (size_t)(p - start);
}

static int read_number(struct reader *r, struct node *n)
{
    const char *p = r->p + (*r->p == '-'), *end = r->end;
    size_t whole = digits(p, end);

    n->kind = NODE_INT;
    if (whole == 0 || (whole > 1 && *p == '0'))
        return fail(r, ERR_INVALID, whole ? "a number may not start with 0" : "not a JSON value");
    p += whole;
    if (p < end && *p == '.') {
        n->kind = NODE_FLOAT;
        if (digits(p + 1, end) == 0)
            return fail(r, ERR_INVALID, "a number needs digits behind its point");
        p += 1 + digits(p + 1, end);
    }
    if (p < end && (*p | 0x20) == 'e') {
        n->kind = NODE_FLOAT;
        p++;
        p += p < end && (*p == '+' || *p == '-');
        if (digits(p, end) == 0)
            return fail(r, ERR_INVALID, "a number needs digits in its exponent");
        p += digits(p, end);
    }
    n->text = arena_str(r->arena, str_make(r->p, (size_t)(p - r->p)));
    r->p = p;
    return 0;
}

static int read_word(struct reader *r, struct node *n)
{
    static const struct {
        struct str text;
        enum node_kind kind;
    } words[] = {
        { STR_INIT("null"), NODE_NULL },
        { STR_INIT("true"), NODE_BOOL },
        { STR_INIT("false"), NODE_BOOL },
    };
    struct str rest = str_make(r->p, (size_t)(r->end - r->p));

    for (size_t i = 0; i < 3; i++) {
        if (str_starts(rest, words[i].text)) {
            n->kind = words[i].kind;
            n->text = words[i].text;
            r->p += words[i].text.len;
            return 0;
        }
    }
    return fail(r, ERR_INVALID, "not a JSON value");
}

static struct node *read_value(struct reader *r);

/* A map's keys so far: searched one by one while few, then by hash. */
static bool is_duplicate(const struct node *map, struct map *keys, struct node *child)
{
    if (map->count <= SEARCHED_KEYS)
        return node_get(map, child->key) != NULL;
    if (keys->count == 0) {
        NODE_EACH(it, map)
        map_put(keys, it->key, it);
    }
    return map_put(keys, child->key, child) != NULL;
}

static int read_member(struct reader *r, struct node *map, struct map *keys)
{
    struct diag_pos pos;
    struct node *child;
    struct str key;
    int key_end;

    if (r->p == r->end || *r->p != '"')
        return fail(r, ERR_INVALID, "expected a member's name in double quotes");
    pos = here(r);
    if (read_string(r, &key))
        return r->error;
    key_end = here(r).col;
    skip_blanks(r);
    if (r->p == r->end || *r->p != ':')
        return fail(r, ERR_INVALID, "expected ':' behind a member's name");
    r->p++;
    skip_blanks(r);
    child = read_value(r);
    if (!child)
        return r->error;
    child->key = key;
    child->key_line = pos.line;
    child->key_col = pos.col;
    child->key_end_col = key_end;
    if (is_duplicate(map, keys, child)) {
        pos.end_col = key_end;
        r->error = ERR_INVALID;
        if (r->diag)
            diag_add(r->diag, DIAG_ERROR, "MSH1001", &pos, STR_NONE,
                     "\"%.*s\" is written twice in one map", STR_ARG(key));
        return r->error;
    }
    node_add(map, child);
    return 0;
}

/* Behind '{' or '['. */
static int read_children(struct reader *r, struct node *n, struct map *keys)
{
    char close = n->kind == NODE_MAP ? '}' : ']';

    skip_blanks(r);
    if (r->p < r->end && *r->p == close) {
        r->p++;
        return 0;
    }
    for (;;) {
        struct node *item;

        if (n->kind == NODE_MAP) {
            if (read_member(r, n, keys))
                return r->error;
        } else {
            item = read_value(r);
            if (!item)
                return r->error;
            node_add(n, item);
        }
        skip_blanks(r);
        if (r->p == r->end)
            return fail(r, ERR_INVALID, "the text ends inside a list or map");
        if (*r->p == close) {
            r->p++;
            return 0;
        }
        if (*r->p != ',')
            return fail(r, ERR_INVALID,
                        close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
        r->p++;
        skip_blanks(r);
    }
}

static int read_collection(struct reader *r, struct node *n)
{
    struct map keys;
    int rc;

    n->kind = *r->p == '{' ? NODE_MAP : NODE_LIST;
    if (r->depth == NODE_MAX_DEPTH)
        return fail(r, ERR_LIMIT, "lists and maps are nested deeper than 64");
    r->depth++;
    r->p++;
    map_init(&keys);
    rc = read_children(r, n, &keys);
    map_deinit(&keys);
    r->depth--;
    return rc;
}

/* At the first byte of a value; NULL after a mistake. */
static struct node *read_value(struct reader *r)
{
    struct node *n = node_new(r->arena, NODE_NULL);
    struct diag_pos pos = here(r), end;
    int rc;

    if (++r->nodes > NODE_MAX_NODES) {
        fail(r, ERR_LIMIT, "more than a million values");
        return NULL;
    }
    n->file = r->file;
    n->line = pos.line;
    n->col = pos.col;
    if (r->p == r->end) {
        rc = fail(r, ERR_INVALID, "the text ends where a value should stand");
    } else if (*r->p == '{' || *r->p == '[') {
        n->text = STR("");
        rc = read_collection(r, n);
    } else if (*r->p == '"') {
        n->kind = NODE_STRING;
        n->quoted = true;
        rc = read_string(r, &n->text);
    } else if (*r->p == '-' || (*r->p >= '0' && *r->p <= '9')) {
        rc = read_number(r, n);
    } else {
        rc = read_word(r, n);
    }
    end = here(r);
    n->end_col = end.line == n->line ? end.col : 0;
    return rc ? NULL : n;
}

int node_json_read(struct arena *a, struct str text, const char *file, struct diag *d,
                   struct node **out)
{
    const char *start = text.p ? text.p : "";
    struct reader r = { .arena = a,
                        .diag = d,
                        .file = file,
                        .p = start,
                        .end = start + text.len,
                        .line_start = start,
                        .line = 1,
                        .col = 1 };
    struct node *n;

    if (text.len == 0)
        return fail(&r, ERR_INVALID, "the text is empty");
    if (text.len > NODE_MAX_BYTES)
        return fail(&r, ERR_LIMIT, "the text is longer than 16 MiB");
    if (!utf8_is_valid(text)) /* once for all; the place matters less than the certainty */
        return fail(&r, ERR_INVALID, "the text is not UTF-8");
    skip_blanks(&r);
    n = read_value(&r);
    if (!n)
        return r.error;
    skip_blanks(&r);
    if (r.p != r.end)
        return fail(&r, ERR_INVALID, "something follows behind the value");
    *out = n;
    return 0;
}
