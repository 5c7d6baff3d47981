/* One proxy's stream: who it is, what it may see, what it refuses. Internal to modes/control's ads;
 * main thread. */
#ifndef MODES_CONTROL_ADS_STREAM_H
#define MODES_CONTROL_ADS_STREAM_H

#include "core/base/arena.h"
#include "core/base/list.h"
#include "core/base/map.h"
#include "core/loop/worker.h"
#include "core/text/field.h"
#include "core/xds/xds_server.h"
#include "modes/control/ads.h"

#define ADS_STREAM_REFUSED_MAX 1024

struct ads_feed;
struct workload;

struct ads {
    struct worker *worker;
    struct store *store;
    struct ads_feed *feed;
    struct workload *workload;
    struct list streams, waits;
    struct worker_task pump, settle;
    uint64_t stream_number;
    bool reconsidered; /* what some may see differs since the last pump */
    void (*refresh)(void *arg);
    void *refresh_arg;
    struct map shared; /* secrets for gateways of all namespaces; keys own */
};

struct ads_wait {
    struct list link;
    struct ads *ads;
    uint64_t revision, last_stream, start_ms;
    struct timer timer;
    ads_wait_fn cb;
    void *arg;
    char slowest[256];
};

struct ads_stream {
    struct list link;
    struct ads *ads;
    struct grpc_server_call *call;
    struct xds_server *xds;
    enum ads_trust trust;
    uint64_t number;
    int64_t since_ms;
    char *identity; /* or NULL */
    char *id;       /* node's; NULL until the first request */
    char *name, *ns, *version, *admin, *gateway;
    bool is_gateway;
    bool sees_all;      /* a tunnel or waypoint, which serves many namespaces */
    struct arena arena; /* of labels */
    struct field_pair *labels;
    size_t label_count;
    struct map refused; /* resource name -> struct ads_refusal */
};

struct ads_stream *ads_stream_new(struct ads *a, struct grpc_server_call *call,
                                  enum ads_trust trust, struct str identity);
void ads_stream_free(struct ads_stream *s);

/* An error ends the stream with *status and *why (constant). */
int ads_stream_receive(struct ads_stream *s, const struct xds_msg_request *q,
                       enum grpc_status *status, const char **why);

/* Whether it may have secrets of that name is to be asked again. */
void ads_stream_reconsider(struct ads_stream *s, struct str name);
/* The same for one secret, "NS/NAME". */
void ads_stream_reconsider_secret(struct ads_stream *s, struct str pair);

/* False before it said who it is. Text is in mem or the stream's. */
bool ads_stream_describe(const struct ads_stream *s, uint64_t newest, struct arena *mem,
                         struct ads_client *out);
/* Appends "NODE: NAME: REASON" to a list in mem. */
void ads_stream_errors(const struct ads_stream *s, struct arena *mem, struct str **list,
                       size_t *count, size_t *cap);

#endif
