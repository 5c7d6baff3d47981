#include "core/compile/registry_members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/api/workload_selector.h"
#include "core/base/mem.h"
#include "core/compile/digest.h"

typedef void mark_fn(void *arg, struct str host);

/* ---- keys ---- */

enum { KEY_MAX = 1024 };

/* Labels and names are short by Kubernetes' rules; what is longer is cut the same way everywhere,
 * and every hit is compared in full. */
static struct str join(char out[KEY_MAX], struct str a, char between, struct str b, char second,
                       struct str c)
{
    size_t n = 0;

    for (int i = 0; i < 3; i++) {
        struct str part = i == 0 ? a : i == 1 ? b : c;
        size_t room = KEY_MAX - 2 - n, len = part.len < room ? part.len : room;

        if (i == 1)
            out[n++] = between;
        if (i == 2 && second)
            out[n++] = second;
        if (n + len > KEY_MAX)
            len = KEY_MAX - n;
        if (len)
            memcpy(out + n, part.p, len);
        n += len;
    }
    return str_make(out, n);
}

static struct str label_key(char out[KEY_MAX], struct str ns, const struct field_pair *p)
{
    return join(out, ns, '|', p->key, '=', p->value);
}

static struct str pair_key(char out[KEY_MAX], struct str ns, struct str name)
{
    return join(out, ns, '/', name, 0, STR_NONE);
}

static struct str ip_key(char out[ADDR_TEXT_MAX], const struct addr *ip)
{
    return str_of(addr_format_ip(ip, out));
}

void registry_members_init(struct registry_index *x)
{
    memset(x, 0, sizeof(*x));
}

void registry_members_deinit(struct registry_index *x)
{
    multimap_deinit(&x->selectors);
    multimap_deinit(&x->labels);
    multimap_deinit(&x->members);
    multimap_deinit(&x->pod_refs);
    multimap_deinit(&x->pods);
    multimap_deinit(&x->by_ip);
}

/* ---- entering and leaving ---- */

static void set(struct multimap *m, struct str key, void *value, bool add)
{
    if (add)
        multimap_add(m, key, value);
    else
        multimap_remove(m, key, value);
}

static bool selects(const struct registry_service *s, const struct registry_workload *w)
{
    return str_eq(s->ns, w->ns) &&
           workload_selector_is_match(s->selector, s->selector_count, w->labels, w->label_count);
}

static void mark_selecting(const struct registry_index *x, const struct registry_workload *w,
                           mark_fn *mark, void *arg)
{
    char key[KEY_MAX];

    for (uint32_t i = 0; i < w->label_count; i++) {
        const struct multimap_list *l =
            multimap_get(&x->selectors, label_key(key, w->ns, &w->labels[i]));

        for (uint32_t j = 0; l && j < l->count; j++) {
            const struct registry_service *s = l->items[j];

            if (selects(s, w))
                mark(arg, s->host);
        }
    }
}

static struct str host_of(const struct registry_member *m)
{
    struct str host = m->service;

    (void)str_cut(&host, '/');
    return host;
}

static void mark_refs(const struct registry_index *x, struct str key, mark_fn *mark, void *arg)
{
    const struct multimap_list *l = multimap_get(&x->pod_refs, key);

    for (uint32_t i = 0; l && i < l->count; i++)
        mark(arg, host_of(l->items[i]));
}

static void move_workload(struct registry_index *x, const struct registry_source *src,
                          struct registry_workload *w, bool add, mark_fn *mark, void *arg)
{
    char key[KEY_MAX], ip[ADDR_TEXT_MAX];

    for (uint32_t i = 0; i < w->addr_count; i++) {
        set(&x->by_ip, ip_key(ip, &w->addrs[i]), w, add);
        if (src->is_pod)
            mark_refs(x, ip_key(ip, &w->addrs[i]), mark, arg);
    }
    if (src->is_pod) {
        set(&x->pods, pair_key(key, w->ns, w->name), w, add);
        mark_refs(x, pair_key(key, w->ns, w->name), mark, arg);
    }
    if (!src->selectable)
        return;
    for (uint32_t i = 0; i < w->label_count; i++)
        set(&x->labels, label_key(key, w->ns, &w->labels[i]), w, add);
    mark_selecting(x, w, mark, arg);
}

static void move_member(struct registry_index *x, struct registry_member *m, bool add,
                        mark_fn *mark, void *arg)
{
    char ip[ADDR_TEXT_MAX];

    set(&x->members, m->service, m, add);
    if (m->pod.len)
        set(&x->pod_refs, m->pod, m, add);
    if (m->ip.family != ADDR_NONE)
        set(&x->pod_refs, ip_key(ip, &m->ip), m, add);
    mark(arg, host_of(m));
}

static void move(struct registry_index *x, struct registry_source *src, bool add, mark_fn *mark,
                 void *arg)
{
    char key[KEY_MAX];

    for (uint32_t i = 0; i < src->service_count; i++) {
        struct registry_service *s = src->services[i];

        if (s->selector_count)
            set(&x->selectors, label_key(key, s->ns, &s->selector[0]), s, add);
    }
    for (uint32_t i = 0; i < src->workload_count; i++)
        move_workload(x, src, src->workloads[i], add, mark, arg);
    for (uint32_t i = 0; i < src->member_count; i++)
        move_member(x, src->members[i], add, mark, arg);
}

void registry_members_add(struct registry_index *x, struct registry_source *src, mark_fn *mark,
                          void *arg)
{
    move(x, src, true, mark, arg);
}

void registry_members_remove(struct registry_index *x, struct registry_source *src, mark_fn *mark,
                             void *arg)
{
    move(x, src, false, mark, arg);
}

/* ---- collecting ---- */

const struct registry_workload *registry_members_by_ip(const struct registry_index *x,
                                                       const struct addr *ip)
{
    char text[ADDR_TEXT_MAX];
    const struct multimap_list *l = multimap_get(&x->by_ip, ip_key(text, ip));
    const struct registry_workload *best = NULL;

    for (uint32_t i = 0; l && i < l->count; i++) {
        const struct registry_workload *w = l->items[i];
        bool is_pod = w->source->is_pod;

        if (!best || (is_pod && !best->source->is_pod) ||
            (is_pod == best->source->is_pod && str_cmp(w->uid, best->uid) < 0))
            best = w;
    }
    return best;
}

static const struct registry_workload *resolve(const struct registry_index *x,
                                               const struct registry_member *m)
{
    const struct multimap_list *l = m->pod.len ? multimap_get(&x->pods, m->pod) : NULL;
    const struct registry_workload *w;

    if (l)
        return l->items[0];
    w = m->ip.family != ADDR_NONE ? registry_members_by_ip(x, &m->ip) : NULL;
    return w && w->source->is_pod ? w : m->own;
}

static uint16_t target_of(const struct registry_port *p, const struct registry_workload *w)
{
    uint16_t named = w->ports_by_service ? registry_workload_named_port(w, p->name) : 0;

    if (!named && p->target_name.len)
        named = registry_workload_named_port(w, p->target_name);
    if (!named && w->ports_by_service && p->target) {
        char number[8];

        /* A registered workload knows its app's ports, not what services call them: its ports are
         * keyed by the app port's number ("9080": where the sidecar listens for it). */
        snprintf(number, sizeof(number), "%u", p->target);
        named = registry_workload_named_port(w, str_of(number));
    }
    return named ? named : p->target;
}

/* Several ServiceEntries may describe one host, each its ports: the endpoints of one serve those.
 */
static bool is_of_source(const struct registry_member *m, const struct registry_port *p)
{
    struct str host = host_of(m);

    for (uint32_t i = 0; i < m->source->service_count; i++) {
        const struct registry_service *s = m->source->services[i];

        if (str_eq(s->host, host))
            return registry_service_port(s, p->port) != NULL;
    }
    return true;
}

static uint16_t member_port(const struct registry_member *m, const struct registry_port *p,
                            const struct registry_workload *w)
{
    if (m->port_count == 0)
        return is_of_source(m, p) ? target_of(p, w) : 0;
    for (uint32_t i = 0; i < m->port_count; i++) {
        const struct registry_member_port *mp = &m->ports[i];

        if (mp->service_port ? mp->service_port == p->port : str_eq(mp->name, p->name))
            return mp->target ? mp->target : target_of(p, w);
    }
    return 0;
}

static void put(struct registry_endpoints *members, const struct registry_service *s,
                const struct registry_workload *w, const struct registry_member *m)
{
    uint16_t *ports = arena_alloc0(&members->arena, s->port_count, sizeof(*ports));
    struct registry_endpoint *e;

    if ((members->count & (members->count - 1)) == 0)
        members->list =
            arena_grow(&members->arena, members->list, members->count,
                       members->count ? (size_t)members->count * 2 : 1, sizeof(*members->list));
    e = &members->list[members->count++];
    for (uint32_t i = 0; i < s->port_count; i++)
        ports[i] = m ? member_port(m, &s->ports[i], w) : target_of(&s->ports[i], w);
    *e = (struct registry_endpoint){ .workload = registry_workload_ref(w),
                                     .ports = ports,
                                     .healthy = w->healthy && (!m || m->healthy) };
    if (m && m->is_pod_list)
        e->healthy = m->healthy; /* the list says who is ready */
    if (s->not_ready_too)
        e->healthy = true;
    if (s->headless && w->dns_name.len && str_eq(w->subdomain, s->name) && str_eq(w->ns, s->ns))
        e->hostname = w->dns_name;
}

static int by_uid(const void *a, const void *b)
{
    const struct registry_endpoint *ea = a, *eb = b;

    return str_cmp(ea->workload->uid, eb->workload->uid);
}

/* Two slices may list one pod for different ports. */
static void merge_same(struct registry_endpoints *members, const struct registry_service *s)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < members->count; i++) {
        struct registry_endpoint *last = kept ? &members->list[kept - 1] : NULL,
                                 *e = &members->list[i];

        if (!last || !str_eq(last->workload->uid, e->workload->uid)) {
            members->list[kept++] = *e;
            continue;
        }
        for (uint32_t p = 0; p < s->port_count; p++) {
            uint16_t *to = (uint16_t *)(uintptr_t)last->ports; /* of this set's own arena */

            if (!to[p])
                to[p] = e->ports[p];
        }
        registry_workload_unref((struct registry_workload *)(uintptr_t)e->workload);
    }
    members->count = kept;
}

static uint64_t digest_set(const struct registry_endpoints *members,
                           const struct registry_service *s)
{
    uint64_t h = digest_u64(1, members->count);

    for (uint32_t i = 0; i < members->count; i++) {
        h = digest_u64(h, members->list[i].workload->hash);
        h = digest_u64(h, members->list[i].healthy);
        for (uint32_t p = 0; p < s->port_count; p++)
            h = digest_u64(h, members->list[i].ports[p]);
    }
    return h;
}

static void collect_selected(const struct registry_index *x, const struct registry_service *s,
                             bool with_pods, struct registry_endpoints *members)
{
    char key[KEY_MAX];
    const struct multimap_list *l;

    if (!s->selector_count)
        return;
    l = multimap_get(&x->labels, label_key(key, s->ns, &s->selector[0]));
    for (uint32_t i = 0; l && i < l->count; i++) {
        const struct registry_workload *w = l->items[i];

        if ((with_pods || !w->source->is_pod) && selects(s, w))
            put(members, s, w, NULL);
    }
}

struct registry_endpoints *registry_members_collect(const struct registry_index *x,
                                                    const struct registry_service *s)
{
    struct registry_endpoints *members = mem_alloc0(1, sizeof(*members));
    char key[KEY_MAX];
    const struct multimap_list *l = multimap_get(&x->members, pair_key(key, s->ns, s->host));
    bool has_pod_list = false;

    members->refs = 1;
    arena_init(&members->arena, 256);
    for (uint32_t i = 0; l && i < l->count; i++) {
        const struct registry_member *m = l->items[i];
        const struct registry_workload *w = resolve(x, m);

        has_pod_list |= m->is_pod_list;
        if (w)
            put(members, s, w, m);
    }
    collect_selected(x, s, !s->kubernetes || !has_pod_list, members);
    if (members->count > 1) {
        qsort(members->list, members->count, sizeof(*members->list), by_uid);
        merge_same(members, s);
    }
    members->hash = digest_set(members, s);
    return members;
}
