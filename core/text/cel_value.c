#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/text/cel_expr.h"
#include "core/text/duration.h"
#include "core/text/timestamp.h"

static const char *const type_names[] = {
    [CEL_ERROR] = "error",      [CEL_NULL] = "null",         [CEL_BOOL] = "bool",
    [CEL_INT] = "int",          [CEL_UINT] = "uint",         [CEL_DOUBLE] = "double",
    [CEL_STRING] = "string",    [CEL_DURATION] = "duration", [CEL_TIMESTAMP] = "timestamp",
    [CEL_NODE] = "list or map", [CEL_LIST] = "list",         [CEL_MAP] = "map",
    [CEL_OBJECT] = "object",    [CEL_URL] = "URL",           [CEL_IP] = "IP",
    [CEL_CIDR] = "CIDR",        [CEL_FORMAT] = "format",     [CEL_OPTIONAL] = "optional",
};

const char *cel_value_type_name(enum cel_type t)
{
    return type_names[t];
}

struct cel_value cel_value_error(struct cel_env *env, const char *fmt, ...)
{
    struct cel_value v = { .type = CEL_ERROR };
    va_list ap;

    va_start(ap, fmt);
    v.s = arena_vprintf(env->arena, fmt, ap);
    va_end(ap);
    return v;
}

struct cel_value cel_value_error_cost(struct cel_env *env)
{
    return cel_value_error(env, "it costs too much");
}

struct cel_value cel_value_optional(struct cel_env *env, const struct cel_value *v)
{
    struct cel_value o = { .type = CEL_OPTIONAL };

    if (v) {
        o.list.items = arena_dup(env->arena, v, sizeof(*v));
        o.list.count = 1;
    }
    return o;
}

bool cel_value_spend(struct cel_env *env, size_t n)
{
    if (env->cost < n) {
        env->cost = 0;
        return false;
    }
    env->cost -= n;
    return true;
}

struct cel_value cel_value_of_node(const struct node *n)
{
    struct cel_value v = { .type = CEL_NULL };

    switch (n ? n->kind : NODE_NULL) {
    case NODE_BOOL:
        return cel_of_bool(str_is(n->text, "true"));
    case NODE_INT:
        if (node_to_int(n, &v.i)) {
            v.type = CEL_INT;
            return v;
        }
        /* Fall through: too large for an int. */
        __attribute__((fallthrough));
    case NODE_FLOAT:
        v.type = CEL_DOUBLE;
        if (!node_to_double(n, &v.d))
            v = (struct cel_value){ .type = CEL_NULL };
        return v;
    case NODE_STRING:
        return cel_of_str(n->text);
    case NODE_LIST:
    case NODE_MAP:
        v.type = CEL_NODE;
        v.node = n;
        return v;
    case NODE_NULL:
        break;
    }
    return v;
}

/* ---- lists and maps ---- */

bool cel_value_is_list(const struct cel_value *v)
{
    return v->type == CEL_LIST || (v->type == CEL_NODE && v->node->kind == NODE_LIST);
}

bool cel_value_is_map(const struct cel_value *v)
{
    return v->type == CEL_MAP || (v->type == CEL_NODE && v->node->kind == NODE_MAP);
}

bool cel_value_size(const struct cel_value *v, size_t *out)
{
    if (v->type == CEL_NODE)
        *out = v->node->count;
    else if (v->type == CEL_LIST || v->type == CEL_MAP)
        *out = v->list.count;
    else
        return false;
    return true;
}

struct cel_value cel_value_item(const struct cel_value *v, size_t i)
{
    const struct node *n;

    if (v->type == CEL_LIST)
        return v->list.items[i];
    if (v->type == CEL_MAP)
        return v->list.items[2 * i];
    for (n = v->node->first; i > 0; i--)
        n = n->next;
    return v->node->kind == NODE_MAP ? cel_of_str(n->key) : cel_value_of_node(n);
}

bool cel_value_member(struct cel_env *env, const struct cel_value *v, struct str name,
                      struct cel_value *out)
{
    const struct node *n;

    if (v->type == CEL_OBJECT)
        return v->object.ops->get(v->object.data, name, env->arena, out);
    if (v->type == CEL_MAP) {
        for (size_t i = 0; i < v->list.count; i++)
            if (v->list.items[2 * i].type == CEL_STRING && str_eq(v->list.items[2 * i].s, name)) {
                *out = v->list.items[2 * i + 1];
                return true;
            }
        return false;
    }
    n = v->type == CEL_NODE && v->node->kind == NODE_MAP ? node_get(v->node, name) : NULL;
    if (!n || n->kind == NODE_NULL)
        return false;
    *out = cel_value_of_node(n);
    return true;
}

/* ---- comparing ---- */

bool cel_value_is_number(const struct cel_value *v)
{
    return v->type == CEL_INT || v->type == CEL_UINT || v->type == CEL_DOUBLE;
}

static double to_double(const struct cel_value *v)
{
    return v->type == CEL_INT ? (double)v->i : v->type == CEL_UINT ? (double)v->u : v->d;
}

static int sign_of(bool less, bool more)
{
    return less ? -1 : more ? 1 : 0;
}

static bool compare_numbers(const struct cel_value *a, const struct cel_value *b, int *out)
{
    if (a->type == CEL_INT && b->type == CEL_INT) {
        *out = sign_of(a->i<b->i, a->i> b->i);
    } else if (a->type == CEL_UINT && b->type == CEL_UINT) {
        *out = sign_of(a->u<b->u, a->u> b->u);
    } else if (a->type != CEL_DOUBLE && b->type != CEL_DOUBLE) {
        const struct cel_value *i = a->type == CEL_INT ? a : b, *u = a->type == CEL_INT ? b : a;
        int r = i->i < 0 ? -1 : sign_of((uint64_t)i->i<u->u, (uint64_t)i->i> u->u);

        *out = i == a ? r : -r;
    } else {
        double x = to_double(a), y = to_double(b);

        if (isnan(x) || isnan(y))
            return false;
        *out = sign_of(x<y, x> y);
    }
    return true;
}

bool cel_value_compare(const struct cel_value *a, const struct cel_value *b, int *out)
{
    int r;

    if (cel_value_is_number(a) && cel_value_is_number(b))
        return compare_numbers(a, b, out);
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case CEL_STRING:
        r = str_cmp(a->s, b->s);
        *out = sign_of(r<0, r> 0);
        return true;
    case CEL_BOOL:
        *out = (int)a->b - (int)b->b;
        return true;
    case CEL_DURATION:
    case CEL_TIMESTAMP:
        *out = sign_of(a->i<b->i, a->i> b->i);
        return true;
    default:
        return false;
    }
}

static bool find_key(struct cel_env *env, const struct cel_value *map, const struct cel_value *key,
                     struct cel_value *out)
{
    size_t n = 0;

    if (key->type == CEL_STRING)
        return cel_value_member(env, map, key->s, out);
    (void)cel_value_size(map, &n);
    for (size_t i = 0; map->type == CEL_MAP && i < n; i++)
        if (cel_value_equal(env, &map->list.items[2 * i], key)) {
            *out = map->list.items[2 * i + 1];
            return true;
        }
    return false;
}

static bool equal_items(struct cel_env *env, const struct cel_value *a, const struct cel_value *b)
{
    size_t n = 0, m = 0;
    bool is_map = cel_value_is_map(a);

    (void)cel_value_size(a, &n);
    (void)cel_value_size(b, &m);
    if (n != m || is_map != cel_value_is_map(b) || !cel_value_spend(env, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct cel_value x = cel_value_item(a, i), y, key = x;

        if (is_map) {
            if (!find_key(env, a, &key, &x) || !find_key(env, b, &key, &y))
                return false;
        } else {
            y = cel_value_item(b, i);
        }
        if (!cel_value_equal(env, &x, &y))
            return false;
    }
    return true;
}

bool cel_value_equal(struct cel_env *env, const struct cel_value *a, const struct cel_value *b)
{
    size_t n;
    int r;

    if (a->type == CEL_NODE && b->type == CEL_NODE && env->cost)
        return cel_value_spend(env, node_count(a->node)) && node_equal(a->node, b->node);
    if (cel_value_size(a, &n) && cel_value_size(b, &n))
        return equal_items(env, a, b);
    if (a->type == CEL_NULL || b->type == CEL_NULL)
        return a->type == b->type;
    if (a->type == b->type && (a->type == CEL_URL || a->type == CEL_IP || a->type == CEL_CIDR))
        return str_eq(a->s, b->s);
    return cel_value_compare(a, b, &r) && r == 0;
}

/* ---- as text ---- */

static void write_text(const struct cel_value *v, struct buf *out, int depth);

static void write_items(const struct cel_value *v, struct buf *out, int depth)
{
    size_t n = 0;

    (void)cel_value_size(v, &n);
    buf_add_char(out, '[');
    for (size_t i = 0; i < n && depth < 8; i++) {
        struct cel_value item = cel_value_item(v, i);

        if (i)
            buf_add_str(out, STR(", "));
        write_text(&item, out, depth + 1);
    }
    buf_add_char(out, ']');
}

static void write_text(const struct cel_value *v, struct buf *out, int depth)
{
    char text[TIMESTAMP_TEXT_BYTES];

    switch (v->type) {
    case CEL_BOOL:
        buf_add_str(out, v->b ? STR("true") : STR("false"));
        return;
    case CEL_INT:
        buf_printf(out, "%" PRId64, v->i);
        return;
    case CEL_UINT:
        buf_printf(out, "%" PRIu64, v->u);
        return;
    case CEL_DOUBLE:
        buf_printf(out, "%.15g", v->d);
        return;
    case CEL_DURATION:
        buf_add(out, text, duration_write_proto(v->i, text));
        return;
    case CEL_TIMESTAMP:
        buf_add(out, text, timestamp_write(v->i, text));
        return;
    case CEL_STRING:
    case CEL_URL:
    case CEL_IP:
    case CEL_CIDR:
    case CEL_FORMAT:
    case CEL_ERROR:
        buf_add_str(out, v->s);
        return;
    case CEL_NODE:
    case CEL_LIST:
    case CEL_MAP:
        write_items(v, out, depth);
        return;
    case CEL_OPTIONAL:
        if (v->list.count)
            write_text(v->list.items, out, depth);
        return;
    case CEL_NULL:
    case CEL_OBJECT:
        buf_add_str(out, str_of(v->type == CEL_NULL ? "null" : v->object.ops->name));
        return;
    }
}

struct str cel_value_to_text(const struct cel_value *v, struct arena *a)
{
    struct buf out;
    struct str text;

    if (v->type == CEL_STRING)
        return v->s;
    if (v->type == CEL_BOOL)
        return v->b ? STR("true") : STR("false");
    buf_init(&out, 0);
    write_text(v, &out, 0);
    text = arena_str(a, buf_str(&out));
    buf_deinit(&out);
    return text;
}
