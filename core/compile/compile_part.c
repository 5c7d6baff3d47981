#include "core/compile/compile_part.h"

#include "core/base/mem.h"

struct compile_part *compile_part_new(void)
{
    struct compile_part *p = mem_alloc0(1, sizeof(*p));

    atomic_init(&p->refs, 1);
    arena_init(&p->arena, 1024);
    return p;
}

struct compile_part *compile_part_ref(struct compile_part *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void compile_part_unref(struct compile_part *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (struct compile_part_hold *h = p->holds; h; h = h->next)
        h->drop(h->ptr);
    arena_deinit(&p->arena);
    mem_free(p);
}

void compile_part_hold(struct compile_part *p, compile_part_drop_fn *drop, void *ptr)
{
    struct compile_part_hold *h = arena_alloc(&p->arena, sizeof(*h));

    h->drop = drop;
    h->ptr = ptr;
    h->next = p->holds;
    p->holds = h;
}

static void drop_cluster(void *ptr)
{
    model_cluster_unref(ptr);
}

struct model_cluster *compile_part_cluster(struct compile_part *p, struct model_cluster *c)
{
    if (c)
        compile_part_hold(p, drop_cluster, model_cluster_ref(c));
    return c;
}

static void drop_table(void *ptr)
{
    model_route_table_unref(ptr);
}

struct model_route_table *compile_part_table(struct compile_part *p, struct model_route_table *t)
{
    if (t)
        compile_part_hold(p, drop_table, model_route_table_ref(t));
    return t;
}

static void drop_map(void *ptr)
{
    map_deinit(ptr);
}

void compile_part_map(struct compile_part *p, struct map *m)
{
    compile_part_hold(p, drop_map, m);
}
