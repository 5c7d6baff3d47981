/* All clusters by name, kept sorted from one snapshot to the next.
 *
 * A snapshot has its own array of pointers, copied in one go; the references are held by a fixed
 * number of parts, each for the clusters whose names hash to it, so that one changed cluster costs
 * one part and not a count per cluster. */
#ifndef CORE_COMPILE_COMPILE_LIST_H
#define CORE_COMPILE_COMPILE_LIST_H

#include "core/compile/compile_part.h"

enum { COMPILE_LIST_PARTS = 256 };

struct compile_list {
    struct model_cluster **items; /* sorted by name once settled; borrowed from parts */
    uint32_t count, cap;
    struct compile_list_change {
        struct model_cluster *cluster; /* one reference; NULL: gone */
        struct str name;               /* when gone: own heap memory */
    } * changes;
    uint32_t change_count, change_cap;
    struct compile_part *parts[COMPILE_LIST_PARTS]; /* NULL: empty */
};

void compile_list_deinit(struct compile_list *l);
/* Noted; done by compile_list_settle. The later of two changes of one name counts. */
void compile_list_put(struct compile_list *l, struct model_cluster *cluster);
void compile_list_remove(struct compile_list *l, struct str name);
void compile_list_settle(struct compile_list *l);

#endif
