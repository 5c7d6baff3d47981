/* The server's end of one delta ADS stream: what the client subscribed to, how far it got.
 *
 *     request ──► xds_server_receive ──► subscriptions, acks ──► xds_server_pump ──► send(response)
 *     cache changed, or the stream can be written again ─────────────┘
 *
 * Per type there is a cursor into the cache and at most one response that waits for its ack; while
 * it waits nothing is computed, and afterwards everything newer goes out at once.
 *
 *          subscribe             pump: news             ack / nack
 *     none ─────────► idle ◄──────────────────► waiting ─────────► idle
 *
 * Coming back. A client that knows tokens puts { "mesh.resume/1": token } into
 * initial_resource_versions of its first request ("" when it holds nothing). Then
 *   - each response that ends at the newest change carries a resource of that name whose version is
 *     the new token: the client is up to date and holds one consistent picture;
 *   - a token we cannot resume from is answered with that name in removed_resources and nothing
 *     else; the client sends names and versions of all it holds in its next request, and gets what
 *     differs.
 * Others send names and versions at once, as ztunnel does, or nothing. One thread; no I/O. */
#ifndef CORE_XDS_XDS_SERVER_H
#define CORE_XDS_XDS_SERVER_H

#include "core/xds/xds_cache.h"
#include "core/xds/xds_msg.h"

#define XDS_SERVER_TYPES_MAX      32
#define XDS_SERVER_NAMES_MAX      ((size_t)262144) /* subscribed to, one type */
#define XDS_SERVER_RESPONSE_BYTES ((size_t)1024 * 1024)

struct xds_server;

struct xds_server_ops {
    /* An encoded response. */
    void (*send)(void *arg, struct str message);
    /* NULL: nothing of this type is served, which is answered with nothing. */
    struct xds_cache *(*find_cache)(void *arg, struct str type_url);
    /* May this client have r? Asked each time. NULL: all of it. */
    bool (*is_visible)(void *arg, const struct xds_resource *r);
    /* Might it have had an earlier form of r? Then it is told that r is gone, also when only for
     * it. NULL: yes, of those that are gone. */
    bool (*was_visible)(void *arg, const struct xds_resource *r);
    /* The client took a response (why empty) or refused it; why is its text. May be NULL. */
    void (*on_ack)(void *arg, struct str type_url, uint64_t mod, struct str why);
    /* Appends to a token what lets another process resume, to changed_since (below); NULL: none. */
    void (*add_position)(void *arg, const struct xds_cache *c, struct buf *out);
    /* Calls each(each_arg, name) for what changed since such a position. An error: cannot say. */
    int (*changed_since)(void *arg, const struct xds_cache *c, struct str position,
                         void (*each)(void *each_arg, struct str name), void *each_arg);
};

struct xds_server *xds_server_new(const struct xds_server_ops *ops, void *arg,
                                  const struct xds_clock *clock);
void xds_server_free(struct xds_server *s); /* NULL is allowed */

/* Takes a request of a type that is served (the caller has looked at its node, and keeps requests
 * that only flow upwards to itself). Answers go out by pump. ERR_LIMIT with *why: end the stream.
 */
int xds_server_receive(struct xds_server *s, const struct xds_msg_request *request,
                       const char **why);
/* Whether the client may have a resource is to be asked again. */
void xds_server_reconsider(struct xds_server *s, struct str type_url, struct str name);
/* Sends what there is to send. ERR_AGAIN: this reader fell so far behind that it must reconnect. */
int xds_server_pump(struct xds_server *s);

/* Did the client subscribe to anything that is served? */
bool xds_server_is_used(const struct xds_server *s);
/* Everything up to this change was taken (or did not concern this client). 0: nothing yet. */
uint64_t xds_server_acked(const struct xds_server *s);
/* The same counting refused responses as taken. */
uint64_t xds_server_answered(const struct xds_server *s);

#endif
