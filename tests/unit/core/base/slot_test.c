#include "core/base/slot.h"

#include "core/base/mem.h"
#include "tests/tap.h"

static int things[100];

static void late_handle_finds_nothing(void)
{
    struct slot_table t;
    uint64_t a, b;

    slot_table_init(&t);
    a = slot_add(&t, &things[0]);
    OK(a != 0);
    OK(slot_get(&t, a) == &things[0]);
    OK(slot_get(&t, 0) == NULL);
    slot_remove(&t, a);
    OK(slot_get(&t, a) == NULL);
    b = slot_add(&t, &things[1]); /* the same place again */
    OK(b != a);
    OK(slot_get(&t, a) == NULL);
    slot_remove(&t, a); /* stale: must not remove b */
    OK(slot_get(&t, b) == &things[1]);
    slot_remove(&t, b);
    slot_remove(&t, b);
    EQ_UINT(t.used, 0);
    OK(slot_get(&t, 12345) == NULL);
    OK(slot_get(&t, UINT64_MAX) == NULL);
    slot_remove(&t, UINT64_MAX);
    slot_table_deinit(&t);
}

static void table_grows_and_reuses(void)
{
    struct slot_table t;
    uint64_t handles[100];

    slot_table_init(&t);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 100; i++)
            handles[i] = slot_add(&t, &things[i]);
        EQ_UINT(t.used, 100);
        for (int i = 0; i < 100; i++)
            OK(slot_get(&t, handles[i]) == &things[i]);
        for (int i = 0; i < 100; i++)
            slot_remove(&t, handles[i]);
    }
    EQ_UINT(t.count, 100);
    slot_table_deinit(&t);
}

static void generation_never_makes_a_zero_handle(void)
{
    struct slot_table t;
    uint64_t a;

    slot_table_init(&t);
    a = slot_add(&t, &things[0]);
    slot_remove(&t, a);
    t.entries[0].generation = UINT32_MAX; /* four thousand million uses later */
    a = slot_add(&t, &things[0]);
    slot_remove(&t, a);
    a = slot_add(&t, &things[0]);
    OK(a != 0 && a >> 32 != 0);
    OK(slot_get(&t, a) == &things[0]);
    slot_table_deinit(&t);
}

static const struct tap_case cases[] = {
    { "late_handle_finds_nothing", late_handle_finds_nothing },
    { "table_grows_and_reuses", table_grows_and_reuses },
    { "generation_never_makes_a_zero_handle", generation_never_makes_a_zero_handle },
};

TAP_MAIN(cases)
