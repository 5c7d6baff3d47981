#include "modes/control/rest_mesh.h"

#include "core/api/api_kind.h"
#include "core/base/version.h"
#include "core/loop/clock.h"
#include "modes/control/rest_call.h"
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

static void no_parts(struct rest_call *call)
{
    rest_call_fail(call, 503, "ServiceUnavailable", "this control serves no proxies");
}

void rest_mesh_proxies(struct rest_call *call)
{
    no_parts(call);
}

void rest_mesh_tokens(struct rest_call *call)
{
    no_parts(call);
}

void rest_mesh_token_create(struct rest_call *call)
{
    no_parts(call);
}

void rest_mesh_token_revoke(struct rest_call *call, struct str id)
{
    (void)id;
    no_parts(call);
}

void rest_mesh_apply(struct rest_call *call)
{
    no_parts(call);
}

bool rest_mesh_wait(struct rest_call *call, int status, struct node *n)
{
    (void)call;
    (void)status;
    (void)n;
    return false;
}
