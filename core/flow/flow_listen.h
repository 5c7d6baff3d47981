/* The listeners of one worker, following the snapshot. Internal to core/flow; loop thread. */
#ifndef CORE_FLOW_FLOW_LISTEN_H
#define CORE_FLOW_FLOW_LISTEN_H

#include "core/flow/flow_worker.h"

struct listener;

/* Outlives its socket while connections accepted on it live. */
struct flow_listen {
    struct list link; /* in flow_worker.listens; unlinked once it was closed */
    uint32_t refs;
    struct flow_worker *fw;
    struct listener *listener; /* NULL: closed */
    struct str name;           /* own copy */
    struct addr bind;          /* as configured */
    uint8_t kind;
    uint16_t app_port;
    bool proxy_protocol;
};

struct flow_listen *flow_listen_ref(struct flow_listen *l);
void flow_listen_unref(struct flow_listen *l);

/* Opens what is new, closes what is gone, UDP's too. Failures are counted in *result and named. */
void flow_listen_follow(struct flow_worker *fw, const struct snapshot *s,
                        struct flow_publish_result *result);
/* For flow_udp: a listener that could not be opened. */
void flow_listen_note_failure(struct flow_publish_result *result, const struct model_listener *m,
                              int err);
/* The open listener on this port, or NULL. */
const struct flow_listen *flow_listen_on(const struct flow_worker *fw, uint16_t port);
/* Stops accepting everywhere; UDP's sessions go on. */
void flow_listen_close_all(struct flow_worker *fw);

#endif
