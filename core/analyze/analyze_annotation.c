/* Istio's annotations: known, where they have a meaning, with a value that has one. */
#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/base/mem.h"
#include "core/net/addr.h"
#include "core/text/duration.h"

enum where {
    ANY = 0,
    POD = 1,
    SERVICE = 2,
    NAMESPACE = 4,
    INGRESS = 8,
    POLICY = 16,
    GATEWAY = 32,
    WORKLOAD_ENTRY = 64,
    SERVICE_ENTRY = 128,
    MANY = POD | SERVICE | NAMESPACE | WORKLOAD_ENTRY | SERVICE_ENTRY,
};

enum state { STABLE, ALPHA, DEPRECATED };

enum value { TEXT, BOOL, NUMBER, PORTS, NETS, LEVEL, INTERCEPT, TIME };

struct annotation {
    const char *name;
    int where; /* enum where */
    enum state state;
    enum value value;
    const char *instead; /* DEPRECATED: what to use, or NULL */
};

/* clang-format off */
static const struct annotation known[] = {
    { "alpha.istio.io/canonical-serviceaccounts", SERVICE, DEPRECATED, TEXT, NULL },
    { "alpha.istio.io/kubernetes-serviceaccounts", SERVICE, DEPRECATED, TEXT, NULL },
    { "ambient.istio.io/bypass-inbound-capture", POD, ALPHA, BOOL, NULL },
    { "ambient.istio.io/dns-capture", POD, ALPHA, BOOL, NULL },
    { "ambient.istio.io/redirection", POD, STABLE, TEXT, NULL },
    { "ambient.istio.io/waypoint-inbound-binding", GATEWAY, ALPHA, TEXT, NULL },
    { "galley.istio.io/analyze-suppress", ANY, STABLE, TEXT, NULL },
    { "gateway.istio.io/controller-version", GATEWAY, ALPHA, TEXT, NULL },
    { "gateway.istio.io/name-override", GATEWAY, ALPHA, TEXT, NULL },
    { "gateway.istio.io/service-account", GATEWAY, ALPHA, TEXT, NULL },
    { "inject.istio.io/templates", POD, ALPHA, TEXT, NULL },
    { "install.operator.istio.io/chart-owner", ANY, ALPHA, TEXT, NULL },
    { "install.operator.istio.io/owner-generation", ANY, ALPHA, TEXT, NULL },
    { "install.operator.istio.io/version", ANY, ALPHA, TEXT, NULL },
    { "internal.istio.io/parents", ANY, ALPHA, TEXT, NULL },
    { "istio.io/autoRegistrationGroup", WORKLOAD_ENTRY, ALPHA, TEXT, NULL },
    { "istio.io/connectedAt", WORKLOAD_ENTRY, ALPHA, TEXT, NULL },
    { "istio.io/disconnectedAt", WORKLOAD_ENTRY, ALPHA, TEXT, NULL },
    { "istio.io/dry-run", POLICY, ALPHA, BOOL, NULL },
    { "istio.io/reroute-virtual-interfaces", POD, ALPHA, TEXT, NULL },
    { "istio.io/rev", ANY, ALPHA, TEXT, NULL },
    { "istio.io/use-waypoint-canary-weight", MANY, ALPHA, NUMBER, NULL },
    { "istio.io/workloadController", WORKLOAD_ENTRY, ALPHA, TEXT, NULL },
    { "kubernetes.io/ingress.class", INGRESS, STABLE, TEXT, NULL },
    { "networking.istio.io/address-type", GATEWAY, ALPHA, TEXT, NULL },
    { "networking.istio.io/exportTo", SERVICE, ALPHA, TEXT, NULL },
    { "networking.istio.io/service-type", GATEWAY, ALPHA, TEXT, NULL },
    { "networking.istio.io/traffic-distribution", SERVICE | NAMESPACE | SERVICE_ENTRY, ALPHA, TEXT, NULL },
    { "operator.istio.io/component", ANY, ALPHA, TEXT, NULL },
    { "operator.istio.io/managed", ANY, ALPHA, TEXT, NULL },
    { "operator.istio.io/version", ANY, ALPHA, TEXT, NULL },
    { "prometheus.istio.io/merge-metrics", POD, ALPHA, BOOL, NULL },
    { "prometheus.istio.io/scrape-targets", POD, ALPHA, TEXT, NULL },
    { "proxy.istio.io/config", POD | WORKLOAD_ENTRY, STABLE, TEXT, NULL },
    { "proxy.istio.io/overrides", POD, ALPHA, TEXT, NULL },
    { "readiness.status.sidecar.istio.io/applicationPorts", POD, ALPHA, PORTS, NULL },
    { "readiness.status.sidecar.istio.io/failureThreshold", POD, ALPHA, NUMBER, NULL },
    { "readiness.status.sidecar.istio.io/initialDelaySeconds", POD, ALPHA, NUMBER, NULL },
    { "readiness.status.sidecar.istio.io/periodSeconds", POD, ALPHA, NUMBER, NULL },
    { "security.istio.io/tlsMode", POD | WORKLOAD_ENTRY, ALPHA, TEXT, NULL },
    { "sidecar.istio.io/agentLogLevel", POD, ALPHA, LEVEL, NULL },
    { "sidecar.istio.io/bootstrapOverride", POD, ALPHA, TEXT, NULL },
    { "sidecar.istio.io/componentLogLevel", POD, ALPHA, TEXT, NULL },
    { "sidecar.istio.io/controlPlaneAuthPolicy", POD, DEPRECATED, TEXT, NULL },
    { "sidecar.istio.io/discoveryAddress", POD, DEPRECATED, TEXT, "use the discoveryAddress of proxy.istio.io/config" },
    { "sidecar.istio.io/enableCoreDump", POD, ALPHA, BOOL, NULL },
    { "sidecar.istio.io/extraStatTags", POD, DEPRECATED, TEXT, NULL },
    { "sidecar.istio.io/inject", POD, DEPRECATED, BOOL, "use the label of the same name" },
    { "sidecar.istio.io/interceptionMode", POD, ALPHA, INTERCEPT, NULL },
    { "sidecar.istio.io/logLevel", POD, ALPHA, LEVEL, NULL },
    { "sidecar.istio.io/nativeSidecar", POD, ALPHA, BOOL, NULL },
    { "sidecar.istio.io/proxyCPU", POD, ALPHA, TEXT, NULL },
    { "sidecar.istio.io/proxyCPULimit", POD, ALPHA, TEXT, NULL },
    { "sidecar.istio.io/proxyImage", POD, ALPHA, TEXT, NULL },
    { "sidecar.istio.io/proxyImageType", POD, ALPHA, TEXT, NULL },
    { "sidecar.istio.io/proxyMemory", POD, ALPHA, TEXT, NULL },
    { "sidecar.istio.io/proxyMemoryLimit", POD, ALPHA, TEXT, NULL },
    { "sidecar.istio.io/rewriteAppHTTPProbers", POD, ALPHA, BOOL, NULL },
    { "sidecar.istio.io/statsCompression", POD, ALPHA, BOOL, NULL },
    { "sidecar.istio.io/statsEvictionInterval", POD, ALPHA, TIME, NULL },
    { "sidecar.istio.io/statsFlushInterval", POD, ALPHA, TIME, NULL },
    { "sidecar.istio.io/statsHistogramBins", POD, ALPHA, TEXT, NULL },
    { "sidecar.istio.io/statsHistogramBuckets", POD, ALPHA, TEXT, NULL },
    { "sidecar.istio.io/statsInclusionPrefixes", POD, DEPRECATED, TEXT, NULL },
    { "sidecar.istio.io/statsInclusionRegexps", POD, DEPRECATED, TEXT, NULL },
    { "sidecar.istio.io/statsInclusionSuffixes", POD, DEPRECATED, TEXT, NULL },
    { "sidecar.istio.io/status", POD, ALPHA, TEXT, NULL },
    { "sidecar.istio.io/userVolume", POD, ALPHA, TEXT, NULL },
    { "sidecar.istio.io/userVolumeMount", POD, ALPHA, TEXT, NULL },
    { "status.sidecar.istio.io/port", POD, ALPHA, NUMBER, NULL },
    { "topology.istio.io/cluster", ANY, ALPHA, TEXT, NULL },
    { "topology.istio.io/controlPlaneClusters", NAMESPACE, ALPHA, TEXT, NULL },
    { "topology.istio.io/network", ANY, ALPHA, TEXT, NULL },
    { "traffic.istio.io/nodeSelector", SERVICE, STABLE, TEXT, NULL },
    { "traffic.sidecar.istio.io/excludeInboundPorts", POD, ALPHA, PORTS, NULL },
    { "traffic.sidecar.istio.io/excludeInterfaces", POD, ALPHA, TEXT, NULL },
    { "traffic.sidecar.istio.io/excludeOutboundIPRanges", POD, ALPHA, NETS, NULL },
    { "traffic.sidecar.istio.io/excludeOutboundPorts", POD, ALPHA, PORTS, NULL },
    { "traffic.sidecar.istio.io/includeInboundPorts", POD, ALPHA, PORTS, NULL },
    { "traffic.sidecar.istio.io/includeOutboundIPRanges", POD, ALPHA, NETS, NULL },
    { "traffic.sidecar.istio.io/includeOutboundPorts", POD, ALPHA, PORTS, NULL },
    { "traffic.sidecar.istio.io/kubevirtInterfaces", POD, DEPRECATED, TEXT, "use istio.io/reroute-virtual-interfaces" },
};
/* clang-format on */

static const struct {
    int where;
    const char *name;
} places[] = {
    { POD, "Pod" },
    { SERVICE, "Service" },
    { NAMESPACE, "Namespace" },
    { INGRESS, "Ingress" },
    { POLICY, "AuthorizationPolicy" },
    { GATEWAY, "Gateway" },
    { WORKLOAD_ENTRY, "WorkloadEntry" },
    { SERVICE_ENTRY, "ServiceEntry" },
};

static const struct annotation *find(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (str_is(name, known[i].name))
            return &known[i];
    }
    return NULL;
}

/* Names below istio.io, but for what other projects and control itself put there. */
static bool is_istios(struct str name)
{
    ptrdiff_t slash = str_chr(name, '/');
    struct str domain = slash < 0 ? name : str_head(name, (size_t)slash);

    return (str_is(domain, "istio.io") || str_ends(domain, STR(".istio.io"))) &&
           !str_starts(name, STR("operator.istio.io/")) &&
           !str_starts(name, STR("install.operator.istio.io/"));
}

/* What control or an injector writes itself, so that nobody can be told to leave it out. */
static bool is_automatic(struct str name)
{
    return str_is(name, "sidecar.istio.io/status") ||
           str_is(name, "gateway.istio.io/controller-version") || str_is(name, "istio.io/rev");
}

/* ---- values ---- */

static bool is_number(struct str text)
{
    uint64_t n;

    return str_to_u64(text, UINT32_MAX, &n) == 0;
}

/* "*", or a list of ports, with ranges where there may be some. */
static bool is_ports(struct str text)
{
    struct str rest = text;

    if (str_is(text, "*") || !text.len)
        return true;
    while (rest.p) {
        struct str one = str_trim(str_cut(&rest, ',')), low = str_cut(&one, '-');
        uint64_t n;

        if (str_to_u64(low, 65535, &n) != 0 || (one.p && str_to_u64(one, 65535, &n) != 0))
            return false;
    }
    return true;
}

static bool is_nets(struct str text)
{
    struct str rest = text;
    struct addr_net net;

    if (str_is(text, "*") || !text.len)
        return true;
    while (rest.p) {
        if (addr_net_parse(str_trim(str_cut(&rest, ',')), &net) != 0)
            return false;
    }
    return true;
}

static bool is_level(struct str text)
{
    static const char *const levels[] = { "trace", "debug",    "info", "warning", "warn",
                                          "error", "critical", "off",  "none" };

    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        if (str_is(text, levels[i]))
            return true;
    }
    return str_chr(text, ':') > 0; /* "scope:level" */
}

/* What is wrong with the value, or NULL. */
static const char *problem(enum value kind, struct str text)
{
    int64_t ns;

    switch (kind) {
    case BOOL:
        return str_is(text, "true") || str_is(text, "false") ? NULL : "must be true or false";
    case NUMBER:
        return is_number(text) ? NULL : "must be a number";
    case PORTS:
        return is_ports(text) ? NULL : "must be a list of ports, as \"8080,9090\", or \"*\"";
    case NETS:
        return is_nets(text) ? NULL
                             : "must be a list of address blocks, as \"10.0.0.0/8\", or \"*\"";
    case LEVEL:
        return is_level(text) ? NULL : "must be a log level";
    case INTERCEPT:
        return str_is(text, "REDIRECT") || str_is(text, "TPROXY") || str_is(text, "NONE")
                   ? NULL
                   : "must be REDIRECT, TPROXY or NONE";
    case TIME:
        return duration_parse(text, &ns) == 0 ? NULL : "must be a duration, as \"5s\"";
    default:
        return NULL;
    }
}

/* ---- places ---- */

static int place_of(const struct object *o)
{
    switch (o->kind->id) {
    case API_KIND_POD:
    case API_KIND_DEPLOYMENT: /* only of its template: see check_object */
    case API_KIND_WORKLOAD_GROUP:
        return POD;
    case API_KIND_SERVICE:
        return SERVICE;
    case API_KIND_NAMESPACE:
        return NAMESPACE;
    case API_KIND_AUTHORIZATION_POLICY:
        return POLICY;
    case API_KIND_WORKLOAD_ENTRY:
        return WORKLOAD_ENTRY | POD;
    case API_KIND_SERVICE_ENTRY:
        return SERVICE_ENTRY;
    default:
        return str_is(str_of(o->kind->kind), "Gateway") ? GATEWAY : -1;
    }
}

/* "Pod" or "[Pod, WorkloadEntry]". */
static struct str place_names(struct analyze_state *s, int where)
{
    struct str text = STR_NONE;

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        if (where & places[i].where)
            text = text.p ? arena_printf(&s->arena, "%.*s, %s", STR_ARG(text), places[i].name)
                          : str_of(places[i].name);
    }
    return text;
}

static void check_one(struct analyze_state *s, const struct object *o, int place, struct str path,
                      const struct field_pair *pair)
{
    const struct annotation *a = find(pair->key);
    const char *why;

    if (is_automatic(pair->key))
        return;
    if (!a) {
        if (is_istios(pair->key))
            analyze_state_report(s, o, DIAG_WARNING, "IST0108", path, "Unknown annotation: %.*s",
                                 STR_ARG(pair->key));
        return;
    }
    if (a->where != ANY && !(a->where & place)) {
        analyze_state_report(s, o, DIAG_WARNING, "IST0107", path,
                             "Misplaced annotation: %s can only be applied to %.*s", a->name,
                             STR_ARG(place_names(s, a->where)));
        return;
    }
    why = problem(a->value, pair->value);
    if (why)
        analyze_state_report(s, o, DIAG_WARNING, "IST0125", path, "Invalid annotation %s: %s",
                             a->name, why);
    if (a->state == DEPRECATED)
        analyze_state_report(s, o, DIAG_INFO, "IST0135", path,
                             "Annotation \"%s\" has been deprecated%s%s and may not work in future "
                             "versions.",
                             a->name, a->instead ? "; " : "", a->instead ? a->instead : "");
    else if (a->state == ALPHA)
        analyze_state_report(s, o, DIAG_INFO, "IST0136", path,
                             "Annotation \"%s\" is part of an alpha-phase feature and may be "
                             "incompletely supported.",
                             a->name);
}

static void check_list(struct analyze_state *s, const struct object *o, int place, const char *path,
                       const struct field_pair *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_one(s, o, place, str_of(path), &list[i]);
}

void analyze_annotation_all(struct analyze_state *s)
{
    for (size_t i = 0; i < s->fresh; i++) {
        const struct object *o = s->objects[i];
        const struct field_pair *list;
        int place = place_of(o);
        size_t count;

        if (o->kind->id == API_KIND_DEPLOYMENT) {
            if (analyze_state_template_annotations(o, &list, &count))
                check_list(s, o, POD, "spec.template.metadata.annotations", list, count);
            place = 0;
        }
        if (place >= 0)
            check_list(s, o, place, "metadata.annotations", o->meta->annotations,
                       o->meta->annotations_count);
    }
}
