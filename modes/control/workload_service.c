#include "modes/control/workload_service.h"

#include <stdio.h>

#include "core/api/api_default.h"
#include "core/api/k8s_service.h"
#include "core/api/workload_entry.h"
#include "core/api/workload_selector.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/text/node_json.h"

static struct log_module log_module = LOG_MODULE("workload");

enum { TRIES = 5, PORTS_MAX = 64 };

struct port {
    int64_t number; /* what clients ask for */
    char protocol[16];
};

/* One attempt after the other, while others write the same Service. */
struct task {
    struct store *store;
    char *ns, *app;
    struct port ports[PORTS_MAX];
    size_t count;
    int tries;
};

static void task_free(struct task *t)
{
    mem_free(t->ns);
    mem_free(t->app);
    mem_free(t);
}

static struct str label_of(const struct field_pair *labels, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(labels[i].key, key))
            return labels[i].value;
    return STR_NONE;
}

static struct object *read_service(const struct store_object *row)
{
    struct object_options options = { .stored = true };
    struct object *o = NULL;

    return object_decode_json(&o, row->body, NULL, NULL, &options) == 0 ? o : NULL;
}

/* A Service of somebody's own that has the workload among its own. */
static bool is_selected(struct store *s, const struct object *entry)
{
    const struct workload_entry *we = entry->spec;
    const struct store_object *row = store_next(s, API_KIND_SERVICE, entry->ns, STR_NONE, STR_NONE);
    bool found = false;

    for (; row && !found; row = store_next(s, API_KIND_SERVICE, entry->ns, row->ns, row->name)) {
        struct object *o = read_service(row);
        const struct k8s_service *spec = o ? o->spec : NULL;

        found = spec && spec->selector_count &&
                !object_meta_label(o->meta, STR(WORKLOAD_SERVICE_LABEL)).p &&
                workload_selector_is_match(spec->selector, spec->selector_count, we->labels,
                                           we->labels_count);
        object_unref(o);
    }
    return found;
}

/* ---- the object ---- */

/* The target is a number that workloads map to where they are reached (WorkloadEntry.ports), since
 * the app's own port may differ between instances. */
static struct node *port_node(struct arena *a, const struct port *p)
{
    struct node *n = node_new(a, NODE_MAP);
    bool known = p->protocol[0] && !str_is(str_of(p->protocol), "auto");

    node_set_str(a, n, "name",
                 arena_printf(a, "%s-%lld", known ? p->protocol : "port", (long long)p->number));
    node_set(n, STR("port"), node_new_int(a, p->number));
    node_set_str(a, n, "protocol", STR("TCP"));
    node_set(n, STR("targetPort"), node_new_int(a, p->number));
    return n;
}

static bool has_port(const struct node *ports, int64_t number)
{
    int64_t have;

    NODE_EACH(it, ports)
    if (node_to_int(node_getz(it, "port"), &have) && have == number)
        return true;
    return false;
}

/* Whether one was missing. */
static bool add_ports(struct arena *a, struct node *ports, const struct task *t)
{
    bool changed = false;

    for (size_t i = 0; i < t->count; i++) {
        if (has_port(ports, t->ports[i].number))
            continue;
        node_add(ports, port_node(a, &t->ports[i]));
        changed = true;
    }
    return changed;
}

static struct node *new_service(struct arena *a, const struct task *t)
{
    struct node *root = node_new(a, NODE_MAP), *meta = node_new(a, NODE_MAP);
    struct node *spec = node_new(a, NODE_MAP), *labels = node_new(a, NODE_MAP);
    struct node *selector = node_new(a, NODE_MAP), *ports = node_new(a, NODE_LIST);

    node_set_str(a, root, "apiVersion", STR("v1"));
    node_set_str(a, root, "kind", STR("Service"));
    node_set_str(a, labels, WORKLOAD_SERVICE_LABEL, STR("true"));
    node_set_str(a, labels, "app", str_of(t->app));
    node_set_str(a, meta, "name", str_of(t->app));
    node_set_str(a, meta, "namespace", str_of(t->ns));
    node_set(meta, STR("labels"), labels);
    node_set(root, STR("metadata"), meta);
    node_set_str(a, selector, "app", str_of(t->app));
    (void)add_ports(a, ports, t);
    node_set(spec, STR("ports"), ports);
    node_set(spec, STR("selector"), selector);
    node_set_str(a, spec, "type", STR("ClusterIP"));
    node_set(root, STR("spec"), spec);
    return root;
}

/* ---- writing ---- */

static void attempt(struct task *t);

static void on_written(void *arg, const struct store_reply *reply)
{
    struct task *t = arg;

    if ((reply->code == ERR_CONFLICT || reply->code == ERR_EXISTS ||
         reply->code == ERR_NOT_FOUND) &&
        t->tries < TRIES) {
        attempt(t);
        return;
    }
    if (reply->code && reply->code != ERR_CLOSED)
        log_error("no Service for app %s in %s: %s", t->app, t->ns,
                  reply->text ? reply->text : error_text(reply->code));
    task_free(t);
}

static void put(struct task *t, struct arena *a, struct node *service,
                const struct store_expect *expect)
{
    struct store_txn *txn = store_txn_new();
    const struct api_kind *kind = api_kind_by_id(API_KIND_SERVICE);
    struct buf body;

    api_default_object(kind, a, service);
    buf_init(&body, 0);
    (void)node_write_json(service, &body, NODE_SORTED);
    store_txn_set_user(txn, STR("system:mesh:workload"));
    store_txn_put(txn, API_KIND_SERVICE, str_of(t->ns), str_of(t->app), buf_str(&body), false,
                  expect);
    buf_deinit(&body);
    store_write(t->store, txn, on_written, t);
}

static void attempt(struct task *t)
{
    const struct store_object *row =
        store_find(t->store, API_KIND_SERVICE, str_of(t->ns), str_of(t->app));
    struct store_expect expect = { .absent = true };
    struct node *service, *ports;
    struct arena a;

    t->tries++;
    arena_init(&a, 4096);
    if (!row) {
        put(t, &a, new_service(&a, t), &expect);
    } else {
        expect = (struct store_expect){ .version = str_of(row->version), .exists = true };
        if (node_json_read(&a, row->body, NULL, NULL, &service) != 0 ||
            !node_get_str(node_path(service, "metadata.labels"), WORKLOAD_SERVICE_LABEL).p ||
            !(ports = node_path(service, "spec.ports")) || !add_ports(&a, ports, t))
            task_free(t); /* somebody's own, or complete */
        else
            put(t, &a, service, &expect);
    }
    arena_deinit(&a);
}

static bool read_port(const struct node *from, const char *key, int64_t *out)
{
    return node_to_int(node_getz(from, key), out) && *out >= 1 && *out <= 65535;
}

void workload_service_ensure(struct store *s, const struct object *entry, const struct node *ports)
{
    const struct workload_entry *we = entry->spec;
    struct str app = label_of(we->labels, we->labels_count, "app");
    struct task *t;

    if (!app.len || !ports || ports->kind != NODE_LIST || !ports->first || is_selected(s, entry))
        return;
    t = mem_alloc0(1, sizeof(*t));
    t->store = s;
    t->ns = str_dup(entry->ns);
    t->app = str_dup(app);
    NODE_EACH(it, ports)
    {
        struct port *p = &t->ports[t->count];

        if (t->count == PORTS_MAX ||
            (!read_port(it, "service", &p->number) && !read_port(it, "port", &p->number)))
            continue;
        str_copy(node_get_str(it, "protocol"), p->protocol, sizeof(p->protocol));
        t->count++;
    }
    attempt(t);
}
