/* HTTP filters: one policy a file, hooks in one table, order as Istio's.
 *
 * core/flow runs the table over each request: on_request in order until one answers or waits;
 * on_response and on_end for every filter whose on_request ran. A filter keeps its state in the
 * request's arena under its slot of `state`. Filters see the same struct for inbound, outbound and
 * gateway requests and look at what the route and the port ask of them. Loop thread. */
#ifndef CORE_FILTER_FILTER_H
#define CORE_FILTER_FILTER_H

#include "core/http/http_stream.h"
#include "core/model/decision.h"
#include "core/model/model_jwt.h"
#include "core/model/snapshot.h"
#include "core/pki/jwt_claims.h"
#include "core/route/route.h"

struct jwt_cache_entry;
struct worker;

enum filter_result {
    FILTER_CONTINUE,
    FILTER_REPLY, /* answered: reply is filled in; the request goes no further */
    FILTER_WAIT,  /* filter_resume will be called later */
};

enum filter_id {
    FILTER_AUTHZ,
    FILTER_FAULT,
    FILTER_CORS,
    FILTER_COUNT,
};

/* A local answer. For gRPC requests flow turns it into a trailers-only answer (HT-4). */
struct filter_reply {
    uint16_t status;
    int16_t grpc_status;         /* -1: derived from status */
    struct str body;             /* text/plain */
    struct http_headers headers; /* extra ones */
    const char *details;         /* response code details */
    uint32_t flags;              /* decision flags to add */
};

struct filter_request {
    struct worker *worker;
    struct arena *arena;
    struct http_msg *head; /* may be changed until it is sent upstream */
    const struct snapshot *snapshot;
    const struct model_listener *listener;
    const struct model_inbound_port *port; /* inbound; else NULL */
    const struct model_authz *authz;       /* policies of this hop; NULL: none */
    const struct model_jwt *jwt;           /* whose tokens are taken here; NULL: nobody's */
    const struct jwt_claims *claims;       /* of the token that was verified; NULL: none was */
    struct jwt_cache_entry *token;         /* what claims live in; one reference */
    const struct model_route *route;       /* NULL: none was found */
    struct route_query query;
    struct decision *decision;
    struct filter_reply reply;
    bool is_grpc;
    void *state[FILTER_COUNT];
    uint32_t ran; /* bits of filters whose on_request ran */
    /* Set by flow: continues after FILTER_WAIT, with what the filter decided meanwhile
     * (FILTER_CONTINUE or FILTER_REPLY). Not to be called inside on_request. */
    void (*resume)(struct filter_request *fr, enum filter_result result);
};

struct filter {
    const char *name;
    enum filter_result (*on_request)(struct filter_request *fr); /* may be NULL */
    void (*on_response)(struct filter_request *fr,
                        struct http_msg *head); /* final head; may be NULL */
    void (*on_end)(
        struct filter_request *fr); /* once, whatever happened: cancel timers; may be NULL */
};

/* FILTER_COUNT rows, in the order of enum filter_id. */
extern const struct filter *const filter_table[];

/* Runs on_request from filter number *at on; *at is where to go on after FILTER_WAIT. */
enum filter_result filter_run_request(struct filter_request *fr, uint32_t *at);
void filter_run_response(struct filter_request *fr, struct http_msg *head);
void filter_run_end(struct filter_request *fr);

#endif
