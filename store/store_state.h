/* What a store consists of; for the files of the store's driver only. */
#ifndef STORE_STORE_STATE_H
#define STORE_STORE_STATE_H

#include <stdbool.h>
#include <uv.h>

#include "core/base/buf.h"
#include "core/base/list.h"
#include "core/base/random.h"
#include "store/store.h"
#include "store/store_core.h"
#include "store/store_db.h"
#include "store/store_disk.h"
#include "store/store_log.h"

/* One class of data: its memory, its file, its changes. */
struct store_side {
    struct store *store;
    const char *file; /* "config.db" */
    bool is_live;
    struct store_core core;
    struct store_disk disk;
    struct store_log log;
    struct store_health health;
    struct buf token; /* of core.vv, zero-terminated; empty: to be made */
    struct list watches;
    bool is_gone; /* its thread has ended */
};

struct store {
    struct store_options options;
    struct store_side sides[STORE_CLASS_COUNT];
    char cluster_id[33], node_id[17];
    struct random rng;
    uv_async_t async; /* disk threads: something is done; ourselves: something is to be told */
    uv_timer_t timer; /* ticks */
    struct list replies;
    int open_handles;
    bool is_closing;
    void (*closed)(void *arg);
    void *closed_arg;
};

static inline struct store_side *store_state_side(struct store *s, uint16_t kind)
{
    return &s->sides[kind & STORE_KIND_LIVE ? STORE_CLASS_LIVE : STORE_CLASS_CONFIG];
}

static inline const struct store_side *store_state_side_of(const struct store *s, uint16_t kind)
{
    return &s->sides[kind & STORE_KIND_LIVE ? STORE_CLASS_LIVE : STORE_CLASS_CONFIG];
}

#endif
