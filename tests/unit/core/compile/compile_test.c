#include "core/compile/compile.h"

#include <string.h>

#include "tests/tap.h"
#include "tests/unit/support/compile_rig.h"

/* Two versions of reviews in default, ratings in another namespace. */
#define MESH                                                                                       \
    "apiVersion: v1\nkind: Service\nmetadata: {name: reviews, namespace: default}\n"               \
    "spec: {clusterIP: 10.1.0.1, selector: {app: reviews}, ports: [{name: http, port: 9080}]}\n"   \
    "---\n"                                                                                        \
    "apiVersion: v1\nkind: Service\nmetadata: {name: ratings, namespace: other}\n"                 \
    "spec: {clusterIP: 10.1.0.2, ports: [{name: http, port: 9080}, {name: tcp, port: 7000}]}\n"    \
    "---\n"                                                                                        \
    "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\n"                                    \
    "metadata: {name: reviews-v1, namespace: default}\n"                                           \
    "spec: {address: 10.0.1.1, serviceAccount: reviews, "                                          \
    "labels: {app: reviews, version: v1, security.istio.io/tlsMode: istio}}\n"                     \
    "---\n"                                                                                        \
    "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\n"                                    \
    "metadata: {name: reviews-v2, namespace: default}\n"                                           \
    "spec: {address: 10.0.1.2, ports: {http: 9999}, labels: {app: reviews, version: v2}}\n"        \
    "---\n"                                                                                        \
    "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n"                                  \
    "metadata: {name: reviews, namespace: default}\n"                                              \
    "spec:\n  host: reviews\n  subsets:\n"                                                         \
    "  - {name: v1, labels: {version: v1}}\n"                                                      \
    "  - {name: v2, labels: {version: v2}, trafficPolicy: {loadBalancer: {simple: RANDOM}}}\n"     \
    "---\n"

#define REVIEWS "reviews.default.svc.cluster.local"
#define RATINGS "ratings.other.svc.cluster.local"

static struct compile_rig rig;

#define BEGIN(yaml) OK(compile_rig_begin(&rig, yaml))

/* The target of a route, compared at once since the text is reused. */
#define GOES(port, host, path, headers, want)                                                      \
    EQ_STR(compile_rig_target(compile_rig_route(&rig, port, host, path, headers)), want)

static void nr_1_service_without_virtual_service_has_a_default_route(void)
{
    const struct model_route *r;

    if (BEGIN(MESH)) {
        r = compile_rig_route(&rig, 9080, REVIEWS, "/any", NULL);
        GOES(9080, REVIEWS, "/any", NULL, "outbound|9080||" REVIEWS);
        if (OK(r)) {
            EQ_STRN(r->name.p, r->name.len, "default");
            EQ_INT(r->timeout_ms, 0);
            if (OK(r->retry))
                EQ_INT(r->retry->attempts, 2);
        }
    }
    compile_rig_deinit(&rig);
}

static void h_7_names_of_a_service(void)
{
    if (BEGIN(MESH)) {
        OK(compile_rig_vhost(&rig, 9080, REVIEWS));
        OK(compile_rig_vhost(&rig, 9080, REVIEWS "."));
        OK(compile_rig_vhost(&rig, 9080, "reviews.default.svc"));
        OK(compile_rig_vhost(&rig, 9080, "reviews.default"));
        OK(compile_rig_vhost(&rig, 9080, "REVIEWS:1234"));
        OK(compile_rig_vhost(&rig, 9080, "10.1.0.1"));
        OK(!compile_rig_vhost(&rig, 9080, "reviews.other"));
    }
    compile_rig_deinit(&rig);
}

static void h_7_short_name_only_in_own_namespace(void)
{
    if (BEGIN(MESH)) {
        OK(compile_rig_vhost(&rig, 9080, "reviews"));
        OK(!compile_rig_vhost(&rig, 9080, "ratings"));
        OK(compile_rig_vhost(&rig, 9080, "ratings.other"));
    }
    compile_rig_deinit(&rig);
}

static void h_7_without_port_only_port_80_on_explicit_listeners(void)
{
    if (BEGIN("apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: default}\n"
              "spec: {clusterIP: 10.1.0.9, ports: [{name: http, port: 80}, "
              "{name: http-admin, port: 81}]}\n---\n" MESH)) {
        GOES(0, "web", "/", NULL, "outbound|80||web.default.svc.cluster.local");
        GOES(0, "web:81", "/", NULL, "outbound|81||web.default.svc.cluster.local");
        GOES(0, "reviews", "/", NULL, "outbound|9080||" REVIEWS); /* its only HTTP port */
        GOES(0, "reviews:9080", "/", NULL, "outbound|9080||" REVIEWS);
        GOES(0, "10.1.0.1:9080", "/", NULL, "outbound|9080||" REVIEWS);
        GOES(0, "reviews:81", "/", NULL, "");
    }
    compile_rig_deinit(&rig);
}

static void endpoints_by_selector_with_ports_and_identity(void)
{
    const struct model_cluster *c;

    if (BEGIN(MESH) && OK(c = compile_rig_cluster(&rig, "outbound|9080||" REVIEWS))) {
        const struct model_endpoints *set = c->endpoints;

        if (EQ_INT(set->count, 2)) {
            EQ_INT(set->list[0].port, 9080);
            EQ_INT(set->list[0].addr.port, 9080);
            EQ_INT(set->list[0].hop, MODEL_HOP_ISTIO);
            EQ_STRN(set->list[0].identity.p, set->list[0].identity.len,
                    "spiffe://cluster.local/ns/default/sa/reviews");
            EQ_INT(set->list[1].port, 9999);
            EQ_INT(set->list[1].hop, MODEL_HOP_PLAIN);
            EQ_INT(set->list[1].identity.len, 0);
        }
        EQ_INT(c->config->tls_mode, MODEL_TLS_AUTO);
        EQ_STRN(c->config->sni.p, c->config->sni.len, "outbound_.9080_._." REVIEWS);
    }
    compile_rig_deinit(&rig);
}

static void dr_subsets_select_by_labels_with_own_policy(void)
{
    const struct model_cluster *v1, *v2;

    if (BEGIN(MESH) && OK(v1 = compile_rig_cluster(&rig, "outbound|9080|v1|" REVIEWS)) &&
        OK(v2 = compile_rig_cluster(&rig, "outbound|9080|v2|" REVIEWS))) {
        EQ_INT(v1->endpoints->count, 1);
        EQ_INT(v2->endpoints->count, 1);
        EQ_INT(v1->config->lb, MODEL_LB_LEAST_REQUEST);
        EQ_INT(v2->config->lb, MODEL_LB_RANDOM);
        EQ_STRN(v1->config->sni.p, v1->config->sni.len, "outbound_.9080_.v1_." REVIEWS);
    }
    compile_rig_deinit(&rig);
}

#define VS(name, spec)                                                                             \
    "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"                                   \
    "metadata: {name: " name ", namespace: default}\nspec:\n" spec "---\n"

static void vs_1_first_rule_wins_by_header(void)
{
    if (BEGIN(MESH VS("reviews", "  hosts: [reviews]\n  http:\n"
                                 "  - match: [{headers: {end-user: {exact: jason}}}]\n"
                                 "    route: [{destination: {host: reviews, subset: v2}}]\n"
                                 "  - route: [{destination: {host: reviews, subset: v1}}]\n"))) {
        GOES(9080, "reviews", "/", "end-user: jason", "outbound|9080|v2|" REVIEWS);
        GOES(9080, "reviews", "/", "end-user: other", "outbound|9080|v1|" REVIEWS);
        GOES(9080, "reviews", "/", NULL, "outbound|9080|v1|" REVIEWS);
    }
    compile_rig_deinit(&rig);
}

static void vs_route_knows_where_it_was_written(void)
{
    const struct model_route *r;

    if (BEGIN(VS("reviews", "  hosts: [reviews]\n  http:\n"
                            "  - route: [{destination: {host: reviews}}]\n") MESH) &&
        OK(r = compile_rig_route(&rig, 9080, "reviews", "/", NULL))) {
        EQ_STRN(r->source.kind.p, r->source.kind.len, "VirtualService");
        EQ_STRN(r->source.name.p, r->source.name.len, "reviews");
        EQ_STRN(r->source.file.p, r->source.file.len, "test.yaml");
        EQ_INT(r->source.line, 7);
    }
    compile_rig_deinit(&rig);
}

static void vs_9_weights_are_summed_and_zero_gets_nothing(void)
{
    const struct model_route *r;

    if (BEGIN(MESH VS("reviews", "  hosts: [reviews]\n  http:\n  - route:\n"
                                 "    - {destination: {host: reviews, subset: v1}, weight: 80}\n"
                                 "    - {destination: {host: reviews, subset: v2}, weight: 20}\n"
                                 "    - {destination: {host: ratings.other.svc.cluster.local}, "
                                 "weight: 0}\n")) &&
        OK(r = compile_rig_route(&rig, 9080, "reviews", "/", NULL))) {
        EQ_INT(r->cluster_count, 2);
        EQ_INT(r->weight_total, 100);
    }
    compile_rig_deinit(&rig);
}

static void nr_6_unknown_destination_is_no_cluster_and_warned(void)
{
    if (BEGIN(MESH VS("reviews", "  hosts: [reviews]\n  http:\n"
                                 "  - match: [{uri: {prefix: /a}}]\n"
                                 "    route: [{destination: {host: nowhere}}]\n"
                                 "  - route: [{destination: {host: reviews, subset: v9}}]\n"))) {
        GOES(9080, "reviews", "/a", NULL, "NC");
        GOES(9080, "reviews", "/b", NULL, "NC");
        OK(compile_rig_warned(&rig, "Referenced host not found: "
                                    "\"nowhere.default.svc.cluster.local\""));
        OK(compile_rig_warned(&rig,
                              "host+subset in destinationrule not found: \"" REVIEWS "+v9\""));
    }
    compile_rig_deinit(&rig);
}

static void a_destination_that_comes_later_is_found(void)
{
    if (BEGIN(VS("reviews", "  hosts: [reviews]\n  http:\n"
                            "  - route: [{destination: {host: late}}]\n") MESH)) {
        GOES(9080, "reviews", "/", NULL, "NC");
        OK(compile_rig_apply(&rig,
                             "apiVersion: v1\nkind: Service\n"
                             "metadata: {name: late, namespace: default}\n"
                             "spec: {clusterIP: 10.1.0.7, ports: [{name: http, port: 80}]}\n"));
        GOES(9080, "reviews", "/", NULL, "outbound|80||late.default.svc.cluster.local");
        compile_rig_remove(&rig, "Service", "default", "late");
        OK(compile_rig_run(&rig));
        GOES(9080, "reviews", "/", NULL, "NC");
    }
    compile_rig_deinit(&rig);
}

static void nothing_new_gives_no_snapshot(void)
{
    if (BEGIN(MESH)) {
        OK(!compile_rig_run(&rig));
        OK(!compile_rig_apply(&rig, MESH));
    }
    compile_rig_deinit(&rig);
}

static void endpoint_change_shares_the_config(void)
{
    struct model_cluster *before, *after, *other;

    if (BEGIN(MESH)) {
        before = model_cluster_ref(compile_rig_cluster(&rig, "outbound|9080|v1|" REVIEWS));
        other = model_cluster_ref(compile_rig_cluster(&rig, "outbound|9080|v2|" REVIEWS));
        OK(compile_rig_apply(&rig, "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\n"
                                   "metadata: {name: reviews-v1b, namespace: default}\n"
                                   "spec: {address: 10.0.1.3, labels: {app: reviews, "
                                   "version: v1}}\n"));
        after = compile_rig_cluster(&rig, "outbound|9080|v1|" REVIEWS);
        OK(after != before);
        EQ_PTR(after->config, before->config);
        EQ_INT(after->endpoints->count, 2);
        EQ_PTR(compile_rig_cluster(&rig, "outbound|9080|v2|" REVIEWS), other);
        model_cluster_unref(before);
        model_cluster_unref(other);
    }
    compile_rig_deinit(&rig);
}

static void tcp_service_is_found_by_address(void)
{
    const struct model_outbound_service *s;

    if (BEGIN(MESH) && OK(s = compile_rig_vip(&rig, "10.1.0.2:7000"))) {
        EQ_INT(s->protocol, MODEL_PROTOCOL_TCP);
        if (EQ_INT(s->tcp_count, 1))
            EQ_STRN(s->tcp[0].clusters[0].cluster_name.p, s->tcp[0].clusters[0].cluster_name.len,
                    "outbound|7000||" RATINGS);
    }
    compile_rig_deinit(&rig);
}

/* "10.1.0.1 10.1.0.2", or "none" when the DNS proxy does not know the name. */
static const char *addresses(const char *host, char *out, size_t size)
{
    const struct model_dns_name *name =
        rig.snapshot ? pmap_get(&rig.snapshot->outbound->names, str_of(host)) : NULL;
    char text[ADDR_TEXT_MAX];
    size_t len = 0;

    *out = '\0';
    for (uint32_t i = 0; name && i < name->count && len < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i ? " " : "",
                                addr_format_ip(&name->addrs[i], text));
    return name ? out : "none";
}

#define HEADLESS                                                                                   \
    "apiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: default}\n"                    \
    "spec: {clusterIP: None, selector: {app: reviews}, ports: [{name: tcp, port: 5432}]}\n"

static void names_are_known_with_their_addresses(void)
{
    char text[256];

    if (BEGIN(MESH HEADLESS)) {
        EQ_STR(addresses(REVIEWS, text, sizeof(text)), "10.1.0.1");
        EQ_STR(addresses(RATINGS, text, sizeof(text)), "10.1.0.2");
        EQ_STR(addresses("db.default.svc.cluster.local", text, sizeof(text)), "10.0.1.1 10.0.1.2");
        EQ_STR(addresses("other.default.svc.cluster.local", text, sizeof(text)), "none");
        /* What goes takes its name along, and a headless service follows its endpoints. */
        compile_rig_remove(&rig, "WorkloadEntry", "default", "reviews-v1");
        compile_rig_remove(&rig, "Service", "default", "reviews");
        OK(compile_rig_run(&rig));
        EQ_STR(addresses(REVIEWS, text, sizeof(text)), "none");
        EQ_STR(addresses("db.default.svc.cluster.local", text, sizeof(text)), "10.0.1.2");
    }
    compile_rig_deinit(&rig);
}

/* The address in which the only endpoint of a service is called. */
static const char *endpoint_of(const char *service)
{
    static char text[ADDR_TEXT_MAX];
    struct model_cluster *c = compile_rig_cluster(&rig, service);

    return c && c->endpoints && c->endpoints->count == 1
               ? addr_format(&c->endpoints->list[0].addr, text)
               : "none";
}

static void endpoints_are_called_in_the_services_first_family(void)
{
    static const char objects[] =
        "---\napiVersion: v1\nkind: Pod\n"
        "metadata: {name: p, namespace: default, labels: {app: a}}\n"
        "spec: {containers: [{name: c, image: i}]}\n"
        "status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}], "
        "conditions: [{type: Ready, status: 'True'}]}\n"
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: v4, namespace: default}\n"
        "spec: {clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1, 'fd96::1'], "
        "selector: {app: a}, ports: [{name: http, port: 80}]}\n"
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: v6, namespace: default}\n"
        "spec: {clusterIP: 'fd96::2', clusterIPs: ['fd96::2', 10.96.0.2], "
        "selector: {app: a}, ports: [{name: http, port: 80}]}\n"
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: headless, namespace: default}\n"
        "spec: {clusterIP: None, selector: {app: a}, ports: [{name: http, port: 80}]}\n";

    if (OK(compile_rig_begin(&rig, objects))) {
        EQ_STR(endpoint_of("outbound|80||v4.default.svc.cluster.local"), "10.0.0.1:80");
        EQ_STR(endpoint_of("outbound|80||v6.default.svc.cluster.local"), "[fd00::1]:80");
        EQ_STR(endpoint_of("outbound|80||headless.default.svc.cluster.local"), "10.0.0.1:80");
    }
    compile_rig_deinit(&rig);
}

static const struct tap_case cases[] = {
    { "endpoints_are_called_in_the_services_first_family",
      endpoints_are_called_in_the_services_first_family },
    { "nr_1_service_without_virtual_service_has_a_default_route",
      nr_1_service_without_virtual_service_has_a_default_route },
    { "h_7_names_of_a_service", h_7_names_of_a_service },
    { "h_7_short_name_only_in_own_namespace", h_7_short_name_only_in_own_namespace },
    { "h_7_without_port_only_port_80_on_explicit_listeners",
      h_7_without_port_only_port_80_on_explicit_listeners },
    { "endpoints_by_selector_with_ports_and_identity",
      endpoints_by_selector_with_ports_and_identity },
    { "dr_subsets_select_by_labels_with_own_policy", dr_subsets_select_by_labels_with_own_policy },
    { "vs_1_first_rule_wins_by_header", vs_1_first_rule_wins_by_header },
    { "vs_route_knows_where_it_was_written", vs_route_knows_where_it_was_written },
    { "vs_9_weights_are_summed_and_zero_gets_nothing",
      vs_9_weights_are_summed_and_zero_gets_nothing },
    { "nr_6_unknown_destination_is_no_cluster_and_warned",
      nr_6_unknown_destination_is_no_cluster_and_warned },
    { "a_destination_that_comes_later_is_found", a_destination_that_comes_later_is_found },
    { "names_are_known_with_their_addresses", names_are_known_with_their_addresses },
    { "nothing_new_gives_no_snapshot", nothing_new_gives_no_snapshot },
    { "endpoint_change_shares_the_config", endpoint_change_shares_the_config },
    { "tcp_service_is_found_by_address", tcp_service_is_found_by_address },
};

TAP_MAIN(cases)
