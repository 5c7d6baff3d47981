#include "modes/control/gwapi_status.h"

#include "core/api/mesh_file.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/compile/compile_gwapi_objects.h"
#include "core/compile/compile_gwapi_status.h"
#include "core/compile/compile_gwapi_view.h"
#include "core/compile/compile_ingress.h"
#include "core/loop/clock.h"
#include "core/loop/worker.h"
#include "modes/control/ads.h"
#include "modes/control/status_row.h"
#include "store/store.h"

static struct log_module log_module = LOG_MODULE("status");

/* Changes that come together are judged together; who serves what is looked at now and then. */
enum { SETTLE_MS = 20, LOOK_MS = 500 };

struct gwapi_status {
    struct store *store;
    struct ads *ads;
    struct compile_gwapi_objects objects;
    struct store_watch *watch;
    struct timer timer, look;
    uint64_t clients; /* hash of the gateway processes that were connected at the last look */
    struct map left; /* addresses of processes that were connected here and are not now; keys own */
    struct map here; /* those that are; keys own, value: the Gateway they serve, or "" */
};

/* ---- objects ---- */

static void take(struct gwapi_status *g, uint16_t kind, struct str ns, struct str name)
{
    const struct store_object *row = store_find(g->store, kind, ns, name);
    struct object *o;

    if (!row) {
        compile_gwapi_objects_remove(&g->objects, api_kind_by_id(kind), ns, name);
        return;
    }
    o = status_row_read(g->store, row);
    if (o)
        compile_gwapi_objects_put(&g->objects, o);
    object_unref(o);
}

static void take_all(struct gwapi_status *g)
{
    for (size_t i = 0; i < api_kind_count(); i++) {
        uint16_t kind = api_kind_at(i)->id;
        const struct store_object *o;

        if (!compile_gwapi_objects_wants(kind))
            continue;
        for (o = store_next(g->store, kind, STR(""), STR_NONE, STR_NONE); o;
             o = store_next(g->store, kind, STR(""), o->ns, o->name))
            take(g, kind, o->ns, o->name);
    }
}

/* ---- certificates of Gateways and Ingresses ---- */

struct share {
    struct arena *arena;
    struct str *names;
    size_t count;
};

static void share_one(void *arg, struct str ns, struct str name)
{
    struct share *s = arg;

    s->names = arena_grow(s->arena, s->names, s->count, s->count + 1, sizeof(*s->names));
    s->names[s->count++] = arena_printf(s->arena, "%.*s/%.*s", STR_ARG(ns), STR_ARG(name));
}

/* MeshConfig says which Ingresses are ours. */
static void share_ingresses(struct gwapi_status *g, struct share *s)
{
    const struct compile_gwapi_world *w = &g->objects.world;
    const struct object *o =
        w->find(w->arg, API_KIND_CONFIG_MAP, STR("istio-system"), MESH_FILE_NAME);
    struct mesh_config config = { 0 };

    if (o)
        (void)mesh_file_read_config(mesh_file_key(o, "mesh"), STR_NONE, s->arena, NULL, &config);
    compile_ingress_each_secret(w, &config, share_one, s);
}

static void share(struct gwapi_status *g)
{
    struct compile_gwapi_view view;
    struct share s = { .count = 0 };
    struct arena a;

    arena_init(&a, 4096);
    s.arena = &a;
    compile_gwapi_view_build(&g->objects.world, &a, &view);
    compile_gwapi_view_each_secret(&view, share_one, &s);
    share_ingresses(g, &s);
    ads_share_secrets(g->ads, s.names, s.count);
    arena_deinit(&a);
}

/* Whether objects of the kind decide about certificates. */
static bool is_about_certificates(uint16_t kind)
{
    return kind == API_KIND_K8S_GATEWAY || kind == API_KIND_LISTENER_SET ||
           kind == API_KIND_REFERENCE_GRANT || kind == API_KIND_GATEWAY_CLASS ||
           kind == API_KIND_NAMESPACE || kind == API_KIND_SECRET || kind == API_KIND_CONFIG_MAP ||
           compile_ingress_wants(kind);
}

static void on_ready(void *arg);

static int watch(struct gwapi_status *g)
{
    struct store_watch_query query = { .class = STORE_CLASS_CONFIG };
    int err = store_watch_start(g->store, &query, on_ready, g, &g->watch);

    if (!err) {
        compile_gwapi_objects_deinit(&g->objects);
        compile_gwapi_objects_init(&g->objects, g->objects.world.dns_domain);
        take_all(g);
        share(g);
        timer_start(&g->timer, SETTLE_MS);
    }
    return err;
}

static void on_ready(void *arg)
{
    struct gwapi_status *g = arg;
    const struct store_change *change;
    bool certificates = false;
    int err;

    if (!g->watch)
        return;
    while ((err = store_watch_next(g->watch, &change)) == 0) {
        uint16_t kind = change->object->kind & STORE_KIND_MAX;

        if (!compile_gwapi_objects_wants(kind))
            continue;
        take(g, kind, change->object->ns, change->object->name);
        certificates |= is_about_certificates(kind);
        if (!timer_is_running(&g->timer))
            timer_start(&g->timer, SETTLE_MS);
    }
    if (certificates)
        share(g);
    if (err != ERR_LIMIT)
        return;
    store_watch_stop(g->watch); /* too slow: everything is read anew */
    g->watch = NULL;
    err = watch(g);
    if (err)
        log_error("status is no longer written: %s", error_text(err));
}

/* ---- who serves ---- */

/* "router~10.0.0.1~name.ns~..." */
static struct str address_of(struct str id)
{
    struct str rest = id;

    return str_is(str_cut(&rest, '~'), "router") ? str_cut(&rest, '~') : STR_NONE;
}

static void put_key(struct map *m, struct str key, const char *value)
{
    if (!map_find(m, key))
        map_put(m, str_make(str_dup(key), key.len), mem_strdup(value));
}

static void clear(struct map *m)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(m, &at));) {
        mem_free((char *)(uintptr_t)s->key.p); /* made by put_key */
        mem_free(s->value);
    }
    map_deinit(m);
    map_init(m);
}

static void forget_key(struct map *m, struct str key)
{
    struct map_slot *s = map_find(m, key);
    char *text, *value;

    if (!s)
        return;
    text = (char *)(uintptr_t)s->key.p;
    value = s->value;
    map_remove(m, key);
    mem_free(text);
    mem_free(value);
}

static void count_client(void *arg, const struct ads_client *c)
{
    uint64_t *hash = arg;

    if (address_of(c->id).len) /* in any order */
        *hash += hash_content(c->id.p, c->id.len) | 1;
}

static void add_client(void *arg, const struct ads_client *c)
{
    struct gwapi_status *g = arg;
    struct str address = address_of(c->id);
    char *name;

    if (!address.len)
        return;
    name = c->gateway.len ? mem_printf("%.*s/%.*s", STR_ARG(c->ns), STR_ARG(c->gateway))
                          : mem_strdup("");
    put_key(&g->here, address, name);
    forget_key(&g->left, address);
    mem_free(name);
}

static void on_look(struct timer *t)
{
    struct gwapi_status *g = CONTAINER_OF(t, struct gwapi_status, look);
    uint64_t now = 0;
    size_t at = 0;

    timer_start(t, LOOK_MS);
    ads_each_client(g->ads, count_client, &now);
    if (now == g->clients)
        return;
    g->clients = now;
    for (struct map_slot *s; (s = map_next(&g->here, &at));)
        put_key(&g->left, s->key, "");
    clear(&g->here);
    ads_each_client(g->ads, add_client, g);
    timer_start(&g->timer, SETTLE_MS);
}

/* ---- judging and writing ---- */

static void on_addresses(void *arg, const struct object *gateway,
                         void (*add)(void *add_arg, const char *type, struct str value),
                         void *add_arg)
{
    struct gwapi_status *g = arg;
    const struct node *status = node_getz(gateway->node, "status");
    const struct node *old = node_getz(status, "addresses");
    char *key = mem_printf("%.*s/%.*s", STR_ARG(gateway->ns), STR_ARG(gateway->name));
    size_t at = 0;

    if (old && old->kind == NODE_LIST)
        NODE_EACH(item, old)
    if (!map_find(&g->left, node_get_str(item, "value")))
        add(add_arg, "IPAddress", node_get_str(item, "value"));
    for (struct map_slot *s; (s = map_next(&g->here, &at));) {
        const char *serves = s->value;

        if (!serves[0] || str_is(str_of(key), serves))
            add(add_arg, "IPAddress", s->key);
    }
    mem_free(key);
}

static void on_status(void *arg, const struct object *o, struct node *status)
{
    struct gwapi_status *g = arg;
    const struct node *old = node_getz(o->node, "status");
    const struct store_object *row = store_find(g->store, o->kind->id, o->ns, o->name);

    if (row && !(old && node_equal(old, status)))
        status_row_write(g->store, row, status);
}

static void on_timer(struct timer *timer)
{
    struct gwapi_status *g = CONTAINER_OF(timer, struct gwapi_status, timer);
    struct compile_gwapi_status_input in = { .world = &g->objects.world,
                                             .now_ns = clock_wall_ns(),
                                             .addresses = on_addresses,
                                             .addresses_arg = g,
                                             .emit = on_status,
                                             .emit_arg = g };
    struct arena a;

    arena_init(&a, 4096);
    compile_gwapi_status_run(&in, &a);
    arena_deinit(&a);
}

int gwapi_status_new(struct worker *w, struct store *s, struct ads *ads, const char *dns_domain,
                     struct gwapi_status **out)
{
    struct gwapi_status *g = mem_alloc0(1, sizeof(*g));
    int err;

    g->store = s;
    g->ads = ads;
    map_init(&g->left);
    map_init(&g->here);
    compile_gwapi_objects_init(&g->objects, str_of(dns_domain));
    timer_init(&g->timer, &w->timers, on_timer);
    timer_init(&g->look, &w->timers, on_look);
    err = watch(g);
    if (err) {
        gwapi_status_free(g);
        return err;
    }
    timer_start(&g->look, LOOK_MS);
    ads_set_refresh(ads, on_ready, g);
    *out = g;
    return 0;
}

void gwapi_status_free(struct gwapi_status *g)
{
    if (!g)
        return;
    ads_set_refresh(g->ads, NULL, NULL);
    store_watch_stop(g->watch);
    timer_cancel(&g->timer);
    timer_cancel(&g->look);
    clear(&g->left);
    clear(&g->here);
    compile_gwapi_objects_deinit(&g->objects);
    mem_free(g);
}
