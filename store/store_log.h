/* The last changes of one class, numbered on this instance: a ring that cursors read.
 *
 *      base ──► first_mod ... last_mod ──► next
 *      vector of all that is older         each with new and previous object
 *
 * A cursor is a number. Nobody copies anything per reader; one that stays behind the ring has to
 * begin again from a list. Holds references to the objects. Not shared between threads. */
#ifndef STORE_STORE_LOG_H
#define STORE_STORE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"
#include "store/vv.h"

struct store_log {
    struct store_change *ring;
    size_t max_changes, max_bytes;
    size_t cap; /* power of two, grows up to max_changes */
    size_t count;
    size_t bytes;      /* bodies of the changes */
    uint64_t next_mod; /* of the change to come; the oldest kept is next_mod - count */
    struct vv base;    /* covers all dots of changes that are no longer in the ring */
};

/* max_changes is rounded up to a power of two. */
void store_log_init(struct store_log *l, size_t max_changes, size_t max_bytes);
void store_log_deinit(struct store_log *l);
void store_log_set_base(struct store_log *l, const struct vv *vv);

/* object replaced previous, which may be NULL or dead. Nothing is logged when both are dead. */
void store_log_append(struct store_log *l, const struct store_object *object,
                      const struct store_object *previous);

static inline uint64_t store_log_first(const struct store_log *l)
{
    return l->next_mod - l->count;
}

/* The change with that number, which is in first..next_mod-1. Borrowed until the next append. */
const struct store_change *store_log_get(const struct store_log *l, uint64_t mod);
/* The number behind the change that made this dot; 0 when it is not in the ring. */
uint64_t store_log_after_dot(const struct store_log *l, struct dot d);

#endif
