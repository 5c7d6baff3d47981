#include "core/text/field_explain.h"

#include "core/base/error.h"
#include "tests/tap.h"
#include "tests/unit/support/field_sample.h"

static void expect(const char *path, bool recursive, const char *want)
{
    struct buf b;

    buf_init(&b, 0);
    EQ_INT(field_explain(&field_sample_message, "Sample", "test/v1", str_of(path), recursive, &b,
                         NULL),
           0);
    EQ_STRN(buf_str(&b).p, buf_len(&b), want);
    buf_deinit(&b);
}

static void a_message_lists_its_fields(void)
{
    expect("spec.http.route", false,
           "KIND:     Sample\nVERSION:  test/v1\n\nFIELD:    route <[]Object>\n\n"
           "DESCRIPTION:\n    Where requests go.\n    Items: 1..\n    One destination.\n\n"
           "FIELDS:\n"
           "  host\t<string> -required-\n    Where to send it.\n    Length: at most 253 bytes\n\n"
           "  subset\t<string>\n    Which versions of it.\n\n"
           "  weight\t<integer>\n    Default: 100\n    Range: 0..100\n\n"
           "  portNumber\t<integer>\n    Range: 1..65535\n\n");
}

static void a_scalar_says_all_about_itself(void)
{
    expect("spec.mode", false,
           "KIND:     Sample\nVERSION:  test/v1\n\nFIELD:    mode <enum>\n\nDESCRIPTION:\n"
           "    One of:\n      UNSET\n      STRICT  Only mTLS.\n      PERMISSIVE  Both.\n");
    expect("spec.http.headers.exact", false,
           "KIND:     Sample\nVERSION:  test/v1\n\nFIELD:    exact <string>\n\nDESCRIPTION:\n"
           "    Excludes: prefix, not\n");
    expect("spec.http.timeout", false,
           "KIND:     Sample\nVERSION:  test/v1\n\nFIELD:    timeout <duration>\n\nDESCRIPTION:\n"
           "    Range: 1ms..1m0s\n");
}

static void recursion_stops_where_it_repeats(void)
{
    expect("spec.http.headers", true,
           "KIND:     Sample\nVERSION:  test/v1\n\nFIELD:    headers <map[string]Object>\n\n"
           "DESCRIPTION:\n\nFIELDS:\n  exact\t<string>\n  prefix\t<string>\n  not\t<Object>\n");
}

static void unenforced_fields_say_so(void)
{
    struct buf b;

    buf_init(&b, 0);
    field_explain(&field_sample_message, "Sample", NULL, STR("spec.http.mirror"), false, &b, NULL);
    buf_add_char(&b, 0);
    HAS_STR(buf_str(&b).p, "Deprecated.");
    HAS_STR(buf_str(&b).p, "Not enforced: is accepted");
    buf_deinit(&b);
}

static void a_wrong_step_has_a_neighbour(void)
{
    const char *close = NULL;
    struct buf b;

    buf_init(&b, 0);
    EQ_INT(field_explain(&field_sample_message, "Sample", NULL, STR("spec.http.timeuot"), false, &b,
                         &close),
           ERR_NOT_FOUND);
    EQ_STR(close, "timeout");
    EQ_UINT(buf_len(&b), 0);
    buf_deinit(&b);
}

static const struct tap_case cases[] = {
    { "a_message_lists_its_fields", a_message_lists_its_fields },
    { "a_scalar_says_all_about_itself", a_scalar_says_all_about_itself },
    { "recursion_stops_where_it_repeats", recursion_stops_where_it_repeats },
    { "unenforced_fields_say_so", unenforced_fields_say_so },
    { "a_wrong_step_has_a_neighbour", a_wrong_step_has_a_neighbour },
};

TAP_MAIN(cases)
