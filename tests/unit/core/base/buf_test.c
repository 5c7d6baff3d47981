#include "core/base/buf.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "tests/tap.h"

static void appends_and_consumes(void)
{
    struct buf b;

    buf_init(&b, 0);
    EQ_UINT(buf_str(&b).len, 0);
    EQ_INT(buf_add(&b, "hello ", 6), 0);
    EQ_INT(buf_add_str(&b, STR("world")), 0);
    EQ_INT(buf_add_char(&b, '!'), 0);
    EQ_STRN(buf_str(&b).p, buf_len(&b), "hello world!");
    buf_consume(&b, 6);
    EQ_STRN(buf_str(&b).p, buf_len(&b), "world!");
    buf_consume(&b, 100);
    EQ_UINT(buf_len(&b), 0);
    buf_deinit(&b);
}

static void limit_refuses_whole_and_changes_nothing(void)
{
    struct buf b;

    buf_init(&b, 10);
    EQ_INT(buf_add(&b, "12345678", 8), 0);
    OK(!b.full);
    EQ_INT(buf_add(&b, "abc", 3), ERR_LIMIT);
    OK(b.full);
    EQ_STRN(buf_str(&b).p, buf_len(&b), "12345678");
    EQ_INT(buf_add(&b, "ab", 2), 0);
    OK(buf_reserve(&b, 1) == NULL);
    OK(buf_reserve(&b, SIZE_MAX) == NULL);
    buf_consume(&b, 5);
    EQ_INT(buf_add(&b, "fghij", 5), 0); /* the limit is on what it holds */
    EQ_STRN(buf_str(&b).p, buf_len(&b), "678abfghij");
    buf_clear(&b);
    OK(!b.full);
    buf_deinit(&b);
}

static void formatted_text_may_fill_it_to_the_limit(void)
{
    struct buf b;

    buf_init(&b, 8);
    EQ_INT(buf_printf(&b, "%s-%d", "abc", 1234), 0);
    EQ_STRN(buf_str(&b).p, buf_len(&b), "abc-1234");
    EQ_INT(buf_printf(&b, "%d", 1), ERR_LIMIT);
    EQ_INT(buf_printf(&b, "%s", ""), 0);
    buf_deinit(&b);
}

static void front_is_reused_before_growing(void)
{
    struct buf b;
    size_t cap;

    buf_init(&b, 0);
    for (int i = 0; i < 100; i++)
        buf_add(&b, "xx", 2);
    cap = b.cap;
    for (int i = 0; i < 10000; i++) {
        buf_consume(&b, 2);
        buf_add(&b, "yz", 2);
    }
    EQ_UINT(b.cap, cap);
    EQ_UINT(buf_len(&b), 200);
    EQ_STRN(buf_str(&b).p, 4, "yzyz");
    buf_deinit(&b);
}

static void reserve_and_commit_in_part(void)
{
    struct buf b;
    char *p;

    buf_init(&b, 1000);
    p = buf_reserve(&b, 1000);
    if (!OK(p != NULL))
        return;
    memcpy(p, "abc", 3);
    buf_commit(&b, 3);
    EQ_STRN(buf_str(&b).p, buf_len(&b), "abc");
    buf_deinit(&b);
}

static void shrink_frees_only_when_empty(void)
{
    struct buf b;

    buf_init(&b, 0);
    buf_add_char(&b, 'x');
    buf_shrink(&b);
    OK(b.p != NULL);
    buf_clear(&b);
    buf_shrink(&b);
    OK(b.p == NULL);
    buf_add_char(&b, 'y');
    EQ_UINT(buf_len(&b), 1);
    buf_deinit(&b);
}

static void content_is_taken_as_a_string(void)
{
    struct buf b;
    char *z;

    buf_init(&b, 0);
    buf_add(&b, "xabc", 4);
    buf_consume(&b, 1);
    z = buf_take_strz(&b);
    EQ_STR(z, "abc");
    mem_free(z);
    EQ_UINT(buf_len(&b), 0);
    z = buf_take_strz(&b);
    EQ_STR(z, "");
    mem_free(z);
}

static const struct tap_case cases[] = {
    { "appends_and_consumes", appends_and_consumes },
    { "limit_refuses_whole_and_changes_nothing", limit_refuses_whole_and_changes_nothing },
    { "formatted_text_may_fill_it_to_the_limit", formatted_text_may_fill_it_to_the_limit },
    { "front_is_reused_before_growing", front_is_reused_before_growing },
    { "reserve_and_commit_in_part", reserve_and_commit_in_part },
    { "shrink_frees_only_when_empty", shrink_frees_only_when_empty },
    { "content_is_taken_as_a_string", content_is_taken_as_a_string },
};

TAP_MAIN(cases)
