/* A store_core with a disk that says yes, no, or nothing yet; for tests. */
#ifndef TESTS_UNIT_SUPPORT_CORE_RIG_H
#define TESTS_UNIT_SUPPORT_CORE_RIG_H

#include "core/base/random.h"
#include "store/store_core.h"

struct core_rig {
    struct store_core core;
    struct random rng;
    uint64_t now_ms;
    bool is_manual; /* PERSIST waits for core_rig_commit */
    int persists;
    struct store_batch *waiting;
    /* The last reply. */
    int replies;
    int code;
    char text[256];
    struct store_result results[16];
    size_t result_count;
    size_t changed; /* rows of CHANGED */
    /* What does the writing, when not NULL: returns the code of COMMITTED. */
    int (*persist)(void *arg, const struct store_batch *b, bool *is_broken);
    void *arg;
};

void core_rig_init(struct core_rig *r, uint32_t origin, bool is_live);
void core_rig_deinit(struct core_rig *r);

/* Feeds a transaction and, unless is_manual, its commits; returns the code of the last reply. */
int core_rig_write(struct core_rig *r, struct store_txn *t);
/* Ends the commit that waits. */
void core_rig_commit(struct core_rig *r, int code, bool is_broken);
void core_rig_event(struct core_rig *r, enum store_event_type type);

int core_rig_put(struct core_rig *r, const char *name, const char *body);
int core_rig_put_at(struct core_rig *r, const char *name, const char *body, const char *version);
int core_rig_delete(struct core_rig *r, const char *name);
/* Kind 1, namespace "ns". */
const struct store_object *core_rig_get(struct core_rig *r, const char *name);
const struct store_object *core_rig_get_kind(struct core_rig *r, uint16_t kind, const char *name);

#endif
