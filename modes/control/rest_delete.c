#include "modes/control/rest_delete.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/clock.h"
#include "core/text/timestamp.h"
#include "modes/control/rest_call.h"
#include "modes/control/rest_filter.h"
#include "modes/control/rest_object.h"
#include "modes/control/rest_write.h"

enum { MAX_TRIES = 8 };

/* DeleteOptions, from the body and from the query. propagationPolicy is read and checked; nothing
 * here owns other objects, so all policies do the same. */
struct options {
    bool dry_run;
    struct str version, uid; /* preconditions, or empty */
};

struct deletion {
    struct rest_call *call;
    struct options options;
    struct node *was; /* answered for one object without finalizers */
    bool many;
    size_t count;
    int tries;
};

static void attempt(struct deletion *d);

static bool check_policy(struct rest_call *call, struct str policy)
{
    if (policy.len == 0 || str_is(policy, "Background") || str_is(policy, "Foreground") ||
        str_is(policy, "Orphan"))
        return true;
    rest_call_fail_field(call, "propagationPolicy",
                         STR("must be Foreground, Background or Orphan"));
    return false;
}

static bool read_options(struct rest_call *call, struct options *o)
{
    struct node *body, *conditions, *dry;

    *o = (struct options){ .version = STR_NONE };
    if (!rest_write_read_dry_run(call, &o->dry_run) ||
        !check_policy(call, rest_call_param(call, "propagationPolicy")))
        return false;
    if (str_trim(buf_str(&call->body)).len == 0)
        return true;
    if (!rest_call_read_body(call, &body))
        return false;
    if (!check_policy(call, node_get_str(body, "propagationPolicy")))
        return false;
    conditions = node_getz(body, "preconditions");
    o->version = node_get_str(conditions, "resourceVersion");
    o->uid = node_get_str(conditions, "uid");
    dry = node_item(node_getz(body, "dryRun"), 0);
    o->dry_run = o->dry_run || (dry && str_is(dry->text, "All"));
    return true;
}

static bool has_finalizers(const struct node *n)
{
    const struct node *list = node_getz(node_getz(n, "metadata"), "finalizers");

    return list && list->count > 0;
}

static struct node *node_of(struct rest_call *call, const struct api_kind *k,
                            const struct store_object *o)
{
    return rest_object_node(k, k == call->kind ? call->version : STR_NONE, o,
                            store_find_status(call->rest->store, o), &call->arena);
}

/* Marks n as to be deleted: its finalizers have the last word. */
static bool put_mark(struct rest_call *call, struct store_txn *t, const struct api_kind *k,
                     const struct store_object *o, struct node *n)
{
    struct node *meta = rest_object_meta(n, &call->arena);
    struct store_expect expect = { .uid = o->uid, .exists = true };
    char now[TIMESTAMP_TEXT_BYTES], version[STORE_VERSION_BYTES];
    struct buf body;
    bool fits;

    store_version(o, NULL, version);
    expect.version = str_of(version);
    if (!node_getz(meta, "deletionTimestamp")) {
        timestamp_write_digits(clock_wall_ns(), 0, now);
        node_set_str(&call->arena, meta, "deletionTimestamp", arena_str(&call->arena, str_of(now)));
        node_set(meta, STR("deletionGracePeriodSeconds"), node_new_int(&call->arena, 0));
    }
    buf_init(&body, STORE_BODY_MAX_BYTES);
    fits = rest_object_body(k, n, &call->arena, &body) == 0;
    if (fits)
        store_txn_put(t, k->id, o->ns, o->name, buf_str(&body), o->sealed, &expect);
    buf_deinit(&body);
    return fits;
}

static void put_delete(struct rest_call *call, struct store_txn *t, const struct api_kind *k,
                       const struct store_object *o)
{
    struct node *n = node_of(call, k, o);
    struct store_expect expect = { .uid = o->uid, .exists = true };

    if (!has_finalizers(n) || !put_mark(call, t, k, o, n))
        store_txn_delete(t, k->id, o->ns, o->name, &expect);
}

/* ---- namespaces ---- */

/* Everything in it goes in the same transaction. */
static void put_namespace_content(struct rest_call *call, struct store_txn *t, struct str ns)
{
    const struct store *s = call->rest->store;

    for (size_t i = 0; i < api_kind_count(); i++) {
        const struct api_kind *k = api_kind_at(i);
        const struct store_object *o;

        if (!k->namespaced)
            continue;
        for (o = store_next(s, k->id, ns, STR_NONE, STR_NONE); o;
             o = store_next(s, k->id, ns, o->ns, o->name))
            put_delete(call, t, k, o);
    }
}

static bool may_delete_namespace(struct rest_call *call, struct str name)
{
    const struct store *s = call->rest->store;

    if (str_is(name, "default") || str_is(name, "istio-system")) {
        rest_call_fail_details(
            call, 403, "Forbidden",
            arena_printf(&call->arena,
                         "namespaces \"%.*s\" is forbidden: this namespace may not be deleted",
                         STR_ARG(name)),
            rest_call_details(call, name));
        return false;
    }
    for (size_t i = 0; i < api_kind_count(); i++) {
        const struct api_kind *k = api_kind_at(i);
        const struct store_object *o;

        for (o = k->namespaced ? store_next(s, k->id, name, STR_NONE, STR_NONE) : NULL; o;
             o = store_next(s, k->id, name, o->ns, o->name)) {
            if (!has_finalizers(node_of(call, k, o)))
                continue;
            rest_call_fail(call, 409, "Conflict",
                           "namespace \"%.*s\" has %s \"%.*s\" with finalizers: delete that first",
                           STR_ARG(name), k->kind, STR_ARG(o->name));
            return false;
        }
    }
    return true;
}

/* ---- the answer ---- */

static void answer_one(struct deletion *d, bool marked)
{
    struct rest_call *call = d->call;
    const struct node *meta = node_getz(d->was, "metadata");
    struct node *details = rest_call_details(call, call->name);

    if (marked) {
        const struct store_object *o =
            store_find(call->rest->store, call->kind->id, call->ns, call->name);

        rest_write_answer(call, 200,
                          o && !d->options.dry_run ? node_of(call, call->kind, o) : d->was);
        return;
    }
    node_set_str(&call->arena, details, "uid", node_get_str(meta, "uid"));
    rest_write_answer(call, 200, rest_call_status(&call->arena, 200, NULL, STR_NONE, details));
}

static void answer_many(struct deletion *d)
{
    struct rest_call *call = d->call;
    struct node *n = node_new(&call->arena, NODE_MAP), *meta = node_new(&call->arena, NODE_MAP);

    node_set_str(&call->arena, n, "kind", arena_printf(&call->arena, "%sList", call->kind->kind));
    node_set_str(&call->arena, n, "apiVersion",
                 api_kind_api_version(call->kind, call->version, &call->arena));
    node_set_str(&call->arena, meta, "resourceVersion",
                 rest_filter_token(call->rest->store, call->kind, &call->arena));
    node_set(n, STR("metadata"), meta);
    node_set(n, STR("items"), d->was); /* a list of what was deleted */
    rest_write_answer(call, 200, n);
}

static void on_written(void *arg, const struct store_reply *reply)
{
    struct deletion *d = arg;
    struct rest_call *call = d->call;

    call->waits = false;
    if (!call->hs)
        rest_call_end(call);
    else if ((reply->code == ERR_CONFLICT || (reply->code == ERR_NOT_FOUND && d->many)) &&
             d->tries < MAX_TRIES)
        attempt(d);
    else if (reply->code)
        rest_write_fail(call, reply->code, reply->text ? reply->text : error_text(reply->code));
    else if (d->many)
        answer_many(d);
    else
        answer_one(d, has_finalizers(d->was));
}

/* ---- on the way ---- */

static void submit(struct deletion *d, struct store_txn *t)
{
    store_txn_set_user(t, d->call->user);
    d->call->waits = true;
    store_write(d->call->rest->store, t, on_written, d);
}

static bool check_conditions(struct deletion *d, const struct store_object *o)
{
    char version[STORE_VERSION_BYTES], uid[STORE_OBJECT_UID_TEXT];

    store_version(o, store_find_status(d->call->rest->store, o), version);
    store_object_uid_text(o, uid);
    if ((d->options.version.len == 0 || str_is(d->options.version, version)) &&
        (d->options.uid.len == 0 || str_is(d->options.uid, uid)))
        return true;
    rest_write_fail(d->call, ERR_CONFLICT, "");
    return false;
}

static void attempt_one(struct deletion *d)
{
    struct rest_call *call = d->call;
    const struct store_object *o =
        store_find(call->rest->store, call->kind->id, call->ns, call->name);
    struct store_txn *t;

    if (!o) {
        rest_call_fail_not_found(call);
        return;
    }
    if (!check_conditions(d, o) ||
        (call->kind->id == API_KIND_NAMESPACE && !may_delete_namespace(call, call->name)))
        return;
    d->was = node_of(call, call->kind, o);
    if (d->options.dry_run) {
        answer_one(d, has_finalizers(d->was));
        return;
    }
    t = store_txn_new();
    if (call->kind->id == API_KIND_NAMESPACE)
        put_namespace_content(call, t, call->name);
    put_delete(call, t, call->kind, o);
    submit(d, t);
}

static void attempt_many(struct deletion *d)
{
    struct rest_call *call = d->call;
    const struct store *s = call->rest->store;
    struct rest_filter filter;
    const struct store_object *o;
    struct store_txn *t;

    if (!rest_filter_read(call, &filter))
        return;
    t = store_txn_new();
    d->was = node_new(&call->arena, NODE_LIST);
    d->count = 0;
    for (o = store_next(s, call->kind->id, call->ns, STR_NONE, STR_NONE); o;
         o = store_next(s, call->kind->id, call->ns, o->ns, o->name)) {
        struct node *n = node_of(call, call->kind, o);

        if (!rest_filter_fits(&filter, n, &call->arena))
            continue;
        put_delete(call, t, call->kind, o);
        node_add(d->was, n);
        d->count++;
    }
    if (d->count == 0 || d->options.dry_run) {
        store_txn_free(t);
        answer_many(d);
        return;
    }
    submit(d, t);
}

static void attempt(struct deletion *d)
{
    d->tries++;
    if (d->many)
        attempt_many(d);
    else
        attempt_one(d);
}

static void start(struct rest_call *call, bool many)
{
    struct deletion *d = arena_alloc0(&call->arena, 1, sizeof(*d));

    d->call = call;
    d->many = many;
    if (many && call->kind->id == API_KIND_NAMESPACE) {
        rest_call_fail(call, 405, "MethodNotAllowed", "namespaces are deleted one by one");
        return;
    }
    if (read_options(call, &d->options))
        attempt(d);
}

void rest_delete_object(struct rest_call *call)
{
    start(call, false);
}

void rest_delete_collection(struct rest_call *call)
{
    start(call, true);
}
