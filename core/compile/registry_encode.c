#include "core/compile/registry_encode.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/compile/registry_address.h"

struct gather {
    struct registry_address_membership *list;
    size_t count, cap;
};

static void gather_one(void *arg, const struct registry_service *s, const uint16_t *ports)
{
    struct gather *g = arg;

    if (g->count == g->cap) {
        g->cap = g->cap ? g->cap * 2 : 8;
        g->list = mem_resize(g->list, g->cap, sizeof(*g->list));
    }
    g->list[g->count++] = (struct registry_address_membership){ .service = s, .ports = ports };
}

static int by_host(const void *a, const void *b)
{
    const struct registry_address_membership *ma = a, *mb = b;

    return str_cmp(ma->service->host, mb->service->host);
}

int registry_encode_workload(const struct registry *r, const struct l4_policy *policies,
                             const struct registry_workload *w, struct buf *out)
{
    struct registry_address_more more = { 0 };
    struct gather g = { 0 };
    struct arena a;
    int err;

    registry_each_service_of(r, w, gather_one, &g);
    if (g.count > 1)
        qsort(g.list, g.count, sizeof(*g.list), by_host);
    more.services = g.list;
    more.service_count = g.count;
    arena_init(&a, 512);
    if (policies)
        more.policy_count =
            l4_policy_of(policies, w->ns, w->labels, w->label_count, &a, &more.policies);
    err = registry_address_encode_workload(w, &more, out);
    arena_deinit(&a);
    mem_free(g.list);
    return err;
}
