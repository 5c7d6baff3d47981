/* Which DestinationRule holds, and what several of them come to (DR-1 to DR-8). The client is in
 * "default"; the service is "svc" in "prod". */
#include "core/base/mem.h"
#include "core/compile/registry.h"
#include "core/compile/registry_encode.h"
#include "tests/tap.h"
#include "tests/unit/support/compile_rig.h"

#define SVC "svc.prod.svc.cluster.local"
#define MESH                                                                                       \
    "apiVersion: v1\nkind: Service\nmetadata: {name: svc, namespace: prod}\n"                      \
    "spec: {clusterIP: 10.1.0.1, selector: {app: svc}, "                                           \
    "ports: [{name: http, port: 80}, {name: tcp, port: 7000}]}\n"                                  \
    "---\n"                                                                                        \
    "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\n"                                    \
    "metadata: {name: svc-v1, namespace: prod}\n"                                                  \
    "spec: {address: 10.0.1.1, labels: {app: svc, version: v1, "                                   \
    "security.istio.io/tlsMode: istio}}\n"                                                         \
    "---\n"

/* A rule in namespace ns; spec in flow style. age: seconds of its creation. */
#define RULE(ns, name, age, spec)                                                                  \
    "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: " name            \
    ", namespace: " ns ", creationTimestamp: '2026-01-01T00:00:" age "Z'}\n"                       \
    "spec: " spec "\n---\n"

#define CONNECTIONS(n) "connectionPool: {tcp: {maxConnections: " n "}}"

static struct compile_rig rig;

#define BEGIN(yaml) OK(compile_rig_begin(&rig, yaml))

static const struct model_cluster_config *config_of(const char *cluster)
{
    struct model_cluster *c = compile_rig_cluster(&rig, cluster);

    return c ? c->config : NULL;
}

static uint32_t connections(const char *cluster)
{
    const struct model_cluster_config *c = config_of(cluster);

    return c ? c->limits.max_connections : 9999;
}

static void dr_1_first_level_with_a_rule_ends_the_search(void)
{
    if (BEGIN(MESH RULE("istio-system", "a", "01",
                        "{host: " SVC ", trafficPolicy: {" CONNECTIONS("3") "}}"))) {
        EQ_UINT(connections("outbound|80||" SVC), 3);
        OK(compile_rig_apply(
            &rig, RULE("prod", "b", "02", "{host: svc, trafficPolicy: {" CONNECTIONS("2") "}}")));
        EQ_UINT(connections("outbound|80||" SVC), 2);
        OK(compile_rig_apply(&rig, RULE("default", "c", "03",
                                        "{host: " SVC ", trafficPolicy: {" CONNECTIONS("1") "}}")));
        EQ_UINT(connections("outbound|80||" SVC), 1);
        compile_rig_remove(&rig, "DestinationRule", "default", "c");
        compile_rig_run(&rig);
        EQ_UINT(connections("outbound|80||" SVC), 2);
    }
    compile_rig_deinit(&rig);
}

static void dr_1_rules_that_are_not_exported_do_not_count(void)
{
    if (BEGIN(MESH RULE("prod", "a", "01",
                        "{host: svc, exportTo: ['.'], trafficPolicy: {" CONNECTIONS("2") "}}")
                  RULE("istio-system", "b", "01",
                       "{host: " SVC ", trafficPolicy: {" CONNECTIONS("3") "}}")))
        EQ_UINT(connections("outbound|80||" SVC), 3);
    compile_rig_deinit(&rig);
}

static void dr_2_most_specific_host_of_a_level(void)
{
    if (BEGIN(MESH RULE("default", "wide", "01",
                        "{host: '*.cluster.local', trafficPolicy: {" CONNECTIONS("1") "}}")
                  RULE("default", "mid", "02",
                       "{host: '*.prod.svc.cluster.local', trafficPolicy: {" CONNECTIONS(
                           "2") "}}"))) {
        EQ_UINT(connections("outbound|80||" SVC), 2);
        OK(compile_rig_apply(&rig, RULE("default", "one", "03",
                                        "{host: " SVC ", trafficPolicy: {" CONNECTIONS("3") "}}")));
        EQ_UINT(connections("outbound|80||" SVC), 3);
    }
    compile_rig_deinit(&rig);
}

static void dr_3_rules_for_one_host_merge_oldest_first(void)
{
    if (BEGIN(MESH RULE("prod", "z", "01",
                        "{host: svc, subsets: [{name: v1, labels: {version: v1}}]}")
                  RULE("prod", "a", "02",
                       "{host: svc, trafficPolicy: {" CONNECTIONS(
                           "2") "}, subsets: ["
                                "{name: v1, labels: {version: none}}, {name: v2, labels: {version: "
                                "v2}}]}")
                      RULE("prod", "b", "03",
                           "{host: svc, trafficPolicy: {" CONNECTIONS("3") "}}"))) {
        struct model_cluster *v1 = compile_rig_cluster(&rig, "outbound|80|v1|" SVC);

        EQ_UINT(connections("outbound|80||" SVC), 2); /* the first that has a policy, entirely */
        if (OK(v1))
            EQ_UINT(v1->endpoints->count, 1); /* the first definition of a name */
        OK(compile_rig_cluster(&rig, "outbound|80|v2|" SVC));
    }
    compile_rig_deinit(&rig);
}

static void dr_3_rules_with_other_exports_do_not_merge(void)
{
    if (BEGIN(MESH RULE("prod", "a", "01",
                        "{host: svc, subsets: [{name: v1, labels: {version: v1}}]}")
                  RULE("prod", "b", "02",
                       "{host: svc, exportTo: ['default'], "
                       "subsets: [{name: v2, labels: {version: v2}}]}"))) {
        OK(compile_rig_cluster(&rig, "outbound|80|v1|" SVC));
        OK(!compile_rig_cluster(&rig, "outbound|80|v2|" SVC));
    }
    compile_rig_deinit(&rig);
}

static void dr_3_a_rule_that_selects_this_workload_stands_alone(void)
{
    static const char rules[] =
        MESH RULE("default", "all", "01", "{host: " SVC ", trafficPolicy: {" CONNECTIONS("1") "}}")
            RULE("default", "ours", "02",
                 "{host: " SVC ", workloadSelector: {matchLabels: {app: client}}, "
                 "trafficPolicy: {" CONNECTIONS("2") "}}")
                RULE("default", "theirs", "00",
                     "{host: " SVC ", workloadSelector: {matchLabels: {app: other}}, "
                     "trafficPolicy: {" CONNECTIONS("3") "}}");

    if (BEGIN(rules))
        EQ_UINT(connections("outbound|80||" SVC), 2);
    compile_rig_deinit(&rig);
}

static void dr_4_subsets_override_block_by_block(void)
{
    if (BEGIN(MESH RULE(
            "prod", "a", "01",
            "{host: svc, trafficPolicy: {" CONNECTIONS(
                "2") ", tls: {mode: DISABLE}, "
                     "loadBalancer: {simple: RANDOM}}, subsets: [{name: v1, labels: {version: v1}, "
                     "trafficPolicy: {connectionPool: {http: {http2MaxRequests: 7}}}}]}"))) {
        const struct model_cluster_config *v1 = config_of("outbound|80|v1|" SVC);

        if (OK(v1)) {
            EQ_UINT(v1->limits.max_requests, 7);
            EQ_UINT(v1->limits.max_connections, 0); /* of the block nothing is inherited */
            EQ_INT(v1->lb, MODEL_LB_RANDOM);
            EQ_INT(v1->tls_mode, MODEL_TLS_DISABLE);
        }
    }
    compile_rig_deinit(&rig);
}

static void dr_4_port_settings_replace_wholesale(void)
{
    if (BEGIN(MESH RULE(
            "prod", "a", "01",
            "{host: svc, trafficPolicy: {" CONNECTIONS(
                "2") ", "
                     "loadBalancer: {simple: RANDOM}, retryBudget: {minRetryConcurrency: 9}, "
                     "portLevelSettings: [{port: {number: 80}, "
                     "loadBalancer: {simple: ROUND_ROBIN}}]}}"))) {
        const struct model_cluster_config *p80 = config_of("outbound|80||" SVC),
                                          *p7000 = config_of("outbound|7000||" SVC);

        if (OK(p80) && OK(p7000)) {
            EQ_INT(p80->lb, MODEL_LB_ROUND_ROBIN);
            EQ_UINT(p80->limits.max_connections, 0);
            EQ_UINT(p80->limits.budget.min_concurrency, 9); /* ports have no block of this kind */
            EQ_INT(p7000->lb, MODEL_LB_RANDOM);
            EQ_UINT(p7000->limits.max_connections, 2);
        }
    }
    compile_rig_deinit(&rig);
}

static void dr_6_a_rule_with_subsets_only_hides_later_levels(void)
{
    if (BEGIN(MESH RULE("istio-system", "a", "01",
                        "{host: '*.local', trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}")
                  RULE("default", "b", "01",
                       "{host: " SVC ", subsets: [{name: v1, labels: {version: v1}}]}"))) {
        const struct model_cluster_config *c = config_of("outbound|80||" SVC);

        if (OK(c))
            EQ_INT(c->tls_mode, MODEL_TLS_AUTO);
    }
    compile_rig_deinit(&rig);
}

static void dr_7_a_tls_block_ends_auto_mtls(void)
{
    if (BEGIN(MESH)) {
        EQ_INT(config_of("outbound|80||" SVC)->tls_mode, MODEL_TLS_AUTO);
        OK(compile_rig_apply(
            &rig, RULE("prod", "a", "01", "{host: svc, trafficPolicy: {tls: {mode: DISABLE}}}")));
        EQ_INT(config_of("outbound|80||" SVC)->tls_mode, MODEL_TLS_DISABLE);
    }
    compile_rig_deinit(&rig);
}

static void cb_3_zero_is_as_unset(void)
{
    if (BEGIN(MESH RULE("prod", "a", "01",
                        "{host: svc, trafficPolicy: {connectionPool: {tcp: {maxConnections: 0}, "
                        "http: {http1MaxPendingRequests: 0, maxRetries: 0}}}}"))) {
        const struct model_limits *l = &config_of("outbound|80||" SVC)->limits;

        EQ_UINT(l->max_connections, 0);
        EQ_UINT(l->max_pending, 0);
        EQ_UINT(l->max_retries, 0);
    }
    compile_rig_deinit(&rig);
}

static void cb_4_idle_timeout_of_http_wins(void)
{
    if (BEGIN(MESH RULE("prod", "a", "01",
                        "{host: svc, trafficPolicy: {connectionPool: {tcp: {idleTimeout: 5s}, "
                        "http: {idleTimeout: 7s}}, portLevelSettings: [{port: {number: 7000}, "
                        "connectionPool: {tcp: {idleTimeout: 3s}}}]}}"))) {
        EQ_UINT(config_of("outbound|80||" SVC)->limits.idle_timeout_ms, 7000);
        EQ_UINT(config_of("outbound|80||" SVC)->limits.tcp_idle_timeout_ms, 5000);
        EQ_UINT(config_of("outbound|7000||" SVC)->limits.idle_timeout_ms, 3000);
    }
    compile_rig_deinit(&rig);
}

static void cb_5_ejection_only_when_asked_for_and_then_after_five(void)
{
    if (BEGIN(MESH)) {
        OK(!config_of("outbound|80||" SVC)->outlier.is_on);
        OK(compile_rig_apply(&rig, RULE("prod", "a", "01",
                                        "{host: svc, trafficPolicy: {outlierDetection: "
                                        "{baseEjectionTime: 1m}}}")));
        EQ_UINT(config_of("outbound|80||" SVC)->outlier.consecutive_5xx, 5);
        EQ_UINT(config_of("outbound|80||" SVC)->outlier.consecutive_gateway, 0);
        EQ_UINT(config_of("outbound|80||" SVC)->outlier.base_ms, 60000);
        EQ_UINT(config_of("outbound|80||" SVC)->outlier.max_ejection_pct, 10);
        EQ_UINT(config_of("outbound|80||" SVC)->panic_pct, 0);
    }
    compile_rig_deinit(&rig);
}

#define MESH_CONFIG(text)                                                                          \
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n"          \
    "data:\n  mesh: |\n    " text "\n---\n"

static void dr_10_the_meshs_policy_fills_what_rules_leave_open(void)
{
    if (BEGIN(MESH MESH_CONFIG(
            "defaultTrafficPolicy: {" CONNECTIONS("9") ", outlierDetection: "
                                                       "{consecutive5xxErrors: 3}}"))) {
        EQ_UINT(connections("outbound|80||" SVC), 9);
        EQ_UINT(config_of("outbound|80||" SVC)->outlier.consecutive_5xx, 3);
        OK(compile_rig_apply(
            &rig, RULE("prod", "a", "01", "{host: svc, trafficPolicy: {" CONNECTIONS("2") "}}")));
        EQ_UINT(connections("outbound|80||" SVC), 2);
        EQ_UINT(config_of("outbound|80||" SVC)->outlier.consecutive_5xx, 3);
    }
    compile_rig_deinit(&rig);
}

static void send_workload(void *arg, const struct registry_workload *w)
{
    const struct registry *from = arg;
    struct buf b;

    buf_init(&b, 0);
    EQ_INT(registry_encode_workload(from, NULL, w, &b), 0);
    EQ_INT(compile_put_address(rig.compile, w->uid, buf_str(&b)), 0);
    buf_deinit(&b);
}

static uint32_t endpoint_count(void)
{
    compile_rig_run(&rig);
    return compile_rig_cluster(&rig, "outbound|80||" SVC)->endpoints->count;
}

static void lb_9_other_clusters_are_left_out_where_the_mesh_says_so(void)
{
    struct compile_rig other;

    compile_rig_init(&other);
    other.node.cluster_id = STR("there");
    compile_rig_start(&other);
    OK(compile_rig_apply(&other, MESH));
    compile_rig_init(&rig);
    rig.node.cluster_id = STR("here");
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, MESH));
    registry_each_workload(compile_registry(other.compile), send_workload,
                           (void *)(uintptr_t)compile_registry(other.compile));
    EQ_UINT(endpoint_count(), 2); /* one here, one there */
    OK(compile_rig_put(&rig, MESH_CONFIG("serviceSettings: [{settings: {clusterLocal: true}, "
                                         "hosts: ['*.prod.svc.cluster.local']}]")));
    EQ_UINT(endpoint_count(), 1);
    compile_rig_deinit(&rig);
    compile_rig_deinit(&other);
}

static void rt_9_retry_budget_has_defaults(void)
{
    if (BEGIN(MESH RULE("prod", "a", "01", "{host: svc, trafficPolicy: {retryBudget: {}}}"))) {
        const struct model_retry_budget *b = &config_of("outbound|80||" SVC)->limits.budget;

        OK(b->is_on);
        OK(b->pct > 19.9 && b->pct < 20.1);
        EQ_UINT(b->min_concurrency, 3);
        EQ_UINT(b->interval_ms, 0);
        EQ_UINT(b->min_ms, 0);
    }
    compile_rig_deinit(&rig);
}

#define POLICY(spec)                                                                               \
    "apiVersion: gateway.networking.x-k8s.io/v1alpha1\nkind: XBackendTrafficPolicy\n"              \
    "metadata: {name: p, namespace: prod}\n"                                                       \
    "spec: {targetRefs: [{group: '', kind: Service, name: svc}], " spec "}\n---\n"

static void gep_3388_constraint_becomes_a_budget(void)
{
    static const struct {
        const char *objects;
        struct model_retry_budget want;
    } rows[] = {
        { POLICY("retryConstraint: {}"), { true, 20, 0, 10000, 10, 1000 } },
        { POLICY("retryConstraint: {budget: {percent: 5, interval: 2s}, "
                 "minRetryRate: {count: 7, interval: 3s}}"),
          { true, 5, 0, 2000, 7, 3000 } },
        { POLICY("retryConstraint: {minRetryRate: {count: 7}}"), { true, 20, 0, 10000, 7, 1000 } },
        { POLICY("retryConstraint: {}")
              RULE("prod", "a", "01", "{host: svc, trafficPolicy: {retryBudget: {}}}"),
          { true, 20, 3, 0, 0, 0 } }, /* DR-9 */
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        NOTE("row %zu", i);
        if (OK(compile_rig_begin(&rig, MESH)) && OK(compile_rig_apply(&rig, rows[i].objects))) {
            const struct model_retry_budget *b = &config_of("outbound|80||" SVC)->limits.budget;

            OK(b->is_on);
            EQ_INT(b->pct, rows[i].want.pct);
            EQ_UINT(b->min_concurrency, rows[i].want.min_concurrency);
            EQ_UINT(b->interval_ms, rows[i].want.interval_ms);
            EQ_UINT(b->min_count, rows[i].want.min_count);
            EQ_UINT(b->min_ms, rows[i].want.min_ms);
        }
        compile_rig_deinit(&rig);
    }
}

static void lb_7_cookie_tail_says_what_a_made_cookie_has(void)
{
    static const struct {
        const char *cookie;
        const char *tail; /* NULL: none is made */
    } rows[] = {
        { "{name: s}", NULL },
        { "{name: s, ttl: 0s}", "; HttpOnly" },
        { "{name: s, ttl: 60s, path: /p}", "; Max-Age=60; Path=/p; HttpOnly" },
        { "{name: s, ttl: 1h, attributes: [{name: SameSite, value: Lax}, {name: Secure}]}",
          "; Max-Age=3600; SameSite=Lax; Secure; HttpOnly" },
    };

    compile_rig_init(&rig);
    compile_rig_apply(&rig, MESH);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct model_hash *h;
        char yaml[512];

        snprintf(yaml, sizeof(yaml),
                 RULE("prod", "a", "01",
                      "{host: svc, trafficPolicy: {loadBalancer: "
                      "{consistentHash: {httpCookie: %s}}}}"),
                 rows[i].cookie);
        OK(compile_rig_apply(&rig, yaml));
        EQ_INT(config_of("outbound|80||" SVC)->lb, MODEL_LB_RING_HASH);
        h = &config_of("outbound|80||" SVC)->hash_by;
        EQ_INT(h->key, MODEL_HASH_COOKIE);
        EQ_UINT(h->ring_size, 1024);
        if (rows[i].tail)
            EQ_STRN(h->cookie_tail.p, h->cookie_tail.len, rows[i].tail);
        else
            OK(!h->cookie_tail.p);
    }
    compile_rig_deinit(&rig);
}

static void lb_8_passthrough_goes_where_the_client_wanted(void)
{
    if (BEGIN(MESH RULE("prod", "a", "01",
                        "{host: svc, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}}")))
        EQ_INT(config_of("outbound|80||" SVC)->type, MODEL_CLUSTER_ORIGINAL_DST);
    compile_rig_deinit(&rig);
}

static void tunnel_and_proxy_protocol_reach_the_cluster(void)
{
    if (BEGIN(MESH RULE("prod", "a", "01",
                        "{host: svc, trafficPolicy: {proxyProtocol: {version: V2}}, subsets: ["
                        "{name: t, labels: {version: v1}, trafficPolicy: {tunnel: "
                        "{targetHost: ext.example.com, targetPort: 443, protocol: POST}}}]}"))) {
        const struct model_cluster_config *t = config_of("outbound|80|t|" SVC);

        EQ_UINT(config_of("outbound|80||" SVC)->proxy_protocol, 2);
        EQ_STRN(t->tunnel.target.p, t->tunnel.target.len, "ext.example.com:443");
        OK(t->tunnel.is_post);
    }
    compile_rig_deinit(&rig);
}

/* Nobody but who is named: the endpoint's own identity does not do any more. */
static void a_rules_names_take_the_place_of_the_endpoints_identity(void)
{
    const struct model_cluster_config *c;

    if (BEGIN(MESH) && OK(c = config_of("outbound|80||" SVC))) {
        OK(!c->identities_only);
        EQ_UINT(c->identity_count, 0);
        OK(compile_rig_apply(&rig, RULE("prod", "a", "01",
                                        "{host: svc, trafficPolicy: {tls: {mode: ISTIO_MUTUAL, "
                                        "subjectAltNames: ['spiffe://x/ns/prod/sa/other']}}}")));
        if (OK(c = config_of("outbound|80||" SVC)) && EQ_UINT(c->identity_count, 1)) {
            OK(c->identities_only);
            EQ_STRN(c->identities[0].p, c->identities[0].len, "spiffe://x/ns/prod/sa/other");
        }
        compile_rig_remove(&rig, "DestinationRule", "prod", "a");
        OK(compile_rig_run(&rig));
        OK((c = config_of("outbound|80||" SVC)) && !c->identities_only);
    }
    compile_rig_deinit(&rig);
}

static const struct tap_case cases[] = {
    { "a_rules_names_take_the_place_of_the_endpoints_identity",
      a_rules_names_take_the_place_of_the_endpoints_identity },
    { "dr_1_first_level_with_a_rule_ends_the_search",
      dr_1_first_level_with_a_rule_ends_the_search },
    { "dr_1_rules_that_are_not_exported_do_not_count",
      dr_1_rules_that_are_not_exported_do_not_count },
    { "dr_2_most_specific_host_of_a_level", dr_2_most_specific_host_of_a_level },
    { "dr_3_rules_for_one_host_merge_oldest_first", dr_3_rules_for_one_host_merge_oldest_first },
    { "dr_3_rules_with_other_exports_do_not_merge", dr_3_rules_with_other_exports_do_not_merge },
    { "dr_3_a_rule_that_selects_this_workload_stands_alone",
      dr_3_a_rule_that_selects_this_workload_stands_alone },
    { "dr_4_subsets_override_block_by_block", dr_4_subsets_override_block_by_block },
    { "dr_4_port_settings_replace_wholesale", dr_4_port_settings_replace_wholesale },
    { "dr_6_a_rule_with_subsets_only_hides_later_levels",
      dr_6_a_rule_with_subsets_only_hides_later_levels },
    { "dr_7_a_tls_block_ends_auto_mtls", dr_7_a_tls_block_ends_auto_mtls },
    { "cb_3_zero_is_as_unset", cb_3_zero_is_as_unset },
    { "cb_4_idle_timeout_of_http_wins", cb_4_idle_timeout_of_http_wins },
    { "cb_5_ejection_only_when_asked_for_and_then_after_five",
      cb_5_ejection_only_when_asked_for_and_then_after_five },
    { "dr_10_the_meshs_policy_fills_what_rules_leave_open",
      dr_10_the_meshs_policy_fills_what_rules_leave_open },
    { "lb_9_other_clusters_are_left_out_where_the_mesh_says_so",
      lb_9_other_clusters_are_left_out_where_the_mesh_says_so },
    { "rt_9_retry_budget_has_defaults", rt_9_retry_budget_has_defaults },
    { "gep_3388_constraint_becomes_a_budget", gep_3388_constraint_becomes_a_budget },
    { "lb_7_cookie_tail_says_what_a_made_cookie_has",
      lb_7_cookie_tail_says_what_a_made_cookie_has },
    { "lb_8_passthrough_goes_where_the_client_wanted",
      lb_8_passthrough_goes_where_the_client_wanted },
    { "tunnel_and_proxy_protocol_reach_the_cluster", tunnel_and_proxy_protocol_reach_the_cluster },
};

TAP_MAIN(cases)
