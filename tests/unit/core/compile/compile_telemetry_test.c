/* Telemetry objects: which count, and what comes of several. */
#include "core/compile/compile_telemetry.h"

#include "tests/tap.h"
#include "tests/unit/support/compile_rig.h"

#define TELEMETRY(name, ns, spec)                                                                  \
    "---\napiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {name: " name              \
    ", namespace: " ns "}\nspec: " spec "\n"

static struct compile_rig rig;

static const struct model_telemetry *apply(const char *yaml)
{
    OK(compile_rig_apply(&rig, yaml));
    return rig.snapshot->telemetry;
}

static size_t logs(const struct model_telemetry *t, enum model_side side)
{
    size_t n = 0;

    while (n < MODEL_LOGS_MAX && t->logs[side][n].enabled)
        n++;
    return n;
}

static void begin(void)
{
    compile_rig_init(&rig);
    compile_rig_start(&rig);
}

static void tl_1_nothing_is_logged_by_default(void)
{
    const struct model_telemetry *t;

    begin();
    t = apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n");
    EQ_INT(logs(t, MODEL_SIDE_CLIENT) + logs(t, MODEL_SIDE_SERVER), 0);
    OK(!t->has_metric_changes);
    t = apply("accessLogFile: /dev/stdout\n");
    EQ_INT(logs(t, MODEL_SIDE_CLIENT), 1);
    EQ_INT(logs(t, MODEL_SIDE_SERVER), 1);
    compile_rig_deinit(&rig);
}

static void tl_2_levels_are_merged(void)
{
    const struct model_telemetry *t;

    begin();
    t = apply("extensionProviders:\n- {name: a, envoyFileAccessLog: {path: /a}}\n"
              "- {name: b, envoyFileAccessLog: {path: /b, logFormat: {labels: {x: '%PROTOCOL%'}}, "
              "omitEmptyValues: true}}\ndefaultProviders: {accessLogging: [a]}\n");
    EQ_INT(logs(t, MODEL_SIDE_CLIENT), 1);
    OK(str_is(t->logs[0][0].path, "/a"));
    /* Providers replace those of the wider level. */
    t = apply(TELEMETRY("mesh", "istio-system", "{accessLogging: [{providers: [{name: b}]}]}"));
    EQ_INT(logs(t, MODEL_SIDE_CLIENT), 1);
    OK(str_is(t->logs[0][0].path, "/b") && t->logs[0][0].json && t->logs[0][0].omit_empty);
    /* disabled is for the inherited ones, and is undone explicitly. */
    t = apply(TELEMETRY("ns", "default", "{accessLogging: [{disabled: true}]}"));
    EQ_INT(logs(t, MODEL_SIDE_CLIENT), 0);
    t = apply(TELEMETRY("own", "default",
                        "{selector: {matchLabels: {app: client}}, accessLogging: [{disabled: "
                        "false, filter: {expression: response.code >= 400}}]}"));
    EQ_INT(logs(t, MODEL_SIDE_CLIENT), 1);
    OK(str_is(t->logs[0][0].filter, "response.code >= 400"));
    /* Somebody else's. */
    OK(compile_rig_apply(&rig, TELEMETRY("other", "default",
                                         "{selector: {matchLabels: {app: other}}, accessLogging: "
                                         "[{disabled: true}]}")));
    EQ_INT(logs(rig.snapshot->telemetry, MODEL_SIDE_CLIENT), 1);
    compile_rig_deinit(&rig);
}

static void tl_3_envoy_is_built_in(void)
{
    const struct model_telemetry *t;

    begin();
    t = apply("{accessLogFormat: '%PROTOCOL%'}\n" TELEMETRY(
        "mesh", "istio-system", "{accessLogging: [{providers: [{name: envoy}]}]}"));
    EQ_INT(logs(t, MODEL_SIDE_SERVER), 1);
    OK(str_is(t->logs[1][0].path, "/dev/stdout") && str_is(t->logs[1][0].format, "%PROTOCOL%"));
    compile_rig_deinit(&rig);
}

static void sides_are_chosen_by_mode(void)
{
    const struct model_telemetry *t;

    begin();
    t = apply(TELEMETRY("mesh", "istio-system",
                        "{accessLogging: [{match: {mode: SERVER}, providers: [{name: envoy}]}]}"));
    EQ_INT(logs(t, MODEL_SIDE_CLIENT), 0);
    EQ_INT(logs(t, MODEL_SIDE_SERVER), 1);
    t = apply("accessLogFile: /dev/stdout\n" TELEMETRY("mesh", "istio-system",
                                                       "{accessLogging: [{disabled: true}]}"));
    EQ_INT(logs(t, MODEL_SIDE_CLIENT) + logs(t, MODEL_SIDE_SERVER), 0);
    compile_rig_deinit(&rig);
}

static void overrides_of_metrics_come_in_order(void)
{
    const struct model_telemetry *t;

    begin();
    t = apply(TELEMETRY("mesh", "istio-system",
                        "{metrics: [{overrides: [{match: {metric: REQUEST_COUNT, mode: CLIENT}, "
                        "disabled: true}, {tagOverrides: {custom: {value: '\"x\"'}, "
                        "source_principal: {operation: REMOVE}}}]}]}")
                  TELEMETRY("ns", "default",
                            "{metrics: [{overrides: [{match: {metric: REQUEST_COUNT}, disabled: "
                            "false, tagOverrides: {custom: {value: request.host}}}]}]}"));
    OK(t->has_metric_changes);
    OK(!t->metrics[MODEL_SIDE_CLIENT][MODEL_METRIC_REQUEST_COUNT].disabled);
    EQ_INT(t->metrics[MODEL_SIDE_CLIENT][MODEL_METRIC_REQUEST_COUNT].tag_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        const struct model_metric_tag *tag =
            &t->metrics[MODEL_SIDE_CLIENT][MODEL_METRIC_REQUEST_COUNT].tags[i];

        OK(str_is(tag->name, "custom") ? str_is(tag->value, "request.host") : !tag->value.p);
    }
    OK(str_is(t->metrics[MODEL_SIDE_SERVER][MODEL_METRIC_TCP_SENT].tags[0].name, "custom") ||
       str_is(t->metrics[MODEL_SIDE_SERVER][MODEL_METRIC_TCP_SENT].tags[1].name, "custom"));
    compile_rig_deinit(&rig);
}

static void expressions_that_do_not_compile_are_told(void)
{
    begin();
    OK(compile_rig_apply(&rig, TELEMETRY("mesh", "istio-system",
                                         "{accessLogging: [{providers: [{name: envoy}], filter: "
                                         "{expression: 'response.code >='}}]}")));
    OK(compile_rig_warned(&rig, "is not an expression"));
    compile_rig_deinit(&rig);
}

static void gateways_are_named_by_target_refs(void)
{
    static const struct model_label label = { STR_INIT("gateway.networking.k8s.io/gateway-name"),
                                              STR_INIT("edge") };
    static const char yaml[] =
        TELEMETRY("edge", "istio-system",
                  "{targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: edge}], "
                  "accessLogging: [{providers: [{name: envoy}]}]}");

    compile_rig_init_gateway(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, yaml));
    EQ_INT(logs(rig.snapshot->telemetry, MODEL_SIDE_CLIENT), 0);
    compile_rig_deinit(&rig);
    compile_rig_init_gateway(&rig);
    rig.node.labels = (struct model_label *)(uintptr_t)&label;
    rig.node.label_count = 1;
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, yaml));
    EQ_INT(logs(rig.snapshot->telemetry, MODEL_SIDE_CLIENT), 1);
    compile_rig_deinit(&rig);
}

static const struct tap_case cases[] = {
    { "tl_1_nothing_is_logged_by_default", tl_1_nothing_is_logged_by_default },
    { "tl_2_levels_are_merged", tl_2_levels_are_merged },
    { "tl_3_envoy_is_built_in", tl_3_envoy_is_built_in },
    { "sides_are_chosen_by_mode", sides_are_chosen_by_mode },
    { "overrides_of_metrics_come_in_order", overrides_of_metrics_come_in_order },
    { "expressions_that_do_not_compile_are_told", expressions_that_do_not_compile_are_told },
    { "gateways_are_named_by_target_refs", gateways_are_named_by_target_refs },
};

TAP_MAIN(cases)
