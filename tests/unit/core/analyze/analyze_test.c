#include "core/analyze/analyze.h"

#include "core/api/object_set.h"
#include "core/base/mem.h"
#include "tests/tap.h"

/* clang-format off */
#define HEAD(kind, group) "apiVersion: " group "\nkind: " kind "\nmetadata: "
#define NET "networking.istio.io/v1"
#define VS(name) HEAD("VirtualService", NET) "{name: " name "}\nspec: "
#define DR(name) HEAD("DestinationRule", NET) "{name: " name "}\nspec: "
#define GW(name) HEAD("Gateway", NET) "{name: " name "}\nspec: "
#define SE(name) HEAD("ServiceEntry", NET) "{name: " name "}\nspec: "
#define WE(name, labels) HEAD("WorkloadEntry", NET) "{name: " name "}\nspec: {address: 10.0.0.1, labels: " labels "}\n"
#define SVC(name, ports) HEAD("Service", "v1") "{name: " name "}\nspec: {selector: {app: " name "}, ports: " ports "}\n"
#define NEXT "---\n"
#define SC(name) HEAD("Sidecar", NET) "{name: " name "}\nspec: "
#define TM(name) HEAD("Telemetry", "telemetry.istio.io/v1") "{name: " name "}\nspec: "
#define EF(patch) HEAD("EnvoyFilter", "networking.istio.io/v1alpha3") "{name: f}\nspec: {configPatches: [" patch "]}\n"
#define ANNOTATED(kind, text) HEAD(kind, "v1") "{name: x, annotations: {" text "}}\n"
#define PODS(labels, more) "spec: {selector: {matchLabels: " labels "}, template: {metadata: {labels: " labels "}, spec: {containers: [{name: c, image: i" more "}]}}}\n"
#define PROXIED(name, image) HEAD("Pod", "v1") "{name: " name "}\nspec: {containers: [{name: istio-proxy, image: '" image "'}]}\n"
#define TLS_OF(host) "{selector: {istio: gw}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [" host "], tls: {mode: SIMPLE, credentialName: c}}]}\n"
#define CLAIMS VS("v") "{hosts: [x.io], gateways: [g], http: [{match: [{headers: {'@request.auth.claims.group': {exact: a}}}], route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP) NEXT \
    GW("g") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.io]}]}\n"
/* Of one key: valid until 2126, and until 2021. */
#define PEM \
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJERENCczZBREFnRUNBZ0VITUFvR0NDcUdTTTQ5QkFNQ01BOHhEVEFMQmdO" \
    "VkJBTU1CSGd1YVc4d0lCY04KTWpBd01UQXhNREF3TURBd1doZ1BNakV5TmpBeE1ERXdNREF3TURCYU1BOHhEVEFMQmdOVkJBTU1C" \
    "SGd1YVc4dwpXVEFUQmdjcWhrak9QUUlCQmdncWhrak9QUU1CQndOQ0FBVHprdnJqMFlsZzFXRXN3bGs2Lzc4QXdsa1BZK3NsCm5m" \
    "VEVqN2dZMWQ2bUNPeEVZVVVMWlpPV3B2VmJYbS90dUtWa3Y0a2hZTlFFVzRseHN2ZHBlK05PTUFvR0NDcUcKU000OUJBTUNBMGdB" \
    "TUVVQ0lRRGYwMVMybG95QXpBUWV2QTJlNjhSQ2tYb3N3YnA1YzVVSjBBb2ZTeUV2N0FJZwpMSXJqU1N6a3BVSHc1d2lmNmJMaCsy" \
    "dmdIR1h0REoyOVhTK21vL0FhOXo0PQotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg=="
#define OLD_PEM \
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJDVENCc2FBREFnRUNBZ0VITUFvR0NDcUdTTTQ5QkFNQ01BOHhEVEFMQmdO" \
    "VkJBTU1CSGd1YVc4d0hoY04KTWpBd01UQXhNREF3TURBd1doY05NakV3TVRBeE1EQXdNREF3V2pBUE1RMHdDd1lEVlFRRERBUjRM" \
    "bWx2TUZrdwpFd1lIS29aSXpqMENBUVlJS29aSXpqMERBUWNEUWdBRTg1TDY0OUdKWU5WaExNSlpPdisvQU1KWkQyUHJKWjMwCnhJ" \
    "KzRHTlhlcGdqc1JHRkZDMldUbHFiMVcxNXY3YmlsWkwrSklXRFVCRnVKY2JMM2FYdmpUakFLQmdncWhrak8KUFFRREFnTkhBREJF" \
    "QWlCdmhJbWI5NFFxdk1JVkpCYlRIRTlZUFB1ZmMyQk1DQWpGanoxZjNVVVM2UUlnSUUwUApwVzBvSnpTQ1VuSkJnWE5tT1hYanVy" \
    "RWRDazdtb3FpYmJwMHk2OVE9Ci0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K"
#define SECRET(name, crt) HEAD("Secret", "v1") "{" name "}\ndata: {tls.crt: " crt ", tls.key: YQ==}\n"
#define HTTP "[{name: http, port: 80}]"
#define PLAIN_GW(name) GW(name) "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}\n"
#define TO_A(name, rest, subset) VS(name) "{" rest ", http: [{route: [{destination: {host: a" subset "}}]}]}\n"
#define A_SUBSETS SVC("a", HTTP) NEXT DR("d") "{host: a, subsets: [{name: v1}]}\n"
#define AMBIENT(more) HEAD("Namespace", "v1") "{name: default, labels: {istio.io/dataplane-mode: ambient" more "}}\n"
#define POD(name, meta) HEAD("Pod", "v1") "{name: " name ", " meta "}\nspec: {containers: [{name: c, image: i}]}\n"
#define ANNOTATED_AS(name, text) HEAD("Service", "v1") "{name: " name ", annotations: {" text "}}\nspec: {ports: [{name: http, port: 80}]}\n"
#define HTTP_SE(ns, more) HEAD("ServiceEntry", NET) "{name: e, namespace: " ns "}\nspec: {hosts: [x.io], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}], " more "}\n"
#define K8S_GW(host) HEAD("Gateway", "gateway.networking.k8s.io/v1") "{name: g}\nspec: {gatewayClassName: istio, listeners: [{name: l, hostname: " host ", port: 80, protocol: HTTP}]}\n"
#define MESH(text) HEAD("ConfigMap", "v1") "{name: istio, namespace: istio-system}\ndata: {mesh: '" text "'}\n"
#define WAYPOINT_BOUND(status) HEAD("Service", "v1") "{name: a}\nspec: {ports: [{name: http, port: 80}]}\nstatus: {conditions: [{type: istio.io/WaypointBound, status: " status ", reason: R}]}\n"
#define OVERLAP(one, two) VS("v") "{hosts: [a], http: [{match: [" one "], route: [{destination: {host: a}}]}, {match: [" two "], route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP)
#define NETWORK(registry) HEAD("ConfigMap", "v1") "{name: istio, namespace: istio-system}\ndata: {meshNetworks: 'networks: {n: {endpoints: [{fromRegistry: " registry "}]}}'}\n"
#define ISTIOD(env) HEAD("RequestAuthentication", "security.istio.io/v1") "{name: j}\nspec: {jwtRules: [{issuer: i, jwks: '{\"keys\":[]}'}]}\n" NEXT \
    HEAD("Deployment", "apps/v1") "{name: istiod, labels: {app: istiod}}\n" PODS("{app: istiod}", ", env: [{name: " env "}]")

/* Codes come in the order of the table of checks. */
static const struct {
    const char *name, *yaml, *codes;
} samples[] = {
    { "a host that is there", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP), "" },
    { "a host that is not", VS("v") "{hosts: [a], http: [{route: [{destination: {host: b}}]}]}\n" NEXT SVC("a", HTTP), "IST0101" },
    { "a full name", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a.default.svc.cluster.local}}]}]}\n" NEXT SVC("a", HTTP), "" },
    { "a wildcard of a ServiceEntry", VS("v") "{hosts: [x.io], tls: [{match: [{sniHosts: [x.io]}], route: [{destination: {host: www.x.io}}]}]}\n" NEXT
      SE("e") "{hosts: ['*.x.io'], ports: [{number: 443, name: tls, protocol: TLS}]}\n", "" },
    { "a host that is not exported here", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a}}]}]}\n" NEXT ANNOTATED_AS("a", "networking.istio.io/exportTo: 'e, f'"), "IST0101 IST0136" },
    { "a host that is exported here", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a}}]}]}\n" NEXT ANNOTATED_AS("a", "networking.istio.io/exportTo: 'e, .'"), "IST0136" },
    { "a ServiceEntry of others", VS("v") "{hosts: [x.io], http: [{route: [{destination: {host: x.io}}]}]}\n" NEXT HTTP_SE("e", "exportTo: [.]"), "IST0101" },
    { "a ServiceEntry for this namespace", VS("v") "{hosts: [x.io], http: [{route: [{destination: {host: x.io}}]}]}\n" NEXT HTTP_SE("e", "exportTo: [default]"), "" },
    { "a route for a namespace that has not the host", VS("v") "{hosts: [x.io], exportTo: [f], http: [{route: [{destination: {host: x.io}}]}]}\n" NEXT HTTP_SE("e", "exportTo: [default]"), "IST0101" },
    { "a rule for a host of others", DR("d") "{host: x.io}\n" NEXT HTTP_SE("e", "exportTo: [.]"), "IST0174" },
    { "a mirror that is not there", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a}}], mirror: {host: b}}]}\n" NEXT SVC("a", HTTP), "IST0101" },
    { "a port that is not there", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a, port: {number: 81}}}]}]}\n" NEXT SVC("a", HTTP), "IST0101" },
    { "which port of two", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", "[{name: http, port: 80}, {name: http-b, port: 81}]"), "IST0112" },
    { "this port of two", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a, port: {number: 81}}}]}]}\n" NEXT SVC("a", "[{name: http, port: 80}, {name: http-b, port: 81}]"), "" },
    { "a subset that is there", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a, subset: v1}}]}]}\n" NEXT SVC("a", HTTP) NEXT DR("d") "{host: a, subsets: [{name: v1}]}\n", "" },
    { "a subset that is not", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a, subset: v4}}]}]}\n" NEXT SVC("a", HTTP) NEXT DR("d") "{host: a, subsets: [{name: v1}]}\n", "IST0101" },
    { "a gateway that is there", VS("v") "{hosts: [x.io], gateways: [g], http: [{route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP) NEXT
      GW("g") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.io]}]}\n", "" },
    { "a gateway that is not", VS("v") "{hosts: [x.io], gateways: [h], http: [{route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP), "IST0101" },
    { "a gateway without the host", VS("v") "{hosts: [y.io], gateways: [g], http: [{route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP) NEXT
      GW("g") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.io]}]}\n", "IST0132" },
    { "two for one host", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a}}]}]}\n" NEXT VS("w") "{hosts: [a.default.svc.cluster.local], http: [{route: [{destination: {host: a}}]}]}\n" NEXT
      SVC("a", HTTP), "IST0109 IST0109" },
    { "two for one host, in one place only", VS("v") "{hosts: [x.io], exportTo: [e], http: [{route: [{destination: {host: x.io}}]}]}\n" NEXT
      VS("w") "{hosts: ['*.io'], http: [{route: [{destination: {host: x.io}}]}]}\n" NEXT HTTP_SE("default", ""), "IST0109 IST0109" },
    { "two for one host, in two places", VS("v") "{hosts: [x.io], exportTo: [e], http: [{route: [{destination: {host: x.io}}]}]}\n" NEXT
      VS("w") "{hosts: [x.io], exportTo: [.], http: [{route: [{destination: {host: x.io}}]}]}\n" NEXT HTTP_SE("default", ""), "" },
    { "two for one host, one at a gateway", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a}}]}]}\n" NEXT
      VS("w") "{hosts: [a], gateways: [g], http: [{route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP) NEXT
      GW("g") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}\n", "" },
    { "a rule behind one for all", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a}}]}, {match: [{uri: {prefix: /x}}], route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP), "IST0130" },
    { "a match twice", VS("v") "{hosts: [a], http: [{match: [{uri: {prefix: /x}}], route: [{destination: {host: a}}]}, {match: [{uri: {prefix: /x}}, {uri: {prefix: /y}}], route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP), "IST0131" },
    { "a longer prefix behind a shorter", OVERLAP("{uri: {prefix: /product}, method: {exact: GET}}", "{uri: {prefix: /products}, method: {exact: GET}}"), "IST0131" },
    { "a longer prefix of another method", OVERLAP("{uri: {prefix: /product}, method: {exact: GET}}", "{uri: {prefix: /products}, method: {exact: POST}}"), "" },
    { "a longer prefix of any method", OVERLAP("{uri: {prefix: /product}, method: {exact: GET}}", "{uri: {prefix: /products}}"), "" },
    { "a longer prefix before a shorter", OVERLAP("{uri: {prefix: /products}}", "{uri: {prefix: /product}}"), "" },
    { "a header behind none", OVERLAP("{uri: {prefix: /}}", "{uri: {prefix: /}, headers: {x: {exact: w}}}"), "IST0131" },
    { "a header behind a wider one", OVERLAP("{headers: {x: {prefix: yy}}}", "{headers: {x: {exact: yyy}}}"), "IST0131" },
    { "a header behind another one", OVERLAP("{headers: {x: {prefix: yy}}}", "{headers: {z: {exact: yyy}}}"), "" },
    { "some value behind one value", OVERLAP("{headers: {x: {exact: w}}}", "{headers: {x: {}}}"), "" },
    { "two expressions", OVERLAP("{uri: {regex: /a.*}}", "{uri: {regex: /ab.*}}"), "" },
    { "an exact path behind a prefix in small letters", OVERLAP("{uri: {prefix: /a}, ignoreUriCase: true}", "{uri: {exact: /Abc}}"), "IST0131" },
    { "less is forbidden behind more", OVERLAP("{uri: {prefix: /}, withoutHeaders: {x: {prefix: yy}}}", "{uri: {prefix: /}, withoutHeaders: {x: {exact: yyy}}}"), "" },
    { "more is forbidden behind less", OVERLAP("{uri: {prefix: /}, withoutHeaders: {x: {exact: yyy}}}", "{uri: {prefix: /}, withoutHeaders: {x: {prefix: yy}}}"), "IST0131" },
    { "other sources", OVERLAP("{uri: {prefix: /}, sourceLabels: {app: b}}", "{uri: {prefix: /x}}"), "" },
    { "a port behind all", OVERLAP("{uri: {prefix: /}}", "{uri: {prefix: /}, port: 80}"), "IST0131" },
    { "only matches that came before", VS("v") "{hosts: [a], http: [{match: [{uri: {prefix: /x}}], route: [{destination: {host: a}}]}, {match: [{name: n, uri: {prefix: /x}}], route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP), "IST0131 IST0130" },
    { "a rule for a host that is not there", DR("d") "{host: b}\n" NEXT SVC("a", HTTP), "IST0174" },
    { "a rule where no host is known", DR("d") "{host: b}\n", "" },
    { "a rule for many hosts", DR("d") "{host: '*.local'}\n", "" },
    { "a subset that selects somebody", DR("d") "{host: a, subsets: [{name: v1, labels: {version: v1}}]}\n" NEXT SVC("a", HTTP) NEXT WE("w", "{app: a, version: v1}"), "" },
    { "a subset that selects nobody", DR("d") "{host: a, subsets: [{name: v2, labels: {version: v2}}]}\n" NEXT SVC("a", HTTP) NEXT WE("w", "{app: a, version: v1}"), "IST0173" },
    { "a subset by the place", DR("d") "{host: a, subsets: [{name: v1, labels: {topology.kubernetes.io/zone: z}}]}\n" NEXT SVC("a", HTTP) NEXT WE("w", "{app: a, version: v1}"), "" },
    { "a subset by no place", DR("d") "{host: a, subsets: [{name: v1, labels: {topology.kubernetes.io/zone: ''}}]}\n" NEXT SVC("a", HTTP) NEXT WE("w", "{app: a, version: v1}"), "IST0173" },
    { "a rule that hides the mesh's", DR("d") "{host: a, subsets: [{name: v1}]}\n" NEXT SVC("a", HTTP) NEXT
      HEAD("DestinationRule", NET) "{name: all, namespace: istio-system}\nspec: {host: '*.local', trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}\n", "MSH1060" },
    { "a rule that says itself what it hides", DR("d") "{host: a, trafficPolicy: {tls: {mode: DISABLE}}}\n" NEXT SVC("a", HTTP) NEXT
      HEAD("DestinationRule", NET) "{name: all, namespace: istio-system}\nspec: {host: '*.local', trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}\n", "" },
    { "a narrower rule hides a wider", DR("d") "{host: a}\n" NEXT SVC("a", HTTP) NEXT DR("e") "{host: '*.default.svc.cluster.local', trafficPolicy: {loadBalancer: {simple: RANDOM}}}\n", "MSH1060" },
    { "rules of one host merge", DR("d") "{host: a}\n" NEXT SVC("a", HTTP) NEXT DR("e") "{host: a, trafficPolicy: {loadBalancer: {simple: RANDOM}}}\n", "" },
    { "nobody can be ejected", DR("d") "{host: a, trafficPolicy: {outlierDetection: {interval: 1s}}}\n" NEXT SVC("a", HTTP) NEXT WE("w", "{app: a}") NEXT WE("x", "{app: a}"), "MSH1061" },
    { "one of two can be ejected", DR("d") "{host: a, trafficPolicy: {outlierDetection: {maxEjectionPercent: 50}}}\n" NEXT SVC("a", HTTP) NEXT WE("w", "{app: a}") NEXT WE("x", "{app: a}"), "" },
    { "TLS to anybody", DR("d") "{host: a, trafficPolicy: {tls: {mode: SIMPLE}}}\n" NEXT SVC("a", HTTP), "IST0128" },
    { "TLS to anybody at one port", DR("d") "{host: a, trafficPolicy: {portLevelSettings: [{port: {number: 80}, tls: {mode: SIMPLE}}]}}\n" NEXT SVC("a", HTTP), "IST0129" },
    { "TLS to somebody", DR("d") "{host: a, trafficPolicy: {tls: {mode: SIMPLE, caCertificates: /ca.pem}}}\n" NEXT SVC("a", HTTP), "" },
    { "two gateways for one host", GW("g") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.io]}]}\n" NEXT
      GW("h") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.io]}]}\n", "IST0145 IST0145" },
    { "two gateways for two hosts", GW("g") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.io]}]}\n" NEXT
      GW("h") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [y.io]}]}\n", "" },
    { "two gateways, one for more workloads", GW("g") "{selector: {istio: gw, app: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.io]}]}\n" NEXT
      GW("h") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.io]}]}\n" NEXT WE("w", "{istio: gw, app: gw}"), "IST0145 IST0145" },
    { "two gateways, one for others", GW("g") "{selector: {istio: gw, app: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.io]}]}\n" NEXT
      GW("h") "{selector: {istio: gw, app: g}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.io]}]}\n" NEXT WE("w", "{istio: gw, app: gw}") NEXT WE("x", "{istio: gw, app: g}"), "" },
    { "a gateway that nobody is", GW("g") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.io]}]}\n" NEXT WE("w", "{istio: other}"), "IST0101" },
    { "a certificate that is not there", GW("g") "{selector: {istio: gw}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [x.io], tls: {mode: SIMPLE, credentialName: c}}]}\n", "IST0101" },
    { "a certificate without its key", GW("g") "{selector: {istio: gw}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [x.io], tls: {mode: SIMPLE, credentialName: c}}]}\n" NEXT
      HEAD("Secret", "v1") "{name: c}\ndata: {tls.crt: YQ==}\n", "IST0161" },
    { "a certificate", GW("g") "{selector: {istio: gw}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [x.io], tls: {mode: SIMPLE, credentialName: c}}]}\n" NEXT
      SECRET("name: c", PEM), "" },
    { "a certificate that is none", GW("g") TLS_OF("x.io") NEXT SECRET("name: c", "YQ=="), "IST0161" },
    { "a certificate of years ago", GW("g") TLS_OF("x.io") NEXT SECRET("name: c", OLD_PEM), "IST0161" },
    { "a certificate at the gateway's workloads", GW("g") TLS_OF("x.io") NEXT SECRET("name: c, namespace: e", PEM) NEXT
      HEAD("WorkloadEntry", NET) "{name: w, namespace: e}\nspec: {address: 10.0.0.1, labels: {istio: gw}}\n", "" },
    { "a certificate where the gateway's workloads are not", GW("g") TLS_OF("x.io") NEXT SECRET("name: c", PEM) NEXT
      HEAD("WorkloadEntry", NET) "{name: w, namespace: e}\nspec: {address: 10.0.0.1, labels: {istio: gw}}\n", "IST0101" },
    { "a port without a protocol", SVC("a", "[{name: web, port: 80}]"), "IST0118" },
    { "a port with one", SVC("a", "[{name: http-web, port: 80}]"), "" },
    { "a port with one apart", SVC("a", "[{name: web, port: 80, appProtocol: http}]"), "" },
    { "a port of the system's", HEAD("Service", "v1") "{name: a, namespace: kube-system}\nspec: {ports: [{name: web, port: 80}]}\n", "" },
    { "a port of a gateway that control made", HEAD("Service", "v1") "{name: a, labels: {gateway.istio.io/managed: istio.io-gateway-controller}}\nspec: {ports: [{name: web, port: 80}]}\n", "" },
    { "TCP with an address that control gave", SE("e") "{hosts: [x.io], ports: [{number: 5, name: tcp, protocol: TCP}]}\nstatus: {addresses: [{value: 240.240.0.1, host: x.io}]}\n", "" },
    { "TCP where proxies give addresses", SE("e") "{hosts: [x.io], ports: [{number: 5, name: tcp, protocol: TCP}]}\n" NEXT
      MESH("defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: \"true\", ISTIO_META_DNS_AUTO_ALLOCATE: \"true\"}}"), "" },
    { "TCP where proxies only answer names", SE("e") "{hosts: [x.io], ports: [{number: 5, name: tcp, protocol: TCP}]}\n" NEXT
      MESH("defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: \"true\"}}"), "IST0134" },
    { "TCP without an address", SE("e") "{hosts: [x.io], ports: [{number: 5, name: tcp, protocol: TCP}]}\n", "IST0134" },
    { "TCP with one", SE("e") "{hosts: [x.io], addresses: [10.1.1.1], ports: [{number: 5, name: tcp, protocol: TCP}]}\n", "" },
    { "a policy for nobody", HEAD("PeerAuthentication", "security.istio.io/v1") "{name: p}\nspec: {selector: {matchLabels: {app: x}}, mtls: {mode: STRICT}}\n" NEXT WE("w", "{app: a}"), "IST0127" },
    { "a policy for somebody", HEAD("PeerAuthentication", "security.istio.io/v1") "{name: p}\nspec: {selector: {matchLabels: {app: a}}, mtls: {mode: STRICT}}\n" NEXT WE("w", "{app: a}"), "" },
    { "a policy where nobody is", HEAD("AuthorizationPolicy", "security.istio.io/v1") "{name: p, namespace: e}\nspec: {}\n" NEXT WE("w", "{app: a}"), "IST0127" },
    { "a policy for all", HEAD("AuthorizationPolicy", "security.istio.io/v1") "{name: p, namespace: istio-system}\nspec: {}\n", "" },
    { "a policy for all of another root", HEAD("AuthorizationPolicy", "security.istio.io/v1") "{name: p, namespace: admin}\nspec: {selector: {matchLabels: {app: a}}}\n" NEXT WE("w", "{app: a}") NEXT MESH("rootNamespace: admin"), "" },
    { "a policy where the root was", HEAD("AuthorizationPolicy", "security.istio.io/v1") "{name: p, namespace: istio-system}\nspec: {selector: {matchLabels: {app: a}}}\n" NEXT WE("w", "{app: a}") NEXT MESH("rootNamespace: admin"), "IST0127" },
    { "a policy for somebody anywhere", HEAD("AuthorizationPolicy", "security.istio.io/v1") "{name: p, namespace: istio-system}\nspec: {selector: {matchLabels: {app: a}}}\n" NEXT WE("w", "{app: a}"), "" },
    { "a policy for a pod outside", HEAD("Namespace", "v1") "{name: default}\n" NEXT HEAD("AuthorizationPolicy", "security.istio.io/v1") "{name: p}\nspec: {}\n" NEXT POD("p", "labels: {app: x}"), "IST0127 IST0102" },
    { "a policy for a pod with a sidecar", HEAD("Namespace", "v1") "{name: default, labels: {istio-injection: disabled}}\n" NEXT HEAD("AuthorizationPolicy", "security.istio.io/v1") "{name: p}\nspec: {}\n" NEXT PROXIED("p", "x"), "" },
    { "no namespace ends so", HEAD("AuthorizationPolicy", "security.istio.io/v1") "{name: p}\nspec: {rules: [{from: [{source: {notNamespaces: ['*-x', def*, '*']}}]}]}\n", "IST0101" },
    { "a namespace that is not there", HEAD("AuthorizationPolicy", "security.istio.io/v1") "{name: p}\nspec: {rules: [{from: [{source: {namespaces: [x]}}]}]}\n", "IST0101" },
    { "a namespace that is", HEAD("AuthorizationPolicy", "security.istio.io/v1") "{name: p}\nspec: {rules: [{from: [{source: {namespaces: [default]}}]}]}\n", "" },
    { "two Sidecars for all", SC("a") "{egress: [{hosts: ['./*']}]}\n" NEXT SC("b") "{egress: [{hosts: ['./*']}]}\n", "IST0111 IST0111" },
    { "a Sidecar for all and one for some", SC("a") "{egress: [{hosts: ['./*']}]}\n" NEXT SC("b") "{workloadSelector: {labels: {app: x}}, egress: [{hosts: ['./*']}]}\n" NEXT WE("w", "{app: x}"), "" },
    { "two Sidecars for one", SC("a") "{workloadSelector: {labels: {app: x}}, egress: [{hosts: ['./*']}]}\n" NEXT SC("b") "{workloadSelector: {labels: {v: y}}, egress: [{hosts: ['./*']}]}\n" NEXT WE("w", "{app: x, v: y}"), "IST0110 IST0110" },
    { "a Sidecar for nobody", SC("a") "{workloadSelector: {labels: {app: x}}, egress: [{hosts: ['./*']}]}\n" NEXT WE("w", "{app: y}"), "IST0101" },
    { "a Sidecar for nobody known", SC("a") "{workloadSelector: {labels: {app: x}}, egress: [{hosts: ['./*']}]}\n", "" },
    { "a Sidecar where there are no sidecars", AMBIENT("") NEXT SC("a") "{egress: [{hosts: ['./*']}]}\n", "IST0167" },
    { "two where there are none", AMBIENT("") NEXT SC("a") "{egress: [{hosts: ['./*']}]}\n" NEXT SC("b") "{egress: [{hosts: ['./*']}]}\n", "IST0167 IST0167" },
    { "a Sidecar where there are both", AMBIENT(", istio-injection: enabled") NEXT SC("a") "{egress: [{hosts: ['./*']}]}\n", "IST0123" },
    { "a Sidecar for a pod without", SC("a") "{workloadSelector: {labels: {app: x}}, egress: [{hosts: ['./*']}]}\n" NEXT
      POD("p", "labels: {app: x}, annotations: {ambient.istio.io/redirection: enabled}"), "IST0167" },
    { "a Sidecar for a pod with one", SC("a") "{workloadSelector: {labels: {app: x}}, egress: [{hosts: ['./*']}]}\n" NEXT
      POD("p", "labels: {app: x}, annotations: {ambient.istio.io/redirection: disabled}"), "" },
    { "a Telemetry for nobody", TM("a") "{selector: {matchLabels: {app: x}}}\n" NEXT WE("w", "{app: y}"), "IST0101" },
    { "two Telemetries for all", TM("a") "{accessLogging: [{disabled: true}]}\n" NEXT TM("b") "{accessLogging: [{disabled: true}]}\n", "IST0160 IST0160" },
    { "two Telemetries for one", TM("a") "{selector: {matchLabels: {app: x}}}\n" NEXT TM("b") "{selector: {matchLabels: {app: x}}}\n" NEXT WE("w", "{app: x}"), "IST0159 IST0159" },
    { "an annotation nobody knows", ANNOTATED("Service", "networking.istio.io/export-to: x") "spec: {ports: [{name: http, port: 80}]}\n", "IST0108" },
    { "an annotation of somebody else", ANNOTATED("Service", "example.com/x: y") "spec: {ports: [{name: http, port: 80}]}\n", "" },
    { "an annotation in the wrong place", ANNOTATED("Service", "sidecar.istio.io/inject: 'true'") "spec: {ports: [{name: http, port: 80}]}\n", "IST0107" },
    { "an annotation on a Deployment and not its pods", HEAD("Deployment", "apps/v1") "{name: d, annotations: {sidecar.istio.io/inject: 'true'}}\n" PODS("{app: d}", ""), "IST0107" },
    { "an annotation that is outdated", ANNOTATED("Pod", "sidecar.istio.io/inject: 'true'") "spec: {containers: [{name: c, image: i}]}\n", "IST0135" },
    { "an annotation with nonsense in it", ANNOTATED("Pod", "traffic.sidecar.istio.io/excludeInboundPorts: eighty") "spec: {containers: [{name: c, image: i}]}\n", "IST0125 IST0136" },
    { "an annotation with address blocks", ANNOTATED("Pod", "traffic.sidecar.istio.io/includeOutboundIPRanges: '10.0.0.0/8, 11.0.0.0/8'") "spec: {containers: [{name: c, image: i}]}\n", "IST0136" },
    { "an annotation that control writes", ANNOTATED("Pod", "istio.io/rev: x, gateway.istio.io/controller-version: '5'") "spec: {containers: [{name: c, image: i}]}\n", "" },
    { "a stable annotation", ANNOTATED("Pod", "proxy.istio.io/config: '{}'") "spec: {containers: [{name: c, image: i}]}\n", "" },
    { "a namespace with both labels", HEAD("Namespace", "v1") "{name: n, labels: {istio-injection: enabled, istio.io/rev: x}}\n", "IST0123" },
    { "a namespace with both kinds of mesh", AMBIENT(", istio-injection: enabled"), "IST0123" },
    { "a namespace that has sidecars switched off", AMBIENT(", istio-injection: disabled"), "" },
    { "a namespace with pods and no label", HEAD("Namespace", "v1") "{name: default}\n" NEXT HEAD("Pod", "v1") "{name: p}\nspec: {containers: [{name: c, image: i}]}\n", "IST0102" },
    { "a namespace without pods", HEAD("Namespace", "v1") "{name: default}\n", "" },
    { "a namespace of the other kind of mesh", HEAD("Namespace", "v1") "{name: default, labels: {istio.io/dataplane-mode: ambient}}\n" NEXT HEAD("Pod", "v1") "{name: p}\nspec: {containers: [{name: c, image: i}]}\n", "" },
    { "a pod without its proxy", HEAD("Namespace", "v1") "{name: default, labels: {istio-injection: enabled}}\n" NEXT HEAD("Pod", "v1") "{name: p}\nspec: {containers: [{name: c, image: i}]}\n", "IST0103" },
    { "a pod with it", HEAD("Namespace", "v1") "{name: default, labels: {istio-injection: enabled}}\n" NEXT HEAD("Pod", "v1") "{name: p}\nspec: {containers: [{name: c, image: i}, {name: istio-proxy, image: p}]}\n", "" },
    { "a pod that wants none", HEAD("Namespace", "v1") "{name: default, labels: {istio-injection: enabled}}\n" NEXT HEAD("Pod", "v1") "{name: p, labels: {sidecar.istio.io/inject: 'false'}}\nspec: {containers: [{name: c, image: i}]}\n", "" },
    { "a pod that wants none in the old way", HEAD("Namespace", "v1") "{name: default, labels: {istio-injection: enabled}}\n" NEXT
      POD("p", "annotations: {sidecar.istio.io/inject: 'false'}"), "IST0135" },
    { "a pod that runs as the proxy", HEAD("Pod", "v1") "{name: p}\nspec: {securityContext: {runAsUser: 1337}, containers: [{name: c, image: i}]}\n", "IST0144" },
    { "a container that does", HEAD("Deployment", "apps/v1") "{name: d}\n" PODS("{app: d}", ", securityContext: {runAsUser: 1337}"), "IST0144" },
    { "a proxy image for the injector, not injected", HEAD("Pod", "v1") "{name: p}\nspec: {containers: [{name: istio-proxy, image: auto}]}\n", "IST0147" },
    { "the same in a Deployment", HEAD("Deployment", "apps/v1") "{name: d}\nspec: {selector: {matchLabels: {app: d}}, template: {metadata: {labels: {app: d}}, spec: {containers: [{name: istio-proxy, image: auto}]}}}\n", "IST0146" },
    { "one proxy of another version", PROXIED("a", "x:1") NEXT PROXIED("b", "x:1") NEXT PROXIED("c", "x:2"), "IST0158" },
    { "two Services, one port, two protocols", HEAD("Deployment", "apps/v1") "{name: d}\n" PODS("{app: a}", "") NEXT SVC("a", HTTP) NEXT
      HEAD("Service", "v1") "{name: b}\nspec: {selector: {app: a}, ports: [{name: tcp, port: 80, targetPort: 81}]}\n", "IST0116" },
    { "two Services, one target, two ports", HEAD("Deployment", "apps/v1") "{name: d}\n" PODS("{app: a}", "") NEXT SVC("a", HTTP) NEXT
      HEAD("Service", "v1") "{name: b}\nspec: {selector: {app: a}, ports: [{name: http, port: 81, targetPort: 80}]}\n", "IST0137" },
    { "two Services, one port, two protocols, outside", HEAD("Deployment", "apps/v1") "{name: d}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a, sidecar.istio.io/inject: 'false'}}, spec: {containers: [{name: c, image: i}]}}}\n" NEXT SVC("a", HTTP) NEXT
      HEAD("Service", "v1") "{name: b}\nspec: {selector: {app: a}, ports: [{name: tcp, port: 80, targetPort: 81}]}\n", "" },
    { "two Services that agree", HEAD("Deployment", "apps/v1") "{name: d}\n" PODS("{app: a}", "") NEXT SVC("a", HTTP) NEXT
      HEAD("Service", "v1") "{name: b}\nspec: {selector: {app: a}, ports: [{name: http, port: 80}]}\n", "" },
    { "a relative patch", EF("{applyTo: HTTP_FILTER, patch: {operation: INSERT_BEFORE, value: {}}}"), "IST0151" },
    { "a relative patch of one version", EF("{applyTo: HTTP_FILTER, match: {proxy: {proxyVersion: 'x'}}, patch: {operation: INSERT_BEFORE, value: {name: a}}}, {applyTo: HTTP_FILTER, patch: {operation: INSERT_AFTER, value: {name: a}}}"), "IST0151 IST0155" },
    { "a relative patch beside another one's version", EF("{applyTo: HTTP_FILTER, match: {proxy: {proxyVersion: 'x'}}, patch: {operation: INSERT_FIRST, value: {name: a}}}, {applyTo: HTTP_FILTER, patch: {operation: INSERT_AFTER, value: {name: b}}}"), "IST0151" },
    { "a merged patch", EF("{applyTo: HTTP_FILTER, patch: {operation: MERGE, value: {}}}"), "" },
    { "a virtual host replaced", EF("{applyTo: VIRTUAL_HOST, patch: {operation: REPLACE, value: {}}}"), "IST0151" },
    { "a first patch", EF("{applyTo: HTTP_FILTER, patch: {operation: INSERT_FIRST, value: {}}}"), "" },
    { "a cluster replaced", EF("{applyTo: CLUSTER, patch: {operation: REPLACE, value: {}}}"), "IST0152" },
    { "a route added", EF("{applyTo: HTTP_ROUTE, patch: {operation: ADD, value: {}}}"), "IST0153" },
    { "a route removed", EF("{applyTo: HTTP_ROUTE, patch: {operation: REMOVE}}"), "IST0154" },
    { "one certificate at two gateways", GW("g") TLS_OF("x.io") NEXT GW("h") TLS_OF("y.io") NEXT SECRET("name: c", PEM), "IST0138 IST0138" },
    { "one certificate at a wider gateway elsewhere", HEAD("Gateway", NET) "{name: g, namespace: e}\nspec: " TLS_OF("x.io") NEXT
      GW("h") "{selector: {istio: gw, app: g}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [y.io], tls: {mode: SIMPLE, credentialName: c}}]}\n" NEXT
      SECRET("name: c", PEM) NEXT SECRET("name: c, namespace: e", PEM), "IST0138" },
    { "one certificate at gateways of others", GW("g") "{selector: {istio: gw, app: f}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [x.io], tls: {mode: SIMPLE, credentialName: c}}]}\n" NEXT
      GW("h") "{selector: {istio: gw, app: g}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [y.io], tls: {mode: SIMPLE, credentialName: c}}]}\n" NEXT SECRET("name: c", PEM), "" },
    { "a gateway's pod without a Service", PLAIN_GW("g") NEXT POD("p", "labels: {istio: gw}"), "IST0162" },
    { "a port that a Service has outside", PLAIN_GW("g") NEXT POD("p", "labels: {istio: gw}") NEXT
      HEAD("Service", "v1") "{name: gw}\nspec: {selector: {istio: gw}, ports: [{name: http, port: 80, targetPort: 8003}]}\n", "" },
    { "a port that a Service has for datagrams", PLAIN_GW("g") NEXT POD("p", "labels: {istio: gw}") NEXT
      HEAD("Service", "v1") "{name: gw}\nspec: {selector: {istio: gw}, ports: [{name: http, port: 80, protocol: UDP}]}\n", "IST0162" },
    { "a port that no Service has", GW("g") "{selector: {istio: gw}, servers: [{port: {number: 8080, name: http, protocol: HTTP}, hosts: [x.io]}]}\n" NEXT WE("w", "{istio: gw}") NEXT
      HEAD("Service", "v1") "{name: gw}\nspec: {selector: {istio: gw}, ports: [{name: http, port: 80}]}\n", "IST0162" },
    { "a port that a Service has", GW("g") "{selector: {istio: gw}, servers: [{port: {number: 8080, name: http, protocol: HTTP}, hosts: [x.io]}]}\n" NEXT WE("w", "{istio: gw}") NEXT
      HEAD("Service", "v1") "{name: gw}\nspec: {selector: {istio: gw}, ports: [{name: http, port: 80, targetPort: 8080}]}\n", "" },
    { "a route by a claim that nobody verifies", CLAIMS, "IST0149" },
    { "a route by a claim that is verified", CLAIMS NEXT HEAD("RequestAuthentication", "security.istio.io/v1") "{name: j}\nspec: {jwtRules: [{issuer: i, jwks: '{\"keys\":[]}'}]}\n", "" },
    { "a route by a claim that is verified elsewhere", CLAIMS NEXT HEAD("RequestAuthentication", "security.istio.io/v1") "{name: j, namespace: e}\nspec: {jwtRules: [{issuer: i, jwks: '{\"keys\":[]}'}]}\n", "IST0149" },
    { "a route by a claim that is verified for all", CLAIMS NEXT HEAD("RequestAuthentication", "security.istio.io/v1") "{name: j, namespace: istio-system}\nspec: {jwtRules: [{issuer: i, jwks: '{\"keys\":[]}'}]}\n", "" },
    { "a Gateway of the other API", VS("v") "{hosts: [x.io], gateways: [g], http: [{route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP) NEXT K8S_GW("x.io"), "" },
    { "a Gateway of the other API without the host", VS("v") "{hosts: [y.io], gateways: [g], http: [{route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP) NEXT K8S_GW("x.io"), "IST0132" },
    { "a generated gateway", VS("v") "{hosts: [x.io], gateways: [a-istio-autogenerated-k8s-gateway-http], http: [{route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP), "IST0101 IST0165" },
    { "a policy by the label of a gateway", HEAD("AuthorizationPolicy", "security.istio.io/v1") "{name: p}\nspec: {selector: {matchLabels: {gateway.networking.k8s.io/gateway-name: g}}}\n", "IST0166" },
    { "a Telemetry by the labels of a gateway's pod", TM("t") "{selector: {matchLabels: {app: x}}}\n" NEXT POD("p", "labels: {app: x, gateway.networking.k8s.io/gateway-name: g}"), "IST0166" },
    { "a Telemetry by the labels of some pod", TM("t") "{selector: {matchLabels: {app: x}}}\n" NEXT POD("p", "labels: {app: x}"), "" },
    { "two protocols at one port", SE("e") "{hosts: [x.io], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}\n" NEXT
      SE("f") "{hosts: [x.io], resolution: DNS, ports: [{number: 80, name: tls, protocol: TLS}]}\n", "IST0177 IST0177" },
    { "an ExternalName with TCP", HEAD("Service", "v1") "{name: e}\nspec: {type: ExternalName, externalName: x.io, ports: [{name: tcp, port: 5}]}\n", "IST0150" },
    { "an ExternalName with a name that says nothing", HEAD("Service", "v1") "{name: e}\nspec: {type: ExternalName, externalName: x.io, ports: [{name: web, port: 5}]}\n", "IST0150" },
    { "an ExternalName with HTTP", HEAD("Service", "v1") "{name: e}\nspec: {type: ExternalName, externalName: x.io, ports: [{name: http, port: 5}]}\n", "" },
    { "a log for nobody", TM("a") "{accessLogging: [{filter: {expression: 'true'}}]}\n", "IST0157" },
    { "a log for the mesh's default", TM("a") "{accessLogging: [{filter: {expression: 'true'}}]}\n" NEXT
      HEAD("ConfigMap", "v1") "{name: istio, namespace: istio-system}\ndata: {mesh: 'defaultProviders: {accessLogging: [envoy]}'}\n", "" },
    { "a gateway's route beside the subsets", TO_A("v", "hosts: [x.io], gateways: [g]", "") NEXT TO_A("w", "hosts: [a]", ", subset: v1") NEXT PLAIN_GW("g") NEXT A_SUBSETS, "IST0140" },
    { "a gateway's route to a subset", TO_A("v", "hosts: [x.io], gateways: [g]", ", subset: v1") NEXT TO_A("w", "hosts: [a]", ", subset: v1") NEXT PLAIN_GW("g") NEXT A_SUBSETS, "" },
    { "a sidecar's route beside the subsets", TO_A("v", "hosts: [x.io], gateways: [mesh]", "") NEXT TO_A("w", "hosts: [a]", ", subset: v1") NEXT A_SUBSETS, "" },
    { "a gateway's route, subsets for another name", TO_A("v", "hosts: [x.io], gateways: [g]", "") NEXT TO_A("w", "hosts: [y.io]", ", subset: v1") NEXT PLAIN_GW("g") NEXT A_SUBSETS, "" },
    { "a network's registry that nobody knows", NETWORK("east"), "IST0126" },
    { "a network's registry", NETWORK("Kubernetes"), "" },
    { "a network's registry by a Secret", NETWORK("east") NEXT HEAD("Secret", "v1") "{name: c, labels: {istio/multiCluster: 'true'}}\nstringData: {east: x}\n", "" },
    { "istiod fetches keys from anywhere", ISTIOD("X, value: '10.0.0.0/8'"), "IST0175" },
    { "istiod fetches keys from elsewhere than here", ISTIOD("BLOCKED_CIDRS_IN_JWKS_URIS, value: '10.0.0.0/8'"), "" },
    { "a Service that has no waypoint", WAYPOINT_BOUND("'False'"), "IST0171" },
    { "a Service that has one", WAYPOINT_BOUND("'True'"), "" },
    { "a listener without conflicts", K8S_GW("x.io") "status: {conditions: [{type: Conflicted, status: 'False', reason: R, message: m, lastTransitionTime: '2026-01-01T00:00:00Z'}]}\n", "" },
    { "a listener that is not programmed", K8S_GW("x.io") "status: {conditions: [{type: Programmed, status: 'False', reason: R, message: m, lastTransitionTime: '2026-01-01T00:00:00Z'}]}\n", "IST0171" },
    { "a policy of which a waypoint can do a part", HEAD("AuthorizationPolicy", "security.istio.io/v1") "{name: p}\nspec: {}\nstatus: {conditions: [{type: WaypointAccepted, status: 'True', reason: PartiallyInvalid}]}\n", "IST0171" },
    { "a condition that is negative", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a}}]}]}\nstatus: {conditions: [{type: Reconciled, status: 'False', reason: R}]}\n" NEXT SVC("a", HTTP), "IST0171" },
};

/* clang-format on */

/* The codes found, but for what is said about fields that are not enforced. */
static void codes_of(const struct diag *d, struct buf *out)
{
    for (const struct diag_item *i = d->first; i; i = i->next) {
        if (strcmp(i->code, "MSH1020") != 0)
            buf_printf(out, "%s%s", buf_len(out) ? " " : "", i->code);
    }
}

static void every_check_fires_and_keeps_quiet(void)
{
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        struct object_set set;
        struct diag d;
        struct buf out;
        char *got;

        object_set_init(&set);
        diag_init(&d);
        buf_init(&out, 0);
        EQ_INT(object_set_read(&set, str_of(samples[i].yaml), "f.yaml", &d, NULL), 0);
        if (d.first)
            diag_render_text(&d, &out, false);
        analyze_run(set.items, set.count, NULL, &d);
        codes_of(&d, &out);
        got = buf_take_strz(&out);
        if (!EQ_STR(got, samples[i].codes))
            NOTE("in: %s", samples[i].name);
        mem_free(got);
        for (const struct diag_item *it = d.first; it; it = it->next) {
            OK(it->pos.line > 0 && it->pos.file);
            OK(analyze_code_name(it->code) != NULL);
        }
        buf_deinit(&out);
        diag_deinit(&d);
        object_set_deinit(&set);
    }
}

static void run_text(const char *yaml, const struct analyze_options *opt, struct diag *d,
                     struct object_set *set)
{
    object_set_init(set);
    diag_init(d);
    EQ_INT(object_set_read(set, str_of(yaml), "f.yaml", d, NULL), 0);
    analyze_run(set->items, set->count, opt, d);
}

static void a_near_host_is_suggested(void)
{
    struct object_set set;
    struct diag d;

    run_text(
        VS("v") "{hosts: [reviews], http: [{route: [{destination: {host: reviws}}]}]}\n" NEXT SVC(
            "reviews", HTTP),
        NULL, &d, &set);
    if (OK(d.first != NULL)) {
        EQ_STRN(d.first->suggestion.p, d.first->suggestion.len, "reviews");
        EQ_STRN(d.first->message.p, d.first->message.len, "Referenced host not found: \"reviws\"");
        EQ_INT(d.first->pos.line, 4);
    }
    diag_deinit(&d);
    object_set_deinit(&set);
}

/* The codes about all that is not reading: of a text with a mistake in it. */
static void check_broken(const char *yaml, const char *want)
{
    struct object_set set;
    struct diag d;
    struct buf out;
    char *got;

    object_set_init(&set);
    diag_init(&d);
    buf_init(&out, 0);
    OK(object_set_read(&set, str_of(yaml), "f.yaml", &d, NULL) != 0);
    analyze_run(set.items, set.count, NULL, &d);
    for (const struct diag_item *i = d.first; i; i = i->next) {
        if (str_starts(str_of(i->code), STR("IST")))
            buf_printf(&out, "%s%s", buf_len(&out) ? " " : "", i->code);
    }
    got = buf_take_strz(&out);
    EQ_STR(got, want);
    mem_free(got);
    buf_deinit(&out);
    diag_deinit(&d);
    object_set_deinit(&set);
}

static void what_names_a_broken_object_is_not_blamed(void)
{
    check_broken(TO_A("v", "hosts: [a]", "") NEXT SVC("a", "[{name: http, port: 800000}]"), "");
    check_broken(TO_A("v", "hosts: [a]", "") NEXT SVC("b", "[{name: http, port: 800000}]"),
                 "IST0101");
    check_broken(TO_A("v", "hosts: [x.io], gateways: [g]", "")
                     NEXT GW("g") "{servers: 1}\n" NEXT SVC("a", HTTP),
                 "");
    check_broken(TO_A("v", "hosts: [x.io], gateways: [h]", "")
                     NEXT GW("g") "{servers: 1}\n" NEXT SVC("a", HTTP),
                 "IST0101");
    check_broken(GW("g") TLS_OF("x.io") NEXT HEAD("Secret", "v1") "{name: c}\ndata: 1\n",
                 "IST0161");
}

static void what_may_come_is_a_warning(void)
{
    const struct analyze_options opt = { .referential_only = true, .may_come = true };
    struct object_set set;
    struct diag d;

    run_text(VS("v") "{hosts: [a], http: [{route: [{destination: {host: b, subset: v1}}]}]}\n",
             &opt, &d, &set);
    EQ_UINT(d.count[DIAG_ERROR], 0);
    EQ_UINT(d.count[DIAG_WARNING], 1);
    diag_deinit(&d);
    object_set_deinit(&set);
}

static void only_fresh_objects_are_reported_on(void)
{
    const struct analyze_options opt = { .fresh = 1 };
    struct object_set set;
    struct diag d;

    run_text(SVC("a", HTTP) NEXT DR("d") "{host: nobody}\n", &opt, &d, &set);
    EQ_UINT(d.count[DIAG_ERROR] + d.count[DIAG_WARNING], 0);
    diag_deinit(&d);
    object_set_deinit(&set);
}

static const struct tap_case cases[] = {
    { "every_check_fires_and_keeps_quiet", every_check_fires_and_keeps_quiet },
    { "a_near_host_is_suggested", a_near_host_is_suggested },
    { "what_names_a_broken_object_is_not_blamed", what_names_a_broken_object_is_not_blamed },
    { "what_may_come_is_a_warning", what_may_come_is_a_warning },
    { "only_fresh_objects_are_reported_on", only_fresh_objects_are_reported_on },
};

TAP_MAIN(cases)
