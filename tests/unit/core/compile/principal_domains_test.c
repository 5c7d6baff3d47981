#include "core/compile/principal_domains.h"

#include "core/base/buf.h"
#include "tests/tap.h"

static const struct str aliases[] = { STR_INIT("old-td"), STR_INIT("foo") };

/* want: what it stands for, by spaces. */
static void stands_for(const char *own, size_t alias_count, const char *text, const char *want)
{
    struct principal_domains d = { str_of(own), aliases, alias_count };
    struct str out[4];
    struct arena a;
    struct buf b;

    arena_init(&a, 256);
    buf_init(&b, 0);
    for (size_t i = 0, n = principal_domains_expand(&d, str_of(text), &a, out); i < n; i++)
        buf_printf(&b, "%s%.*s", i ? " " : "", STR_ARG(out[i]));
    NOTE("%s", text);
    EQ_STRN(buf_str(&b).p, buf_len(&b), want);
    buf_deinit(&b);
    arena_deinit(&a);
}

static void az_10_one_domain_of_the_mesh_stands_for_all(void)
{
    stands_for("td", 2, "td/ns/a/sa/b", "td/ns/a/sa/b old-td/ns/a/sa/b foo/ns/a/sa/b");
    stands_for("td", 2, "foo/ns/a/sa/b", "foo/ns/a/sa/b td/ns/a/sa/b old-td/ns/a/sa/b");
    stands_for("td", 2, "foo/ns/a/sa/*", "foo/ns/a/sa/* td/ns/a/sa/* old-td/ns/a/sa/*");
    stands_for("td", 2, "cluster.local/ns/a/sa/b",
               "cluster.local/ns/a/sa/b td/ns/a/sa/b old-td/ns/a/sa/b foo/ns/a/sa/b");
    stands_for("cluster.local", 2, "cluster.local/ns/a/sa/b",
               "cluster.local/ns/a/sa/b old-td/ns/a/sa/b foo/ns/a/sa/b");
    stands_for("td", 0, "cluster.local/ns/a/*", "cluster.local/ns/a/* td/ns/a/*");
}

static void az_10_an_end_covers_the_domains_that_have_it(void)
{
    stands_for("td", 2, "*-td/ns/a/sa/b", "*-td/ns/a/sa/b td/ns/a/sa/b foo/ns/a/sa/b");
    stands_for("td", 2, "*td/ns/a/sa/b", "*td/ns/a/sa/b foo/ns/a/sa/b");
}

static void az_10_others_are_what_they_are(void)
{
    stands_for("td", 2, "other/ns/a/sa/b", "other/ns/a/sa/b");
    stands_for("td", 2, "*/ns/a/sa/b", "*/ns/a/sa/b");
    stands_for("td", 2, "*/sa/b", "*/sa/b");
    stands_for("td", 2, "*", "*");
    stands_for("td", 2, "td/ns/a/*", "td/ns/a/*");
    stands_for("td", 2, "foo", "foo");
    stands_for("td", 2, "foo*", "foo*");
}

static const struct tap_case cases[] = {
    { "az_10_one_domain_of_the_mesh_stands_for_all", az_10_one_domain_of_the_mesh_stands_for_all },
    { "az_10_an_end_covers_the_domains_that_have_it",
      az_10_an_end_covers_the_domains_that_have_it },
    { "az_10_others_are_what_they_are", az_10_others_are_what_they_are },
};

TAP_MAIN(cases)
