#include "core/dns/dns_addrs.h"

#include <stdatomic.h>

#include "core/base/mem.h"

struct shared {
    atomic_uint refs;
    struct dns_addrs addrs;
};

static struct shared *shared_of(const struct dns_addrs *addrs)
{
    return CONTAINER_OF((uintptr_t)addrs, struct shared, addrs);
}

const struct dns_addrs *dns_addrs_ref(const struct dns_addrs *addrs)
{
    atomic_fetch_add_explicit(&shared_of(addrs)->refs, 1, memory_order_relaxed);
    return addrs;
}

void dns_addrs_unref(const struct dns_addrs *addrs)
{
    if (addrs && atomic_fetch_sub_explicit(&shared_of(addrs)->refs, 1, memory_order_acq_rel) == 1)
        mem_free(shared_of(addrs));
}

struct dns_addrs *dns_addrs_new(size_t max)
{
    struct shared *s = mem_alloc_flex(sizeof(*s), max, sizeof(s->addrs.list[0]));

    atomic_init(&s->refs, 1);
    return &s->addrs;
}

struct dns_addrs *dns_addrs_shrink(struct dns_addrs *addrs)
{
    struct shared *s =
        mem_realloc(shared_of(addrs), sizeof(*s) + addrs->count * sizeof(addrs->list[0]));

    return &s->addrs;
}
