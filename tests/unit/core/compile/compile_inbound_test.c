#include "core/compile/compile_inbound.h"

#include "tests/tap.h"
#include "tests/unit/support/compile_rig.h"

#define SVC                                                                                        \
    "apiVersion: v1\nkind: Service\nmetadata: {name: client, namespace: default}\n"                \
    "spec: {clusterIP: 10.1.0.1, selector: {app: client}, "                                        \
    "ports: [{name: http, port: 80, targetPort: 8080}, {name: tcp-x, port: 7000}]}\n---\n"
#define PA(ns, name, spec)                                                                         \
    "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"                                 \
    "metadata: {name: " name ", namespace: " ns "}\nspec: " spec "\n---\n"
#define AP(ns, name, spec)                                                                         \
    "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"                                \
    "metadata: {name: " name ", namespace: " ns "}\nspec: " spec "\n---\n"

static struct compile_rig rig;

#define BEGIN(yaml) OK(compile_rig_begin(&rig, yaml))

static int mtls_of(uint16_t port)
{
    const struct model_inbound_port *p = snapshot_find_inbound(rig.snapshot, port);

    return p ? p->mtls : -1;
}

static void ports_come_from_services_that_select_us(void)
{
    const struct model_inbound_port *p;

    if (BEGIN(SVC) && EQ_INT(rig.snapshot->inbound->port_count, 2)) {
        p = snapshot_find_inbound(rig.snapshot, 8080);
        EQ_INT(p->protocol, MODEL_PROTOCOL_HTTP);
        EQ_STRN(p->cluster->config->name.p, p->cluster->config->name.len, "inbound|8080||");
        EQ_INT(p->cluster->config->type, MODEL_CLUSTER_APP);
        EQ_INT(p->cluster->endpoints->list[0].addr.port, 8080);
        EQ_STRN(p->service_host.p, p->service_host.len, "client.default.svc.cluster.local");
        EQ_INT(snapshot_find_inbound(rig.snapshot, 7000)->protocol, MODEL_PROTOCOL_TCP);
        OK(compile_rig_cluster(&rig, "inbound|8080||"));
    }
    compile_rig_deinit(&rig);
}

static void ports_told_on_the_command_line_count(void)
{
    static const struct compile_app_port told[] = { { .port = 8080,
                                                      .protocol = MODEL_PROTOCOL_GRPC } };

    compile_rig_init(&rig);
    rig.options.app_ports = told;
    rig.options.app_port_count = 1;
    if (OK(compile_rig_apply(&rig, SVC)) && EQ_INT(rig.snapshot->inbound->port_count, 1)) {
        EQ_INT(rig.snapshot->inbound->ports[0].protocol, MODEL_PROTOCOL_GRPC);
        OK(rig.snapshot->inbound->ports[0].service_host.len);
    }
    compile_rig_deinit(&rig);
}

static void ports_not_listed_go_to_the_original_destination(void)
{
    const struct model_inbound_port *p;

    if (BEGIN(SVC) && OK(p = snapshot_find_inbound(rig.snapshot, 1234))) {
        EQ_PTR(p, rig.snapshot->inbound->other);
        EQ_INT(p->cluster->config->type, MODEL_CLUSTER_ORIGINAL_DST);
        EQ_INT(p->mtls, MODEL_MTLS_PERMISSIVE);
    }
    compile_rig_deinit(&rig);
}

static void mt_8_workload_before_namespace_before_mesh(void)
{
    if (BEGIN(SVC PA("istio-system", "default", "{mtls: {mode: STRICT}}")))
        EQ_INT(mtls_of(8080), MODEL_MTLS_STRICT);
    OK(compile_rig_apply(&rig, PA("default", "ns", "{mtls: {mode: DISABLE}}")));
    EQ_INT(mtls_of(8080), MODEL_MTLS_DISABLE);
    OK(compile_rig_apply(&rig, PA("default", "own",
                                  "{selector: {matchLabels: {app: client}}, "
                                  "mtls: {mode: PERMISSIVE}, "
                                  "portLevelMtls: {7000: {mode: STRICT}}}")));
    EQ_INT(mtls_of(8080), MODEL_MTLS_PERMISSIVE);
    EQ_INT(mtls_of(7000), MODEL_MTLS_STRICT);
    compile_rig_remove(&rig, "PeerAuthentication", "default", "own");
    compile_rig_remove(&rig, "PeerAuthentication", "default", "ns");
    OK(compile_rig_run(&rig));
    EQ_INT(mtls_of(7000), MODEL_MTLS_STRICT);
    compile_rig_deinit(&rig);
}

static void mt_8_unset_inherits(void)
{
    if (BEGIN(SVC PA("istio-system", "default", "{mtls: {mode: STRICT}}")
                  PA("default", "own",
                     "{selector: {matchLabels: {app: client}}, "
                     "portLevelMtls: {7000: {mode: DISABLE}}}"))) {
        EQ_INT(mtls_of(8080), MODEL_MTLS_STRICT);
        EQ_INT(mtls_of(7000), MODEL_MTLS_DISABLE);
    }
    compile_rig_deinit(&rig);
}

/* Objects carry their age; the rig's have none, so the name decides among equals. */
#define AGED(ns, name, year, spec)                                                                 \
    "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"                                 \
    "metadata: {name: " name ", namespace: " ns ", creationTimestamp: '" year                      \
    "-01-01T00:00:00Z'}\nspec: " spec "\n---\n"

static void mt_8_the_oldest_of_a_level_wins(void)
{
    if (BEGIN(SVC AGED("default", "a", "2025", "{mtls: {mode: STRICT}}")
                  AGED("default", "b", "2024", "{mtls: {mode: DISABLE}}")
                      AGED("istio-system", "c", "2020", "{mtls: {mode: PERMISSIVE}}")))
        EQ_INT(mtls_of(8080), MODEL_MTLS_DISABLE);
    OK(compile_rig_apply(&rig, AGED("default", "y", "2025",
                                    "{selector: {matchLabels: {app: client}}, "
                                    "mtls: {mode: PERMISSIVE}}")
                                   AGED("default", "z", "2024",
                                        "{selector: {matchLabels: {app: client}}, "
                                        "mtls: {mode: STRICT}}")));
    EQ_INT(mtls_of(8080), MODEL_MTLS_STRICT);
    compile_rig_deinit(&rig);
}

static void mt_8_a_selector_in_the_root_namespace_selects_nobody(void)
{
    if (BEGIN(SVC PA("istio-system", "a",
                     "{selector: {matchLabels: {app: client}}, mtls: {mode: STRICT}}")))
        EQ_INT(mtls_of(8080), MODEL_MTLS_PERMISSIVE);
    compile_rig_deinit(&rig);
}

static void mt_8_ports_count_in_the_workloads_policy_only(void)
{
    if (BEGIN(SVC PA("default", "ns", "{mtls: {mode: STRICT}}")
                  PA("default", "other",
                     "{selector: {matchLabels: {app: other}}, "
                     "portLevelMtls: {8080: {mode: DISABLE}}}")
                      PA("default", "own",
                         "{selector: {matchLabels: {app: client}}, mtls: {mode: DISABLE}, "
                         "portLevelMtls: {8080: {mode: UNSET}, 7000: {mode: PERMISSIVE}}}"))) {
        EQ_INT(mtls_of(8080), MODEL_MTLS_DISABLE);
        EQ_INT(mtls_of(7000), MODEL_MTLS_PERMISSIVE);
        EQ_INT(mtls_of(1234), MODEL_MTLS_DISABLE);
    }
    compile_rig_deinit(&rig);
}

static void mt_8_of_nobody_is_permissive(void)
{
    if (BEGIN(SVC PA("elsewhere", "a", "{mtls: {mode: STRICT}}")
                  PA("istio-system", "b", "{mtls: {mode: UNSET}}")))
        EQ_INT(mtls_of(8080), MODEL_MTLS_PERMISSIVE);
    compile_rig_deinit(&rig);
}

/* Keys are the app's ports, not a Service's; a port needs no Service. */
static void mt_9_ports_without_a_service_have_their_mode(void)
{
    const struct model_inbound_port *p;

    if (BEGIN(SVC PA("default", "own",
                     "{selector: {matchLabels: {app: client}}, mtls: {mode: DISABLE}, "
                     "portLevelMtls: {80: {mode: PERMISSIVE}, 9000: {mode: STRICT}}}"))) {
        EQ_INT(mtls_of(9000), MODEL_MTLS_STRICT);
        EQ_INT(mtls_of(8080), MODEL_MTLS_DISABLE); /* targetPort of port 80 */
        p = snapshot_find_inbound(rig.snapshot, 9000);
        EQ_INT(p->protocol, MODEL_PROTOCOL_AUTO);
        EQ_PTR(p->cluster, rig.snapshot->inbound->other->cluster);
        compile_rig_remove(&rig, "PeerAuthentication", "default", "own");
        OK(compile_rig_run(&rig));
        EQ_PTR(snapshot_find_inbound(rig.snapshot, 9000), rig.snapshot->inbound->other);
    }
    compile_rig_deinit(&rig);
}

static void mt_5_a_disabled_server_is_called_in_plain(void)
{
    const struct model_cluster *c;

    if (BEGIN("apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"
              "metadata: {name: s, namespace: default}\n"
              "spec: {hosts: [s.mesh], location: MESH_INTERNAL, resolution: STATIC, "
              "ports: [{number: 80, name: http, protocol: HTTP}], "
              "endpoints: [{address: 10.0.0.9, labels: {security.istio.io/tlsMode: istio}}]}\n"
              "---\n") &&
        OK(c = compile_rig_cluster(&rig, "outbound|80||s.mesh"))) {
        EQ_INT(c->endpoints->list[0].hop, MODEL_HOP_ISTIO);
        OK(compile_rig_apply(&rig, PA("default", "ns", "{mtls: {mode: DISABLE}}")));
        c = compile_rig_cluster(&rig, "outbound|80||s.mesh");
        EQ_INT(c->endpoints->list[0].hop, MODEL_HOP_PLAIN);
    }
    compile_rig_deinit(&rig);
}

/* ---- authorization ---- */

static const struct model_authz *authz(void)
{
    return snapshot_find_inbound(rig.snapshot, 8080)->authz;
}

static void az_2_policies_of_root_namespace_and_selector(void)
{
    if (BEGIN(SVC AP("istio-system", "all", "{}") AP("default", "ours",
                                                     "{selector: {matchLabels: "
                                                     "{app: client}}}")
                  AP("default", "theirs", "{selector: {matchLabels: {app: other}}}")
                      AP("other", "elsewhere", "{}")) &&
        OK(authz()))
        EQ_INT(authz()->by_action[MODEL_AUTHZ_ALLOW].count, 2);
    compile_rig_deinit(&rig);
}

static void az_4_empty_spec_has_no_rules_and_an_empty_rule_matches_all(void)
{
    if (BEGIN(SVC AP("default", "a", "{}") AP("default", "b", "{rules: [{}]}")) && OK(authz())) {
        EQ_INT(authz()->by_action[MODEL_AUTHZ_ALLOW].list[0].rule_count, 0);
        if (EQ_INT(authz()->by_action[MODEL_AUTHZ_ALLOW].list[1].rule_count, 1))
            EQ_INT(authz()->by_action[MODEL_AUTHZ_ALLOW].list[1].rules[0].from_count, 0);
    }
    compile_rig_deinit(&rig);
}

static void az_5_values_are_typed(void)
{
    static const struct {
        uint8_t type;
        const char *text;
    } want[] = { { MODEL_AUTHZ_EXACT, "/a" },
                 { MODEL_AUTHZ_PREFIX, "/b" },
                 { MODEL_AUTHZ_SUFFIX, "/c" },
                 { MODEL_AUTHZ_PRESENT, "*" },
                 { MODEL_AUTHZ_TEMPLATE, "/{*}/d" } };
    const struct model_authz_clause *c;

    if (BEGIN(SVC AP("default", "a",
                     "{action: DENY, rules: [{to: [{operation: {paths: [/a, '/b*', '*/c', '*', "
                     "'/{*}/d'], notMethods: [GET]}}]}]}")) &&
        OK(authz())) {
        c = authz()->by_action[MODEL_AUTHZ_DENY].list[0].rules[0].to[0].clauses;
        EQ_INT(c[0].field, MODEL_AUTHZ_METHOD);
        EQ_INT(c[0].not_value_count, 1);
        EQ_INT(c[1].field, MODEL_AUTHZ_PATH);
        for (uint32_t i = 0; i < 5; i++) {
            EQ_INT(c[1].values[i].type, want[i].type);
            EQ_STRN(c[1].values[i].text.p, c[1].values[i].text.len, want[i].text);
        }
        OK(authz()->by_action[MODEL_AUTHZ_DENY].list[0].rules[0].has_http_only);
    }
    compile_rig_deinit(&rig);
}

static void az_9_bare_service_account_is_of_the_policys_namespace(void)
{
    const struct model_authz_clause *c;

    if (BEGIN(SVC AP("default", "a",
                     "{rules: [{from: [{source: {serviceAccounts: [web, "
                     "other/web]}}]}]}")) &&
        OK(authz())) {
        c = authz()->by_action[MODEL_AUTHZ_ALLOW].list[0].rules[0].from[0].clauses;
        EQ_STRN(c->values[0].text.p, c->values[0].text.len, "default/web");
        EQ_STRN(c->values[1].text.p, c->values[1].text.len, "other/web");
        OK(!authz()->by_action[MODEL_AUTHZ_ALLOW].list[0].rules[0].has_http_only);
    }
    compile_rig_deinit(&rig);
}

static void az_14_conditions_by_key(void)
{
    const struct model_authz_rule *r;

    if (BEGIN(SVC AP("default", "a",
                     "{rules: [{when: [{key: 'request.headers[X-Y]', values: [v]}, "
                     "{key: source.ip, notValues: [10.0.0.0/8]}]}]}")) &&
        OK(authz())) {
        r = &authz()->by_action[MODEL_AUTHZ_ALLOW].list[0].rules[0];
        if (EQ_INT(r->when_count, 2)) {
            EQ_INT(r->when[0].clauses[0].field, MODEL_AUTHZ_HEADER);
            EQ_STRN(r->when[0].clauses[0].key.p, r->when[0].clauses[0].key.len, "x-y");
            EQ_INT(r->when[1].clauses[0].not_values[0].net.bits, 8);
        }
    }
    compile_rig_deinit(&rig);
}

static void a_policy_that_goes_is_gone(void)
{
    if (BEGIN(SVC AP("default", "a", "{}")) && OK(authz())) {
        compile_rig_remove(&rig, "AuthorizationPolicy", "default", "a");
        OK(compile_rig_run(&rig));
        OK(!authz());
    }
    compile_rig_deinit(&rig);
}

static const struct tap_case cases[] = {
    { "ports_come_from_services_that_select_us", ports_come_from_services_that_select_us },
    { "ports_told_on_the_command_line_count", ports_told_on_the_command_line_count },
    { "ports_not_listed_go_to_the_original_destination",
      ports_not_listed_go_to_the_original_destination },
    { "mt_8_workload_before_namespace_before_mesh", mt_8_workload_before_namespace_before_mesh },
    { "mt_8_unset_inherits", mt_8_unset_inherits },
    { "mt_8_the_oldest_of_a_level_wins", mt_8_the_oldest_of_a_level_wins },
    { "mt_8_a_selector_in_the_root_namespace_selects_nobody",
      mt_8_a_selector_in_the_root_namespace_selects_nobody },
    { "mt_8_ports_count_in_the_workloads_policy_only",
      mt_8_ports_count_in_the_workloads_policy_only },
    { "mt_8_of_nobody_is_permissive", mt_8_of_nobody_is_permissive },
    { "mt_9_ports_without_a_service_have_their_mode",
      mt_9_ports_without_a_service_have_their_mode },
    { "mt_5_a_disabled_server_is_called_in_plain", mt_5_a_disabled_server_is_called_in_plain },
    { "az_2_policies_of_root_namespace_and_selector",
      az_2_policies_of_root_namespace_and_selector },
    { "az_4_empty_spec_has_no_rules_and_an_empty_rule_matches_all",
      az_4_empty_spec_has_no_rules_and_an_empty_rule_matches_all },
    { "az_5_values_are_typed", az_5_values_are_typed },
    { "az_9_bare_service_account_is_of_the_policys_namespace",
      az_9_bare_service_account_is_of_the_policys_namespace },
    { "az_14_conditions_by_key", az_14_conditions_by_key },
    { "a_policy_that_goes_is_gone", a_policy_that_goes_is_gone },
};

TAP_MAIN(cases)
