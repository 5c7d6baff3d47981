/* Earliest deadline first: a schedule in which each entry comes up in proportion to its weight and
 * as evenly spread as possible. A binary heap of deadlines; picking costs log2(count). */
#ifndef CORE_LB_LB_EDF_H
#define CORE_LB_LB_EDF_H

#include <stdint.h>

struct random;

struct lb_edf_item {
    double deadline;
    uint64_t order; /* of insertion: breaks ties, so that equal deadlines rotate */
    uint32_t entry;
};

struct lb_edf {
    struct lb_edf_item *heap;
    uint32_t count;
    uint64_t next_order;
    double now; /* deadline of the last pick */
};

/* Each entry starts at a random point of its own interval, so that workers don't march in step.
 * weights: above 0. */
void lb_edf_init(struct lb_edf *e, const double *weights, uint32_t count, struct random *random);
void lb_edf_deinit(struct lb_edf *e);

/* The entry whose turn it is; lb_edf_repeat must follow. */
uint32_t lb_edf_first(const struct lb_edf *e);
/* Puts the first one back, weight as it is now (above 0). */
void lb_edf_repeat(struct lb_edf *e, double weight);

#endif
