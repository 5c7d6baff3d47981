#include "core/compile/compile_gateway.h"

#include <string.h>

#include "core/route/route.h"
#include "tests/tap.h"
#include "tests/unit/support/compile_rig.h"

#define GW(name, servers)                                                                          \
    "apiVersion: networking.istio.io/v1\nkind: Gateway\n"                                          \
    "metadata: {name: " name ", namespace: default}\n"                                             \
    "spec:\n  selector: {istio: ingressgateway}\n  servers:\n" servers "---\n"
#define VS(ns, name, spec)                                                                         \
    "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"                                   \
    "metadata: {name: " name ", namespace: " ns "}\nspec:\n" spec "---\n"
#define SVC                                                                                        \
    "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: default}\n"                   \
    "spec: {clusterIP: 10.1.0.1, ports: [{name: http, port: 9080}]}\n---\n"
#define HTTP80(hosts) "  - {port: {number: 80, name: http, protocol: HTTP}, hosts: [" hosts "]}\n"
#define WEB           "web.default.svc.cluster.local"

static struct compile_rig rig;

#define BEGIN(yaml) OK(compile_rig_begin_gateway(&rig, yaml))

static const char *target(const char *host, const char *path)
{
    const struct model_gateway_server *s = compile_rig_server(&rig, "0.0.0.0_80", NULL);

    return s ? compile_rig_target(compile_rig_route_in(&rig, s->http, host, path, NULL))
             : "no server";
}

static void gwb_1_virtual_service_is_bound_by_name_and_host(void)
{
    if (BEGIN(SVC GW("gw", HTTP80("'*.example.com'"))
                  VS("default", "web",
                     "  hosts: [a.example.com]\n  gateways: [gw]\n  http:\n"
                     "  - route: [{destination: {host: web, port: {number: 9080}}}]\n")
                      VS("default", "other",
                         "  hosts: [a.example.org]\n  gateways: [gw]\n  http:\n"
                         "  - route: [{destination: {host: web}}]\n"))) {
        EQ_STR(target("a.example.com", "/"), "outbound|9080||" WEB);
        EQ_STR(target("b.example.com", "/"), "");
        EQ_STR(target("a.example.org", "/"), "");
    }
    compile_rig_deinit(&rig);
}

static void gwb_1_namespace_filter_of_server_hosts(void)
{
    static const char *const yaml = SVC GW("gw", HTTP80("'./a.example.com', 'other/b.example.com'"))
        VS("default", "one",
           "  hosts: [a.example.com, b.example.com]\n  gateways: [gw]\n  http:\n"
           "  - route: [{destination: {host: web}}]\n")
            VS("other", "two",
               "  hosts: [a.example.com, b.example.com]\n  gateways: [default/gw]\n  http:\n"
               "  - route: [{destination: {host: " WEB ", port: {number: 9080}}}]\n");

    if (BEGIN(yaml)) {
        EQ_STR(target("a.example.com", "/"), "outbound|9080||" WEB);
        EQ_STR(target("b.example.com", "/"), "outbound|9080||" WEB);
        compile_rig_remove(&rig, "VirtualService", "other", "two");
        OK(compile_rig_run(&rig));
        EQ_STR(target("a.example.com", "/"), "outbound|9080||" WEB);
        EQ_STR(target("b.example.com", "/"), "");
    }
    compile_rig_deinit(&rig);
}

static void gwb_2_plain_http_servers_of_a_port_merge(void)
{
    if (BEGIN(SVC GW("one", HTTP80("a.com")) GW("two", HTTP80("b.com"))
                  VS("default", "x",
                     "  hosts: [a.com, b.com]\n  gateways: [one, two]\n  http:\n"
                     "  - route: [{destination: {host: web}}]\n"))) {
        EQ_STR(target("a.com", "/"), "outbound|9080||" WEB);
        EQ_STR(target("b.com", "/"), "outbound|9080||" WEB);
        EQ_INT(rig.snapshot->listener_count, 1);
    }
    compile_rig_deinit(&rig);
}

static void gwb_4_https_redirect_without_virtual_service(void)
{
    const struct model_gateway_server *s;
    const struct model_vhost *v;

    if (BEGIN(GW("gw", "  - {port: {number: 80, name: http, protocol: HTTP}, hosts: [a.com], "
                       "tls: {httpsRedirect: true}}\n")) &&
        OK(s = compile_rig_server(&rig, "0.0.0.0_80", NULL)) &&
        OK(v = route_find_vhost(s->http, STR("a.com"))))
        OK(v->require_tls);
    compile_rig_deinit(&rig);
}

static void h_5_on_a_gateway_virtual_services_are_joined_catch_all_last(void)
{
    if (BEGIN(SVC GW("gw", HTTP80("'*'")) VS("default", "a-all",
                                             "  hosts: ['*']\n  gateways: [gw]\n  http:\n"
                                             "  - route: [{destination: {host: web}}]\n")
                  VS("default", "b-path",
                     "  hosts: ['*']\n  gateways: [gw]\n  http:\n"
                     "  - match: [{uri: {exact: /x}}]\n    redirect: {uri: /y}\n"))) {
        const struct model_gateway_server *s = compile_rig_server(&rig, "0.0.0.0_80", NULL);
        const struct model_route *r = compile_rig_route_in(&rig, s->http, "any.com", "/x", NULL);

        OK(r && r->action == MODEL_ACTION_REDIRECT);
        EQ_STR(target("any.com", "/other"), "outbound|9080||" WEB);
    }
    compile_rig_deinit(&rig);
}

static void nr_4_listener_without_virtual_service_has_an_empty_table(void)
{
    if (BEGIN(GW("gw", HTTP80("'*'")))) {
        const struct model_gateway_server *s = compile_rig_server(&rig, "0.0.0.0_80", NULL);

        OK(s && s->http && !route_find_vhost(s->http, STR("a.com")));
    }
    compile_rig_deinit(&rig);
}

static void gwb_3_selector_crosses_namespaces_and_others_are_not_ours(void)
{
    if (BEGIN("apiVersion: networking.istio.io/v1\nkind: Gateway\n"
              "metadata: {name: gw, namespace: default}\n"
              "spec:\n  selector: {istio: egressgateway}\n  servers:\n" HTTP80("'*'")))
        EQ_INT(rig.snapshot->listener_count, 0);
    compile_rig_deinit(&rig);
}

static void passthrough_routes_by_server_name(void)
{
    const struct model_gateway_server *s;

    if (BEGIN(SVC GW("gw", "  - {port: {number: 443, name: tls, protocol: TLS}, "
                           "hosts: ['*.example.com'], tls: {mode: PASSTHROUGH}}\n")
                  VS("default", "tls",
                     "  hosts: [a.example.com]\n  gateways: [gw]\n  tls:\n"
                     "  - match: [{port: 443, sniHosts: [a.example.com]}]\n"
                     "    route: [{destination: {host: web, port: {number: 9080}}}]\n")) &&
        OK(s = compile_rig_server(&rig, "0.0.0.0_443", "a.example.com"))) {
        EQ_INT(s->tls_mode, MODEL_GATEWAY_PASSTHROUGH);
        if (EQ_INT(s->tcp_count, 1)) {
            EQ_STRN(s->tcp[0].sni_hosts[0].p, s->tcp[0].sni_hosts[0].len, "a.example.com");
            OK(s->tcp[0].clusters[0].cluster);
        }
    }
    compile_rig_deinit(&rig);
}

static void missing_secret_is_said_and_leaves_the_others(void)
{
    if (BEGIN(SVC GW("gw",
                     HTTP80("'*'") "  - {port: {number: 443, name: https, protocol: HTTPS}, "
                                   "hosts: ['*'], tls: {mode: SIMPLE, credentialName: none}}\n"))) {
        OK(compile_rig_warned(&rig, "Referenced credentialName not found: \"none\""));
        OK(compile_rig_server(&rig, "0.0.0.0_80", NULL));
        OK(!compile_rig_server(&rig, "0.0.0.0_443", "a.com"));
    }
    compile_rig_deinit(&rig);
}

static void unchanged_virtual_hosts_are_shared(void)
{
    const struct model_vhost *a, *b;

    if (BEGIN(SVC GW("gw", HTTP80("'*'")) VS("default", "a",
                                             "  hosts: [a.com]\n  gateways: [gw]\n  http:\n"
                                             "  - route: [{destination: {host: web}}]\n")
                  VS("default", "b",
                     "  hosts: [b.com]\n  gateways: [gw]\n  http:\n"
                     "  - route: [{destination: {host: web}}]\n"))) {
        struct snapshot *old = snapshot_ref(rig.snapshot);

        a = route_find_vhost(compile_rig_server(&rig, "0.0.0.0_80", NULL)->http, STR("a.com"));
        b = route_find_vhost(compile_rig_server(&rig, "0.0.0.0_80", NULL)->http, STR("b.com"));
        OK(compile_rig_apply(&rig, VS("default", "b",
                                      "  hosts: [b.com]\n  gateways: [gw]\n  http:\n"
                                      "  - redirect: {uri: /}\n")));
        EQ_PTR(route_find_vhost(compile_rig_server(&rig, "0.0.0.0_80", NULL)->http, STR("a.com")),
               a);
        OK(route_find_vhost(compile_rig_server(&rig, "0.0.0.0_80", NULL)->http, STR("b.com")) != b);
        snapshot_unref(old);
    }
    compile_rig_deinit(&rig);
}

static void port_map_moves_the_socket_only(void)
{
    static const struct compile_port_map map[] = { { 80, 8080 } };

    compile_rig_init_gateway(&rig);
    rig.options.port_maps = map;
    rig.options.port_map_count = 1;
    if (OK(compile_rig_apply(&rig, GW("gw", HTTP80("'*'"))))) {
        EQ_STRN(rig.snapshot->listeners[0].name.p, rig.snapshot->listeners[0].name.len,
                "0.0.0.0_80");
        EQ_INT(rig.snapshot->listeners[0].bind.port, 8080);
    }
    compile_rig_deinit(&rig);
}

static const struct tap_case cases[] = {
    { "gwb_1_virtual_service_is_bound_by_name_and_host",
      gwb_1_virtual_service_is_bound_by_name_and_host },
    { "gwb_1_namespace_filter_of_server_hosts", gwb_1_namespace_filter_of_server_hosts },
    { "gwb_2_plain_http_servers_of_a_port_merge", gwb_2_plain_http_servers_of_a_port_merge },
    { "gwb_3_selector_crosses_namespaces_and_others_are_not_ours",
      gwb_3_selector_crosses_namespaces_and_others_are_not_ours },
    { "gwb_4_https_redirect_without_virtual_service",
      gwb_4_https_redirect_without_virtual_service },
    { "h_5_on_a_gateway_virtual_services_are_joined_catch_all_last",
      h_5_on_a_gateway_virtual_services_are_joined_catch_all_last },
    { "nr_4_listener_without_virtual_service_has_an_empty_table",
      nr_4_listener_without_virtual_service_has_an_empty_table },
    { "passthrough_routes_by_server_name", passthrough_routes_by_server_name },
    { "missing_secret_is_said_and_leaves_the_others",
      missing_secret_is_said_and_leaves_the_others },
    { "unchanged_virtual_hosts_are_shared", unchanged_virtual_hosts_are_shared },
    { "port_map_moves_the_socket_only", port_map_moves_the_socket_only },
};

TAP_MAIN(cases)
