#include "tests/unit/support/field_sample.h"

#include "core/text/duration.h"
#include "core/text/field_decode.h"

static const struct field_enum_name field_sample_mode_names[] = {
    { "UNSET", FIELD_SAMPLE_MODE_UNSET, NULL },
    { "STRICT", FIELD_SAMPLE_MODE_STRICT, "Only mTLS." },
    { "PERMISSIVE", FIELD_SAMPLE_MODE_PERMISSIVE, "Both." },
};
static FIELD_ENUM_TABLE(field_sample_mode, "test.Mode");

static void check_host(struct field_check *c, const void *member)
{
    const struct str *host = member;

    if (str_chr(*host, ' ') >= 0)
        field_decode_error(c, "\"%.*s\" is no host name", STR_ARG(*host));
}

#define T struct field_sample_dest
static const struct field field_sample_dest_fields[] = {
    FIELD_STR(T, host, "host", .proto = 1, .required = true, .check = check_host, .max_len = 253,
              .help = "Where to send it."),
    FIELD_STR(T, subset, "subset", .proto = 2, .help = "Which versions of it."),
    FIELD_INT32(T, weight, "weight", .proto = 3, .max = 100, .default_text = "100"),
    FIELD_OPT_UINT32(T, port, "portNumber", .proto = 4, .wrapper = true, .min = 1, .max = 65535),
};
FIELD_MESSAGE(field_sample_dest, "test.Destination", .at = FIELD_AT(T, at),
              .help = "One destination.");
#undef T

#define T struct field_sample_match
static const struct field field_sample_match_fields[] = {
    FIELD_STR(T, exact, "exact", .proto = 1, .oneof = 1),
    FIELD_STR(T, prefix, "prefix", .proto = 2, .oneof = 1),
    FIELD_MSG(T, not_match, "not", field_sample_match, .proto = 3, .oneof = 1),
};
FIELD_MESSAGE(field_sample_match, "test.Match", .oneof_required = 1u << 1);
#undef T

static void check_route(struct field_check *c, const void *object)
{
    const struct field_sample_route *r = object;
    int64_t sum = 0;

    for (size_t i = 0; i < r->route_count; i++)
        sum += r->route[i].weight;
    if (r->route_count > 1 && sum != 100)
        field_decode_error_at(c, "route", "the weights add up to %d, not 100", (int)sum);
}

#define T struct field_sample_route
static const struct field field_sample_route_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1),
    FIELD_LIST_MSG(T, route, "route", field_sample_dest, .proto = 2, .min_items = 1,
                   .merge_key = "host", .help = "Where requests go."),
    FIELD_DURATION(T, timeout, "timeout", .proto = 3, .min = DURATION_MS, .max = 60 * DURATION_S),
    FIELD_MAP_MSG(T, headers, "headers", field_sample_part, field_sample_match, .proto = 4),
    FIELD_MSG(T, mirror, "mirror", field_sample_dest, .proto = 5, .deprecated = true,
              .enforced = FIELD_NOT_ENFORCED),
};
FIELD_MESSAGE(field_sample_route, "test.Route", .at = FIELD_AT(T, at), .check = check_route,
              .help = "One rule.");
#undef T

#define T struct field_sample_spec
static const struct field field_sample_spec_fields[] = {
    FIELD_LIST_STR(T, hosts, "hosts", .proto = 1, .required = true, .max_items = 4,
                   .check = check_host),
    FIELD_LIST_MSG(T, http, "http", field_sample_route, .proto = 2),
    FIELD_ENUM(T, mode, "mode", field_sample_mode, .proto = 3),
    FIELD_BOOL(T, flag, "flag", .proto = 4),
    FIELD_INT(T, i64, "i64", .proto = 5),
    FIELD_INT32(T, i32, "i32", .proto = 6),
    FIELD_UINT32(T, u32, "u32", .proto = 7),
    FIELD_UINT64(T, u64, "u64", .proto = 8, .json_string = true),
    FIELD_INT(T, zigzag, "zigzag", .proto = 9, .wire = FIELD_WIRE_ZIGZAG),
    FIELD_UINT32(T, fixed32, "fixed32", .proto = 10, .wire = FIELD_WIRE_FIXED),
    FIELD_UINT64(T, fixed64, "fixed64", .proto = 11, .wire = FIELD_WIRE_FIXED),
    FIELD_INT32(T, sfixed32, "sfixed32", .proto = 12, .wire = FIELD_WIRE_FIXED),
    FIELD_INT(T, sfixed64, "sfixed64", .proto = 13, .wire = FIELD_WIRE_FIXED),
    FIELD_DOUBLE(T, real, "real", .proto = 14),
    FIELD_DOUBLE(T, narrow, "narrow", .proto = 15, .wire = FIELD_WIRE_FLOAT),
    FIELD_BYTES(T, raw, "raw", .proto = 16),
    FIELD_STR(T, text, "text", .proto = 17, .presence = true),
    FIELD_OPT_BOOL(T, on, "on", .proto = 18, .wrapper = true),
    FIELD_OPT_INT32(T, retries, "retries", .proto = 19),
    FIELD_OPT_ENUM(T, level, "level", field_sample_mode, .proto = 20),
    FIELD_TIMESTAMP(T, created, "created", .proto = 21),
    FIELD_OPT_DOUBLE(T, ratio, "ratio", .proto = 22, .wrapper = true),
    FIELD_INT_OR_STRING(T, target, "targetPort"),
    FIELD_QUANTITY(T, cpu, "cpu", .proto = 23),
    FIELD_JSON(T, config, "config", .proto = 24),
    FIELD_JSON(T, any_value, "anyValue", .proto = 25, .json_value = true),
    FIELD_LIST_UINT32(T, ports, "ports", .proto = 26),
    FIELD_LIST_DOUBLE(T, reals, "reals", .proto = 27),
    FIELD_LIST_BOOL(T, flags, "flags", .proto = 28),
    FIELD_LIST_ENUM(T, modes, "modes", field_sample_mode, .proto = 29),
    FIELD_LIST_BYTES(T, blobs, "blobs", .proto = 30),
    FIELD_LIST_DURATION(T, waits, "waits", .proto = 31),
    FIELD_LIST_JSON(T, extras, "extras", .proto = 32),
    FIELD_MAP_STR(T, labels, "labels", .proto = 33),
    FIELD_MAP_BYTES(T, data, "data", .proto = 34),
    FIELD_MAP_INT(T, levels, "levels", .proto = 35, .key_int = true),
    FIELD_MSG(T, extension, "extension", field_any, .proto = 300),
    FIELD_INLINE(T, fallback, "fallback", field_sample_dest, .proto = 37),
};
FIELD_MESSAGE(field_sample_spec, "test.Spec");
#undef T

#define T struct field_sample
static const struct field field_sample_fields[] = {
    FIELD_STR(T, api_version, "apiVersion", .proto = 1, .proto_name = "version"),
    FIELD_STR(T, kind, "kind", .proto = 2),
    FIELD_MSG(T, spec, "spec", field_sample_spec, .proto = 3, .required = true),
};
FIELD_MESSAGE(field_sample, "test.Sample", .unknown = FIELD_UNKNOWN(T, unknown),
              .help = "A kind for tests.");
#undef T

const char field_sample_yaml[] =
    "apiVersion: test/v1\n"
    "kind: Sample\n"
    "spec:\n"
    "  hosts: [a, b.example.com]\n"
    "  http:\n"
    "  - name: first\n"
    "    route:\n"
    "    - {host: reviews, subset: v1, weight: 90}\n"
    "    - {host: reviews, subset: v2, weight: 10, portNumber: 8080}\n"
    "    timeout: 1.5s\n"
    "    headers:\n"
    "      x-user: {exact: \"\"}\n"
    "      x-path: {not: {prefix: /a}}\n"
    "    mirror: {host: shadow}\n"
    "  - {}\n"
    "  mode: PERMISSIVE\n"
    "  flag: true\n"
    "  i64: -9223372036854775808\n"
    "  i32: -5\n"
    "  u32: 4294967295\n"
    "  u64: \"18446744073709551615\"\n"
    "  zigzag: -3\n"
    "  fixed32: 4000000000\n"
    "  fixed64: 5\n"
    "  sfixed32: -7\n"
    "  sfixed64: -8\n"
    "  real: 0.1\n"
    "  narrow: 0.5\n"
    "  raw: aGVsbG8=\n"
    "  text: \"\"\n"
    "  on: false\n"
    "  retries: 0\n"
    "  level: UNSET\n"
    "  created: 2024-02-29T12:00:00.25Z\n"
    "  ratio: 0\n"
    "  cpu: 100m\n"
    "  config: {a: [1, x, true, null], b: {c: 2.5}}\n"
    "  anyValue: [1, two]\n"
    "  ports: [80, 443]\n"
    "  reals: [1, 2.5]\n"
    "  flags: [true, false]\n"
    "  modes: [STRICT, PERMISSIVE]\n"
    "  blobs: [YQ==, Yg==]\n"
    "  waits: [1s, 0.002s]\n"
    "  extras: [{k: v}, {}]\n"
    "  labels: {app.kubernetes.io/name: x, b: \"\"}\n"
    "  data: {key: AAEC}\n"
    "  levels: {8080: 3, \"-1\": -4}\n"
    "  extension: {\"@type\": type.googleapis.com/test.X, value: AQI=}\n"
    "  fallback: {host: last}\n";
