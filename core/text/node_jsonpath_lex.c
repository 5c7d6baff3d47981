#include "core/text/node_jsonpath_lex.h"

#include <string.h>

struct str node_jsonpath_lex_cut(struct str *rest, char sep)
{
    char quote = 0;

    for (size_t i = 0; i < rest->len; i++) {
        char c = rest->p[i];

        if (quote && c == '\\')
            i++;
        else if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == sep) {
            struct str head = str_head(*rest, i);

            *rest = str_skip(*rest, i + 1);
            return head;
        }
    }
    {
        struct str all = *rest;

        *rest = STR_NONE;
        return all;
    }
}

struct str node_jsonpath_lex_unquote(struct arena *a, struct str s)
{
    char *out = arena_alloc(a, s.len + 1);
    size_t n = 0;

    for (size_t i = 1; i + 1 < s.len; i++) {
        char c = s.p[i];

        if (c == '\\' && i + 2 < s.len) {
            c = s.p[++i];
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
        }
        out[n++] = c;
    }
    return str_make(out, n);
}

bool node_jsonpath_lex_is_quoted(struct str s)
{
    return s.len >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.len - 1] == s.p[0];
}

size_t node_jsonpath_lex_bracket_len(struct str s)
{
    char quote = 0;
    int depth = 0;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];

        if (quote && c == '\\')
            i++;
        else if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '[')
            depth++;
        else if (c == ']' && --depth == 0)
            return i + 1;
    }
    return 0;
}

struct str node_jsonpath_lex_take_name(struct arena *a, struct str *rest)
{
    char *out = arena_alloc(a, rest->len + 1);
    size_t i = 0, n = 0;

    for (; i < rest->len && !memchr(".[", rest->p[i], 2); i++) {
        if (rest->p[i] == '\\' && i + 1 < rest->len)
            i++;
        out[n++] = rest->p[i];
    }
    *rest = str_skip(*rest, i);
    return str_make(out, n);
}

size_t node_jsonpath_lex_brace_end(struct str s)
{
    char quote = 0;

    for (size_t i = 1; i < s.len; i++) {
        char c = s.p[i];

        if (quote && c == '\\')
            i++;
        else if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '}')
            return i;
    }
    return 0;
}
