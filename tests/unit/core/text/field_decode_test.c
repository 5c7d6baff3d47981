#include "core/text/field_decode.h"

#include "core/base/error.h"
#include "core/text/node_yaml.h"
#include "tests/tap.h"
#include "tests/unit/support/field_sample.h"

struct fixture {
    struct arena arena;
    struct diag diag;
    struct field_sample obj;
    int rc;
};

static void start(struct fixture *x, const char *yaml, enum field_decode_unknown unknown)
{
    struct field_scope s = {
        .arena = &x->arena, .diag = &x->diag, .kind = "Sample", .unknown = unknown
    };
    struct node *n;

    arena_init(&x->arena, 0);
    diag_init(&x->diag);
    x->rc = node_yaml_read_one(&x->arena, str_of(yaml), "s.yaml", &x->diag, &n);
    if (EQ_INT(x->rc, 0))
        x->rc = field_decode(&field_sample_message, n, &s, &x->obj);
}

static void stop(struct fixture *x)
{
    diag_deinit(&x->diag);
    arena_deinit(&x->arena);
}

static void every_type_is_read(void)
{
    struct fixture x;
    struct field_sample_spec *s;

    start(&x, field_sample_yaml, FIELD_DECODE_REFUSE);
    if (!EQ_INT(x.rc, 0)) {
        struct buf out;

        buf_init(&out, 0);
        diag_render_short(&x.diag, &out);
        NOTE("%.*s", STR_ARG(buf_str(&out)));
        buf_deinit(&out);
        stop(&x);
        return;
    }
    s = x.obj.spec;
    EQ_INT(s->hosts_count, 2);
    EQ_STRN(s->hosts[1].p, s->hosts[1].len, "b.example.com");
    EQ_INT(s->http_count, 2);
    EQ_INT(s->http[0].at.line, 6);
    EQ_INT(s->http[0].route[1].at.line, 9);
    EQ_INT(s->http[0].route[1].at.col, 7);
    EQ_INT(s->http[0].route[1].port.value, 8080);
    OK(!s->http[0].route[0].port.set);
    EQ_INT(s->http[0].timeout.value, 1500000000);
    EQ_INT(s->http[0].headers_count, 2);
    OK(s->http[0].headers[0].value.exact.p && s->http[0].headers[0].value.exact.len == 0);
    EQ_STRN(s->http[0].headers[1].value.not_match->prefix.p, 2, "/a");
    EQ_INT(s->mode, FIELD_SAMPLE_MODE_PERMISSIVE);
    EQ_INT(s->i64, INT64_MIN);
    EQ_INT(s->u32, UINT32_MAX);
    EQ_UINT((uint64_t)s->u64, UINT64_MAX);
    OK(s->real == 0.1);
    EQ_STRN(s->raw.p, s->raw.len, "hello");
    OK(s->on.set && !s->on.value);
    EQ_INT(s->created.value, INT64_C(1709208000250000000));
    OK(s->ratio.set && s->ratio.value == 0);
    EQ_INT(s->config->count, 2);
    EQ_INT(s->ports[1], 443);
    EQ_INT(s->modes[1], FIELD_SAMPLE_MODE_PERMISSIVE);
    EQ_INT(s->waits[1], 2000000);
    EQ_INT(s->extras_count, 2);
    EQ_STRN(s->labels[0].key.p, s->labels[0].key.len, "app.kubernetes.io/name");
    EQ_INT(s->levels[1].value, -4);
    EQ_MEM(s->data[0].value.p, s->data[0].value.len, "\0\1\2", 3);
    EQ_STRN(s->fallback.host.p, s->fallback.host.len, "last");
    EQ_INT(x.diag.count[DIAG_WARNING], 1); /* mirror is deprecated */
    stop(&x);
}

/* What one mistake is reported as: "line:col code path: message" and what else is said. */
static const struct {
    const char *yaml; /* of spec, behind "spec: {hosts: [a], " */
    const char *report;
    const char *suggestion, *label, *hint; /* or NULL: not looked at */
} mistakes[] = {
    { "mod: STRICT}", "1:20 MSH1002 spec.mod: unknown field \"mod\" in Sample spec", "mode", NULL,
      "mesh explain Sample.spec.mode" },
    { "http: [{timeuot: 1s}]}",
      "1:28 MSH1002 spec.http[0].timeuot: unknown field \"timeuot\" in Sample spec.http[0]",
      "timeout", NULL, "mesh explain Sample.spec.http.timeout" },
    { "timeout: 5s}", "1:20 MSH1002 spec.timeout: unknown field \"timeout\" in Sample spec", "",
      "belongs in spec.http[]", "mesh explain Sample.spec" },
    { "weight: 5}", "1:20 MSH1002 spec.weight: unknown field \"weight\" in Sample spec", "",
      "belongs in spec.http[].route[] or spec.http[].mirror or spec.fallback", NULL },
    { "zzzzzzz: 5}", "1:20 MSH1002 spec.zzzzzzz: unknown field \"zzzzzzz\" in Sample spec", "", "",
      "mesh explain Sample.spec" },
    { "flag: \"true\"}", "1:26 MSH1003 spec.flag: expected true or false, found it in quotes",
      "true", NULL, NULL },
    { "flag: 3}", "1:26 MSH1003 spec.flag: expected true or false, found the int 3", NULL, NULL,
      NULL },
    { "i32: \"3\"}", "1:25 MSH1003 spec.i32: expected a whole number, found it in quotes", "3",
      NULL, NULL },
    { "i32: 3000000000}", "1:25 MSH1004 spec.i32: 3000000000 is outside -2147483648..2147483647",
      NULL, NULL, NULL },
    { "i64: 9223372036854775808}", "1:25 MSH1004 spec.i64: 9223372036854775808 is too large", NULL,
      NULL, NULL },
    { "i32: 1.5}", "1:25 MSH1003 spec.i32: expected a whole number, found the number 1.5", NULL,
      NULL, NULL },
    { "u32: -1}", "1:25 MSH1004 spec.u32: -1 is outside 0..4294967295", NULL, NULL, NULL },
    { "fallback: {host: a, weight: 120}}",
      "1:48 MSH1004 spec.fallback.weight: 120 is outside 0..100", NULL, NULL, NULL },
    { "fallback: {host: a, portNumber: 0}}",
      "1:52 MSH1004 spec.fallback.portNumber: 0 is outside 1..65535", NULL, NULL, NULL },
    { "real: x}", "1:26 MSH1003 spec.real: expected a number, found the string x", NULL, NULL,
      NULL },
    { "fallback: {host: 5}}", "1:37 MSH1003 spec.fallback.host: expected a string, found the int 5",
      "\"5\"", NULL, "put it in quotes to make it a string" },
    { "fallback: {host: [a]}}", "1:37 MSH1003 spec.fallback.host: expected a string, found a list",
      "", NULL, "" },
    { "fallback: {subset: v1}}", "1:30 MSH1006 spec.fallback: \"host\" is missing", NULL, NULL,
      NULL },
    { "fallback: {host: a b}}", "1:37 MSH1008 spec.fallback.host: \"a b\" is no host name", NULL,
      NULL, NULL },
    { "mode: strict}", "1:26 MSH1005 spec.mode: \"strict\" is not one of UNSET, STRICT, PERMISSIVE",
      "STRICT", NULL, NULL },
    { "mode: 17}", "1:26 MSH1003 spec.mode: expected one of the names, found the int 17", NULL,
      NULL, NULL },
    { "modes: [STRICT, PERMISIVE]}",
      "1:36 MSH1005 spec.modes[1]: \"PERMISIVE\" is not one of UNSET, STRICT, PERMISSIVE",
      "PERMISSIVE", NULL, NULL },
    { "http: [{timeout: 5}]}", "1:37 MSH1011 spec.http[0].timeout: 5 has no unit", "5s", NULL,
      NULL },
    { "http: [{timeout: \"5\"}]}", "1:37 MSH1011 spec.http[0].timeout: 5 has no unit", "5s", NULL,
      NULL },
    { "http: [{timeout: soon}]}",
      "1:37 MSH1011 spec.http[0].timeout: \"soon\" is no duration; write it as 5s, 300ms or 1h30m",
      NULL, NULL, NULL },
    { "http: [{timeout: 2m}]}", "1:37 MSH1004 spec.http[0].timeout: 2m0s is outside 1ms..1m0s",
      NULL, NULL, NULL },
    { "raw: \"*\"}", "1:25 MSH1011 spec.raw: this is not base64", NULL, NULL, NULL },
    { "cpu: lots}", "1:25 MSH1011 spec.cpu: \"lots\" is no quantity; write it as 100m, 0.5 or 1Gi",
      NULL, NULL, NULL },
    { "created: today}",
      "1:29 MSH1011 spec.created: \"today\" is no time; write it as 2024-01-31T12:00:00Z", NULL,
      NULL, NULL },
    { "targetPort: [1]}",
      "1:32 MSH1003 spec.targetPort: expected a whole number or a string, found a list", NULL, NULL,
      NULL },
    { "ports: 80}", "1:27 MSH1003 spec.ports: expected a list, found the int 80", NULL, NULL,
      NULL },
    { "ports: [80, null]}", "1:32 MSH1003 spec.ports[1]: expected a value, found null", NULL, NULL,
      NULL },
    { "labels: [a]}", "1:28 MSH1003 spec.labels: expected a map, found a list", NULL, NULL, NULL },
    { "labels: {a/b: 1}}", "1:34 MSH1003 spec.labels['a/b']: expected a string, found the int 1",
      NULL, NULL, NULL },
    { "http: [{headers: {x: {exact: a, prefix: b}}}]}",
      "1:52 MSH1007 spec.http[0].headers.x.prefix: \"exact\" and \"prefix\" exclude each other",
      NULL, NULL, NULL },
    { "http: [{headers: {x: {}}}]}",
      "1:41 MSH1006 spec.http[0].headers.x: one of exact, prefix, not is missing", NULL, NULL,
      NULL },
    { "http: [{route: []}]}", "1:35 MSH1004 spec.http[0].route: 0 items are fewer than 1", NULL,
      NULL, NULL },
    { "http: [{route: [{host: a, weight: 1}, {host: b}]}]}",
      "1:35 MSH1009 spec.http[0].route: the weights add up to 1, not 100", NULL, NULL, NULL },
    { "any_value: 1, anyValue: 2}",
      "1:34 MSH1007 spec.anyValue: \"anyValue\" is written twice, once by its other name", NULL,
      NULL, NULL },
    { "fallback: x}", "1:30 MSH1003 spec.fallback: expected a map, found the string x", NULL, NULL,
      NULL },
    { "extension: x}", "1:31 MSH1003 spec.extension: expected a map, found the string x", NULL,
      NULL, NULL },
};

static void check_said(struct str got, const char *want)
{
    if (want)
        EQ_STRN(got.p ? got.p : "", got.len, want);
}

static void each_mistake_is_reported(void)
{
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        char yaml[512], report[512];
        const struct diag_item *item;
        struct fixture x;

        snprintf(yaml, sizeof(yaml), "spec: {hosts: [a], %s", mistakes[i].yaml);
        NOTE("%s", yaml);
        start(&x, yaml, FIELD_DECODE_REFUSE);
        EQ_INT(x.rc, ERR_INVALID);
        item = x.diag.first;
        if (EQ_INT(x.diag.count[DIAG_ERROR], 1)) {
            snprintf(report, sizeof(report), "%d:%d %s %.*s: %.*s", item->pos.line, item->pos.col,
                     item->code, STR_ARG(item->path), STR_ARG(item->message));
            EQ_STR(report, mistakes[i].report);
            EQ_STR(item->pos.file, "s.yaml");
            check_said(item->suggestion, mistakes[i].suggestion);
            check_said(item->label, mistakes[i].label);
            check_said(item->hint, mistakes[i].hint);
        }
        stop(&x);
    }
}

static void all_mistakes_are_reported_at_once(void)
{
    struct fixture x;

    start(&x, "kind: 3\nspec:\n  flag: 3\n  http:\n  - rute: []\n    timeout: 9\n",
          FIELD_DECODE_REFUSE);
    EQ_INT(x.rc, ERR_INVALID);
    EQ_INT(x.diag.count[DIAG_ERROR], 5); /* hosts is missing too */
    stop(&x);
}

static void spec_missing_is_reported(void)
{
    struct fixture x;

    start(&x, "kind: Sample\n", FIELD_DECODE_REFUSE);
    EQ_INT(x.rc, ERR_INVALID);
    EQ_STRN(x.diag.first->message.p, x.diag.first->message.len, "\"spec\" is missing");
    stop(&x);
}

static void null_is_absent(void)
{
    struct fixture x;

    start(&x, "spec: {hosts: [a], http: null, flag: ~, config: null, on: null}",
          FIELD_DECODE_REFUSE);
    EQ_INT(x.rc, 0);
    OK(!x.obj.spec->http && !x.obj.spec->config && !x.obj.spec->on.set);
    stop(&x);
}

static void protobuf_names_are_taken(void)
{
    struct fixture x;

    start(&x, "version: v1\nspec: {hosts: [a], any_value: 1, fallback: {host: b, port_number: 3}}",
          FIELD_DECODE_REFUSE);
    EQ_INT(x.rc, 0);
    EQ_INT(x.obj.spec->fallback.port.value, 3);
    EQ_STRN(x.obj.api_version.p, x.obj.api_version.len, "v1");
    stop(&x);
}

static void unknown_fields_may_be_let_through(void)
{
    struct fixture x;

    start(&x, "spec: {hosts: [a], extra: 1}", FIELD_DECODE_WARN);
    EQ_INT(x.rc, 0);
    EQ_INT(x.diag.count[DIAG_WARNING], 1);
    stop(&x);
    start(&x, "spec: {hosts: [a], extra: 1}", FIELD_DECODE_IGNORE);
    EQ_INT(x.rc, 0);
    EQ_INT(x.diag.count[DIAG_WARNING], 0);
    stop(&x);
}

static void int_or_string_takes_both(void)
{
    struct fixture x;

    start(&x, "spec: {hosts: [a], targetPort: http}", FIELD_DECODE_REFUSE);
    OK(x.rc == 0 && x.obj.spec->target.is_text);
    stop(&x);
    start(&x, "spec: {hosts: [a], targetPort: 8080}", FIELD_DECODE_REFUSE);
    OK(x.rc == 0 && x.obj.spec->target.set && !x.obj.spec->target.is_text);
    EQ_INT(x.obj.spec->target.number, 8080);
    stop(&x);
}

static void too_many_items_are_refused(void)
{
    struct fixture x;

    start(&x, "spec: {hosts: [a, b, c, d, e]}", FIELD_DECODE_REFUSE);
    EQ_INT(x.rc, ERR_INVALID);
    EQ_STRN(x.diag.first->message.p, x.diag.first->message.len, "5 items are more than 4");
    stop(&x);
}

static void a_list_is_no_message(void)
{
    struct fixture x;

    start(&x, "[]", FIELD_DECODE_REFUSE);
    EQ_INT(x.rc, ERR_INVALID);
    EQ_STRN(x.diag.first->message.p, x.diag.first->message.len, "expected a map, found a list");
    stop(&x);
}

static const struct tap_case cases[] = {
    { "every_type_is_read", every_type_is_read },
    { "each_mistake_is_reported", each_mistake_is_reported },
    { "all_mistakes_are_reported_at_once", all_mistakes_are_reported_at_once },
    { "spec_missing_is_reported", spec_missing_is_reported },
    { "null_is_absent", null_is_absent },
    { "protobuf_names_are_taken", protobuf_names_are_taken },
    { "unknown_fields_may_be_let_through", unknown_fields_may_be_let_through },
    { "int_or_string_takes_both", int_or_string_takes_both },
    { "too_many_items_are_refused", too_many_items_are_refused },
    { "a_list_is_no_message", a_list_is_no_message },
};

TAP_MAIN(cases)
