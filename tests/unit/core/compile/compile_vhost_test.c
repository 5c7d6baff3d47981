#include "core/compile/compile_vhost.h"

#include <stdio.h>

#include "tests/tap.h"
#include "tests/unit/support/compile_rig.h"

#define SERVICE(name, ns)                                                                          \
    "---\napiVersion: v1\nkind: Service\nmetadata: {name: " name ", namespace: " ns "}\n"          \
    "spec: {ports: [{name: http, port: 80}]}\n"
#define VS(name, ns, host, to)                                                                     \
    "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n"                              \
    "metadata: {name: " name ", namespace: " ns "}\n"                                              \
    "spec: {hosts: ['" host "'], http: [{route: [{destination: {host: " to "}}]}]}\n"
#define ENTRY(name, host)                                                                          \
    "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"                                \
    "metadata: {name: " name ", namespace: default}\n"                                             \
    "spec: {hosts: ['" host "'], resolution: NONE, "                                               \
    "ports: [{number: 80, name: http, protocol: HTTP}]}\n"

static struct compile_rig rig;

#define BEGIN(yaml) OK(compile_rig_begin(&rig, yaml))

static const char *target(const char *host)
{
    return compile_rig_target(compile_rig_route(&rig, 80, host, "/", NULL));
}

static void h_1_short_names_are_of_the_rules_namespace(void)
{
    if (BEGIN(SERVICE("a", "default") SERVICE("a", "prod") SERVICE("b", "default")
                  SERVICE("b", "prod") VS("v", "prod", "a", "b"))) {
        EQ_STR(target("a.prod"), "outbound|80||b.prod.svc.cluster.local");
        EQ_STR(target("a.default"), "outbound|80||a.default.svc.cluster.local");
    }
    compile_rig_deinit(&rig);
    /* A name with a dot is left alone. */
    if (BEGIN(ENTRY("x", "x.com") SERVICE("b", "prod") VS("v", "prod", "x.com", "b")))
        EQ_STR(target("x.com"), "outbound|80||b.prod.svc.cluster.local");
    compile_rig_deinit(&rig);
}

static void h_2_a_wildcard_covers_what_is_below_it_only(void)
{
    if (BEGIN(ENTRY("w", "*.foo.com"))) {
        EQ_STR(target("a.foo.com"), "outbound|80||*.foo.com");
        EQ_STR(target("a.b.foo.com"), "outbound|80||*.foo.com");
        EQ_STR(target("A.FOO.com"), "outbound|80||*.foo.com");
        OK(!compile_rig_vhost(&rig, 80, "foo.com"));
        OK(!compile_rig_vhost(&rig, 80, "xfoo.com"));
    }
    compile_rig_deinit(&rig);
}

static void h_3_most_specific_host_wins(void)
{
    if (BEGIN(ENTRY("w", "*.com") ENTRY("f", "*.foo.com") ENTRY("e", "a.foo.com"))) {
        EQ_STR(target("a.foo.com"), "outbound|80||a.foo.com");
        EQ_STR(target("b.foo.com"), "outbound|80||*.foo.com");
        EQ_STR(target("b.com"), "outbound|80||*.com");
    }
    compile_rig_deinit(&rig);
}

static void h_3_only_the_most_specific_rule_applies(void)
{
    if (BEGIN(SERVICE("a", "default") SERVICE("b", "default") SERVICE("one", "default")
                  SERVICE("two", "default") SERVICE("three", "default")
                      VS("any", "default", "*.cluster.local", "one")
                          VS("ns", "default", "*.default.svc.cluster.local", "two")
                              VS("a", "default", "a", "three"))) {
        EQ_STR(target("a"), "outbound|80||three.default.svc.cluster.local");
        EQ_STR(target("b"), "outbound|80||two.default.svc.cluster.local");
    }
    compile_rig_deinit(&rig);
}

static void nr_5_a_known_host_without_a_fitting_route(void)
{
    if (BEGIN(SERVICE("a",
                      "default") "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n"
                                 "metadata: {name: v, namespace: default}\n"
                                 "spec: {hosts: [a], http: [{match: [{uri: {prefix: /x}}], "
                                 "route: [{destination: {host: a}}]}]}\n")) {
        OK(compile_rig_vhost(&rig, 80, "a"));
        OK(compile_rig_route(&rig, 80, "a", "/x", NULL));
        OK(!compile_rig_route(&rig, 80, "a", "/y", NULL)); /* flow answers 404 NR */
    }
    compile_rig_deinit(&rig);
}

static void nr_7_http_is_told_by_host_not_by_address(void)
{
    if (BEGIN("apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: default}\n"
              "spec: {clusterIP: 10.1.0.1, ports: [{name: http, port: 80}]}\n")) {
        const struct model_outbound_service *s = compile_rig_vip(&rig, "10.1.0.1:80");

        /* The address leads to the table of the port, in which the name is not: passed through. */
        OK(s && !s->tcp_count);
        OK(!compile_rig_vhost(&rig, 80, "unknown.com"));
        EQ_INT(rig.snapshot->outbound->policy, MODEL_ALLOW_ANY);
        EQ_INT(rig.snapshot->outbound->passthrough->config->type, MODEL_CLUSTER_ORIGINAL_DST);
    }
    compile_rig_deinit(&rig);
}

static void nr_3_unknown_hosts_are_resolved_when_told_so(void)
{
    if (BEGIN("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n"
              "data:\n  mesh: 'outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}'\n")) {
        EQ_INT(rig.snapshot->outbound->policy, MODEL_ALLOW_ANY_DYNAMIC);
        if (OK(rig.snapshot->outbound->by_name))
            EQ_INT(rig.snapshot->outbound->by_name->config->type, MODEL_CLUSTER_DYNAMIC);
    }
    compile_rig_deinit(&rig);
}

static const struct tap_case cases[] = {
    { "h_1_short_names_are_of_the_rules_namespace", h_1_short_names_are_of_the_rules_namespace },
    { "h_2_a_wildcard_covers_what_is_below_it_only", h_2_a_wildcard_covers_what_is_below_it_only },
    { "h_3_most_specific_host_wins", h_3_most_specific_host_wins },
    { "h_3_only_the_most_specific_rule_applies", h_3_only_the_most_specific_rule_applies },
    { "nr_5_a_known_host_without_a_fitting_route", nr_5_a_known_host_without_a_fitting_route },
    { "nr_7_http_is_told_by_host_not_by_address", nr_7_http_is_told_by_host_not_by_address },
    { "nr_3_unknown_hosts_are_resolved_when_told_so",
      nr_3_unknown_hosts_are_resolved_when_told_so },
};

TAP_MAIN(cases)
