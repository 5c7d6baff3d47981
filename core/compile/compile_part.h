/* A piece of a snapshot in its own memory, shared by all snapshots in which it is the same, with
 * the references that it holds. Counted; unref from any thread. */
#ifndef CORE_COMPILE_COMPILE_PART_H
#define CORE_COMPILE_COMPILE_PART_H

#include <stdatomic.h>

#include "core/base/arena.h"
#include "core/model/snapshot.h"

typedef void compile_part_drop_fn(void *ptr);

struct compile_part_hold {
    compile_part_drop_fn *drop;
    void *ptr;
    struct compile_part_hold *next;
};

struct compile_part {
    atomic_uint refs;
    struct arena arena;
    struct compile_part_hold *holds;
    void *data; /* what it is about; in arena */
};

struct compile_part *compile_part_new(void);
struct compile_part *compile_part_ref(struct compile_part *p);
void compile_part_unref(struct compile_part *p); /* NULL is allowed */

/* drop(ptr) runs when the part goes. */
void compile_part_hold(struct compile_part *p, compile_part_drop_fn *drop, void *ptr);
/* Takes a reference of its own and returns c; NULL stays NULL. */
struct model_cluster *compile_part_cluster(struct compile_part *p, struct model_cluster *c);
struct model_route_table *compile_part_table(struct compile_part *p, struct model_route_table *t);
void compile_part_map(struct compile_part *p, struct map *m); /* deinits m, which is in its arena */

#endif
