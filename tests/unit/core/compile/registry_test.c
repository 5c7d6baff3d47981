#include "core/compile/registry.h"

#include "core/base/mem.h"
#include "core/compile/registry_vips.h"
#include "tests/tap.h"
#include "tests/unit/support/compile_rig.h"

static struct compile_rig rig;

#define BEGIN(yaml) OK(compile_rig_begin(&rig, yaml))

static const struct registry_service *find(const char *host)
{
    return registry_find(compile_registry(rig.compile), str_of(host));
}

static const struct registry_endpoints *members(const char *host)
{
    return registry_find_endpoints(compile_registry(rig.compile), str_of(host));
}

#define ENTRY(name, spec)                                                                          \
    "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"                                \
    "metadata: {name: " name ", namespace: default}\nspec: {" spec "}\n"
#define SERVICE(name, spec)                                                                        \
    "---\napiVersion: v1\nkind: Service\nmetadata: {name: " name                                   \
    ", namespace: default}\nspec: {" spec "}\n"

static void is_vip(const struct registry_service *s, uint32_t i, const char *prefix)
{
    char text[ADDR_TEXT_MAX];

    if (OK(s) && OK(i < s->vip_count))
        OK(str_starts(str_of(addr_format_ip(&s->vips[i], text)), str_of(prefix)));
}

static void dn_2_entry_without_addresses_gets_one_of_each_family(void)
{
    if (BEGIN(
            ENTRY("a", "hosts: [a.com], resolution: DNS, ports: [{number: 80, name: http, "
                       "protocol: HTTP}]")
                ENTRY("none", "hosts: [none.com], resolution: NONE, ports: [{number: 80, name: h, "
                              "protocol: HTTP}]")
                    ENTRY("wild", "hosts: ['*.wild.com'], resolution: NONE, ports: [{number: 80, "
                                  "name: h, protocol: HTTP}]"))) {
        const struct registry_service *s = find("a.com");

        is_vip(s, 0, "240.240.");
        is_vip(s, 1, "2001:2::");
        OK(s->vip_allocated);
        EQ_INT(registry_vips_low(&s->vips[0]), registry_vips_low(&s->vips[1]));
        EQ_INT(find("none.com")->vip_count, 0);
        EQ_INT(find("*.wild.com")->vip_count, 0);
    }
    compile_rig_deinit(&rig);
}

static void dn_2_a_label_opts_out(void)
{
    if (BEGIN("apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"
              "metadata: {name: a, namespace: default, "
              "labels: {networking.istio.io/enable-autoallocate-ip: 'false'}}\n"
              "spec: {hosts: [a.com], resolution: DNS, ports: [{number: 80, name: h, "
              "protocol: HTTP}]}\n"))
        EQ_INT(find("a.com")->vip_count, 0);
    compile_rig_deinit(&rig);
}

static void dn_2_addresses_in_the_status_are_taken(void)
{
    const struct registry_service *s;

    if (BEGIN("apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"
              "metadata: {name: a, namespace: default}\n"
              "spec: {hosts: [a.com, b.com], resolution: DNS, ports: [{number: 80, name: h, "
              "protocol: HTTP}]}\n"
              "status: {addresses: [{value: 240.240.7.7, host: a.com}, "
              "{value: '2001:2::f0f0:707', host: a.com}, {value: 240.240.8.8, host: b.com}]}\n") &&
        OK(s = find("a.com"))) {
        EQ_INT(s->vip_count, 2);
        is_vip(s, 0, "240.240.7.7");
        is_vip(s, 1, "2001:2::");
        OK(s->vip_allocated);
        EQ_INT(find("b.com")->vip_count, 1);
        is_vip(find("b.com"), 0, "240.240.8.8");
    }
    compile_rig_deinit(&rig);
}

static void what_control_gave_out_nobody_else_is_given(void)
{
    struct registry_vips v = { 0 };
    uint16_t first = registry_vips_allocate(&v, STR("a.com"));

    OK(first != 0);
    OK(!registry_vips_hold(&v, first));
    OK(registry_vips_allocate(&v, STR("a.com")) != first);
    registry_vips_release(&v, first);
    OK(registry_vips_hold(&v, first));
    OK(!registry_vips_hold(&v, 0));
    registry_vips_deinit(&v);
}

static void h_10_kubernetes_service_wins(void)
{
    if (BEGIN(SERVICE("web", "clusterIP: 10.1.0.1, ports: [{name: http, port: 80}]")
                  ENTRY("a", "hosts: [web.default.svc.cluster.local], resolution: DNS, "
                             "addresses: [10.9.9.9], ports: [{number: 81, name: h, "
                             "protocol: HTTP}]"))) {
        const struct registry_service *s = find("web.default.svc.cluster.local");

        if (OK(s) && OK(s->kubernetes)) {
            EQ_INT(s->port_count, 1);
            is_vip(s, 0, "10.1.0.1");
        }
    }
    compile_rig_deinit(&rig);
}

static void h_10_oldest_visible_entry_wins(void)
{
    if (BEGIN("apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"
              "metadata: {name: a, namespace: aaa, creationTimestamp: '2026-02-01T00:00:00Z'}\n"
              "spec: {hosts: [x.com], addresses: [10.0.0.1], ports: [{number: 80, name: h, "
              "protocol: HTTP}]}\n"
              "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"
              "metadata: {name: b, namespace: bbb, creationTimestamp: '2026-01-01T00:00:00Z'}\n"
              "spec: {hosts: [x.com], addresses: [10.0.0.2], ports: [{number: 80, name: h, "
              "protocol: HTTP}]}\n"
              "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"
              "metadata: {name: c, namespace: ccc, creationTimestamp: '2025-01-01T00:00:00Z'}\n"
              "spec: {hosts: [x.com], addresses: [10.0.0.3], exportTo: ['.'], "
              "ports: [{number: 80, name: h, protocol: HTTP}]}\n"))
        is_vip(find("x.com"), 0, "10.0.0.2"); /* c is older, and not visible here */
    compile_rig_deinit(&rig);
}

static void h_11_entry_adds_names_to_a_service(void)
{
    if (BEGIN(SERVICE("web", "clusterIP: 10.1.0.1, ports: [{name: http, port: 80}]")
                  ENTRY("a", "hosts: [web.default.svc.cluster.local], resolution: DNS, "
                             "subjectAltNames: ['spiffe://x/y'], ports: [{number: 81, name: h, "
                             "protocol: HTTP}]"))) {
        const struct registry_service *s = find("web.default.svc.cluster.local");

        if (OK(s) && EQ_INT(s->san_count, 1))
            EQ_STRN(s->sans[0].p, s->sans[0].len, "spiffe://x/y");
    }
    compile_rig_deinit(&rig);
}

/* Istio's sim case "duplicate host": both on one address, each routed. */
static void entries_of_one_host_share_it_by_ports(void)
{
    const struct registry_service *s;
    const struct registry_endpoints *set;

    if (BEGIN(ENTRY("a", "hosts: [x.com], resolution: STATIC, ports: [{number: 80, name: http, "
                         "protocol: HTTP}], endpoints: [{address: 10.0.0.1}]")
                  ENTRY("b", "hosts: [x.com], resolution: STATIC, ports: [{number: 443, name: "
                             "https, protocol: HTTPS, targetPort: 8443}], "
                             "endpoints: [{address: 10.0.0.2}]")) &&
        OK(s = find("x.com")) && EQ_INT(s->port_count, 2) && OK(set = members("x.com")) &&
        EQ_INT(set->count, 2)) {
        EQ_INT(s->ports[0].port, 80);
        EQ_INT(s->ports[1].port, 443);
        EQ_INT(set->list[0].ports[0], 80);
        EQ_INT(set->list[0].ports[1], 0); /* not the other's port */
        EQ_INT(set->list[1].ports[0], 0);
        EQ_INT(set->list[1].ports[1], 8443);
        is_vip(s, 0, "240.240.");
    }
    compile_rig_deinit(&rig);
}

static void hl_4_members_that_are_not_ready_count_when_told_so(void)
{
    static const char pod[] = "---\napiVersion: v1\nkind: Pod\n"
                              "metadata: {name: db-0, namespace: default, labels: {app: db}}\n"
                              "spec: {containers: [{name: c, image: i}]}\n"
                              "status: {phase: Running, podIP: 10.0.0.1, "
                              "conditions: [{type: Ready, status: 'False'}]}\n";
    const struct registry_endpoints *set;

    compile_rig_init(&rig);
    OK(compile_rig_put(&rig, pod));
    if (OK(compile_rig_apply(
            &rig, SERVICE("a", "clusterIP: None, selector: {app: db}, ports: [{port: 1, name: t}]")
                      SERVICE("b", "clusterIP: None, selector: {app: db}, ports: [{port: 1, name: "
                                   "t}], publishNotReadyAddresses: true")))) {
        if (OK(set = members("a.default.svc.cluster.local")) && EQ_INT(set->count, 1))
            OK(!set->list[0].healthy);
        if (OK(set = members("b.default.svc.cluster.local")) && EQ_INT(set->count, 1))
            OK(set->list[0].healthy);
    }
    compile_rig_deinit(&rig);
}

static void endpoints_may_be_unix_sockets(void)
{
    const struct registry_endpoints *set;

    if (BEGIN(ENTRY("a", "hosts: [x.com], location: MESH_INTERNAL, resolution: STATIC, "
                         "ports: [{number: 80, name: http, protocol: HTTP}], "
                         "endpoints: [{address: 'unix:///run/x.sock'}]")) &&
        OK(set = members("x.com")) && EQ_INT(set->count, 1)) {
        const struct registry_workload *w = set->list[0].workload;

        EQ_INT(w->addr_count, 1);
        EQ_INT(w->addrs[0].family, ADDR_UNIX);
        EQ_STRN(w->addrs[0].path, w->addrs[0].path_len, "/run/x.sock");
    }
    compile_rig_deinit(&rig);
}

static void ps_1_application_protocol_before_the_ports_name(void)
{
    static const struct {
        const char *app, *name;
        uint8_t want;
    } rows[] = {
        { "", "http", MODEL_PROTOCOL_HTTP },
        { "", "HTTP-web", MODEL_PROTOCOL_HTTP },
        { "", "http2-x", MODEL_PROTOCOL_HTTP2 },
        { "", "https-x", MODEL_PROTOCOL_HTTPS },
        { "", "tls", MODEL_PROTOCOL_TLS },
        { "", "tcp-any", MODEL_PROTOCOL_TCP },
        { "", "grpc", MODEL_PROTOCOL_GRPC },
        { "", "gRPC-Web-ui", MODEL_PROTOCOL_GRPC },
        { "", "grpc-webby", MODEL_PROTOCOL_GRPC }, /* grpc with a suffix */
        { "", "mongo-db", MODEL_PROTOCOL_TCP },
        { "", "mysql", MODEL_PROTOCOL_TCP },
        { "", "redis", MODEL_PROTOCOL_TCP },
        { "", "httpx", MODEL_PROTOCOL_AUTO },
        { "", "web-http", MODEL_PROTOCOL_AUTO },
        { "", "", MODEL_PROTOCOL_AUTO },
        { "tcp", "http", MODEL_PROTOCOL_TCP },
        { "HTTP2", "tcp", MODEL_PROTOCOL_HTTP2 },
        { "kubernetes.io/h2c", "x", MODEL_PROTOCOL_HTTP2 },
        { "kubernetes.io/ws", "x", MODEL_PROTOCOL_HTTP },
        { "kubernetes.io/wss", "x", MODEL_PROTOCOL_HTTPS },
        { "example.com/own", "http", MODEL_PROTOCOL_HTTP }, /* unknown: the name says it */
        { "example.com/own", "x", MODEL_PROTOCOL_AUTO },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!EQ_INT(registry_service_protocol(str_of(rows[i].app), str_of(rows[i].name), 8080),
                    rows[i].want))
            NOTE("appProtocol '%s', name '%s'", rows[i].app, rows[i].name);
    }
}

static void ps_2_ports_of_servers_that_speak_first_are_tcp(void)
{
    static const uint16_t ports[] = { 25, 53, 3306, 27017 };

    for (size_t i = 0; i < COUNT_OF(ports); i++) {
        EQ_INT(registry_service_protocol(STR_NONE, STR("x"), ports[i]), MODEL_PROTOCOL_TCP);
        EQ_INT(registry_service_protocol(STR_NONE, STR("http"), ports[i]), MODEL_PROTOCOL_HTTP);
    }
    EQ_INT(registry_service_protocol(STR_NONE, STR("x"), 80), MODEL_PROTOCOL_AUTO);
}

static const struct tap_case cases[] = {
    { "ps_1_application_protocol_before_the_ports_name",
      ps_1_application_protocol_before_the_ports_name },
    { "ps_2_ports_of_servers_that_speak_first_are_tcp",
      ps_2_ports_of_servers_that_speak_first_are_tcp },
    { "dn_2_entry_without_addresses_gets_one_of_each_family",
      dn_2_entry_without_addresses_gets_one_of_each_family },
    { "dn_2_a_label_opts_out", dn_2_a_label_opts_out },
    { "dn_2_addresses_in_the_status_are_taken", dn_2_addresses_in_the_status_are_taken },
    { "what_control_gave_out_nobody_else_is_given", what_control_gave_out_nobody_else_is_given },
    { "h_10_kubernetes_service_wins", h_10_kubernetes_service_wins },
    { "h_10_oldest_visible_entry_wins", h_10_oldest_visible_entry_wins },
    { "h_11_entry_adds_names_to_a_service", h_11_entry_adds_names_to_a_service },
    { "entries_of_one_host_share_it_by_ports", entries_of_one_host_share_it_by_ports },
    { "hl_4_members_that_are_not_ready_count_when_told_so",
      hl_4_members_that_are_not_ready_count_when_told_so },
    { "endpoints_may_be_unix_sockets", endpoints_may_be_unix_sockets },
};

TAP_MAIN(cases)
