#include "core/api/sidecar.h"

#include <stdio.h>

#include "core/api/api_check.h"
#include "core/api/istio_status.h"
#include "core/api/object_meta.h"

#define PROTO "istio.networking.v1alpha3."

/* ---- rows ---- */

static void check_protocol(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (s->len > 0 && !istio_gateway_is_protocol(*s))
        field_decode_error(c,
                           "\"%.*s\" is not a protocol: HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TCP, "
                           "TLS, MONGO",
                           STR_ARG(*s));
}

/* "namespace/host": namespace "*", "." or a name; "~" before it leaves those hosts out. */
static void check_egress_host(struct field_check *c, const void *member)
{
    struct str rest = *(const struct str *)member, ns = str_cut(&rest, '/');
    struct str name = str_starts(ns, STR("~")) ? str_skip(ns, 1) : ns;

    if (!rest.p || ns.len == 0 || rest.len == 0) {
        field_decode_error(c, "\"%.*s\" is not \"namespace/host\", as \"*/shop.example.com\"",
                           STR_ARG(*(const struct str *)member));
        return;
    }
    if (name.len > 0 && !str_is(name, "*") && !str_is(name, ".") && !api_check_is_label(name))
        field_decode_error(c, "\"%.*s\" is not a namespace, \"*\", \".\" or \"~\"", STR_ARG(ns));
    if (!api_check_is_wildcard_host(rest))
        field_decode_error(c, "\"%.*s\" is not a host name; '*' may only be its first label",
                           STR_ARG(rest));
}

/* "127.0.0.1:8080", "[::1]:8080", ":8080", "unix:///path". */
static void check_endpoint(struct field_check *c, const void *member)
{
    static const char *const hosts[] = { "", "127.0.0.1", "0.0.0.0", "[::1]", "[::]" };
    struct str s = *(const struct str *)member;
    ptrdiff_t colon = str_rchr(s, ':');
    uint64_t port;

    if (s.len == 0 || (str_starts(s, STR("unix://")) && s.len > 7))
        return;
    if (colon >= 0)
        for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
            if (str_is(str_make(s.p, (size_t)colon), hosts[i]) &&
                str_to_u64(str_skip(s, (size_t)colon + 1), 65535, &port) == 0 && port > 0)
                return;
    field_decode_error(c,
                       "\"%.*s\" is not 127.0.0.1:PORT, 0.0.0.0:PORT, [::1]:PORT, [::]:PORT or "
                       "unix:///PATH",
                       STR_ARG(s));
}

/* ---- messages ---- */

static void check_ingress_tls(struct field_check *c, const struct sidecar_ingress *in)
{
    const struct istio_gateway_tls *t = in->tls;

    if (t->subject_alt_names_count > 0)
        field_decode_error_at(c, "tls.subjectAltNames", "is not for sidecars");
    if (t->https_redirect)
        field_decode_error_at(c, "tls.httpsRedirect", "is not for sidecars");
    if (t->credential_name.len > 0)
        field_decode_error_at(c, "tls.credentialName", "is not for sidecars: name files instead");
    if (t->credential_names_count > 0)
        field_decode_error_at(c, "tls.credentialNames", "is not for sidecars: name files instead");
    if (t->certificates_count > 0)
        field_decode_error_at(c, "tls.tlsCertificates", "is not for sidecars");
    if (t->mode == ISTIO_GATEWAY_TLS_ISTIO_MUTUAL || t->mode == ISTIO_GATEWAY_TLS_AUTO_PASSTHROUGH)
        field_decode_error_at(c, "tls.mode",
                              "is not for sidecars: SIMPLE, MUTUAL or "
                              "OPTIONAL_MUTUAL");
    if (!istio_gateway_is_tls(in->port->protocol))
        field_decode_error_at(c, "tls", "needs protocol HTTPS or TLS");
}

static void check_ingress(struct field_check *c, const void *message)
{
    const struct sidecar_ingress *in = message;

    if (in->port->number == 0)
        field_decode_error_at(c, "port.number", "0 is outside 1..65535");
    if (in->bind.len > 0 && !api_check_is_ip(in->bind))
        field_decode_error_at(c, "bind", "\"%.*s\" is not an IP address", STR_ARG(in->bind));
    if (in->tls)
        check_ingress_tls(c, in);
    if (in->pool && in->pool->http && in->port->protocol.len > 0 &&
        !istio_gateway_is_plain_http(in->port->protocol) &&
        !str_ieq(in->port->protocol, STR("HTTPS")))
        field_decode_warn_at(c, "connectionPool.http",
                             "does nothing, since protocol %.*s is not HTTP",
                             STR_ARG(in->port->protocol));
}

static void check_egress(struct field_check *c, const void *message)
{
    const struct sidecar_egress *e = message;
    bool unix_path = str_starts(e->bind, STR("unix://")) && e->bind.len > 7;

    if (!e->port)
        return;
    if (e->port->number == 0 && !unix_path)
        field_decode_error_at(c, "bind", "port 0 needs a Unix socket: unix:///PATH");
    if (e->port->number == 0 && e->capture_mode == SIDECAR_CAPTURE_IPTABLES)
        field_decode_error_at(c, "captureMode", "must be DEFAULT or NONE with a Unix socket");
    if (e->port->number > 0 && e->bind.len > 0 && !api_check_is_ip(e->bind))
        field_decode_error_at(c, "bind", "\"%.*s\" is not an IP address", STR_ARG(e->bind));
}

static void check_outbound(struct field_check *c, const void *message)
{
    const struct sidecar_outbound *o = message;

    if (!o->egress_proxy)
        return;
    if (o->mode != SIDECAR_ALLOW_ANY)
        field_decode_error_at(c, "egressProxy", "needs mode ALLOW_ANY");
    else if (!o->egress_proxy->port)
        field_decode_error_at(c, "egressProxy.port", "is required");
}

static bool is_port_twice(const struct sidecar_port *a, const struct sidecar_port *b)
{
    return a && b && a->number == b->number;
}

static void check_egress_list(struct field_check *c, const struct sidecar *s)
{
    char where[48];

    for (size_t i = 0; i < s->egress_count; i++) {
        const struct sidecar_egress *e = &s->egress[i];

        snprintf(where, sizeof(where), "egress[%zu]", i);
        if (!e->port && i + 1 < s->egress_count)
            field_decode_error_at(c, where, "has no port, so it must be the last");
        for (size_t j = 0; j < i; j++)
            if (is_port_twice(s->egress[j].port, e->port) &&
                (e->port->number > 0 || str_eq(s->egress[j].bind, e->bind)))
                field_decode_error_at(c, where, "another listener has that %s",
                                      e->port->number > 0 ? "port" : "socket");
    }
}

static void check_sidecar(struct field_check *c, const void *message)
{
    const struct sidecar *s = message;
    char where[48];

    if (s->egress_count == 0 && s->ingress_count == 0 && !s->outbound && !s->inbound_pool)
        field_decode_error_at(c, "",
                              "is empty: egress, ingress, outboundTrafficPolicy or "
                              "inboundConnectionPool is needed");
    for (size_t i = 0; i < s->ingress_count; i++)
        for (size_t j = 0; j < i; j++)
            if (is_port_twice(s->ingress[i].port, s->ingress[j].port)) {
                snprintf(where, sizeof(where), "ingress[%zu].port.number", i);
                field_decode_error_at(c, where, "another listener has port %lld",
                                      (long long)s->ingress[i].port->number);
            }
    check_egress_list(c, s);
    if (s->selector && s->selector->labels_count == 0)
        field_decode_warn_at(c, "workloadSelector",
                             "has no labels, so it is for all workloads of the namespace");
}

/* clang-format off */
static const struct field_enum_name sidecar_capture_names[] = {
    { "DEFAULT", SIDECAR_CAPTURE_DEFAULT, "As the workload's traffic is captured elsewhere." },
    { "IPTABLES", SIDECAR_CAPTURE_IPTABLES, "By redirection of traffic." },
    { "NONE", SIDECAR_CAPTURE_NONE, "Not: clients connect to the listener themselves." },
};
static FIELD_ENUM_TABLE(sidecar_capture, PROTO "CaptureMode");

#define T struct sidecar_port
static const struct field sidecar_port_fields[] = {
    FIELD_UINT32(T, number, "number", .proto = 1, .max = 65535, .help = "Port; 0 with a Unix socket."),
    FIELD_STR(T, protocol, "protocol", .proto = 2, .check = check_protocol, .help = "HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TCP, TLS or MONGO."),
    FIELD_STR(T, name, "name", .proto = 3, .check = api_check_port_name, .help = "Name of the port."),
    FIELD_UINT32(T, target_port, "targetPort", .proto = 4, .max = 65535, .deprecated = true, .enforced = "is ignored, as in Istio", .help = "Not used."),
};
static FIELD_MESSAGE(sidecar_port, PROTO "SidecarPort", .at = FIELD_AT(T, at), .help = "A port to listen on.");
#undef T

#define T struct sidecar_ingress
static const struct field sidecar_ingress_fields[] = {
    FIELD_MSG(T, port, "port", sidecar_port, .proto = 1, .required = true, .help = "Port to listen on."),
    FIELD_STR(T, bind, "bind", .proto = 2, .enforced = FIELD_NOT_ENFORCED, .default_text = "the workload's address", .help = "Address to listen on."),
    FIELD_ENUM(T, capture_mode, "captureMode", sidecar_capture, .proto = 3, .enforced = FIELD_NOT_ENFORCED, .default_text = "DEFAULT", .help = "Whether traffic comes by redirection."),
    FIELD_STR(T, default_endpoint, "defaultEndpoint", .proto = 4, .check = check_endpoint, .default_text = "the workload's address and that port", .help = "Where the application listens."),
    FIELD_MSG(T, tls, "tls", istio_gateway_tls, .proto = 7, .help = "TLS towards clients outside of the mesh."),
    FIELD_MSG(T, pool, "connectionPool", traffic_policy_pool, .proto = 8, .default_text = "inboundConnectionPool", .help = "Limits that protect the application."),
};
static FIELD_MESSAGE(sidecar_ingress, PROTO "IstioIngressListener", .at = FIELD_AT(T, at), .check = check_ingress, .help = "A listener for traffic to the workload.");
#undef T

#define T struct sidecar_egress
static const struct field sidecar_egress_fields[] = {
    FIELD_MSG(T, port, "port", sidecar_port, .proto = 1, .enforced = "limits which services there are on that port; the listener is the captured one", .default_text = "all ports of the hosts", .help = "Port to listen on."),
    FIELD_STR(T, bind, "bind", .proto = 2, .enforced = FIELD_NOT_ENFORCED, .default_text = "the services' addresses", .help = "Address or Unix socket to listen on."),
    FIELD_ENUM(T, capture_mode, "captureMode", sidecar_capture, .proto = 3, .enforced = FIELD_NOT_ENFORCED, .default_text = "DEFAULT", .help = "Whether traffic comes by redirection."),
    FIELD_LIST_STR(T, hosts, "hosts", .proto = 4, .required = true, .min_items = 1, .check = check_egress_host, .help = "Services that the workload may call: namespace/host; \"*\", \".\", \"~\" for namespaces."),
};
static FIELD_MESSAGE(sidecar_egress, PROTO "IstioEgressListener", .at = FIELD_AT(T, at), .check = check_egress, .help = "A listener for traffic from the workload.");
#undef T

static const struct field_enum_name sidecar_outbound_mode_names[] = {
    { "REGISTRY_ONLY", SIDECAR_REGISTRY_ONLY, "Known services only." },
    { "ALLOW_ANY", SIDECAR_ALLOW_ANY, "Unknown destinations are passed through." },
};
static FIELD_ENUM_TABLE(sidecar_outbound_mode, PROTO "OutboundTrafficPolicy.Mode");

#define T struct sidecar_outbound
static const struct field sidecar_outbound_fields[] = {
    FIELD_ENUM(T, mode, "mode", sidecar_outbound_mode, .proto = 1, .default_text = "REGISTRY_ONLY", .help = "What happens with unknown destinations."),
    FIELD_MSG(T, egress_proxy, "egressProxy", virtual_service_destination, .proto = 2, .help = "Where traffic to unknown destinations goes."),
};
static FIELD_MESSAGE(sidecar_outbound, PROTO "OutboundTrafficPolicy", .at = FIELD_AT(T, at), .check = check_outbound, .help = "Traffic to destinations that the mesh does not know.");
#undef T

#define T struct sidecar
static const struct field sidecar_fields[] = {
    FIELD_MSG(T, selector, "workloadSelector", workload_selector_labels, .proto = 1, .default_text = "all of the namespace; in the root namespace all of the mesh", .help = "Workloads that this is for."),
    FIELD_LIST_MSG(T, ingress, "ingress", sidecar_ingress, .proto = 2, .default_text = "the ports of the workload's services", .help = "Listeners for traffic to the workload."),
    FIELD_LIST_MSG(T, egress, "egress", sidecar_egress, .proto = 3, .default_text = "hosts */*", .help = "Services that the workload may call."),
    FIELD_MSG(T, inbound_pool, "inboundConnectionPool", traffic_policy_pool, .proto = 7, .help = "Limits that protect the application, for all ports."),
    FIELD_MSG(T, outbound, "outboundTrafficPolicy", sidecar_outbound, .proto = 4, .default_text = "the mesh's, ALLOW_ANY", .help = "Traffic to destinations that the mesh does not know."),
};
FIELD_MESSAGE(sidecar, PROTO "Sidecar", .at = FIELD_AT(T, at), .check = check_sidecar, .help = "What a proxy listens on, and which services it may know.");
#undef T

struct sidecar_root {
    OBJECT_META_HEAD;
    struct sidecar *spec;
    struct istio_status *status;
};

#define T struct sidecar_root
static const struct field sidecar_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", sidecar, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", istio_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(sidecar_root, "io.istio.networking.v1.Sidecar", .at = FIELD_AT(T, at), .help = "What a proxy listens on, and which services it may know.");
#undef T
/* clang-format on */
