#include "core/base/mem.h"

#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tap.h"

static void sizes_of_zero_and_null_are_fine(void)
{
    void *p = mem_alloc(0), *q = mem_alloc0(0, 8);

    OK(p != NULL && q != NULL && p != q);
    mem_free(p);
    mem_free(q);
    mem_free(NULL);
    mem_wipe(NULL, 0);
    OK(mem_strdup(NULL) == NULL);
}

static void fresh_memory_is_zero_where_promised(void)
{
    static const char zeros[100];
    char *p = mem_alloc0(10, 10), *q = mem_alloc_flex(20, 8, 10);

    EQ_MEM(p, 100, zeros, 100);
    EQ_MEM(q, 100, zeros, 100);
    mem_free(p);
    mem_free(q);
}

static void arrays_keep_their_content_when_resized(void)
{
    int *list = mem_resize(NULL, 2, sizeof(*list));

    list[0] = 1;
    list[1] = 2;
    list = mem_resize(list, 1000, sizeof(*list));
    EQ_INT(list[0] * 10 + list[1], 12);
    mem_free(list);
}

static void aligned_memory_is_aligned(void)
{
    void *p = mem_alloc_aligned(65536, 131072);

    EQ_UINT((uintptr_t)p % 65536, 0);
    mem_free(p);
}

static void copies_are_equal(void)
{
    char *p = mem_dup("a\0b", 3), *z = mem_strdup("abc"), *f = mem_printf("%d-%s", 5, "x");

    EQ_MEM(p, 3, "a\0b", 3);
    EQ_STR(z, "abc");
    EQ_STR(f, "5-x");
    mem_wipe(z, 3);
    EQ_MEM(z, 3, "\0\0\0", 3);
    mem_free(p);
    mem_free(z);
    mem_free(f);
}

static void overflowing_product_ends_the_process(void)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        mem_free(mem_alloc0(SIZE_MAX / 2, 3));
        _exit(0);
    }
    EQ_INT(waitpid(child, &status, 0), child);
    OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static const struct tap_case cases[] = {
    { "sizes_of_zero_and_null_are_fine", sizes_of_zero_and_null_are_fine },
    { "fresh_memory_is_zero_where_promised", fresh_memory_is_zero_where_promised },
    { "arrays_keep_their_content_when_resized", arrays_keep_their_content_when_resized },
    { "aligned_memory_is_aligned", aligned_memory_is_aligned },
    { "copies_are_equal", copies_are_equal },
    { "overflowing_product_ends_the_process", overflowing_product_ends_the_process },
};

TAP_MAIN(cases)
