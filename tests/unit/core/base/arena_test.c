#include "core/base/arena.h"

#include "core/base/mem.h"
#include "tests/tap.h"

static void pieces_are_aligned_and_apart(void)
{
    struct arena a;
    char *last = NULL;

    arena_init(&a, 64);
    for (size_t size = 0; size < 300; size++) {
        char *p = arena_alloc(&a, size);

        OK(p != NULL && (uintptr_t)p % 8 == 0 && (p != last || size < 2));
        memset(p, (int)size, size);
        last = p;
    }
    arena_deinit(&a);
}

static void grows_by_doubling_and_keeps_what_was_written(void)
{
    struct arena a;
    char *pieces[200];

    arena_init(&a, 32);
    for (int i = 0; i < 200; i++) {
        pieces[i] = arena_alloc(&a, 1000);
        memset(pieces[i], i, 1000);
    }
    for (int i = 0; i < 200; i++)
        OK(pieces[i][0] == (char)i && pieces[i][999] == (char)i);
    EQ_UINT(a.used_bytes, 200 * 1000);
    arena_deinit(&a);
}

static void reset_keeps_the_first_block_only(void)
{
    struct arena a;
    char *first;

    arena_init(&a, 128);
    first = arena_alloc(&a, 100);
    for (int i = 0; i < 100; i++)
        arena_alloc(&a, 500);
    arena_reset(&a);
    EQ_UINT(a.used_bytes, 0);
    EQ_PTR(arena_alloc(&a, 100), first);
    arena_reset(&a);
    arena_reset(&a);
    EQ_PTR(arena_alloc(&a, 8), first);
    arena_deinit(&a);
    arena_deinit(&a);
}

static void reset_gives_back_an_outsize_first_block(void)
{
    struct arena a;

    arena_init(&a, 128);
    arena_alloc(&a, 1 << 20);
    arena_reset(&a);
    OK(a.blocks == NULL);
    OK(arena_alloc(&a, 10) != NULL);
    arena_deinit(&a);
}

static void reset_of_an_unused_arena_is_fine(void)
{
    struct arena a;

    arena_init(&a, 0);
    arena_reset(&a);
    OK(a.blocks == NULL);
    arena_deinit(&a);
}

static void alloc0_is_zero_even_after_reuse(void)
{
    static const char zeros[64];
    struct arena a;

    arena_init(&a, 0);
    memset(arena_alloc(&a, 64), 0xff, 64);
    arena_reset(&a);
    EQ_MEM((const char *)arena_alloc0(&a, 8, 8), 64, zeros, 64);
    arena_deinit(&a);
}

static void array_grows_with_its_content(void)
{
    struct arena a;
    int *list = NULL;
    size_t cap = 0;

    arena_init(&a, 0);
    for (int i = 0; i < 1000; i++) {
        if ((size_t)i == cap) {
            list = arena_grow(&a, list, cap, cap ? cap * 2 : 4, sizeof(*list));
            cap = cap ? cap * 2 : 4;
        }
        EQ_INT(list[i], 0);
        list[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        EQ_INT(list[i], i);
    arena_deinit(&a);
}

static void strings_are_copied_and_terminated(void)
{
    struct arena a;
    struct str s;

    arena_init(&a, 0);
    s = arena_str(&a, STR("abc"));
    EQ_STR(s.p, "abc");
    EQ_UINT(s.len, 3);
    EQ_STR(arena_strz(&a, STR_NONE), "");
    EQ_STR(arena_lower(&a, STR("X-Request-ID \xc4")).p, "x-request-id \xc4");
    s = arena_printf(&a, "%d-%s", 7, "x");
    EQ_STR(s.p, "7-x");
    EQ_UINT(s.len, 3);
    EQ_MEM((const char *)arena_dup(&a, "a\0b", 3), 3, "a\0b", 3);
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "pieces_are_aligned_and_apart", pieces_are_aligned_and_apart },
    { "grows_by_doubling_and_keeps_what_was_written",
      grows_by_doubling_and_keeps_what_was_written },
    { "reset_keeps_the_first_block_only", reset_keeps_the_first_block_only },
    { "reset_gives_back_an_outsize_first_block", reset_gives_back_an_outsize_first_block },
    { "reset_of_an_unused_arena_is_fine", reset_of_an_unused_arena_is_fine },
    { "alloc0_is_zero_even_after_reuse", alloc0_is_zero_even_after_reuse },
    { "array_grows_with_its_content", array_grows_with_its_content },
    { "strings_are_copied_and_terminated", strings_are_copied_and_terminated },
};

TAP_MAIN(cases)
