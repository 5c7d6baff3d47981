#include <math.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/cel_expr.h"

/* Variables of macros, innermost first. */
struct scope {
    const struct scope *outer;
    struct str name;
    struct cel_value value;
};

static struct cel_value eval(const struct cel_expr *e, struct cel_env *env, const struct scope *s);

static bool is_error(const struct cel_value *v)
{
    return v->type == CEL_ERROR;
}

/* ---- names and members ---- */

static struct cel_value eval_name(const struct cel_expr *e, struct cel_env *env,
                                  const struct scope *s)
{
    struct cel_value v;

    for (; s; s = s->outer)
        if (str_eq(s->name, e->name))
            return s->value;
    if (env->lookup && env->lookup(env->arg, e->name, &v))
        return v;
    return cel_value_error(env, "no such name: %.*s", STR_ARG(e->name));
}

/* a.b, and a.?b: an optional, also of an optional. */
static struct cel_value eval_select(const struct cel_expr *e, struct cel_env *env,
                                    const struct scope *s)
{
    struct cel_value of = eval(e->args[0], env, s), v;
    bool is_optional = e->is_optional || of.type == CEL_OPTIONAL, found;

    if (is_error(&of))
        return of;
    if (of.type == CEL_OPTIONAL) {
        if (!of.list.count)
            return of;
        of = of.list.items[0];
    }
    found = cel_value_member(env, &of, e->name, &v);
    if (e->op == CEL_OP_HAS)
        return cel_value_is_map(&of) || of.type == CEL_OBJECT
                   ? cel_of_bool(found)
                   : cel_value_error(env, "has() on a %s", cel_value_type_name(of.type));
    if (is_optional)
        return cel_value_optional(env, found ? &v : NULL);
    return found ? v : cel_value_error(env, "no such member: %.*s", STR_ARG(e->name));
}

static bool index_of(const struct cel_value *of, const struct cel_value *key, struct cel_env *env,
                     struct cel_value *out)
{
    size_t n = 0;
    uint64_t i;

    if (!cel_value_is_list(of)) {
        if (key->type == CEL_STRING)
            return cel_value_member(env, of, key->s, out);
        for (size_t k = 0; of->type == CEL_MAP && k < of->list.count; k++)
            if (cel_value_equal(env, &of->list.items[2 * k], key)) {
                *out = of->list.items[2 * k + 1];
                return true;
            }
        return false;
    }
    (void)cel_value_size(of, &n);
    if (key->type == CEL_UINT)
        i = key->u;
    else if (key->type == CEL_INT && key->i >= 0)
        i = (uint64_t)key->i;
    else
        return false;
    if (i >= n || !cel_value_spend(env, of->type == CEL_NODE ? i : 0))
        return false;
    *out = cel_value_item(of, i);
    return true;
}

static struct cel_value eval_index(const struct cel_expr *e, struct cel_env *env,
                                   const struct scope *s)
{
    struct cel_value of = eval(e->args[0], env, s), key = eval(e->args[1], env, s), v;
    bool is_optional = e->is_optional || of.type == CEL_OPTIONAL, found;

    if (is_error(&of))
        return of;
    if (is_error(&key))
        return key;
    if (of.type == CEL_OPTIONAL) {
        if (!of.list.count)
            return of;
        of = of.list.items[0];
    }
    found = index_of(&of, &key, env, &v);
    if (is_optional)
        return cel_value_optional(env, found ? &v : NULL);
    return found ? v : cel_value_error(env, "no such item in a %s", cel_value_type_name(of.type));
}

/* ---- logic: an error counts only where the other side does not decide ---- */

static struct cel_value eval_logic(const struct cel_expr *e, struct cel_env *env,
                                   const struct scope *s)
{
    bool decides = e->op == CEL_OP_OR;
    struct cel_value a = eval(e->args[0], env, s), b;

    if (a.type == CEL_BOOL && a.b == decides)
        return a;
    b = eval(e->args[1], env, s);
    if (b.type == CEL_BOOL && b.b == decides)
        return b;
    if (is_error(&a))
        return a;
    if (is_error(&b))
        return b;
    if (a.type != CEL_BOOL || b.type != CEL_BOOL)
        return cel_value_error(env, "%s needs two bools", decides ? "||" : "&&");
    return b;
}

static struct cel_value eval_cond(const struct cel_expr *e, struct cel_env *env,
                                  const struct scope *s)
{
    struct cel_value a = eval(e->args[0], env, s);

    if (is_error(&a))
        return a;
    if (a.type != CEL_BOOL)
        return cel_value_error(env, "a condition is a %s, not a bool", cel_value_type_name(a.type));
    return eval(e->args[a.b ? 1 : 2], env, s);
}

/* ---- arithmetic ---- */

static struct cel_value add_lists(struct cel_env *env, const struct cel_value *a,
                                  const struct cel_value *b)
{
    struct cel_value v = { .type = CEL_LIST }, *items;
    size_t n = 0, m = 0;

    (void)cel_value_size(a, &n);
    (void)cel_value_size(b, &m);
    if (!cel_value_spend(env, n + m))
        return cel_value_error_cost(env);
    items = arena_alloc0(env->arena, n + m, sizeof(*items));
    for (size_t i = 0; i < n; i++)
        items[i] = cel_value_item(a, i);
    for (size_t i = 0; i < m; i++)
        items[n + i] = cel_value_item(b, i);
    v.list.items = items;
    v.list.count = n + m;
    return v;
}

static struct cel_value add_texts(struct cel_env *env, struct str a, struct str b)
{
    char *to;

    if (!cel_value_spend(env, (a.len + b.len) / 10 + 1))
        return cel_value_error_cost(env);
    to = arena_alloc(env->arena, a.len + b.len + 1);
    if (a.len)
        memcpy(to, a.p, a.len);
    if (b.len)
        memcpy(to + a.len, b.p, b.len);
    return cel_of_str(str_make(to, a.len + b.len));
}

static struct cel_value ints(struct cel_env *env, uint8_t op, int64_t a, int64_t b)
{
    int64_t r = 0;
    bool over = false;

    if ((op == CEL_OP_DIV || op == CEL_OP_MOD) && b == 0)
        return cel_value_error(env, "division by zero");
    if ((op == CEL_OP_DIV || op == CEL_OP_MOD) && a == INT64_MIN && b == -1)
        return cel_value_error(env, "a number is too large");
    switch (op) {
    case CEL_OP_ADD:
        over = __builtin_add_overflow(a, b, &r);
        break;
    case CEL_OP_SUB:
        over = __builtin_sub_overflow(a, b, &r);
        break;
    case CEL_OP_MUL:
        over = __builtin_mul_overflow(a, b, &r);
        break;
    case CEL_OP_DIV:
        r = a / b;
        break;
    default:
        r = a % b;
        break;
    }
    return over ? cel_value_error(env, "a number is too large") : cel_of_int(r);
}

static struct cel_value uints(struct cel_env *env, uint8_t op, uint64_t a, uint64_t b)
{
    struct cel_value v = { .type = CEL_UINT };
    bool over = false;

    if ((op == CEL_OP_DIV || op == CEL_OP_MOD) && b == 0)
        return cel_value_error(env, "division by zero");
    switch (op) {
    case CEL_OP_ADD:
        over = __builtin_add_overflow(a, b, &v.u);
        break;
    case CEL_OP_SUB:
        over = __builtin_sub_overflow(a, b, &v.u);
        break;
    case CEL_OP_MUL:
        over = __builtin_mul_overflow(a, b, &v.u);
        break;
    case CEL_OP_DIV:
        v.u = a / b;
        break;
    default:
        v.u = a % b;
        break;
    }
    return over ? cel_value_error(env, "a number is too large") : v;
}

static struct cel_value doubles(struct cel_env *env, uint8_t op, double a, double b)
{
    struct cel_value v = { .type = CEL_DOUBLE };

    switch (op) {
    case CEL_OP_ADD:
        v.d = a + b;
        return v;
    case CEL_OP_SUB:
        v.d = a - b;
        return v;
    case CEL_OP_MUL:
        v.d = a * b;
        return v;
    case CEL_OP_DIV:
        v.d = a / b;
        return v;
    default:
        return cel_value_error(env, "%% is not for doubles");
    }
}

static bool is_time(const struct cel_value *v)
{
    return v->type == CEL_DURATION || v->type == CEL_TIMESTAMP;
}

/* A duration and another, a time and a duration, the difference of two times. */
static struct cel_value times(struct cel_env *env, uint8_t op, const struct cel_value *a,
                              const struct cel_value *b)
{
    struct cel_value v = ints(env, op, a->i, b->i);

    if (is_error(&v) || (op != CEL_OP_ADD && op != CEL_OP_SUB))
        return is_error(&v) ? v : cel_value_error(env, "only + and - are for times");
    v.type = a->type == b->type ? CEL_DURATION : CEL_TIMESTAMP;
    return v;
}

static struct cel_value eval_arithmetic(const struct cel_expr *e, struct cel_env *env,
                                        const struct scope *s)
{
    struct cel_value a = eval(e->args[0], env, s), b = eval(e->args[1], env, s);

    if (is_error(&a))
        return a;
    if (is_error(&b))
        return b;
    if (a.type == CEL_INT && b.type == CEL_INT)
        return ints(env, e->op, a.i, b.i);
    if (a.type == CEL_UINT && b.type == CEL_UINT)
        return uints(env, e->op, a.u, b.u);
    if (a.type == CEL_DOUBLE && b.type == CEL_DOUBLE)
        return doubles(env, e->op, a.d, b.d);
    if (is_time(&a) && is_time(&b))
        return times(env, e->op, &a, &b);
    if (e->op == CEL_OP_ADD && a.type == CEL_STRING && b.type == CEL_STRING)
        return add_texts(env, a.s, b.s);
    if (e->op == CEL_OP_ADD && cel_value_is_list(&a) && cel_value_is_list(&b))
        return add_lists(env, &a, &b);
    return cel_value_error(env, "no such operation on %s and %s", cel_value_type_name(a.type),
                           cel_value_type_name(b.type));
}

/* ---- comparing ---- */

static struct cel_value eval_relation(const struct cel_expr *e, struct cel_env *env,
                                      const struct scope *s)
{
    struct cel_value a = eval(e->args[0], env, s), b = eval(e->args[1], env, s);
    int r;

    if (is_error(&a))
        return a;
    if (is_error(&b))
        return b;
    if (e->op == CEL_OP_EQ || e->op == CEL_OP_NE)
        return cel_of_bool(cel_value_equal(env, &a, &b) == (e->op == CEL_OP_EQ));
    if (!cel_value_compare(&a, &b, &r))
        return cel_value_error(env, "%s and %s cannot be compared", cel_value_type_name(a.type),
                               cel_value_type_name(b.type));
    return cel_of_bool(e->op == CEL_OP_LT   ? r < 0
                       : e->op == CEL_OP_LE ? r <= 0
                       : e->op == CEL_OP_GT ? r > 0
                                            : r >= 0);
}

static struct cel_value eval_in(const struct cel_expr *e, struct cel_env *env,
                                const struct scope *s)
{
    struct cel_value a = eval(e->args[0], env, s), b = eval(e->args[1], env, s), found;
    size_t n = 0;

    if (is_error(&a))
        return a;
    if (is_error(&b))
        return b;
    if (cel_value_is_map(&b) || b.type == CEL_OBJECT)
        return cel_of_bool(index_of(&b, &a, env, &found));
    if (!cel_value_is_list(&b))
        return cel_value_error(env, "\"in\" a %s", cel_value_type_name(b.type));
    (void)cel_value_size(&b, &n);
    for (size_t i = 0; i < n; i++) {
        struct cel_value item = cel_value_item(&b, i);

        if (!cel_value_spend(env, 1))
            return cel_value_error_cost(env);
        if (cel_value_equal(env, &a, &item))
            return cel_of_bool(true);
    }
    return cel_of_bool(false);
}

/* ---- macros ---- */

struct loop {
    const struct cel_expr *e;
    struct cel_env *env;
    struct scope scope;
    struct cel_value *items; /* of FILTER, TRANSFORM */
    size_t count;
    size_t hits;            /* of EXISTS_ONE */
    struct cel_value error; /* the first one that did not decide */
};

/* true: *out is the result, and the rest does not matter. */
static bool visit_item(struct loop *l, struct cel_value *out)
{
    const struct cel_expr *e = l->e;
    struct cel_value v;
    bool decides = e->op == CEL_OP_EXISTS;

    if (e->op == CEL_OP_TRANSFORM && e->count > 2) {
        v = eval(e->args[2], l->env, &l->scope);
        if (v.type != CEL_BOOL) {
            *out = is_error(&v) ? v : cel_value_error(l->env, "a condition is not a bool");
            return true;
        }
        if (!v.b)
            return false;
    }
    v = eval(e->args[1], l->env, &l->scope);
    if (e->op == CEL_OP_TRANSFORM) {
        *out = v;
        l->items[l->count++] = v;
        return is_error(&v);
    }
    if (v.type != CEL_BOOL && !is_error(&v))
        v = cel_value_error(l->env, "a condition is a %s, not a bool", cel_value_type_name(v.type));
    *out = v;
    if (is_error(&v)) {
        if (e->op != CEL_OP_ALL && e->op != CEL_OP_EXISTS)
            return true;
        l->error = v;
        return false;
    }
    if (e->op == CEL_OP_FILTER && v.b)
        l->items[l->count++] = l->scope.value;
    l->hits += v.b;
    return (e->op == CEL_OP_ALL || e->op == CEL_OP_EXISTS) && v.b == decides;
}

static struct cel_value end_loop(const struct loop *l)
{
    struct cel_value v = { .type = CEL_LIST };

    switch (l->e->op) {
    case CEL_OP_ALL:
    case CEL_OP_EXISTS:
        return is_error(&l->error) ? l->error : cel_of_bool(l->e->op == CEL_OP_ALL);
    case CEL_OP_EXISTS_ONE:
        return cel_of_bool(l->hits == 1);
    default:
        v.list.items = l->items;
        v.list.count = l->count;
        return v;
    }
}

static struct cel_value eval_macro(const struct cel_expr *e, struct cel_env *env,
                                   const struct scope *s)
{
    struct loop l = { .e = e, .env = env, .scope = { s, e->name, { .type = CEL_NULL } } };
    struct cel_value of = eval(e->args[0], env, s), out;
    const struct node *at = of.type == CEL_NODE ? of.node->first : NULL;
    size_t n = 0;

    l.error.type = CEL_NULL;
    if (is_error(&of))
        return of;
    if (!cel_value_size(&of, &n))
        return cel_value_error(env, "a macro goes through lists and maps, not a %s",
                               cel_value_type_name(of.type));
    if (e->op >= CEL_OP_FILTER)
        l.items = arena_alloc0(env->arena, n, sizeof(*l.items));
    for (size_t i = 0; i < n; i++) {
        if (!cel_value_spend(env, 1))
            return cel_value_error_cost(env);
        if (at) {
            l.scope.value = of.node->kind == NODE_MAP ? cel_of_str(at->key) : cel_value_of_node(at);
            at = at->next;
        } else {
            l.scope.value = cel_value_item(&of, i);
        }
        if (visit_item(&l, &out))
            return out;
    }
    return end_loop(&l);
}

/* ---- the rest ---- */

static struct cel_value eval_call(const struct cel_expr *e, struct cel_env *env,
                                  const struct scope *s)
{
    struct cel_value args[CEL_MAX_ARGS + 1];

    /* Names that only exist as the left side of such a call. */
    if (e->has_target && e->args[0]->op == CEL_OP_NAME &&
        (str_is(e->args[0]->name, "format") || str_is(e->args[0]->name, "optional")))
        args[0] = (struct cel_value){ .type = CEL_FORMAT, .s = e->args[0]->name };
    else if (e->count)
        args[0] = eval(e->args[0], env, s);
    for (uint32_t i = 0; i < e->count; i++) {
        if (i)
            args[i] = eval(e->args[i], env, s);
        if (is_error(&args[i]))
            return args[i];
    }
    return e->function->call(env, e, args, e->count);
}

static struct cel_value eval_items(const struct cel_expr *e, struct cel_env *env,
                                   const struct scope *s)
{
    struct cel_value v = { .type = e->op == CEL_OP_MAP ? CEL_MAP : CEL_LIST }, *items;

    items = arena_alloc0(env->arena, e->count, sizeof(*items));
    for (uint32_t i = 0; i < e->count; i++) {
        items[i] = eval(e->args[i], env, s);
        if (is_error(&items[i]))
            return items[i];
    }
    v.list.items = items;
    v.list.count = e->op == CEL_OP_MAP ? e->count / 2 : e->count;
    return v;
}

static struct cel_value eval_unary(const struct cel_expr *e, struct cel_env *env,
                                   const struct scope *s)
{
    struct cel_value v = eval(e->args[0], env, s);

    if (is_error(&v))
        return v;
    if (e->op == CEL_OP_NOT)
        return v.type == CEL_BOOL
                   ? cel_of_bool(!v.b)
                   : cel_value_error(env, "! needs a bool, not a %s", cel_value_type_name(v.type));
    if (v.type == CEL_INT)
        return ints(env, CEL_OP_SUB, 0, v.i);
    if (v.type != CEL_DOUBLE)
        return cel_value_error(env, "- needs a number, not a %s", cel_value_type_name(v.type));
    v.d = -v.d;
    return v;
}

static struct cel_value eval(const struct cel_expr *e, struct cel_env *env, const struct scope *s)
{
    if (!cel_value_spend(env, 1))
        return cel_value_error_cost(env);
    switch ((enum cel_op)e->op) {
    case CEL_OP_CONST:
        return e->value;
    case CEL_OP_NAME:
        return eval_name(e, env, s);
    case CEL_OP_SELECT:
    case CEL_OP_HAS:
        return eval_select(e, env, s);
    case CEL_OP_INDEX:
        return eval_index(e, env, s);
    case CEL_OP_CALL:
        return eval_call(e, env, s);
    case CEL_OP_LIST:
    case CEL_OP_MAP:
        return eval_items(e, env, s);
    case CEL_OP_COND:
        return eval_cond(e, env, s);
    case CEL_OP_AND:
    case CEL_OP_OR:
        return eval_logic(e, env, s);
    case CEL_OP_NOT:
    case CEL_OP_NEG:
        return eval_unary(e, env, s);
    case CEL_OP_EQ:
    case CEL_OP_NE:
    case CEL_OP_LT:
    case CEL_OP_LE:
    case CEL_OP_GT:
    case CEL_OP_GE:
        return eval_relation(e, env, s);
    case CEL_OP_IN:
        return eval_in(e, env, s);
    case CEL_OP_ADD:
    case CEL_OP_SUB:
    case CEL_OP_MUL:
    case CEL_OP_DIV:
    case CEL_OP_MOD:
        return eval_arithmetic(e, env, s);
    case CEL_OP_ALL:
    case CEL_OP_EXISTS:
    case CEL_OP_EXISTS_ONE:
    case CEL_OP_FILTER:
    case CEL_OP_TRANSFORM:
        break;
    }
    return eval_macro(e, env, s);
}

int cel_eval(const struct cel *c, struct cel_env *env, struct cel_value *out)
{
    *out = eval(c->root, env, NULL);
    if (env->cost == 0) {
        *out = cel_value_error_cost(env);
        return ERR_LIMIT;
    }
    return out->type == CEL_ERROR ? ERR_INVALID : 0;
}
