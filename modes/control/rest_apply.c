#include "modes/control/rest_apply.h"

#include "core/base/error.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/loop/clock.h"
#include "core/text/node_yaml.h"
#include "core/text/timestamp.h"
#include "modes/control/rest_call.h"
#include "modes/control/rest_managed.h"
#include "modes/control/rest_object.h"
#include "modes/control/rest_write.h"

enum { MAX_ITEMS = 10000, MAX_TRIES = 8 };

struct item {
    struct object *object; /* as decoded from the body */
    bool creates;
};

/* In the call's arena. */
struct apply {
    struct rest_call *call;
    struct item *items;
    size_t count, cap;
    bool dry_run;
    int tries;
};

static void attempt(struct apply *p);

static void drop(struct apply *p)
{
    for (size_t i = 0; i < p->count; i++)
        object_unref(p->items[i].object);
    p->count = 0;
}

/* ---- reading ---- */

static int add(struct apply *p, const struct node *n, struct diag *d)
{
    struct str ns = rest_call_param(p->call, "namespace");
    struct object_options options = { .ns = ns.len ? ns : STR("default") };
    struct object *o;
    int err;

    if (p->count == MAX_ITEMS) {
        diag_add(d, DIAG_ERROR, "MSH1004", NULL, STR_NONE, "more than %d objects", MAX_ITEMS);
        return ERR_LIMIT;
    }
    err = object_decode(&o, n, d, &options);
    if (err)
        return err;
    if (p->count == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 16;

        p->items = arena_grow(&p->call->arena, p->items, p->cap, cap, sizeof(*p->items));
        p->cap = cap;
    }
    p->items[p->count++] = (struct item){ .object = o };
    return 0;
}

static void add_document(struct apply *p, const struct node *n, struct diag *d)
{
    const struct node *items = node_getz(n, "items");

    if (!items || items->kind != NODE_LIST || !str_ends(node_get_str(n, "kind"), STR("List"))) {
        add(p, n, d);
        return;
    }
    NODE_EACH(it, items)
    if (add(p, it, d) == ERR_LIMIT)
        return;
}

/* One object must not be there twice: which of them would count? */
static void check_twice(struct apply *p, struct diag *d)
{
    struct map seen;

    map_init(&seen);
    for (size_t i = 0; i < p->count; i++) {
        struct object *o = p->items[i].object;

        if (map_put(&seen, object_key(o, &p->call->arena), o)) {
            d->object = object_title(o, &d->arena);
            diag_add(d, DIAG_ERROR, "MSH1007", NULL, STR("metadata.name"),
                     "the same object stands here twice");
        }
    }
    map_deinit(&seen);
}

static bool brings_namespace(const struct apply *p, struct str name)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i].object->kind->id == API_KIND_NAMESPACE &&
            str_eq(p->items[i].object->name, name))
            return true;
    return false;
}

static void check_namespaces(struct apply *p, struct diag *d)
{
    for (size_t i = 0; i < p->count; i++) {
        struct object *o = p->items[i].object;

        if (!o->kind->namespaced || brings_namespace(p, o->ns) ||
            store_find(p->call->rest->store, API_KIND_NAMESPACE, STR(""), o->ns))
            continue;
        d->object = object_title(o, &d->arena);
        diag_add(d, DIAG_ERROR, "MSH1008", NULL, STR("metadata.namespace"),
                 "namespace \"%.*s\" not found", STR_ARG(o->ns));
    }
}

/* False: answered. */
static bool read_items(struct apply *p)
{
    struct rest_call *call = p->call;
    struct node **docs = NULL;
    size_t count = 0;
    struct diag d;
    bool ok, none;

    diag_init(&d);
    if (node_yaml_read(&call->arena, buf_str(&call->body), NULL, &d, &docs, &count) == 0)
        for (size_t i = 0; i < count; i++)
            add_document(p, docs[i], &d);
    check_twice(p, &d);
    check_namespaces(p, &d);
    ok = !diag_has_errors(&d) && p->count > 0;
    none = p->count == 0;
    if (!ok)
        drop(p); /* before the answer: the items are in the call's arena */
    if (diag_has_errors(&d))
        rest_call_fail_diag(call, STR("List"), &d);
    else if (none)
        rest_call_fail(call, 400, "BadRequest", "the body has no objects");
    diag_deinit(&d);
    return ok;
}

/* ---- writing ---- */

/* Members of was's metadata map called key that next does not have. */
static void keep_members(struct arena *a, struct node *next, const struct node *was,
                         const char *key)
{
    const struct node *old = node_getz(node_getz(was, "metadata"), key);
    struct node *meta = rest_object_meta(next, a), *now = node_getz(meta, key);

    if (!old)
        return;
    if (!now || now->kind != old->kind) {
        if (!now)
            node_set(meta, str_of(key), node_copy(a, old));
        return;
    }
    NODE_EACH(it, old)
    if (old->kind == NODE_MAP && !node_get(now, it->key))
        node_set(now, it->key, node_copy(a, it));
}

static const char *const kept[] = {
    "labels",          "annotations",       "finalizers",
    "ownerReferences", "deletionTimestamp", "deletionGracePeriodSeconds"
};

static int put(struct apply *p, struct item *it, struct store_txn *t, const char *now)
{
    struct rest_call *call = p->call;
    const struct object *o = it->object;
    const struct api_kind *k = o->kind;
    const struct store_object *live = store_find(call->rest->store, k->id, o->ns, o->name);
    struct rest_managed_by by = { .manager = rest_write_manager(call), .time = str_of(now) };
    struct store_expect expect = { .absent = !live };
    struct node *next = node_copy(&call->arena, o->node), *was = NULL;
    struct buf body;
    int err;

    by.api_version = node_get_str(next, "apiVersion");
    node_unset(rest_object_meta(next, &call->arena), STR("managedFields"));
    rest_object_drop_nulls(next);
    if (live) {
        expect.version = str_of(live->version);
        expect.uid = live->uid;
        was = rest_object_node(k, o->version, live, NULL, &call->arena);
        for (size_t i = 0; i < COUNT_OF(kept); i++)
            keep_members(&call->arena, next, was, kept[i]);
    }
    it->creates = !live;
    rest_managed_update(&call->arena, k, was, next, &by);
    buf_init(&body, STORE_BODY_MAX_BYTES);
    err = rest_object_body(k, next, &call->arena, &body);
    if (!err)
        store_txn_put(t, k->id, o->ns, o->name, buf_str(&body), k->id == API_KIND_SECRET, &expect);
    buf_deinit(&body);
    return err;
}

static struct node *results_of(struct apply *p, const struct store_reply *reply)
{
    struct arena *a = &p->call->arena;
    struct node *doc = node_new(a, NODE_MAP), *list = node_new(a, NODE_LIST);

    for (size_t i = 0; i < p->count; i++) {
        const struct object *o = p->items[i].object;
        struct node *n = node_new(a, NODE_MAP);
        const char *result = p->items[i].creates                   ? "created"
                             : !reply || reply->results[i].changed ? "configured"
                                                                   : "unchanged";

        node_set_str(a, n, "apiVersion", api_kind_api_version(o->kind, o->version, a));
        node_set_str(a, n, "kind", str_of(o->kind->kind));
        if (o->kind->namespaced)
            node_set_str(a, n, "namespace", arena_str(a, o->ns));
        node_set_str(a, n, "name", arena_str(a, o->name));
        node_set_str(a, n, "result", str_of(result));
        node_add(list, n);
    }
    node_set(doc, STR("results"), list);
    return doc;
}

static void finish(struct apply *p, struct node *doc)
{
    struct rest_call *call = p->call;

    drop(p);
    rest_write_answer(call, 200, doc);
}

static void on_written(void *arg, const struct store_reply *reply)
{
    struct apply *p = arg;
    struct rest_call *call = p->call;

    call->waits = false;
    if (!call->hs) {
        drop(p);
        rest_call_end(call);
    } else if (reply->code == ERR_CONFLICT && p->tries < MAX_TRIES) {
        attempt(p);
    } else if (reply->code) {
        drop(p);
        rest_call_fail_code(call, reply->code, reply->text ? reply->text : error_text(reply->code));
    } else {
        finish(p, results_of(p, reply));
    }
}

static void attempt(struct apply *p)
{
    struct store_txn *t = store_txn_new();
    char now[TIMESTAMP_TEXT_BYTES];
    int err = 0;

    p->tries++;
    timestamp_write_digits(clock_wall_ns(), 0, now);
    for (size_t i = 0; i < p->count && !err; i++)
        err = put(p, &p->items[i], t, arena_strz(&p->call->arena, str_of(now)));
    if (err || p->dry_run) {
        store_txn_free(t);
        if (!err) {
            struct node *doc = results_of(p, NULL);
            struct rest_call *call = p->call;

            drop(p);
            rest_call_reply_node(call, 200, doc);
            return;
        }
        drop(p);
        rest_call_fail(p->call, 413, "RequestEntityTooLarge", "an object has more than %d bytes",
                       STORE_BODY_MAX_BYTES);
        return;
    }
    store_txn_set_user(t, p->call->user);
    p->call->waits = true;
    store_write(p->call->rest->store, t, on_written, p);
}

void rest_apply_list(struct rest_call *call)
{
    struct apply *p = arena_alloc0(&call->arena, 1, sizeof(*p));

    p->call = call;
    if (!rest_write_read_dry_run(call, &p->dry_run))
        return;
    if (!read_items(p)) /* answered: the call is gone */
        return;
    attempt(p);
}
