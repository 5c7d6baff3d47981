#include "core/model/model_jwt.h"

#include "core/base/mem.h"
#include "core/pki/jwk.h"

struct model_jwt *model_jwt_ref(struct model_jwt *j)
{
    atomic_fetch_add_explicit(&j->refs, 1, memory_order_relaxed);
    return j;
}

void model_jwt_unref(struct model_jwt *j)
{
    if (!j || atomic_fetch_sub_explicit(&j->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < j->rule_count; i++)
        jwk_set_unref(j->rules[i].keys);
    arena_deinit(&j->arena);
    mem_free(j);
}
