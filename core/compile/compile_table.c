#include "core/compile/compile_table.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/route/route.h"

/* ---- entries ---- */

static struct compile_table *get(struct compile *c, uint16_t port)
{
    struct compile_table *t = port ? map_get_u64(&c->tables, port) : c->any_port;

    if (t)
        return t;
    t = mem_alloc0(1, sizeof(*t));
    t->port = port;
    if (port)
        map_put_u64(&c->tables, port, t);
    else
        c->any_port = t;
    return t;
}

static int order(const struct compile_table_entry *e, const struct compile_host *h, uint16_t port)
{
    int by_name = e->host == h ? 0 : str_cmp(e->host->name, h->name);

    return by_name ? by_name : (int)e->port - (int)port;
}

static uint32_t place_of(const struct compile_table *t, const struct compile_host *h, uint16_t port)
{
    uint32_t low = 0, high = t->count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (order(&t->entries[mid], h, port) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void add(struct compile_table *t, struct compile_host *h, uint16_t port)
{
    uint32_t at = place_of(t, h, port);

    t->is_dirty = t->names_dirty = true;
    if (t->count == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 16;
        t->entries = mem_resize(t->entries, t->cap, sizeof(*t->entries));
    }
    memmove(&t->entries[at + 1], &t->entries[at], (t->count - at) * sizeof(*t->entries));
    t->entries[at] = (struct compile_table_entry){ h, port };
    t->count++;
}

static void take_out(struct compile_table *t, struct compile_host *h, uint16_t port)
{
    uint32_t at = place_of(t, h, port);

    if (at == t->count || order(&t->entries[at], h, port) != 0)
        return;
    t->is_dirty = t->names_dirty = true;
    memmove(&t->entries[at], &t->entries[at + 1], (t->count - at - 1) * sizeof(*t->entries));
    t->count--;
}

static const struct compile_vhost *find(const struct compile_vhost *list, uint32_t count,
                                        uint16_t port)
{
    for (uint32_t i = 0; i < count; i++) {
        if (list[i].port == port && list[i].model)
            return &list[i];
    }
    return NULL;
}

void compile_table_follow(struct compile *c, struct compile_host *h,
                          const struct compile_vhost *old, uint32_t old_count)
{
    bool all_names = false; /* bare names in the table for all depend on the set of ports */

    for (uint32_t i = 0; i < old_count; i++) {
        if (!old[i].model || find(h->vhosts, h->vhost_count, old[i].port))
            continue;
        take_out(get(c, old[i].port), h, old[i].port);
        take_out(get(c, 0), h, old[i].port);
        all_names = true;
        c->dirty |= COMPILE_PART_TABLES;
    }
    for (uint32_t i = 0; i < h->vhost_count; i++) {
        const struct compile_vhost *now = &h->vhosts[i];
        const struct compile_vhost *was = find(old, old_count, now->port);
        struct compile_table *t = get(c, now->port), *all = get(c, 0);

        if (!now->model)
            continue;
        c->dirty |= COMPILE_PART_TABLES;
        t->is_dirty = all->is_dirty = true;
        if (!was) {
            add(t, h, now->port);
            add(all, h, now->port);
            all_names = true;
        } else if (was->names_hash != now->names_hash) {
            t->names_dirty = true;
            all_names = true;
        }
    }
    if (all_names)
        get(c, 0)->names_dirty = true;
}

/* ---- names ---- */

/* "DOMAIN:PORT", an IPv6 address in brackets. */
static struct str with_port(struct arena *a, struct str domain, uint16_t port)
{
    bool brackets = domain.p[0] != '[' && str_chr(domain, ':') >= 0;
    char digits[8], *p = arena_alloc(a, domain.len + sizeof(digits) + 3), *to = p;
    size_t n = 0;

    if (brackets)
        *to++ = '[';
    memcpy(to, domain.p, domain.len);
    to += domain.len;
    if (brackets)
        *to++ = ']';
    *to++ = ':';
    do {
        digits[n++] = (char)('0' + port % 10);
        port /= 10;
    } while (port);
    while (n)
        *to++ = digits[--n];
    return str_make(p, (size_t)(to - p));
}

/* A bare host name stands for port 80, or for the only port that speaks HTTP. */
static bool is_bare(const struct compile_table_entry *e)
{
    uint32_t ports = 0;
    bool has_80 = false;

    for (uint32_t i = 0; i < e->host->vhost_count; i++) {
        ports += e->host->vhosts[i].model != NULL;
        has_80 |= e->host->vhosts[i].model && e->host->vhosts[i].port == 80;
    }
    return has_80 ? e->port == 80 : ports == 1;
}

static void add_names(struct model_route_names *names, const struct compile_table *t,
                      uint32_t index, const struct str *domains, uint32_t count)
{
    const struct compile_table_entry *e = &t->entries[index];
    bool bare = t->port != 0 || is_bare(e);

    for (uint32_t i = 0; i < count; i++) {
        if (t->port == 0 && !str_is(domains[i], "*"))
            route_names_add(names, with_port(&names->arena, domains[i], e->port), index);
        if (bare)
            route_names_add(names, arena_str(&names->arena, domains[i]), index);
    }
}

/* Full names first, so that no short form of one host hides another host. A virtual host's first
 * domain is its full name. */
static struct model_route_names *collect_names(const struct compile_table *t)
{
    struct model_route_names *names = model_route_names_new();

    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < t->count; i++) {
            const struct compile_host *h = t->entries[i].host;
            const struct model_vhost *v =
                &find(h->vhosts, h->vhost_count, t->entries[i].port)->model->vhost;

            if (pass == 0)
                add_names(names, t, i, v->domains, 1);
            else
                add_names(names, t, i, v->domains + 1, v->domain_count - 1);
        }
    }
    return names;
}

/* ---- building ---- */

static void build(struct compile *c, struct compile_table *t)
{
    struct model_route_table *m = mem_alloc0(1, sizeof(*m));

    atomic_init(&m->refs, 1);
    arena_init(&m->arena, 1024);
    m->port = t->port;
    m->name = t->port ? arena_printf(&m->arena, "%u", t->port) : STR("http_proxy");
    m->vhosts = arena_alloc0(&m->arena, t->count, sizeof(struct model_route_vhost *));
    for (uint32_t i = 0; i < t->count; i++) {
        const struct compile_host *h = t->entries[i].host;
        const struct compile_vhost *v = find(h->vhosts, h->vhost_count, t->entries[i].port);

        m->vhosts[m->vhost_count++] = model_route_vhost_ref(v->model);
    }
    if (t->names_dirty || !t->model)
        m->names = collect_names(t);
    else
        m->names = model_route_names_ref(t->model->names);
    model_route_table_unref(t->model);
    t->model = m;
    t->is_dirty = t->names_dirty = false;
    c->stats.rebuilt++;
}

static void table_free(struct compile_table *t)
{
    model_route_table_unref(t->model);
    mem_free(t->entries);
    mem_free(t);
}

void compile_table_run(struct compile *c)
{
    uint64_t gone[64];
    uint32_t gone_count = 0;
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&c->tables, &at));) {
        struct compile_table *t = s->value;

        if (t->is_dirty && t->count)
            build(c, t);
        else if (!t->count && gone_count < COUNT_OF(gone))
            gone[gone_count++] = t->port;
    }
    for (uint32_t i = 0; i < gone_count; i++)
        table_free(map_remove_u64(&c->tables, gone[i]));
    if (c->any_port && c->any_port->is_dirty)
        build(c, c->any_port);
}

void compile_table_free_all(struct compile *c)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&c->tables, &at));)
        table_free(s->value);
    map_deinit(&c->tables);
    if (c->any_port)
        table_free(c->any_port);
}
