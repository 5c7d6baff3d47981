#include "modes/control/workload.h"

#include <stdio.h>

#include "core/api/k8s_service.h"
#include "core/api/object.h"
#include "core/api/workload_selector.h"
#include "core/base/error.h"
#include "core/base/list.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/net/addr.h"
#include "core/pki/pki_spiffe.h"
#include "modes/control/workload_service.h"

static struct log_module log_module = LOG_MODULE("workload");

#define LIVE_KIND (STORE_KIND_LIVE | API_KIND_WORKLOAD_ENTRY)
/* Proxies come back within their longest pause, and a little. */
#define ADOPT_MS  30000
#define PORTS_MAX 64

struct entry {
    struct list link;
    struct workload *owner;
    const void *stream; /* NULL: its stream has ended */
    char *ns, *name;
    struct arena arena; /* of object */
    struct node *object;
    struct timer linger;
};

struct workload {
    struct worker *worker;
    struct store *store;
    struct list entries;
};

/* ---- the store ---- */

static void on_written(void *arg, const struct store_reply *reply)
{
    (void)arg;
    if (reply->code && reply->code != ERR_NOT_FOUND && reply->code != ERR_CLOSED)
        log_error("a workload is not recorded: %s",
                  reply->text ? reply->text : error_text(reply->code));
}

static void write_entry(struct entry *e)
{
    struct store_txn *t = store_txn_new();
    struct buf body;

    buf_init(&body, 0);
    (void)node_write_json(e->object, &body, NODE_SORTED);
    store_txn_put(t, LIVE_KIND, str_of(e->ns), str_of(e->name), buf_str(&body), false, NULL);
    buf_deinit(&body);
    store_write(e->owner->store, t, on_written, NULL);
}

static void entry_free(struct entry *e)
{
    timer_cancel(&e->linger);
    list_remove(&e->link);
    arena_deinit(&e->arena);
    mem_free(e->ns);
    mem_free(e->name);
    mem_free(e);
}

static void drop(struct entry *e)
{
    struct store_txn *t = store_txn_new();

    log_info("workload %s/%s left", e->ns, e->name);
    store_txn_delete(t, LIVE_KIND, str_of(e->ns), str_of(e->name), NULL);
    store_write(e->owner->store, t, on_written, NULL);
    entry_free(e);
}

static void on_linger(struct timer *t)
{
    drop(CONTAINER_OF(t, struct entry, linger));
}

/* ---- entries ---- */

static struct entry *find_stream(const struct workload *x, const void *stream)
{
    LIST_FOREACH(it, tmp, &x->entries)
    {
        struct entry *e = LIST_ITEM(it, struct entry, link);

        if (e->stream == stream)
            return e;
    }
    return NULL;
}

static struct entry *find_name(const struct workload *x, struct str ns, struct str name)
{
    LIST_FOREACH(it, tmp, &x->entries)
    {
        struct entry *e = LIST_ITEM(it, struct entry, link);

        if (str_is(ns, e->ns) && str_is(name, e->name))
            return e;
    }
    return NULL;
}

static struct entry *entry_new(struct workload *x, struct str ns, struct str name)
{
    struct entry *e = mem_alloc0(1, sizeof(*e));

    e->owner = x;
    e->ns = str_dup(ns);
    e->name = str_dup(name);
    arena_init(&e->arena, 2048);
    timer_init(&e->linger, &x->worker->timers, on_linger);
    list_push(&x->entries, &e->link);
    return e;
}

struct workload *workload_new(struct worker *w, struct store *s)
{
    struct workload *x = mem_alloc0(1, sizeof(*x));
    const struct store_object *o = store_next(s, LIVE_KIND, STR(""), STR_NONE, STR_NONE);

    x->worker = w;
    x->store = s;
    list_init(&x->entries);
    for (; o; o = store_next(s, LIVE_KIND, STR(""), o->ns, o->name))
        timer_start(&entry_new(x, o->ns, o->name)->linger, ADOPT_MS);
    return x;
}

void workload_free(struct workload *x)
{
    if (!x)
        return;
    LIST_FOREACH(it, tmp, &x->entries)
    entry_free(LIST_ITEM(it, struct entry, link));
    mem_free(x);
}

/* ---- what a proxy says ---- */

/* "10.0.0.1,fd00::1" -> its first */
static struct str first_of(struct str list)
{
    return str_cut(&list, ',');
}

/* {"8080": 41234, "80": 41234}: where the sidecar listens for each of the app's ports, and in
 * *address its IP when it is one particular address. Under the service's number, too: instances may
 * have the app on different ports, and Services of our own name theirs by it. */
static struct node *read_ports(struct arena *a, const struct node *list, struct str *address)
{
    struct node *ports = node_new(a, NODE_MAP);
    size_t count = 0;

    if (!list || list->kind != NODE_LIST)
        return ports;
    NODE_EACH(it, list)
    {
        int64_t port, service;
        struct str name;
        struct addr at;
        char ip[ADDR_TEXT_MAX];

        if (!node_to_int(node_getz(it, "port"), &port) || port < 1 || port > 65535 ||
            addr_parse(node_get_str(it, "address"), 0, &at) != 0 || at.port == 0 ||
            ++count > PORTS_MAX)
            continue;
        node_set(ports, arena_printf(a, "%lld", (long long)port), node_new_int(a, at.port));
        if (node_to_int(node_getz(it, "service"), &service) && service > 0 && service <= 65535) {
            name = arena_printf(a, "%lld", (long long)service);
            if (!node_get(ports, name))
                node_set(ports, name, node_new_int(a, at.port));
        }
        if (!addr_is_any(&at))
            *address = arena_str(a, str_of(addr_format_ip(&at, ip)));
    }
    return ports;
}

static struct node *read_labels(struct arena *a, const struct node *from)
{
    struct node *labels =
        from && from->kind == NODE_MAP ? node_copy(a, from) : node_new(a, NODE_MAP);

    labels->key = STR_NONE;
    node_set_str(a, labels, "security.istio.io/tlsMode", STR("istio"));
    node_set_str(a, labels, "mesh.dev/hop", STR("mesh"));
    return labels;
}

static struct node *make_object(struct arena *a, const struct node *meta, struct str ns,
                                struct str name)
{
    struct node *root = node_new(a, NODE_MAP), *metadata = node_new(a, NODE_MAP);
    struct node *spec = node_new(a, NODE_MAP);
    struct str address = first_of(node_get_str(meta, "INSTANCE_IPS")), sa, network;
    struct node *ports = read_ports(a, node_getz(meta, "MESH_PORTS"), &address);

    node_set_str(a, root, "apiVersion", STR("networking.istio.io/v1"));
    node_set_str(a, root, "kind", STR("WorkloadEntry"));
    node_set_str(a, metadata, "name", arena_str(a, name));
    node_set_str(a, metadata, "namespace", arena_str(a, ns));
    node_set(metadata, STR("labels"), read_labels(a, node_getz(meta, "LABELS")));
    node_set(root, STR("metadata"), metadata);
    node_set_str(a, spec, "address", arena_str(a, address));
    node_set(spec, STR("ports"), ports);
    node_set(spec, STR("labels"), read_labels(a, node_getz(meta, "LABELS")));
    sa = node_get_str(meta, "SERVICE_ACCOUNT");
    node_set_str(a, spec, "serviceAccount", sa.len ? arena_str(a, sa) : STR("default"));
    network = node_get_str(meta, "NETWORK");
    if (network.len)
        node_set_str(a, spec, "network", arena_str(a, network));
    node_set(root, STR("spec"), spec);
    return root;
}

/* Sets status.conditions of e's object. */
static void set_condition(struct entry *e, struct str why)
{
    struct node *status = node_new(&e->arena, NODE_MAP), *list = node_new(&e->arena, NODE_LIST);
    struct node *one = node_new(&e->arena, NODE_MAP);

    node_set_str(&e->arena, one, "type", STR("Healthy"));
    node_set_str(&e->arena, one, "status", why.len ? STR("False") : STR("True"));
    if (why.len)
        node_set_str(&e->arena, one, "message", arena_str(&e->arena, str_head(why, 256)));
    node_add(list, one);
    node_set(status, STR("conditions"), list);
    node_set(e->object, STR("status"), status);
}

static int check_object(const struct node *n, struct object **out)
{
    struct diag d;
    int err;

    diag_init(&d);
    err = object_decode(out, n, &d, NULL);
    if (err && d.first)
        log_warn("a workload is refused: %.*s", STR_ARG(d.first->message));
    diag_deinit(&d);
    return err;
}

static int check_identity(struct str identity, const struct node *meta, const char **why)
{
    struct str sa = node_get_str(meta, "SERVICE_ACCOUNT");
    struct pki_spiffe id;

    if (!identity.len)
        return 0;
    *why = "namespace or service account differ from those of the certificate";
    if (pki_spiffe_parse(identity, &id) != 0 || !str_eq(id.ns, node_get_str(meta, "NAMESPACE")) ||
        !str_eq(id.sa, sa.len ? sa : STR("default")))
        return ERR_DENIED;
    return 0;
}

int workload_register(struct workload *x, const void *stream, struct str identity,
                      const struct xds_msg_node *node, const char **why)
{
    const struct node *meta = node->metadata;
    struct str ns = node_get_str(meta, "NAMESPACE"), name = node_get_str(meta, "NAME");
    struct entry *e;
    struct object *checked;
    struct arena a;
    int err = check_identity(identity, meta, why);

    if (err)
        return err;
    *why = "the workload's description is not valid";
    arena_init(&a, 2048);
    err = check_object(make_object(&a, meta, ns, name), &checked);
    arena_deinit(&a);
    if (err)
        return ERR_INVALID;
    e = find_stream(x, stream);
    if (e && !(str_is(ns, e->ns) && str_is(name, e->name))) {
        drop(e);
        e = NULL;
    }
    if (!e)
        e = find_name(x, ns, name);
    if (!e)
        e = entry_new(x, ns, name);
    timer_cancel(&e->linger);
    e->stream = stream; /* the newest stream of a name speaks for it */
    arena_reset(&e->arena);
    e->object = make_object(&e->arena, meta, ns, name);
    if (node_get_str(meta, "MESH_HEALTH").len) /* it is probed */
        set_condition(e, str_is(node_get_str(meta, "MESH_HEALTH"), "ok")
                             ? STR_NONE
                             : node_get_str(meta, "MESH_HEALTH"));
    log_info("workload %s/%s is here", e->ns, e->name);
    write_entry(e);
    workload_service_ensure(x->store, checked, node_getz(meta, "MESH_PORTS"));
    object_unref(checked);
    return 0;
}

void workload_set_health(struct workload *x, const void *stream, struct str why)
{
    struct entry *e = find_stream(x, stream);

    if (!e || !e->object)
        return;
    set_condition(e, why);
    write_entry(e);
}

void workload_leave(struct workload *x, const void *stream)
{
    struct entry *e = find_stream(x, stream);

    if (e)
        drop(e);
}

void workload_stream_end(struct workload *x, const void *stream)
{
    struct entry *e = find_stream(x, stream);

    if (!e)
        return;
    e->stream = NULL;
    timer_start(&e->linger, WORKLOAD_LINGER_MS);
}
