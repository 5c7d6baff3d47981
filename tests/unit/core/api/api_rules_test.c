/* The rules across fields, a line each: a spec, and what must be said about it ("": it is good; "~"
 * and a text: that is a warning). */
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
        bool is_warning = rules[i].said[0] == '~';
        bool good = rules[i].said[0] && !is_warning
                        ? HAS_STR(said, rules[i].said) && HAS_STR(said, "error")
                        : OK(!strstr(said, "error"));

        if (is_warning)
            good = HAS_STR(said, rules[i].said + 1) && good;

        if (!good)
            NOTE("%s: %s", rules[i].spec, said);
        mem_free(said);
    }
}

#define ROUTE "route: [{destination: {host: a}}]"

static const struct rule virtual_service[] = {
    { "{hosts: [a], http: [{" ROUTE "}]}", "" },
    { "{hosts: [a], tcp: [{" ROUTE "}]}", "" },
    { "{hosts: [a], tls: [{match: [{sniHosts: [a]}], " ROUTE "}]}", "" },
    { "{http: [{" ROUTE "}]}", "" }, /* a delegate */
    { "{hosts: [a]}", "at least one rule" },
    { "{hosts: [a], http: [{}]}", "route, redirect, directResponse or delegate" },
    { "{hosts: [a, a], http: [{" ROUTE "}]}", "appears twice" },
    { "{hosts: ['*'], http: [{" ROUTE "}]}", "only for gateways" },
    { "{hosts: ['*'], gateways: [edge], http: [{" ROUTE "}]}", "" },
    { "{hosts: ['*'], gateways: [edge, mesh], http: [{" ROUTE "}]}", "only for gateways" },
    { "{hosts: ['a.*.b'], http: [{" ROUTE "}]}", "not a host name" },
    { "{hosts: [''], http: [{" ROUTE "}]}", "must not be empty" },
    { "{hosts: [a], gateways: ['a/b/c'], http: [{" ROUTE "}]}", "name of a gateway" },
    { "{hosts: [a], exportTo: ['A!'], http: [{" ROUTE "}]}", "spec.exportTo[0]" },
    { "{hosts: [a], http: [{route: [{destination: {host: '*'}}]}]}", "wildcard" },
    { "{hosts: [a], http: [{route: [{destination: {}}]}]}", "host" },
    { "{hosts: [a], http: [{route: [{weight: 1}]}]}", "destination" },
    { "{hosts: [a], http: [{route: [{destination: {host: a, port: {number: 0}}}]}]}", "number" },
    { "{hosts: [a], http: [{route: [{destination: {host: a}}, {destination: {host: b}}]}]}",
      "add up to 0" },
    { "{hosts: [a], http: [{route: [{destination: {host: a}, weight: -1}]}]}", "weight" },
    { "{hosts: [a], http: [{" ROUTE ", redirect: {uri: /}}]}", "beside route" },
    { "{hosts: [a], http: [{" ROUTE ", directResponse: {status: 200}}]}", "beside route" },
    { "{hosts: [a], http: [{redirect: {uri: /}, directResponse: {status: 200}}]}",
      "beside redirect" },
    { "{hosts: [a], http: [{" ROUTE ", delegate: {name: b}}]}", "beside route" },
    { "{hosts: [a], http: [{delegate: {namespace: b}}]}", "delegate.name" },
    { "{hosts: [a], http: [{match: [{uri: {regex: x}}], delegate: {name: b}}]}", "by regex" },
    { "{http: [{delegate: {name: b}}]}", "cannot delegate again" },
    { "{gateways: [mesh], http: [{" ROUTE "}]}", "is a delegate" },
    { "{tcp: [{" ROUTE "}]}", "for http only" },
    { "{hosts: [a], http: [{redirect: {}}]}", "must change something" },
    { "{hosts: [a], http: [{redirect: {uri: /, prefixRewrite: /}}]}", "beside uri" },
    { "{hosts: [a], http: [{redirect: {uri: /, redirectCode: 200}}]}", "301, 302" },
    { "{hosts: [a], http: [{redirect: {uri: /, scheme: ftp}}]}", "http or https" },
    { "{hosts: [a], http: [{redirect: {port: 80, derivePort: FROM_REQUEST_PORT}}]}", "exclude" },
    { "{hosts: [a], http: [{redirect: {uri: /}, rewrite: {uri: /}}]}", "beside redirect" },
    { "{hosts: [a], http: [{redirect: {uri: /}, fault: {delay: {fixedDelay: 1s}}}]}",
      "beside redirect" },
    { "{hosts: [a], http: [{directResponse: {status: 99}}]}", "status" },
    { "{hosts: [a], http: [{directResponse: {status: 200, body: {string: a, bytes: YQ==}}}]}",
      "exclude" },
    { "{hosts: [a], http: [{" ROUTE ", rewrite: {}}]}", "needs uri" },
    { "{hosts: [a], http: [{" ROUTE ", rewrite: {uri: /, uriRegexRewrite: {match: a}}}]}",
      "beside uri" },
    { "{hosts: [a], http: [{" ROUTE ", rewrite: {uriRegexRewrite: {match: '('}}}]}",
      "regular expression" },
    { "{hosts: [a], http: [{" ROUTE ", rewrite: {uriRegexRewrite: {match: a, rewrite: '\\3'}}}]}",
      "group" },
    { "{hosts: [a], http: [{" ROUTE ", rewrite: {uriRegexRewrite: {rewrite: a}}}]}", "match" },
    { "{hosts: [a], http: [{" ROUTE ", match: [{uri: {regex: '('}}]}]}", "regular expression" },
    { "{hosts: [a], http: [{" ROUTE ", match: [{withoutHeaders: {a: {regex: '*'}}}]}]}", "" },
    { "{hosts: [a], http: [{" ROUTE ", match: [{uri: {prefix: ''}}]}]}", "must not be empty" },
    { "{hosts: [a], http: [{" ROUTE ", match: [{uri: {prefix: /, exact: /}}]}]}", "exclude" },
    { "{hosts: [a], http: [{" ROUTE ", match: [{headers: {'a b': {exact: x}}}]}]}", "header name" },
    { "{hosts: [a], http: [{" ROUTE
      ", match: [{headers: {'@request.auth.claims.a': {exact: x}}}]}]}",
      "" },
    { "{hosts: [a], http: [{" ROUTE ", match: [{port: 70000}]}]}", "port" },
    { "{hosts: [a], http: [{" ROUTE ", headers: {request: {set: {'a b': c}}}}]}", "header name" },
    { "{hosts: [a], http: [{" ROUTE ", headers: {request: {remove: [Host]}}}]}", "Host" },
    { "{hosts: [a], http: [{" ROUTE ", fault: {}}]}", "delay or abort" },
    { "{hosts: [a], http: [{" ROUTE ", fault: {delay: {percentage: {value: 1}}}}]}", "fixedDelay" },
    { "{hosts: [a], http: [{" ROUTE
      ", fault: {delay: {fixedDelay: 1s, percentage: {value: 101}}}}]}",
      "value" },
    { "{hosts: [a], http: [{" ROUTE ", fault: {abort: {httpStatus: 700}}}]}", "httpStatus" },
    { "{hosts: [a], http: [{" ROUTE ", fault: {abort: {grpcStatus: UNAVAILBLE}}}]}",
      "gRPC status" },
    { "{hosts: [a], http: [{" ROUTE ", fault: {abort: {httpStatus: 500, grpcStatus: OK}}}]}",
      "exclude" },
    { "{hosts: [a], http: [{" ROUTE ", retries: {attempts: 0, perTryTimeout: 1s}}]}", "attempts" },
    { "{hosts: [a], http: [{" ROUTE ", retries: {attempts: -1}}]}", "attempts" },
    { "{hosts: [a], http: [{" ROUTE ", retries: {attempts: 1, retryOn: '5xx, gatway-error'}}]}",
      "gatway-error" },
    { "{hosts: [a], http: [{" ROUTE ", timeout: 0s}]}", "timeout" },
    { "{hosts: [a], http: [{" ROUTE ", mirror: {host: b}, mirrors: [{destination: {host: c}}]}]}",
      "beside mirror" },
    { "{hosts: [a], http: [{" ROUTE ", mirror: {host: b}, mirrorPercent: 101}]}", "101" },
    { "{hosts: [a], http: [{" ROUTE ", mirror: {host: b}, mirror_percent: 50}]}", "" },
    { "{hosts: [a], http: [{" ROUTE ", corsPolicy: {maxAge: 1500ms}}]}", "whole seconds" },
    { "{hosts: [a], http: [{" ROUTE ", corsPolicy: {allowMethods: ['G T']}}]}", "method" },
    { "{hosts: [a], tls: [{match: [{sniHosts: [b]}], " ROUTE "}]}", "not among spec.hosts" },
    { "{hosts: ['*.a'], tls: [{match: [{sniHosts: [b.a]}], " ROUTE "}]}", "" },
    { "{hosts: [a], tls: [{match: [{sniHosts: []}], " ROUTE "}]}", "sniHosts" },
    { "{hosts: [a], tls: [{" ROUTE "}]}", "match" },
    { "{hosts: [a], tcp: [{match: [{port: 1}]}]}", "at least one destination" },
    { "{hosts: [a], tcp: [{match: [{destinationSubnets: [1.2.3.4/33]}], " ROUTE "}]}", "range" },
};

static const struct rule destination_rule[] = {
    { "{host: a}", "" },
    { "{host: a, subsets: [{name: v1}, {name: v1}]}", "called \"v1\"" },
    { "{host: a, subsets: [{name: V_1}]}", "DNS label" },
    { "{host: a, subsets: [{labels: {a: b}}]}", "name" },
    { "{host: a, trafficPolicy: {}}", "must not be empty" },
    { "{host: a, trafficPolicy: {connectionPool: {}}}", "needs tcp or http" },
    { "{host: a, trafficPolicy: {loadBalancer: {simple: RANDOM, consistentHash: {useSourceIp: "
      "true}}}}",
      "exclude" },
    { "{host: a, trafficPolicy: {loadBalancer: {consistentHash: {}}}}", "needs a key" },
    { "{host: a, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true, "
      "httpHeaderName: a}}}}",
      "exclude" },
    { "{host: a, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true, ringHash: {}, "
      "maglev: {}}}}}",
      "exclude" },
    { "{host: a, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true, maglev: "
      "{tableSize: 100}}}}}",
      "prime" },
    { "{host: a, trafficPolicy: {loadBalancer: {simple: RANDOM, warmup: {duration: 1s}}}}",
      "ROUND_ROBIN" },
    { "{host: a, trafficPolicy: {loadBalancer: {warmup: {}}}}", "duration" },
    { "{host: a, trafficPolicy: {loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {b: "
      "50}}]}}}}",
      "not 100" },
    { "{host: a, trafficPolicy: {loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {b: "
      "100}}], failover: [{from: a, to: b}]}}}}",
      "beside failover" },
    { "{host: a, trafficPolicy: {loadBalancer: {localityLbSetting: {failover: [{from: a, to: "
      "a}]}}}}",
      "region that fails" },
    { "{host: a, trafficPolicy: {connectionPool: {http: {useClientProtocol: true, h2UpgradePolicy: "
      "UPGRADE}}}}",
      "useClientProtocol" },
    { "{host: a, trafficPolicy: {connectionPool: {tcp: {maxConnections: -1}}}}", "maxConnections" },
    { "{host: a, trafficPolicy: {connectionPool: {tcp: {idleTimeout: -1s}}}}", "negative" },
    { "{host: a, trafficPolicy: {outlierDetection: {consecutiveLocalOriginFailures: 1}}}",
      "splitExternalLocalOriginErrors" },
    { "{host: a, trafficPolicy: {outlierDetection: {maxEjectionPercent: 101}}}", "101" },
    { "{host: a, trafficPolicy: {outlierDetection: {outlierDetectionHttpErrorCodes: [99]}}}",
      "99" },
    { "{host: a, trafficPolicy: {tls: {mode: MUTUAL}}}", "clientCertificate" },
    { "{host: a, trafficPolicy: {tls: {mode: MUTUAL, clientCertificate: /a}}}", "privateKey" },
    { "{host: a, trafficPolicy: {tls: {mode: MUTUAL, credentialName: a}}}", "" },
    { "{host: a, trafficPolicy: {tls: {mode: ISTIO_MUTUAL, privateKey: /a}}}", "ISTIO_MUTUAL" },
    { "{host: a, trafficPolicy: {tls: {mode: SIMPLE, credentialName: a, caCertificates: /a}}}",
      "credentialName" },
    { "{host: a, trafficPolicy: {tls: {mode: SIMPLE, insecureSkipVerify: true, caCertificates: "
      "/a}}}",
      "insecureSkipVerify" },
    { "{host: a, trafficPolicy: {portLevelSettings: [{tls: {mode: DISABLE}}]}}", "port.number" },
    { "{host: a, trafficPolicy: {portLevelSettings: [{port: {number: 1}}]}}", "are empty" },
    { "{host: a, trafficPolicy: {portLevelSettings: [{port: {number: 1}, tls: {}}, {port: {number: "
      "1}, tls: {}}]}}",
      "appears twice" },
    { "{host: a, trafficPolicy: {tunnel: {targetHost: a, targetPort: 1, protocol: GET}}}",
      "CONNECT" },
    { "{host: a, trafficPolicy: {tunnel: {targetHost: a, targetPort: 1}, proxyProtocol: {}}}",
      "beside tunnel" },
    { "{host: a, workloadSelector: {matchLabels: {'a*': b}}}", "wildcard" },
};

#define PORT "port: {number: 443, name: a, protocol: HTTPS}, hosts: [a]"

static const struct rule gateway[] = {
    { "{servers: [{" PORT ", tls: {mode: SIMPLE, credentialName: a}}]}", "" },
    { "{servers: [{port: {number: 80, name: a, protocol: HTTP}, hosts: [a]}]}", "" },
    { "{selector: {a: b}}", "at least one server" },
    { "{servers: [{" PORT "}]}", "spec.servers[0].tls" },
    { "{servers: [{" PORT ", tls: {mode: SIMPLE}}]}", "needs a certificate" },
    { "{servers: [{" PORT ", tls: {mode: SIMPLE, serverCertificate: /a}}]}", "privateKey" },
    { "{servers: [{" PORT ", tls: {mode: MUTUAL, serverCertificate: /a, privateKey: /b}}]}",
      "caCertificates" },
    { "{servers: [{" PORT ", tls: {mode: ISTIO_MUTUAL, credentialName: a}}]}", "ISTIO_MUTUAL" },
    { "{servers: [{" PORT ", tls: {mode: SIMPLE, credentialName: a, credentialNames: [b]}}]}",
      "only one of" },
    { "{servers: [{" PORT ", tls: {mode: SIMPLE, credentialNames: [a, b, c]}}]}", "more than 2" },
    { "{servers: [{" PORT ", tls: {mode: SIMPLE, credentialName: a, minProtocolVersion: TLSV1_3, "
      "maxProtocolVersion: TLSV1_2}}]}",
      "above maxProtocolVersion" },
    { "{servers: [{" PORT ", tls: {mode: SIMPLE, credentialName: a, cipherSuites: [ROT13]}}]}",
      "~is not a cipher suite and left out" },
    { "{servers: [{" PORT ", tls: {httpsRedirect: true}}]}", "~for protocol HTTP only" },
    { "{servers: [{port: {number: 80, name: a, protocol: HTTP}, hosts: [a], tls: {mode: SIMPLE, "
      "credentialName: a}}]}",
      "unless httpsRedirect" },
    { "{servers: [{port: {number: 80, name: a, protocol: HTPP}, hosts: [a]}]}", "not a protocol" },
    { "{servers: [{port: {number: 0, name: a, protocol: HTTP}, hosts: [a]}]}", "outside 1..65535" },
    { "{servers: [{port: {number: 0, name: a, protocol: HTTP}, bind: 'unix:///a', hosts: [a]}]}",
      "" },
    { "{servers: [{port: {number: 80, name: a, protocol: HTTP}, hosts: []}]}", "hosts" },
    { "{servers: [{port: {number: 80, name: a, protocol: HTTP}, hosts: ['A/b']}]}", "namespace" },
    { "{servers: [{port: {number: 80, name: a, protocol: HTTP}, hosts: ['a.*']}]}", "host name" },
    { "{servers: [{port: {number: 80, name: a, protocol: HTTP}, hosts: [a], bind: here}]}",
      "IP address" },
    { "{servers: [{port: {number: 80, name: a, protocol: HTTP}, hosts: [a]}, {port: {number: 81, "
      "name: a, protocol: HTTP}, hosts: [a]}]}",
      "called \"a\"" },
};

static const struct rule service_entry[] = {
    { "{hosts: [a.b], ports: [{number: 80, name: http}], resolution: DNS}", "" },
    { "{hosts: ['*']}", "take over every host" },
    { "{hosts: []}", "hosts" },
    { "{addresses: [1.2.3.4]}", "hosts" },
    { "{hosts: [a], addresses: [x]}", "range" },
    { "{hosts: [a], addresses: [10.0.0.0/8], resolution: DNS}", "only for resolution" },
    { "{hosts: [a], endpoints: [{address: 1.2.3.4}]}", "resolution NONE" },
    { "{hosts: [a], resolution: STATIC}", "needs endpoints" },
    { "{hosts: [a], resolution: STATIC, endpoints: [{address: b.c}]}", "not an IP address" },
    { "{hosts: [a], resolution: STATIC, endpoints: [{}]}", "address" },
    { "{hosts: [a], resolution: STATIC, endpoints: [{network: n}]}", "" },
    { "{hosts: [a], resolution: STATIC, endpoints: [{address: 1.2.3.4, ports: {x: 1}}]}",
      "name of a port" },
    { "{hosts: [a], resolution: STATIC, endpoints: [{address: 'unix:///a', ports: {x: 1}}], ports: "
      "[{number: 1, name: x}]}",
      "no ports" },
    { "{hosts: [a], resolution: STATIC, endpoints: [{address: 'unix://a'}]}", "absolute" },
    { "{hosts: [a], resolution: STATIC, endpoints: [{address: 'unix:///a/'}]}", "folder" },
    { "{hosts: ['*.a'], resolution: DNS}", "looked up in DNS" },
    { "{hosts: ['*.a'], resolution: DNS, endpoints: [{address: b.c}]}", "" },
    { "{hosts: [a], resolution: DNS_ROUND_ROBIN, endpoints: [{address: b}, {address: c}]}",
      "at most one" },
    { "{hosts: [a], resolution: DYNAMIC_DNS, endpoints: [{address: b}]}", "DYNAMIC_DNS" },
    { "{hosts: [a], resolution: STATIC, endpoints: [{address: 1.2.3.4}], workloadSelector: "
      "{labels: "
      "{a: b}}}",
      "beside endpoints" },
    { "{hosts: [a], ports: [{number: 80, name: a}, {number: 80, name: b}]}", "appears twice" },
    { "{hosts: [a], ports: [{number: 80, name: a}, {number: 81, name: a}]}", "called \"a\"" },
    { "{hosts: [a], ports: [{number: 0, name: a}]}", "number" },
    { "{hosts: [a], ports: [{number: 80, name: a, protocol: SMTP}]}", "not a protocol" },
};

static const struct rule workload_entry[] = {
    { "{address: 1.2.3.4}", "" },
    { "{}", "address" },
    { "{address: '1 2'}", "not an IP address" },
    { "{address: a, ports: {'-x': 1}}", "port name" },
    { "{address: a, ports: {x: 0}}", "ports" },
    { "{address: a, labels: {'a b': c}}", "label" },
};

static const struct rule workload_group[] = {
    { "{template: {}}", "" },
    { "{}", "template" },
    { "{template: {}, probe: {httpGet: {port: 80}, tcpSocket: {port: 80}}}", "exclude" },
    { "{template: {}, probe: {httpGet: {port: 80, scheme: FTP}}}", "HTTP or HTTPS" },
    { "{template: {}, probe: {httpGet: {port: 80, httpHeaders: [{name: 'a b'}]}}}", "header name" },
    { "{template: {}, probe: {exec: {command: []}}}", "command" },
    { "{template: {}, probe: {periodSeconds: -1, tcpSocket: {port: 80}}}", "periodSeconds" },
    { "{template: {address: 'unix:///a', ports: {x: 1}}}", "no ports" },
};

static const struct rule peer_authentication[] = {
    { "{mtls: {mode: STRICT}}", "" },
    { "{portLevelMtls: {80: {mode: STRICT}}}", "needs a selector" },
    { "{selector: {matchLabels: {a: b}}, portLevelMtls: {0: {mode: STRICT}}}", "not a port" },
    { "{selector: {matchLabels: {a: b}}, portLevelMtls: {http: {mode: STRICT}}}", "portLevelMtls" },
    { "{selector: {matchLabels: {a: 'b*'}}}", "wildcard" },
    { "{selector: {matchLabels: {'': b}}}", "must not be empty" },
};

static const struct rule authorization_policy[] = {
    { "{}", "" },
    { "{rules: [{}]}", "" },
    { "{action: DENY}", "rules" },
    { "{action: CUSTOM, rules: [{}]}", "provider.name" },
    { "{action: CUSTOM, provider: {name: a}}", "rules" },
    { "{provider: {name: a}}", "only for action CUSTOM" },
    { "{selector: {matchLabels: {a: b}}, targetRefs: [{kind: Service, name: a}]}", "only one of" },
    { "{targetRefs: [{kind: Service, name: a, namespace: b}]}", "must be left out" },
    { "{targetRefs: [{kind: 1x, name: a}]}", "name of a kind" },
    { "{rules: [{from: [{}]}]}", "must say something" },
    { "{rules: [{from: [{source: {}}]}]}", "must say something" },
    { "{rules: [{from: [{source: {principals: []}}]}]}", "must not be empty" },
    { "{rules: [{from: [{source: {principals: ['']}}]}]}", "must not be empty" },
    { "{rules: [{from: [{source: {serviceAccounts: [a], namespaces: [b]}}]}]}",
      "beside principals" },
    { "{rules: [{from: [{source: {serviceAccounts: ['*']}}]}]}", "not a service account" },
    { "{rules: [{from: [{source: {ipBlocks: [here]}}]}]}", "range" },
    { "{rules: [{from: []}]}", "must not be empty" },
    { "{rules: [{when: []}]}", "must not be empty" },
    { "{rules: [{to: [{operation: {}}]}]}", "must say something" },
    { "{rules: [{to: [{operation: {ports: [http]}}]}]}", "not a port" },
    { "{rules: [{to: [{operation: {paths: ['/a/{**}/b']}}]}]}", "" },
    { "{rules: [{to: [{operation: {paths: ['/a/{**}/{*}']}}]}]}", "is the last" },
    { "{rules: [{to: [{operation: {paths: ['/a/{x}']}}]}]}", "{*}, {**}" },
    { "{rules: [{to: [{operation: {paths: ['/a/*/{*}']}}]}]}", "not supported" },
    { "{rules: [{to: [{operation: {paths: ['a/{*}']}}]}]}", "begins with" },
    { "{rules: [{when: [{values: [a]}]}]}", "key" },
    { "{rules: [{when: [{key: source.ip}]}]}", "values or notValues" },
    { "{rules: [{when: [{key: source.up, values: [a]}]}]}", "condition can look at" },
    { "{rules: [{when: [{key: source.ip, values: [a]}]}]}", "IP address" },
    { "{rules: [{when: [{key: destination.port, values: [a]}]}]}", "not a port" },
    { "{rules: [{when: [{key: 'request.headers[]', values: [a]}]}]}", "condition can look at" },
};

static const struct rule deployment[] = {
    { "{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: "
      "[{name: c}]}}}",
      "" },
    { "{selector: {matchLabels: {a: b}}, template: {spec: {containers: [{name: c}]}}}",
      "do not fit" },
    { "{selector: {}, template: {spec: {containers: [{name: c}]}}}", "select something" },
    { "{selector: {matchExpressions: [{key: a, operator: Is}]}, template: {}}", "In, NotIn" },
    { "{selector: {matchExpressions: [{key: a, operator: In}]}, template: {}}", "required for In" },
    { "{selector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}, template: {}}",
      "left out for Exists" },
    { "{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: "
      "[{name: c}, {name: c}]}}}",
      "called \"c\"" },
};

#define TRY(version, kind, rules) try_rules(version, kind, rules, COUNT_OF(rules))

static void virtual_service_rules(void)
{
    TRY("networking.istio.io/v1", "VirtualService", virtual_service);
}

static void destination_rule_rules(void)
{
    TRY("networking.istio.io/v1", "DestinationRule", destination_rule);
}

static void gateway_rules(void)
{
    TRY("networking.istio.io/v1", "Gateway", gateway);
}

static void service_entry_rules(void)
{
    TRY("networking.istio.io/v1", "ServiceEntry", service_entry);
}

static void workload_rules(void)
{
    TRY("networking.istio.io/v1", "WorkloadEntry", workload_entry);
    TRY("networking.istio.io/v1", "WorkloadGroup", workload_group);
}

static void peer_authentication_rules(void)
{
    TRY("security.istio.io/v1", "PeerAuthentication", peer_authentication);
}

static void authorization_policy_rules(void)
{
    TRY("security.istio.io/v1", "AuthorizationPolicy", authorization_policy);
}

static void deployment_rules(void)
{
    TRY("apps/v1", "Deployment", deployment);
}

static const struct tap_case cases[] = {
    { "virtual_service_rules", virtual_service_rules },
    { "destination_rule_rules", destination_rule_rules },
    { "gateway_rules", gateway_rules },
    { "service_entry_rules", service_entry_rules },
    { "workload_rules", workload_rules },
    { "peer_authentication_rules", peer_authentication_rules },
    { "authorization_policy_rules", authorization_policy_rules },
    { "deployment_rules", deployment_rules },
};

TAP_MAIN(cases)
