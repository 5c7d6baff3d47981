#include "core/base/random.h"

#include "tests/tap.h"

static void seed_makes_it_repeatable(void)
{
    struct random a, b, c;
    int same = 0;

    random_init(&a, 1);
    random_init(&b, 1);
    random_init(&c, 2);
    for (int i = 0; i < 100; i++) {
        uint64_t x = random_next(&a);

        EQ_UINT(x, random_next(&b));
        same += x == random_next(&c);
    }
    EQ_INT(same, 0);
    random_init(&a, 0);
    OK(random_next(&a) | random_next(&a));
}

static void system_seeds_differ(void)
{
    struct random a, b;

    random_init_os(&a);
    random_init_os(&b);
    OK(random_next(&a) != random_next(&b));
}

static void below_is_even_and_bounded(void)
{
    int counts[10] = { 0 };
    struct random r;

    random_init(&r, 5);
    for (int i = 0; i < 100000; i++) {
        uint64_t x = random_below(&r, 10);

        if (!OK(x < 10))
            return;
        counts[x]++;
    }
    for (int i = 0; i < 10; i++)
        OK(counts[i] > 9500 && counts[i] < 10500); /* over five sigma */
    EQ_UINT(random_below(&r, 0), 0);
    EQ_UINT(random_below(&r, 1), 0);
    OK(random_below(&r, UINT64_MAX) < UINT64_MAX);
}

static void unit_is_below_one(void)
{
    struct random r;
    double sum = 0;

    random_init(&r, 9);
    for (int i = 0; i < 100000; i++) {
        double x = random_unit(&r);

        if (!OK(x >= 0 && x < 1))
            return;
        sum += x;
    }
    OK(sum > 49000 && sum < 51000);
}

static void system_bytes_fill_all(void)
{
    uint8_t bytes[1000] = { 0 };
    int zeros = 0;

    random_bytes(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        zeros += bytes[i] == 0;
    OK(zeros < 30);
    random_bytes(bytes, 0);
}

static const struct tap_case cases[] = {
    { "seed_makes_it_repeatable", seed_makes_it_repeatable },
    { "system_seeds_differ", system_seeds_differ },
    { "below_is_even_and_bounded", below_is_even_and_bounded },
    { "unit_is_below_one", unit_is_below_one },
    { "system_bytes_fill_all", system_bytes_fill_all },
};

TAP_MAIN(cases)
