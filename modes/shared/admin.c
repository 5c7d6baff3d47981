#include "modes/shared/admin.h"

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/list.h"
#include "core/base/mem.h"
#include "core/http/http_server.h"
#include "core/net/listener.h"
#include "modes/shared/metrics_merge.h"
#include "modes/shared/runtime.h"

struct admin {
    struct runtime *rt;
    unsigned int pages; /* enum admin_pages bits */
    struct listener *listener;
    struct http_server_config http;
    struct list conns;           /* struct admin_conn */
    struct metrics_merge *merge; /* NULL: the app's metrics are not shown here */
    struct addr addr;
};

struct admin_conn {
    struct list link;
    struct admin *admin;
    struct http_server_conn *http;
};

static const struct addr no_addr;

const struct addr *admin_addr(const struct admin *a)
{
    return a ? &a->addr : &no_addr;
}

struct str admin_query(const struct admin_call *call, const char *name, struct arena *a)
{
    struct str rest = call->query, out;

    while (rest.p && rest.len) {
        struct str pair = str_cut(&rest, '&');
        struct str key = str_cut(&pair, '=');

        if (!str_is(key, name))
            continue;
        if (!pair.p)
            return STR("");
        return encode_undo_percent(a, pair, &out) == 0 ? out : STR_NONE;
    }
    return STR_NONE;
}

/* A page in a browser may resolve its own name to 127.0.0.1; it cannot change the Host it sends. */
static bool is_local_host(struct str authority)
{
    struct str host = authority;
    struct addr ip;

    if (addr_parse(host, 80, &ip) == 0)
        return true;
    return str_ieq(str_cut(&host, ':'), STR("localhost"));
}

static const struct admin_page *find_page(const struct admin *a, struct str path)
{
    for (size_t i = 0; i < admin_pages_count; i++) {
        const struct admin_page *p = &admin_pages_table[i];

        if ((p->pages & a->pages) && str_is(path, p->path))
            return p;
    }
    return NULL;
}

static void ignore_reset(void *arg, const struct http_failure *failure)
{
    (void)arg;
    (void)failure;
}

static void ignore_bytes(void *arg, const uint8_t *p, size_t len, bool end)
{
    (void)arg;
    (void)p;
    (void)len;
    (void)end;
}

static void ignore_trailers(void *arg, struct http_headers *trailers)
{
    (void)arg;
    (void)trailers;
}

static const struct http_stream_events ignore_body = {
    .on_body = ignore_bytes,
    .on_trailers = ignore_trailers,
    .on_reset = ignore_reset,
};

/* Whether hs was taken over, by who answers later. */
static bool answer(struct admin *a, struct http_stream *hs, const struct http_msg *head)
{
    const struct admin_page *page = find_page(a, http_msg_path_only(head));
    struct admin_call call = {
        .rt = a->rt,
        .head = head,
        .query = http_msg_query(head),
        .type = "text/plain; charset=utf-8",
        .status = 200,
    };

    if (a->pages == ADMIN_PAGES_ALL && !is_local_host(head->authority)) {
        http_stream_reply(hs, 403, NULL, STR("this Host is not served here\n"));
        return false;
    }
    if (!page) {
        http_stream_reply(hs, 404, NULL, STR("no such page; /help lists them\n"));
        return false;
    }
    if (page->needs_post ? head->method != HTTP_METHOD_POST
                         : head->method != HTTP_METHOD_GET && head->method != HTTP_METHOD_HEAD) {
        http_stream_reply(hs, 405, NULL, page->needs_post ? STR("use POST\n") : STR("use GET\n"));
        return false;
    }
    if (a->merge && page->pages & ADMIN_PAGES_APP && metrics_merge_answer(a->merge, hs, head))
        return true;
    buf_init(&call.out, 0);
    page->answer(&call);
    http_stream_reply(hs, call.status, call.type, buf_str(&call.out));
    buf_deinit(&call.out);
    return false;
}

static void on_request(void *arg, struct http_server_conn *conn, struct http_stream *hs,
                       struct http_msg *head, bool end)
{
    struct admin_conn *c = arg;

    (void)conn;
    (void)end;
    http_stream_set_events(hs, &ignore_body, NULL);
    if (!answer(c->admin, hs, head))
        http_stream_release(hs);
}

static void on_close(void *arg, struct http_server_conn *conn, int err)
{
    struct admin_conn *c = arg;

    (void)conn;
    (void)err;
    list_remove(&c->link);
    mem_free(c);
}

static const struct http_server_handler handler = {
    .on_request = on_request,
    .on_close = on_close,
};

static void on_accept(void *arg, struct stream *s)
{
    struct admin *a = arg;
    struct admin_conn *c = mem_alloc0(1, sizeof(*c));

    c->admin = a;
    list_push(&a->conns, &c->link);
    if (http_server_conn_new(s, &a->http, &handler, c, &c->http) != 0) {
        list_remove(&c->link);
        mem_free(c);
    }
}

int admin_new(struct runtime *rt, const struct addr *at, unsigned int pages, struct admin **out)
{
    struct admin *a = mem_alloc0(1, sizeof(*a));
    struct listener_options options = { .fd = -1 };
    int err;

    a->rt = rt;
    a->pages = pages;
    a->http.max_streams = 100;
    a->http.idle_timeout_ms = 60000;
    list_init(&a->conns);
    err = listener_open(runtime_main(rt), at, &options, on_accept, a, &a->listener);
    if (err) {
        mem_free(a);
        return err;
    }
    a->addr = *listener_addr(a->listener);
    if (pages & ADMIN_PAGES_APP)
        a->merge = metrics_merge_new(rt);
    *out = a;
    return 0;
}

void admin_free(struct admin *a)
{
    if (!a)
        return;
    listener_close(a->listener, false);
    metrics_merge_free(a->merge);
    LIST_FOREACH(it, tmp, &a->conns)
    http_server_conn_close(LIST_ITEM(it, struct admin_conn, link)->http);
    /* on_close follows within this turn of the loop; the admin's memory must last as long. */
    uv_run(&runtime_main(a->rt)->loop, UV_RUN_NOWAIT);
    mem_free(a);
}
