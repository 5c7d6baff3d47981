#include "core/telemetry/access_format.h"

#include <string.h>

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/telemetry/access_peer.h"
#include "core/text/utf8.h"

/* A header value or the like may be long; one line of a log is not. */
#define MAX_JSON_VALUE 8192

static int fail(struct arena *a, struct str *why, const char *problem, struct str text)
{
    if (why)
        *why = arena_printf(a, "%s: %.*s", problem, STR_ARG(text));
    return ERR_INVALID;
}

/* "X?Y" into two lower-case names with tokens. */
static void set_headers(struct access_op *op, struct str arg, struct arena *a)
{
    op->arg = arena_lower(a, str_cut(&arg, '?'));
    op->alt = arg.p ? arena_lower(a, arg) : STR_NONE;
    op->token = (uint16_t)http_token_of(op->arg);
    op->alt_token = (uint16_t)http_token_of(op->alt);
}

/* text is NAME, NAME(ARG) or NAME(ARG):LEN, without the signs around. */
static int parse_op(struct access_op *op, struct str text, struct arena *a, struct str *why)
{
    ptrdiff_t open = str_chr(text, '('), close = str_rchr(text, ')');
    struct str name = text, arg = STR_NONE, rest = STR_NONE;
    const char *problem;
    uint64_t max = 0;

    if (open >= 0) {
        if (close < open)
            return fail(a, why, "no closing parenthesis", text);
        name = str_head(text, (size_t)open);
        arg = str_make(text.p + open + 1, (size_t)(close - open - 1));
        rest = str_skip(text, (size_t)close + 1);
    }
    if (rest.len && (rest.p[0] != ':' || str_to_u64(str_skip(rest, 1), 1 << 20, &max)))
        return fail(a, why, "expected a length", text);
    op->def = access_op_find(name);
    if (!op->def)
        return fail(a, why, "unknown operator", name);
    op->max_bytes = (size_t)max;
    switch (op->def->arg) {
    case ACCESS_OP_NO_ARG:
        return open < 0 ? 0 : fail(a, why, "takes no argument", name);
    case ACCESS_OP_OPTIONAL_ARG:
        op->arg = arena_str(a, arg);
        return 0;
    case ACCESS_OP_HEADER:
        if (arg.len == 0)
            return fail(a, why, "needs a name in parentheses", name);
        set_headers(op, arg, a);
        return 0;
    case ACCESS_OP_STATE:
        problem = access_peer_parse(op, arg, a);
        return problem ? fail(a, why, problem, text) : 0;
    }
    return ERR_INVALID;
}

/* The sign that closes an operator, from behind the one that opens it: one inside parentheses, as
 * in START_TIME(%s), does not. -1: none. */
static ptrdiff_t end_of(struct str text)
{
    bool in_arg = false;

    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] == '(')
            in_arg = true;
        else if (text.p[i] == ')')
            in_arg = false;
        else if (text.p[i] == '%' && !in_arg)
            return (ptrdiff_t)i;
    }
    return -1;
}

static size_t count_signs(struct str text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++)
        n += text.p[i] == '%';
    return n;
}

int access_format_parse(struct access_format *out, struct str text, struct arena *a,
                        struct str *why)
{
    struct access_op *ops = arena_alloc0(a, count_signs(text) + 1, sizeof(*ops));
    uint32_t n = 0;

    while (text.len) {
        ptrdiff_t sign = str_chr(text, '%'), end;
        int err;

        if (sign != 0) {
            size_t len = sign < 0 ? text.len : (size_t)sign;

            ops[n++].arg = arena_str(a, str_head(text, len));
            text = str_skip(text, len);
            continue;
        }
        end = end_of(str_skip(text, 1));
        if (end < 0)
            return fail(a, why, "a lone % (write %% for the sign itself)", str_head(text, 40));
        if (end == 0)
            ops[n++].arg = STR("%");
        else if ((err = parse_op(&ops[n++], str_make(text.p + 1, (size_t)end), a, why)))
            return err;
        text = str_skip(text, (size_t)end + 2);
    }
    *out = (struct access_format){ .ops = ops, .count = n };
    return 0;
}

static bool write_op(const struct access_op *op, const struct access_source *source,
                     struct buf *out)
{
    size_t before = buf_len(out);

    if (!op->def) {
        buf_add_str(out, op->arg);
        return true;
    }
    if (!op->def->write(op, source, out))
        return false;
    if (op->max_bytes && op->form != ACCESS_OP_FORM_JSON && buf_len(out) - before > op->max_bytes)
        out->end = out->start + before + op->max_bytes;
    return true;
}

/* Values come from strangers: a line must not end where they want it to, nor a terminal obey them.
 */
static bool is_harmless(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((uint8_t)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    }
    return utf8_is_valid(s);
}

static void add_escaped(struct buf *out, struct str s)
{
    while (s.len) {
        uint32_t c;
        size_t n = utf8_decode(s, &c);

        if (n && c >= 0x20 && c != 0x7f) {
            buf_add_str(out, str_head(s, n));
        } else {
            n = 1;
            buf_printf(out, "\\x%02x", (uint8_t)s.p[0]);
        }
        s = str_skip(s, n);
    }
}

static void write_escaped(const struct access_op *op, const struct access_source *source,
                          struct buf *out)
{
    size_t before = buf_len(out);
    struct buf value;
    struct str s;

    if (!write_op(op, source, out)) {
        buf_add_char(out, '-');
        return;
    }
    s = str_skip(buf_str(out), before);
    if (!op->def || is_harmless(s))
        return;
    buf_init(&value, 0);
    buf_add_str(&value, s);
    out->end = out->start + before;
    add_escaped(out, buf_str(&value));
    buf_deinit(&value);
}

void access_format_write(const struct access_format *f, const struct access_source *source,
                         enum access_format_missing missing, struct buf *out)
{
    for (uint32_t i = 0; i < f->count; i++) {
        if (missing == ACCESS_FORMAT_DASH)
            write_escaped(&f->ops[i], source, out);
        else
            (void)write_op(&f->ops[i], source, out);
    }
}

void access_format_write_json(const struct access_format *f, const struct access_source *source,
                              struct buf *out)
{
    bool is_single = f->count == 1 && f->ops[0].def;
    struct buf value;

    if (is_single && (f->ops[0].def->is_number || f->ops[0].form == ACCESS_OP_FORM_JSON)) {
        if (!write_op(&f->ops[0], source, out))
            buf_add_str(out, STR("null"));
        return;
    }
    buf_init(&value, MAX_JSON_VALUE);
    if (is_single) {
        if (write_op(&f->ops[0], source, &value))
            encode_json(out, buf_str(&value));
        else
            buf_add_str(out, STR("null"));
    } else {
        for (uint32_t i = 0; i < f->count; i++) {
            if (!write_op(&f->ops[i], source, &value))
                buf_add_char(&value, '-');
        }
        encode_json(out, buf_str(&value));
    }
    buf_deinit(&value);
}
