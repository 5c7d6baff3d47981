#include "core/compile/registry_merge.h"

bool registry_merge_is_better(const struct registry_service *a, const struct registry_service *b)
{
    int order;

    if (a->kubernetes != b->kubernetes)
        return a->kubernetes;
    if (a->created != b->created && a->created && b->created)
        return a->created < b->created;
    order = str_cmp(a->ns, b->ns);
    if (order == 0)
        order = str_cmp(a->name, b->name);
    if (order == 0) /* an object before a message that repeats it */
        return a->object && !b->object;
    return order < 0;
}

/* ---- names ---- */

static void merge_sans(struct registry_service *s, struct registry_service *const *candidates,
                       uint32_t count)
{
    uint32_t most = s->san_count;
    struct str *list;

    for (uint32_t i = 0; i < count; i++)
        most += candidates[i]->san_count;
    list = arena_alloc0(&s->arena, most, sizeof(*list));
    for (uint32_t i = 0; i < s->san_count; i++)
        list[i] = s->sans[i];
    for (uint32_t i = 0; i < count; i++) {
        const struct registry_service *other = candidates[i];

        for (uint32_t j = 0; other != s->base && j < other->san_count; j++)
            list[s->san_count++] = other->sans[j];
    }
    s->sans = list;
}

/* ---- ports ---- */

/* base: the candidate that s is, or was made from. */
static bool adds_ports(const struct registry_service *s, const struct registry_service *base,
                       const struct registry_service *other)
{
    if (other == base || s->kubernetes || other->kubernetes || !other->object ||
        !str_eq(s->ns, other->ns))
        return false;
    for (uint32_t i = 0; i < other->port_count; i++) {
        if (!registry_service_port(s, other->ports[i].port))
            return true;
    }
    return false;
}

/* The better one first, so that the outcome does not depend on the input's order. */
static const struct registry_service *next_with_ports(const struct registry_service *s,
                                                      struct registry_service *const *candidates,
                                                      uint32_t count)
{
    const struct registry_service *best = NULL;

    for (uint32_t i = 0; i < count; i++) {
        const struct registry_service *other = candidates[i];

        if (adds_ports(s, s->base, other) && (!best || registry_merge_is_better(other, best)))
            best = other;
    }
    return best;
}

static void add_ports(struct registry_service *s, const struct registry_service *from)
{
    s->ports = arena_grow(&s->arena, s->ports, s->port_count,
                          (size_t)s->port_count + from->port_count, sizeof(*s->ports));
    for (uint32_t i = 0; i < from->port_count; i++) {
        if (!registry_service_port(s, from->ports[i].port))
            s->ports[s->port_count++] = from->ports[i];
    }
}

/* ---- both ---- */

bool registry_merge_is_due(const struct registry_service *s,
                           struct registry_service *const *candidates, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (s->kubernetes && candidates[i] != s && candidates[i]->san_count)
            return true;
        if (adds_ports(s, s, candidates[i]))
            return true;
    }
    return false;
}

void registry_merge_into(struct registry_service *s, struct registry_service *const *candidates,
                         uint32_t count)
{
    const struct registry_service *from;

    if (s->kubernetes)
        merge_sans(s, candidates, count);
    while ((from = next_with_ports(s, candidates, count)))
        add_ports(s, from);
}
