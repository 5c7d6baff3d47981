/* How long a write takes, beside what the disk itself takes for a sync.
 *
 *     store_bench [DIR] [WRITES]
 *
 * One object of 2 KB a commit, one after the other; then as many as the store takes at once; then
 * small workloads. The fsync line is 4 KB appended to a file and synced, in the same folder. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "store/store.h"

#define BODY_BYTES 2048
#define AT_ONCE    512

static uv_loop_t loop;
static struct store *store;
static char body[BODY_BYTES + 1];

static uint64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void report(const char *what, uint64_t *us, size_t n)
{
    qsort(us, n, sizeof(*us), by_size);
    printf("%-36s p50 %8.3f ms   p99 %8.3f ms   max %8.3f ms   n %zu\n", what,
           (double)us[n / 2] / 1000, (double)us[n * 99 / 100] / 1000, (double)us[n - 1] / 1000, n);
}

static void die(const char *what, int code)
{
    fprintf(stderr, "store_bench: %s: %s\n", what, error_text(code));
    exit(1);
}

static void bench_fsync(const char *dir, uint64_t *us, size_t n)
{
    char path[512], page[4096] = { 1 };
    int fd;

    snprintf(path, sizeof(path), "%s/fsync", dir);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (size_t i = 0; i < n; i++) {
        uint64_t start = now_us();

        if (fd < 0 || write(fd, page, sizeof(page)) != sizeof(page) || fdatasync(fd) != 0)
            die(path, -5);
        us[i] = now_us() - start;
    }
    close(fd);
    unlink(path);
    report("fsync of 4 KB", us, n);
}

struct wait {
    uint64_t start;
    uint64_t *us;
    size_t *left;
};

static void on_written(void *arg, const struct store_reply *reply)
{
    struct wait *w = arg;

    if (reply->code != 0)
        die(reply->text, reply->code);
    *w->us = now_us() - w->start;
    --*w->left;
}

/* n writes, `depth` of them under way at a time. Returns how long all took. */
static uint64_t write_all(uint16_t kind, uint64_t *us, size_t n, size_t depth)
{
    struct wait *waits = mem_alloc0(n, sizeof(*waits));
    uint64_t start = now_us();
    size_t given = 0, left = n;

    while (left > 0) {
        while (given < n && given - (n - left) < depth) {
            struct store_txn *t = store_txn_new();
            char name[32];

            snprintf(name, sizeof(name), "object-%zu", given % 1000);
            snprintf(body, 24, "%023zu", given);
            body[23] = ' ';
            store_txn_put(t, kind, STR("bench"), str_of(name),
                          str_make(body, kind & STORE_KIND_LIVE ? 240 : BODY_BYTES), false, NULL);
            waits[given] = (struct wait){ now_us(), &us[given], &left };
            store_write(store, t, on_written, &waits[given]);
            given++;
        }
        uv_run(&loop, UV_RUN_ONCE);
    }
    mem_free(waits);
    return now_us() - start;
}

static void on_closed(void *arg)
{
    *(bool *)arg = true;
}

int main(int argc, char **argv)
{
    const char *base = argc > 1 ? argv[1] : ".";
    uint64_t n = 2000, took, *us;
    char dir[256], why[300];
    bool closed = false;
    int rc;

    if (argc > 2 && (str_to_u64(str_of(argv[2]), 10000000, &n) != 0 || n == 0))
        die("WRITES", ERR_INVALID);
    us = mem_alloc0(n, sizeof(*us));
    memset(body, 'x', BODY_BYTES);
    snprintf(dir, sizeof(dir), "%s/store-bench-XXXXXX", base);
    if (!mkdtemp(dir))
        die(dir, ERR_DENIED);
    bench_fsync(dir, us, n);
    uv_loop_init(&loop);
    rc = store_open(&store, &loop, dir, NULL, why, sizeof(why));
    if (rc != 0)
        die(why, rc);
    write_all(1, us, n, 1);
    report("commit of 2 KB, one at a time", us, n);
    took = write_all(1, us, n, AT_ONCE);
    report("commit of 2 KB, 512 at a time", us, n);
    printf("%-36s %.0f/s\n", "", (double)n * 1e6 / (double)took);
    took = write_all(1 | STORE_KIND_LIVE, us, n, AT_ONCE);
    report("workload of 240 B, 512 at a time", us, n);
    printf("%-36s %.0f/s\n", "", (double)n * 1e6 / (double)took);
    store_close(store, on_closed, &closed);
    while (!closed)
        uv_run(&loop, UV_RUN_ONCE);
    uv_loop_close(&loop);
    for (size_t i = 0; i < 2; i++) {
        snprintf(why, sizeof(why), "%s/%s", dir, i ? "live.db" : "config.db");
        unlink(why);
    }
    rmdir(dir);
    mem_free(us);
    return 0;
}
