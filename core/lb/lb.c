#include "core/lb/lb.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/lb/lb_least_request.h"
#include "core/lb/lb_random.h"
#include "core/lb/lb_round_robin.h"

/* PASSTHROUGH says that the original destination is used, which leaves nothing to choose; its row
 * is for clusters that have endpoints all the same. */
static const struct lb_policy *const policies[] = {
    [MODEL_LB_ROUND_ROBIN] = &lb_round_robin,
    [MODEL_LB_LEAST_REQUEST] = &lb_least_request,
    [MODEL_LB_RANDOM] = &lb_random,
    [MODEL_LB_PASSTHROUGH] = &lb_round_robin,
};

struct lb {
    const struct lb_policy *policy;
    void *state; /* NULL for fewer than 2 hosts */
    uint32_t count;
    struct random *random;
};

struct lb *lb_new(enum model_lb policy, const struct lb_host *hosts, uint32_t count,
                  struct random *random)
{
    struct lb *lb = mem_alloc0(1, sizeof(*lb));

    ASSERT((size_t)policy < COUNT_OF(policies));
    lb->policy = policies[policy];
    lb->count = count;
    lb->random = random;
    if (count > 1)
        lb->state = lb->policy->build(hosts, count, random);
    return lb;
}

void lb_free(struct lb *lb)
{
    if (!lb)
        return;
    if (lb->state && lb->policy->release)
        lb->policy->release(lb->state);
    mem_free(lb->state);
    mem_free(lb);
}

int32_t lb_pick(struct lb *lb, const struct lb_host *hosts, uint32_t count)
{
    ASSERT(count == lb->count);
    if (count > 1)
        return lb->policy->pick(lb->state, hosts, count, lb->random);
    return count == 1 && hosts[0].usable ? 0 : -1;
}
