#include "core/compile/compile_table.h"

#include <stdio.h>
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

    t->is_dirty = true;
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
    t->is_dirty = true;
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

/* ---- names ---- */

enum { DOMAIN_MAX = ROUTE_HOST_MAX + 10 };

/* "DOMAIN:PORT", an IPv6 address in brackets. */
static struct str with_port(char out[DOMAIN_MAX], struct str domain, uint16_t port)
{
    bool brackets = domain.p[0] != '[' && str_chr(domain, ':') >= 0;
    int n = snprintf(out, DOMAIN_MAX, brackets ? "[%.*s]:%u" : "%.*s:%u",
                     STR_ARG(str_head(domain, ROUTE_HOST_MAX)), port);

    return str_make(out, (size_t)n);
}

/* A virtual host's first domain is its full name. */
static bool is_full_name(const struct model_route_vhost *v, struct str domain)
{
    struct str full = v->vhost.domains[0];

    return str_starts(domain, full) && (domain.len == full.len || domain.p[full.len] == ':');
}

/* Full names first, so that no short form of one host hides another host. */
static bool is_before(const struct model_route_vhost *a, const struct model_route_vhost *b,
                      struct str domain)
{
    bool a_full = is_full_name(a, domain), b_full = is_full_name(b, domain);

    return a_full == b_full ? str_cmp(a->vhost.name, b->vhost.name) < 0 : a_full;
}

static void claim(struct compile_table *t, struct str domain, struct model_route_vhost *v)
{
    struct model_route_vhost *now = route_names_get(&t->names, domain);

    if (now == v)
        return;
    if (now) {
        multimap_add(&t->contested, domain, now);
        multimap_add(&t->contested, domain, v);
    }
    if (!now || is_before(v, now, domain))
        route_names_set(&t->names, domain, v);
}

static void release(struct compile_table *t, struct str domain, struct model_route_vhost *v)
{
    bool is_contested = multimap_remove(&t->contested, domain, v);
    const struct multimap_list *l = is_contested ? multimap_get(&t->contested, domain) : NULL;
    struct model_route_vhost *best = l ? l->items[0] : NULL;

    for (uint32_t i = 1; l && i < l->count; i++) {
        if (is_before(l->items[i], best, domain))
            best = l->items[i];
    }
    if (route_names_get(&t->names, domain) == v)
        route_names_set(&t->names, domain, best);
    if (l && l->count == 1)
        multimap_remove(&t->contested, domain, best);
}

static void exchange(struct compile_table *t, struct str domain, struct model_route_vhost *was,
                     struct model_route_vhost *now)
{
    if (multimap_remove(&t->contested, domain, was))
        multimap_add(&t->contested, domain, now);
    if (route_names_get(&t->names, domain) == was)
        route_names_set(&t->names, domain, now);
}

/* What is done with a name: was goes (NULL: nobody), now comes. */
static void move_name(struct compile_table *t, struct str domain, struct model_route_vhost *was,
                      struct model_route_vhost *now)
{
    if (was && now)
        exchange(t, domain, was, now);
    else if (was)
        release(t, domain, was);
    else
        claim(t, domain, now);
}

/* The virtual hosts of one host, before or after. */
struct vhosts {
    const struct compile_vhost *list;
    uint32_t count;
};

/* A bare host name stands for port 80, or for the only port that speaks HTTP. */
static bool is_bare(const struct vhosts *of, uint16_t port)
{
    uint32_t ports = 0;
    bool has_80 = false;

    for (uint32_t i = 0; i < of->count; i++) {
        ports += of->list[i].model != NULL;
        has_80 |= of->list[i].model && of->list[i].port == 80;
    }
    return has_80 ? port == 80 : ports == 1;
}

/* Domains are the same in was and now when both are there. */
static void move_names(struct compile_table *t, uint16_t port, bool bare,
                       struct model_route_vhost *was, struct model_route_vhost *now)
{
    const struct model_vhost *v = now ? &now->vhost : &was->vhost;
    char text[DOMAIN_MAX];

    for (uint32_t i = 0; i < v->domain_count; i++) {
        if (t->port == 0 && !str_is(v->domains[i], "*"))
            move_name(t, with_port(text, v->domains[i], port), was, now);
        if (t->port != 0 || bare)
            move_name(t, v->domains[i], was, now);
    }
}

/* Whether the names that hosts have in the table for all are the same; bare ones depend on which
 * ports there are. */
static bool has_same_names(const struct vhosts *old, const struct vhosts *now)
{
    uint32_t same = 0, count = 0;

    for (uint32_t i = 0; i < now->count; i++) {
        const struct compile_vhost *was = find(old->list, old->count, now->list[i].port);

        count += now->list[i].model != NULL;
        same += now->list[i].model && was && was->names_hash == now->list[i].names_hash;
    }
    for (uint32_t i = 0; i < old->count; i++)
        count += old->list[i].model && !find(now->list, now->count, old->list[i].port);
    return same == count;
}

static void move_host(struct compile_table *t, const struct vhosts *of, bool add)
{
    for (uint32_t i = 0; i < of->count; i++) {
        struct model_route_vhost *v = of->list[i].model;

        if (v)
            move_names(t, of->list[i].port, is_bare(of, of->list[i].port), add ? NULL : v,
                       add ? v : NULL);
    }
}

static void follow_any_port(struct compile *c, const struct vhosts *old, const struct vhosts *now)
{
    struct compile_table *all = get(c, 0);

    if (has_same_names(old, now)) {
        for (uint32_t i = 0; i < now->count; i++) {
            uint16_t port = now->list[i].port;

            if (now->list[i].model)
                move_names(all, port, is_bare(now, port), find(old->list, old->count, port)->model,
                           now->list[i].model);
        }
        return;
    }
    move_host(all, old, false);
    move_host(all, now, true);
}

void compile_table_follow(struct compile *c, struct compile_host *h,
                          const struct compile_vhost *old, uint32_t old_count)
{
    const struct vhosts before = { old, old_count }, after = { h->vhosts, h->vhost_count };

    for (uint32_t i = 0; i < old_count; i++) {
        if (!old[i].model || find(h->vhosts, h->vhost_count, old[i].port))
            continue;
        move_names(get(c, old[i].port), old[i].port, true, old[i].model, NULL);
        take_out(get(c, old[i].port), h, old[i].port);
        take_out(get(c, 0), h, old[i].port);
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
        } else if (was->names_hash != now->names_hash) {
            move_names(t, now->port, true, was->model, NULL);
            was = NULL;
        }
        move_names(t, now->port, true, was ? was->model : NULL, now->model);
    }
    if (before.count || after.count)
        follow_any_port(c, &before, &after);
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
    model_route_names_init(&m->names, &t->names);
    model_route_table_unref(t->model);
    t->model = m;
    t->is_dirty = false;
    c->stats.rebuilt++;
}

static void table_free(struct compile_table *t)
{
    model_route_table_unref(t->model);
    model_route_names_deinit(&t->names);
    multimap_deinit(&t->contested);
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
