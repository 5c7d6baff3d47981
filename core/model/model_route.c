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

void model_route_names_init(struct model_route_names *n, const struct model_route_names *from)
{
    *n = from ? *from : (struct model_route_names){ 0 };
    if (!from)
        return;
    pmap_copy(&n->exact, &from->exact);
    pmap_copy(&n->suffix, &from->suffix);
}

void model_route_names_deinit(struct model_route_names *n)
{
    pmap_deinit(&n->exact);
    pmap_deinit(&n->suffix);
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
    model_route_names_deinit(&t->names);
    arena_deinit(&t->arena);
    mem_free(t);
}
