#include "core/compile/compile_vip.h"

#include <stdio.h>

#include "core/route/route.h"
#include "tests/tap.h"
#include "tests/unit/support/compile_rig.h"

static struct compile_rig rig;

#define BEGIN(yaml) OK(compile_rig_begin(&rig, yaml))

#define ENTRY(name, spec)                                                                          \
    "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"                                \
    "metadata: {name: " name ", namespace: default}\nspec: {" spec "}\n"
#define SERVICE(name, spec)                                                                        \
    "---\napiVersion: v1\nkind: Service\nmetadata: {name: " name                                   \
    ", namespace: default}\nspec: {" spec "}\n"
#define POD(name, ip, subdomain)                                                                   \
    "---\napiVersion: v1\nkind: Pod\n"                                                             \
    "metadata: {name: " name ", namespace: default, labels: {app: db}}\n"                          \
    "spec: {subdomain: '" subdomain "', containers: [{name: c, image: i}]}\n"                      \
    "status: {phase: Running, podIP: " ip ", conditions: [{type: Ready, status: 'True'}]}\n"
#define HEADLESS                                                                                   \
    SERVICE("db",                                                                                  \
            "clusterIP: None, selector: {app: db}, "                                               \
            "ports: [{name: http, port: 80}, {name: auto, port: 81}, {name: tcp, port: 82}, "      \
            "{name: https, port: 84}]")

/* "10.1.0.1 10.1.0.2", or "none" when the DNS proxy does not know the name. */
static const char *addresses(const char *host)
{
    static char out[256];
    const struct model_dns_name *name =
        rig.snapshot ? pmap_get(&rig.snapshot->outbound->names, str_of(host)) : NULL;
    char text[ADDR_TEXT_MAX];
    size_t len = 0;

    *out = '\0';
    for (uint32_t i = 0; name && i < name->count && len < sizeof(out); i++)
        len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s", i ? " " : "",
                                addr_format_ip(&name->addrs[i], text));
    return name ? out : "none";
}

static const char *target(const struct model_outbound_service *s, const char *dst, const char *sni)
{
    static char out[128];
    const struct model_tcp_route *r;
    struct addr src, to;

    addr_parse(STR("10.0.0.99:1234"), 0, &src);
    addr_parse(str_of(dst), 0, &to);
    r = s ? route_find_tcp(s->tcp, s->tcp_count, &src, &to, str_of(sni)) : NULL;
    (void)snprintf(out, sizeof(out), "%.*s",
                   STR_ARG(r ? r->clusters[0].cluster_name : STR("no route")));
    return out;
}

/* Bytes for "IP:PORT" that came with that server name. */
static const char *by_vip(const char *dst, const char *sni)
{
    return target(compile_rig_vip(&rig, dst), dst, sni);
}

static const char *by_port(const char *dst, const char *sni)
{
    struct str port = str_of(dst);

    (void)str_cut(&port, ':');
    return target(pmap_get(&rig.snapshot->outbound->tcp_by_port, port), dst, sni);
}

#define DB "db.default.svc.cluster.local"

static void dn_3_headless_name_stands_for_ready_members_and_each_has_one(void)
{
    if (BEGIN(HEADLESS POD("db-0", "10.0.0.1", "db") POD("db-1", "10.0.0.2", "db")
                  POD("db-x", "10.0.0.3", ""))) {
        EQ_STR(addresses(DB), "10.0.0.1 10.0.0.2 10.0.0.3");
        EQ_STR(addresses("db-0." DB), "10.0.0.1");
        EQ_STR(addresses("db-1." DB), "10.0.0.2");
        EQ_STR(addresses("db-x." DB), "none");
        compile_rig_remove(&rig, "Pod", "default", "db-0");
        OK(compile_rig_run(&rig));
        EQ_STR(addresses(DB), "10.0.0.2 10.0.0.3");
        EQ_STR(addresses("db-0." DB), "none");
        compile_rig_remove(&rig, "Service", "default", "db");
        OK(compile_rig_run(&rig));
        EQ_STR(addresses(DB), "none");
        EQ_STR(addresses("db-1." DB), "none");
    }
    compile_rig_deinit(&rig);
}

static void dn_3_slice_names_its_members(void)
{
    if (BEGIN(SERVICE(
            "db",
            "clusterIP: None, ports: [{name: tcp, port: 82}]") "---\napiVersion: "
                                                               "discovery.k8s.io/v1\nkind: "
                                                               "EndpointSlice\n"
                                                               "metadata: {name: db-1, namespace: "
                                                               "default, "
                                                               "labels: "
                                                               "{kubernetes.io/service-name: db}}\n"
                                                               "addressType: IPv4\nports: [{name: "
                                                               "tcp, port: 82}]\n"
                                                               "endpoints:\n- {addresses: "
                                                               "[10.0.0.7], hostname: first}\n"
                                                               "- {addresses: [10.0.0.8], "
                                                               "hostname: second, conditions: "
                                                               "{ready: false}}\n")) {
        EQ_STR(addresses("first." DB), "10.0.0.7");
        EQ_STR(addresses(DB), "10.0.0.7");
        EQ_STR(addresses("second." DB), "none");
    }
    compile_rig_deinit(&rig);
}

static void dn_2_ipv6_address_is_told_where_there_is_ipv6(void)
{
    struct addr own[2] = { { 0 } };

    if (BEGIN(ENTRY("a", "hosts: [a.com], resolution: DNS, ports: [{number: 80, name: h, "
                         "protocol: HTTP}]"))) {
        OK(str_starts(str_of(addresses("a.com")), STR("240.240.")));
        EQ_INT(str_chr(str_of(addresses("a.com")), ' '), -1);
    }
    compile_rig_deinit(&rig);
    compile_rig_init(&rig);
    addr_parse_ip(STR("10.0.0.99"), &own[0]);
    addr_parse_ip(STR("fd00::99"), &own[1]);
    rig.node.addrs = own;
    rig.node.addr_count = 2;
    compile_rig_start(&rig);
    if (OK(compile_rig_apply(&rig, ENTRY("a", "hosts: [a.com], resolution: DNS, "
                                              "ports: [{number: 80, name: h, protocol: HTTP}]"))))
        OK(strstr(addresses("a.com"), " 2001:2::") != NULL);
    compile_rig_deinit(&rig);
}

static void hl_1_bytes_to_a_member_of_a_headless_service(void)
{
    if (BEGIN(HEADLESS POD("db-0", "10.0.0.1", "db"))) {
        EQ_STR(by_vip("10.0.0.1:82", ""), "outbound|82||" DB);
        EQ_STR(by_vip("10.0.0.1:81", ""), "outbound|81||" DB);
        EQ_STR(by_vip("10.0.0.1:84", "db.default"), "outbound|84||" DB);
        OK(!compile_rig_vip(&rig, "10.0.0.1:80")); /* HTTP: by its Host */
        OK(compile_rig_vhost(&rig, 80, "db-0." DB));
        OK(!compile_rig_vip(&rig, "10.0.0.2:82"));
        OK(compile_rig_apply(&rig, POD("db-1", "10.0.0.2", "db")));
        EQ_STR(by_vip("10.0.0.2:82", ""), "outbound|82||" DB);
    }
    compile_rig_deinit(&rig);
}

static void hl_2_members_are_known_with_their_identity(void)
{
    const struct model_cluster *c;

    if (BEGIN(HEADLESS "---\napiVersion: networking.istio.io/v1\nkind: WorkloadEntry\n"
                       "metadata: {name: w, namespace: default}\n"
                       "spec: {address: 10.0.0.5, serviceAccount: db, "
                       "labels: {app: db, security.istio.io/tlsMode: istio}}\n") &&
        OK(c = compile_rig_cluster(&rig, "outbound|82||" DB))) {
        EQ_INT(c->config->type, MODEL_CLUSTER_ORIGINAL_DST);
        if (EQ_INT(c->endpoints->count, 1)) {
            const struct model_endpoint *e = &c->endpoints->list[0];

            EQ_INT(e->hop, MODEL_HOP_ISTIO);
            EQ_STRN(e->identity.p, e->identity.len, "spiffe://cluster.local/ns/default/sa/db");
        }
    }
    compile_rig_deinit(&rig);
}

static void hl_3_a_member_reaches_itself_without_the_mesh(void)
{
    struct addr own = { 0 };

    compile_rig_init(&rig);
    addr_parse_ip(STR("10.0.0.1"), &own);
    rig.node.addrs = &own;
    rig.node.addr_count = 1;
    compile_rig_start(&rig);
    if (OK(compile_rig_apply(&rig, HEADLESS POD("db-0", "10.0.0.1", "db")
                                       POD("db-1", "10.0.0.2", "db")))) {
        OK(!compile_rig_vip(&rig, "10.0.0.1:82"));
        EQ_STR(by_vip("10.0.0.2:82", ""), "outbound|82||" DB);
        EQ_STR(addresses(DB), "10.0.0.1 10.0.0.2");
    }
    compile_rig_deinit(&rig);
}

static void targetport_of_a_passed_through_entry_takes_the_ports_place(void)
{
    const struct model_cluster *c;

    if (BEGIN(ENTRY("e", "hosts: [e.com], resolution: NONE, ports: "
                         "[{number: 81, name: a, protocol: HTTP}, "
                         "{number: 82, name: b, protocol: HTTP, targetPort: 443}]"))) {
        OK((c = compile_rig_cluster(&rig, "outbound|81||e.com")) && c->config->dst_port == 0);
        OK((c = compile_rig_cluster(&rig, "outbound|82||e.com")) && c->config->dst_port == 443);
    }
    compile_rig_deinit(&rig);
}

/* By the Service's address also one's own app is called through both sidecars. */
static void tc_4_a_member_reaches_its_own_service_through_the_mesh(void)
{
    const struct model_cluster *c;
    struct addr own = { 0 };
    char text[ADDR_TEXT_MAX];

    compile_rig_init(&rig);
    addr_parse_ip(STR("10.0.0.1"), &own);
    rig.node.addrs = &own;
    rig.node.addr_count = 1;
    compile_rig_start(&rig);
    if (OK(compile_rig_apply(
            &rig,
            SERVICE(
                "db",
                "clusterIP: 10.2.0.1, selector: {app: db}, "
                "ports: [{name: tcp, port: 82}]") "---\napiVersion: networking.istio.io/v1\nkind: "
                                                  "WorkloadEntry\n"
                                                  "metadata: {name: w, namespace: default}\n"
                                                  "spec: {address: 10.0.0.1, serviceAccount: db, "
                                                  "labels: {app: db, security.istio.io/tlsMode: "
                                                  "istio}}\n"))) {
        EQ_STR(by_vip("10.2.0.1:82", ""), "outbound|82||" DB);
        OK(!compile_rig_vip(&rig, "10.0.0.1:82")); /* by the pod's own address: past the mesh */
        c = compile_rig_cluster(&rig, "outbound|82||" DB);
        if (OK(c) && EQ_INT(c->endpoints->count, 1)) {
            EQ_STR(addr_format_ip(&c->endpoints->list[0].addr, text), "10.0.0.1");
            EQ_INT(c->endpoints->list[0].hop, MODEL_HOP_ISTIO);
        }
    }
    compile_rig_deinit(&rig);
}

static void hl_1_no_members_no_listener(void)
{
    if (BEGIN(HEADLESS)) {
        EQ_INT(rig.snapshot->outbound->by_vip.count, 0);
        EQ_INT(rig.snapshot->outbound->tcp_by_port.count, 0);
        EQ_STR(addresses(DB), "");
    }
    compile_rig_deinit(&rig);
}

static void ps_5_older_of_two_services_has_the_address(void)
{
#define AGED(name, host, time)                                                                     \
    "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"                                \
    "metadata: {name: " name ", namespace: default, creationTimestamp: '" time "'}\n"              \
    "spec: {hosts: [" host "], addresses: [10.3.0.1], resolution: DNS, "                           \
    "ports: [{number: 82, name: tcp, protocol: TCP}]}\n"
    if (BEGIN(AGED("a", "a.com", "2026-03-01T00:00:00Z") AGED("b", "b.com", "2026-01-01T00:00:00Z")
                  AGED("c", "c.com", "2026-02-01T00:00:00Z"))) {
        EQ_STR(by_vip("10.3.0.1:82", ""), "outbound|82||b.com");
        compile_rig_remove(&rig, "ServiceEntry", "default", "b");
        OK(compile_rig_run(&rig));
        EQ_STR(by_vip("10.3.0.1:82", ""), "outbound|82||c.com");
        compile_rig_remove(&rig, "ServiceEntry", "default", "c");
        OK(compile_rig_run(&rig));
        EQ_STR(by_vip("10.3.0.1:82", ""), "outbound|82||a.com");
        compile_rig_remove(&rig, "ServiceEntry", "default", "a");
        OK(compile_rig_run(&rig));
        OK(!compile_rig_vip(&rig, "10.3.0.1:82"));
    }
    compile_rig_deinit(&rig);
}

/* Istio's sim cases of overlapping networks. */
static void narrower_network_wins_and_each_is_met(void)
{
    if (BEGIN(ENTRY("a", "hosts: [a.com], addresses: [10.4.0.0/16, 10.5.0.0/16], resolution: NONE, "
                         "ports: [{number: 82, name: tcp, protocol: TCP}]")
                  ENTRY("b", "hosts: [b.com], addresses: [10.4.1.0/24], resolution: NONE, "
                             "ports: [{number: 82, name: tcp, protocol: TCP}]"))) {
        EQ_STR(by_port("10.4.9.9:82", ""), "outbound|82||a.com");
        EQ_STR(by_port("10.5.0.0:82", ""), "outbound|82||a.com");
        EQ_STR(by_port("10.4.1.9:82", ""), "outbound|82||b.com");
        EQ_STR(by_port("10.9.0.1:82", ""), "no route");
    }
    compile_rig_deinit(&rig);
}

static void ps_6_without_address_everything_on_the_port(void)
{
    if (BEGIN(ENTRY("a", "hosts: [a.com], resolution: NONE, "
                         "ports: [{number: 82, name: tcp, protocol: TCP}]")
                  ENTRY("b", "hosts: [b.com], resolution: DNS, "
                             "ports: [{number: 83, name: tcp, protocol: TCP}]"))) {
        EQ_STR(by_port("10.9.9.9:82", ""), "outbound|82||a.com");
        /* an allocated address fixes this */
        EQ_STR(by_port("10.9.9.9:83", ""), "no route");
    }
    compile_rig_deinit(&rig);
}

static void ps_7_tls_is_told_by_name_also_without_its_address(void)
{
    if (BEGIN(ENTRY("a", "hosts: [a.com], resolution: DNS, "
                         "ports: [{number: 443, name: tls, protocol: TLS}]")
                  ENTRY("w", "hosts: ['*.w.com'], resolution: NONE, "
                             "ports: [{number: 443, name: tls, protocol: TLS}]"))) {
        EQ_STR(by_port("192.0.2.1:443", "a.com"), "outbound|443||a.com");
        EQ_STR(by_port("192.0.2.1:443", "x.w.com"), "outbound|443||*.w.com");
        EQ_STR(by_port("192.0.2.1:443", "other.com"), "no route");
    }
    compile_rig_deinit(&rig);
}

#define ALIAS(ports)                                                                               \
    SERVICE("alias", "type: ExternalName, externalName: web.default.svc.cluster.local" ports)
#define WEB                                                                                        \
    SERVICE("web", "clusterIP: 10.1.0.7, ports: [{name: http, port: 80}, {name: tcp, port: 82}]")
#define ALIAS_HOST "alias.default.svc.cluster.local"

static const char *route_to(const char *host)
{
    return compile_rig_target(compile_rig_route(&rig, 80, host, "/", NULL));
}

static void h_9_alias_is_a_name_of_the_service_it_stands_for(void)
{
    for (int i = 0; i < 2; i++) {
        compile_rig_init(&rig);
        OK(compile_rig_put(&rig, i ? ALIAS(", ports: [{name: http, port: 80}]") : ALIAS("")));
        if (OK(compile_rig_apply(&rig, WEB))) {
            EQ_STR(route_to(ALIAS_HOST), "outbound|80||web.default.svc.cluster.local");
            EQ_STR(route_to("alias.default"), "outbound|80||web.default.svc.cluster.local");
            EQ_STR(addresses(ALIAS_HOST), "10.1.0.7");
            compile_rig_remove(&rig, "Service", "default", "alias");
            OK(compile_rig_run(&rig));
            EQ_STR(route_to(ALIAS_HOST), "");
            EQ_STR(addresses(ALIAS_HOST), "none");
            EQ_STR(route_to("web"), "outbound|80||web.default.svc.cluster.local");
        }
        compile_rig_deinit(&rig);
    }
}

/* Istio's sim cases sim-extname-vs-http-short and sim-extname-vs-tcp. */
static void h_9_rules_for_an_alias_do_not_apply(void)
{
    if (BEGIN(WEB ALIAS(", ports: [{name: http, port: 80}, {name: tcp, port: 82}]") SERVICE(
            "third",
            "clusterIP: 10.1.0.8, ports: [{name: http, port: 80}]") "---\napiVersion: "
                                                                    "networking.istio.io/v1\nkind: "
                                                                    "VirtualService\n"
                                                                    "metadata: {name: a, "
                                                                    "namespace: default}\n"
                                                                    "spec: {hosts: [" ALIAS_HOST
                                                                    "], http: [{route: "
                                                                    "[{destination: {host: "
                                                                    "third}}]}], "
                                                                    "tcp: [{route: [{destination: "
                                                                    "{host: third}}]}]}\n")) {
        EQ_STR(route_to("alias.default"), "outbound|80||web.default.svc.cluster.local");
        EQ_STR(by_vip("10.1.0.7:82", ""), "outbound|82||web.default.svc.cluster.local");
    }
    compile_rig_deinit(&rig);
}

static void h_9_alias_of_nothing_known_is_resolved(void)
{
    const struct model_cluster *c;

    if (BEGIN(ALIAS(", ports: [{name: http, port: 80}]")) &&
        OK(c = compile_rig_cluster(&rig, "outbound|80||" ALIAS_HOST))) {
        EQ_INT(c->config->type, MODEL_CLUSTER_DNS);
        EQ_STR(route_to("alias"), "outbound|80||" ALIAS_HOST);
        OK(compile_rig_apply(&rig, WEB)); /* until it comes */
        EQ_STR(route_to("alias"), "outbound|80||web.default.svc.cluster.local");
    }
    compile_rig_deinit(&rig);
}

static void h_8_names_below_every_name_of_a_headless_service(void)
{
    if (BEGIN(HEADLESS POD("db-0", "10.0.0.1", "db"))) {
        OK(compile_rig_vhost(&rig, 80, "db-0.db.default.svc.cluster.local"));
        OK(compile_rig_vhost(&rig, 80, "db-0.db.default.svc"));
        OK(compile_rig_vhost(&rig, 80, "db-0.db.default:1234"));
        OK(compile_rig_vhost(&rig, 80, "db-0.db"));
        OK(!compile_rig_vhost(&rig, 80, "db-0.web"));
    }
    compile_rig_deinit(&rig);
}

static void dn_5_dynamic_entry_goes_to_the_name_that_was_asked_for(void)
{
    const struct model_cluster *c;

    if (BEGIN(ENTRY("w", "hosts: ['*.w.com'], resolution: DYNAMIC_DNS, "
                         "ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}, "
                         "{number: 443, name: tls, protocol: TLS}]"))) {
        if (OK(c = compile_rig_cluster(&rig, "outbound|80||*.w.com"))) {
            EQ_INT(c->config->type, MODEL_CLUSTER_DYNAMIC);
            EQ_INT(c->config->port, 8080);
        }
        EQ_STR(compile_rig_target(compile_rig_route(&rig, 80, "a.w.com", "/", NULL)),
               "outbound|80||*.w.com");
        EQ_STR(by_port("192.0.2.1:443", "b.w.com"), "outbound|443||*.w.com");
        EQ_STR(by_port("192.0.2.1:443", "w.com"), "no route");
    }
    compile_rig_deinit(&rig);
}

static const struct tap_case cases[] = {
    { "dn_5_dynamic_entry_goes_to_the_name_that_was_asked_for",
      dn_5_dynamic_entry_goes_to_the_name_that_was_asked_for },
    { "h_9_alias_is_a_name_of_the_service_it_stands_for",
      h_9_alias_is_a_name_of_the_service_it_stands_for },
    { "h_9_rules_for_an_alias_do_not_apply", h_9_rules_for_an_alias_do_not_apply },
    { "h_9_alias_of_nothing_known_is_resolved", h_9_alias_of_nothing_known_is_resolved },
    { "h_8_names_below_every_name_of_a_headless_service",
      h_8_names_below_every_name_of_a_headless_service },
    { "dn_3_headless_name_stands_for_ready_members_and_each_has_one",
      dn_3_headless_name_stands_for_ready_members_and_each_has_one },
    { "dn_3_slice_names_its_members", dn_3_slice_names_its_members },
    { "dn_2_ipv6_address_is_told_where_there_is_ipv6",
      dn_2_ipv6_address_is_told_where_there_is_ipv6 },
    { "hl_1_bytes_to_a_member_of_a_headless_service",
      hl_1_bytes_to_a_member_of_a_headless_service },
    { "hl_1_no_members_no_listener", hl_1_no_members_no_listener },
    { "hl_2_members_are_known_with_their_identity", hl_2_members_are_known_with_their_identity },
    { "targetport_of_a_passed_through_entry_takes_the_ports_place",
      targetport_of_a_passed_through_entry_takes_the_ports_place },
    { "tc_4_a_member_reaches_its_own_service_through_the_mesh",
      tc_4_a_member_reaches_its_own_service_through_the_mesh },
    { "hl_3_a_member_reaches_itself_without_the_mesh",
      hl_3_a_member_reaches_itself_without_the_mesh },
    { "ps_5_older_of_two_services_has_the_address", ps_5_older_of_two_services_has_the_address },
    { "narrower_network_wins_and_each_is_met", narrower_network_wins_and_each_is_met },
    { "ps_6_without_address_everything_on_the_port", ps_6_without_address_everything_on_the_port },
    { "ps_7_tls_is_told_by_name_also_without_its_address",
      ps_7_tls_is_told_by_name_also_without_its_address },
};

TAP_MAIN(cases)
