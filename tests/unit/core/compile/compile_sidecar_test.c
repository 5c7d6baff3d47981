#include "core/compile/compile_sidecar.h"

#include <stdio.h>

#include "core/base/mem.h"
#include "tests/tap.h"
#include "tests/unit/support/compile_rig.h"

#define SERVICE(name, ns, ip)                                                                      \
    "---\napiVersion: v1\nkind: Service\nmetadata: {name: " name ", namespace: " ns "}\n"          \
    "spec: {clusterIP: " ip ", ports: [{name: http, port: 80}, {name: tcp, port: 82}]}\n"
#define SIDECAR_IN(ns, name, spec)                                                                 \
    "---\napiVersion: networking.istio.io/v1\nkind: Sidecar\n"                                     \
    "metadata: {name: " name ", namespace: " ns "}\nspec: {" spec "}\n"
#define SIDECAR(spec) SIDECAR_IN("default", "sc", spec)
#define MESH                                                                                       \
    SERVICE("known", "default", "10.1.0.1")                                                        \
    SERVICE("other", "default", "10.1.0.2")                                                        \
    SERVICE("far", "prod", "10.1.0.3")
#define KNOWN "known.default.svc.cluster.local"
#define OTHER "other.default.svc.cluster.local"
#define FAR   "far.prod.svc.cluster.local"

static struct compile_rig rig;

#define BEGIN(yaml) OK(compile_rig_begin(&rig, yaml))

/* "http tcp dns": in how many ways a service is known. */
static int ways(const char *host, const char *ip)
{
    char vip[64];

    (void)snprintf(vip, sizeof(vip), "%s:82", ip);
    return (compile_rig_vhost(&rig, 80, host) != NULL) + (compile_rig_vip(&rig, vip) != NULL) +
           (pmap_get(&rig.snapshot->outbound->names, str_of(host)) != NULL);
}

static void is_known(bool known, bool other, bool far)
{
    EQ_INT(ways(KNOWN, "10.1.0.1"), known ? 3 : 0);
    EQ_INT(ways(OTHER, "10.1.0.2"), other ? 3 : 0);
    EQ_INT(ways(FAR, "10.1.0.3"), far ? 3 : 0);
}

static void egress_hosts_limit_what_is_known(void)
{
    static const struct {
        const char *yaml;
        bool known, other, far;
    } rows[] = {
        { SIDECAR("egress: [{hosts: ['*/*']}]"), true, true, true },
        { SIDECAR("egress: [{hosts: ['./*']}]"), true, true, false },
        { SIDECAR("egress: [{hosts: ['prod/*']}]"), false, false, true },
        { SIDECAR("egress: [{hosts: ['./" KNOWN "']}]"), true, false, false },
        { SIDECAR("egress: [{hosts: ['*/*.prod.svc.cluster.local', './" OTHER "']}]"), false, true,
          true },
        { SIDECAR("egress: [{hosts: ['~/*']}]"), false, false, false },
        { SIDECAR("egress: [{hosts: ['*/*', '~prod/*']}]"), true, true, false },
        /* nothing said about egress: everything */
        { SIDECAR("outboundTrafficPolicy: {mode: ALLOW_ANY}"), true, true, true },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        compile_rig_init(&rig);
        OK(compile_rig_put(&rig, rows[i].yaml));
        if (OK(compile_rig_apply(&rig, MESH)))
            is_known(rows[i].known, rows[i].other, rows[i].far);
        compile_rig_deinit(&rig);
    }
}

static void a_sidecar_that_changes_or_goes_is_followed(void)
{
    if (BEGIN(MESH)) {
        is_known(true, true, true);
        OK(compile_rig_apply(&rig, SIDECAR("egress: [{hosts: ['./" KNOWN "']}]")));
        is_known(true, false, false);
        OK(compile_rig_apply(&rig, SIDECAR("egress: [{hosts: ['prod/*']}]")));
        is_known(false, false, true);
        compile_rig_remove(&rig, "Sidecar", "default", "sc");
        OK(compile_rig_run(&rig));
        is_known(true, true, true);
    }
    compile_rig_deinit(&rig);
}

static void selector_before_namespace_before_mesh(void)
{
    if (BEGIN(MESH SIDECAR_IN("istio-system", "mesh", "egress: [{hosts: ['./*']}]"))) {
        is_known(true, true, false);
        OK(compile_rig_apply(&rig, SIDECAR_IN("default", "ns", "egress: [{hosts: ['prod/*']}]")));
        is_known(false, false, true);
        OK(compile_rig_put(&rig, SIDECAR_IN("default", "not-us",
                                            "workloadSelector: {labels: {app: x}}, "
                                            "egress: [{hosts: ['~/*']}]")));
        OK(!compile_rig_run(&rig)); /* nothing here depends on it */
        is_known(false, false, true);
        OK(compile_rig_apply(&rig, SIDECAR_IN("default", "us",
                                              "workloadSelector: {labels: {app: client}}, "
                                              "egress: [{hosts: ['./" OTHER "']}]")));
        is_known(false, true, false);
    }
    compile_rig_deinit(&rig);
}

static void a_listener_of_a_port_counts_for_that_port(void)
{
    if (BEGIN(MESH SIDECAR("egress: [{port: {number: 82, protocol: TCP, name: tcp}, "
                           "hosts: ['./" KNOWN "']}, {hosts: ['./" OTHER "']}]"))) {
        OK(!compile_rig_vhost(&rig, 80, KNOWN));
        OK(compile_rig_vip(&rig, "10.1.0.1:82"));
        OK(compile_rig_vhost(&rig, 80, OTHER));
        OK(!compile_rig_vip(&rig, "10.1.0.2:82"));
    }
    compile_rig_deinit(&rig);
}

#define VS(name, host, to)                                                                         \
    "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n"                              \
    "metadata: {name: " name ", namespace: default}\n"                                             \
    "spec: {hosts: ['" host "'], http: [{name: " name ", route: [{destination: {host: " to         \
    "}}]}]}\n"

static const char *route_name(const char *host)
{
    static char out[64];
    const struct model_route *r = compile_rig_route(&rig, 80, host, "/", NULL);

    (void)snprintf(out, sizeof(out), "%.*s", STR_ARG(r ? r->name : STR("none")));
    return out;
}

/* Istio's sim cases sim-rt-wild-known, -notimported, sim-rt-sc-nonservice. */
static void h_4_wildcard_rule_is_imported_with_what_it_covers(void)
{
    if (BEGIN(MESH VS("wild", "*.cluster.local", FAR)
                  SIDECAR("egress: [{hosts: ['*/*.cluster.local']}]")))
        EQ_STR(route_name(KNOWN), "wild");
    compile_rig_deinit(&rig);
    if (BEGIN(MESH VS("wild", "*.cluster.local", FAR) VS("explicit", KNOWN, FAR)
                  SIDECAR("egress: [{hosts: ['*/" KNOWN "', '*/" OTHER "']}]"))) {
        EQ_STR(route_name(KNOWN), "explicit");
        EQ_STR(route_name(OTHER), "wild");
        EQ_STR(compile_rig_target(compile_rig_route(&rig, 80, OTHER, "/", NULL)),
               "outbound|80||" FAR); /* not imported, but sent to */
    }
    compile_rig_deinit(&rig);
    if (BEGIN(MESH VS("wild", "*.example.org", FAR)
                  SIDECAR("egress: [{hosts: ['*/explicit.example.org']}]")))
        EQ_STR(route_name("x.example.org"), "wild");
    compile_rig_deinit(&rig);
}

static void h_4_rule_of_a_namespace_that_is_not_imported_does_not_count(void)
{
    if (BEGIN(SERVICE("far", "prod", "10.1.0.3") VS("mine", FAR, "known")
                  SIDECAR("egress: [{hosts: ['prod/*']}]")))
        EQ_STR(route_name(FAR), "default");
    compile_rig_deinit(&rig);
}

static void nr_2_policy_of_the_sidecar_before_the_mesh(void)
{
    if (BEGIN(MESH)) {
        EQ_INT(rig.snapshot->outbound->policy, MODEL_ALLOW_ANY);
        OK(compile_rig_apply(&rig, SIDECAR("outboundTrafficPolicy: {mode: REGISTRY_ONLY}")));
        EQ_INT(rig.snapshot->outbound->policy, MODEL_REGISTRY_ONLY);
    }
    compile_rig_deinit(&rig);
}

static void egress_proxy_takes_what_is_unknown(void)
{
    struct str name;

    if (BEGIN(MESH SIDECAR("outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: "
                           "{host: " FAR ", port: {number: 82}}}"))) {
        name = rig.snapshot->outbound->passthrough->config->name;
        EQ_STRN(name.p, name.len, "outbound|82||" FAR);
        compile_rig_remove(&rig, "Service", "prod", "far");
        OK(compile_rig_run(&rig));
        name = rig.snapshot->outbound->passthrough->config->name;
        EQ_STRN(name.p, name.len, "BlackHoleCluster");
    }
    compile_rig_deinit(&rig);
}

#define OWN                                                                                        \
    "---\napiVersion: v1\nkind: Service\nmetadata: {name: own, namespace: default}\n"              \
    "spec: {clusterIP: 10.1.0.9, selector: {app: client}, "                                        \
    "ports: [{name: http, port: 80, targetPort: 8080}, {name: tcp, port: 90, targetPort: "         \
    "9090}]}\n"

static const char *app_at(uint16_t port)
{
    static char text[ADDR_TEXT_MAX];
    const struct model_inbound_port *p = snapshot_find_inbound(rig.snapshot, port);

    if (!p || p->port != port)
        return "none";
    return addr_format(&p->cluster->endpoints->list[0].addr, text);
}

static void ingress_listeners_replace_the_services_ports(void)
{
    struct addr own = { 0 };

    compile_rig_init(&rig);
    addr_parse_ip(STR("10.0.0.99"), &own);
    rig.node.addrs = &own;
    rig.node.addr_count = 1;
    compile_rig_start(&rig);
    if (OK(compile_rig_apply(&rig, OWN))) {
        EQ_STR(app_at(8080), "127.0.0.1:8080");
        EQ_STR(app_at(9090), "127.0.0.1:9090");
    }
    if (OK(compile_rig_apply(&rig, SIDECAR("ingress: ["
                                           "{port: {number: 8080, protocol: HTTP, name: a}, "
                                           "defaultEndpoint: '127.0.0.1:18080'}, "
                                           "{port: {number: 8081, protocol: HTTP, name: b}}, "
                                           "{port: {number: 8082, protocol: TCP, name: c}, "
                                           "defaultEndpoint: '0.0.0.0:18082'}, "
                                           "{port: {number: 8083, protocol: TCP, name: d}, "
                                           "defaultEndpoint: ':18083'}, "
                                           "{port: {number: 8084, protocol: HTTP, name: e}, "
                                           "defaultEndpoint: 'unix:///run/app.sock'}]")))) {
        const struct model_inbound_port *p = snapshot_find_inbound(rig.snapshot, 8080);

        EQ_STR(app_at(8080), "127.0.0.1:18080");
        EQ_STR(app_at(8081), "10.0.0.99:8081");
        EQ_STR(app_at(8082), "10.0.0.99:18082");
        EQ_STR(app_at(8083), "10.0.0.99:18083");
        EQ_STR(app_at(8084), "unix:/run/app.sock");
        EQ_STR(app_at(9090), "none");
        EQ_STRN(p->service_host.p, p->service_host.len, "own.default.svc.cluster.local");
        EQ_INT(p->protocol, MODEL_PROTOCOL_HTTP);
    }
    compile_rig_deinit(&rig);
}

static uint32_t most_connections(uint16_t port)
{
    return snapshot_find_inbound(rig.snapshot, port)->cluster->config->limits.max_connections;
}

static void dr_8_pools_of_the_sidecar_before_those_of_rules(void)
{
    if (BEGIN(OWN "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
                  "metadata: {name: own, namespace: default}\n"
                  "spec: {host: own, trafficPolicy: {connectionPool: {tcp: "
                  "{maxConnections: 7}}}}\n")) {
        EQ_INT(most_connections(8080), 7);
        OK(compile_rig_apply(&rig, SIDECAR("inboundConnectionPool: {tcp: {maxConnections: 8}}")));
        EQ_INT(most_connections(8080), 8);
        OK(compile_rig_apply(&rig,
                             SIDECAR("inboundConnectionPool: {tcp: {maxConnections: 8}}, ingress: ["
                                     "{port: {number: 8080, protocol: HTTP, name: a}, "
                                     "connectionPool: {tcp: {maxConnections: 9}}}, "
                                     "{port: {number: 9090, protocol: TCP, name: b}}]")));
        EQ_INT(most_connections(8080), 9);
        EQ_INT(most_connections(9090), 8);
    }
    compile_rig_deinit(&rig);
}

/* A rule that comes, changes or goes later is followed, too. */
static void dr_8_a_rule_for_the_way_in_is_followed(void)
{
    static const char rule[] = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
                               "metadata: {name: own, namespace: default}\n"
                               "spec: {host: own, trafficPolicy: {connectionPool: {tcp: "
                               "{maxConnections: 7}, http: {useClientProtocol: true}}}}\n";

    if (BEGIN(OWN)) {
        EQ_INT(most_connections(8080), 0);
        OK(compile_rig_apply(&rig, rule));
        EQ_INT(most_connections(8080), 7);
        OK(snapshot_find_inbound(rig.snapshot, 8080)->cluster->config->client_protocol);
        compile_rig_remove(&rig, "DestinationRule", "default", "own");
        OK(compile_rig_run(&rig));
        EQ_INT(most_connections(8080), 0);
    }
    compile_rig_deinit(&rig);
}

static const struct tap_case cases[] = {
    { "egress_hosts_limit_what_is_known", egress_hosts_limit_what_is_known },
    { "a_sidecar_that_changes_or_goes_is_followed", a_sidecar_that_changes_or_goes_is_followed },
    { "selector_before_namespace_before_mesh", selector_before_namespace_before_mesh },
    { "a_listener_of_a_port_counts_for_that_port", a_listener_of_a_port_counts_for_that_port },
    { "h_4_wildcard_rule_is_imported_with_what_it_covers",
      h_4_wildcard_rule_is_imported_with_what_it_covers },
    { "h_4_rule_of_a_namespace_that_is_not_imported_does_not_count",
      h_4_rule_of_a_namespace_that_is_not_imported_does_not_count },
    { "nr_2_policy_of_the_sidecar_before_the_mesh", nr_2_policy_of_the_sidecar_before_the_mesh },
    { "egress_proxy_takes_what_is_unknown", egress_proxy_takes_what_is_unknown },
    { "ingress_listeners_replace_the_services_ports",
      ingress_listeners_replace_the_services_ports },
    { "dr_8_a_rule_for_the_way_in_is_followed", dr_8_a_rule_for_the_way_in_is_followed },
    { "dr_8_pools_of_the_sidecar_before_those_of_rules",
      dr_8_pools_of_the_sidecar_before_those_of_rules },
};

TAP_MAIN(cases)
