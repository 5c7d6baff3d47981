#include "core/telemetry/telemetry_labels.h"

#include <stdio.h>

#include "core/base/mem.h"

/* Where each part of a peer goes, at either end. */
struct end {
    enum telemetry_label workload, ns, app, version, cluster, service, revision;
};

static const struct end source_end = {
    TELEMETRY_SOURCE_WORKLOAD,
    TELEMETRY_SOURCE_WORKLOAD_NAMESPACE,
    TELEMETRY_SOURCE_APP,
    TELEMETRY_SOURCE_VERSION,
    TELEMETRY_SOURCE_CLUSTER,
    TELEMETRY_SOURCE_CANONICAL_SERVICE,
    TELEMETRY_SOURCE_CANONICAL_REVISION,
};

static const struct end destination_end = {
    TELEMETRY_DESTINATION_WORKLOAD,
    TELEMETRY_DESTINATION_WORKLOAD_NAMESPACE,
    TELEMETRY_DESTINATION_APP,
    TELEMETRY_DESTINATION_VERSION,
    TELEMETRY_DESTINATION_CLUSTER,
    TELEMETRY_DESTINATION_CANONICAL_SERVICE,
    TELEMETRY_DESTINATION_CANONICAL_REVISION,
};

static void put_peer(struct telemetry_labels *out, const struct end *end,
                     const struct model_telemetry_peer *p)
{
    if (!p)
        return;
    out->values[end->workload] = p->workload;
    out->values[end->ns] = p->ns;
    out->values[end->app] = p->app;
    out->values[end->version] = p->version;
    out->values[end->cluster] = p->cluster;
    out->values[end->service] = p->canonical_service;
    out->values[end->revision] = p->canonical_revision;
}

static void put_node(struct telemetry_labels *out, const struct end *end,
                     const struct model_node *node)
{
    struct model_telemetry_peer p = {
        .workload = node->workload_name,
        .ns = node->ns,
        .app = node->app,
        .version = node->version,
        .cluster = node->cluster_id,
        .canonical_service = node->canonical_service,
        .canonical_revision = node->canonical_revision,
    };
    put_peer(out, end, &p);
}

/* Always as a URI, cut to fit. */
static struct str uri(struct str identity, char text[512])
{
    int n;

    if (identity.len == 0)
        return STR_NONE;
    if (str_starts(identity, STR("spiffe://")))
        return identity;
    n = snprintf(text, 512, "spiffe://%.*s", STR_ARG(identity));
    return str_make(text, n < 512 ? (size_t)n : 511);
}

static struct str own_uri(const struct model_node *node, char text[512])
{
    int n;

    if (node->service_account.len == 0)
        return STR_NONE;
    n = snprintf(text, 512, "spiffe://%.*s/ns/%.*s/sa/%.*s", STR_ARG(node->trust_domain),
                 STR_ARG(node->ns), STR_ARG(node->service_account));
    return str_make(text, n < 512 ? (size_t)n : 511);
}

/* The namespace in td/ns/NAMESPACE/sa/...: known of a client that is in no list. */
static struct str namespace_of(struct str identity)
{
    ptrdiff_t at = str_find(identity, STR("/ns/"));
    struct str rest;

    if (at < 0)
        return STR_NONE;
    rest = str_skip(identity, (size_t)at + 4);
    return str_cut(&rest, '/');
}

const struct model_inbound_port *telemetry_labels_port(const struct decision *d)
{
    uint16_t port = d->original_dst.port;

    if (d->listener && d->listener->kind == MODEL_LISTENER_INBOUND_PORT)
        port = d->listener->app_port;
    return d->snapshot ? snapshot_find_inbound(d->snapshot, port) : NULL;
}

static void fill_inbound(struct telemetry_labels *out, const struct decision *d,
                         const struct model_telemetry_peer *source, const struct model_node *node)
{
    const struct model_inbound_port *port = telemetry_labels_port(d);

    put_peer(out, &source_end, source);
    put_node(out, &destination_end, node);
    if (port) {
        if (port->local.workload.len)
            put_peer(out, &destination_end, &port->local);
        out->values[TELEMETRY_DESTINATION_SERVICE] = port->service_host;
        out->values[TELEMETRY_DESTINATION_SERVICE_NAME] = port->service_name;
        out->values[TELEMETRY_DESTINATION_SERVICE_NAMESPACE] = port->service_ns;
    }
    if (d->mtls_down) {
        struct str *ns = &out->values[TELEMETRY_SOURCE_WORKLOAD_NAMESPACE];

        out->values[TELEMETRY_SOURCE_PRINCIPAL] = uri(d->peer_identity, out->source_principal);
        out->values[TELEMETRY_DESTINATION_PRINCIPAL] = own_uri(node, out->own_principal);
        if (ns->len == 0)
            *ns = namespace_of(d->peer_identity);
    }
    out->values[TELEMETRY_CONNECTION_SECURITY_POLICY] =
        d->mtls_down ? STR("mutual_tls") : STR("none");
}

static void fill_outbound(struct telemetry_labels *out, const struct decision *d,
                          const struct model_node *node)
{
    put_node(out, &source_end, node);
    if (d->endpoint)
        put_peer(out, &destination_end, &d->endpoint->peer);
    if (d->cluster) {
        const struct model_cluster_config *c = d->cluster->config;

        out->values[TELEMETRY_DESTINATION_SERVICE] = c->service_host;
        out->values[TELEMETRY_DESTINATION_SERVICE_NAME] = c->service_name.len   ? c->service_name
                                                          : c->service_host.len ? c->service_host
                                                                                : c->name;
        out->values[TELEMETRY_DESTINATION_SERVICE_NAMESPACE] = c->service_ns;
    }
    if (d->mtls_up) {
        struct str peer =
            d->endpoint && d->endpoint->identity.len ? d->endpoint->identity : d->upstream_identity;

        out->values[TELEMETRY_SOURCE_PRINCIPAL] = own_uri(node, out->own_principal);
        out->values[TELEMETRY_DESTINATION_PRINCIPAL] = uri(peer, out->destination_principal);
    }
}

void telemetry_labels_fill(struct telemetry_labels *out, const struct decision *d,
                           const struct model_telemetry_peer *source, const struct model_node *node)
{
    for (size_t i = 0; i < TELEMETRY_HTTP_LABELS; i++)
        out->values[i] = STR_NONE;
    if (d->inbound)
        fill_inbound(out, d, source, node);
    else
        fill_outbound(out, d, node);
    for (size_t i = 0; i < TELEMETRY_HTTP_LABELS; i++) {
        if (out->values[i].len == 0)
            out->values[i] = STR("unknown");
    }
    snprintf(out->code, sizeof(out->code), "%u", d->status);
    snprintf(out->grpc, sizeof(out->grpc), "%d", d->grpc_status);
    out->values[TELEMETRY_REPORTER] = d->inbound ? STR("destination") : STR("source");
    out->values[TELEMETRY_REQUEST_PROTOCOL] = d->is_tcp    ? STR("tcp")
                                              : d->is_grpc ? STR("grpc")
                                                           : STR("http");
    out->values[TELEMETRY_RESPONSE_FLAGS] = str_of(decision_flags_text(d->flags, out->flags));
    out->values[TELEMETRY_RESPONSE_CODE] = str_of(out->code);
    /* Empty, which Prometheus takes for absent, unless the answer was gRPC. */
    out->values[TELEMETRY_GRPC_RESPONSE_STATUS] =
        d->is_grpc && d->grpc_status >= 0 ? str_of(out->grpc) : STR("");
}
