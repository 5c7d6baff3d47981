#include "core/base/log.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "tests/tap.h"

static struct log_module log_module = LOG_MODULE("alpha");
static struct log_module beta = LOG_MODULE("beta");
static struct log_module beta_too = LOG_MODULE("beta"); /* another file of the same module */

static char captured[65536];
static int saved_fd, file_fd;

static void capture_start(void)
{
    char path[] = "/tmp/log_test.XXXXXX";

    saved_fd = dup(STDERR_FILENO);
    file_fd = mkstemp(path);
    unlink(path);
    dup2(file_fd, STDERR_FILENO);
}

/* What was written to standard error since capture_start, in captured. */
static void capture_end(void)
{
    ssize_t len = pread(file_fd, captured, sizeof(captured) - 1, 0);

    captured[len > 0 ? len : 0] = '\0';
    dup2(saved_fd, STDERR_FILENO);
    close(saved_fd);
    close(file_fd);
}

static size_t count_of(const char *part)
{
    size_t n = 0;

    for (const char *at = captured; (at = strstr(at, part)); at++)
        n++;
    return n;
}

static void levels_are_set_per_module(void)
{
    EQ_INT(log_set_levels("info"), 0);
    OK(log_is_on(&log_module, LOG_LEVEL_INFO) && !log_is_on(&log_module, LOG_LEVEL_DEBUG));
    EQ_INT(log_set_levels("warn, beta=debug"), 0);
    OK(!log_is_on(&log_module, LOG_LEVEL_INFO) && log_is_on(&log_module, LOG_LEVEL_WARN));
    OK(log_is_on(&beta, LOG_LEVEL_DEBUG));
    OK(log_is_on(&beta_too, LOG_LEVEL_DEBUG)); /* resolved only now */
    EQ_INT(log_set_levels("alpha=none"), 0);
    OK(!log_is_on(&log_module, LOG_LEVEL_ERROR));
    OK(log_is_on(&beta, LOG_LEVEL_DEBUG));
    EQ_INT(log_set_levels("error"), 0); /* takes back both */
    OK(log_is_on(&log_module, LOG_LEVEL_ERROR) && !log_is_on(&beta, LOG_LEVEL_WARN));
    EQ_INT(log_set_levels("info"), 0);
}

static void bad_levels_change_nothing(void)
{
    static const char *const bad[] = { "",       "loud",   "debug,loud",        "alpha=",
                                       "=debug", "debug,", "alpha=debug,beta=x" };

    log_set_levels("info");
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        EQ_INT(log_set_levels(bad[i]), ERR_INVALID);
        OK(!log_is_on(&log_module, LOG_LEVEL_DEBUG) && !log_is_on(&beta, LOG_LEVEL_DEBUG));
    }
    EQ_INT(log_set_levels(NULL), ERR_INVALID);
}

static void levels_are_listed(void)
{
    struct buf out;

    log_set_levels("info,beta=debug,unheard-of=none");
    (void)log_is_on(&log_module, LOG_LEVEL_INFO);
    buf_init(&out, 0);
    log_list_levels(&out);
    buf_add_char(&out, '\0');
    HAS_STR(out.p, "alpha: info\n");
    HAS_STR(out.p, "beta: debug\n");
    HAS_STR(out.p, "unheard-of: none\n");
    buf_deinit(&out);
    log_set_levels("info");
}

static void text_line_cannot_be_forged(void)
{
    capture_start();
    log_info("path %s", "/x\nfake\033[31m\tz");
    capture_end();
    HAS_STR(captured, "Z\tinfo\talpha\tpath /x\\nfake\\x1b[31m\\x09z\n");
    EQ_INT(captured[4], '-');
    EQ_INT(captured[10], 'T');
    EQ_UINT(count_of("\n"), 1);
}

static void json_line_is_json(void)
{
    log_set_json(true);
    capture_start();
    log_error("say \"%s\"\n", "\xff");
    capture_end();
    log_set_json(false);
    HAS_STR(captured, "{\"level\":\"error\",\"time\":\"2");
    HAS_STR(captured, "Z\",\"scope\":\"alpha\",\"msg\":\"say \\\"\xef\xbf\xbd\\\"\\n\"}\n");
}

static void overlong_message_is_cut(void)
{
    static char big[20000];

    memset(big, 'y', sizeof(big) - 1);
    capture_start();
    log_warn("%s", big);
    capture_end();
    OK(strlen(captured) < 9000);
    HAS_STR(captured, "yyy...\n");
}

/* Sleeps until the wall clock's next full second, so that a case does not straddle two. */
static void next_second(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    ts = (struct timespec){ .tv_nsec = 1001000000 - ts.tv_nsec };
    if (ts.tv_nsec >= 1000000000)
        ts = (struct timespec){ .tv_sec = 1 };
    nanosleep(&ts, NULL);
}

static void repeated_messages_are_counted_not_written(void)
{
    next_second();
    capture_start();
    for (int i = 0; i < 400; i++)
        log_info("peer %d is gone", i);
    for (int i = 0; i < 3; i++)
        log_info("another site");
    next_second();
    log_info("a third site");
    next_second();
    log_info("a fourth site");
    capture_end();
    EQ_UINT(count_of(" is gone\n"), 50);
    EQ_UINT(count_of("another site\n"), 3);
    EQ_UINT(count_of("350 more messages like \"peer %d is gone\" were dropped\n"), 1);
    EQ_UINT(count_of("dropped"), 1);
}

static void message_that_is_off_is_not_written(void)
{
    log_set_levels("warn");
    capture_start();
    log_info("unseen");
    log_debug("unseen");
    log_warn("seen");
    capture_end();
    log_set_levels("info");
    EQ_UINT(count_of("unseen"), 0);
    EQ_UINT(count_of("seen"), 1);
}

static const struct tap_case cases[] = {
    { "levels_are_set_per_module", levels_are_set_per_module },
    { "bad_levels_change_nothing", bad_levels_change_nothing },
    { "levels_are_listed", levels_are_listed },
    { "text_line_cannot_be_forged", text_line_cannot_be_forged },
    { "json_line_is_json", json_line_is_json },
    { "overlong_message_is_cut", overlong_message_is_cut },
    { "repeated_messages_are_counted_not_written", repeated_messages_are_counted_not_written },
    { "message_that_is_off_is_not_written", message_that_is_off_is_not_written },
};

TAP_MAIN(cases)
