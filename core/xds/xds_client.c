#include "core/xds/xds_client.h"

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/text/proto.h"

static struct log_module log_module = LOG_MODULE("xds");

enum state { RESTING, CONNECTING, OPEN };

struct type {
    char *nonce; /* of the response that waits for its ack; NULL: none */
    bool rebase; /* the server does not know our token: the ack lists all we hold */
};

struct xds_client {
    struct xds_client_options options;
    const struct xds_client_ops *ops;
    void *arg;
    enum state state;
    uint32_t server;
    uint64_t rest_ms;
    bool started;
    struct type types[];
};

struct xds_client *xds_client_new(const struct xds_client_options *options,
                                  const struct xds_client_ops *ops, void *arg)
{
    struct xds_client *c = mem_alloc_flex(sizeof(*c), options->type_count, sizeof(c->types[0]));

    c->options = *options;
    c->ops = ops;
    c->arg = arg;
    c->rest_ms = XDS_CLIENT_REST_MIN_MS;
    return c;
}

static void forget_nonces(struct xds_client *c)
{
    for (uint32_t i = 0; i < c->options.type_count; i++) {
        mem_free(c->types[i].nonce);
        c->types[i] = (struct type){ 0 };
    }
}

void xds_client_free(struct xds_client *c)
{
    if (!c)
        return;
    forget_nonces(c);
    mem_free(c);
}

static void connect(struct xds_client *c)
{
    c->state = CONNECTING;
    c->ops->open(c->arg, c->server);
}

void xds_client_start(struct xds_client *c)
{
    if (c->started)
        return;
    c->started = true;
    connect(c);
}

void xds_client_wake(struct xds_client *c)
{
    if (c->started && c->state == RESTING)
        connect(c);
}

void xds_client_end(struct xds_client *c)
{
    uint64_t rest = c->rest_ms / 2 + random_below(c->options.random, c->rest_ms / 2 + 1);

    if (c->state == RESTING)
        return;
    c->state = RESTING;
    forget_nonces(c);
    c->server = (c->server + 1) % c->options.server_count;
    c->rest_ms = c->rest_ms * 2 > XDS_CLIENT_REST_MAX_MS ? XDS_CLIENT_REST_MAX_MS : c->rest_ms * 2;
    c->ops->wake_after(c->arg, rest);
}

/* ---- sending ---- */

static void send(struct xds_client *c, const struct xds_msg_request *q)
{
    struct buf out;

    buf_init(&out, 0);
    if (proto_encode(&xds_msg_request_message, q, &out) == 0)
        c->ops->send(c->arg, buf_str(&out));
    buf_deinit(&out);
}

static void subscribe(struct xds_client *c, uint32_t type, bool first)
{
    struct str token = c->ops->token(c->arg, type);
    struct field_pair resume = { STR(XDS_MSG_RESUME), token.p ? token : STR("") };
    struct str all = STR("*");
    struct xds_msg_node node = *c->options.node;
    struct xds_msg_request q = {
        .node = first ? &node : NULL,
        .type_url = str_of(c->options.types[type]),
        .subscribe = &all,
        .subscribe_count = 1,
        .initial = &resume,
        .initial_count = 1,
    };

    send(c, &q);
}

void xds_client_opened(struct xds_client *c)
{
    if (c->state != CONNECTING)
        return;
    c->state = OPEN;
    for (uint32_t i = 0; i < c->options.type_count; i++)
        subscribe(c, i, i == 0);
    if (c->ops->opened)
        c->ops->opened(c->arg);
}

struct holding {
    struct arena *arena;
    struct field_pair *list;
    size_t count, cap;
};

static void hold(void *arg, struct str name, struct str version)
{
    struct holding *h = arg;

    if (h->count == h->cap) {
        size_t cap = h->cap ? 2 * h->cap : 256;

        h->list = arena_grow(h->arena, h->list, h->count, cap, sizeof(*h->list));
        h->cap = cap;
    }
    h->list[h->count++] = (struct field_pair){ name, version };
}

void xds_client_ack(struct xds_client *c, uint32_t type, const char *why)
{
    struct type *t = &c->types[type];
    struct xds_msg_status status = { .code = 3, .message = str_of(why) };
    struct xds_msg_request q = { .type_url = str_of(c->options.types[type]) };
    struct holding h = { 0 };
    struct arena arena;

    if (c->state != OPEN || !t->nonce)
        return; /* the stream it came by is gone; the next one starts from what is held */
    arena_init(&arena, 4096);
    h.arena = &arena;
    if (t->rebase) {
        c->ops->each_held(c->arg, type, hold, &h);
        hold(&h, STR(XDS_MSG_RESUME), STR(""));
        q.initial = h.list;
        q.initial_count = h.count;
    }
    q.nonce = str_of(t->nonce);
    if (why && *why)
        q.error = &status;
    send(c, &q);
    arena_deinit(&arena);
    mem_free(t->nonce);
    *t = (struct type){ 0 };
}

void xds_client_tell(struct xds_client *c, const char *type_url, const struct xds_msg_node *node,
                     const struct xds_msg_status *error, bool unsubscribe_all)
{
    struct xds_msg_node copy;
    struct xds_msg_status status;
    struct str all = STR("*");
    struct xds_msg_request q = { .type_url = str_of(type_url) };

    if (c->state != OPEN)
        return;
    if (node) {
        copy = *node;
        q.node = &copy;
    }
    if (error) {
        status = *error;
        q.error = &status;
    }
    if (unsubscribe_all) {
        q.unsubscribe = &all;
        q.unsubscribe_count = 1;
    }
    send(c, &q);
}

/* ---- receiving ---- */

static int find_type(const struct xds_client *c, struct str url)
{
    for (uint32_t i = 0; i < c->options.type_count; i++)
        if (str_is(url, c->options.types[i]))
            return (int)i;
    return -1;
}

/* Takes mesh.resume/1 out of both lists. */
static void take_token(struct xds_msg_response *m, struct type *t, struct xds_client_update *u)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->resources_count; i++) {
        if (!str_is(m->resources[i].name, XDS_MSG_RESUME)) {
            m->resources[kept++] = m->resources[i];
            continue;
        }
        u->is_tip = true;
        u->token = m->resources[i].version;
    }
    u->resources = m->resources;
    u->count = kept;
    kept = 0;
    for (size_t i = 0; i < m->removed_count; i++) {
        if (str_is(m->removed[i], XDS_MSG_RESUME))
            t->rebase = true;
        else
            m->removed[kept++] = m->removed[i];
    }
    u->removed = m->removed;
    u->removed_count = kept;
}

static void fail(struct xds_client *c, const char *why)
{
    log_warn("stream to control ended: %s", why);
    c->ops->close(c->arg);
    xds_client_end(c);
}

void xds_client_receive(struct xds_client *c, struct str message)
{
    struct xds_client_update u = { 0 };
    struct xds_msg_response m;
    struct arena arena;
    int type;

    if (c->state != OPEN)
        return;
    arena_init(&arena, 16384);
    if (proto_decode(&xds_msg_response_message, message.p, message.len, &arena, PROTO_BORROW, &m) !=
        0) {
        fail(c, "a response does not decode");
        arena_deinit(&arena);
        return;
    }
    type = find_type(c, m.type_url);
    if (type < 0 || c->types[type].nonce) {
        fail(c, type < 0 ? "a response of a type not asked for" : "a response before the last ack");
        arena_deinit(&arena);
        return;
    }
    c->rest_ms = XDS_CLIENT_REST_MIN_MS;
    c->types[type].nonce = str_dup(m.nonce);
    u.type = (uint32_t)type;
    take_token(&m, &c->types[type], &u);
    if (c->types[type].rebase)
        xds_client_ack(c, u.type, NULL);
    else
        c->ops->update(c->arg, &u);
    arena_deinit(&arena);
}

bool xds_client_is_open(const struct xds_client *c)
{
    return c->state == OPEN;
}

uint32_t xds_client_server(const struct xds_client *c)
{
    return c->server;
}
