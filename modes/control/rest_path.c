#include "modes/control/rest_path.h"

#include "core/api/api_kind.h"
#include "core/base/encode.h"
#include "core/base/mem.h"
#include "core/stats/stats_text.h"
#include "modes/control/rest_apply.h"
#include "modes/control/rest_call.h"
#include "modes/control/rest_delete.h"
#include "modes/control/rest_discovery.h"
#include "modes/control/rest_mesh.h"
#include "modes/control/rest_openapi.h"
#include "modes/control/rest_read.h"
#include "modes/control/rest_watch.h"
#include "modes/control/rest_write.h"
#include "store/store.h"

enum { MAX_PARTS = 9 };

struct parts {
    struct str list[MAX_PARTS];
    size_t count;
};

/* ---- fixed pages ---- */

static void ok(struct rest_call *call)
{
    rest_call_reply(call, 200, "text/plain", STR("ok"));
}

static void ready(struct rest_call *call)
{
    const struct store_health *h = store_get_health(call->rest->store, STORE_CLASS_CONFIG);

    if (h->is_broken)
        rest_call_reply(call, 503, "text/plain", str_of(h->text));
    else
        ok(call);
}

static void metrics(struct rest_call *call)
{
    struct buf out;

    buf_init(&out, 0);
    stats_text_write(control_stats(call->rest->control), STATS_TEXT_PROMETHEUS, &out);
    rest_call_reply(call, 200, stats_text_content_type(STATS_TEXT_PROMETHEUS), buf_str(&out));
    buf_deinit(&out);
}

static void index_page(struct rest_call *call);

static const struct page {
    const char *path;
    uint8_t method; /* HEAD comes with GET */
    void (*answer)(struct rest_call *call);
} pages[] = {
    { "/", HTTP_METHOD_GET, index_page },
    { "/healthz", HTTP_METHOD_GET, ok },
    { "/livez", HTTP_METHOD_GET, ok },
    { "/readyz", HTTP_METHOD_GET, ready },
    { "/version", HTTP_METHOD_GET, rest_discovery_version },
    { "/metrics", HTTP_METHOD_GET, metrics },
    { "/api", HTTP_METHOD_GET, rest_discovery_core },
    { "/apis", HTTP_METHOD_GET, rest_discovery_groups },
    { "/openapi/v2", HTTP_METHOD_GET, rest_openapi_v2 },
    { "/openapi/v3", HTTP_METHOD_GET, rest_openapi_v3 },
    { "/mesh/v1/status", HTTP_METHOD_GET, rest_mesh_status },
    { "/mesh/v1/proxies", HTTP_METHOD_GET, rest_mesh_proxies },
    { "/mesh/v1/tokens", HTTP_METHOD_GET, rest_mesh_tokens },
    { "/mesh/v1/tokens", HTTP_METHOD_POST, rest_mesh_token_create },
    { "/mesh/v1/apply", HTTP_METHOD_POST, rest_apply_list },
};

static void index_page(struct rest_call *call)
{
    struct node *n = node_new(&call->arena, NODE_MAP), *list = node_new(&call->arena, NODE_LIST);

    for (size_t i = 1; i < COUNT_OF(pages); i++)
        node_add(list, node_new_str(&call->arena, str_of(pages[i].path)));
    node_set(n, STR("paths"), list);
    rest_call_reply_node(call, 200, n);
}

/* True when it was one. */
static bool answer_page(struct rest_call *call)
{
    uint8_t method = call->method == HTTP_METHOD_HEAD ? HTTP_METHOD_GET : call->method;
    bool exists = false;

    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        if (!str_is(call->path, pages[i].path))
            continue;
        exists = true;
        if (pages[i].method == method) {
            pages[i].answer(call);
            return true;
        }
    }
    if (exists)
        rest_call_fail(call, 405, "MethodNotAllowed",
                       "the server does not allow this method on the requested resource");
    return exists;
}

/* ---- resources ---- */

static bool cut_path(struct rest_call *call, struct parts *out)
{
    struct str rest = str_skip(call->path, 1);

    out->count = 0;
    while (rest.p && rest.len) {
        struct str part = str_cut(&rest, '/');

        if (out->count == MAX_PARTS || part.len == 0 ||
            encode_undo_percent(&call->arena, part, &out->list[out->count]) != 0)
            return false;
        out->count++;
    }
    return out->count > 0;
}

/* Reads [namespaces/NS/]PLURAL[/NAME[/SUB]]. */
static bool read_resource(struct rest_call *call, const struct str *p, size_t n)
{
    if (n >= 3 && str_is(p[0], "namespaces") &&
        api_kind_by_plural(call->group, call->version, p[2])) {
        call->ns = p[1];
        p += 2;
        n -= 2;
        call->kind = api_kind_by_plural(call->group, call->version, p[0]);
        if (!call->kind->namespaced)
            return false;
    } else {
        call->kind = api_kind_by_plural(call->group, call->version, p[0]);
    }
    if (!call->kind || n > 3)
        return false;
    call->name = n > 1 ? p[1] : STR_NONE;
    call->sub = n > 2 ? p[2] : STR_NONE;
    if (call->name.p && call->kind->namespaced && call->ns.len == 0)
        return false;
    return call->sub.len == 0 || (str_is(call->sub, "status") && call->kind->has_status);
}

static void answer_collection(struct rest_call *call)
{
    switch (call->method) {
    case HTTP_METHOD_GET:
    case HTTP_METHOD_HEAD:
        if (rest_call_has_flag(call, "watch"))
            rest_watch_start(call);
        else
            rest_read_list(call);
        return;
    case HTTP_METHOD_POST:
        rest_write_create(call);
        return;
    case HTTP_METHOD_DELETE:
        rest_delete_collection(call);
        return;
    default:
        rest_call_fail(call, 405, "MethodNotAllowed",
                       "the server does not allow this method on the requested resource");
    }
}

static void answer_object(struct rest_call *call)
{
    bool status = call->sub.len > 0;

    switch (call->method) {
    case HTTP_METHOD_GET:
    case HTTP_METHOD_HEAD:
        if (rest_call_has_flag(call, "watch") && !status)
            rest_watch_start(call);
        else
            rest_read_get(call);
        return;
    case HTTP_METHOD_PUT:
        rest_write_update(call);
        return;
    case HTTP_METHOD_PATCH:
        rest_write_patch(call);
        return;
    case HTTP_METHOD_DELETE:
        if (!status) {
            rest_delete_object(call);
            return;
        }
        break;
    default:
        break;
    }
    rest_call_fail(call, 405, "MethodNotAllowed",
                   "the server does not allow this method on the requested resource");
}

static void not_found(struct rest_call *call)
{
    rest_call_fail(call, 404, "NotFound", "the server could not find the requested resource");
}

/* api/v1/... and apis/GROUP/VERSION/... */
static void answer_api(struct rest_call *call, const struct parts *p)
{
    size_t head = str_is(p->list[0], "api") ? 2 : 3;

    call->group = head == 3 ? p->list[1] : STR("");
    if (head == 3 && p->count == 2) {
        rest_discovery_group(call);
        return;
    }
    if (p->count < head) {
        not_found(call);
        return;
    }
    call->version = p->list[head - 1];
    if (p->count == head) {
        rest_discovery_resources(call);
        return;
    }
    if (!read_resource(call, p->list + head, p->count - head)) {
        not_found(call);
        return;
    }
    if (call->name.p)
        answer_object(call);
    else
        answer_collection(call);
}

void rest_path_dispatch(struct rest_call *call)
{
    struct parts p;

    if (answer_page(call))
        return;
    if (!cut_path(call, &p)) {
        not_found(call);
        return;
    }
    if (str_is(p.list[0], "api") || str_is(p.list[0], "apis"))
        answer_api(call, &p);
    else if (p.count >= 3 && str_is(p.list[0], "openapi") && str_is(p.list[1], "v3"))
        rest_openapi_v3_group(call);
    else if (p.count == 4 && str_is(p.list[2], "tokens") && call->method == HTTP_METHOD_DELETE)
        rest_mesh_token_revoke(call, p.list[3]);
    else
        not_found(call);
}
