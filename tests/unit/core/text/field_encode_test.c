#include "core/text/field_encode.h"

#include "core/base/error.h"
#include "tests/tap.h"
#include "tests/unit/support/field_sample.h"

static void expect(const struct field_message *m, const void *obj, const char *json)
{
    struct buf b;

    buf_init(&b, 0);
    EQ_INT(field_encode_json(m, obj, &b, 0), 0);
    EQ_STRN(buf_str(&b).p, buf_len(&b), json);
    buf_deinit(&b);
}

static void defaults_are_left_out(void)
{
    struct field_sample_spec s = { .raw = STR(""), .hosts = &(struct str){ 0 } };

    expect(&field_sample_spec_message, &s, "{}");
    s.text = STR(""); /* marked with presence */
    s.on = (struct field_opt){ true, false };
    expect(&field_sample_spec_message, &s, "{\"text\":\"\",\"on\":false}");
}

static void oneof_members_are_written_when_empty(void)
{
    struct field_sample_match m = { .exact = STR("") };

    expect(&field_sample_match_message, &m, "{\"exact\":\"\"}");
}

static void each_type_has_its_form(void)
{
    struct field_sample_spec s = {
        .mode = (enum field_sample_mode)7, /* no name: the number */
        .u64 = -1,
        .raw = STR("hi"),
        .level = { true, FIELD_SAMPLE_MODE_STRICT },
        .created = { true, INT64_C(1709208000000000000) },
        .target = { .set = true, .is_text = true, .text = STR("http") },
        .extras = &(const struct node *){ NULL },
        .extras_count = 1,
    };

    expect(&field_sample_spec_message, &s,
           "{\"mode\":7,\"u64\":\"18446744073709551615\",\"raw\":\"aGk=\",\"level\":\"STRICT\","
           "\"created\":\"2024-02-29T12:00:00Z\",\"targetPort\":\"http\",\"extras\":[null]}");
}

#define T struct kept
struct kept {
    bool flag;
    struct str name;
    struct str *list;
    size_t list_count;
    struct field_opt opt;
    struct kept *sub;
};
static FIELD_DECLARE(kept);
static const struct field kept_fields[] = {
    FIELD_BOOL(T, flag, "flag", .keep = true),     FIELD_STR(T, name, "name", .keep = true),
    FIELD_LIST_STR(T, list, "list", .keep = true), FIELD_OPT_BOOL(T, opt, "opt", .keep = true),
    FIELD_MSG(T, sub, "sub", kept, .keep = true),
};
static FIELD_MESSAGE(kept, "test.Kept");
#undef T

static void kept_rows_are_always_there(void)
{
    expect(&kept_message, &(struct kept){ 0 },
           "{\"flag\":false,\"name\":\"\",\"list\":[],\"opt\":null}");
}

static void yaml_is_written_too(void)
{
    struct field_sample_dest d = { .host = STR("a"), .weight = 5 };
    struct buf b;

    buf_init(&b, 0);
    EQ_INT(field_encode_yaml(&field_sample_dest_message, &d, &b), 0);
    EQ_STRN(buf_str(&b).p, buf_len(&b), "host: a\nweight: 5\n");
    buf_deinit(&b);
    buf_init(&b, 4);
    EQ_INT(field_encode_json(&field_sample_dest_message, &d, &b, 0), ERR_LIMIT);
    buf_deinit(&b);
}

static const struct tap_case cases[] = {
    { "defaults_are_left_out", defaults_are_left_out },
    { "oneof_members_are_written_when_empty", oneof_members_are_written_when_empty },
    { "each_type_has_its_form", each_type_has_its_form },
    { "kept_rows_are_always_there", kept_rows_are_always_there },
    { "yaml_is_written_too", yaml_is_written_too },
};

TAP_MAIN(cases)
