#include "modes/control/vip_status.h"

#include "core/api/service_entry.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/compile/registry.h"
#include "core/compile/registry_istio.h"
#include "core/loop/worker.h"
#include "modes/control/ads.h"
#include "modes/control/status_row.h"
#include "store/store.h"

static struct log_module log_module = LOG_MODULE("status");

enum { SETTLE_MS = 20 };

struct vip_status {
    struct store *store;
    struct ads *ads;
    struct store_watch *watch;
    struct timer timer;
    struct map due; /* "NS/NAME", own keys */
};

/* ---- what is due ---- */

static void add_due(struct vip_status *v, struct str ns, struct str name)
{
    char *key = mem_printf("%.*s/%.*s", STR_ARG(ns), STR_ARG(name));

    if (map_find(&v->due, str_of(key)))
        mem_free(key);
    else
        map_put(&v->due, str_of(key), v);
    if (!timer_is_running(&v->timer))
        timer_start(&v->timer, SETTLE_MS);
}

static void clear_due(struct vip_status *v)
{
    struct map_slot *slot;

    for (size_t at = 0; (slot = map_next(&v->due, &at));)
        mem_free((char *)(uintptr_t)slot->key.p); /* made by add_due */
    map_deinit(&v->due);
    map_init(&v->due);
}

/* ---- writing ---- */

/* The list as it is to be; NULL: the entry wants none. */
static struct node *addresses_of(const struct vip_status *v, const struct object *o,
                                 struct arena *a)
{
    const struct service_entry *se = o->spec;
    struct node *list = NULL;

    for (size_t i = 0; i < se->hosts_count; i++) {
        struct str host = arena_lower(a, se->hosts[i]);
        const struct registry_service *s = registry_find(ads_registry(v->ads), host);

        if (!s || !s->vip_allocated || !registry_istio_wants_address(o, se->hosts[i]))
            continue;
        for (uint32_t j = 0; j < s->vip_count; j++) {
            struct node *item = node_new(a, NODE_MAP);
            char text[ADDR_TEXT_MAX];

            list = list ? list : node_new(a, NODE_LIST);
            node_set_str(a, item, "value", arena_str(a, str_of(addr_format_ip(&s->vips[j], text))));
            node_set_str(a, item, "host", host);
            node_add(list, item);
        }
    }
    return list;
}

static void write_addresses(struct vip_status *v, const struct object *o,
                            const struct store_object *row)
{
    const struct node *old = node_getz(o->node, "status");
    const struct node *was = node_getz(old, "addresses");
    struct node *status, *now;
    struct arena a;

    arena_init(&a, 4096);
    now = addresses_of(v, o, &a);
    if (now ? !was || !node_equal(was, now) : was != NULL) {
        status = old ? node_copy(&a, old) : node_new(&a, NODE_MAP);
        if (now)
            node_set(status, STR("addresses"), now);
        else
            node_remove(status, node_getz(status, "addresses"));
        status_row_write(v->store, row, status);
    }
    arena_deinit(&a);
}

static void look_at(struct vip_status *v, struct str ns, struct str name)
{
    const struct store_object *row = store_find(v->store, API_KIND_SERVICE_ENTRY, ns, name);
    struct object *o = row ? status_row_read(v->store, row) : NULL;

    if (o)
        write_addresses(v, o, row);
    object_unref(o);
}

static void on_timer(struct timer *t)
{
    struct vip_status *v = CONTAINER_OF(t, struct vip_status, timer);
    struct map due = v->due;
    struct map_slot *slot;

    map_init(&v->due);
    for (size_t at = 0; (slot = map_next(&due, &at));) {
        struct str name = slot->key, ns = str_cut(&name, '/');

        look_at(v, ns, name);
        mem_free((char *)(uintptr_t)slot->key.p);
    }
    map_deinit(&due);
}

/* ---- following ---- */

static void on_ready(void *arg);

static int watch(struct vip_status *v)
{
    struct store_watch_query query = { .class = STORE_CLASS_CONFIG };
    const struct store_object *o;
    int err = store_watch_start(v->store, &query, on_ready, v, &v->watch);

    for (o = err ? NULL : store_next(v->store, API_KIND_SERVICE_ENTRY, STR(""), STR_NONE, STR_NONE);
         o; o = store_next(v->store, API_KIND_SERVICE_ENTRY, STR(""), o->ns, o->name))
        add_due(v, o->ns, o->name);
    return err;
}

static void on_ready(void *arg)
{
    struct vip_status *v = arg;
    const struct store_change *change;
    int err;

    if (!v->watch)
        return;
    while ((err = store_watch_next(v->watch, &change)) == 0) {
        if ((change->object->kind & STORE_KIND_MAX) == API_KIND_SERVICE_ENTRY)
            add_due(v, change->object->ns, change->object->name);
    }
    if (err != ERR_LIMIT)
        return;
    store_watch_stop(v->watch); /* too slow: everything is looked at anew */
    v->watch = NULL;
    err = watch(v);
    if (err)
        log_error("addresses of ServiceEntries are no longer written: %s", error_text(err));
}

int vip_status_new(struct worker *w, struct store *s, struct ads *ads, struct vip_status **out)
{
    struct vip_status *v = mem_alloc0(1, sizeof(*v));
    int err;

    v->store = s;
    v->ads = ads;
    map_init(&v->due);
    timer_init(&v->timer, &w->timers, on_timer);
    err = watch(v);
    if (err) {
        vip_status_free(v);
        return err;
    }
    *out = v;
    return 0;
}

void vip_status_free(struct vip_status *v)
{
    if (!v)
        return;
    store_watch_stop(v->watch);
    timer_cancel(&v->timer);
    clear_due(v);
    mem_free(v);
}
