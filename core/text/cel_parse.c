#include <stdio.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/cel_expr.h"
#include "core/text/cel_lex.h"

struct parse {
    struct cel *cel;
    struct cel_lex lex;
    int depth;
    int err;        /* the first mistake */
    struct str why; /* in why_arena */
    struct arena *why_arena;
};

static struct cel_expr *parse_expr(struct parse *p);

static void fail(struct parse *p, int err, const char *what, struct str word)
{
    if (p->err)
        return;
    p->err = err;
    p->why = arena_printf(p->why_arena, "at character %zu: %s%s%.*s%s",
                          (size_t)(p->lex.at - p->lex.begin) + 1, what, word.len ? " \"" : "",
                          STR_ARG(word), word.len ? "\"" : "");
}

static void next(struct parse *p)
{
    cel_lex_next(&p->lex);
    if (p->lex.kind == CEL_LEX_BAD)
        fail(p, ERR_INVALID, p->lex.text.p, STR_NONE);
}

static bool accept(struct parse *p, const char *symbol)
{
    if (!cel_lex_is(&p->lex, symbol))
        return false;
    next(p);
    return true;
}

static void expect(struct parse *p, const char *symbol)
{
    if (!accept(p, symbol))
        fail(p, ERR_INVALID, "expected", str_of(symbol));
}

static struct cel_expr *make(struct parse *p, enum cel_op op, struct cel_expr *const *args,
                             size_t n)
{
    struct cel_expr *e = arena_alloc0(&p->cel->arena, 1, sizeof(*e));

    e->op = (uint8_t)op;
    e->count = (uint32_t)n;
    e->args = n ? arena_dup(&p->cel->arena, args, n * sizeof(*args)) : NULL;
    for (size_t i = 0; i < n; i++)
        if (args[i]->depth >= e->depth)
            e->depth = (uint16_t)(args[i]->depth + 1);
    if (e->depth > CEL_MAX_DEPTH)
        fail(p, ERR_LIMIT, "nested too deeply", STR_NONE);
    return e;
}

static struct cel_expr *make1(struct parse *p, enum cel_op op, struct cel_expr *a)
{
    return make(p, op, &a, 1);
}

static struct cel_expr *make2(struct parse *p, enum cel_op op, struct cel_expr *a,
                              struct cel_expr *b)
{
    struct cel_expr *args[] = { a, b };

    return make(p, op, args, 2);
}

static struct cel_expr *make_const(struct parse *p, struct cel_value v)
{
    struct cel_expr *e = make(p, CEL_OP_CONST, NULL, 0);

    e->value = v;
    return e;
}

/* Names that CEL keeps for itself are written __namespace__, and what no name may hold __dash__. */
static struct str unescape(struct parse *p, struct str s)
{
    static const struct {
        const char *from, *to;
    } parts[] = {
        { "__underscores__", "__" }, { "__dot__", "." }, { "__dash__", "-" }, { "__slash__", "/" }
    };
    char *to;
    size_t n = 0;

    if (s.len > 4 && str_starts(s, STR("__")) && str_ends(s, STR("__")) &&
        str_find(str_skip(str_head(s, s.len - 2), 2), STR("__")) < 0)
        return str_skip(str_head(s, s.len - 2), 2);
    if (str_find(s, STR("__")) < 0)
        return s;
    to = arena_alloc(&p->cel->arena, s.len);
    while (s.len) {
        size_t i = 0;

        while (i < COUNT_OF(parts) && !str_starts(s, str_of(parts[i].from)))
            i++;
        if (i < COUNT_OF(parts)) {
            memcpy(to + n, parts[i].to, strlen(parts[i].to));
            n += strlen(parts[i].to);
            s = str_skip(s, strlen(parts[i].from));
        } else {
            to[n++] = s.p[0];
            s = str_skip(s, 1);
        }
    }
    return str_make(to, n);
}

static struct str take_name(struct parse *p)
{
    struct str s = p->lex.text;

    if (p->lex.kind != CEL_LEX_NAME) {
        fail(p, ERR_INVALID, "expected a name", STR_NONE);
        return STR("");
    }
    next(p);
    return s;
}

/* Up to the closing symbol, which is read, too. */
static size_t parse_list(struct parse *p, const char *end, struct cel_expr **out, size_t max)
{
    size_t n = 0;

    while (!p->err && !cel_lex_is(&p->lex, end)) {
        if (n == max) {
            fail(p, ERR_LIMIT, "too many items", STR_NONE);
            break;
        }
        out[n++] = parse_expr(p);
        if (!accept(p, ","))
            break;
    }
    expect(p, end);
    return n;
}

/* ---- calls and macros ---- */

static const struct {
    const char *name;
    enum cel_op op;
} macros[] = {
    { "all", CEL_OP_ALL },       { "exists", CEL_OP_EXISTS }, { "exists_one", CEL_OP_EXISTS_ONE },
    { "filter", CEL_OP_FILTER }, { "map", CEL_OP_TRANSFORM },
};

/* args: target, variable, body, and of map with a condition: condition before the body. */
static struct cel_expr *make_macro(struct parse *p, enum cel_op op, struct cel_expr **args,
                                   size_t n)
{
    struct cel_expr *order[3] = { args[0], args[n - 1], n > 3 ? args[2] : NULL }, *e;

    if (args[1]->op != CEL_OP_NAME) {
        fail(p, ERR_INVALID, "the first argument must be a name", STR_NONE);
        return args[0];
    }
    e = make(p, op, order, n > 3 ? 3 : 2);
    e->name = args[1]->name;
    return e;
}

static struct cel_expr *make_has(struct parse *p, struct cel_expr *arg)
{
    struct cel_expr *e;

    if (arg->op != CEL_OP_SELECT) {
        fail(p, ERR_INVALID, "has() needs a member, as has(self.a)", STR_NONE);
        return arg;
    }
    e = make1(p, CEL_OP_HAS, arg->args[0]);
    e->name = arg->name;
    return e;
}

/* The pattern of matches() is mostly a constant: compiled here, once. */
static void keep_regex(struct parse *p, struct cel_expr *e)
{
    struct cel *c = p->cel;
    struct str why = STR_NONE;
    struct regex *r;

    if (!str_is(e->name, "matches") || e->count != 2 || e->args[1]->op != CEL_OP_CONST ||
        e->args[1]->value.type != CEL_STRING)
        return;
    if (regex_new(&r, e->args[1]->value.s, p->why_arena, &why) != 0) {
        fail(p, ERR_INVALID, "not a regular expression:", why);
        return;
    }
    c->regexes = mem_resize(c->regexes, c->regex_count + 1, sizeof(struct regex *));
    c->regexes[c->regex_count++] = r;
    e->regex = r;
}

static struct cel_expr *make_call(struct parse *p, struct str name, struct cel_expr *target)
{
    struct cel_expr *args[CEL_MAX_ARGS + 1], *e;
    size_t n = target ? 1 : 0;

    args[0] = target;
    n += parse_list(p, ")", args + n, CEL_MAX_ARGS);
    if (p->err)
        return target ? target : make_const(p, (struct cel_value){ .type = CEL_NULL });
    if (!target && str_is(name, "has") && n == 1)
        return make_has(p, args[0]);
    for (size_t i = 0; target && i < COUNT_OF(macros); i++)
        if (str_is(name, macros[i].name) &&
            (n == 3 || (n == 4 && macros[i].op == CEL_OP_TRANSFORM)))
            return make_macro(p, macros[i].op, args, n);
    e = make(p, CEL_OP_CALL, args, n);
    e->name = name;
    e->has_target = target != NULL;
    e->function = cel_call_find(name, e->has_target, n);
    if (!e->function)
        fail(p, ERR_INVALID,
             cel_call_is_known(name) ? "wrong number of arguments for" : "no such function:", name);
    keep_regex(p, e);
    return e;
}

/* ---- the grammar ---- */

static struct cel_expr *parse_map(struct parse *p)
{
    struct cel_expr *args[CEL_MAX_ARGS];
    size_t n = 0;

    while (!p->err && !cel_lex_is(&p->lex, "}")) {
        if (n + 2 > CEL_MAX_ARGS) {
            fail(p, ERR_LIMIT, "too many items", STR_NONE);
            break;
        }
        args[n++] = parse_expr(p);
        expect(p, ":");
        args[n++] = parse_expr(p);
        if (!accept(p, ","))
            break;
    }
    expect(p, "}");
    return make(p, CEL_OP_MAP, args, n & ~(size_t)1);
}

static struct cel_expr *parse_name(struct parse *p)
{
    struct str name = take_name(p);
    struct cel_expr *e;

    if (str_is(name, "true") || str_is(name, "false"))
        return make_const(p, cel_of_bool(str_is(name, "true")));
    if (str_is(name, "null"))
        return make_const(p, (struct cel_value){ .type = CEL_NULL });
    if (str_is(name, "in")) {
        fail(p, ERR_INVALID, "expected a value before", name);
        return make_const(p, (struct cel_value){ .type = CEL_NULL });
    }
    if (accept(p, "("))
        return make_call(p, name, NULL);
    e = make(p, CEL_OP_NAME, NULL, 0);
    e->name = unescape(p, name);
    return e;
}

static struct cel_expr *parse_primary(struct parse *p)
{
    struct cel_expr *list[CEL_MAX_ARGS], *e;
    size_t n;

    if (p->lex.kind == CEL_LEX_VALUE) {
        e = make_const(p, p->lex.value);
        next(p);
        return e;
    }
    if (p->lex.kind == CEL_LEX_NAME)
        return parse_name(p);
    if (accept(p, "(")) {
        e = parse_expr(p);
        expect(p, ")");
        return e;
    }
    if (accept(p, "[")) {
        n = parse_list(p, "]", list, CEL_MAX_ARGS);
        return make(p, CEL_OP_LIST, list, n);
    }
    if (accept(p, "{"))
        return parse_map(p);
    fail(p, ERR_INVALID, p->lex.kind == CEL_LEX_END ? "it ends too early" : "not expected here:",
         p->lex.kind == CEL_LEX_END ? STR_NONE : p->lex.text);
    return make_const(p, (struct cel_value){ .type = CEL_NULL });
}

static struct cel_expr *parse_member(struct parse *p)
{
    struct cel_expr *e = parse_primary(p), *member;
    bool is_optional;

    while (!p->err) {
        if (accept(p, ".")) {
            struct str name;

            is_optional = accept(p, "?");
            name = take_name(p);
            if (!is_optional && accept(p, "(")) {
                e = make_call(p, name, e);
                continue;
            }
            member = make1(p, CEL_OP_SELECT, e);
            member->name = unescape(p, name);
            member->is_optional = is_optional;
            e = member;
        } else if (accept(p, "[")) {
            is_optional = accept(p, "?");
            e = make2(p, CEL_OP_INDEX, e, parse_expr(p));
            e->is_optional = is_optional;
            expect(p, "]");
        } else {
            break;
        }
    }
    return e;
}

static struct cel_expr *parse_unary(struct parse *p)
{
    enum cel_op op = cel_lex_is(&p->lex, "!") ? CEL_OP_NOT : CEL_OP_NEG;
    size_t n = 0;
    struct cel_expr *e;

    while (!p->err && accept(p, op == CEL_OP_NOT ? "!" : "-"))
        n++;
    if (n > CEL_MAX_DEPTH)
        fail(p, ERR_LIMIT, "nested too deeply", STR_NONE);
    e = parse_member(p);
    for (; n > 0 && !p->err; n--)
        e = make1(p, op, e);
    return e;
}

struct level {
    const char *symbol;
    enum cel_op op;
};

static const struct level products[] = {
    { "*", CEL_OP_MUL }, { "/", CEL_OP_DIV }, { "%", CEL_OP_MOD }, { NULL, 0 }
};
static const struct level sums[] = { { "+", CEL_OP_ADD }, { "-", CEL_OP_SUB }, { NULL, 0 } };
static const struct level relations[] = { { "==", CEL_OP_EQ }, { "!=", CEL_OP_NE },
                                          { "<=", CEL_OP_LE }, { ">=", CEL_OP_GE },
                                          { "<", CEL_OP_LT },  { ">", CEL_OP_GT },
                                          { "in", CEL_OP_IN }, { NULL, 0 } };
static const struct level ands[] = { { "&&", CEL_OP_AND }, { NULL, 0 } };
static const struct level ors[] = { { "||", CEL_OP_OR }, { NULL, 0 } };
static const struct level *const levels[] = { ors, ands, relations, sums, products };

static const struct level *find_level(const struct parse *p, const struct level *of)
{
    for (; of->symbol; of++)
        if (cel_lex_is(&p->lex, of->symbol) ||
            (p->lex.kind == CEL_LEX_NAME && str_is(p->lex.text, of->symbol)))
            return of;
    return NULL;
}

static struct cel_expr *parse_binary(struct parse *p, size_t level)
{
    struct cel_expr *e;
    const struct level *found;

    if (level == COUNT_OF(levels))
        return parse_unary(p);
    e = parse_binary(p, level + 1);
    while (!p->err && (found = find_level(p, levels[level])) != NULL) {
        next(p);
        e = make2(p, found->op, e, parse_binary(p, level + 1));
    }
    return e;
}

static struct cel_expr *parse_expr(struct parse *p)
{
    struct cel_expr *args[3];

    if (p->err || p->depth == CEL_MAX_DEPTH) {
        fail(p, ERR_LIMIT, "nested too deeply", STR_NONE);
        return make_const(p, (struct cel_value){ .type = CEL_NULL });
    }
    p->depth++;
    args[0] = parse_binary(p, 0);
    if (accept(p, "?")) {
        args[1] = parse_expr(p);
        expect(p, ":");
        args[2] = parse_expr(p);
        args[0] = make(p, CEL_OP_COND, args, 3);
    }
    p->depth--;
    return args[0];
}

int cel_parse(struct cel *c, struct str text, struct arena *a, struct str *why)
{
    struct parse p = { .cel = c, .why_arena = a };

    cel_lex_init(&p.lex, text, &c->arena);
    next(&p);
    c->root = parse_expr(&p);
    if (!p.err && p.lex.kind != CEL_LEX_END)
        fail(&p, ERR_INVALID, "not expected here:", p.lex.text);
    if (p.err && why)
        *why = p.why;
    return p.err;
}
