#include "core/model/model_authz.h"

#include "core/base/mem.h"

struct model_authz *model_authz_ref(struct model_authz *a)
{
    atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
    return a;
}

void model_authz_unref(struct model_authz *a)
{
    if (!a || atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) != 1)
        return;
    arena_deinit(&a->arena);
    mem_free(a);
}
