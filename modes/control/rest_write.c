#include "modes/control/rest_write.h"

#include "core/api/api_rule.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/base/random.h"
#include "core/loop/clock.h"
#include "core/loop/worker.h"
#include "core/text/node_json.h"
#include "core/text/timestamp.h"
#include "modes/control/rest_call.h"
#include "modes/control/rest_managed.h"
#include "modes/control/rest_mesh.h"
#include "modes/control/rest_object.h"
#include "modes/control/rest_patch.h"

enum { MAX_TRIES = 8, MAX_NAME_TRIES = 4 };

enum mode { MODE_CREATE, MODE_UPDATE, MODE_PATCH };

/* One write on its way; in the call's arena. */
struct rest_write {
    struct rest_call *call;
    enum mode mode;
    enum rest_patch_type patch;
    struct node *input; /* the body */
    bool status;        /* of the subresource */
    bool dry_run;
    bool creates; /* there was none before */
    int tries;
};

static void attempt(struct rest_write *w);

/* ---- small readings ---- */

struct str rest_write_manager(struct rest_call *call)
{
    struct str given = rest_call_param(call, "fieldManager"), rest = call->user_agent;

    if (given.len)
        return str_head(given, 128);
    given = str_head(str_cut(&rest, '/'), 128);
    return given.len ? given : STR("unknown");
}

bool rest_write_read_dry_run(struct rest_call *call, bool *out)
{
    struct str text = rest_call_param(call, "dryRun");

    *out = str_is(text, "All");
    if (text.len == 0 || *out)
        return true;
    rest_call_fail(call, 400, "BadRequest", "dryRun: \"%.*s\" is not All", STR_ARG(text));
    return false;
}

static struct rest_managed_by managed_by(struct rest_write *w)
{
    struct arena *a = &w->call->arena;
    char now[TIMESTAMP_TEXT_BYTES];

    timestamp_write_digits(clock_wall_ns(), 0, now);
    return (struct rest_managed_by){
        .manager = rest_write_manager(w->call),
        .api_version = api_kind_api_version(w->call->kind, w->call->version, a),
        .time = arena_str(a, str_of(now)),
        .force = rest_call_has_flag(w->call, "force"),
    };
}

void rest_write_fail(struct rest_call *call, int code, const char *text)
{
    struct str resource = rest_call_resource(call), message;
    struct node *details = rest_call_details(call, call->name);

    if (code == ERR_NOT_FOUND) {
        rest_call_fail_not_found(call);
    } else if (code == ERR_EXISTS) {
        message = arena_printf(&call->arena, "%.*s \"%.*s\" already exists", STR_ARG(resource),
                               STR_ARG(call->name));
        rest_call_fail_details(call, 409, "AlreadyExists", message, details);
    } else if (code == ERR_CONFLICT) {
        message = arena_printf(&call->arena,
                               "Operation cannot be fulfilled on %.*s \"%.*s\": the object has "
                               "been modified; please apply your changes to the latest version "
                               "and try again",
                               STR_ARG(resource), STR_ARG(call->name));
        rest_call_fail_details(call, 409, "Conflict", message, details);
    } else {
        rest_call_fail_code(call, code, text);
    }
}

void rest_write_answer(struct rest_call *call, int status, struct node *n)
{
    if (call->hs && !rest_mesh_wait(call, status, n))
        rest_call_reply_node(call, status, n);
    else if (!call->hs)
        rest_call_end(call);
}

/* ---- checks ---- */

static bool fill_type(struct rest_write *w, struct node *n)
{
    struct rest_call *call = w->call;
    struct str version = node_get_str(n, "apiVersion"), kind = node_get_str(n, "kind");
    struct str expected = api_kind_api_version(call->kind, call->version, &call->arena);

    if (version.len == 0)
        node_set_str(&call->arena, n, "apiVersion", expected);
    if (kind.len == 0)
        node_set_str(&call->arena, n, "kind", str_of(call->kind->kind));
    if ((version.len == 0 || str_eq(version, expected)) &&
        (kind.len == 0 || str_is(kind, call->kind->kind)))
        return true;
    rest_call_fail(call, 400, "BadRequest",
                   "the body is a %.*s of %.*s, but this path takes a %s of %.*s", STR_ARG(kind),
                   STR_ARG(version), call->kind->kind, STR_ARG(expected));
    return false;
}

/* Five letters and digits behind generateName, as Kubernetes makes them: no vowels, no words. */
static struct str generated_name(struct rest_call *call, struct str prefix)
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    char tail[5];

    for (size_t i = 0; i < sizeof(tail); i++)
        tail[i] = letters[random_below(&call->rest->worker->random, sizeof(letters) - 1)];
    return arena_printf(&call->arena, "%.*s%.5s", STR_ARG(str_head(prefix, 248)), tail);
}

static bool check_names(struct rest_write *w, struct node *n)
{
    struct rest_call *call = w->call;
    struct node *meta = rest_object_meta(n, &call->arena);
    struct str name = node_get_str(meta, "name"), ns = node_get_str(meta, "namespace");
    struct str prefix = node_get_str(meta, "generateName");

    if (w->mode == MODE_CREATE) {
        if (name.len == 0 && prefix.len)
            name = generated_name(call, prefix);
        call->name = name;
    } else if (name.len && !str_eq(name, call->name)) {
        rest_call_fail(call, 400, "BadRequest",
                       "the name of the object (%.*s) does not match the name on the URL (%.*s)",
                       STR_ARG(name), STR_ARG(call->name));
        return false;
    }
    if (call->name.len)
        node_set_str(&call->arena, meta, "name", call->name);
    if (!call->kind->namespaced)
        return true;
    if (ns.len && !str_eq(ns, call->ns)) {
        rest_call_fail(call, 400, "BadRequest",
                       "the namespace of the provided object does not match the namespace sent on "
                       "the request");
        return false;
    }
    node_set_str(&call->arena, meta, "namespace", call->ns);
    return true;
}

static bool check_namespace(struct rest_call *call)
{
    struct node *details;

    if (!call->kind->namespaced ||
        store_find(call->rest->store, API_KIND_NAMESPACE, STR(""), call->ns))
        return true;
    details = node_new(&call->arena, NODE_MAP);
    node_set_str(&call->arena, details, "name", call->ns);
    node_set_str(&call->arena, details, "kind", STR("namespaces"));
    rest_call_fail_details(
        call, 404, "NotFound",
        arena_printf(&call->arena, "namespaces \"%.*s\" not found", STR_ARG(call->ns)), details);
    return false;
}

/* resourceVersion and uid, where the client says them, are conditions. */
static bool check_conditions(struct rest_write *w, const struct node *n,
                             const struct store_object *o, const struct store_object *status)
{
    const struct node *meta = node_getz(n, "metadata");
    struct str version = node_get_str(meta, "resourceVersion"), uid = node_get_str(meta, "uid");
    char have[STORE_VERSION_BYTES], have_uid[STORE_OBJECT_UID_TEXT];

    if (!o) {
        if (version.len && w->mode == MODE_CREATE) {
            rest_call_fail(w->call, 400, "BadRequest",
                           "resourceVersion should not be set on objects to be created");
            return false;
        }
        return true;
    }
    store_version(o, status, have);
    store_object_uid_text(o, have_uid);
    if ((version.len == 0 || str_is(version, have) || str_is(version, "0")) &&
        (uid.len == 0 || str_is(uid, have_uid)))
        return true;
    rest_write_fail(w->call, ERR_CONFLICT, "");
    return false;
}

/* ---- what is to be written ---- */

/* Metadata that only the system sets: as it was. */
static void keep_system_meta(struct rest_write *w, struct node *n, const struct node *was)
{
    static const char *const kept[] = { "deletionTimestamp", "deletionGracePeriodSeconds" };
    struct node *meta = rest_object_meta(n, &w->call->arena);
    const struct node *old = node_getz(was, "metadata");

    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        const struct node *value = node_getz(old, kept[i]);

        node_unset(meta, str_of(kept[i]));
        if (value)
            node_set(meta, str_of(kept[i]), node_copy(&w->call->arena, value));
    }
}

/* Only the status of n, on everything else as it was. */
static struct node *with_status_of(struct arena *a, const struct node *was, const struct node *n)
{
    struct node *out = node_copy(a, was);
    const struct node *status = node_getz(n, "status");

    node_unset(out, STR("status"));
    if (status)
        node_set(out, STR("status"), node_copy(a, status));
    return out;
}

static bool apply_config(struct rest_write *w, const struct node *was, struct node **out)
{
    struct rest_call *call = w->call;
    struct rest_managed_by by = managed_by(w);
    struct node *causes = NULL, *details;

    if (rest_call_param(call, "fieldManager").len == 0) {
        rest_call_fail_field(call, "fieldManager", STR("is required for apply patch"));
        return false;
    }
    if (node_getz(node_getz(w->input, "metadata"), "managedFields")) {
        rest_call_fail(call, 400, "BadRequest", "metadata.managedFields must be nil");
        return false;
    }
    if (rest_managed_apply(&call->arena, call->kind, was, w->input, &by, out, &causes) == 0)
        return true;
    details = rest_call_details(call, call->name);
    node_set(details, STR("causes"), causes);
    rest_call_fail_details(
        call, 409, "Conflict",
        arena_printf(&call->arena, "Apply failed with %zu conflict%s: %.*s: %.*s", causes->count,
                     causes->count == 1 ? "" : "s", STR_ARG(node_get_str(causes->first, "message")),
                     STR_ARG(node_get_str(causes->first, "field"))),
        details);
    return false;
}

/* The object as the client wants it, *out in the call's arena. False: answered. */
static bool wanted(struct rest_write *w, const struct node *was, struct node **out)
{
    struct rest_call *call = w->call;

    if (w->mode != MODE_PATCH) {
        *out = node_copy(&call->arena, w->input);
        return true;
    }
    if (w->patch == REST_PATCH_APPLY)
        return apply_config(w, was, out);
    return rest_patch_run(call, w->patch, was, w->input, out);
}

/* Rules that compare with what is there: false and a report, when one does not hold. */
static bool may_follow(struct rest_write *w, const struct object *o, const struct node *n,
                       const struct store_object *was, struct diag *d)
{
    struct node *old;

    if (!was || was->dead || node_json_read(&w->call->arena, was->body, NULL, NULL, &old) != 0)
        return true;
    return api_rule_check_change(o->kind->root, n, old, d) == 0;
}

/* Unknown fields of Istio's kinds are errors unless the client asks for less. */
static struct object *decode(struct rest_write *w, const struct node *n,
                             const struct store_object *was)
{
    struct rest_call *call = w->call;
    struct str asked = rest_call_param(call, "fieldValidation");
    struct object_options options = { .ns = call->ns };
    struct object *o = NULL;
    struct diag d;

    if (str_is(asked, "Warn") || str_is(asked, "Ignore"))
        options.unknown = OBJECT_UNKNOWN_WARN;
    diag_init(&d);
    if (object_decode(&o, n, &d, &options) != 0 || !may_follow(w, o, n, was, &d)) {
        rest_call_fail_diag(call, call->name, &d);
        object_unref(o);
        o = NULL;
    } else if (!str_is(asked, "Ignore")) {
        object_warn_unenforced(o, &d);
        for (const struct diag_item *it = d.first; it; it = it->next)
            if (it->severity == DIAG_WARNING)
                rest_call_warn(call, "%.*s: %.*s", STR_ARG(it->path), STR_ARG(it->message));
    }
    diag_deinit(&d);
    return o;
}

/* ---- to the store ---- */

static void on_written(void *arg, const struct store_reply *reply)
{
    struct rest_write *w = arg;
    struct rest_call *call = w->call;
    const struct store_object *o, *row;
    struct store *s = call->rest->store;

    call->waits = false;
    if (!call->hs) {
        rest_call_end(call);
        return;
    }
    if (reply->code == ERR_CONFLICT && w->tries < MAX_TRIES) {
        attempt(w); /* somebody was faster; conditions of the client are checked anew */
        return;
    }
    if (reply->code) {
        rest_write_fail(call, reply->code, reply->text ? reply->text : error_text(reply->code));
        return;
    }
    row = reply->results[0].object;
    if (row->dead) /* the last finalizer is gone, and so is the object */
        row = reply->results[0].previous;
    o = w->status ? store_find(s, call->kind->id, call->ns, call->name) : row;
    if (!o) {
        rest_call_fail_not_found(call);
        return;
    }
    rest_write_answer(call, w->creates ? 201 : 200,
                      rest_object_node(call->kind, call->version, o,
                                       w->status ? row : store_find_status(s, o), &call->arena));
}

static int status_body(struct rest_write *w, const struct node *n, struct buf *out)
{
    const struct node *status = node_getz(n, "status");
    struct node *copy =
        status ? node_copy(&w->call->arena, status) : node_new(&w->call->arena, NODE_MAP);

    rest_object_drop_nulls(copy);
    return node_write_json(copy, out, NODE_SORTED);
}

/* Nothing holds an object that was deleted once its last finalizer is gone. */
static bool is_released(const struct node *n)
{
    const struct node *meta = node_getz(n, "metadata");
    const struct node *finalizers = node_getz(meta, "finalizers");

    return node_getz(meta, "deletionTimestamp") && (!finalizers || finalizers->count == 0);
}

static void submit(struct rest_write *w, const struct node *n, const struct store_object *o,
                   const struct store_object *status, struct str body)
{
    struct rest_call *call = w->call;
    const struct api_kind *k = call->kind;
    uint16_t kind = (uint16_t)(k->id | (w->status ? STORE_KIND_STATUS : 0));
    char version[STORE_VERSION_BYTES];
    struct store_expect expect = { .absent = !o };
    struct store_txn *t = store_txn_new();

    if (o) {
        store_version(o, status, version);
        expect.version = str_of(version);
        if (!w->status || status)
            expect.uid = o->uid; /* of the row, which status may not have yet */
    }
    store_txn_set_user(t, call->user);
    if (o && !w->status && is_released(n))
        store_txn_delete(t, k->id, call->ns, call->name, &expect);
    else
        store_txn_put(t, kind, call->ns, call->name, body, k->id == API_KIND_SECRET, &expect);
    call->waits = true;
    store_write(call->rest->store, t, on_written, w);
}

/* What the write would have made. */
static void answer_dry_run(struct rest_write *w, const struct object *decoded,
                           const struct store_object *o, const struct store_object *status)
{
    struct rest_call *call = w->call;
    struct arena *a = &call->arena;
    struct node *n = node_copy(a, decoded->node), *meta = rest_object_meta(n, a);
    char now[TIMESTAMP_TEXT_BYTES];
    uint8_t id[16];

    node_set_str(a, n, "apiVersion", api_kind_api_version(call->kind, call->version, a));
    if (o) {
        rest_object_set_system(call->kind, n, o, status, a);
    } else {
        random_bytes(id, sizeof(id));
        timestamp_write_digits(clock_wall_ns(), 0, now);
        node_set_str(a, meta, "creationTimestamp", arena_str(a, str_of(now)));
        node_set_str(
            a, meta, "uid",
            arena_printf(a, "%02x%02x%02x%02x-%02x%02x-4%x%02x-a%x%02x-%02x%02x%02x%02x%02x%02x",
                         id[0], id[1], id[2], id[3], id[4], id[5], id[6] & 15, id[7], id[8] & 15,
                         id[9], id[10], id[11], id[12], id[13], id[14], id[15]));
    }
    rest_object_drop_nulls(n);
    rest_call_reply_node(call, w->creates ? 201 : 200, n);
}

/* Validates n and writes it, or says what it would have been. */
static void commit(struct rest_write *w, struct node *n, const struct store_object *o,
                   const struct store_object *status)
{
    struct rest_call *call = w->call;
    struct object *decoded = decode(w, n, o);
    struct buf body;
    int err;

    if (!decoded)
        return;
    buf_init(&body, REST_MAX_BODY_BYTES);
    err = w->status ? status_body(w, decoded->node, &body)
                    : rest_object_body(call->kind, decoded->node, &call->arena, &body);
    if (err || buf_len(&body) > STORE_BODY_MAX_BYTES)
        rest_call_fail(call, 413, "RequestEntityTooLarge", "the object has more than %d bytes",
                       STORE_BODY_MAX_BYTES);
    else if (w->dry_run)
        answer_dry_run(w, decoded, o, status);
    else
        submit(w, decoded->node, o, status, buf_str(&body));
    buf_deinit(&body);
    object_unref(decoded);
}

/* Computes what to write from what is there now, and sends it off. */
static void attempt(struct rest_write *w)
{
    struct rest_call *call = w->call;
    struct store *s = call->rest->store;
    struct rest_managed_by by = managed_by(w);
    const struct store_object *o, *status;
    struct node *was = NULL, *n;
    bool applies = w->mode == MODE_PATCH && w->patch == REST_PATCH_APPLY;

    w->tries++;
    o = call->name.len ? store_find(s, call->kind->id, call->ns, call->name) : NULL;
    status = o ? store_find_status(s, o) : NULL;
    w->creates = !o;
    if (o && w->mode == MODE_CREATE) {
        rest_write_fail(call, ERR_EXISTS, "");
        return;
    }
    if (!o && w->mode != MODE_CREATE && (!applies || w->status)) {
        rest_call_fail_not_found(call);
        return;
    }
    if (o)
        was = rest_object_node(call->kind, call->version, o, status, &call->arena);
    if (!wanted(w, was, &n) || !fill_type(w, n) || !check_names(w, n) ||
        !check_conditions(w, n, o, status))
        return;
    rest_object_drop_nulls(n);
    keep_system_meta(w, n, was);
    if (w->status)
        n = with_status_of(&call->arena, was, n);
    else if (call->kind->has_status)
        node_unset(n, STR("status"));
    if (!applies && !w->status)
        rest_managed_update(&call->arena, call->kind, was, n, &by);
    commit(w, n, o, status);
}

static void start(struct rest_call *call, enum mode mode)
{
    struct rest_write *w = arena_alloc0(&call->arena, 1, sizeof(*w));

    w->call = call;
    w->mode = mode;
    w->status = call->sub.len > 0;
    if (mode == MODE_PATCH && !rest_patch_read_type(call, &w->patch))
        return;
    if (!rest_write_read_dry_run(call, &w->dry_run) || !rest_call_read_body(call, &w->input))
        return;
    if (w->input->kind != NODE_MAP && !(mode == MODE_PATCH && w->patch == REST_PATCH_JSON)) {
        rest_call_fail(call, 400, "BadRequest", "the body must be an object, not a %s",
                       node_kind_name(w->input->kind));
        return;
    }
    if (mode == MODE_PATCH && w->patch == REST_PATCH_APPLY && !fill_type(w, w->input))
        return;
    if (mode == MODE_CREATE) {
        if (call->kind->namespaced && call->ns.len == 0)
            call->ns = node_get_str(node_getz(w->input, "metadata"), "namespace");
        if (call->ns.len == 0 && call->kind->namespaced)
            call->ns = STR("default");
        call->name = node_get_str(node_getz(w->input, "metadata"), "name");
    }
    if (!check_namespace(call))
        return;
    attempt(w);
}

void rest_write_create(struct rest_call *call)
{
    start(call, MODE_CREATE);
}

void rest_write_update(struct rest_call *call)
{
    start(call, MODE_UPDATE);
}

void rest_write_patch(struct rest_call *call)
{
    start(call, MODE_PATCH);
}
