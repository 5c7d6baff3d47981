#include "core/flow/flow_replay.h"

#include "core/base/mem.h"
#include "tests/tap.h"

static struct chunk_pool pool;
static size_t kept;
static char block[64 * 1024];

static void rt_5_a_body_is_kept_up_to_its_limit(void)
{
    struct flow_replay r;

    chunk_pool_init(&pool);
    flow_replay_init(&r, &pool, &kept);
    for (size_t i = 0; i < FLOW_REPLAY_BYTES / sizeof(block); i++)
        flow_replay_add(&r, block, sizeof(block), true);
    OK(!r.is_lost);
    EQ_INT(kept, FLOW_REPLAY_BYTES);
    flow_replay_add(&r, block, 1, true);
    OK(r.is_lost);
    EQ_INT(r.queue.len, 0);
    EQ_INT(kept, 0);
    flow_replay_add(&r, block, 1, true); /* lost is lost */
    EQ_INT(kept, 0);
    chunk_pool_deinit(&pool);
}

static void rt_5_what_is_not_wanted_is_lost(void)
{
    struct flow_replay r;

    chunk_pool_init(&pool);
    flow_replay_init(&r, &pool, &kept);
    flow_replay_add(&r, block, 0, false); /* the end of a request without body */
    OK(!r.is_lost);
    flow_replay_add(&r, block, 10, true);
    flow_replay_add(&r, block, 10, false);
    OK(r.is_lost);
    EQ_INT(kept, 0);
    chunk_pool_deinit(&pool);
}

static void rt_5_a_queue_moves_in_and_all_of_a_worker_is_bounded(void)
{
    struct flow_replay list[FLOW_REPLAY_WORKER_BYTES / FLOW_REPLAY_BYTES + 1];
    struct chunk_queue q;

    chunk_pool_init(&pool);
    for (size_t i = 0; i < COUNT_OF(list); i++) {
        flow_replay_init(&list[i], &pool, &kept);
        chunk_queue_init(&q, &pool);
        for (size_t n = 0; n < FLOW_REPLAY_BYTES; n += sizeof(block))
            chunk_queue_add(&q, block, sizeof(block));
        flow_replay_take(&list[i], &q, true);
        EQ_INT(q.len, 0);
        EQ_INT(list[i].is_lost, i + 1 == COUNT_OF(list));
    }
    EQ_INT(kept, FLOW_REPLAY_WORKER_BYTES);
    for (size_t i = 0; i < COUNT_OF(list); i++)
        flow_replay_clear(&list[i]);
    EQ_INT(kept, 0);
    chunk_pool_deinit(&pool);
}

static const struct tap_case cases[] = {
    { "rt_5_a_body_is_kept_up_to_its_limit", rt_5_a_body_is_kept_up_to_its_limit },
    { "rt_5_what_is_not_wanted_is_lost", rt_5_what_is_not_wanted_is_lost },
    { "rt_5_a_queue_moves_in_and_all_of_a_worker_is_bounded",
      rt_5_a_queue_moves_in_and_all_of_a_worker_is_bounded },
};

TAP_MAIN(cases)
