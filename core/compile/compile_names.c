#include "core/compile/compile_names.h"

#include "core/compile/registry.h"
#include "core/model/model.h"

#define ADDRS_MAX 64 /* of a headless service: more do not fit into an answer anyway */

static void add_addr(struct model_dns_name *to, const struct addr *addr)
{
    struct addr a = *addr;

    if (to->count == ADDRS_MAX || (a.family != ADDR_IPV4 && a.family != ADDR_IPV6))
        return;
    a.port = 0;
    to->addrs[to->count++] = a;
}

static void add_endpoints(struct compile *c, struct str host, struct model_dns_name *to)
{
    const struct registry_endpoints *set = registry_find_endpoints(c->registry, host);

    for (uint32_t i = 0; set && i < set->count; i++) {
        const struct registry_endpoint *e = &set->list[i];

        for (uint32_t j = 0; e->healthy && j < e->workload->addr_count; j++)
            add_addr(to, &e->workload->addrs[j]);
    }
}

static void add_host(struct compile *c, struct compile_part *p, struct map *names,
                     const struct registry_service *s)
{
    struct model_dns_name found = { .addrs = (struct addr[ADDRS_MAX]){ { 0 } } };
    struct model_dns_name *name;

    for (uint32_t i = 0; i < s->vip_count; i++)
        add_addr(&found, &s->vips[i]);
    if (s->vip_count == 0 && s->headless)
        add_endpoints(c, s->host, &found);
    if (found.count == 0 && !s->headless)
        return; /* others know it, if anybody */
    name = arena_alloc0(&p->arena, 1, sizeof(*name));
    name->count = found.count;
    name->addrs = arena_dup(&p->arena, found.addrs, found.count * sizeof(*found.addrs));
    map_put(names, arena_str(&p->arena, s->host), name);
}

void compile_names_build(struct compile *c, struct compile_part *p, struct map *names)
{
    size_t at = 0;

    for (struct map_slot *slot; (slot = map_next(&c->hosts, &at));) {
        const struct compile_host *h = slot->value;

        if (h->service && h->name.len && h->name.p[0] != '*')
            add_host(c, p, names, h->service);
    }
}
