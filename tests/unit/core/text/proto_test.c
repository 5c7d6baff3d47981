#include "core/text/proto.h"

#include "core/base/error.h"
#include "core/text/field_decode.h"
#include "core/text/field_encode.h"
#include "core/text/node_yaml.h"
#include "tests/tap.h"
#include "tests/unit/support/field_sample.h"

static bool read_yaml(struct arena *a, const char *yaml, struct field_sample *out)
{
    struct field_scope s = { .arena = a };
    struct diag d;
    struct node *n;
    bool ok;

    diag_init(&d);
    s.diag = &d;
    ok = EQ_INT(node_yaml_read_one(a, str_of(yaml), NULL, &d, &n), 0) &&
         EQ_INT(field_decode(&field_sample_message, n, &s, out), 0);
    diag_deinit(&d);
    return ok;
}

static struct str json_of(struct arena *a, const struct field_sample *obj)
{
    struct buf b;
    struct str s;

    buf_init(&b, 0);
    field_encode_json(&field_sample_message, obj, &b, NODE_PRETTY);
    s = arena_str(a, buf_str(&b));
    buf_deinit(&b);
    return s;
}

/* YAML -> struct -> JSON -> struct -> protobuf -> struct -> JSON: the same at every stop. */
static void round_trip_keeps_everything(void)
{
    struct field_sample from_yaml, from_json, from_proto;
    struct str first, second, third;
    struct arena a;
    struct buf wire;

    arena_init(&a, 0);
    buf_init(&wire, 0);
    if (read_yaml(&a, field_sample_yaml, &from_yaml)) {
        first = json_of(&a, &from_yaml);
        if (read_yaml(&a, first.p, &from_json)) {
            second = json_of(&a, &from_json);
            EQ_MEM(second.p, second.len, first.p, first.len);
        }
        EQ_INT(proto_encode(&field_sample_message, &from_yaml, &wire), 0);
        for (unsigned flags = 0; flags <= PROTO_BORROW; flags++) {
            if (!EQ_INT(proto_decode(&field_sample_message, buf_str(&wire).p, buf_len(&wire), &a,
                                     flags, &from_proto),
                        0))
                break;
            third = json_of(&a, &from_proto);
            EQ_MEM(third.p, third.len, first.p, first.len);
        }
    }
    buf_deinit(&wire);
    arena_deinit(&a);
}

/* Bytes as protoc's encoders make them. */
static void known_bytes_are_written(void)
{
    struct field_sample_dest d = { .host = STR("testing"), .weight = 150, .port = { true, 8080 } };
    struct buf b;

    buf_init(&b, 0);
    EQ_INT(proto_encode(&field_sample_dest_message, &d, &b), 0);
    EQ_MEM(buf_str(&b).p, buf_len(&b), "\x0a\x07testing\x18\x96\x01\x22\x03\x08\x90\x3f", 17);
    buf_clear(&b);
    d = (struct field_sample_dest){ .weight = -1, .port = { true, 0 } };
    EQ_INT(proto_encode(&field_sample_dest_message, &d, &b), 0);
    EQ_MEM(buf_str(&b).p, buf_len(&b), "\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x22\x00", 13);
    buf_deinit(&b);
}

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
    const char *what;
    const char *bytes;
    size_t len;
    int rc;
} spec_inputs[] = {
    { "nothing", BYTES(""), 0 },
    { "unknown field of each type",
      BYTES("\xa0\x1f\x01\xa1\x1f"
            "12345678"
            "\xa2\x1f\x02zz\xa5\x1f"
            "1234"),
      0 },
    { "unknown group", BYTES("\xa3\x1f\x08\x01\x0b\x0c\xa4\x1f"), 0 },
    { "group that does not end", BYTES("\xa3\x1f\x08\x01"), ERR_INVALID },
    { "group that ends as another", BYTES("\xa3\x1f\xac\x1f"), ERR_INVALID },
    { "end without a group", BYTES("\xa4\x1f"), ERR_INVALID },
    { "field number 0", BYTES("\x00\x01"), ERR_INVALID },
    { "wire type 6", BYTES("\xa6\x1f"), ERR_INVALID },
    { "varint cut off", BYTES("\x28\x80"), ERR_INVALID },
    { "varint of 11 bytes", BYTES("\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
      ERR_INVALID },
    { "varint above 64 bits", BYTES("\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), ERR_INVALID },
    { "length beyond the end",
      BYTES("\x0a\x05"
            "ab"),
      ERR_INVALID },
    { "huge length", BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), ERR_INVALID },
    { "string that is not UTF-8", BYTES("\x0a\x01\xff"), ERR_INVALID },
    { "string as a varint", BYTES("\x08\x01"), ERR_INVALID },
    { "message as a varint", BYTES("\x10\x01"), ERR_INVALID },
    { "number as bytes",
      BYTES("\x2a\x01"
            "a"),
      ERR_INVALID },
    { "fixed cut off", BYTES("\x71\x01\x02"), ERR_INVALID },
    { "map entry without value", BYTES("\x8a\x02\x03\x0a\x01k"), 0 },
    { "packed numbers cut off", BYTES("\xd2\x01\x02\x01\x80"), ERR_INVALID },
};

static void bad_bytes_are_refused(void)
{
    for (size_t i = 0; i < sizeof(spec_inputs) / sizeof(spec_inputs[0]); i++) {
        struct field_sample_spec s;
        struct arena a;

        NOTE("%s", spec_inputs[i].what);
        arena_init(&a, 0);
        EQ_INT(proto_decode(&field_sample_spec_message, spec_inputs[i].bytes, spec_inputs[i].len,
                            &a, 0, &s),
               spec_inputs[i].rc);
        arena_deinit(&a);
    }
}

static void lists_are_read_packed_and_not(void)
{
    /* ports (26): 80 alone, then 443 and 1 packed; flags (28) packed */
    static const char in[] = "\xd0\x01\x50\xd2\x01\x03\xbb\x03\x01\xe2\x01\x02\x01\x00";
    struct field_sample_spec s;
    struct arena a;

    arena_init(&a, 0);
    if (EQ_INT(proto_decode(&field_sample_spec_message, in, sizeof(in) - 1, &a, 0, &s), 0)) {
        EQ_INT(s.ports_count, 3);
        EQ_INT(s.ports[0], 80);
        EQ_INT(s.ports[1], 443);
        EQ_INT(s.ports[2], 1);
        EQ_INT(s.flags_count, 2);
        OK(s.flags[0] && !s.flags[1]);
    }
    arena_deinit(&a);
}

static void repeated_messages_merge_and_scalars_win_last(void)
{
    /* mirror (5) twice: host, then weight; name (1) twice */
    static const char in[] = "\x2a\x03\x0a\x01"
                             "a"
                             "\x0a\x01x\x2a\x02\x18\x05\x0a\x01y";
    struct field_sample_route r;
    struct arena a;

    arena_init(&a, 0);
    if (EQ_INT(proto_decode(&field_sample_route_message, in, sizeof(in) - 1, &a, 0, &r), 0)) {
        EQ_STRN(r.mirror->host.p, r.mirror->host.len, "a");
        EQ_INT(r.mirror->weight, 5);
        EQ_STRN(r.name.p, r.name.len, "y");
    }
    arena_deinit(&a);
}

static void last_of_a_oneof_wins(void)
{
    static const char in[] = "\x0a\x01"
                             "a"
                             "\x12\x01"
                             "b";
    struct field_sample_match m;
    struct arena a;

    arena_init(&a, 0);
    if (EQ_INT(proto_decode(&field_sample_match_message, in, sizeof(in) - 1, &a, 0, &m), 0)) {
        OK(m.exact.p == NULL);
        EQ_STRN(m.prefix.p, m.prefix.len, "b");
    }
    arena_deinit(&a);
}

static void last_of_equal_map_keys_wins(void)
{
    static const char in[] = "\x8a\x02\x06\x0a\x01k\x12\x01"
                             "a"
                             "\x8a\x02\x06\x0a\x01k\x12\x01"
                             "b";
    struct field_sample_spec s;
    struct arena a;

    arena_init(&a, 0);
    if (EQ_INT(proto_decode(&field_sample_spec_message, in, sizeof(in) - 1, &a, 0, &s), 0)) {
        EQ_INT(s.labels_count, 1);
        EQ_STRN(s.labels[0].value.p, s.labels[0].value.len, "b");
    }
    arena_deinit(&a);
}

static void unknown_fields_are_kept(void)
{
    static const char in[] = "\xa0\x1f\x01\x12\x01k\xa2\x1f\x02zz";
    struct field_sample s;
    struct arena a;
    struct buf b;

    arena_init(&a, 0);
    buf_init(&b, 0);
    if (EQ_INT(proto_decode(&field_sample_message, in, sizeof(in) - 1, &a, 0, &s), 0)) {
        EQ_MEM(s.unknown.p, s.unknown.len, "\xa0\x1f\x01\xa2\x1f\x02zz", 8);
        EQ_INT(proto_encode(&field_sample_message, &s, &b), 0);
        EQ_MEM(buf_str(&b).p, buf_len(&b), "\x12\x01k\xa0\x1f\x01\xa2\x1f\x02zz", 11);
    }
    buf_deinit(&b);
    arena_deinit(&a);
}

static void many_unknown_fields_cost_little(void)
{
    char in[30000];
    struct field_sample s;
    struct arena a;

    for (size_t i = 0; i < sizeof(in); i += 3)
        memcpy(in + i, "\xa0\x1f\x01", 3);
    arena_init(&a, 0);
    EQ_INT(proto_decode(&field_sample_message, in, sizeof(in), &a, 0, &s), 0);
    EQ_MEM(s.unknown.p, s.unknown.len, in, sizeof(in));
    OK(a.used_bytes < 4 * sizeof(in));
    arena_deinit(&a);
}

static void depth_has_a_limit(void)
{
    struct field_sample_match chain[PROTO_MAX_DEPTH + 1];
    struct field_sample_match m;
    char in[2000];
    size_t at = sizeof(in);
    struct arena a;
    struct buf b;

    /* `not` (3) inside itself: from the innermost out */
    for (int i = 0; i < 100; i++) {
        size_t len = sizeof(in) - at;

        if (len >= 0x80) {
            in[--at] = (char)(len >> 7);
            in[--at] = (char)(len | 0x80);
        } else {
            in[--at] = (char)len;
        }
        in[--at] = 0x1a;
    }
    arena_init(&a, 0);
    buf_init(&b, 0);
    EQ_INT(proto_decode(&field_sample_match_message, in + at, sizeof(in) - at, &a, 0, &m),
           ERR_LIMIT);
    for (size_t i = 0; i <= PROTO_MAX_DEPTH; i++)
        chain[i] = (struct field_sample_match){ .not_match = i ? &chain[i - 1] : NULL };
    EQ_INT(proto_encode(&field_sample_match_message, &chain[PROTO_MAX_DEPTH], &b), ERR_LIMIT);
    EQ_INT(proto_encode(&field_sample_match_message, &chain[PROTO_MAX_DEPTH - 1], &b), 0);
    buf_deinit(&b);
    arena_deinit(&a);
}

static void long_messages_grow_the_buffer(void)
{
    struct str hosts[1000];
    struct field_sample_spec s = { .hosts = hosts, .hosts_count = 1000 }, back;
    struct arena a;
    struct buf b;

    for (size_t i = 0; i < 1000; i++)
        hosts[i] = STR("some.host.of.a.service.example.com");
    arena_init(&a, 0);
    buf_init(&b, 0);
    EQ_INT(proto_encode(&field_sample_spec_message, &s, &b), 0);
    EQ_INT(buf_len(&b), 36000);
    if (EQ_INT(proto_decode(&field_sample_spec_message, buf_str(&b).p, buf_len(&b), &a, 0, &back),
               0)) {
        EQ_INT(back.hosts_count, 1000);
        OK(str_eq(back.hosts[999], hosts[0]));
    }
    buf_deinit(&b);
    buf_init(&b, 1000);
    EQ_INT(proto_encode(&field_sample_spec_message, &s, &b), ERR_LIMIT);
    buf_deinit(&b);
    arena_deinit(&a);
}

static void a_list_is_no_struct(void)
{
    struct node list = { .kind = NODE_LIST };
    struct field_sample_spec s = { .config = &list };
    struct buf b;

    buf_init(&b, 0);
    EQ_INT(proto_encode(&field_sample_spec_message, &s, &b), ERR_INVALID);
    EQ_INT(buf_len(&b), 0);
    buf_deinit(&b);
}

static void any_names_its_type(void)
{
    struct field_sample_dest d = { .host = STR("a") };
    struct field_any any;
    struct arena a;

    arena_init(&a, 0);
    EQ_INT(proto_encode_any(&field_sample_dest_message, &d, &a, &any), 0);
    EQ_STRN(any.type_url.p, any.type_url.len, "type.googleapis.com/test.Destination");
    EQ_MEM(any.value.p, any.value.len,
           "\x0a\x01"
           "a",
           3);
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "round_trip_keeps_everything", round_trip_keeps_everything },
    { "known_bytes_are_written", known_bytes_are_written },
    { "bad_bytes_are_refused", bad_bytes_are_refused },
    { "lists_are_read_packed_and_not", lists_are_read_packed_and_not },
    { "repeated_messages_merge_and_scalars_win_last",
      repeated_messages_merge_and_scalars_win_last },
    { "last_of_a_oneof_wins", last_of_a_oneof_wins },
    { "last_of_equal_map_keys_wins", last_of_equal_map_keys_wins },
    { "unknown_fields_are_kept", unknown_fields_are_kept },
    { "many_unknown_fields_cost_little", many_unknown_fields_cost_little },
    { "depth_has_a_limit", depth_has_a_limit },
    { "long_messages_grow_the_buffer", long_messages_grow_the_buffer },
    { "a_list_is_no_struct", a_list_is_no_struct },
    { "any_names_its_type", any_names_its_type },
};

TAP_MAIN(cases)
