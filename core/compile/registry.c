#include "core/compile/registry.h"

#include <stdlib.h>
#include <string.h>

#include "core/api/workload_selector.h"
#include "core/base/hash.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/compile/multimap.h"
#include "core/compile/registry_address.h"
#include "core/compile/registry_istio.h"
#include "core/compile/registry_k8s.h"
#include "core/compile/registry_members.h"
#include "core/compile/registry_merge.h"
#include "core/compile/registry_source.h"
#include "core/compile/registry_vips.h"

/* Everything known under one host name. Freed when nothing names it any more. */
struct host {
    struct str name;
    struct registry_service **candidates; /* borrowed from their sources */
    uint32_t candidate_count;
    struct registry_service *chosen;      /* one reference, or NULL */
    struct registry_endpoints *endpoints; /* one reference, or NULL */
    uint16_t vip;                         /* low 16 bits of the allocated ones; 0: none */
    bool is_dirty;
};

struct registry {
    struct registry_view view;
    struct arena arena; /* text of view */
    struct map sources; /* key -> struct registry_source */
    struct map hosts;   /* name -> struct host */
    struct registry_vips vips;
    struct registry_index index;
    struct multimap by_uid;      /* -> struct registry_workload, the last one counts */
    struct multimap services_of; /* uid of a workload -> struct host it is a member of */
    struct host **dirty;
    uint32_t dirty_count, dirty_cap;
    struct map changed; /* uids; keys in changed_arena */
    struct arena changed_arena;
    bool has_run; /* since the last put: the next one begins a new list of changes */
    struct str *default_export;
    size_t default_export_count;
    struct arena default_arena; /* of default_export */
};

/* ---- life ---- */

struct registry *registry_new(const struct registry_options *options)
{
    struct registry *r = mem_alloc0(1, sizeof(*r));

    arena_init(&r->arena, 256);
    arena_init(&r->changed_arena, 1024);
    arena_init(&r->default_arena, 0);
    r->view.dns_domain =
        arena_str(&r->arena, options->dns_domain.len ? options->dns_domain : STR("cluster.local"));
    r->view.node_ns = arena_str(&r->arena, options->node_ns);
    r->view.cluster_id =
        arena_str(&r->arena, options->cluster_id.len ? options->cluster_id : STR("Kubernetes"));
    r->view.trust_domain = arena_str(&r->arena, options->trust_domain);
    registry_members_init(&r->index);
    multimap_init(&r->by_uid);
    multimap_init(&r->services_of);
    return r;
}

static void host_free(struct host *h)
{
    registry_service_unref(h->chosen);
    registry_workload_set_unref(h->endpoints);
    mem_free(h->candidates);
    mem_free(h);
}

void registry_free(struct registry *r)
{
    size_t at = 0;

    if (!r)
        return;
    for (struct map_slot *s; (s = map_next(&r->hosts, &at));)
        host_free(s->value);
    at = 0;
    for (struct map_slot *s; (s = map_next(&r->sources, &at));)
        registry_source_free(s->value);
    map_deinit(&r->hosts);
    map_deinit(&r->sources);
    registry_vips_deinit(&r->vips);
    map_deinit(&r->changed);
    registry_members_deinit(&r->index);
    multimap_deinit(&r->by_uid);
    multimap_deinit(&r->services_of);
    arena_deinit(&r->changed_arena);
    arena_deinit(&r->default_arena);
    arena_deinit(&r->arena);
    mem_free(r->dirty);
    mem_free(r);
}

/* ---- what is to be looked at again ---- */

static struct host *get_host(struct registry *r, struct str name)
{
    struct host *h = map_get(&r->hosts, name);
    char *text;

    if (h)
        return h;
    h = mem_alloc_flex(sizeof(*h), name.len + 1, 1);
    text = (char *)(h + 1);
    memcpy(text, name.p, name.len);
    h->name = str_make(text, name.len);
    map_put(&r->hosts, h->name, h);
    return h;
}

static void mark(struct registry *r, struct str name)
{
    struct host *h = get_host(r, name);

    if (h->is_dirty)
        return;
    h->is_dirty = true;
    if (r->dirty_count == r->dirty_cap) {
        r->dirty_cap = r->dirty_cap ? r->dirty_cap * 2 : 64;
        r->dirty = mem_resize(r->dirty, r->dirty_cap, sizeof(struct host *));
    }
    r->dirty[r->dirty_count++] = h;
}

static void mark_member(void *arg, struct str host)
{
    mark(arg, host);
}

/* The first change after a run begins a new list. */
static void begin_changes(struct registry *r)
{
    if (!r->has_run)
        return;
    map_clear(&r->changed);
    arena_reset(&r->changed_arena);
    r->has_run = false;
}

static void note_workload(struct registry *r, struct str uid)
{
    begin_changes(r);
    if (!map_find(&r->changed, uid))
        map_put(&r->changed, arena_str(&r->changed_arena, uid), r);
}

static bool is_same_list(const struct str *a, size_t a_count, const struct str *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++)
        if (!str_eq(a[i], b[i]))
            return false;
    return true;
}

void registry_set_default_export(struct registry *r, const struct str *list, size_t count)
{
    size_t at = 0;

    if (is_same_list(r->default_export, r->default_export_count, list, count))
        return;
    arena_reset(&r->default_arena);
    r->default_export = arena_alloc0(&r->default_arena, count, sizeof(*list));
    r->default_export_count = count;
    for (size_t i = 0; i < count; i++)
        r->default_export[i] = arena_str(&r->default_arena, list[i]);
    begin_changes(r);
    for (struct map_slot *s; (s = map_next(&r->hosts, &at));)
        mark(r, ((const struct host *)s->value)->name);
}

/* ---- sources come and go ---- */

static void add_service(struct registry *r, struct registry_service *s)
{
    struct host *h = get_host(r, s->host);

    h->candidates =
        mem_resize(h->candidates, h->candidate_count + 1, sizeof(struct registry_service *));
    h->candidates[h->candidate_count++] = s;
    mark(r, s->host);
}

static void drop_service(struct registry *r, const struct registry_service *s)
{
    struct host *h = get_host(r, s->host);

    for (uint32_t i = 0; i < h->candidate_count; i++) {
        if (h->candidates[i] == s)
            h->candidates[i--] = h->candidates[--h->candidate_count];
    }
    mark(r, s->host);
}

static void attach(struct registry *r, struct registry_source *src)
{
    map_put(&r->sources, src->key, src);
    for (uint32_t i = 0; i < src->service_count; i++)
        add_service(r, src->services[i]);
    for (uint32_t i = 0; i < src->workload_count; i++) {
        multimap_add(&r->by_uid, src->workloads[i]->uid, src->workloads[i]);
        note_workload(r, src->workloads[i]->uid);
    }
    registry_members_add(&r->index, src, mark_member, r);
}

static void detach(struct registry *r, struct registry_source *src)
{
    map_remove(&r->sources, src->key);
    for (uint32_t i = 0; i < src->service_count; i++)
        drop_service(r, src->services[i]);
    for (uint32_t i = 0; i < src->workload_count; i++) {
        multimap_remove(&r->by_uid, src->workloads[i]->uid, src->workloads[i]);
        note_workload(r, src->workloads[i]->uid);
    }
    registry_members_remove(&r->index, src, mark_member, r);
    registry_source_free(src);
}

bool registry_wants(uint16_t kind)
{
    switch (kind) {
    case API_KIND_SERVICE:
    case API_KIND_ENDPOINTS:
    case API_KIND_ENDPOINT_SLICE:
    case API_KIND_POD:
    case API_KIND_SERVICE_ENTRY:
    case API_KIND_WORKLOAD_ENTRY:
        return true;
    default:
        return false;
    }
}

static struct str key_of(uint16_t kind, struct str ns, struct str name, struct arena *a)
{
    return arena_printf(a, "%u/%.*s/%.*s", kind, STR_ARG(ns), STR_ARG(name));
}

static struct registry_source *find_source(struct registry *r, struct str key)
{
    return map_get(&r->sources, key);
}

/* A status is not in content_hash, but addresses and readiness stand there. */
static bool is_same(const struct object *a, const struct object *b)
{
    return a == b || (a->content_hash == b->content_hash && !a->status && !b->status &&
                      a->line == b->line && str_eq(str_of(a->file), str_of(b->file)));
}

void registry_put(struct registry *r, struct object *o)
{
    struct registry_source *src, *old;
    struct arena a;

    if (!registry_wants(o->kind->id))
        return;
    arena_init(&a, 256);
    src = registry_source_new(key_of(o->kind->id, o->ns, o->name, &a));
    arena_deinit(&a);
    old = find_source(r, src->key);
    if (old && is_same(old->object, o)) {
        registry_source_free(src);
        return;
    }
    src->object = object_ref(o);
    if (o->kind->id == API_KIND_SERVICE_ENTRY || o->kind->id == API_KIND_WORKLOAD_ENTRY)
        registry_istio_read(src, &r->view);
    else
        registry_k8s_read(src, &r->view);
    if (old)
        detach(r, old);
    attach(r, src);
}

static void remove_key(struct registry *r, struct str key)
{
    struct registry_source *src = find_source(r, key);

    if (src)
        detach(r, src);
}

void registry_remove(struct registry *r, uint16_t kind, struct str ns, struct str name)
{
    struct arena a;

    arena_init(&a, 256);
    remove_key(r, key_of(kind, ns, name, &a));
    arena_deinit(&a);
}

int registry_put_address(struct registry *r, struct str name, struct str bytes)
{
    uint64_t hash = hash_content(bytes.p, bytes.len);
    struct registry_source *src, *old;
    struct arena a;
    int err;

    arena_init(&a, 256);
    src = registry_source_new(arena_printf(&a, "address:%.*s", STR_ARG(name)));
    arena_deinit(&a);
    old = find_source(r, src->key);
    err = old && old->hash == hash ? 0 : registry_address_read(src, &r->view, bytes);
    if (err || (old && old->hash == hash)) {
        registry_source_free(src);
        return err;
    }
    src->hash = hash;
    if (old)
        detach(r, old);
    attach(r, src);
    return 0;
}

void registry_remove_address(struct registry *r, struct str name)
{
    struct arena a;

    arena_init(&a, 256);
    remove_key(r, arena_printf(&a, "address:%.*s", STR_ARG(name)));
    arena_deinit(&a);
}

/* ---- choosing ---- */

static struct registry_service *choose(const struct registry *r, const struct host *h)
{
    struct registry_service *best = NULL;

    for (uint32_t i = 0; i < h->candidate_count; i++) {
        struct registry_service *s = h->candidates[i];

        if (!registry_service_is_exported(s->export_to_count ? s->export_to : r->default_export,
                                          s->export_to_count ? s->export_to_count
                                                             : r->default_export_count,
                                          s->ns, r->view.node_ns))
            continue;
        if (!best || registry_merge_is_better(s, best))
            best = s;
    }
    return best;
}

/* The address that is the host's from now on: given by control, allocated, or none. */
static void settle_vip(struct registry *r, struct host *h, const struct registry_service *s)
{
    uint16_t given = s && s->vip_allocated && s->vip_count ? registry_vips_low(&s->vips[0]) : 0;

    if (s && s->wants_vip)
        h->vip = h->vip ? h->vip : registry_vips_allocate(&r->vips, h->name);
    else if (h->vip != given) {
        registry_vips_release(&r->vips, h->vip);
        h->vip = registry_vips_hold(&r->vips, given) ? given : 0;
    }
}

/* The service as it is shown: the chosen candidate, or a copy with what is added to it. */
static struct registry_service *show(struct registry *r, struct host *h)
{
    struct registry_service *s = choose(r, h), *own;
    bool gets_vip;

    settle_vip(r, h, s);
    if (!s)
        return NULL;
    gets_vip = s->wants_vip && h->vip;
    if (!gets_vip && !registry_merge_is_due(s, h->candidates, h->candidate_count))
        return registry_service_ref(s);
    own = registry_service_derive(s);
    if (gets_vip) {
        own->vips = arena_alloc0(&own->arena, REGISTRY_VIPS_COUNT, sizeof(*own->vips));
        own->vip_count = REGISTRY_VIPS_COUNT;
        registry_vips_addrs(h->vip, own->vips);
        own->vip_allocated = true;
    }
    registry_merge_into(own, h->candidates, h->candidate_count);
    registry_service_seal(own);
    return own;
}

/* ---- run ---- */

static void follow_members(struct registry *r, struct host *h, const struct registry_endpoints *set,
                           bool add)
{
    for (uint32_t i = 0; set && i < set->count; i++) {
        struct str uid = set->list[i].workload->uid;

        if (add)
            multimap_add(&r->services_of, uid, h);
        else
            multimap_remove(&r->services_of, uid, h);
        note_workload(r, uid);
    }
}

static uint32_t refresh(struct registry *r, struct host *h)
{
    struct registry_service *s = show(r, h);
    struct registry_endpoints *set = s ? registry_members_collect(&r->index, s) : NULL;
    uint64_t old_set = h->endpoints ? h->endpoints->hash : 0;
    bool was = h->chosen != NULL;
    uint32_t what = 0;

    if (was != (s != NULL) || (s && s->hash != h->chosen->hash))
        what |= REGISTRY_CHANGED_SERVICE;
    if (old_set != (set ? set->hash : 0))
        what |= REGISTRY_CHANGED_ENDPOINTS;
    if (what) {
        follow_members(r, h, h->endpoints, false);
        follow_members(r, h, set, true);
    }
    registry_service_unref(h->chosen);
    registry_workload_set_unref(h->endpoints);
    h->chosen = s;
    h->endpoints = set;
    return what;
}

static int by_name(const void *a, const void *b)
{
    const struct host *const *ha = a, *const *hb = b;

    return str_cmp((*ha)->name, (*hb)->name);
}

void registry_run(struct registry *r, void (*changed)(void *arg, struct str host, uint32_t what),
                  void *arg)
{
    begin_changes(r);
    /* In order of names, so that allocated addresses do not depend on the order of input. */
    if (r->dirty_count > 1)
        qsort(r->dirty, r->dirty_count, sizeof(struct host *), by_name);
    for (uint32_t i = 0; i < r->dirty_count; i++) {
        struct host *h = r->dirty[i];
        uint32_t what = refresh(r, h);

        h->is_dirty = false;
        if (what && changed)
            changed(arg, h->name, what);
        if (!h->chosen && h->candidate_count == 0) {
            map_remove(&r->hosts, h->name);
            host_free(h);
        }
    }
    r->dirty_count = 0;
    r->has_run = true;
}

/* ---- questions ---- */

const struct registry_service *registry_find(const struct registry *r, struct str host)
{
    const struct host *h = map_get(&r->hosts, host);

    return h ? h->chosen : NULL;
}

const struct registry_endpoints *registry_find_endpoints(const struct registry *r, struct str host)
{
    const struct host *h = map_get(&r->hosts, host);

    return h ? h->endpoints : NULL;
}

const struct registry_workload *registry_find_workload(const struct registry *r,
                                                       const struct addr *ip)
{
    return registry_members_by_ip(&r->index, ip);
}

void registry_each_service(const struct registry *r,
                           void (*each)(void *arg, const struct registry_service *s), void *arg)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&r->hosts, &at));) {
        const struct host *h = s->value;

        if (h->chosen)
            each(arg, h->chosen);
    }
}

static const struct registry_workload *current(const struct registry *r, struct str uid)
{
    const struct multimap_list *l = multimap_get(&r->by_uid, uid);

    return l ? l->items[l->count - 1] : NULL;
}

void registry_each_workload(const struct registry *r,
                            void (*each)(void *arg, const struct registry_workload *w), void *arg)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&r->by_uid.map, &at));) {
        const struct multimap_list *l = s->value;

        each(arg, l->items[l->count - 1]);
    }
}

void registry_each_changed_workload(const struct registry *r,
                                    void (*each)(void *arg, struct str uid,
                                                 const struct registry_workload *w),
                                    void *arg)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&r->changed, &at));)
        each(arg, s->key, current(r, s->key));
}

static const uint16_t *ports_in(const struct host *h, const struct registry_workload *w)
{
    for (uint32_t i = 0; h->endpoints && i < h->endpoints->count; i++) {
        if (str_eq(h->endpoints->list[i].workload->uid, w->uid))
            return h->endpoints->list[i].ports;
    }
    return NULL;
}

void registry_each_service_of(const struct registry *r, const struct registry_workload *w,
                              void (*each)(void *arg, const struct registry_service *s,
                                           const uint16_t *ports),
                              void *arg)
{
    const struct multimap_list *l = multimap_get(&r->services_of, w->uid);

    for (uint32_t i = 0; l && i < l->count; i++) {
        const struct host *h = l->items[i];
        const uint16_t *ports = ports_in(h, w);

        if (h->chosen && ports)
            each(arg, h->chosen, ports);
    }
}
