#include "core/base/pmap.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/random.h"
#include "tests/tap.h"

static int dropped;

static void count_drop(void *value)
{
    dropped++;
    free(value);
}

static void *number(int n)
{
    int *p = malloc(sizeof(*p));

    *p = n;
    return p;
}

static int get(const struct pmap *m, const char *key)
{
    const int *p = pmap_get(m, str_of(key));

    return p ? *p : -1;
}

static void a_version_keeps_what_it_had(void)
{
    struct pmap one, two;

    dropped = 0;
    pmap_init(&one, count_drop);
    EQ_INT(get(&one, "a"), -1);
    pmap_put(&one, STR("a"), number(1));
    pmap_put(&one, STR("b"), number(2));
    pmap_copy(&two, &one);
    pmap_put(&two, STR("a"), number(3));
    OK(pmap_remove(&two, STR("b")));
    OK(!pmap_remove(&two, STR("b")));
    pmap_put(&two, STR(""), number(4));
    EQ_INT(get(&one, "a"), 1);
    EQ_INT(get(&one, "b"), 2);
    EQ_INT(get(&one, ""), -1);
    EQ_INT(one.count, 2);
    EQ_INT(get(&two, "a"), 3);
    EQ_INT(get(&two, "b"), -1);
    EQ_INT(get(&two, ""), 4);
    EQ_INT(two.count, 2);
    EQ_INT(dropped, 0);
    pmap_deinit(&one);
    EQ_INT(dropped, 2);
    EQ_INT(get(&two, "a"), 3);
    pmap_deinit(&two);
    EQ_INT(dropped, 4);
}

struct check {
    const struct map *want;
    size_t seen, wrong;
};

static void check_one(void *arg, struct str key, void *value)
{
    struct check *c = arg;

    c->seen++;
    c->wrong += map_get(c->want, key) != value;
}

/* hash: what a key's number hashes to; few values make deep nodes and lists of equals. */
static void run_random(uint64_t (*hash)(uint64_t key), unsigned keys)
{
    enum { VERSIONS = 8, STEPS = 20000 };
    struct pmap versions[VERSIONS];
    struct map want[VERSIONS];
    static char text[512][16];
    struct random rng;

    random_init(&rng, 7);
    for (unsigned k = 0; k < keys; k++)
        snprintf(text[k], sizeof(text[k]), "key %u", k);
    for (int v = 0; v < VERSIONS; v++) {
        pmap_init(&versions[v], NULL);
        map_init(&want[v]);
    }
    for (uintptr_t i = 1; i <= STEPS; i++) {
        size_t v = random_below(&rng, VERSIONS), other = random_below(&rng, VERSIONS), at = 0;
        unsigned k = (unsigned)random_below(&rng, keys);
        struct str key = str_of(text[k]);

        if (random_below(&rng, 100) == 0 && v != other) {
            pmap_deinit(&versions[v]);
            pmap_copy(&versions[v], &versions[other]);
            map_clear(&want[v]);
            for (struct map_slot *s; (s = map_next(&want[other], &at));)
                map_put(&want[v], s->key, s->value);
        } else if (random_below(&rng, 2)) {
            pmap_put_hashed(&versions[v], hash(k), key, (void *)i);
            map_put(&want[v], key, (void *)i);
        } else {
            bool was = pmap_remove_hashed(&versions[v], hash(k), key);

            OK(was == (map_remove(&want[v], key) != NULL));
        }
    }
    for (int v = 0; v < VERSIONS; v++) {
        struct check c = { .want = &want[v] };

        pmap_each(&versions[v], check_one, &c);
        EQ_INT(c.wrong, 0);
        EQ_INT(c.seen, want[v].count);
        EQ_INT(versions[v].count, want[v].count);
        for (unsigned k = 0; k < keys; k++)
            OK(pmap_get_hashed(&versions[v], hash(k), str_of(text[k])) ==
               map_get(&want[v], str_of(text[k])));
        pmap_deinit(&versions[v]);
        map_deinit(&want[v]);
    }
}

static uint64_t spread(uint64_t key)
{
    return key * 0x9e3779b97f4a7c15u;
}

static uint64_t top_bits(uint64_t key)
{
    return key << 60; /* sixteen values, which differ in the last node only */
}

static uint64_t all_equal(uint64_t key)
{
    (void)key;
    return 42;
}

static void versions_are_independent(void)
{
    run_random(spread, 500);
}

static void hashes_that_differ_late_are_told_apart(void)
{
    run_random(top_bits, 40);
}

static void equal_hashes_are_told_apart(void)
{
    run_random(all_equal, 10);
}

static const struct tap_case cases[] = {
    { "a_version_keeps_what_it_had", a_version_keeps_what_it_had },
    { "versions_are_independent", versions_are_independent },
    { "hashes_that_differ_late_are_told_apart", hashes_that_differ_late_are_told_apart },
    { "equal_hashes_are_told_apart", equal_hashes_are_told_apart },
};

TAP_MAIN(cases)
