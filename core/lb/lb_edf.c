#include "core/lb/lb_edf.h"

#include <stdbool.h>

#include "core/base/mem.h"
#include "core/base/random.h"

static bool is_before(const struct lb_edf_item *a, const struct lb_edf_item *b)
{
    return a->deadline < b->deadline || (a->deadline <= b->deadline && a->order < b->order);
}

static void sift_down(struct lb_edf *e, uint32_t at)
{
    struct lb_edf_item item = e->heap[at];

    for (uint32_t child; (child = 2 * at + 1) < e->count; at = child) {
        if (child + 1 < e->count && is_before(&e->heap[child + 1], &e->heap[child]))
            child++;
        if (!is_before(&e->heap[child], &item))
            break;
        e->heap[at] = e->heap[child];
    }
    e->heap[at] = item;
}

void lb_edf_init(struct lb_edf *e, const double *weights, uint32_t count, struct random *random)
{
    *e = (struct lb_edf){ .heap = mem_alloc0(count, sizeof(*e->heap)), .count = count };
    for (uint32_t i = 0; i < count; i++)
        e->heap[i] = (struct lb_edf_item){ .deadline = random_unit(random) / weights[i],
                                           .order = e->next_order++,
                                           .entry = i };
    for (uint32_t i = count / 2; i-- > 0;)
        sift_down(e, i);
}

void lb_edf_deinit(struct lb_edf *e)
{
    mem_free(e->heap);
    e->heap = NULL;
}

uint32_t lb_edf_first(const struct lb_edf *e)
{
    return e->heap[0].entry;
}

void lb_edf_repeat(struct lb_edf *e, double weight)
{
    e->now = e->heap[0].deadline;
    e->heap[0].deadline = e->now + 1 / weight;
    e->heap[0].order = e->next_order++;
    sift_down(e, 0);
}
