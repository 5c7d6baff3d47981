#include "modes/control/rest_mesh.h"

#include "core/api/api_kind.h"
#include "core/base/error.h"
#include "core/base/version.h"
#include "core/loop/clock.h"
#include "core/text/duration.h"
#include "core/text/timestamp.h"
#include "modes/control/ads.h"
#include "modes/control/ca.h"
#include "modes/control/rest_call.h"
#include "modes/control/token.h"
#include "store/store.h"

static void add_health(struct rest_call *call, struct node *n, const char *key,
                       enum store_class class)
{
    const struct store_health *h = store_get_health(call->rest->store, class);
    struct arena *a = &call->arena;
    struct node *out = node_new(a, NODE_MAP);

    node_set(out, STR("ok"), node_new_bool(a, h->code == 0 && !h->is_broken));
    if (h->text[0])
        node_set_str(a, out, "text", arena_str(a, str_of(h->text)));
    if (h->notice[0])
        node_set_str(a, out, "notice", arena_str(a, str_of(h->notice)));
    node_set_str(a, out, "revision", arena_str(a, str_of(store_token(call->rest->store, class))));
    node_set(out, STR("commits"), node_new_uint(a, h->commits));
    node_set(out, STR("walBytes"), node_new_uint(a, h->wal_bytes));
    node_set(n, str_of(key), out);
}

void rest_mesh_status(struct rest_call *call)
{
    const struct store *s = call->rest->store;
    struct arena *a = &call->arena;
    struct node *n = node_new(a, NODE_MAP), *counts = node_new(a, NODE_MAP);

    node_set_str(a, n, "version", str_of(version_string()));
    node_set_str(a, n, "clusterId", str_of(store_get_cluster_id(s)));
    node_set_str(a, n, "nodeId", str_of(store_get_node_id(s)));
    node_set(n, STR("uptimeSeconds"),
             node_new_int(a, (clock_wall_ms() - call->rest->started_ms) / 1000));
    for (size_t i = 0; i < api_kind_count(); i++) {
        const struct api_kind *k = api_kind_at(i);
        size_t count =
            store_count(s, k->id, STR("")) + store_count(s, k->id | STORE_KIND_LIVE, STR(""));

        if (count)
            node_set(counts, str_of(k->plural), node_new_uint(a, count));
    }
    node_set(n, STR("objects"), counts);
    add_health(call, n, "config", STORE_CLASS_CONFIG);
    add_health(call, n, "live", STORE_CLASS_LIVE);
    node_set(n, STR("watches"), node_new_uint(a, call->rest->watch_count));
    rest_call_reply_node(call, 200, n);
}

/* ---- proxies ---- */

struct listing {
    struct rest_call *call;
    struct node *items;
};

static void add_time(struct arena *a, struct node *n, const char *key, int64_t ms)
{
    char text[TIMESTAMP_TEXT_BYTES];

    timestamp_write_digits(ms * 1000000, 0, text);
    node_set_str(a, n, key, arena_str(a, str_of(text)));
}

static void add_text(struct arena *a, struct node *n, const char *key, struct str text)
{
    if (text.len)
        node_set_str(a, n, key, arena_str(a, text));
}

static void add_proxy(void *arg, const struct ads_client *c)
{
    struct listing *l = arg;
    struct arena *a = &l->call->arena;
    struct node *n = node_new(a, NODE_MAP), *refused = node_new(a, NODE_LIST);

    add_text(a, n, "id", c->id);
    add_text(a, n, "name", c->name);
    add_text(a, n, "namespace", c->ns);
    add_text(a, n, "identity", c->identity);
    add_text(a, n, "version", c->version);
    add_text(a, n, "address", c->address);
    add_text(a, n, "admin", c->admin);
    add_time(a, n, "since", c->since_ms);
    node_set(n, STR("acked"), node_new_uint(a, c->acked));
    node_set(n, STR("synced"), node_new_bool(a, c->is_synced));
    for (size_t i = 0; i < c->refused_count; i++)
        node_add(refused, node_new_str(a, arena_str(a, c->refused[i])));
    node_set(n, STR("refused"), refused);
    node_add(l->items, n);
}

static void reply_items(struct rest_call *call, struct node *items)
{
    struct node *n = node_new(&call->arena, NODE_MAP);

    node_set(n, STR("items"), items);
    rest_call_reply_node(call, 200, n);
}

void rest_mesh_proxies(struct rest_call *call)
{
    struct listing l = { call, node_new(&call->arena, NODE_LIST) };
    struct ads *ads = control_ads(call->rest->control);
    struct node *n = node_new(&call->arena, NODE_MAP);

    ads_each_client(ads, add_proxy, &l);
    node_set(n, STR("revision"), node_new_uint(&call->arena, ads_revision(ads)));
    node_set(n, STR("items"), l.items);
    rest_call_reply_node(call, 200, n);
}

/* ---- join tokens ---- */

static void add_token(void *arg, const struct token_info *info)
{
    struct listing *l = arg;
    struct arena *a = &l->call->arena;
    struct node *n = node_new(a, NODE_MAP);

    add_text(a, n, "id", info->id);
    add_text(a, n, "namespace", info->ns);
    add_text(a, n, "serviceAccount", info->sa);
    add_time(a, n, "created", info->created_ms);
    add_time(a, n, "expires", info->expires_ms);
    node_set(n, STR("usesLeft"), node_new_uint(a, info->uses_left));
    node_add(l->items, n);
}

void rest_mesh_tokens(struct rest_call *call)
{
    struct listing l = { call, node_new(&call->arena, NODE_LIST) };

    token_each(call->rest->store, add_token, &l);
    reply_items(call, l.items);
}

static void on_token(void *arg, int code, struct str text, struct str id)
{
    struct rest_call *call = arg;
    struct node *n = node_new(&call->arena, NODE_MAP);

    call->waits = false;
    if (!call->hs) {
        rest_call_end(call);
        return;
    }
    if (code) {
        rest_call_fail_code(call, code, error_text(code));
        return;
    }
    add_text(&call->arena, n, "token", text);
    add_text(&call->arena, n, "id", id);
    rest_call_reply_node(call, 201, n);
}

/* {"namespace", "serviceAccount", "ttl": "24h", "uses": 1} */
void rest_mesh_token_create(struct rest_call *call)
{
    struct token_want want = { .root_spki_sha256 =
                                   ca_root_spki_sha256(control_ca(call->rest->control)) };
    int64_t uses = 1, ttl_ns = 0;
    struct node *body;
    struct str ttl;

    if (!rest_call_read_body(call, &body))
        return;
    want.ns = node_get_str(body, "namespace");
    want.sa = node_get_str(body, "serviceAccount");
    ttl = node_get_str(body, "ttl");
    if (node_getz(body, "uses") &&
        (!node_to_int(node_getz(body, "uses"), &uses) || uses < 1 || uses > 1000000)) {
        rest_call_fail_field(call, "uses", STR("must be 1 to 1000000"));
        return;
    }
    if (ttl.len && (duration_parse(ttl, &ttl_ns) != 0 || ttl_ns < 1000000000 ||
                    ttl_ns / 1000000000 > TOKEN_TTL_MAX_S)) {
        rest_call_fail_field(call, "ttl", STR("must be a duration from 1s to 720h"));
        return;
    }
    if (want.ns.len == 0)
        want.ns = STR("default");
    want.ttl_s = ttl_ns / 1000000000;
    want.uses = (uint32_t)uses;
    call->waits = true;
    token_create(call->rest->store, &want, on_token, call);
}

static void on_revoked(void *arg, int code)
{
    struct rest_call *call = arg;

    call->waits = false;
    if (!call->hs)
        rest_call_end(call);
    else if (code == ERR_NOT_FOUND)
        rest_call_fail(call, 404, "NotFound", "there is no such token");
    else if (code)
        rest_call_fail_code(call, code, error_text(code));
    else
        rest_call_reply_node(call, 200, rest_call_status(&call->arena, 200, NULL, STR_NONE, NULL));
}

void rest_mesh_token_revoke(struct rest_call *call, struct str id)
{
    call->waits = true;
    token_revoke(call->rest->store, id, on_revoked, call);
}

/* ---- waiting for proxies ---- */

enum { MAX_WAIT_S = 600 };

struct waiting {
    struct rest_call *call;
    struct ads_wait *wait;
    struct node *answer;
    int status;
};

static void on_wait_gone(struct rest_call *call)
{
    struct waiting *w = call->handler;

    ads_wait_cancel(w->wait);
    rest_call_end(call);
}

/* "NODE: NAME: REASON" */
static struct node *rejected_of(struct arena *a, const struct ads_wait_result *result)
{
    struct node *list = node_new(a, NODE_LIST);

    for (size_t i = 0; i < result->error_count; i++) {
        struct node *n = node_new(a, NODE_MAP);
        ptrdiff_t end = str_find(result->errors[i], STR(": "));

        if (end > 0)
            add_text(a, n, "proxy", str_head(result->errors[i], (size_t)end));
        add_text(a, n, "reason", str_skip(result->errors[i], end > 0 ? (size_t)end + 2 : 0));
        node_add(list, n);
    }
    return list;
}

static void on_acked(void *arg, const struct ads_wait_result *result)
{
    struct waiting *w = arg;
    struct rest_call *call = w->call;
    struct arena *a = &call->arena;
    struct node *n = node_new(a, NODE_MAP);
    struct str slowest = http_headers_is_value(result->slowest) ? result->slowest : STR("");

    call->on_gone = NULL;
    call->proxies =
        arena_printf(a, "%zu/%zu; refused=%zu; slowest=%.*s; ms=%llu", result->acked, result->total,
                     result->refused, STR_ARG(slowest), (unsigned long long)result->took_ms);
    if (!node_getz(w->answer, "results")) { /* an object's answer stays as it is */
        rest_call_reply_node(call, w->status, w->answer);
        return;
    }
    node_set(n, STR("total"), node_new_uint(a, result->total));
    node_set(n, STR("acked"), node_new_uint(a, result->acked));
    node_set(n, STR("refused"), node_new_uint(a, result->refused));
    node_set(n, STR("ms"), node_new_uint(a, result->took_ms));
    add_text(a, n, "slowest", result->slowest);
    node_set(n, STR("rejected"), rejected_of(a, result));
    node_set(w->answer, STR("proxies"), n);
    rest_call_reply_node(call, w->status, w->answer);
}

bool rest_mesh_wait(struct rest_call *call, int status, struct node *n)
{
    struct ads *ads = control_ads(call->rest->control);
    struct str timeout = rest_call_param(call, "timeout");
    int64_t ns = 0;
    struct waiting *w;

    if (!ads || !str_is(rest_call_param(call, "wait"), "proxies"))
        return false;
    if (timeout.len == 0 || duration_parse(timeout, &ns) != 0 || ns <= 0)
        ns = 30000000000;
    if (ns > (int64_t)MAX_WAIT_S * 1000000000)
        ns = (int64_t)MAX_WAIT_S * 1000000000;
    w = arena_alloc0(&call->arena, 1, sizeof(*w));
    w->call = call;
    w->status = status;
    w->answer = n;
    call->handler = w;
    call->on_gone = on_wait_gone;
    w->wait = ads_wait_acked(ads, ads_revision(ads), (uint64_t)(ns / 1000000), on_acked, w);
    return true;
}
