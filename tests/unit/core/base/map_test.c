#include "core/base/map.h"

#include <stdlib.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/base/random.h"
#include "tests/tap.h"

static int values[5000];
static char names[5000][8];

static struct str name(int i)
{
    snprintf(names[i], sizeof(names[i]), "k%d", i);
    return str_of(names[i]);
}

static void strings_are_found_replaced_and_removed(void)
{
    struct map m;

    map_init(&m);
    OK(map_get(&m, STR("a")) == NULL);
    OK(map_remove(&m, STR("a")) == NULL);
    OK(map_put(&m, STR("a"), &values[1]) == NULL);
    OK(map_put(&m, STR("a"), &values[2]) == &values[1]);
    EQ_UINT(m.count, 1);
    OK(map_get(&m, STR("a")) == &values[2]);
    OK(map_put(&m, STR_NONE, &values[3]) == NULL);
    OK(map_get(&m, STR("")) == &values[3]);
    OK(map_put(&m, STR("null"), NULL) == NULL);
    OK(map_get(&m, STR("null")) == NULL && map_find(&m, STR("null")) != NULL);
    OK(map_remove(&m, STR("a")) == &values[2]);
    OK(map_find(&m, STR("a")) == NULL);
    EQ_UINT(m.count, 2);
    map_clear(&m);
    EQ_UINT(m.count, 0);
    OK(map_find(&m, STR("")) == NULL);
    map_deinit(&m);
}

static void replacing_takes_over_the_new_key(void)
{
    char *old = mem_strdup("key"), *fresh = mem_strdup("key");
    struct map m;

    map_init(&m);
    map_put(&m, str_of(old), &values[1]);
    map_put(&m, str_of(fresh), &values[2]);
    mem_free(old);
    OK(map_get(&m, STR("key")) == &values[2]);
    map_deinit(&m);
    mem_free(fresh);
}

static void numbers_and_strings_do_not_meet(void)
{
    struct map m;

    map_init(&m);
    for (uint64_t i = 0; i < 100; i++)
        OK(map_put_u64(&m, i << 60 | i, &values[i]) == NULL);
    map_put(&m, STR(""), &values[200]);
    for (uint64_t i = 0; i < 100; i++)
        OK(map_get_u64(&m, i << 60 | i) == &values[i]);
    OK(map_remove_u64(&m, 0) == &values[0]);
    OK(map_remove_u64(&m, 0) == NULL);
    OK(map_get(&m, STR("")) == &values[200]);
    EQ_UINT(m.count, 100);
    map_deinit(&m);
}

/* A number whose home slot in a table of cap slots is `home`. */
static uint64_t key_at_home(uint64_t home, size_t cap, uint64_t *search)
{
    while ((hash_keyed_u64(*search) & (cap - 1)) != home)
        ++*search;
    return (*search)++;
}

/* Three keys whose home is the last slot and two of slot 0: their probes wrap round the end. Each
 * order of removal must leave the others reachable. */
static void removal_heals_probes_that_wrap(void)
{
    static const int orders[][5] = { { 0, 1, 2, 3, 4 },
                                     { 4, 3, 2, 1, 0 },
                                     { 2, 0, 4, 1, 3 },
                                     { 1, 3, 0, 4, 2 },
                                     { 3, 1, 2, 0, 4 } };

    for (size_t o = 0; o < COUNT_OF(orders); o++) {
        uint64_t keys[5], search = 0;
        struct map m;

        map_init(&m);
        for (int i = 0; i < 5; i++) {
            keys[i] = key_at_home(i < 3 ? 7 : 0, 8, &search);
            map_put_u64(&m, keys[i], &values[i]);
        }
        if (!EQ_UINT(m.cap, 8))
            return;
        for (int gone = 0; gone < 5; gone++) {
            OK(map_remove_u64(&m, keys[orders[o][gone]]) == &values[orders[o][gone]]);
            for (int left = gone + 1; left < 5; left++)
                OK(map_get_u64(&m, keys[orders[o][left]]) == &values[orders[o][left]]);
        }
        EQ_UINT(m.count, 0);
        map_deinit(&m);
    }
}

static void random_use_agrees_with_an_array(void)
{
    bool present[COUNT_OF(values)] = { false };
    struct random r;
    struct map m;
    size_t count = 0;

    map_init(&m);
    random_init(&r, 1);
    for (int step = 0; step < 100000; step++) {
        int i = (int)random_below(&r, COUNT_OF(values));

        if (random_below(&r, 2)) {
            OK(map_put(&m, name(i), &values[i]) == (present[i] ? &values[i] : NULL));
            count += !present[i];
            present[i] = true;
        } else {
            OK(map_remove(&m, name(i)) == (present[i] ? &values[i] : NULL));
            count -= present[i];
            present[i] = false;
        }
        if (!EQ_UINT(m.count, count))
            break;
    }
    for (int i = 0; i < (int)COUNT_OF(values); i++)
        OK(map_get(&m, name(i)) == (present[i] ? &values[i] : NULL));
    map_deinit(&m);
}

static void iteration_sees_each_entry_once(void)
{
    bool seen[1000] = { false };
    struct map_slot *slot;
    struct map m;
    size_t count = 0;

    map_init(&m);
    for (size_t at = 0; map_next(&m, &at);)
        count++;
    EQ_UINT(count, 0);
    for (int i = 0; i < 1000; i++)
        map_put(&m, name(i), &values[i]);
    for (size_t at = 0; (slot = map_next(&m, &at)); count++) {
        size_t i = (size_t)((int *)slot->value - values);

        OK(!seen[i] && str_is(slot->key, names[i]));
        seen[i] = true;
    }
    EQ_UINT(count, 1000);
    map_deinit(&m);
}

static const struct tap_case cases[] = {
    { "strings_are_found_replaced_and_removed", strings_are_found_replaced_and_removed },
    { "replacing_takes_over_the_new_key", replacing_takes_over_the_new_key },
    { "numbers_and_strings_do_not_meet", numbers_and_strings_do_not_meet },
    { "removal_heals_probes_that_wrap", removal_heals_probes_that_wrap },
    { "random_use_agrees_with_an_array", random_use_agrees_with_an_array },
    { "iteration_sees_each_entry_once", iteration_sees_each_entry_once },
};

TAP_MAIN(cases)
