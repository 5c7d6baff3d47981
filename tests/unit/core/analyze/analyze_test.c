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
#define HTTP "[{name: http, port: 80}]"

/* Codes come in the order of the table of checks. */
static const struct {
    const char *name, *yaml, *codes;
} samples[] = {
    { "a host that is there", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP), "" },
    { "a host that is not", VS("v") "{hosts: [a], http: [{route: [{destination: {host: b}}]}]}\n" NEXT SVC("a", HTTP), "IST0101" },
    { "a full name", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a.default.svc.cluster.local}}]}]}\n" NEXT SVC("a", HTTP), "" },
    { "a wildcard of a ServiceEntry", VS("v") "{hosts: [x.io], tls: [{match: [{sniHosts: [x.io]}], route: [{destination: {host: www.x.io}}]}]}\n" NEXT
      SE("e") "{hosts: ['*.x.io'], ports: [{number: 443, name: tls, protocol: TLS}]}\n", "" },
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
    { "two for one host, one at a gateway", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a}}]}]}\n" NEXT
      VS("w") "{hosts: [a], gateways: [g], http: [{route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP) NEXT
      GW("g") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}\n", "" },
    { "a rule behind one for all", VS("v") "{hosts: [a], http: [{route: [{destination: {host: a}}]}, {match: [{uri: {prefix: /x}}], route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP), "IST0130" },
    { "a match twice", VS("v") "{hosts: [a], http: [{match: [{uri: {prefix: /x}}], route: [{destination: {host: a}}]}, {match: [{uri: {prefix: /x}}, {uri: {prefix: /y}}], route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP), "IST0131" },
    { "only matches that came before", VS("v") "{hosts: [a], http: [{match: [{uri: {prefix: /x}}], route: [{destination: {host: a}}]}, {match: [{name: n, uri: {prefix: /x}}], route: [{destination: {host: a}}]}]}\n" NEXT SVC("a", HTTP), "IST0131 IST0130" },
    { "a rule for a host that is not there", DR("d") "{host: b}\n" NEXT SVC("a", HTTP), "IST0174" },
    { "a rule for many hosts", DR("d") "{host: '*.local'}\n", "" },
    { "a subset that selects somebody", DR("d") "{host: a, subsets: [{name: v1, labels: {version: v1}}]}\n" NEXT SVC("a", HTTP) NEXT WE("w", "{app: a, version: v1}"), "" },
    { "a subset that selects nobody", DR("d") "{host: a, subsets: [{name: v2, labels: {version: v2}}]}\n" NEXT SVC("a", HTTP) NEXT WE("w", "{app: a, version: v1}"), "IST0173" },
    { "TLS to anybody", DR("d") "{host: a, trafficPolicy: {tls: {mode: SIMPLE}}}\n" NEXT SVC("a", HTTP), "IST0128" },
    { "TLS to anybody at one port", DR("d") "{host: a, trafficPolicy: {portLevelSettings: [{port: {number: 80}, tls: {mode: SIMPLE}}]}}\n" NEXT SVC("a", HTTP), "IST0129" },
    { "TLS to somebody", DR("d") "{host: a, trafficPolicy: {tls: {mode: SIMPLE, caCertificates: /ca.pem}}}\n" NEXT SVC("a", HTTP), "" },
    { "two gateways for one host", GW("g") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.io]}]}\n" NEXT
      GW("h") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.io]}]}\n", "IST0145 IST0145" },
    { "two gateways for two hosts", GW("g") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.io]}]}\n" NEXT
      GW("h") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [y.io]}]}\n", "" },
    { "a gateway that nobody is", GW("g") "{selector: {istio: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [x.io]}]}\n" NEXT WE("w", "{istio: other}"), "IST0101" },
    { "a certificate that is not there", GW("g") "{selector: {istio: gw}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [x.io], tls: {mode: SIMPLE, credentialName: c}}]}\n", "IST0101" },
    { "a certificate without its key", GW("g") "{selector: {istio: gw}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [x.io], tls: {mode: SIMPLE, credentialName: c}}]}\n" NEXT
      HEAD("Secret", "v1") "{name: c}\ndata: {tls.crt: YQ==}\n", "IST0161" },
    { "a certificate", GW("g") "{selector: {istio: gw}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [x.io], tls: {mode: SIMPLE, credentialName: c}}]}\n" NEXT
      HEAD("Secret", "v1") "{name: c}\ndata: {tls.crt: YQ==, tls.key: YQ==}\n", "" },
    { "a port without a protocol", SVC("a", "[{name: web, port: 80}]"), "IST0118" },
    { "a port with one", SVC("a", "[{name: http-web, port: 80}]"), "" },
    { "a port with one apart", SVC("a", "[{name: web, port: 80, appProtocol: http}]"), "" },
    { "TCP without an address", SE("e") "{hosts: [x.io], ports: [{number: 5, name: tcp, protocol: TCP}]}\n", "IST0134" },
    { "TCP with one", SE("e") "{hosts: [x.io], addresses: [10.1.1.1], ports: [{number: 5, name: tcp, protocol: TCP}]}\n", "" },
    { "a policy for nobody", HEAD("PeerAuthentication", "security.istio.io/v1") "{name: p}\nspec: {selector: {matchLabels: {app: x}}, mtls: {mode: STRICT}}\n" NEXT WE("w", "{app: a}"), "IST0127" },
    { "a policy for somebody", HEAD("PeerAuthentication", "security.istio.io/v1") "{name: p}\nspec: {selector: {matchLabels: {app: a}}, mtls: {mode: STRICT}}\n" NEXT WE("w", "{app: a}"), "" },
    { "a namespace that is not there", HEAD("AuthorizationPolicy", "security.istio.io/v1") "{name: p}\nspec: {rules: [{from: [{source: {namespaces: [x]}}]}]}\n", "IST0101" },
    { "a namespace that is", HEAD("AuthorizationPolicy", "security.istio.io/v1") "{name: p}\nspec: {rules: [{from: [{source: {namespaces: [default]}}]}]}\n", "" },
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
    { "what_may_come_is_a_warning", what_may_come_is_a_warning },
    { "only_fresh_objects_are_reported_on", only_fresh_objects_are_reported_on },
};

TAP_MAIN(cases)
