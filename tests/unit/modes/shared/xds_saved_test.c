/* The saved state: what comes back after a restart, a crash, damage. */
#include "modes/shared/xds_saved.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "tests/tap.h"

static const char *const types[] = { "t/a", "t/b" };

static char dir[64], path[96];

static bool begin(void)
{
    snprintf(dir, sizeof(dir), "/tmp/saved-test-XXXXXX");
    if (!OK(mkdtemp(dir) != NULL))
        return false;
    snprintf(path, sizeof(path), "%s/xds.saved", dir);
    return true;
}

static void end(void)
{
    char command[96];

    snprintf(command, sizeof(command), "rm -rf %s", dir);
    EQ_INT(system(command), 0);
}

static struct xds_saved *open_saved(void)
{
    return xds_saved_new(dir, STR("me"), types, 2);
}

static void put(struct xds_saved *s, uint32_t type, const char *name, const char *value)
{
    xds_saved_put(s, type, str_of(name), STR("v1"), str_of(value));
}

static void collect(void *arg, uint32_t type, struct str name, struct str value)
{
    buf_printf(arg, "%u%.*s=%.*s ", type, STR_ARG(name), STR_ARG(value));
}

/* One resource at most per type in these tests' comparisons, so order does not matter. */
static void holds(struct xds_saved *s, const char *want)
{
    struct buf b;

    buf_init(&b, 0);
    xds_saved_load(s, collect, &b);
    buf_add_char(&b, '\0');
    EQ_STR(b.p + b.start, want);
    buf_deinit(&b);
}

static void comes_back(void)
{
    struct xds_saved *s;

    if (!begin())
        return;
    s = open_saved();
    put(s, 0, "x", "one");
    put(s, 0, "x", "two");
    put(s, 1, "y", "three");
    put(s, 1, "z", "four");
    xds_saved_remove(s, 1, STR("z"));
    xds_saved_set_token(s, 0, STR("tok"));
    xds_saved_flush(s);
    holds(s, "0x=two 1y=three ");
    xds_saved_free(s);
    s = open_saved();
    holds(s, "0x=two 1y=three ");
    OK(str_is(xds_saved_token(s, 0), "tok"));
    EQ_INT(xds_saved_token(s, 1).len, 0);
    EQ_INT(xds_saved_count(s, 1), 1);
    put(s, 0, "x", "five");
    xds_saved_flush(s);
    xds_saved_free(s);
    s = open_saved();
    holds(s, "0x=five 1y=three ");
    xds_saved_free(s);
    end();
}

static void what_was_not_flushed_is_read_too(void)
{
    struct xds_saved *s;

    if (!begin())
        return;
    s = open_saved();
    put(s, 0, "x", "one");
    holds(s, "0x=one ");
    xds_saved_free(s);
    end();
}

static void another_owner_begins_anew(void)
{
    struct xds_saved *s;

    if (!begin())
        return;
    s = open_saved();
    put(s, 0, "x", "one");
    xds_saved_flush(s);
    xds_saved_free(s);
    s = xds_saved_new(dir, STR("other"), types, 2);
    holds(s, "");
    put(s, 0, "w", "1");
    xds_saved_flush(s);
    xds_saved_free(s);
    s = xds_saved_new(dir, STR("other"), types, 2);
    holds(s, "0w=1 ");
    xds_saved_free(s);
    end();
}

/* Every cut of the file is some earlier state, and can be gone on from. */
static void any_cut_is_an_earlier_state(void)
{
    struct xds_saved *s;
    struct stat st;

    if (!begin())
        return;
    s = open_saved();
    xds_saved_flush(s);
    put(s, 0, "x", "one");
    xds_saved_set_token(s, 0, STR("t1"));
    xds_saved_flush(s);
    put(s, 0, "x", "two");
    xds_saved_set_token(s, 0, STR("t2"));
    xds_saved_flush(s);
    xds_saved_free(s);
    EQ_INT(stat(path, &st), 0);
    for (off_t size = st.st_size - 1; size >= 0; size -= 3) {
        struct buf b;

        EQ_INT(truncate(path, size), 0);
        s = open_saved();
        buf_init(&b, 0);
        xds_saved_load(s, collect, &b);
        buf_add_char(&b, '\0');
        if (str_is(xds_saved_token(s, 0), "t2"))
            EQ_STR(b.p, "0x=two ");
        else if (str_is(xds_saved_token(s, 0), "t1"))
            OK(strcmp(b.p, "0x=one ") == 0 || strcmp(b.p, "0x=two ") == 0);
        buf_deinit(&b);
        xds_saved_free(s);
    }
    end();
}

static void damage_costs_what_follows_it(void)
{
    struct xds_saved *s;
    struct stat st;
    int fd;

    if (!begin())
        return;
    s = open_saved();
    put(s, 0, "x", "one");
    xds_saved_flush(s);
    put(s, 1, "y", "two");
    xds_saved_flush(s);
    xds_saved_free(s);
    EQ_INT(stat(path, &st), 0);
    fd = open(path, O_WRONLY);
    EQ_INT(pwrite(fd, "#", 1, st.st_size - 1), 1);
    close(fd);
    s = open_saved();
    holds(s, "0x=one ");
    put(s, 1, "y", "three");
    xds_saved_flush(s);
    xds_saved_free(s);
    s = open_saved();
    holds(s, "0x=one 1y=three ");
    xds_saved_free(s);
    end();
}

static void the_file_stays_small(void)
{
    static char value[64 * 1024];
    struct xds_saved *s;
    struct stat st;

    if (!begin())
        return;
    memset(value, 'x', sizeof(value) - 1);
    s = open_saved();
    put(s, 1, "keep", "me");
    xds_saved_set_token(s, 1, STR("tok"));
    for (int i = 0; i < 200; i++) {
        value[0] = (char)('a' + i % 26);
        put(s, 0, "x", value);
        xds_saved_flush(s);
    }
    EQ_INT(stat(path, &st), 0);
    OK(st.st_size < 3 * 1024 * 1024);
    xds_saved_free(s);
    s = open_saved();
    EQ_INT(xds_saved_count(s, 0), 1);
    EQ_INT(xds_saved_count(s, 1), 1);
    OK(str_is(xds_saved_token(s, 1), "tok"));
    xds_saved_free(s);
    end();
}

static void without_a_directory_names_are_held(void)
{
    struct xds_saved *s = xds_saved_new(NULL, STR("me"), types, 2);

    put(s, 0, "x", "one");
    xds_saved_set_token(s, 0, STR("t"));
    xds_saved_flush(s);
    EQ_INT(xds_saved_count(s, 0), 1);
    xds_saved_free(s);
}

#define CASE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
static const struct tap_case cases[] = {
    CASE(comes_back),
    CASE(what_was_not_flushed_is_read_too),
    CASE(another_owner_begins_anew),
    CASE(any_cut_is_an_earlier_state),
    CASE(damage_costs_what_follows_it),
    CASE(the_file_stays_small),
    CASE(without_a_directory_names_are_held),
};

TAP_MAIN(cases)
