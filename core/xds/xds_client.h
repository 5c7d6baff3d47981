/* The client's end of delta ADS: one stream to one of several servers, kept up for ever.
 *
 *             start, timer             opened by the owner        message, ack
 *     resting ───────────► connecting ───────────────────► open ──────────────┐
 *        ▲                      │                           │  ▲              │
 *        └──────────────────────┴── xds_client_end ─────────┘  └──────────────┘
 *
 * After an end it rests, longer each time (10 ms to 15 s, with jitter) until a stream brings
 * something, and turns to the next server. What is held, and up to which position, the owner knows:
 * on a new stream only what changed since comes (xds_server.h says how).
 *
 * The owner applies a response when it is told of it and then calls xds_client_ack, at once or
 * later; until then no other response of that type comes. One thread; no I/O. */
#ifndef CORE_XDS_XDS_CLIENT_H
#define CORE_XDS_XDS_CLIENT_H

#include <stdbool.h>

#include "core/base/random.h"
#include "core/xds/xds_msg.h"

#define XDS_CLIENT_REST_MIN_MS 10
#define XDS_CLIENT_REST_MAX_MS 15000

struct xds_client;

struct xds_client_update {
    uint32_t type; /* index in options.types */
    const struct xds_msg_resource *resources;
    size_t count;
    const struct str *removed;
    size_t removed_count;
    bool is_tip;      /* the picture of this type is complete and consistent now */
    struct str token; /* then: the position, to be kept with what is held */
};

struct xds_client_ops {
    /* Opens a stream to server number n; ends with xds_client_end, also when it cannot. */
    void (*open)(void *arg, uint32_t n);
    void (*send)(void *arg, struct str message);
    /* Gives the stream up; xds_client_end is not called for it. */
    void (*close)(void *arg);
    /* Calls xds_client_wake once after ms. */
    void (*wake_after)(void *arg, uint64_t ms);
    /* Something of a response, all slices borrowed for the call. */
    void (*update)(void *arg, const struct xds_client_update *update);
    /* The position held of a type; empty: none. */
    struct str (*token)(void *arg, uint32_t type);
    /* Calls each(each_arg, name, version) for everything held of a type. */
    void (*each_held)(void *arg, uint32_t type,
                      void (*each)(void *each_arg, struct str name, struct str version),
                      void *each_arg);
    /* The stream takes messages: the time to send what is not a subscription. May be NULL. */
    void (*opened)(void *arg);
};

struct xds_client_options {
    const struct xds_msg_node *node; /* borrowed for the client's life */
    const char *const *types;        /* likewise; subscribed in this order, to everything */
    uint32_t type_count, server_count;
    struct random *random;
};

struct xds_client *xds_client_new(const struct xds_client_options *options,
                                  const struct xds_client_ops *ops, void *arg);
void xds_client_free(struct xds_client *c); /* NULL is allowed; does not call close */
/* Begins. */
void xds_client_start(struct xds_client *c);

/* From the owner's transport. */
void xds_client_opened(struct xds_client *c);
void xds_client_receive(struct xds_client *c, struct str message);
void xds_client_end(struct xds_client *c);
void xds_client_wake(struct xds_client *c);

/* The last update of type is in force, or was refused: why has a line "NAME: REASON" for each
 * resource that was; NULL or empty: none. */
void xds_client_ack(struct xds_client *c, uint32_t type, const char *why);
/* Sends a request that only flows upwards; dropped when no stream is open (see opened). node and
 * error may be NULL. */
void xds_client_tell(struct xds_client *c, const char *type_url, const struct xds_msg_node *node,
                     const struct xds_msg_status *error, bool unsubscribe_all);
bool xds_client_is_open(const struct xds_client *c);
uint32_t xds_client_server(const struct xds_client *c); /* the one connected to, or tried next */

#endif
