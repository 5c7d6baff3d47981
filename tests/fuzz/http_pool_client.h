/* A client whose upstream is the fuzz input: four requests of different kinds over a pool. Included
 * once per program. */
#ifndef TESTS_FUZZ_HTTP_POOL_CLIENT_H
#define TESTS_FUZZ_HTTP_POOL_CLIENT_H

#include "core/base/error.h"
#include "core/http/http_pool.h"
#include "tests/fuzz/http_rig.h"

#define ASKS 4

struct ask {
    struct http_stream *hs;
    struct http_pool_waiter *waiter;
    bool over;
};

static struct stream *client_peer;

static int client_dial(void *arg, struct worker *w, struct stream **out)
{
    (void)arg;
    if (client_peer)
        return ERR_LIMIT;
    stream_mem_pair(w, out, &client_peer);
    return 0;
}

static void client_done(struct ask *a)
{
    http_stream_release(a->hs);
    a->over = true;
    a->hs = NULL;
}

static void client_head(void *arg, struct http_msg *head, bool end)
{
    (void)head;
    if (end)
        client_done(arg);
}

static void client_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct ask *a = arg;

    (void)p;
    http_stream_consume(a->hs, len);
    if (end)
        client_done(a);
}

static void client_trailers(void *arg, struct http_headers *trailers)
{
    (void)trailers;
    client_done(arg);
}

static void client_reset(void *arg, const struct http_failure *failure)
{
    (void)failure;
    client_done(arg);
}

static const struct http_stream_events client_events = {
    .on_head = client_head,
    .on_body = client_body,
    .on_trailers = client_trailers,
    .on_reset = client_reset,
};

static void client_begin(struct ask *a, struct http_stream *hs, int i)
{
    static const char *const method[ASKS] = { "GET", "HEAD", "POST", "GET" };
    struct http_msg m;

    a->hs = hs;
    http_stream_set_events(hs, &client_events, a);
    http_msg_init(&m, hs->arena);
    http_msg_set_method(&m, str_of(method[i]));
    m.authority = STR("a.test");
    m.path = STR("/");
    m.upgrade = i == 3 ? STR("websocket") : STR_NONE;
    (void)http_stream_send_head(hs, &m, i != 2 && i != 3);
    if (i == 2)
        (void)http_stream_send_bytes(hs, "abc", 3, true);
}

static struct ask client_asks[ASKS];

static void client_ready(void *arg, struct http_stream *hs, int err)
{
    struct ask *a = arg;

    (void)err;
    a->waiter = NULL;
    if (hs)
        client_begin(a, hs, (int)(a - client_asks));
}

static void client_run(const uint8_t *data, size_t size, enum http_protocol protocol)
{
    const struct http_pool_config config = { .protocol = protocol, .max_connections = 1 };
    struct http_pool *pool = http_pool_new(rig_worker(), &config, client_dial, NULL);

    client_peer = NULL;
    for (int i = 0; i < ASKS; i++) {
        struct http_stream *hs;

        client_asks[i] = (struct ask){ 0 };
        if (http_pool_get(pool, client_ready, &client_asks[i], &hs, &client_asks[i].waiter) == 0 &&
            hs)
            client_begin(&client_asks[i], hs, i);
    }
    stream_set_events(client_peer, &peer_events, NULL);
    stream_read_start(client_peer);
    rig_turn();
    rig_send(client_peer, data, size);
    for (int i = 0; i < ASKS; i++) {
        if (client_asks[i].waiter)
            http_pool_cancel(client_asks[i].waiter);
        if (client_asks[i].hs)
            client_done(&client_asks[i]);
    }
    http_pool_free(pool);
    stream_close(client_peer);
    rig_turn();
}

#endif
