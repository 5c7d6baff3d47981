#include "core/compile/l4_policy.h"

#include <stdlib.h>

#include "core/base/buf.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/compile/l4_convert.h"
#include "core/compile/multimap.h"
#include "core/text/proto.h"

struct l4_policy {
    char *root_ns, *trust_domain;
    struct map objects;    /* object_key (owned) -> struct object */
    struct multimap by_ns; /* -> struct object, of both kinds */
    struct map served;     /* "NS/NAME" -> struct served: as told by the last run */
    struct map stale_ns;   /* namespaces whose workloads look again; keys owned */
    bool is_stale;         /* policies differ from what was told */
    size_t peer_count;     /* PeerAuthentications */
};

struct served {
    char *name, *ns;
    struct buf bytes;
    bool seen; /* by the run under way */
};

/* ---- what is there ---- */

struct l4_policy *l4_policy_new(struct str root_ns, struct str trust_domain)
{
    struct l4_policy *p = mem_alloc0(1, sizeof(*p));

    p->root_ns = str_dup(root_ns);
    p->trust_domain = str_dup(trust_domain);
    map_init(&p->objects);
    multimap_init(&p->by_ns);
    map_init(&p->served);
    map_init(&p->stale_ns);
    return p;
}

static void clear_stale(struct l4_policy *p)
{
    struct map_slot *slot;

    for (size_t at = 0; (slot = map_next(&p->stale_ns, &at));)
        mem_free(slot->value);
    map_clear(&p->stale_ns);
}

static void free_served(struct served *s)
{
    buf_deinit(&s->bytes);
    mem_free(s->name);
    mem_free(s->ns);
    mem_free(s);
}

void l4_policy_free(struct l4_policy *p)
{
    struct map_slot *slot;

    if (!p)
        return;
    for (size_t at = 0; (slot = map_next(&p->objects, &at));) {
        struct str key = slot->key;

        object_unref(slot->value);
        mem_free((void *)(uintptr_t)key.p); /* made by str_dup */
    }
    for (size_t at = 0; (slot = map_next(&p->served, &at));)
        free_served(slot->value);
    clear_stale(p);
    map_deinit(&p->objects);
    multimap_deinit(&p->by_ns);
    map_deinit(&p->served);
    map_deinit(&p->stale_ns);
    mem_free(p->root_ns);
    mem_free(p->trust_domain);
    mem_free(p);
}

static void mark_namespace(struct l4_policy *p, struct str ns)
{
    char *owned = str_dup(ns);

    mem_free(map_put(&p->stale_ns, str_of(owned), owned));
}

void l4_policy_set_root(struct l4_policy *p, struct str root_ns)
{
    if (str_is(root_ns, p->root_ns))
        return;
    mem_free(p->root_ns);
    p->root_ns = str_dup(root_ns);
    p->is_stale = true;
    mark_namespace(p, STR(""));
}

bool l4_policy_wants(uint16_t kind)
{
    return kind == API_KIND_AUTHORIZATION_POLICY || kind == API_KIND_PEER_AUTHENTICATION;
}

static bool is_peer(const struct object *o)
{
    return o->kind->id == API_KIND_PEER_AUTHENTICATION;
}

static bool is_root(const struct l4_policy *p, struct str ns)
{
    return str_is(ns, p->root_ns);
}

/* Who names policies may change with o. */
static void note(struct l4_policy *p, const struct object *o)
{
    const struct authorization_policy *ap = o->spec;

    p->is_stale = true;
    if (is_peer(o) || ap->selector)
        mark_namespace(p, is_root(p, o->ns) ? STR("") : o->ns);
}

static void drop(struct l4_policy *p, struct str key)
{
    struct map_slot *slot = map_find(&p->objects, key);
    struct object *o;
    char *owned;

    if (!slot)
        return;
    o = slot->value;
    owned = (char *)(uintptr_t)slot->key.p; /* made by str_dup */
    map_remove(&p->objects, key);
    multimap_remove(&p->by_ns, o->ns, o);
    p->peer_count -= is_peer(o);
    note(p, o);
    mem_free(owned);
    object_unref(o);
}

void l4_policy_put(struct l4_policy *p, struct object *o)
{
    struct arena a;
    struct str key;

    arena_init(&a, 256);
    key = object_key(o, &a);
    drop(p, key);
    map_put(&p->objects, str_make(str_dup(key), key.len), object_ref(o));
    multimap_add(&p->by_ns, o->ns, o);
    p->peer_count += is_peer(o);
    note(p, o);
    arena_deinit(&a);
}

void l4_policy_remove(struct l4_policy *p, uint16_t kind, struct str ns, struct str name)
{
    struct arena a;

    arena_init(&a, 256);
    drop(p, object_key_of(api_kind_by_id(kind), ns, name, &a));
    arena_deinit(&a);
}

/* ---- PeerAuthentication by level ---- */

static bool has_selector(const struct peer_authentication *pa)
{
    return pa->selector && pa->selector->labels_count;
}

/* The oldest of ns: without a selector, or with one that fits. */
static const struct object *oldest(const struct l4_policy *p, struct str ns, bool with_selector,
                                   const struct field_pair *labels, size_t count)
{
    const struct multimap_list *l = multimap_get(&p->by_ns, ns);
    const struct object *best = NULL;

    for (uint32_t i = 0; l && i < l->count; i++) {
        const struct object *o = l->items[i];
        const struct peer_authentication *pa = o->spec;

        if (!is_peer(o) || has_selector(pa) != with_selector)
            continue;
        if (with_selector && !workload_selector_is_match(pa->selector->labels,
                                                         pa->selector->labels_count, labels, count))
            continue;
        if (!best || object_compare_age(o, best) < 0)
            best = o;
    }
    return best;
}

static int mode_of(const struct object *o)
{
    const struct peer_authentication *pa = o ? o->spec : NULL;

    return pa && pa->mtls ? pa->mtls->mode : PEER_AUTHENTICATION_UNSET;
}

/* What holds in ns for ports that no one names; own: of the workload, or NULL. */
static bool is_strict(const struct l4_policy *p, struct str ns, const struct object *own)
{
    int mode = mode_of(own);

    if (mode == PEER_AUTHENTICATION_UNSET && !is_root(p, ns))
        mode = mode_of(oldest(p, ns, false, NULL, 0));
    if (mode == PEER_AUTHENTICATION_UNSET)
        mode = mode_of(oldest(p, str_of(p->root_ns), false, NULL, 0));
    return mode == PEER_AUTHENTICATION_STRICT;
}

/* ---- what is served ---- */

struct run {
    struct l4_policy *p;
    struct arena a;
    const struct l4_policy_changes *changes;
    void *arg;
};

static void serve(struct run *r, const struct security_msg_authorization *m)
{
    struct str name = arena_printf(&r->a, "%.*s/%.*s", STR_ARG(m->ns), STR_ARG(m->name));
    struct served *s = map_get(&r->p->served, name);
    struct buf bytes;

    buf_init(&bytes, 0);
    if (proto_encode(&security_msg_authorization_message, m, &bytes) != 0) {
        buf_deinit(&bytes); /* larger than a message may be: what was served stays */
        if (s)
            s->seen = true;
        return;
    }
    if (!s) {
        s = mem_alloc0(1, sizeof(*s));
        buf_init(&s->bytes, 0);
        s->name = str_dup(name);
        s->ns = str_dup(m->ns);
        map_put(&r->p->served, str_of(s->name), s);
    }
    s->seen = true;
    if (str_eq(buf_str(&s->bytes), buf_str(&bytes))) {
        buf_deinit(&bytes);
        return;
    }
    buf_deinit(&s->bytes);
    s->bytes = bytes;
    r->changes->policy(r->arg, str_of(s->name), str_of(s->ns), buf_str(&s->bytes));
}

static void serve_object(struct run *r, const struct object *o)
{
    struct l4_convert c = { .root_ns = str_of(r->p->root_ns),
                            .trust_domain = str_of(r->p->trust_domain),
                            .a = &r->a };
    struct security_msg_authorization m;
    bool is_said;

    if (!is_peer(o))
        is_said = l4_convert_authorization(&c, o, &m);
    else if (has_selector(o->spec) && !is_root(r->p, o->ns))
        is_said = l4_convert_ports(&c, o, is_strict(r->p, o->ns, o), &m);
    else
        is_said = false;
    if (is_said)
        serve(r, &m);
    arena_reset(&r->a);
}

static void serve_strict(struct run *r)
{
    struct l4_convert c = { .root_ns = str_of(r->p->root_ns), .a = &r->a };
    struct security_msg_authorization m;

    l4_convert_strict(&c, &m);
    serve(r, &m);
}

/* What was served before and is no longer. One at a time: a removal moves slots. */
static struct served *find_gone(struct l4_policy *p)
{
    struct map_slot *slot;

    for (size_t at = 0; (slot = map_next(&p->served, &at));) {
        struct served *s = slot->value;

        if (!s->seen)
            return s;
    }
    return NULL;
}

static void tell_policies(struct run *r)
{
    struct map_slot *slot;
    struct served *s;

    for (size_t at = 0; (slot = map_next(&r->p->served, &at));)
        ((struct served *)slot->value)->seen = false;
    for (size_t at = 0; (slot = map_next(&r->p->objects, &at));)
        serve_object(r, slot->value);
    if (r->p->peer_count)
        serve_strict(r);
    while ((s = find_gone(r->p))) {
        r->changes->policy(r->arg, str_of(s->name), str_of(s->ns), STR_NONE);
        map_remove(&r->p->served, str_of(s->name));
        free_served(s);
    }
}

void l4_policy_run(struct l4_policy *p, const struct l4_policy_changes *changes, void *arg)
{
    struct run r = { .p = p, .changes = changes, .arg = arg };
    struct map_slot *slot;

    if (!p->is_stale)
        return;
    p->is_stale = false;
    arena_init(&r.a, 4096);
    tell_policies(&r);
    arena_deinit(&r.a);
    if (map_find(&p->stale_ns, STR(""))) {
        changes->workloads(arg, STR(""));
    } else {
        for (size_t at = 0; (slot = map_next(&p->stale_ns, &at));)
            changes->workloads(arg, slot->key);
    }
    clear_stale(p);
}

/* ---- who names what ---- */

struct names {
    struct arena *a;
    struct str *list;
    size_t count;
};

static void add_name(struct names *n, struct str ns, const char *prefix, struct str name)
{
    n->list[n->count++] = arena_printf(n->a, "%.*s/%s%.*s", STR_ARG(ns), prefix, STR_ARG(name));
}

static void add_fitting(const struct l4_policy *p, struct str ns, const struct field_pair *labels,
                        size_t label_count, struct names *n)
{
    const struct multimap_list *l = multimap_get(&p->by_ns, ns);

    for (uint32_t i = 0; l && i < l->count; i++) {
        const struct object *o = l->items[i];
        const struct authorization_policy *ap = o->spec;

        if (is_peer(o) || !l4_convert_has_form(ap) || !ap->selector ||
            !ap->selector->labels_count ||
            !workload_selector_is_match(ap->selector->labels, ap->selector->labels_count, labels,
                                        label_count))
            continue;
        add_name(n, o->ns, "", o->name);
    }
}

static bool is_other(int mode, bool strict)
{
    return mode != PEER_AUTHENTICATION_UNSET && (mode == PEER_AUTHENTICATION_STRICT) != strict;
}

static void add_peer(const struct l4_policy *p, struct str ns, const struct field_pair *labels,
                     size_t label_count, struct names *n)
{
    const struct object *own = is_root(p, ns) ? NULL : oldest(p, ns, true, labels, label_count);
    bool strict = is_strict(p, ns, own);
    const struct peer_authentication *pa = own ? own->spec : NULL;

    for (size_t i = 0; pa && i < pa->ports_count; i++) {
        if (is_other(pa->ports[i].value.mode, strict)) {
            add_name(n, ns, L4_CONVERT_PORTS_NAME, own->name);
            return;
        }
    }
    if (strict)
        add_name(n, str_of(p->root_ns), "", STR(L4_CONVERT_STRICT_NAME));
}

static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

size_t l4_policy_of(const struct l4_policy *p, struct str ns, const struct field_pair *labels,
                    size_t label_count, struct arena *a, struct str **out)
{
    const struct multimap_list *own = multimap_get(&p->by_ns, ns);
    const struct multimap_list *root = multimap_get(&p->by_ns, str_of(p->root_ns));
    struct names n = { .a = a };

    n.list =
        arena_alloc0(a, (own ? own->count : 0) + (root ? root->count : 0) + 1, sizeof(*n.list));
    add_fitting(p, ns, labels, label_count, &n);
    if (!is_root(p, ns))
        add_fitting(p, str_of(p->root_ns), labels, label_count, &n);
    if (p->peer_count)
        add_peer(p, ns, labels, label_count, &n);
    if (n.count > 1)
        qsort(n.list, n.count, sizeof(*n.list), by_text);
    *out = n.list;
    return n.count;
}
