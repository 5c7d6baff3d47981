/* A downstream connection: from accept to the end of its last request. Internal to core/flow.
 *
 *   accept -> deciding (sniff, TLS) -> HTTP: requests through flow_request
 *                                   \-> bytes: handed to flow_tcp, the flow_conn is gone
 *
 * What the configuration says about the connection (its table, inbound port, gateway server) is
 * looked up once per snapshot and kept in `view`. Loop thread. */
#ifndef CORE_FLOW_FLOW_CONN_H
#define CORE_FLOW_FLOW_CONN_H

#include "core/flow/flow_worker.h"

struct flow_listen;
struct flow_tcp;
struct tls_config;
struct tls_peer;

/* What the current snapshot says about a connection. */
struct flow_view {
    struct flow_lease *lease;                     /* NULL: not looked up yet */
    const struct model_listener *listener;        /* NULL: it is gone */
    const struct model_outbound_service *service; /* outbound: the target, if known by address */
    const struct model_outbound_service *by_port; /* else those told by port, network and name */
    uint8_t protocol;                             /* enum model_protocol; outbound: of the two */
    const struct model_route_table *table;        /* HTTP; NULL: none */
    const struct model_inbound_port *inbound;
    const struct model_gateway_server *server;
};

struct flow_conn {
    struct list link; /* in flow_worker.conns */
    struct flow_worker *fw;
    struct flow_listen *listen; /* reference */
    struct stream *stream;      /* while deciding; NULL once http owns it */
    struct http_server_conn *http;
    struct flow_view view;
    struct timer quiet;     /* until a server that speaks first is looked for */
    struct flow_tcp *probe; /* the connection to it, while nobody has spoken */
    uint8_t kind;           /* enum model_listener_kind */
    uint16_t port; /* inbound: the app's; outbound: destination port; gateway: listener's */
    struct addr peer, local, original_dst;
    char peer_ip[46]; /* as text, for x-forwarded-for */
    uint8_t peer_ip_len;
    bool is_tls, is_mtls;
    bool is_opaque;               /* TLS between the client and the endpoint; bytes to us */
    bool is_mesh_hop;             /* the peer is a mesh proxy on a multiplexed hop */
    struct str peer_identity;     /* SPIFFE id; lives as long as the TLS stream */
    struct str sni;               /* in the TLS stream, or in sni_own */
    char *sni_own;                /* sniffed, not terminated by us */
    struct tls_peer *tls_peer;    /* reference, for x-forwarded-client-cert */
    struct tls_config *challenge; /* reference; this connection is an ACME server's look at it */
    struct str xfcc;              /* flow_xfcc's entry, own memory; p == NULL: not made yet */
    uint64_t xfcc_version;        /* of the snapshot it was made by */
};

/* Takes over an accepted stream. */
void flow_conn_accept(struct flow_listen *listen, struct stream *s);

/* Takes over a connection that came inside one of outer's streams, for an app's port: it is the
 * same peer's, and the policies of that port apply. */
void flow_conn_accept_inside(struct flow_conn *outer, struct stream *s, uint16_t port);

/* The view under the worker's current snapshot. Borrowed until the snapshot changes. */
const struct flow_view *flow_conn_view(struct flow_conn *c);

/* Where the client was going; NULL: here, to be sent on by name. */
const struct addr *flow_conn_dst(const struct flow_conn *c);

/* Frees c, which no longer has a stream (flow_tcp took it over). */
void flow_conn_forget(struct flow_conn *c);

/* Ends it; requests in motion are reset. */
void flow_conn_close(struct flow_conn *c);
void flow_conn_drain(struct flow_conn *c);

#endif
