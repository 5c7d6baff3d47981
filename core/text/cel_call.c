#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/text/cel_expr.h"
#include "core/text/duration.h"
#include "core/text/timestamp.h"

struct cel_value cel_call_no_overload(struct cel_env *env, const struct cel_expr *e,
                                      const struct cel_value *a)
{
    return cel_value_error(env, "%.*s() is not for a %s", STR_ARG(e->name),
                           cel_value_type_name(a->type));
}

bool cel_call_are_texts(const struct cel_value *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].type != CEL_STRING)
            return false;
    return true;
}

/* Code points, not bytes, are counted. */
static size_t count_points(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

/* Where code point n begins; s.len for the one behind the last. */
static size_t offset_of(struct str s, size_t n)
{
    size_t i = 0;

    for (; i < s.len; i++)
        if (((unsigned char)s.p[i] & 0xc0) != 0x80 && n-- == 0)
            return i;
    return s.len;
}

/* ---- sizes and texts ---- */

CEL_CALL(call_size)
{
    size_t count;

    (void)n;
    if (a->type == CEL_STRING)
        return cel_value_spend(env, a->s.len / 10) ? cel_of_int((int64_t)count_points(a->s))
                                                   : cel_value_error_cost(env);
    return cel_value_size(a, &count) ? cel_of_int((int64_t)count) : cel_call_no_overload(env, e, a);
}

CEL_CALL(call_find)
{
    if (!cel_call_are_texts(a, n))
        return cel_call_no_overload(env, e, a);
    if (!cel_value_spend(env, a[0].s.len / 10 + 1))
        return cel_value_error_cost(env);
    if (str_is(e->name, "startsWith"))
        return cel_of_bool(str_starts(a[0].s, a[1].s));
    if (str_is(e->name, "endsWith"))
        return cel_of_bool(str_ends(a[0].s, a[1].s));
    return cel_of_bool(str_find(a[0].s, a[1].s) >= 0);
}

CEL_CALL(call_matches)
{
    struct str why = STR_NONE;
    struct regex *r;
    bool found;

    if (!cel_call_are_texts(a, n))
        return cel_call_no_overload(env, e, a);
    if (!cel_value_spend(env, a[0].s.len / 2 + 10))
        return cel_value_error_cost(env);
    if (e->regex)
        return cel_of_bool(regex_find(e->regex, a[0].s, NULL, 0));
    if (!cel_value_spend(env, 1000)) /* compiling is what costs */
        return cel_value_error_cost(env);
    if (regex_new(&r, a[1].s, env->arena, &why) != 0)
        return cel_value_error(env, "not a regular expression: %.*s", STR_ARG(why));
    found = regex_find(r, a[0].s, NULL, 0);
    regex_free(r);
    return cel_of_bool(found);
}

CEL_CALL(call_case)
{
    bool upper = str_is(e->name, "upperAscii");
    char *to;

    if (!cel_call_are_texts(a, n))
        return cel_call_no_overload(env, e, a);
    if (!cel_value_spend(env, a->s.len / 10 + 1))
        return cel_value_error_cost(env);
    to = arena_alloc(env->arena, a->s.len + 1);
    for (size_t i = 0; i < a->s.len; i++) {
        char c = a->s.p[i];

        to[i] = upper ? (c >= 'a' && c <= 'z' ? (char)(c - 32) : c) : str_lower_char(c);
    }
    return cel_of_str(str_make(to, a->s.len));
}

CEL_CALL(call_trim)
{
    return cel_call_are_texts(a, n) ? cel_of_str(str_trim(a->s)) : cel_call_no_overload(env, e, a);
}

CEL_CALL(call_substring)
{
    size_t points, from, to;

    if (a[0].type != CEL_STRING || a[1].type != CEL_INT || (n > 2 && a[2].type != CEL_INT))
        return cel_call_no_overload(env, e, a);
    points = count_points(a[0].s);
    if (a[1].i < 0 || (uint64_t)a[1].i > points ||
        (n > 2 && (a[2].i < a[1].i || (uint64_t)a[2].i > points)))
        return cel_value_error(env, "%.*s() reaches beyond the text", STR_ARG(e->name));
    from = offset_of(a[0].s, (size_t)a[1].i);
    to = n > 2 ? offset_of(a[0].s, (size_t)a[2].i) : a[0].s.len;
    return cel_of_str(str_skip(str_head(a[0].s, to), from));
}

CEL_CALL(call_char_at)
{
    size_t at;

    (void)n;
    if (a[0].type != CEL_STRING || a[1].type != CEL_INT)
        return cel_call_no_overload(env, e, a);
    if (a[1].i < 0 || (uint64_t)a[1].i > count_points(a[0].s))
        return cel_value_error(env, "charAt() reaches beyond the text");
    at = offset_of(a[0].s, (size_t)a[1].i);
    return cel_of_str(str_skip(str_head(a[0].s, offset_of(a[0].s, (size_t)a[1].i + 1)), at));
}

CEL_CALL(call_index_of)
{
    bool last = str_is(e->name, "lastIndexOf");
    ptrdiff_t found = -1, at;
    size_t from = 0;

    if (!cel_call_are_texts(a, n))
        return cel_call_no_overload(env, e, a);
    if (!cel_value_spend(env, a[0].s.len + 1))
        return cel_value_error_cost(env);
    while (from <= a[0].s.len && (at = str_find(str_skip(a[0].s, from), a[1].s)) >= 0) {
        found = (ptrdiff_t)from + at;
        from = (size_t)found + 1;
        if (!last || !cel_value_spend(env, 1))
            break;
    }
    return cel_of_int(found < 0 ? -1 : (int64_t)count_points(str_head(a[0].s, (size_t)found)));
}

CEL_CALL(call_split)
{
    struct cel_value v = { .type = CEL_LIST }, *items;
    struct str rest = a->s, sep;
    size_t count = 0, max;

    if (!cel_call_are_texts(a, 2) || (n > 2 && a[2].type != CEL_INT))
        return cel_call_no_overload(env, e, a);
    sep = a[1].s;
    max = n > 2 && a[2].i >= 0 && (uint64_t)a[2].i < rest.len + 1 ? (size_t)a[2].i : rest.len + 1;
    if (!cel_value_spend(env, rest.len + 1))
        return cel_value_error_cost(env);
    items = arena_alloc0(env->arena, rest.len + 1, sizeof(*items));
    while (count + 1 < max) {
        ptrdiff_t at = sep.len                  ? str_find(rest, sep)
                       : count_points(rest) > 1 ? (ptrdiff_t)offset_of(rest, 1)
                                                : -1;

        if (at < 0)
            break;
        items[count++] = cel_of_str(str_head(rest, (size_t)at));
        rest = str_skip(rest, (size_t)at + sep.len);
    }
    if (max > 0)
        items[count++] = cel_of_str(rest);
    v.list.items = items;
    v.list.count = count;
    return v;
}

CEL_CALL(call_join)
{
    struct str sep = n > 1 && a[1].type == CEL_STRING ? a[1].s : STR("");
    size_t count = 0, len = 0, at = 0;
    char *to;

    if (!cel_value_is_list(a) || (n > 1 && a[1].type != CEL_STRING))
        return cel_call_no_overload(env, e, a);
    (void)cel_value_size(a, &count);
    for (size_t i = 0; i < count; i++) {
        struct cel_value item = cel_value_item(a, i);

        if (item.type != CEL_STRING)
            return cel_call_no_overload(env, e, &item);
        len += item.s.len + sep.len;
        if (!cel_value_spend(env, (item.s.len + sep.len) / 10 + 1))
            return cel_value_error_cost(env);
    }
    to = arena_alloc(env->arena, len + 1);
    for (size_t i = 0; i < count; i++) {
        struct str item = cel_value_item(a, i).s;

        if (i && sep.len)
            memcpy(to + at, sep.p, sep.len);
        at += i ? sep.len : 0;
        if (item.len)
            memcpy(to + at, item.p, item.len);
        at += item.len;
    }
    return cel_of_str(str_make(to, at));
}

CEL_CALL(call_replace)
{
    struct str rest = a->s;
    struct cel_value out = cel_of_str(STR(""));
    int64_t left = n > 3 && a[3].type == CEL_INT ? a[3].i : -1;
    char *to;
    size_t len = 0, most;

    if (!cel_call_are_texts(a, 3) || (n > 3 && a[3].type != CEL_INT))
        return cel_call_no_overload(env, e, a);
    if (a[1].s.len == 0)
        return a[0];
    most = rest.len + rest.len / a[1].s.len * a[2].s.len;
    if (!cel_value_spend(env, most / 10 + 1))
        return cel_value_error_cost(env);
    to = arena_alloc(env->arena, most + 1);
    while (rest.len) {
        ptrdiff_t at = left == 0 ? -1 : str_find(rest, a[1].s);
        size_t keep = at < 0 ? rest.len : (size_t)at;

        memcpy(to + len, rest.p, keep);
        len += keep;
        if (at < 0)
            break;
        if (a[2].s.len)
            memcpy(to + len, a[2].s.p, a[2].s.len);
        len += a[2].s.len;
        rest = str_skip(rest, keep + a[1].s.len);
        left -= left > 0;
    }
    out.s = str_make(to, len);
    return out;
}

/* ---- other types ---- */

static bool text_to_int(struct str s, int64_t *out)
{
    bool minus = s.len && s.p[0] == '-';
    uint64_t v;

    if (str_to_u64(str_skip(s, minus || (s.len && s.p[0] == '+')),
                   minus ? (uint64_t)INT64_MAX + 1 : INT64_MAX, &v) != 0)
        return false;
    *out = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

CEL_CALL(call_int)
{
    int64_t v;

    (void)n;
    switch (a->type) {
    case CEL_INT:
        return *a;
    case CEL_UINT:
        return a->u > INT64_MAX ? cel_value_error(env, "a number is too large")
                                : cel_of_int((int64_t)a->u);
    case CEL_DOUBLE:
        return isnan(a->d) || a->d >= 9223372036854775807.0 || a->d <= -9223372036854775808.0
                   ? cel_value_error(env, "a number is too large")
                   : cel_of_int((int64_t)a->d);
    case CEL_STRING:
        return text_to_int(a->s, &v)
                   ? cel_of_int(v)
                   : cel_value_error(env, "\"%.*s\" is not a number", STR_ARG(str_head(a->s, 64)));
    case CEL_TIMESTAMP:
        return cel_of_int(a->i / DURATION_S);
    default:
        return cel_call_no_overload(env, e, a);
    }
}

CEL_CALL(call_uint)
{
    struct cel_value v = a->type == CEL_UINT ? *a : call_int(env, e, a, n);

    if (v.type == CEL_INT && v.i < 0)
        return cel_value_error(env, "a number is negative");
    v.type = v.type == CEL_INT ? CEL_UINT : v.type;
    return v;
}

CEL_CALL(call_double)
{
    struct cel_value v = { .type = CEL_DOUBLE };
    char z[64], *end;

    (void)n;
    if (a->type == CEL_DOUBLE)
        return *a;
    if (a->type == CEL_INT || a->type == CEL_UINT) {
        v.d = a->type == CEL_INT ? (double)a->i : (double)a->u;
        return v;
    }
    if (a->type != CEL_STRING)
        return cel_call_no_overload(env, e, a);
    if (!str_copy(a->s, z, sizeof(z)) || !z[0])
        return cel_value_error(env, "no such number");
    v.d = strtod(z, &end);
    return *end ? cel_value_error(env, "no such number") : v;
}

CEL_CALL(call_string)
{
    (void)n;
    if (cel_value_is_list(a) || cel_value_is_map(a) || a->type == CEL_OBJECT)
        return cel_call_no_overload(env, e, a);
    return cel_of_str(cel_value_to_text(a, env->arena));
}

CEL_CALL(call_bool)
{
    (void)n;
    if (a->type == CEL_BOOL)
        return *a;
    if (a->type != CEL_STRING || (!str_is(a->s, "true") && !str_is(a->s, "false")))
        return cel_call_no_overload(env, e, a);
    return cel_of_bool(str_is(a->s, "true"));
}

CEL_CALL(call_time)
{
    bool is_duration = str_is(e->name, "duration");
    struct cel_value v = { .type = is_duration ? CEL_DURATION : CEL_TIMESTAMP };

    (void)n;
    if (a->type == v.type)
        return *a;
    if (a->type != CEL_STRING)
        return cel_call_no_overload(env, e, a);
    if ((is_duration ? duration_parse(a->s, &v.i) : timestamp_parse(a->s, &v.i)) != 0)
        return cel_value_error(env, "\"%.*s\" is not a %s", STR_ARG(str_head(a->s, 64)),
                               is_duration ? "duration" : "time");
    return v;
}

/* ---- optionals ---- */

CEL_CALL(call_optional)
{
    if (a->type != CEL_FORMAT || !str_is(a->s, "optional"))
        return cel_call_no_overload(env, e, a);
    return cel_value_optional(env, n > 1 ? &a[1] : NULL);
}

CEL_CALL(call_has_value)
{
    (void)n;
    if (a->type != CEL_OPTIONAL) /* what format's validate() returns */
        return a->type == CEL_NULL || a->type == CEL_LIST ? cel_of_bool(a->type == CEL_LIST)
                                                          : cel_call_no_overload(env, e, a);
    return cel_of_bool(a->list.count == 1);
}

CEL_CALL(call_or_value)
{
    (void)n;
    if (a[0].type != CEL_OPTIONAL)
        return cel_call_no_overload(env, e, a);
    return a[0].list.count ? a[0].list.items[0] : a[1];
}

CEL_CALL(call_value)
{
    (void)n;
    if (a->type != CEL_OPTIONAL)
        return cel_call_no_overload(env, e, a);
    return a->list.count ? a->list.items[0] : cel_value_error(env, "an optional has no value");
}

CEL_CALL(call_type)
{
    (void)env;
    (void)e;
    (void)n;
    return cel_of_str(str_of(cel_value_is_list(a)  ? "list"
                             : cel_value_is_map(a) ? "map"
                                                   : cel_value_type_name(a->type)));
}

/* clang-format off */
static const struct cel_function functions[] = {
    { "size", 1, 1, true, true, call_size },
    { "contains", 2, 2, true, false, call_find },
    { "startsWith", 2, 2, true, false, call_find },
    { "endsWith", 2, 2, true, false, call_find },
    { "matches", 2, 2, true, true, call_matches },
    { "lowerAscii", 1, 1, true, false, call_case },
    { "upperAscii", 1, 1, true, false, call_case },
    { "trim", 1, 1, true, false, call_trim },
    { "substring", 2, 3, true, false, call_substring },
    { "charAt", 2, 2, true, false, call_char_at },
    { "indexOf", 2, 2, true, false, call_index_of },
    { "lastIndexOf", 2, 2, true, false, call_index_of },
    { "split", 2, 3, true, false, call_split },
    { "join", 1, 2, true, false, call_join },
    { "replace", 3, 4, true, false, call_replace },
    { "int", 1, 1, false, true, call_int },
    { "uint", 1, 1, false, true, call_uint },
    { "double", 1, 1, false, true, call_double },
    { "string", 1, 1, false, true, call_string },
    { "bool", 1, 1, false, true, call_bool },
    { "type", 1, 1, false, true, call_type },
    { "duration", 1, 1, false, true, call_time },
    { "timestamp", 1, 1, false, true, call_time },
    { "none", 1, 1, true, false, call_optional },
    { "of", 2, 2, true, false, call_optional },
    { "hasValue", 1, 1, true, false, call_has_value },
    { "orValue", 2, 2, true, false, call_or_value },
    { "value", 1, 1, true, false, call_value },
    { .name = NULL },
};
/* clang-format on */

static const struct cel_function *find_in(const struct cel_function *f, struct str name,
                                          bool has_target, size_t args)
{
    for (; f->name; f++)
        if (str_is(name, f->name) && args >= f->min_args && args <= f->max_args &&
            (has_target ? f->as_member : f->as_global))
            return f;
    return NULL;
}

const struct cel_function *cel_call_find(struct str name, bool has_target, size_t args)
{
    const struct cel_function *f = find_in(functions, name, has_target, args);

    return f ? f : find_in(cel_net_functions, name, has_target, args);
}

static bool is_in(const struct cel_function *f, struct str name)
{
    for (; f->name; f++)
        if (str_is(name, f->name))
            return true;
    return false;
}

bool cel_call_is_known(struct str name)
{
    return is_in(functions, name) || is_in(cel_net_functions, name);
}
