/* Route tables of a sidecar: one a port, and one for those who ask the proxy by name, with all
 * hosts of all ports. A change costs what it touches: names are maps in versions (pmap), and of
 * names that several hosts would have, who would is kept. */
#ifndef CORE_COMPILE_COMPILE_TABLE_H
#define CORE_COMPILE_COMPILE_TABLE_H

#include "core/compile/compile_state.h"

struct compile_table_entry {
    struct compile_host *host;
    uint16_t port;
};

struct compile_table {
    uint16_t port;                       /* 0: the one for all */
    struct compile_table_entry *entries; /* by host, then port */
    uint32_t count, cap;
    bool is_dirty;
    struct model_route_names names; /* as the next model has them */
    struct multimap contested;      /* domain -> struct model_route_vhost, when there are several */
    struct model_route_table *model; /* one reference, or NULL */
};

/* After the virtual hosts of h were rebuilt. */
void compile_table_follow(struct compile *c, struct compile_host *h,
                          const struct compile_vhost *old, uint32_t old_count);

/* Builds the tables that changed. */
void compile_table_run(struct compile *c);
void compile_table_free_all(struct compile *c);

#endif
