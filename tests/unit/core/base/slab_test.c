#include "core/base/slab.h"

#include <stdint.h>

#include "core/base/mem.h"
#include "core/base/random.h"
#include "tests/tap.h"

static void items_are_apart_aligned_and_reused(void)
{
    static const size_t sizes[] = { 0, 1, 16, 100, 248, 4096, 16384 };

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        unsigned char *items[200];
        struct slab s;
        void *last;

        slab_init(&s, sizes[i], 0);
        for (int j = 0; j < 200; j++) {
            items[j] = slab_alloc(&s);
            OK((uintptr_t)items[j] % 16 == 0);
            memset(items[j], j, sizes[i]);
        }
        EQ_UINT(s.used, 200);
        for (int j = 0; j < 200 && sizes[i]; j++)
            OK(items[j][0] == j && items[j][sizes[i] - 1] == j);
        last = items[199];
        for (int j = 0; j < 200; j++)
            slab_free(&s, items[j]);
        EQ_UINT(s.free_count, 200);
        EQ_PTR(slab_alloc(&s), last); /* the warmest first */
        slab_free(&s, last);
        slab_free(&s, NULL);
        slab_deinit(&s);
    }
}

static void limit_is_kept(void)
{
    struct slab s;
    void *a, *b;

    slab_init(&s, 64, 2);
    a = slab_alloc(&s);
    b = slab_alloc(&s);
    OK(a && b);
    OK(slab_alloc(&s) == NULL);
    slab_free(&s, a);
    a = slab_alloc(&s);
    OK(a != NULL);
    slab_free(&s, a);
    slab_free(&s, b);
    slab_deinit(&s);
}

static void trim_frees_whole_pages_and_keeps_the_rest_usable(void)
{
    static void *items[3000];
    struct random r;
    struct slab s;

    slab_init(&s, 100, 0);
    slab_trim(&s);
    random_init(&r, 4);
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < COUNT_OF(items); i++) {
            if (!items[i])
                items[i] = slab_alloc(&s);
            memset(items[i], (int)i, 100);
        }
        /* Early items all go, of the others every second. */
        for (size_t i = 0; i < COUNT_OF(items); i++) {
            if (i < 2000 || random_below(&r, 2)) {
                slab_free(&s, items[i]);
                items[i] = NULL;
            }
        }
        slab_trim(&s);
        for (size_t i = 0; i < COUNT_OF(items); i++)
            OK(!items[i] || *(unsigned char *)items[i] == (unsigned char)i);
    }
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        slab_free(&s, items[i]);
        items[i] = NULL;
    }
    slab_trim(&s);
    OK(s.pages == NULL);
    EQ_UINT(s.free_count, 0);
    slab_free(&s, slab_alloc(&s));
    slab_deinit(&s);
}

static const struct tap_case cases[] = {
    { "items_are_apart_aligned_and_reused", items_are_apart_aligned_and_reused },
    { "limit_is_kept", limit_is_kept },
    { "trim_frees_whole_pages_and_keeps_the_rest_usable",
      trim_frees_whole_pages_and_keeps_the_rest_usable },
};

TAP_MAIN(cases)
