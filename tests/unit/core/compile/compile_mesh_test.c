/* MeshConfig, MeshNetworks and ProxyConfig: who reads what, and that a change rebuilds. */
#include "core/compile/compile_mesh.h"

#include "core/tls/tls_config.h"
#include "tests/tap.h"
#include "tests/unit/support/compile_rig.h"

#define CONFIG_MAP(text)                                                                           \
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n"          \
    "data:\n  mesh: |\n" text

#define SERVICE                                                                                    \
    "apiVersion: v1\nkind: Service\nmetadata: {name: shop, namespace: prod}\n"                     \
    "spec: {clusterIP: 10.1.0.1, ports: [{name: http, port: 80}]}\n"

static struct compile_rig rig;

static const struct model_settings *settings(void)
{
    return &rig.snapshot->settings;
}

static void defaults_hold_without_a_mesh_config(void)
{
    compile_rig_init(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, SERVICE));
    EQ_UINT(settings()->connect_timeout_ms, 10000);
    OK(!settings()->access_log.enabled);
    EQ_INT(rig.snapshot->outbound->policy, MODEL_ALLOW_ANY);
    OK(str_is(settings()->root_namespace, "istio-system"));
    compile_rig_deinit(&rig);
}

static void the_config_map_sets_and_changes_them(void)
{
    compile_rig_init(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(
        &rig, SERVICE "---\n" CONFIG_MAP("    connectTimeout: 3s\n"
                                         "    accessLogFile: /dev/stdout\n"
                                         "    accessLogEncoding: JSON\n"
                                         "    outboundTrafficPolicy: {mode: REGISTRY_ONLY}\n"
                                         "    rootNamespace: admin\n"
                                         "    defaultConfig: {terminationDrainDuration: 20s}\n")));
    EQ_UINT(settings()->connect_timeout_ms, 3000);
    OK(settings()->access_log.enabled && settings()->access_log.json);
    OK(str_is(settings()->access_log.path, "/dev/stdout"));
    OK(str_is(settings()->root_namespace, "admin"));
    EQ_UINT(settings()->drain_ms, 20000);
    EQ_INT(rig.snapshot->outbound->policy, MODEL_REGISTRY_ONLY);
    EQ_UINT(compile_rig_cluster(&rig, "outbound|80||shop.prod.svc.cluster.local")
                ->config->limits.connect_timeout_ms,
            3000);

    OK(compile_rig_apply(&rig, CONFIG_MAP("    connectTimeout: 4s\n")));
    EQ_UINT(settings()->connect_timeout_ms, 4000);
    OK(!settings()->access_log.enabled);
    EQ_INT(rig.snapshot->outbound->policy, MODEL_ALLOW_ANY);
    EQ_UINT(compile_rig_cluster(&rig, "outbound|80||shop.prod.svc.cluster.local")
                ->config->limits.connect_timeout_ms,
            4000);

    compile_rig_remove(&rig, "ConfigMap", "istio-system", "istio");
    OK(compile_rig_run(&rig));
    EQ_UINT(settings()->connect_timeout_ms, 10000);
    compile_rig_deinit(&rig);
}

static void the_annotation_of_a_workload_is_merged_into_the_meshs_default(void)
{
    compile_rig_init(&rig);
    rig.node.proxy_config = STR("{gatewayTopology: {numTrustedProxies: 2}}");
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, SERVICE));
    EQ_UINT(settings()->http.trusted_proxies, 2);
    OK(compile_rig_apply(
        &rig,
        CONFIG_MAP("    defaultConfig: {terminationDrainDuration: 20s, gatewayTopology: "
                   "{numTrustedProxies: 1, forwardClientCertDetails: ALWAYS_FORWARD_ONLY}}\n")));
    EQ_UINT(settings()->http.trusted_proxies, 2);
    OK(settings()->http.gateway_xfcc != 0);
    EQ_UINT(settings()->drain_ms, 20000);
    compile_rig_remove(&rig, "ConfigMap", "istio-system", "istio");
    OK(compile_rig_run(&rig));
    EQ_UINT(settings()->http.trusted_proxies, 2);
    compile_rig_deinit(&rig);
}

static void a_document_of_its_own_is_that_config_map(void)
{
    compile_rig_init(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, "connectTimeout: 2s\nextensionProviders:\n- name: otel\n  "
                               "opentelemetry: {service: otel.obs, port: 4317}\n"));
    EQ_UINT(settings()->connect_timeout_ms, 2000);
    OK(compile_rig_apply(&rig, "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\n"
                               "spec: {meshConfig: {connectTimeout: 5s}}\n"));
    EQ_UINT(settings()->connect_timeout_ms, 5000);
    compile_rig_deinit(&rig);
}

static void tls_between_proxies_is_the_meshs(void)
{
    const struct model_mesh_tls *tls;

    compile_rig_init(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, SERVICE));
    tls = &settings()->mesh_tls;
    EQ_INT(tls->min_version, TLS_VERSION_1_2);
    EQ_UINT(tls->cipher_count, 0);
    if (EQ_UINT(tls->domain_count, 1))
        EQ_STRN(tls->domains[0].p, tls->domains[0].len, "cluster.local");
    OK(compile_rig_apply(&rig, CONFIG_MAP("    trustDomainAliases: [old, older]\n"
                                          "    meshMTLS: {minProtocolVersion: TLSV1_3}\n")));
    tls = &settings()->mesh_tls;
    EQ_INT(tls->min_version, TLS_VERSION_1_3);
    if (EQ_UINT(tls->domain_count, 3))
        EQ_STRN(tls->domains[2].p, tls->domains[2].len, "older");
    OK(compile_rig_apply(
        &rig, CONFIG_MAP("    meshMTLS: {cipherSuites: [ECDHE-ECDSA-AES256-GCM-SHA384, RC4]}\n")));
    tls = &settings()->mesh_tls;
    EQ_INT(tls->min_version, TLS_VERSION_1_2);
    EQ_UINT(tls->cipher_count, 1);
    OK(compile_rig_warned(&rig, "meshMTLS.cipherSuites[1]: \"RC4\" is not a cipher suite"));
    compile_rig_deinit(&rig);
}

static void no_suite_left_is_not_every_suite(void)
{
    compile_rig_init(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, SERVICE "---\n" CONFIG_MAP(
                                   "    meshMTLS: {cipherSuites: [TLS_AES_256_GCM_SHA384]}\n")));
    EQ_UINT(settings()->mesh_tls.cipher_count, 0);
    EQ_INT(settings()->mesh_tls.min_version, TLS_VERSION_1_3);
    compile_rig_deinit(&rig);
}

static void other_config_maps_do_nothing(void)
{
    compile_rig_init(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, SERVICE));
    OK(!compile_rig_apply(&rig, "apiVersion: v1\nkind: ConfigMap\n"
                                "metadata: {name: istio, namespace: prod}\n"
                                "data: {mesh: 'connectTimeout: 3s'}\n"));
    EQ_UINT(settings()->connect_timeout_ms, 10000);
    compile_rig_deinit(&rig);
}

static void services_without_export_follow_the_mesh(void)
{
    compile_rig_init(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, SERVICE));
    OK(compile_rig_cluster(&rig, "outbound|80||shop.prod.svc.cluster.local") != NULL);
    OK(compile_rig_apply(&rig, "defaultServiceExportTo: ['.']\n"));
    OK(compile_rig_cluster(&rig, "outbound|80||shop.prod.svc.cluster.local") == NULL);
    OK(compile_rig_apply(&rig, "defaultServiceExportTo: ['*']\n"));
    OK(compile_rig_cluster(&rig, "outbound|80||shop.prod.svc.cluster.local") != NULL);
    compile_rig_deinit(&rig);
}

static void rules_without_export_follow_the_mesh(void)
{
    static const char rules[] = SERVICE
        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n"
        "metadata: {name: shop, namespace: prod}\n"
        "spec: {hosts: [shop], http: [{timeout: 7s, route: [{destination: {host: shop}}]}]}\n"
        "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
        "metadata: {name: shop, namespace: prod}\n"
        "spec: {host: shop, trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}}}\n";

    compile_rig_init(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, rules));
    EQ_UINT(compile_rig_cluster(&rig, "outbound|80||shop.prod.svc.cluster.local")
                ->config->limits.max_connections,
            7);
    EQ_UINT(compile_rig_route(&rig, 80, "shop.prod", "/", NULL)->timeout_ms, 7000);
    OK(compile_rig_apply(&rig, "defaultVirtualServiceExportTo: ['.']\n"
                               "defaultDestinationRuleExportTo: ['.']\n"));
    EQ_UINT(compile_rig_cluster(&rig, "outbound|80||shop.prod.svc.cluster.local")
                ->config->limits.max_connections,
            0);
    EQ_UINT(compile_rig_route(&rig, 80, "shop.prod", "/", NULL)->timeout_ms, 0);
    OK(compile_rig_apply(&rig, "{connectTimeout: 1s}\n"));
    EQ_UINT(compile_rig_route(&rig, 80, "shop.prod", "/", NULL)->timeout_ms, 7000);
    compile_rig_deinit(&rig);
}

static void vs_10_delegates_without_export_follow_the_mesh(void)
{
    static const char rules[] =
        SERVICE "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n"
                "metadata: {name: root, namespace: default}\n"
                "spec: {hosts: [shop.prod.svc.cluster.local], exportTo: ['.'],\n"
                "  http: [{delegate: {name: leaf, namespace: prod}}]}\n"
                "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n"
                "metadata: {name: leaf, namespace: prod}\n"
                "spec: {http: [{timeout: 7s, route: [{destination: {host: shop}}]}]}\n";

    compile_rig_init(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, rules));
    EQ_UINT(compile_rig_route(&rig, 80, "shop.prod", "/", NULL)->timeout_ms, 7000);
    OK(compile_rig_apply(&rig, "defaultVirtualServiceExportTo: ['.']\n"));
    OK(compile_rig_warned(&rig, "its delegate prod/leaf is not exported to namespace default"));
    EQ_UINT(compile_rig_route(&rig, 80, "shop.prod", "/", NULL)->timeout_ms, 0);
    compile_rig_deinit(&rig);
}

static void times_and_logs_of_connections_reach_the_workers(void)
{
    compile_rig_init(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, SERVICE));
    EQ_UINT(settings()->detection_ms, 0);
    EQ_UINT(settings()->dns_retry_ms, 0);
    OK(!settings()->no_listener_log);
    OK(compile_rig_apply(&rig, "{protocolDetectionTimeout: 0.1s, dnsRefreshRate: 7s, "
                               "disableEnvoyListenerLog: true}\n"));
    EQ_UINT(settings()->detection_ms, 100);
    EQ_UINT(settings()->dns_retry_ms, 7000);
    OK(settings()->no_listener_log);
    OK(compile_rig_apply(&rig, "{protocolDetectionTimeout: 0s, dnsRefreshRate: 0s}\n"));
    EQ_UINT(settings()->detection_ms, 0);
    EQ_UINT(settings()->dns_retry_ms, 0);
    compile_rig_deinit(&rig);
}

static void rt_8_retries_towards_the_app_are_the_meshs(void)
{
    const struct model_retry *retry;

    compile_rig_init(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, SERVICE));
    retry = rig.snapshot->inbound->retry;
    if (OK(retry)) {
        EQ_UINT(retry->attempts, 2);
        EQ_UINT(retry->on, MODEL_RETRY_RESET_BEFORE_REQUEST);
    }
    OK(compile_rig_apply(&rig, "{defaultInboundHttpRetryPolicy: {attempts: 4}}\n"));
    retry = rig.snapshot->inbound->retry;
    if (OK(retry)) {
        EQ_UINT(retry->attempts, 4);
        EQ_UINT(retry->on, MODEL_RETRY_RESET_BEFORE_REQUEST);
    }
    OK(compile_rig_apply(&rig, "{defaultInboundHttpRetryPolicy: {attempts: 3, backoff: 1s, "
                               "retryOn: '503,5xx', perTryTimeout: 2s, "
                               "retryRemoteLocalities: true}}\n"));
    retry = rig.snapshot->inbound->retry;
    if (OK(retry)) {
        EQ_UINT(retry->on, MODEL_RETRY_5XX | MODEL_RETRY_STATUS_CODES);
        EQ_UINT(retry->status_code_count, 1);
        EQ_UINT(retry->backoff_base_ms, 1000);
        EQ_UINT(retry->per_try_timeout_ms, 0);
        OK(!retry->avoid_previous_hosts && !retry->remote_localities);
    }
    OK(compile_rig_apply(&rig, "{defaultInboundHttpRetryPolicy: {attempts: 0}}\n"));
    OK(!rig.snapshot->inbound->retry);
    compile_rig_deinit(&rig);
}

static void auto_mtls_can_be_off(void)
{
    compile_rig_init(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, SERVICE));
    EQ_INT(compile_rig_cluster(&rig, "outbound|80||shop.prod.svc.cluster.local")->config->tls_mode,
           MODEL_TLS_AUTO);
    OK(compile_rig_apply(&rig, "enableAutoMtls: false\n"));
    EQ_INT(compile_rig_cluster(&rig, "outbound|80||shop.prod.svc.cluster.local")->config->tls_mode,
           MODEL_TLS_DISABLE);
    compile_rig_deinit(&rig);
}

static void http_settings_reach_the_workers(void)
{
    const struct model_http_settings *h;

    compile_rig_init(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(
        &rig, "pathNormalization: {normalization: MERGE_SLASHES}\n"
              "defaultConfig:\n  gatewayTopology: {numTrustedProxies: 2, proxyProtocol: {}}\n"
              "  proxyHeaders: {forwardedClientCert: SANITIZE, server: {value: shop}, requestId: "
              "{disabled: true}, setCurrentClientCertDetails: {cert: true, uri: false}}\n"
              "  connectionSettings: {profile: EDGE, httpMaxConcurrentStreams: 7}\n"
              "  proxyMetadata: {ISTIO_META_HTTP10: '1'}\n"));
    h = &settings()->http;
    EQ_INT(h->path_normalization, MODEL_PATH_MERGE_SLASHES);
    EQ_UINT(h->trusted_proxies, 2);
    OK(h->proxy_protocol && h->no_request_id && h->accept_http10 && h->merge_slashes);
    EQ_INT(h->xfcc, MODEL_XFCC_SANITIZE);
    OK(str_is(h->server, "shop"));
    OK(h->xfcc_details.set && h->xfcc_details.subject && h->xfcc_details.cert &&
       !h->xfcc_details.uri);
    EQ_UINT(h->max_streams, 7);
    EQ_UINT(h->stream_window_bytes, 65536);
    EQ_INT(h->underscores, MODEL_UNDERSCORES_REJECT);
    EQ_INT(h->escaped_slashes, MODEL_ESCAPED_SLASHES_UNESCAPE_AND_REDIRECT);
    OK(compile_rig_apply(&rig, "defaultConfig: {connectionSettings: "
                               "{httpHeadersWithUnderscoresAction: "
                               "HEADERS_WITH_UNDERSCORES_DROP_HEADER, "
                               "httpPathWithEscapedSlashesAction: KEEP_UNCHANGED}}\n"));
    EQ_INT(settings()->http.underscores, MODEL_UNDERSCORES_DROP);
    EQ_INT(settings()->http.escaped_slashes, MODEL_ESCAPED_SLASHES_KEEP);
    EQ_UINT(settings()->http.max_streams, 0);
    compile_rig_deinit(&rig);
}

static void proxy_configs_come_in_layers(void)
{
    compile_rig_init(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig,
                         "defaultConfig: {proxyMetadata: {ISTIO_META_HTTP10: '0'}}\n"
                         "---\napiVersion: networking.istio.io/v1beta1\nkind: ProxyConfig\n"
                         "metadata: {name: mine, namespace: default}\n"
                         "spec: {selector: {matchLabels: {app: client}}, environmentVariables: "
                         "{ISTIO_META_HTTP10: '1'}}\n"
                         "---\napiVersion: networking.istio.io/v1beta1\nkind: ProxyConfig\n"
                         "metadata: {name: other, namespace: default}\n"
                         "spec: {environmentVariables: {ISTIO_META_HTTP10: '0'}}\n"));
    OK(settings()->http.accept_http10);
    compile_rig_remove(&rig, "ProxyConfig", "default", "mine");
    OK(compile_rig_run(&rig));
    OK(!settings()->http.accept_http10);
    compile_rig_deinit(&rig);
}

static void routes_without_retries_follow_the_mesh(void)
{
    static const char rules[] =
        SERVICE "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n"
                "metadata: {name: shop, namespace: prod}\n"
                "spec: {hosts: [shop], http: [{match: [{uri: {exact: /own}}], retries: {attempts: "
                "1}, route: [{destination: {host: shop}}]}, {route: [{destination: {host: "
                "shop}}]}]}\n";

    compile_rig_init(&rig);
    compile_rig_start(&rig);
    OK(compile_rig_apply(&rig, rules));
    EQ_UINT(compile_rig_route(&rig, 80, "shop.prod", "/", NULL)->retry->attempts, 2);
    OK(compile_rig_apply(&rig, "defaultHttpRetryPolicy: {attempts: 5}\n"));
    EQ_UINT(compile_rig_route(&rig, 80, "shop.prod", "/", NULL)->retry->attempts, 5);
    EQ_UINT(compile_rig_route(&rig, 80, "shop.prod", "/own", NULL)->retry->attempts, 1);
    OK(compile_rig_apply(&rig, "defaultHttpRetryPolicy: {attempts: 0}\n"));
    OK(compile_rig_route(&rig, 80, "shop.prod", "/", NULL)->retry == NULL);
    compile_rig_deinit(&rig);
}

static const struct tap_case cases[] = {
    { "defaults_hold_without_a_mesh_config", defaults_hold_without_a_mesh_config },
    { "the_config_map_sets_and_changes_them", the_config_map_sets_and_changes_them },
    { "the_annotation_of_a_workload_is_merged_into_the_meshs_default",
      the_annotation_of_a_workload_is_merged_into_the_meshs_default },
    { "a_document_of_its_own_is_that_config_map", a_document_of_its_own_is_that_config_map },
    { "tls_between_proxies_is_the_meshs", tls_between_proxies_is_the_meshs },
    { "no_suite_left_is_not_every_suite", no_suite_left_is_not_every_suite },
    { "other_config_maps_do_nothing", other_config_maps_do_nothing },
    { "services_without_export_follow_the_mesh", services_without_export_follow_the_mesh },
    { "rules_without_export_follow_the_mesh", rules_without_export_follow_the_mesh },
    { "vs_10_delegates_without_export_follow_the_mesh",
      vs_10_delegates_without_export_follow_the_mesh },
    { "times_and_logs_of_connections_reach_the_workers",
      times_and_logs_of_connections_reach_the_workers },
    { "rt_8_retries_towards_the_app_are_the_meshs", rt_8_retries_towards_the_app_are_the_meshs },
    { "auto_mtls_can_be_off", auto_mtls_can_be_off },
    { "http_settings_reach_the_workers", http_settings_reach_the_workers },
    { "proxy_configs_come_in_layers", proxy_configs_come_in_layers },
    { "routes_without_retries_follow_the_mesh", routes_without_retries_follow_the_mesh },
};

TAP_MAIN(cases)
