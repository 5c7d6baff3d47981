#include "core/text/cel.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/cel_expr.h"

int cel_new(struct cel **out, struct str text, struct arena *a, struct str *why)
{
    struct cel *c;
    int err;

    if (text.len > CEL_MAX_BYTES) {
        if (why)
            *why = STR("it is too long");
        return ERR_LIMIT;
    }
    c = mem_alloc0(1, sizeof(*c));
    arena_init(&c->arena, 1024);
    err = cel_parse(c, arena_str(&c->arena, text), a, why);
    if (err) {
        cel_free(c);
        return err;
    }
    *out = c;
    return 0;
}

void cel_free(struct cel *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->regex_count; i++)
        regex_free(c->regexes[i]);
    mem_free(c->regexes);
    arena_deinit(&c->arena);
    mem_free(c);
}

struct bound { /* variables of macros around an expression */
    const struct bound *outer;
    struct str name;
};

static bool is_bound(const struct bound *b, struct str name)
{
    for (; b; b = b->outer)
        if (str_eq(b->name, name))
            return true;
    return false;
}

static void visit(const struct cel_expr *e, const struct bound *b,
                  void (*each)(void *arg, struct str name), void *arg)
{
    struct bound own = { b, e->name };
    bool is_macro = e->op >= CEL_OP_ALL;

    if (e->op == CEL_OP_NAME && !is_bound(b, e->name))
        each(arg, e->name);
    for (uint32_t i = 0; i < e->count; i++)
        visit(e->args[i], is_macro && i > 0 ? &own : b, each, arg);
}

void cel_each_name(const struct cel *c, void (*each)(void *arg, struct str name), void *arg)
{
    visit(c->root, NULL, each, arg);
}
