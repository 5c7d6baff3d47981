#include "core/http/http_idle.h"

#include "tests/tap.h"

static void what_the_server_says_has_a_margin(void)
{
    struct http_idle i;

    http_idle_init(&i);
    OK(http_idle_limit_ms(&i, 0) == UINT64_MAX);
    http_idle_told(&i, 5);
    EQ_INT(http_idle_limit_ms(&i, 0), 4000);
    http_idle_told(&i, 1);
    EQ_INT(http_idle_limit_ms(&i, 0), 500);
    http_idle_told(&i, 0);
    EQ_INT(http_idle_limit_ms(&i, 0), 0);
}

static void two_closes_at_one_age_are_a_limit(void)
{
    struct http_idle i;

    http_idle_init(&i);
    http_idle_closed(&i, 1000, 6000);
    OK(http_idle_limit_ms(&i, 6000) == UINT64_MAX);
    http_idle_closed(&i, 20000, 25100);
    EQ_INT(http_idle_limit_ms(&i, 25100), 4375); /* seven eighths of 5000 */
    http_idle_told(&i, 3);
    EQ_INT(http_idle_limit_ms(&i, 25100), 2000);
    http_idle_told(&i, 60);
    EQ_INT(http_idle_limit_ms(&i, 25100), 4375);
}

/* All at once, whatever their age. */
static void a_restart_is_no_limit(void)
{
    struct http_idle i;

    http_idle_init(&i);
    for (uint64_t since = 1000; since < 9000; since += 700)
        http_idle_closed(&i, since, 10000);
    OK(http_idle_limit_ms(&i, 10000) == UINT64_MAX);
    http_idle_init(&i); /* idle since the same moment: of the same age, but one observation */
    http_idle_closed(&i, 1000, 10000);
    http_idle_closed(&i, 1010, 10000);
    OK(http_idle_limit_ms(&i, 10000) == UINT64_MAX);
}

static void what_was_seen_is_forgotten(void)
{
    struct http_idle i;

    http_idle_init(&i);
    http_idle_closed(&i, 1000, 2000);
    http_idle_closed(&i, 5000, 6000);
    EQ_INT(http_idle_limit_ms(&i, 6000 + HTTP_IDLE_FORGET_MS - 1), 875);
    OK(http_idle_limit_ms(&i, 6000 + HTTP_IDLE_FORGET_MS) == UINT64_MAX);
}

static const struct tap_case cases[] = {
    { "what_the_server_says_has_a_margin", what_the_server_says_has_a_margin },
    { "two_closes_at_one_age_are_a_limit", two_closes_at_one_age_are_a_limit },
    { "a_restart_is_no_limit", a_restart_is_no_limit },
    { "what_was_seen_is_forgotten", what_was_seen_is_forgotten },
};

TAP_MAIN(cases)
