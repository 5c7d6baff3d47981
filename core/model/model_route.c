#include "core/model/model_route.h"

#include "core/base/mem.h"

struct model_route_vhost *model_route_vhost_ref(struct model_route_vhost *v)
{
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    return v;
}

void model_route_vhost_unref(struct model_route_vhost *v)
{
    if (!v || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (v->deinit)
        v->deinit(v);
    arena_deinit(&v->arena);
    mem_free(v);
}

struct model_route_names *model_route_names_new(void)
{
    struct model_route_names *n = mem_alloc0(1, sizeof(*n));

    atomic_init(&n->refs, 1);
    arena_init(&n->arena, 1024);
    map_init(&n->exact);
    map_init(&n->suffix);
    return n;
}

struct model_route_names *model_route_names_ref(struct model_route_names *n)
{
    atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
    return n;
}

void model_route_names_unref(struct model_route_names *n)
{
    if (!n || atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) != 1)
        return;
    map_deinit(&n->exact);
    map_deinit(&n->suffix);
    arena_deinit(&n->arena);
    mem_free(n);
}

struct model_route_table *model_route_table_ref(struct model_route_table *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void model_route_table_unref(struct model_route_table *t)
{
    if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < t->vhost_count; i++)
        model_route_vhost_unref(t->vhosts[i]);
    model_route_names_unref(t->names);
    arena_deinit(&t->arena);
    mem_free(t);
}
