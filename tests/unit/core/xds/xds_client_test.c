/* The client against a real xds_server, with everything between them in the test's hands. */
#include "core/xds/xds_client.h"

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/text/proto.h"
#include "core/xds/xds_server.h"
#include "tests/tap.h"

#define TYPE "test/Thing"

struct rig {
    struct random random;
    struct xds_clock clock;
    struct xds_cache cache;
    struct xds_server *server;
    struct xds_client *client;
    struct buf log;  /* what the owner was told */
    struct map held; /* name -> version, owned */
    char token[128];
    uint64_t rest_ms;
    uint32_t server_no;
    size_t requests, closed, opened;
    bool hold_ack, refuse, connected;
    char last_error[64];
};

static void log_add(struct rig *r, struct str s)
{
    buf_printf(&r->log, "%s%.*s", buf_len(&r->log) ? " " : "", STR_ARG(s));
}

static const char *told(struct rig *r)
{
    static char text[512];

    str_copy(buf_str(&r->log), text, sizeof(text));
    buf_clear(&r->log);
    return text;
}

/* ---- the server's side ---- */

static void to_client(void *arg, struct str message)
{
    struct rig *r = arg;

    if (r->connected)
        xds_client_receive(r->client, message);
}

static struct xds_cache *find_cache(void *arg, struct str url)
{
    (void)url;
    return &((struct rig *)arg)->cache;
}

static const struct xds_server_ops server_ops = { .send = to_client, .find_cache = find_cache };

/* ---- the owner ---- */

static void on_open(void *arg, uint32_t n)
{
    struct rig *r = arg;

    r->server_no = n;
}

static void to_server(void *arg, struct str message)
{
    struct rig *r = arg;
    struct xds_msg_request q;
    struct arena a;
    const char *why;

    r->requests++;
    arena_init(&a, 0);
    if (OK(proto_decode(&xds_msg_request_message, message.p, message.len, &a, 0, &q) == 0)) {
        if (q.error)
            str_copy(q.error->message, r->last_error, sizeof(r->last_error));
        if (str_is(q.type_url, TYPE))
            EQ_INT(xds_server_receive(r->server, &q, &why), 0);
        else
            log_add(r, q.type_url);
    }
    arena_deinit(&a);
}

static void on_close(void *arg)
{
    ((struct rig *)arg)->closed++;
}

static void wake_after(void *arg, uint64_t ms)
{
    ((struct rig *)arg)->rest_ms = ms;
}

static void on_update(void *arg, const struct xds_client_update *u)
{
    struct rig *r = arg;

    for (size_t i = 0; i < u->count; i++) {
        struct str name = u->resources[i].name;

        log_add(r, name);
        if (!map_find(&r->held, name))
            map_put(&r->held, str_of(str_dup(name)), NULL);
        mem_free(
            map_put(&r->held, map_find(&r->held, name)->key, str_dup(u->resources[i].version)));
    }
    for (size_t i = 0; i < u->removed_count; i++) {
        buf_printf(&r->log, "%s-%.*s", buf_len(&r->log) ? " " : "", STR_ARG(u->removed[i]));
    }
    if (u->is_tip)
        str_copy(u->token, r->token, sizeof(r->token));
    if (!r->hold_ack)
        xds_client_ack(r->client, u->type, r->refuse ? "a: no" : NULL);
}

static struct str get_token(void *arg, uint32_t type)
{
    (void)type;
    return str_of(((struct rig *)arg)->token);
}

static void each_held(void *arg, uint32_t type,
                      void (*each)(void *each_arg, struct str name, struct str version),
                      void *each_arg)
{
    struct rig *r = arg;
    struct map_slot *slot;

    (void)type;
    for (size_t at = 0; (slot = map_next(&r->held, &at));)
        each(each_arg, slot->key, str_of(slot->value));
}

static void on_opened(void *arg)
{
    ((struct rig *)arg)->opened++;
}

static const struct xds_client_ops ops = { on_open,   to_server, on_close,  wake_after,
                                           on_update, get_token, each_held, on_opened };

static void put(struct rig *r, const char *name, const char *value)
{
    struct xds_cache_item item = { .name = str_of(name), .value = str_of(value) };

    xds_cache_put(&r->cache, &item);
    if (r->server)
        xds_server_pump(r->server);
}

static void init(struct rig *r)
{
    static const char *const types[] = { TYPE };
    static const struct xds_msg_node node = { .id = STR_INIT("sidecar~1.2.3.4~a.b~b.svc") };
    struct xds_client_options options = {
        .node = &node, .types = types, .type_count = 1, .server_count = 2, .random = &r->random
    };

    *r = (struct rig){ .clock = { .epoch = 1 } };
    random_init(&r->random, 1);
    map_init(&r->held);
    buf_init(&r->log, 0);
    xds_cache_init(&r->cache, TYPE, "any", &r->clock);
    r->client = xds_client_new(&options, &ops, r);
    put(r, "a", "1");
    put(r, "b", "1");
    xds_client_start(r->client);
}

static void deinit(struct rig *r)
{
    struct map_slot *slot;

    xds_client_free(r->client);
    xds_server_free(r->server);
    xds_cache_deinit(&r->cache);
    for (size_t at = 0; (slot = map_next(&r->held, &at));) {
        mem_free(slot->value);
        mem_free((void *)(uintptr_t)slot->key.p);
    }
    map_deinit(&r->held);
    buf_deinit(&r->log);
}

static void pump(struct rig *r)
{
    for (int i = 0; i < 10; i++)
        xds_server_pump(r->server);
}

static void link_up(struct rig *r)
{
    r->server = xds_server_new(&server_ops, r, &r->clock);
    r->connected = true;
    xds_client_opened(r->client);
    pump(r);
}

static void link_down(struct rig *r)
{
    r->connected = false;
    xds_server_free(r->server);
    r->server = NULL;
    xds_client_end(r->client);
}

static void gets_the_picture_and_acks(void)
{
    struct rig r;

    init(&r);
    link_up(&r);
    EQ_STR(told(&r), "a b");
    OK(r.token[0] != '\0');
    EQ_INT(r.opened, 1);
    EQ_INT(xds_server_acked(r.server), r.clock.mod);
    put(&r, "b", "2");
    EQ_STR(told(&r), "b");
    deinit(&r);
}

static void reconnect_brings_only_the_change(void)
{
    struct rig r;

    init(&r);
    link_up(&r);
    (void)told(&r);
    link_down(&r);
    put(&r, "c", "1");
    xds_client_wake(r.client);
    EQ_INT(r.server_no, 1);
    link_up(&r);
    EQ_STR(told(&r), "c");
    deinit(&r);
}

static void another_life_of_the_server_brings_only_the_difference(void)
{
    struct rig r;

    init(&r);
    link_up(&r);
    (void)told(&r);
    link_down(&r);
    r.clock.epoch = 2;
    put(&r, "c", "1");
    xds_cache_remove(&r.cache, STR("a"));
    xds_client_wake(r.client);
    link_up(&r);
    EQ_STR(told(&r), "c -a");
    deinit(&r);
}

static void refusal_is_told(void)
{
    struct rig r;

    init(&r);
    r.refuse = true;
    link_up(&r);
    EQ_STR(r.last_error, "a: no");
    EQ_INT(xds_server_acked(r.server), 0);
    deinit(&r);
}

static void late_ack_holds_the_next_response(void)
{
    struct rig r;

    init(&r);
    r.hold_ack = true;
    link_up(&r);
    EQ_STR(told(&r), "a b");
    put(&r, "a", "2");
    put(&r, "a", "3");
    EQ_STR(told(&r), "");
    xds_client_ack(r.client, 0, NULL);
    pump(&r);
    EQ_STR(told(&r), "a");
    link_down(&r);
    xds_client_ack(r.client, 0, NULL); /* too late: its stream is gone */
    deinit(&r);
}

static void rests_longer_each_time(void)
{
    struct rig r;
    uint64_t most = 0;

    init(&r);
    for (int i = 0; i < 20; i++) {
        xds_client_end(r.client);
        OK(r.rest_ms >= 5 && r.rest_ms <= XDS_CLIENT_REST_MAX_MS);
        if (r.rest_ms > most)
            most = r.rest_ms;
        xds_client_end(r.client); /* told twice: no matter */
        xds_client_wake(r.client);
        EQ_INT(r.server_no, (i + 1) % 2);
    }
    OK(most > XDS_CLIENT_REST_MAX_MS / 2);
    link_up(&r);
    link_down(&r);
    OK(r.rest_ms <= XDS_CLIENT_REST_MIN_MS);
    deinit(&r);
}

static void garbage_ends_the_stream(void)
{
    struct rig r;

    init(&r);
    link_up(&r);
    xds_client_receive(r.client, STR("\xff\xff\xff"));
    EQ_INT(r.closed, 1);
    OK(!xds_client_is_open(r.client));
    OK(r.rest_ms > 0);
    deinit(&r);
}

static void tells_upwards(void)
{
    struct rig r;

    init(&r);
    xds_client_tell(r.client, "up/Early", NULL, NULL, false);
    EQ_STR(told(&r), "");
    link_up(&r);
    (void)told(&r);
    xds_client_tell(r.client, "up/Thing", NULL, NULL, true);
    EQ_STR(told(&r), "up/Thing");
    deinit(&r);
}

#define CASE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
static const struct tap_case cases[] = {
    CASE(gets_the_picture_and_acks),
    CASE(reconnect_brings_only_the_change),
    CASE(another_life_of_the_server_brings_only_the_difference),
    CASE(refusal_is_told),
    CASE(late_ack_holds_the_next_response),
    CASE(rests_longer_each_time),
    CASE(garbage_ends_the_stream),
    CASE(tells_upwards),
};

TAP_MAIN(cases)
