/* What proxies are told: the aggregated discovery service of a control.
 *
 *     store ─watch─► ads_feed: caches of objects and addresses ─► one xds_server per proxy ─►
 * stream acks, refusals ◄─┘
 *
 * A revision is a number that grows with every change of what is served. Main thread. */
#ifndef MODES_CONTROL_ADS_H
#define MODES_CONTROL_ADS_H

#include "core/base/str.h"
#include "core/http/grpc_server.h"

struct ads;
struct registry;
struct ca;
struct store;
struct worker;

struct ads_options {
    struct store *store;
    struct worker *worker;
    const char *trust_domain, *cluster_id, *dns_domain;
    const char *jwks_blocked; /* jwks.h; NULL: its default */
};

/* An error was logged. */
int ads_new(struct worker *w, const struct ads_options *options, struct ads **out);
/* Streams must be over (their connections closed). NULL is allowed. */
void ads_free(struct ads *a);

/* The stream's method, to be put into a table of gRPC methods; its arg is a struct ads_port. */
extern const struct grpc_server_method ads_method;

/* How a call came in: decides what it may get. */
enum ads_trust {
    ADS_TRUST_PLAIN, /* loopback TCP: anybody on this machine; no secrets */
    ADS_TRUST_LOCAL, /* Unix socket of our own user */
    ADS_TRUST_TLS,   /* by its certificate */
};

struct ads_port { /* a listener; the first member of what the gRPC server gets as arg */
    struct ads *ads;
    enum ads_trust trust;
};

/* Services and workloads as of now; borrowed until the loop turns. */
const struct registry *ads_registry(const struct ads *a);

/* One proxy that is connected. */
struct ads_client {
    struct str id;             /* node id */
    struct str name, ns;       /* of the workload */
    struct str identity;       /* SPIFFE id it proved, or empty */
    struct str version;        /* of its program */
    struct str address;        /* where it connects from */
    struct str gateway;        /* the Gateway (Gateway API) it serves alone, or empty */
    struct str admin;          /* where its admin pages are, as it says; or empty */
    int64_t since_ms;          /* Unix time */
    uint64_t acked;            /* revision */
    bool is_synced;            /* acked is the newest one */
    const struct str *refused; /* "NAME: REASON", one for each object it refuses now */
    size_t refused_count;
};

/* Borrowed for the call. */
void ads_each_client(struct ads *a, void (*each)(void *arg, const struct ads_client *c), void *arg);

/* Secrets ("NS/NAME") that Gateways of the Gateway API name: every gateway process may have those,
 * whatever its namespace. Replaces what was said before; names are copied. */
void ads_share_secrets(struct ads *a, const struct str *names, size_t count);

/* refresh runs before changes go out: who calls ads_share_secrets shall bring it up to date. */
void ads_set_refresh(struct ads *a, void (*refresh)(void *arg), void *arg);

/* What is served now, everything visible in the store included. */
uint64_t ads_revision(struct ads *a);

struct ads_wait_result {
    size_t total, acked, refused; /* of the proxies connected when the wait began and still there */
    uint64_t took_ms;
    struct str slowest;       /* node id of the last one to answer, or of one that has not */
    const struct str *errors; /* "NODE: NAME: REASON" */
    size_t error_count;
};
typedef void (*ads_wait_fn)(void *arg, const struct ads_wait_result *result);
struct ads_wait;

/* Calls cb once: when every proxy has answered to all up to revision, or after timeout_ms. Never
 * from inside the call. */
struct ads_wait *ads_wait_acked(struct ads *a, uint64_t revision, uint64_t timeout_ms,
                                ads_wait_fn cb, void *arg);
void ads_wait_cancel(struct ads_wait *wait); /* before cb ran */

#endif
