/* MeshConfig from documents and ConfigMaps: what is taken for one, and what is wrong with it. */
#include "core/api/mesh_file.h"

#include "core/api/object_set.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "tests/tap.h"

static struct object_set set;
static struct diag diag;

static int read_text(const char *text)
{
    object_set_init(&set);
    diag_init(&diag);
    return object_set_read(&set, str_of(text), "mesh.yaml", &diag, NULL);
}

static bool is_said(int line, const char *text)
{
    for (const struct diag_item *i = diag.first; i; i = i->next)
        if ((line == 0 || i->pos.line == line) &&
            (str_find(i->message, str_of(text)) >= 0 || str_find(i->path, str_of(text)) >= 0))
            return true;
    return false;
}

static void forget(void)
{
    object_set_deinit(&set);
    diag_deinit(&diag);
}

static void every_field_is_read(void)
{
    static const char text[] =
        "connectTimeout: 10s\nprotocolDetectionTimeout: 100ms\n"
        "tcpKeepalive: {probes: 3, time: 10s, interval: 5s}\n"
        "accessLogFile: /dev/stdout\naccessLogFormat: '%START_TIME%'\naccessLogEncoding: TEXT\n"
        "enableTracing: true\nenableAutoMtls: true\ntrustDomain: td\ntrustDomainAliases: [old]\n"
        "outboundTrafficPolicy: {mode: ALLOW_ANY}\ninboundTrafficPolicy: {mode: LOCALHOST}\n"
        "defaultConfig:\n  concurrency: 2\n  proxyMetadata: {A: b}\n"
        "  tracing: {sampling: 12.5, zipkin: {address: 'zipkin:9411'}, customTags: {a: {literal: "
        "{value: b}}}}\n  holdApplicationUntilProxyStarts: true\n  gatewayTopology: "
        "{numTrustedProxies: 1, forwardClientCertDetails: SANITIZE_SET, proxyProtocol: {}}\n"
        "  proxyHeaders: {server: {disabled: true}, preserveHttp1HeaderCase: true}\n"
        "  connectionSettings: {profile: EDGE, httpIdleTimeout: 60s}\n"
        "  image: {imageType: distroless}\n  readinessProbe: {httpGet: {port: 80}}\n"
        "extensionProviders:\n"
        "- {name: authz, envoyExtAuthzGrpc: {service: a.b, port: 9000, timeout: 1s}}\n"
        "- {name: http, envoyExtAuthzHttp: {service: a.b, port: 80, statusOnError: '503'}}\n"
        "- {name: otel, opentelemetry: {service: otel.obs, port: 4318, http: {path: /v1/traces}}}\n"
        "- {name: zipkin, zipkin: {service: z, port: 9411, enable64bitTraceId: true}}\n"
        "- {name: log, envoyFileAccessLog: {path: /dev/stderr, logFormat: {labels: {a: '%b%'}}}}\n"
        "- {name: prom, prometheus: {}}\n"
        "defaultProviders: {metrics: [prom], tracing: [otel], accessLogging: [log]}\n"
        "discoverySelectors: [{matchLabels: {mesh: 'yes'}}]\n"
        "pathNormalization: {normalization: MERGE_SLASHES}\n"
        "defaultHttpRetryPolicy: {attempts: 3}\nmeshMTLS: {minProtocolVersion: TLSV1_3}\n"
        "tlsDefaults: {ecdhCurves: [P-256]}\nh2UpgradePolicy: UPGRADE\n"
        "localityLbSetting: {enabled: true}\nserviceSettings: [{settings: {clusterLocal: true}, "
        "hosts: ['*.a.svc.cluster.local']}]\nrootNamespace: admin\n"
        "defaultServiceExportTo: ['.']\nserviceEntryVisibility: {defaultVisibility: NAMESPACE}\n";
    struct mesh_config m;
    struct arena a;

    EQ_INT(read_text(text), 0);
    EQ_INT(set.count, 1);
    OK(set.count && str_is(set.items[0]->name, "istio") &&
       str_is(set.items[0]->ns, "istio-system"));
    arena_init(&a, 4096);
    EQ_INT(mesh_file_read_config(mesh_file_key(set.items[0], "mesh"), STR_NONE, &a, NULL, &m), 0);
    EQ_INT(m.extension_providers_count, 6);
    OK(m.extension_providers[2].opentelemetry != NULL);
    EQ_INT(m.path_normalization->normalization, MESH_CONFIG_NORMALIZATION_MERGE_SLASHES);
    OK(m.default_config->concurrency.set && m.default_config->concurrency.value == 2);
    EQ_INT(m.mesh_mtls->min_protocol_version, MESH_CONFIG_TLS_VERSION_TLSV1_3);
    arena_deinit(&a);
    forget();
}

static void mistakes_have_their_line(void)
{
    EQ_INT(read_text("connectTimeout: 10s\naccessLogFil: /dev/stdout\n"), ERR_INVALID);
    OK(is_said(2, "accessLogFil"));
    forget();
    EQ_INT(read_text("connectTimeout: 10s\nextensionProviders:\n- name: a\n"), ERR_INVALID);
    OK(is_said(3, ""));
    forget();
    EQ_INT(
        read_text("extensionProviders: [{name: a, prometheus: {}}, {name: a, prometheus: {}}]\n"),
        ERR_INVALID);
    OK(is_said(0, "two providers are called"));
    forget();
    EQ_INT(
        read_text("extensionProviders: [{name: a, opentelemetry: {service: b, port: 1, grpc: {}, "
                  "http: {}}}]\n"),
        ERR_INVALID);
    OK(is_said(0, "exclude"));
    forget();
    EQ_INT(read_text("trustDomainAliases: [old, 'a/b']\n"), ERR_INVALID);
    OK(is_said(1, "trustDomainAliases[1]"));
    forget();
    EQ_INT(read_text("meshMTLS: {minProtocolVersion: TLSV1_3, ecdhCurves: [P-256]}\n"),
           ERR_INVALID);
    OK(is_said(0, "tlsDefaults.ecdhCurves"));
    forget();
}

static void config_maps_are_checked_inside(void)
{
    EQ_INT(read_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: a}\n"
                     "data:\n  mesh: |\n    connectTimeout: 1s\n    nonsense: 1\n"),
           ERR_INVALID);
    OK(is_said(0, "line 2 of it") && is_said(0, "nonsense"));
    forget();
    EQ_INT(read_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: a}\n"
                     "data: {meshNetworks: 'networks: {n: {gateways: [{port: 0}]}}'}\n"),
           ERR_INVALID);
    OK(is_said(0, "port"));
    forget();
    EQ_INT(read_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n"
                     "data: {mesh: 'nonsense: 1'}\n"),
           0);
    forget();
}

static void other_documents_are_none(void)
{
    EQ_INT(read_text("foo: bar\n"), ERR_INVALID);
    OK(!is_said(0, "MeshConfig"));
    forget();
}

static const struct tap_case cases[] = {
    { "every_field_is_read", every_field_is_read },
    { "mistakes_have_their_line", mistakes_have_their_line },
    { "config_maps_are_checked_inside", config_maps_are_checked_inside },
    { "other_documents_are_none", other_documents_are_none },
};

TAP_MAIN(cases)
