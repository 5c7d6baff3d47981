#include "core/text/regex_prefix.h"

#include <stdbool.h>

static bool is_meta(char c)
{
    return str_chr(STR(".[]()*+?{}|^$\\"), c) >= 0;
}

/* An escape of punctuation stands for itself; letters and digits are classes and such. */
static bool is_escaped_literal(char c)
{
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
}

/* A '|' outside of groups gives each side a beginning of its own; inside it is not looked for, and
 * in classes it is a character, which is only a prefix not seen. */
static bool has_choice(struct str p)
{
    int depth = 0;

    for (size_t i = 0; i < p.len; i++) {
        if (p.p[i] == '\\')
            i++;
        else if (p.p[i] == '(')
            depth++;
        else if (p.p[i] == ')')
            depth--;
        else if (p.p[i] == '|' && depth <= 0)
            return true;
    }
    return false;
}

/* May what stands at i follow a literal without changing how often that one occurs? */
static bool is_counted(struct str p, size_t i)
{
    return i < p.len && (p.p[i] == '*' || p.p[i] == '?' || p.p[i] == '{' || p.p[i] == '+');
}

struct str regex_prefix_of(struct str pattern, struct arena *a)
{
    struct str p = pattern;
    size_t n = 0;
    char *out;

    if (p.len && p.p[0] == '^')
        p = str_skip(p, 1);
    if (p.len == 0 || has_choice(p))
        return STR("");
    out = arena_alloc(a, p.len);
    for (size_t i = 0; i < p.len;) {
        char c = p.p[i];
        size_t used = 1;

        if (c == '\\') {
            if (i + 1 == p.len || !is_escaped_literal(p.p[i + 1]))
                break;
            c = p.p[i + 1];
            used = 2;
        } else if (is_meta(c) || (unsigned char)c >= 0x80) { /* several bytes may be one letter */
            break;
        }
        if (is_counted(p, i + used))
            break;
        out[n++] = c;
        i += used;
    }
    return str_make(out, n);
}
