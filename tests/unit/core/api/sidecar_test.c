/* The rules of Sidecar, EnvoyFilter, RequestAuthentication, Telemetry and the extensions, a line
 * each: a spec, and what must be said about it ("": it is good). */
#include "core/api/sidecar.h"

#include "core/base/mem.h"
#include "tests/tap.h"
#include "tests/unit/support/api_files.h"

struct rule {
    const char *spec, *said;
};

static void try_rules(const char *api_version, const char *kind, const struct rule *rules, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *said = api_files_complain_spec(api_version, kind, rules[i].spec);
        bool good = rules[i].said[0] ? HAS_STR(said, rules[i].said) && HAS_STR(said, "error")
                                     : OK(!strstr(said, "error"));

        if (!good)
            NOTE("%s: %s", rules[i].spec, said);
        mem_free(said);
    }
}

#define HOSTS  "hosts: ['*/*']"
#define SERVER "serverCertificate: /a, privateKey: /b"

static const struct rule sidecars[] = {
    { "{egress: [{" HOSTS "}]}", "" },
    { "{workloadSelector: {labels: {}}, egress: [{" HOSTS "}]}", "" },
    { "{outboundTrafficPolicy: {}}", "" },
    { "{inboundConnectionPool: {tcp: {}}}", "" },
    { "{}", "is empty" },
    { "{egress: [{}]}", "hosts" },
    { "{egress: [{hosts: []}]}", "hosts" },
    { "{egress: [{hosts: [a]}]}", "is not \"namespace/host\"" },
    { "{egress: [{hosts: [/a]}]}", "is not \"namespace/host\"" },
    { "{egress: [{hosts: [a/]}]}", "is not \"namespace/host\"" },
    { "{egress: [{hosts: ['A!/a']}]}", "is not a namespace" },
    { "{egress: [{hosts: ['a/a.*']}]}", "not a host name" },
    { "{egress: [{hosts: ['~/*', './*', '~a/b.c', 'a/*.c']}]}", "" },
    { "{egress: [{" HOSTS "}, {" HOSTS "}]}", "must be the last" },
    { "{egress: [{port: {number: 80}, " HOSTS "}, {port: {number: 80}, " HOSTS "}]}",
      "another listener has that port" },
    { "{egress: [{port: {number: 0}, " HOSTS "}]}", "Unix socket" },
    { "{egress: [{port: {number: 0}, bind: 'unix:///a', " HOSTS "}]}", "" },
    { "{egress: [{port: {number: 0}, bind: 'unix:///a', captureMode: IPTABLES, " HOSTS "}]}",
      "DEFAULT or NONE" },
    { "{egress: [{port: {number: 0}, bind: 'unix:///a', " HOSTS "}, {port: {number: 0}, bind: "
      "'unix:///a', " HOSTS "}]}",
      "another listener has that socket" },
    { "{egress: [{port: {number: 80}, bind: 'unix:///a', " HOSTS "}]}", "not an IP address" },
    { "{egress: [{port: {number: 80, protocol: SMTP}, " HOSTS "}]}", "is not a protocol" },
    { "{ingress: [{bind: 10.0.0.1}]}", "port" },
    { "{ingress: [{port: {number: 0}}]}", "outside 1..65535" },
    { "{ingress: [{port: {number: 80}}, {port: {number: 80}}]}", "another listener has port 80" },
    { "{ingress: [{port: {number: 80}, bind: a.example.com}]}", "not an IP address" },
    { "{ingress: [{port: {number: 80}, defaultEndpoint: '10.0.0.1:80'}]}", "is not 127.0.0.1" },
    { "{ingress: [{port: {number: 80}, defaultEndpoint: '127.0.0.1:99999'}]}", "is not 127.0.0.1" },
    { "{ingress: [{port: {number: 80}, defaultEndpoint: '[::1]:80'}]}", "" },
    { "{ingress: [{port: {number: 80}, defaultEndpoint: ':80'}]}", "" },
    { "{ingress: [{port: {number: 80, protocol: HTTP}, tls: {mode: SIMPLE, " SERVER "}}]}",
      "needs protocol HTTPS or TLS" },
    { "{ingress: [{port: {number: 80, protocol: TLS}, tls: {mode: SIMPLE, " SERVER "}}]}", "" },
    { "{ingress: [{port: {number: 80, protocol: TLS}, tls: {mode: ISTIO_MUTUAL}}]}",
      "is not for sidecars" },
    { "{ingress: [{port: {number: 80, protocol: TLS}, tls: {mode: SIMPLE, credentialName: a}}]}",
      "is not for sidecars" },
    { "{ingress: [{port: {number: 80, protocol: TLS}, tls: {mode: SIMPLE, " SERVER
      ", subjectAltNames: [a]}}]}",
      "is not for sidecars" },
    { "{ingress: [{port: {number: 80, protocol: TLS}, tls: {httpsRedirect: true}}]}",
      "is not for sidecars" },
    { "{outboundTrafficPolicy: {egressProxy: {host: a, port: {number: 1}}}}", "needs mode" },
    { "{outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: a}}}", "port" },
};

#define HCM "envoy.filters.network.http_connection_manager"

static const struct rule envoy_filters[] = {
    { "{}", "" },
    { "{configPatches: [{}]}", "applyTo" },
    { "{configPatches: [{applyTo: CLUSTER}]}", "patch.operation" },
    { "{configPatches: [{applyTo: CLUSTER, patch: {operation: ADD}}]}", "patch.value" },
    { "{configPatches: [{applyTo: CLUSTER, patch: {operation: REMOVE}}]}", "" },
    { "{configPatches: [{applyTo: CLUSTER, match: {listener: {}}, patch: {operation: REMOVE}}]}",
      "needs \"cluster\"" },
    { "{configPatches: [{applyTo: LISTENER, match: {cluster: {}}, patch: {operation: REMOVE}}]}",
      "needs \"listener\"" },
    { "{configPatches: [{applyTo: HTTP_ROUTE, match: {cluster: {}}, patch: {operation: REMOVE}}]}",
      "needs \"routeConfiguration\"" },
    { "{configPatches: [{applyTo: LISTENER, match: {cluster: {}, listener: {}}}]}", "exclude" },
    { "{configPatches: [{applyTo: CLUSTER, match: {proxy: {proxyVersion: '('}}}]}",
      "proxyVersion" },
    { "{configPatches: [{applyTo: HTTP_FILTER, match: {listener: {filterChain: {filter: {}}}}, "
      "patch: {operation: REMOVE}}]}",
      "name of a filter" },
    { "{configPatches: [{applyTo: NETWORK_FILTER, match: {listener: {filterChain: {filter: {name: "
      "a, subFilter: {name: b}}}}}, patch: {operation: REMOVE}}]}",
      "HTTP_FILTER only" },
    { "{configPatches: [{applyTo: HTTP_FILTER, match: {listener: {filterChain: {filter: {name: "
      "a, subFilter: {name: b}}}}}, patch: {operation: REMOVE}}]}",
      "must be " HCM },
    { "{configPatches: [{applyTo: HTTP_FILTER, match: {listener: {filterChain: {filter: "
      "{name: " HCM ", subFilter: {}}}}}, patch: {operation: REMOVE}}]}",
      "name of a filter" },
    { "{configPatches: [{match: {context: WAYPOINT}}]}", "when context is WAYPOINT" },
    { "{configPatches: [{match: {context: GATEWAY, waypoint: {}}}]}", "when context is WAYPOINT" },
    { "{configPatches: [{match: {context: WAYPOINT, waypoint: {portNumber: 0}}}]}", "portNumber" },
    { "{workloadSelector: {labels: {a: b}}, targetRefs: [{kind: Gateway, name: a}]}",
      "only one of targetRefs or workloadSelector" },
};

static const struct rule request_authentications[] = {
    { "{}", "" },
    { "{jwtRules: [{issuer: a}]}", "" },
    { "{jwtRules: [{jwksUri: 'https://a/b'}]}", "" },
    { "{jwtRules: [{jwks_uri: 'https://a/b'}]}", "" },
    { "{jwtRules: [{}]}", "issuer" },
    { "{jwtRules: [{issuer: ''}]}", "must not be empty" },
    { "{jwtRules: [{jwksUri: 'ftp://a'}]}", "http:// or https://" },
    { "{jwtRules: [{jwksUri: 'https:///x'}]}", "http:// or https://" },
    { "{jwtRules: [{issuer: a, jwks: '{}', jwksUri: 'https://a'}]}", "only one of jwks" },
    { "{jwtRules: [{issuer: a, jwks: 'keys'}]}", "JSON of a key set" },
    { "{jwtRules: [{issuer: a, audiences: ['']}]}", "must not be empty" },
    { "{jwtRules: [{issuer: a, timeout: 1us}]}", "timeout" },
    { "{jwtRules: [{issuer: a, fromHeaders: [{prefix: a}]}]}", "name" },
    { "{jwtRules: [{issuer: a, outputClaimToHeaders: [{header: 'a b', claim: c}]}]}",
      "not a header name" },
    { "{selector: {matchLabels: {a: b}}, targetRefs: [{kind: Gateway, name: a}]}",
      "only one of selector and targetRefs" },
};

static const struct rule telemetries[] = {
    { "{}", "" },
    { "{tracing: [{randomSamplingPercentage: 100.5}]}", "randomSamplingPercentage" },
    { "{tracing: [{providers: [{}]}]}", "name" },
    { "{tracing: [{customTags: {a: {literal: {value: ''}}}}]}", "must not be empty" },
    { "{tracing: [{customTags: {a: {literal: {value: a}, header: {name: b}}}}]}", "exclude" },
    { "{metrics: [{overrides: [{match: {metric: REQUESTS}}]}]}", "metric" },
    { "{metrics: [{overrides: [{match: {metric: ALL_METRICS, customMetric: a}}]}]}", "exclude" },
    { "{metrics: [{overrides: [{tagOverrides: {a: {operation: UPSERT}}}]}]}", "must be set" },
    { "{metrics: [{overrides: [{tagOverrides: {a: {}}}]}]}", "must be set" },
    { "{metrics: [{overrides: [{tagOverrides: {a: {operation: REMOVE, value: b}}}]}]}",
      "must not be set" },
    { "{metrics: [{reportingInterval: 0s}]}", "reportingInterval" },
    { "{targetRef: {kind: Gateway, name: a}, targetRefs: [{kind: Gateway, name: a}]}",
      "only one of selector and targetRefs" },
};

static const struct rule wasm_plugins[] = {
    { "{url: a/b}", "" },
    { "{url: 'file:///a'}", "" },
    { "{}", "url" },
    { "{url: ''}", "must not be empty" },
    { "{url: 'ftp://a'}", "url must have schema" },
    { "{url: 'a b'}", "is not a URL" },
    { "{url: a, sha256: abc}", "64 digits" },
    { "{url: a, vmConfig: {env: [{name: a, value: b, valueFrom: HOST}]}}", "INLINE" },
    { "{url: a, match: [{ports: [{number: 0}]}]}", "number" },
};

static const struct rule traffic_extensions[] = {
    { "{wasm: {url: a}}", "" },
    { "{lua: {inlineCode: a}}", "" },
    { "{}", "wasm" },
    { "{wasm: {url: a}, lua: {inlineCode: a}}", "exclude" },
    { "{lua: {inlineCode: ''}}", "must not be empty" },
    { "{wasm: {}}", "url" },
};

static const struct rule proxy_configs[] = {
    { "{}", "" },
    { "{concurrency: 4}", "" },
    { "{concurrency: -1}", "concurrency" },
};

#define TRY(version, kind, rules) try_rules(version, kind, rules, COUNT_OF(rules))

static void sidecar_rules(void)
{
    TRY("networking.istio.io/v1", "Sidecar", sidecars);
}

static void envoy_filter_rules(void)
{
    TRY("networking.istio.io/v1alpha3", "EnvoyFilter", envoy_filters);
}

static void request_authentication_rules(void)
{
    TRY("security.istio.io/v1", "RequestAuthentication", request_authentications);
}

static void telemetry_rules(void)
{
    TRY("telemetry.istio.io/v1", "Telemetry", telemetries);
}

static void extension_rules(void)
{
    TRY("extensions.istio.io/v1alpha1", "WasmPlugin", wasm_plugins);
    TRY("extensions.istio.io/v1alpha1", "TrafficExtension", traffic_extensions);
}

static void proxy_config_rules(void)
{
    TRY("networking.istio.io/v1beta1", "ProxyConfig", proxy_configs);
}

static const struct tap_case cases[] = {
    { "sidecar_rules", sidecar_rules },
    { "envoy_filter_rules", envoy_filter_rules },
    { "request_authentication_rules", request_authentication_rules },
    { "telemetry_rules", telemetry_rules },
    { "extension_rules", extension_rules },
    { "proxy_config_rules", proxy_config_rules },
};

TAP_MAIN(cases)
