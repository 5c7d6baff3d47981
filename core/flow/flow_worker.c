#include "core/flow/flow_worker.h"

#include "core/base/mem.h"
#include "core/loop/clock.h"

#define WALL_CHECK_NS ((uint64_t)1000000000)

struct flow_lease *flow_worker_take_lease(struct flow_worker *fw)
{
    fw->lease->users++;
    return fw->lease;
}

void flow_worker_drop_lease(struct flow_worker *fw, struct flow_lease *lease)
{
    if (!lease || --lease->users > 0 || lease == fw->lease)
        return;
    snapshot_unref(lease->snapshot);
    mem_free(lease);
}

void flow_worker_begin_decision(struct flow_worker *fw, struct decision *d)
{
    uint64_t now = clock_ns();

    if (now - fw->wall_checked_ns >= WALL_CHECK_NS) {
        fw->wall_offset_ns = clock_wall_ns() - (int64_t)now;
        fw->wall_checked_ns = now;
    }
    d->id = ((uint64_t)(uint32_t)fw->worker->index << 48) | ++fw->next_decision_id;
    d->start_ns = now;
    d->start_wall_us = (uint64_t)((int64_t)now + fw->wall_offset_ns) / 1000;
}
