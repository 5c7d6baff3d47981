/* VirtualServices: which of them a place uses, how delegates are put in, what their rules become.
 */
#include "core/compile/compile_vs.h"

#include <stdio.h>
#include <string.h>

#include "tests/tap.h"
#include "tests/unit/support/compile_rig.h"

#define SERVICE(name, ip, ports)                                                                   \
    "apiVersion: v1\nkind: Service\nmetadata: {name: " name ", namespace: default}\n"              \
    "spec: {clusterIP: " ip ", ports: [" ports "]}\n---\n"
#define MESH                                                                                       \
    SERVICE("a", "10.1.0.1", "{name: http, port: 80}")                                             \
    SERVICE("b", "10.1.0.2", "{name: http, port: 80}, {name: http-alt, port: 8080}")               \
    SERVICE("c", "10.1.0.3",                                                                       \
            "{name: http, port: 80}, {name: tls, port: 443}, "                                     \
            "{name: tcp, port: 9000}")
#define VS(ns, name, spec)                                                                         \
    "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"                                   \
    "metadata: {name: " name ", namespace: " ns "}\nspec:\n" spec "---\n"
#define TO(name) "route: [{destination: {host: " name ".default.svc.cluster.local}}]\n"
#define HOST(n)  n ".default.svc.cluster.local"
#define OUT(n)   "outbound|80||" HOST(n)

static struct compile_rig rig;

#define BEGIN(yaml) OK(compile_rig_begin(&rig, yaml))

#define ROUTE(path, headers)      compile_rig_route(&rig, 80, HOST("b"), path, headers)
#define GOES(path, headers, want) EQ_STR(compile_rig_target(ROUTE(path, headers)), want)

/* ---- matching ---- */

static void vs_1_match_blocks_are_consecutive_routes(void)
{
    if (BEGIN(
            MESH VS("default", "b",
                    "  hosts: [b]\n  http:\n"
                    "  - match: [{uri: {exact: /one}}, {uri: {prefix: /two}}]\n    " TO(
                        "a") "  - match: [{uri: {prefix: /one}}]\n    " TO("c") "  - " TO("b")))) {
        GOES("/one", NULL, OUT("a"));
        GOES("/two/x", NULL, OUT("a"));
        GOES("/one/x", NULL, OUT("c"));
        GOES("/", NULL, OUT("b"));
    }
    compile_rig_deinit(&rig);
}

static void vs_2_prefixes_are_of_strings_and_expressions_match_whole_paths(void)
{
    if (BEGIN(MESH VS("default", "b",
                      "  hosts: [b]\n  http:\n"
                      "  - match: [{uri: {prefix: /foo}}]\n    " TO(
                          "a") "  - match: [{uri: {regex: '/r[0-9]+'}}]\n    " TO("c")))) {
        GOES("/foobar", NULL, OUT("a"));
        GOES("/foo?x=/r1", NULL, OUT("a"));
        GOES("/r12", NULL, OUT("c"));
        GOES("/r12?q=1", NULL, OUT("c"));
        GOES("/r12/x", NULL, "");
        GOES("/x/r12", NULL, "");
    }
    compile_rig_deinit(&rig);
}

static void vs_3_empty_match_and_star_mean_presence(void)
{
    if (BEGIN(MESH VS("default", "b",
                      "  hosts: [b]\n  http:\n"
                      "  - match: [{headers: {x-any: {}}}]\n    " TO(
                          "a") "  - match: [{headers: {x-star: "
                               "{regex: '*'}}}]\n    " TO("c") "  - match: "
                                                               "[{queryParams: {q: "
                                                               "{}}}]\n    " TO("b")))) {
        GOES("/", "x-any: ", OUT("a"));
        GOES("/", "x-star: v", OUT("c"));
        GOES("/?q", NULL, OUT("b"));
        GOES("/", NULL, "");
    }
    compile_rig_deinit(&rig);
}

static void vs_4_a_missing_header_is_empty_to_without_headers(void)
{
    static const struct {
        const char *match, *header;
        bool matches;
    } rows[] = {
        { "exact: jason", NULL, true },
        { "exact: jason", "end-user: jason", false },
        { "exact: jason", "end-user: x", true },
        { "regex: '*'", NULL, true },
        { "regex: '*'", "end-user: x", false },
        { "regex: '.*'", NULL, false },
        { "regex: '.*'", "end-user: x", false },
        { "regex: '.+'", NULL, true },
        { "prefix: j", NULL, true },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char yaml[2048];

        snprintf(yaml, sizeof(yaml),
                 MESH VS("default", "b",
                         "  hosts: [b]\n  http:\n"
                         "  - match: [{withoutHeaders: {end-user: {%s}}}]\n    " TO("a")),
                 rows[i].match);
        if (BEGIN(yaml) && !EQ_STR(compile_rig_target(ROUTE("/", rows[i].header)),
                                   rows[i].matches ? OUT("a") : ""))
            NOTE("%s, %s", rows[i].match, rows[i].header ? rows[i].header : "no header");
        compile_rig_deinit(&rig);
    }
}

static void vs_4_pseudo_headers_match_as_headers(void)
{
    if (BEGIN(MESH VS(
            "default", "b",
            "  hosts: [b]\n  http:\n"
            "  - match: [{headers: {':method': {exact: POST}}}]\n    " TO(
                "a") "  - match: [{headers: {':authority': {prefix: b.}}}]\n    " TO("c")))) {
        GOES("/", NULL, OUT("c"));
        EQ_STR(compile_rig_target(compile_rig_route(&rig, 80, "b", "/", NULL)), "");
    }
    compile_rig_deinit(&rig);
}

static void vs_5_the_port_is_that_of_the_service(void)
{
    if (BEGIN(MESH VS("default", "b",
                      "  hosts: [b]\n  http:\n"
                      "  - match: [{port: 8080}]\n    " TO("a")))) {
        EQ_STR(compile_rig_target(compile_rig_route(&rig, 8080, HOST("b"), "/", NULL)), OUT("a"));
        GOES("/", NULL, OUT("b")); /* no rule for this port: as without VirtualService */
    }
    compile_rig_deinit(&rig);
}

static void vs_6_gateways_of_a_match_hide_its_sources(void)
{
    if (BEGIN(MESH VS(
            "default", "b",
            "  hosts: [b]\n  http:\n"
            "  - match: [{uri: {prefix: /1}, gateways: [gw]}]\n    " TO(
                "a") "  - match: [{uri: {prefix: /2}, gateways: [gw, mesh], sourceLabels: "
                     "{app: nobody}}]\n    " TO(
                         "a") "  - match: [{uri: {prefix: /3}, gateways: [mesh], sourceNamespace: "
                              "elsewhere}]\n    " TO("a") "  - " TO("c")))) {
        GOES("/1", NULL, OUT("c"));
        GOES("/2", NULL, OUT("a"));
        GOES("/3", NULL, OUT("a"));
    }
    compile_rig_deinit(&rig);
}

static void vs_7_sources_choose_rules_by_client(void)
{
    if (BEGIN(MESH VS("default", "b",
                      "  hosts: [b]\n  http:\n"
                      "  - match: [{uri: {prefix: /1}, sourceLabels: {app: client}}]\n    " TO(
                          "a") "  - match: [{uri: {prefix: /2}, sourceLabels: {app: other}}]\n   "
                               " " TO("a") "  - match: [{uri: {prefix: /3}, sourceNamespace: "
                                           "default}]\n"
                                           "    " TO("a") "  - match: [{uri: {prefix: /4}, "
                                                          "sourceNamespace: other}]\n    " TO(
                                                              "a") "  - " TO("c")))) {
        GOES("/1", NULL, OUT("a"));
        GOES("/2", NULL, OUT("c"));
        GOES("/3", NULL, OUT("a"));
        GOES("/4", NULL, OUT("c"));
    }
    compile_rig_deinit(&rig);
}

static void vs_7_a_gateway_never_matches_sources(void)
{
    compile_rig_init_gateway(&rig);
    if (OK(compile_rig_apply(
            &rig, MESH
            "apiVersion: networking.istio.io/v1\nkind: Gateway\n"
            "metadata: {name: gw, namespace: default}\nspec:\n"
            "  selector: {istio: ingressgateway}\n  servers:\n"
            "  - {port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}\n---\n" VS(
                "default", "b",
                "  hosts: [b.com]\n  gateways: [gw]\n  http:\n"
                "  - match: [{sourceLabels: {istio: ingressgateway}}]\n    " TO(
                    "a") "  - match: [{uri: {prefix: /1}, gateways: [gw], sourceNamespace: nope}]\n"
                         "    " TO("b") "  - " TO("c"))))) {
        const struct model_gateway_server *s = compile_rig_server(&rig, "0.0.0.0_80", NULL);

        if (OK(s)) {
            EQ_STR(compile_rig_target(compile_rig_route_in(&rig, s->http, "b.com", "/", NULL)),
                   OUT("c"));
            EQ_STR(compile_rig_target(compile_rig_route_in(&rig, s->http, "b.com", "/1", NULL)),
                   OUT("b"));
        }
    }
    compile_rig_deinit(&rig);
}

static void h_6_nothing_stands_behind_a_catch_all(void)
{
    const struct model_vhost *v;

    if (BEGIN(MESH VS("default", "b",
                      "  hosts: [b]\n  http:\n"
                      "  - match: [{uri: {regex: '.*'}}]\n    fault: {abort: {httpStatus: 418, "
                      "percentage: {value: 100}}}\n    " TO("b") "  - " TO("c"))) &&
        OK(v = compile_rig_vhost(&rig, 80, HOST("b")))) {
        if (EQ_INT(v->route_count, 1) && OK(v->routes[0].fault))
            EQ_INT(v->routes[0].fault->abort_status, 418);
    }
    compile_rig_deinit(&rig);
}

/* ---- which VirtualService ---- */

static void h_5_the_oldest_virtual_service_of_a_host_wins(void)
{
    if (BEGIN(MESH "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
                   "metadata: {name: aaa, namespace: default, creationTimestamp: "
                   "'2024-02-01T00:00:00Z'}\nspec:\n  hosts: [b]\n  http:\n  - " TO(
                       "a") "---\n"
                            "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
                            "metadata: {name: zzz, namespace: default, creationTimestamp: "
                            "'2024-01-01T00:00:00Z'}\nspec:\n  hosts: [b]\n  http:\n  - " TO("c")))
        GOES("/", NULL, OUT("c"));
    compile_rig_deinit(&rig);
}

static void h_4_only_exported_virtual_services_count(void)
{
    if (BEGIN(MESH VS("other", "hidden",
                      "  hosts: [" HOST("b") "]\n  exportTo: ['.']\n  http:\n  - " TO("a"))
                  VS("other", "shown",
                     "  hosts: [" HOST("a") "]\n  exportTo: ['default']\n  http:\n  - " TO("c")))) {
        GOES("/", NULL, OUT("b"));
        EQ_STR(compile_rig_target(compile_rig_route(&rig, 80, HOST("a"), "/", NULL)), OUT("c"));
    }
    compile_rig_deinit(&rig);
}

static void h_4_hosts_that_no_registry_knows_are_served_on_port_80(void)
{
    if (BEGIN(MESH VS("default", "x", "  hosts: [x.example.com]\n  http:\n  - " TO("a"))
                  VS("default", "y",
                     "  hosts: [y.example.com]\n  http:\n"
                     "  - match: [{port: 8080}]\n    " TO("a")))) {
        EQ_STR(compile_rig_target(compile_rig_route(&rig, 80, "x.example.com", "/", NULL)),
               OUT("a"));
        EQ_STR(compile_rig_target(compile_rig_route(&rig, 8080, "y.example.com", "/", NULL)), "");
        EQ_STR(compile_rig_target(compile_rig_route(&rig, 80, "y.example.com", "/", NULL)), "");
    }
    compile_rig_deinit(&rig);
}

/* ---- destinations ---- */

static void vs_9_a_single_destination_ignores_its_weight(void)
{
    const struct model_route *r;

    if (BEGIN(MESH VS("default", "b",
                      "  hosts: [b]\n  http:\n  - route:\n"
                      "    - {destination: {host: a}, weight: 0}\n")) &&
        OK(r = ROUTE("/", NULL))) {
        EQ_INT(r->cluster_count, 1);
        EQ_STR(compile_rig_target(r), OUT("a"));
    }
    compile_rig_deinit(&rig);
}

static void check_op(const struct model_header_op *op, int kind, const char *name,
                     const char *value)
{
    EQ_INT(op->op, kind);
    EQ_STRN(op->name.p, op->name.len, name);
    EQ_STRN(op->value.p, op->value.len, value);
}

static void vs_13_a_single_destinations_headers_follow_the_routes(void)
{
    const struct model_route *r;

    if (BEGIN(MESH VS("default", "b",
                      "  hosts: [b]\n  http:\n  - headers: {request: {set: {x: route}}}\n"
                      "    route:\n    - destination: {host: a}\n"
                      "      headers: {request: {set: {x: destination}, remove: [y]}}\n")) &&
        OK(r = ROUTE("/", NULL)) && EQ_INT(r->request.count, 3)) {
        check_op(&r->request.items[0], MODEL_HEADER_SET, "x", "route");
        check_op(&r->request.items[1], MODEL_HEADER_REMOVE, "y", "");
        check_op(&r->request.items[2], MODEL_HEADER_SET, "x", "destination");
        EQ_INT(r->clusters[0].request.count, 0);
    }
    compile_rig_deinit(&rig);
}

static void vs_13_headers_of_several_destinations_stay_with_them(void)
{
    const struct model_route *r;

    if (BEGIN(MESH VS("default", "b",
                      "  hosts: [b]\n  http:\n  - headers: {response: {add: {x: route}}}\n"
                      "    route:\n    - {destination: {host: a}, weight: 1, headers: {response: "
                      "{add: {x: '1'}}}}\n"
                      "    - {destination: {host: c, port: {number: 80}}, weight: 3}\n")) &&
        OK(r = ROUTE("/", NULL)) && EQ_INT(r->cluster_count, 2)) {
        EQ_INT(r->response.count, 1);
        EQ_INT(r->clusters[0].response.count, 1);
        EQ_INT(r->clusters[1].response.count, 0);
        EQ_INT(r->weight_total, 4);
    }
    compile_rig_deinit(&rig);
}

static void vs_12_the_authority_may_be_set(void)
{
    const struct model_route *r;

    if (BEGIN(MESH VS("default", "b",
                      "  hosts: [b]\n  http:\n  - headers: {request: {set: {':authority': new, "
                      "x-y: v}}}\n    " TO("a"))) &&
        OK(r = ROUTE("/", NULL)) && EQ_INT(r->request.count, 2)) {
        check_op(&r->request.items[0], MODEL_HEADER_SET, ":authority", "new");
        check_op(&r->request.items[1], MODEL_HEADER_SET, "x-y", "v");
    }
    compile_rig_deinit(&rig);
}

static void vs_15_mirrors_have_their_shares(void)
{
    const struct model_route *r;

    if (BEGIN(MESH VS(
            "default", "b",
            "  hosts: [b]\n  http:\n"
            "  - match: [{uri: {prefix: /one}}]\n    mirror: {host: a}\n    " TO(
                "b") "  - match: [{uri: {prefix: /none}}]\n    mirror: {host: a}\n"
                     "    mirrorPercentage: {value: 0}\n    " TO(
                         "b") "  - match: [{uri: {prefix: /old}}]\n    mirror: {host: a}\n"
                              "    mirrorPercent: 30\n    " TO(
                                  "b") "  - mirrors:\n"
                                       "    - {destination: {host: a}, percentage: {value: 12.5}}\n"
                                       "    - {destination: {host: c, port: {number: 80}}}\n   "
                                       " " TO("b")))) {
        if (OK(r = ROUTE("/one", NULL)) && EQ_INT(r->mirror_count, 1))
            OK(r->mirrors[0].pct == 100);
        if (OK(r = ROUTE("/none", NULL)))
            EQ_INT(r->mirror_count, 0);
        if (OK(r = ROUTE("/old", NULL)) && EQ_INT(r->mirror_count, 1))
            OK(r->mirrors[0].pct == 30);
        if (OK(r = ROUTE("/", NULL)) && EQ_INT(r->mirror_count, 2)) {
            OK(r->mirrors[0].pct == 12.5);
            OK(r->mirrors[1].pct == 100);
        }
    }
    compile_rig_deinit(&rig);
}

static void vs_16_faults_need_a_share(void)
{
    const struct model_route *r;

    if (BEGIN(MESH VS("default", "b",
                      "  hosts: [b]\n  http:\n"
                      "  - match: [{uri: {prefix: /none}}]\n"
                      "    fault: {delay: {fixedDelay: 5s}, abort: {httpStatus: 500}}\n    " TO(
                          "b") "  - match: [{uri: {prefix: /old}}]\n"
                               "    fault: {delay: {fixedDelay: 5s, percent: 10}}\n    " TO(
                                   "b") "  - fault: {abort: {grpcStatus: UNAVAILABLE, "
                                        "percentage: {value: 0.1}}}\n    " TO("b")))) {
        if (OK(r = ROUTE("/none", NULL)))
            OK(!r->fault);
        if (OK(r = ROUTE("/old", NULL)) && OK(r->fault)) {
            OK(r->fault->delay_pct == 10);
            EQ_INT(r->fault->delay_ms, 5000);
        }
        if (OK(r = ROUTE("/", NULL)) && OK(r->fault)) {
            EQ_INT(r->fault->abort_grpc, 14);
            OK(r->fault->abort_pct == 0.1);
        }
    }
    compile_rig_deinit(&rig);
}

static void vs_17_star_is_every_origin_and_new_origins_hide_the_old(void)
{
    const struct model_route *r;

    if (BEGIN(MESH VS(
            "default", "b",
            "  hosts: [b]\n  http:\n"
            "  - match: [{uri: {prefix: /old}}]\n    corsPolicy: {allowOrigin: ['*']}\n"
            "    " TO(
                "b") "  - match: [{uri: {prefix: /new}}]\n    corsPolicy: {allowOrigins: "
                     "[{exact: '*'}], allowOrigin: [x, y]}\n    " TO(
                         "b") "  - corsPolicy: {allowOrigins: [{regex: 'https://.*'}], "
                              "unmatchedPreflights: IGNORE, maxAge: 24h, allowMethods: [GET, POST],"
                              " allowCredentials: false}\n    " TO("b")))) {
        if (OK(r = ROUTE("/old", NULL)) && OK(r->cors) && EQ_INT(r->cors->origin_count, 1))
            EQ_INT(r->cors->origins[0].type, MODEL_MATCH_PRESENT);
        if (OK(r = ROUTE("/new", NULL)) && OK(r->cors) && EQ_INT(r->cors->origin_count, 1)) {
            EQ_INT(r->cors->origins[0].type, MODEL_MATCH_PRESENT);
            OK(r->cors->forward_unmatched);
            EQ_INT(r->cors->credentials, -1);
        }
        if (OK(r = ROUTE("/", NULL)) && OK(r->cors)) {
            EQ_INT(r->cors->origins[0].type, MODEL_MATCH_REGEX);
            OK(!r->cors->forward_unmatched);
            EQ_STRN(r->cors->max_age.p, r->cors->max_age.len, "86400");
            EQ_STRN(r->cors->methods.p, r->cors->methods.len, "GET,POST");
            EQ_INT(r->cors->credentials, 0);
        }
    }
    compile_rig_deinit(&rig);
}

static void vs_20_direct_responses_keep_text_and_bytes(void)
{
    const struct model_route *r;

    if (BEGIN(MESH VS("default", "b",
                      "  hosts: [b]\n  http:\n"
                      "  - match: [{uri: {prefix: /text}}]\n"
                      "    directResponse: {status: 503, body: {string: sorry}}\n"
                      "  - match: [{uri: {prefix: /bytes}}]\n"
                      "    directResponse: {status: 200, body: {bytes: 'AAEC'}}\n"
                      "  - directResponse: {status: 204}\n"))) {
        if (OK(r = ROUTE("/text", NULL))) {
            EQ_INT(r->action, MODEL_ACTION_DIRECT);
            EQ_INT(r->direct_status, 503);
            EQ_STRN(r->direct_body.p, r->direct_body.len, "sorry");
        }
        if (OK(r = ROUTE("/bytes", NULL)))
            OK(r->direct_body.len == 3 && memcmp(r->direct_body.p, "\0\1\2", 3) == 0);
        if (OK(r = ROUTE("/", NULL)))
            EQ_INT(r->direct_body.len, 0);
    }
    compile_rig_deinit(&rig);
}

/* ---- retries and time ---- */

#define DEFAULT_ON                                                                                 \
    (MODEL_RETRY_CONNECT_FAILURE | MODEL_RETRY_REFUSED_STREAM | MODEL_RETRY_GRPC_UNAVAILABLE |     \
     MODEL_RETRY_GRPC_CANCELLED | MODEL_RETRY_STATUS_CODES)

static void rt_1_the_default_is_two_retries_on_istios_conditions(void)
{
    const struct model_route *r;

    if (BEGIN(MESH) && OK(r = ROUTE("/", NULL)) && OK(r->retry)) {
        EQ_INT(r->retry->attempts, 2);
        EQ_INT(r->retry->on, DEFAULT_ON);
        EQ_INT(r->retry->status_code_count, 0);
        OK(r->retry->avoid_previous_hosts);
        EQ_INT(r->timeout_ms, 0); /* rt_7 */
    }
    compile_rig_deinit(&rig);
}

static void rt_2_backoff_grows_to_ten_times_its_base(void)
{
    const struct model_route *r;

    if (BEGIN(MESH VS("default", "b",
                      "  hosts: [b]\n  http:\n"
                      "  - match: [{uri: {prefix: /own}}]\n"
                      "    retries: {attempts: 5, backoff: 100ms}\n    " TO("b") "  - " TO("b")))) {
        if (OK(r = ROUTE("/own", NULL)) && OK(r->retry)) {
            EQ_INT(r->retry->backoff_base_ms, 100);
            EQ_INT(r->retry->backoff_max_ms, 1000);
            EQ_INT(r->retry->on, DEFAULT_ON);
        }
        if (OK(r = ROUTE("/", NULL)) && OK(r->retry)) {
            EQ_INT(r->retry->backoff_base_ms, 25);
            EQ_INT(r->retry->backoff_max_ms, 250);
        }
    }
    compile_rig_deinit(&rig);
}

static void rt_3_hashing_keeps_to_the_same_host(void)
{
    const struct model_route *r;

    if (BEGIN(MESH "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
                   "metadata: {name: a, namespace: default}\n"
                   "spec: {host: a, trafficPolicy: {loadBalancer: {consistentHash: "
                   "{useSourceIp: true}}}}\n---\n" VS(
                       "default", "b",
                       "  hosts: [b]\n  http:\n"
                       "  - match: [{uri: {prefix: /asked}}]\n"
                       "    retries: {attempts: 1, retryIgnorePreviousHosts: true}\n    " TO(
                           "a") "  - " TO("a")))) {
        if (OK(r = ROUTE("/", NULL)) && OK(r->retry))
            EQ_INT(r->retry->avoid_previous_hosts,
                   r->clusters[0].cluster->config->lb != MODEL_LB_RING_HASH);
        if (OK(r = ROUTE("/asked", NULL)) && OK(r->retry))
            OK(r->retry->avoid_previous_hosts);
    }
    compile_rig_deinit(&rig);
}

static void rt_4_numbers_in_retry_on_are_status_codes(void)
{
    const struct model_route *r;

    if (BEGIN(MESH VS(
            "default", "b",
            "  hosts: [b]\n  http:\n"
            "  - match: [{uri: {prefix: /off}}]\n    retries: {attempts: 0}\n    " TO(
                "b") "  - retries: {attempts: 3, retryOn: 'gateway-error, 418,429', "
                     "perTryTimeout: 2s, retryIgnorePreviousHosts: false}\n    " TO("b")))) {
        if (OK(r = ROUTE("/off", NULL)))
            OK(!r->retry);
        if (OK(r = ROUTE("/", NULL)) && OK(r->retry)) {
            EQ_INT(r->retry->on, MODEL_RETRY_GATEWAY_ERROR | MODEL_RETRY_STATUS_CODES);
            EQ_INT(r->retry->status_code_count, 2);
            EQ_INT(r->retry->status_codes[0], 418);
            EQ_INT(r->retry->per_try_timeout_ms, 2000);
            OK(!r->retry->avoid_previous_hosts);
        }
    }
    compile_rig_deinit(&rig);
}

/* ---- delegates ---- */

#define ROOT(match, extra)                                                                         \
    VS("default", "root",                                                                          \
       "  hosts: [b]\n  http:\n  - name: root\n    match: [" match "]\n    " extra                 \
       "delegate: {name: leaf, namespace: other}\n")

static void vs_10_a_delegates_rules_stand_in_for_the_roots(void)
{
    const struct model_route *r;

    if (BEGIN(
            MESH ROOT("{uri: {prefix: /p}, headers: {x: {exact: '1'}}}",
                      "timeout: 5s\n    headers: {request: {set: {by: root}}}\n    ")
                VS("other", "leaf",
                   "  http:\n  - name: leaf\n    match: [{uri: {prefix: /p/q}, name: m}]\n    " TO(
                       "a") "  - name: own\n    timeout: 1s\n    " TO("c")))) {
        GOES("/p/q", "x: 1", OUT("a"));
        GOES("/p/q", NULL, "");
        GOES("/p", "x: 1", OUT("c"));
        GOES("/q", "x: 1", "");
        if (OK(r = ROUTE("/p/q", "x: 1"))) {
            EQ_STRN(r->name.p, r->name.len, "root-leaf.m");
            EQ_INT(r->timeout_ms, 5000);
            EQ_INT(r->request.count, 1);
            EQ_STRN(r->source.name.p, r->source.name.len, "leaf");
        }
        if (OK(r = ROUTE("/p", "x: 1")))
            EQ_INT(r->timeout_ms, 1000);
    }
    compile_rig_deinit(&rig);
}

static void vs_10_rules_that_do_not_nest_are_dropped(void)
{
    static const struct {
        const char *root, *leaf;
        bool nests;
    } rows[] = {
        { "uri: {prefix: /p}", "uri: {prefix: /p/x}", true },
        { "uri: {prefix: /p}", "uri: {exact: /p/x}", true },
        { "uri: {prefix: /p}", "uri: {prefix: /q}", false },
        { "uri: {prefix: /p}", "uri: {regex: '/p/x'}", false },
        { "uri: {exact: /p/x}", "uri: {prefix: /p/x}", false },
        { "uri: {exact: /p/x}", "uri: {exact: /p/x}", true },
        { "uri: {prefix: /p}, ignoreUriCase: true", "uri: {prefix: /p/x}", false },
        { "uri: {prefix: /p}, port: 80", "port: 80", true },
        { "uri: {prefix: /p}, port: 80", "port: 8080", false },
        { "uri: {prefix: /p}, sourceNamespace: default", "sourceNamespace: other", false },
        { "uri: {prefix: /p}, headers: {h: {regex: x}}", "headers: {h: {exact: x}}", false },
        { "uri: {prefix: /p}, headers: {h: {prefix: x}}", "headers: {h: {exact: y}}", false },
        { "uri: {prefix: /p}, queryParams: {q: {exact: x}}", "queryParams: {q: {exact: y}}",
          false },
        { "uri: {prefix: /p}, gateways: [mesh]", "gateways: [gw]", false },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char yaml[4096];

        snprintf(yaml, sizeof(yaml),
                 MESH ROOT("{%s}", "")
                     VS("other", "leaf", "  http:\n  - match: [{%s}]\n    " TO("a")),
                 rows[i].root, rows[i].leaf);
        if (BEGIN(yaml)) {
            if (!EQ_INT(!compile_rig_warned(&rig, "its match is not within that of default/root"),
                        rows[i].nests))
                NOTE("row %zu", i);
        }
        compile_rig_deinit(&rig);
    }
}

static void vs_10_a_delegate_must_be_exported_to_its_root(void)
{
    if (BEGIN(MESH ROOT("{uri: {prefix: /p}}", "")
                  VS("other", "leaf", "  exportTo: ['.']\n  http:\n  - " TO("a")))) {
        OK(compile_rig_warned(&rig,
                              "its delegate other/leaf is not exported to namespace default"));
        GOES("/p", NULL, OUT("b")); /* no rule is left */
        OK(compile_rig_apply(&rig,
                             VS("other", "leaf", "  exportTo: [default]\n  http:\n  - " TO("a"))));
        GOES("/p", NULL, OUT("a"));
    }
    compile_rig_deinit(&rig);
}

/* ---- bytes ---- */

static void vs_18_tls_rules_go_by_server_name(void)
{
    const struct model_outbound_service *s;

    if (BEGIN(MESH VS(
            "default", "c",
            "  hosts: [c, '*.c.example']\n  tls:\n"
            "  - match: [{sniHosts: ['*.c.example'], port: 443}]\n    " TO(
                "a") "  - match: [{sniHosts: [x.c.example]}]\n    " TO("b") "  http:\n  "
                                                                            "- " TO("b"))) &&
        OK(s = compile_rig_vip(&rig, "10.1.0.3:443"))) {
        EQ_INT(s->tcp_count, 2);
        EQ_STRN(s->tcp[1].sni_hosts[0].p, s->tcp[1].sni_hosts[0].len, "x.c.example");
        OK(!compile_rig_vhost(&rig, 443, HOST("c"))); /* http rules say nothing about TLS ports */
    }
    compile_rig_deinit(&rig);
}

static void vs_19_tcp_rules_have_subnets_ports_and_sources(void)
{
    const struct model_outbound_service *s;

    if (BEGIN(MESH VS(
            "default", "c",
            "  hosts: [c]\n  tcp:\n"
            "  - match: [{port: 9000, destinationSubnets: [10.1.0.0/16]}]\n    " TO(
                "a") "  - match: [{sourceLabels: {app: nobody}}]\n    " TO("b") "  - match: "
                                                                                "[{port: 1}]\n   "
                                                                                " " TO(
                                                                                    "b") "  - "
                                                                                         "route:"
                                                                                         "\n    "
                                                                                         "- "
                                                                                         "{desti"
                                                                                         "nation"
                                                                                         ": "
                                                                                         "{host:"
                                                                                         " a}, "
                                                                                         "weight"
                                                                                         ": 1}\n"
                                                                                         "    - "
                                                                                         "{desti"
                                                                                         "nation"
                                                                                         ": "
                                                                                         "{host:"
                                                                                         " c, "
                                                                                         "port: "
                                                                                         "{numbe"
                                                                                         "r: "
                                                                                         "9000}}"
                                                                                         ", "
                                                                                         "weight"
                                                                                         ": "
                                                                                         "3}"
                                                                                         "\n")) &&
        OK(s = compile_rig_vip(&rig, "10.1.0.3:9000")) && EQ_INT(s->tcp_count, 2)) {
        EQ_INT(s->tcp[0].dst_net_count, 1);
        EQ_INT(s->tcp[1].cluster_count, 2);
        EQ_INT(s->tcp[1].weight_total, 4);
    }
    compile_rig_deinit(&rig);
}

static const struct tap_case cases[] = {
    { "vs_1_match_blocks_are_consecutive_routes", vs_1_match_blocks_are_consecutive_routes },
    { "vs_2_prefixes_are_of_strings_and_expressions_match_whole_paths",
      vs_2_prefixes_are_of_strings_and_expressions_match_whole_paths },
    { "vs_3_empty_match_and_star_mean_presence", vs_3_empty_match_and_star_mean_presence },
    { "vs_4_a_missing_header_is_empty_to_without_headers",
      vs_4_a_missing_header_is_empty_to_without_headers },
    { "vs_4_pseudo_headers_match_as_headers", vs_4_pseudo_headers_match_as_headers },
    { "vs_5_the_port_is_that_of_the_service", vs_5_the_port_is_that_of_the_service },
    { "vs_6_gateways_of_a_match_hide_its_sources", vs_6_gateways_of_a_match_hide_its_sources },
    { "vs_7_sources_choose_rules_by_client", vs_7_sources_choose_rules_by_client },
    { "vs_7_a_gateway_never_matches_sources", vs_7_a_gateway_never_matches_sources },
    { "h_6_nothing_stands_behind_a_catch_all", h_6_nothing_stands_behind_a_catch_all },
    { "h_5_the_oldest_virtual_service_of_a_host_wins",
      h_5_the_oldest_virtual_service_of_a_host_wins },
    { "h_4_only_exported_virtual_services_count", h_4_only_exported_virtual_services_count },
    { "h_4_hosts_that_no_registry_knows_are_served_on_port_80",
      h_4_hosts_that_no_registry_knows_are_served_on_port_80 },
    { "vs_9_a_single_destination_ignores_its_weight",
      vs_9_a_single_destination_ignores_its_weight },
    { "vs_13_a_single_destinations_headers_follow_the_routes",
      vs_13_a_single_destinations_headers_follow_the_routes },
    { "vs_13_headers_of_several_destinations_stay_with_them",
      vs_13_headers_of_several_destinations_stay_with_them },
    { "vs_12_the_authority_may_be_set", vs_12_the_authority_may_be_set },
    { "vs_15_mirrors_have_their_shares", vs_15_mirrors_have_their_shares },
    { "vs_16_faults_need_a_share", vs_16_faults_need_a_share },
    { "vs_17_star_is_every_origin_and_new_origins_hide_the_old",
      vs_17_star_is_every_origin_and_new_origins_hide_the_old },
    { "vs_20_direct_responses_keep_text_and_bytes", vs_20_direct_responses_keep_text_and_bytes },
    { "rt_1_the_default_is_two_retries_on_istios_conditions",
      rt_1_the_default_is_two_retries_on_istios_conditions },
    { "rt_2_backoff_grows_to_ten_times_its_base", rt_2_backoff_grows_to_ten_times_its_base },
    { "rt_3_hashing_keeps_to_the_same_host", rt_3_hashing_keeps_to_the_same_host },
    { "rt_4_numbers_in_retry_on_are_status_codes", rt_4_numbers_in_retry_on_are_status_codes },
    { "vs_10_a_delegates_rules_stand_in_for_the_roots",
      vs_10_a_delegates_rules_stand_in_for_the_roots },
    { "vs_10_rules_that_do_not_nest_are_dropped", vs_10_rules_that_do_not_nest_are_dropped },
    { "vs_10_a_delegate_must_be_exported_to_its_root",
      vs_10_a_delegate_must_be_exported_to_its_root },
    { "vs_18_tls_rules_go_by_server_name", vs_18_tls_rules_go_by_server_name },
    { "vs_19_tcp_rules_have_subnets_ports_and_sources",
      vs_19_tcp_rules_have_subnets_ports_and_sources },
};

TAP_MAIN(cases)
