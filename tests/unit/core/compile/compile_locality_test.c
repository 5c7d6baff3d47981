/* Groups of endpoints as a client in region/zone/subzone sees them. */
#include <stdio.h>

#include "core/base/mem.h"
#include "tests/tap.h"
#include "tests/unit/support/compile_rig.h"

#define HOST "ext.example.com"
#define ENTRY(annotations)                                                                         \
    "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: ext, namespace: "    \
    "default" annotations "}\nspec:\n  hosts: [" HOST "]\n  resolution: STATIC\n"                  \
    "  ports: [{name: http, number: 80, protocol: HTTP}]\n  endpoints:\n"                          \
    "  - {address: 10.0.0.1, locality: region/zone/subzone, labels: {rack: r1, ver: a}}\n"         \
    "  - {address: 10.0.0.2, locality: region/zone/other, labels: {rack: r1, ver: b}}\n"           \
    "  - {address: 10.0.0.3, locality: region/zone2/subzone, labels: {rack: r2, ver: a}}\n"        \
    "  - {address: 10.0.0.4, locality: near/zone/subzone, labels: {rack: r2, ver: b}}\n"           \
    "  - {address: 10.0.0.5, locality: far/zone/subzone, labels: {rack: r1, ver: a}}\n---\n"
#define RULE(policy)                                                                               \
    "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: ext, namespace: " \
    "default}\nspec: {host: " HOST ", trafficPolicy: {" policy "}}\n---\n"
#define OUTLIERS "outlierDetection: {interval: 1s}"

static struct compile_rig rig;

static void begin(void)
{
    static struct model_label labels[] = { { STR_INIT("app"), STR_INIT("client") },
                                           { STR_INIT("rack"), STR_INIT("r1") },
                                           { STR_INIT("ver"), STR_INIT("b") } };

    compile_rig_init(&rig);
    rig.node.locality = STR("region/zone/subzone");
    rig.node.labels = labels;
    rig.node.label_count = COUNT_OF(labels);
    compile_rig_start(&rig);
}

/* Priorities of the five endpoints in order, "-" when there are no groups; then weights. */
static const char *groups(bool weights)
{
    struct model_cluster *c = compile_rig_cluster(&rig, "outbound|80||" HOST);
    static char out[64];
    size_t at = 0;

    if (!c || !c->endpoints->groups)
        return "-";
    for (uint32_t i = 0; i < c->endpoints->count; i++) {
        const struct model_endpoint_group *g = &c->endpoints->groups[c->endpoints->list[i].group];

        at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%u", i ? " " : "",
                               weights ? g->weight : g->priority);
    }
    return out;
}

static const char *priorities_with(const char *entry, const char *rule)
{
    begin();
    OK(compile_rig_apply(&rig, entry));
    if (*rule)
        OK(compile_rig_apply(&rig, rule));
    return groups(false);
}

static void lb_3_priorities_by_distance(void)
{
    EQ_STR(priorities_with(ENTRY(""), RULE(OUTLIERS)), "0 1 2 3 3");
    compile_rig_deinit(&rig);
    EQ_STR(
        priorities_with(ENTRY(""), RULE(OUTLIERS ", loadBalancer: {localityLbSetting: {failover: "
                                                 "[{from: region, to: near}]}}")),
        "0 1 2 3 4");
    compile_rig_deinit(&rig);
}

static void cb_9_priorities_only_with_outlier_detection(void)
{
    EQ_STR(priorities_with(ENTRY(""), ""), "-");
    compile_rig_deinit(&rig);
    EQ_STR(priorities_with(ENTRY(""), RULE("loadBalancer: {localityLbSetting: {failover: "
                                           "[{from: region, to: near}]}}")),
           "-");
    compile_rig_deinit(&rig);
}

static void lb_2_disabled_in_the_rule_turns_all_off(void)
{
    static const char entry[] =
        ENTRY(", annotations: {networking.istio.io/traffic-distribution: PreferClose}");

    EQ_STR(priorities_with(entry, RULE(OUTLIERS ", loadBalancer: {localityLbSetting: "
                                                "{enabled: false}}")),
           "-");
    compile_rig_deinit(&rig);
    EQ_STR(priorities_with(entry, RULE(OUTLIERS ", loadBalancer: {zoneAwareLbSetting: "
                                                "{enabled: false}}")),
           "-");
    compile_rig_deinit(&rig);
}

static void lb_2_traffic_distribution_needs_no_outlier_detection(void)
{
    static const struct {
        const char *entry, *priorities;
    } rows[] = {
        { ENTRY(", annotations: {networking.istio.io/traffic-distribution: PreferClose}"),
          "0 1 2 3 3" },
        { ENTRY(", annotations: {networking.istio.io/traffic-distribution: PreferSameZone}"),
          "0 0 1 2 2" },
        { ENTRY(", annotations: {networking.istio.io/traffic-distribution: PreferSameNode}"),
          "0 1 2 3 3" },
        { ENTRY(", annotations: {networking.istio.io/traffic-distribution: Any}"), "-" },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        EQ_STR(priorities_with(rows[i].entry, ""), rows[i].priorities);
        compile_rig_deinit(&rig);
    }
}

static void lb_4_label_counts_only_when_those_before_matched(void)
{
    /* Ours: rack r1, ver b. */
    EQ_STR(priorities_with(ENTRY(""), RULE(OUTLIERS ", loadBalancer: {localityLbSetting: "
                                                    "{failoverPriority: [rack, ver]}}")),
           "1 0 2 2 1");
    compile_rig_deinit(&rig);
    EQ_STR(priorities_with(ENTRY(""), RULE(OUTLIERS ", loadBalancer: {localityLbSetting: "
                                                    "{failoverPriority: ['ver=a', rack]}}")),
           "0 2 1 2 0");
    compile_rig_deinit(&rig);
    EQ_STR(priorities_with(ENTRY(""),
                           RULE(OUTLIERS ", loadBalancer: {localityLbSetting: {failoverPriority: "
                                         "[topology.kubernetes.io/region]}}")),
           "0 0 0 1 1");
    compile_rig_deinit(&rig);
}

static void lb_5_distribute_gives_shares(void)
{
    begin();
    OK(compile_rig_apply(&rig,
                         ENTRY("") RULE("loadBalancer: {localityLbSetting: {distribute: ["
                                        "{from: elsewhere, to: {far: 100}}, "
                                        "{from: region/*, to: {'region/zone/*': 60, near: 40}}, "
                                        "{from: region/zone/*, to: {far: 100}}]}}")));
    EQ_STR(groups(true), "30 30 0 40 0"); /* the first `from` that fits; what is not listed: 0 */
    OK(compile_rig_cluster(&rig, "outbound|80||" HOST)->config->locality_weighted);
    compile_rig_deinit(&rig);
}

static void zone_aware_weighs_zones_and_orders_regions(void)
{
    const struct model_cluster *c;

    EQ_STR(priorities_with(ENTRY(""), RULE("loadBalancer: {zoneAwareLbSetting: {enabled: true, "
                                           "minClusterSize: 1}}")),
           "0 0 0 1 1");
    c = compile_rig_cluster(&rig, "outbound|80||" HOST);
    EQ_UINT(c->config->zone_min_cluster, 1);
    EQ_UINT(c->endpoints->group_count, 5);
    for (uint32_t i = 0; i < c->endpoints->count; i++)
        EQ_INT(c->endpoints->groups[c->endpoints->list[i].group].is_local, i == 0);
    compile_rig_deinit(&rig);
}

/* Where we are may be known from the registry only, and may change. */
static void our_place_comes_from_our_own_workload(void)
{
    static struct addr own;

    compile_rig_init(&rig);
    (void)addr_parse_ip(STR("10.9.9.9"), &own);
    rig.node.addrs = &own;
    rig.node.addr_count = 1;
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, ENTRY("") RULE(OUTLIERS)));
    EQ_STR(groups(false), "0 0 0 0 0");
    OK(compile_rig_apply(&rig, "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\n"
                               "metadata: {name: me, namespace: default}\n"
                               "spec: {address: 10.9.9.9, locality: near/zone}\n"));
    EQ_STR(groups(false), "1 1 1 0 1");
    compile_rig_deinit(&rig);
}

static const struct tap_case cases[] = {
    { "lb_3_priorities_by_distance", lb_3_priorities_by_distance },
    { "cb_9_priorities_only_with_outlier_detection", cb_9_priorities_only_with_outlier_detection },
    { "lb_2_disabled_in_the_rule_turns_all_off", lb_2_disabled_in_the_rule_turns_all_off },
    { "lb_2_traffic_distribution_needs_no_outlier_detection",
      lb_2_traffic_distribution_needs_no_outlier_detection },
    { "lb_4_label_counts_only_when_those_before_matched",
      lb_4_label_counts_only_when_those_before_matched },
    { "lb_5_distribute_gives_shares", lb_5_distribute_gives_shares },
    { "zone_aware_weighs_zones_and_orders_regions", zone_aware_weighs_zones_and_orders_regions },
    { "our_place_comes_from_our_own_workload", our_place_comes_from_our_own_workload },
};

TAP_MAIN(cases)
