#include "core/model/model_endpoints.h"

#include "core/base/mem.h"

struct model_endpoints *model_endpoints_ref(struct model_endpoints *set)
{
    atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
    return set;
}

void model_endpoints_unref(struct model_endpoints *set)
{
    if (!set || atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) != 1)
        return;
    arena_deinit(&set->arena);
    mem_free(set);
}
