#include "core/api/api_rule.h"

#include <pthread.h>
#include <stdio.h>

#include "core/api/api_kind.h"
#include "core/base/error.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/text/cel.h"

struct compiled {
    const struct api_rule *row;
    struct compiled *next; /* of the same field */
    struct cel *cel;       /* NULL: it does not compile, which api_rule_test would have told */
    bool uses_old;
};

/* Made once and never freed: rules are part of the program. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct map by_name;  /* "MESSAGE\nFIELD" -> struct compiled, in the order of the rows */
static struct arena memory; /* of by_name */

static struct str key_of(const char *message, const char *field, struct arena *a)
{
    return arena_printf(a, "%s\n%s", message, field);
}

static void note_old(void *arg, struct str name)
{
    struct compiled *c = arg;

    c->uses_old |= str_is(name, "oldSelf");
}

static void add_rows(const struct api_rule *rows, size_t n)
{
    for (size_t i = n; i-- > 0;) { /* each goes in front of those behind it */
        struct compiled *c = arena_alloc0(&memory, 1, sizeof(*c));
        struct str key = key_of(rows[i].message, rows[i].field, &memory);

        c->row = &rows[i];
        if (cel_new(&c->cel, str_of(rows[i].rule), &memory, NULL) == 0)
            cel_each_name(c->cel, note_old, c);
        c->next = map_get(&by_name, key);
        map_put(&by_name, key, c);
    }
}

static void build(void)
{
    map_init(&by_name);
    arena_init(&memory, 65536);
    add_rows(api_rule_istio, api_rule_istio_count);
    add_rows(api_rule_gateway, api_rule_gateway_count);
}

struct walk {
    struct diag *d;
    struct arena arena;
    bool old_only;
    size_t failed;
};

struct at { /* where the walk is */
    const struct at *up;
    struct str name;
    size_t index; /* SIZE_MAX: not an item of a list */
};

static void write_path(const struct at *at, struct buf *out)
{
    if (!at)
        return;
    write_path(at->up, out);
    if (at->index != SIZE_MAX)
        buf_printf(out, "[%zu]", at->index);
    else
        buf_printf(out, "%s%.*s", buf_len(out) ? "." : "", STR_ARG(at->name));
}

struct self {
    struct cel_value value, old;
    bool has_old;
};

static bool lookup(const void *arg, struct str name, struct cel_value *out)
{
    const struct self *s = arg;

    if (str_is(name, "self"))
        *out = s->value;
    else if (s->has_old && str_is(name, "oldSelf"))
        *out = s->old;
    else
        return false;
    return true;
}

static void tell(struct walk *w, const struct compiled *c, const struct at *at,
                 const struct node *n, const struct cel_value *v)
{
    struct diag_pos pos = node_pos(n);
    struct buf path;

    buf_init(&path, 0);
    write_path(at, &path);
    w->failed++;
    diag_add(w->d, DIAG_ERROR, "MSH1013", &pos, buf_str(&path), "%s%s%.*s", c->row->said,
             v->type == CEL_ERROR ? ": " : "", v->type == CEL_ERROR ? (int)v->s.len : 0,
             v->type == CEL_ERROR ? v->s.p : "");
    buf_deinit(&path);
}

static void judge(struct walk *w, const struct compiled *rules, bool each, const struct at *at,
                  const struct node *n, const struct node *old)
{
    struct self self = { .value = cel_value_of_node(n), .has_old = old != NULL };

    if (old)
        self.old = cel_value_of_node(old);
    for (; rules; rules = rules->next) {
        struct cel_env env = {
            .lookup = lookup, .arg = &self, .arena = &w->arena, .cost = CEL_COST
        };
        struct cel_value v;

        if (rules->row->each != each || !rules->cel || (rules->uses_old && !old) ||
            (w->old_only && !rules->uses_old))
            continue;
        (void)cel_eval(rules->cel, &env, &v);
        if (v.type != CEL_BOOL || !v.b)
            tell(w, rules, at, n, &v);
        arena_reset(&w->arena);
    }
}

static void walk(struct walk *w, const struct field_message *m, const struct node *n,
                 const struct node *old, const struct at *up);

static const struct compiled *rules_of(const struct field_message *m, const struct field *f)
{
    char text[256];
    int len = snprintf(text, sizeof(text), "%s\n%s", m->name, f->name);

    return len > 0 && (size_t)len < sizeof(text) ? map_get(&by_name, str_make(text, (size_t)len))
                                                 : NULL;
}

static void walk_items(struct walk *w, const struct field *f, const struct compiled *rules,
                       const struct node *n, const struct node *old, const struct at *up)
{
    size_t i = 0;
    bool is_map = f->shape == FIELD_SHAPE_MAP;

    NODE_EACH(item, n)
    {
        struct at at = { up, item->key, is_map ? SIZE_MAX : i++ };
        /* Items of lists cannot be told apart from one version to the next. */
        const struct node *was = is_map && old ? node_get(old, item->key) : NULL;

        judge(w, rules, true, &at, item, was);
        if (f->msg)
            walk(w, f->msg, item, was, &at);
    }
}

static void walk(struct walk *w, const struct field_message *m, const struct node *n,
                 const struct node *old, const struct at *up)
{
    if (n->kind != NODE_MAP)
        return;
    NODE_EACH(child, n)
    {
        const struct field *f = child->kind == NODE_NULL ? NULL : field_find(m, child->key);
        const struct compiled *rules = f ? rules_of(m, f) : NULL;
        const struct node *was = f && old ? node_get(old, child->key) : NULL;
        struct at at = { up, child->key, SIZE_MAX };

        if (!f)
            continue;
        judge(w, rules, false, &at, child, was);
        if ((f->shape == FIELD_SHAPE_LIST && child->kind == NODE_LIST) ||
            (f->shape == FIELD_SHAPE_MAP && child->kind == NODE_MAP))
            walk_items(w, f, rules, child, was, &at);
        else if (f->msg)
            walk(w, f->msg, child, was, &at);
    }
}

static size_t check(const struct field_message *root, const struct node *object,
                    const struct node *old, struct diag *d, bool old_only)
{
    struct walk w = { .d = d, .old_only = old_only };

    (void)pthread_once(&once, build);
    arena_init(&w.arena, 4096);
    walk(&w, root, object, old, NULL);
    arena_deinit(&w.arena);
    return w.failed;
}

size_t api_rule_check(const struct field_message *root, const struct node *object,
                      const struct node *old, struct diag *d)
{
    return check(root, object, old, d, false);
}

size_t api_rule_check_change(const struct field_message *root, const struct node *object,
                             const struct node *old, struct diag *d)
{
    return check(root, object, old, d, true);
}

void api_rule_each(const struct field_message *m, const struct field *f,
                   void (*each)(void *arg, const struct api_rule *r), void *arg)
{
    (void)pthread_once(&once, build);
    for (const struct compiled *c = rules_of(m, f); c; c = c->next)
        each(arg, c->row);
}
