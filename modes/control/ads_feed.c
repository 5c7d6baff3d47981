#include "modes/control/ads_feed.h"

#include "core/api/object.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/random.h"
#include "core/compile/l4_policy.h"
#include "core/compile/registry.h"
#include "core/compile/registry_address.h"
#include "core/compile/registry_encode.h"
#include "core/xds/xds_msg.h"
#include "modes/control/ads_audience.h"
#include "modes/control/ads_credential.h"
#include "modes/control/ads_row.h"
#include "modes/control/ads_scope.h"
#include "modes/shared/jwks.h"
#include "store/store.h"

static struct log_module log_module = LOG_MODULE("ads");

struct ads_feed {
    struct store *store;
    struct registry *registry;
    struct l4_policy *policies;
    struct jwks *jwks;
    bool has_new_keys;
    struct xds_clock clock;
    struct xds_cache objects, addresses, authorizations;
    struct store_watch *watches[STORE_CLASS_COUNT];
    char *positions[STORE_CLASS_COUNT]; /* up to which changes were taken */
    struct map service_names;           /* host -> resource name, owned */
    struct ads_credential credentials;
    struct ads_scope scope;
    bool is_rescoped; /* the scope differs: everything is looked at again */
    void (*changed)(void *arg);
    void (*credential_changed)(void *arg, struct str name);
    void *arg;
};

/* ---- objects ---- */

static void on_credential(void *arg, struct str name)
{
    struct ads_feed *f = arg;

    f->credential_changed(f->arg, name);
}

static void serve_object(struct ads_feed *f, const struct store_object *row, const struct object *o)
{
    struct xds_cache_item item = { .ns = row->ns, .tag = row->kind };
    struct arena a;
    struct buf bytes;

    arena_init(&a, 512);
    buf_init(&bytes, 0);
    item.name = ads_row_name(row, &a);
    item.audience = ads_audience_of(o, &f->scope, &a);
    if (object_encode_proto(o, &bytes) == 0) {
        item.value = buf_str(&bytes);
        xds_cache_put(&f->objects, &item);
    }
    ads_credential_put(&f->credentials, item.name, o, on_credential, f);
    buf_deinit(&bytes);
    arena_deinit(&a);
}

static void forget(struct ads_feed *f, const struct store_object *row)
{
    uint16_t kind = row->kind & STORE_KIND_MAX;
    struct arena a;

    arena_init(&a, 512);
    if (ads_row_is_served(row)) {
        xds_cache_remove(&f->objects, ads_row_name(row, &a));
        ads_credential_put(&f->credentials, ads_row_name(row, &a), NULL, on_credential, f);
    } else
        registry_remove(f->registry, kind, row->ns, row->name);
    if (l4_policy_wants(kind))
        l4_policy_remove(f->policies, kind, row->ns, row->name);
    arena_deinit(&a);
}

/* What decides about other objects. */
static void follow_scope(struct ads_feed *f, const struct store_object *row, const struct object *o)
{
    uint16_t kind = row->kind & STORE_KIND_MAX;

    if (ads_scope_is_source(kind, row->ns, row->name))
        f->is_rescoped |= ads_scope_read(&f->scope, o);
    else if (kind == API_KIND_NAMESPACE)
        f->is_rescoped |= ads_scope_follow_namespace(&f->scope, row->name);
}

static bool counts(struct ads_feed *f, const struct store_object *row)
{
    return !row->dead && (ads_scope_is_source(row->kind & STORE_KIND_MAX, row->ns, row->name) ||
                          ads_scope_has(&f->scope, row->ns));
}

static void take(struct ads_feed *f, const struct store_object *row)
{
    uint16_t kind = row->kind & STORE_KIND_MAX;
    const struct api_kind *k = api_kind_by_id(kind);
    struct object *o;

    if (!k || (!ads_row_is_served(row) && !registry_wants(kind)))
        return;
    if (!counts(f, row)) {
        forget(f, row);
        follow_scope(f, row, NULL);
        return;
    }
    o = ads_row_decode(row, f->store, f->jwks);
    if (o)
        follow_scope(f, row, o);
    if (o && ads_row_is_served(row))
        serve_object(f, row, o);
    else if (o)
        registry_put(f->registry, o);
    if (o && l4_policy_wants(kind))
        l4_policy_put(f->policies, o);
    object_unref(o);
}

/* A change of a status row is one of its object where the registry reads it. */
static void take_change(struct ads_feed *f, const struct store_object *row)
{
    if (row->kind & STORE_KIND_STATUS) {
        if (!registry_wants(row->kind & STORE_KIND_MAX))
            return;
        row = store_find(f->store, (uint16_t)(row->kind & ~STORE_KIND_STATUS), row->ns, row->name);
        if (!row)
            return;
    }
    take(f, row);
}

/* ---- addresses ---- */

static void serve_workload(struct ads_feed *f, const struct registry_workload *w)
{
    struct xds_cache_item item = { .name = w->uid, .ns = w->ns };
    struct arena a;
    struct buf bytes;

    arena_init(&a, 256);
    buf_init(&bytes, 0);
    if (w->object && w->object->kind->id == API_KIND_SERVICE_ENTRY)
        item.audience = ads_audience_of(w->object, &f->scope, &a);
    if (registry_encode_workload(f->registry, f->policies, w, &bytes) == 0) {
        item.value = buf_str(&bytes);
        xds_cache_put(&f->addresses, &item);
    }
    buf_deinit(&bytes);
    arena_deinit(&a);
}

static void forget_service(struct ads_feed *f, struct str host)
{
    struct map_slot *slot = map_find(&f->service_names, host);
    char *key, *name;

    if (!slot)
        return;
    key = (char *)(uintptr_t)slot->key.p; /* made by str_dup */
    name = slot->value;
    map_remove(&f->service_names, host);
    xds_cache_remove(&f->addresses, str_of(name));
    mem_free(name);
    mem_free(key);
}

static void serve_service(struct ads_feed *f, const struct registry_service *s)
{
    char *name = mem_printf("%.*s/%.*s", STR_ARG(s->ns), STR_ARG(s->host));
    const char *before = map_get(&f->service_names, s->host);
    struct xds_cache_item item = { .name = str_of(name), .ns = s->ns };
    struct arena a;
    struct buf bytes;

    arena_init(&a, 256);
    item.audience = ads_audience_of_service(s->export_to, s->export_to_count, s->ns, &f->scope, &a);
    if (before && !str_is(item.name, before))
        forget_service(f, s->host);
    buf_init(&bytes, 0);
    if (registry_address_encode_service(s, &bytes) == 0) {
        item.value = buf_str(&bytes);
        xds_cache_put(&f->addresses, &item);
    }
    buf_deinit(&bytes);
    arena_deinit(&a);
    if (map_find(&f->service_names, s->host))
        mem_free(name);
    else
        map_put(&f->service_names, str_make(str_dup(s->host), s->host.len), name);
}

static void on_host(void *arg, struct str host, uint32_t what)
{
    struct ads_feed *f = arg;
    const struct registry_service *s = registry_find(f->registry, host);
    const struct registry_endpoints *list = registry_find_endpoints(f->registry, host);

    (void)what;
    if (!s) {
        forget_service(f, host);
        return;
    }
    serve_service(f, s);
    /* A workload's message has the ports of its services in it. */
    for (uint32_t i = 0; list && i < list->count; i++)
        serve_workload(f, list->list[i].workload);
}

static void on_workload(void *arg, struct str uid, const struct registry_workload *w)
{
    struct ads_feed *f = arg;

    if (w)
        serve_workload(f, w);
    else
        xds_cache_remove(&f->addresses, uid);
}

/* ---- keys of token issuers ---- */

/* A service of the mesh may have them. */
static bool locate(void *arg, struct str host, uint16_t port, struct addr *out)
{
    const struct ads_feed *f = arg;
    const struct registry_service *s = registry_find(f->registry, host);
    const struct registry_endpoints *list = s ? registry_find_endpoints(f->registry, host) : NULL;
    uint32_t at = 0;

    while (s && at < s->port_count && s->ports[at].port != port)
        at++;
    for (uint32_t i = 0; list && at < s->port_count && i < list->count; i++) {
        const struct registry_endpoint *e = &list->list[i];

        if (!e->healthy || !e->ports[at] || !e->workload->addr_count)
            continue;
        *out = e->workload->addrs[0];
        out->port = e->ports[at];
        return true;
    }
    return false;
}

static void on_keys(void *arg)
{
    struct ads_feed *f = arg;

    f->has_new_keys = true;
    f->changed(f->arg);
}

static void take_keys(struct ads_feed *f)
{
    const uint16_t kind = API_KIND_REQUEST_AUTHENTICATION;
    const struct store_object *o = store_next(f->store, kind, STR(""), STR_NONE, STR_NONE);

    f->has_new_keys = false;
    for (; o; o = store_next(f->store, kind, STR(""), o->ns, o->name))
        take(f, o);
}

/* ---- policies of layer 4 ---- */

static void on_policy(void *arg, struct str name, struct str ns, struct str bytes)
{
    struct ads_feed *f = arg;
    struct xds_cache_item item = { .name = name, .ns = ns, .value = bytes };

    if (bytes.len)
        xds_cache_put(&f->authorizations, &item);
    else
        xds_cache_remove(&f->authorizations, name);
}

struct naming {
    struct ads_feed *feed;
    struct str ns; /* empty: all */
};

static void name_policies(void *arg, const struct registry_workload *w)
{
    const struct naming *n = arg;

    if (!n->ns.len || str_eq(n->ns, w->ns))
        serve_workload(n->feed, w);
}

static void on_named(void *arg, struct str ns)
{
    struct ads_feed *f = arg;
    struct naming n = { .feed = f, .ns = ns };

    registry_each_workload(f->registry, name_policies, &n);
}

static const struct l4_policy_changes policy_changes = { .policy = on_policy,
                                                         .workloads = on_named };

/* ---- the store's cursors ---- */

static void on_ready(void *arg)
{
    struct ads_feed *f = arg;

    f->changed(f->arg);
}

static int watch(struct ads_feed *f, enum store_class class, struct str from)
{
    struct store_watch_query query = { .class = class, .from = from };

    store_watch_stop(f->watches[class]);
    f->watches[class] = NULL;
    return store_watch_start(f->store, &query, on_ready, f, &f->watches[class]);
}

static void list_all(struct ads_feed *f)
{
    for (size_t i = 0; i < api_kind_count(); i++) {
        uint16_t kind = api_kind_at(i)->id;
        const uint16_t both[] = { kind, STORE_KIND_LIVE | kind };

        for (size_t j = 0; j < 2; j++) {
            const struct store_object *o =
                store_next(f->store, both[j], STR(""), STR_NONE, STR_NONE);

            for (; o; o = store_next(f->store, both[j], STR(""), o->ns, o->name))
                take(f, o);
        }
    }
}

static void drain_one(struct ads_feed *f, enum store_class class)
{
    const struct store_change *change;
    int err = ERR_CLOSED;

    for (int tries = 0; tries < 2; tries++) {
        while (f->watches[class] && (err = store_watch_next(f->watches[class], &change)) == 0)
            take_change(f, change->object);
        if (err != ERR_LIMIT)
            break;
        /* One turn brought more changes than the log holds. From a position the store tells all
         * that changed by looking at the objects. */
        log_warn("the change log was overrun");
        err = watch(f, class, str_of(f->positions[class]));
        if (err) {
            log_error("changes are no longer followed: %s", error_text(err));
            break;
        }
    }
    mem_free(f->positions[class]);
    f->positions[class] = mem_strdup(store_token(f->store, class));
}

static void serve_each_service(void *arg, const struct registry_service *s)
{
    serve_service(arg, s);
}

static void serve_each_workload(void *arg, const struct registry_workload *w)
{
    serve_workload(arg, w);
}

bool ads_feed_drain(struct ads_feed *f)
{
    uint64_t before = f->clock.mod;
    bool is_rescoped;

    if (f->has_new_keys)
        take_keys(f);
    drain_one(f, STORE_CLASS_CONFIG);
    drain_one(f, STORE_CLASS_LIVE);
    is_rescoped = f->is_rescoped;
    f->is_rescoped = false;
    if (is_rescoped) {
        l4_policy_set_root(f->policies, f->scope.root_ns);
        list_all(f);
    }
    registry_run(f->registry, on_host, f);
    registry_each_changed_workload(f->registry, on_workload, f);
    if (is_rescoped) {
        registry_each_service(f->registry, serve_each_service, f);
        registry_each_workload(f->registry, serve_each_workload, f);
    }
    l4_policy_run(f->policies, &policy_changes, f);
    return f->clock.mod != before;
}

/* ---- life ---- */

/* Before anything that is decided by it. */
static void read_scope(struct ads_feed *f)
{
    const struct store_object *row =
        store_find(f->store, API_KIND_CONFIG_MAP, STR("istio-system"), STR("istio"));
    struct object *o = row ? ads_row_decode(row, f->store, f->jwks) : NULL;

    (void)ads_scope_read(&f->scope, o);
    object_unref(o);
}

int ads_feed_new(const struct ads_options *options, void (*changed)(void *arg),
                 void (*credential_changed)(void *arg, struct str name), void *arg,
                 struct ads_feed **out)
{
    struct ads_feed *f = mem_alloc0(1, sizeof(*f));
    struct registry_options registry = { .dns_domain = str_of(options->dns_domain),
                                         .cluster_id = str_of(options->cluster_id),
                                         .trust_domain = str_of(options->trust_domain) };
    struct jwks_options keys = {
        .blocked = options->jwks_blocked, .changed = on_keys, .locate = locate, .arg = f
    };
    int err;

    f->store = options->store;
    f->changed = changed;
    f->credential_changed = credential_changed;
    ads_credential_init(&f->credentials);
    f->arg = arg;
    f->clock.mod = 1;
    random_bytes(&f->clock.epoch, sizeof(f->clock.epoch));
    f->registry = registry_new(&registry);
    ads_scope_init(&f->scope, f->store);
    read_scope(f);
    f->policies = l4_policy_new(f->scope.root_ns, registry.trust_domain);
    map_init(&f->service_names);
    xds_cache_init(&f->objects, XDS_MSG_OBJECT_TYPE, XDS_MSG_OBJECT_ANY, &f->clock);
    xds_cache_init(&f->addresses, XDS_MSG_ADDRESS_TYPE, XDS_MSG_ADDRESS_TYPE, &f->clock);
    xds_cache_init(&f->authorizations, XDS_MSG_AUTHORIZATION_TYPE, XDS_MSG_AUTHORIZATION_TYPE,
                   &f->clock);
    err = jwks_new(options->worker, &keys, &f->jwks);
    if (!err)
        err = watch(f, STORE_CLASS_CONFIG, STR(""));
    if (!err)
        err = watch(f, STORE_CLASS_LIVE, STR(""));
    if (err) {
        ads_feed_free(f);
        return err;
    }
    list_all(f);
    (void)ads_feed_drain(f);
    *out = f;
    return 0;
}

void ads_feed_free(struct ads_feed *f)
{
    struct map_slot *slot;

    if (!f)
        return;
    for (int i = 0; i < STORE_CLASS_COUNT; i++) {
        store_watch_stop(f->watches[i]);
        mem_free(f->positions[i]);
    }
    registry_free(f->registry);
    l4_policy_free(f->policies);
    jwks_free(f->jwks);
    for (size_t at = 0; (slot = map_next(&f->service_names, &at));) {
        mem_free(slot->value);
        mem_free((void *)(uintptr_t)slot->key.p);
    }
    map_deinit(&f->service_names);
    ads_credential_deinit(&f->credentials);
    ads_scope_deinit(&f->scope);
    xds_cache_deinit(&f->objects);
    xds_cache_deinit(&f->addresses);
    xds_cache_deinit(&f->authorizations);
    mem_free(f);
}

const struct registry *ads_feed_registry(const struct ads_feed *f)
{
    return f->registry;
}

const struct ads_credential *ads_feed_credentials(const struct ads_feed *f)
{
    return &f->credentials;
}

const struct xds_clock *ads_feed_clock(const struct ads_feed *f)
{
    return &f->clock;
}

struct xds_cache *ads_feed_cache(struct ads_feed *f, struct str type_url)
{
    struct xds_cache *all[] = { &f->objects, &f->addresses, &f->authorizations };

    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (str_is(type_url, all[i]->type_url))
            return all[i];
    return NULL;
}

/* ---- positions ---- */

/* Objects are rows of the store, whose version vector says it all. An address is made of several
 * rows of two classes: after a restart names and versions are compared instead. */
void ads_feed_add_position(struct ads_feed *f, const struct xds_cache *c, struct buf *out)
{
    if (c == &f->objects)
        buf_add_str(out, str_of(store_token(f->store, STORE_CLASS_CONFIG)));
}

static void ignore_ready(void *arg)
{
    (void)arg;
}

/* Who is to hold what differs then without a change of the object itself. */
static bool decides_for_others(const struct ads_feed *f, const struct store_object *o)
{
    return ads_scope_is_source(o->kind & STORE_KIND_MAX, o->ns, o->name) ||
           ((o->kind & STORE_KIND_MAX) == API_KIND_NAMESPACE &&
            f->scope.config.discovery_selectors_count);
}

int ads_feed_changed_since(struct ads_feed *f, const struct xds_cache *c, struct str position,
                           void (*each)(void *each_arg, struct str name), void *each_arg)
{
    struct store_watch_query query = { .class = STORE_CLASS_CONFIG, .from = position };
    const struct store_change *change;
    struct store_watch *w;
    struct arena a;
    int err;

    if (c != &f->objects || !str_starts(position, STR("x")))
        return ERR_UNSUPPORTED;
    err = store_watch_start(f->store, &query, ignore_ready, NULL, &w);
    if (err)
        return err;
    arena_init(&a, 512);
    while ((err = store_watch_next(w, &change)) == 0) {
        const struct store_object *o = change->object;

        arena_reset(&a);
        if (decides_for_others(f, o)) {
            err = ERR_UNSUPPORTED;
            break;
        }
        if (!(o->kind & STORE_KIND_STATUS) && ads_row_is_served(o))
            each(each_arg, ads_row_name(o, &a));
    }
    arena_deinit(&a);
    store_watch_stop(w);
    return err == ERR_AGAIN ? 0 : err;
}
