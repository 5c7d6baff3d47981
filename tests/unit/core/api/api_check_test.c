/* Names, hosts and addresses: what is one, what is not. */
#include "core/api/api_check.h"

#include "core/base/mem.h"
#include "tests/tap.h"

struct row {
    bool (*is_ok)(struct str);
    const char *name;
    const char *good[12], *bad[12];
};

#define LONG63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct row rows[] = {
    { api_check_is_label,
      "label",
      { "a", "a-b", "0", "a1", LONG63 },
      { "", "-a", "a-", "A", "a.b", "a_b", LONG63 "a", "a b" } },
    { api_check_is_subdomain,
      "subdomain",
      { "a", "a.b", "a-b.c1", "1.2" },
      { "", ".", "a.", ".a", "a..b", "A.b", "a.-b" } },
    { api_check_is_host,
      "host",
      { "a", "A.b", "a.b.", "_a.b", "10.0.0.1", "::1", "2001:db8::1", "a-b.c" },
      { "", ".", "a..b", "-a", "a b", "*.a", "a/b", "a:80", "a.-b" } },
    { api_check_is_wildcard_host,
      "wildcard host",
      { "*", "*.a", "*.a.b", "*-x.a", "a", "1.2.3.4" },
      { "", "**", "a.*", "*a.b", "*.", "*.*.a", "*.1.2.3.4", "* .a" } },
    { api_check_is_label_key,
      "label key",
      { "a", "A_b.c", "example.com/a", "a/" LONG63 },
      { "", "/a", "a/", "a/b/c", "-a", "a b", "Example.com/a", LONG63 "a" } },
    { api_check_is_label_value,
      "label value",
      { "", "a", "A_b.c-d", LONG63 },
      { "-a", "a.", "a b", "a/b", LONG63 "a" } },
    { api_check_is_ip,
      "IP address",
      { "1.2.3.4", "::", "2001:db8::1", "::ffff:1.2.3.4" },
      { "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4/8", "a", "1.2.3.4 ", "::g" } },
    { api_check_is_cidr,
      "address range",
      { "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::/128" },
      { "10.0.0.0", "10.0.0.0/33", "::/129", "/8", "a/8", "10.0.0.0/", "10.0.0.0/a" } },
    { api_check_is_header_name,
      "header name",
      { "a", "X-Y", "a_b", "x.y", "!#$" },
      { "", "a b", "a:b", "\"a\"", "a\n", "(a)" } },
};

static void names_are_judged(void)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t j = 0; j < COUNT_OF(rows[i].good) && rows[i].good[j]; j++)
            if (!OK(rows[i].is_ok(str_of(rows[i].good[j]))))
                NOTE("\"%s\" is a %s", rows[i].good[j], rows[i].name);
        for (size_t j = 0; j < COUNT_OF(rows[i].bad) && rows[i].bad[j]; j++)
            if (!OK(!rows[i].is_ok(str_of(rows[i].bad[j]))))
                NOTE("\"%s\" is no %s", rows[i].bad[j], rows[i].name);
    }
    OK(!api_check_is_header_name(str_make("a\0b", 3)));
    OK(!api_check_is_label_value(str_make("a\0b", 3)));
    OK(!api_check_is_host(str_make("a\0b", 3)));
    OK(!api_check_is_ip(str_make("1.2.3.4\0", 8)));
}

static const struct tap_case cases[] = {
    { "names_are_judged", names_are_judged },
};

TAP_MAIN(cases)
