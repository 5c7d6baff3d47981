/* Discovery requests into a server and responses into a client; neither may crash, and what they
 * send must decode. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/text/proto.h"
#include "core/xds/xds_client.h"
#include "core/xds/xds_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct xds_cache cache;

static void decode(const struct field_message *m, struct str message, void *out)
{
    struct arena a;

    arena_init(&a, 0);
    ASSERT(proto_decode(m, message.p, message.len, &a, 0, out) == 0);
    arena_deinit(&a);
}

static void on_response(void *arg, struct str message)
{
    struct xds_msg_response m;

    (void)arg;
    decode(&xds_msg_response_message, message, &m);
}

static struct xds_cache *find_cache(void *arg, struct str url)
{
    (void)arg;
    return str_starts(url, STR("t")) ? &cache : NULL;
}

static const struct xds_server_ops server_ops = { .send = on_response, .find_cache = find_cache };

static void serve(struct str message)
{
    struct xds_clock clock = { .mod = 1, .epoch = 1 };
    struct xds_server *s = xds_server_new(&server_ops, NULL, &clock);
    struct xds_msg_request q;
    struct arena a;
    const char *why;

    xds_cache_init(&cache, "t", "a", &clock);
    xds_cache_put(&cache, &(struct xds_cache_item){ .name = STR("x"), .value = STR("1") });
    arena_init(&a, 0);
    if (proto_decode(&xds_msg_request_message, message.p, message.len, &a, PROTO_BORROW, &q) == 0) {
        for (int i = 0; i < 3; i++) {
            if (xds_server_receive(s, &q, &why) == 0)
                (void)xds_server_pump(s);
            xds_cache_remove(&cache, STR("x"));
        }
    }
    arena_deinit(&a);
    xds_server_free(s);
    xds_cache_deinit(&cache);
}

/* ---- a client ---- */

static struct xds_client *client;

static void on_open(void *arg, uint32_t n)
{
    (void)arg;
    (void)n;
}

static void on_request(void *arg, struct str message)
{
    struct xds_msg_request q;

    (void)arg;
    decode(&xds_msg_request_message, message, &q);
}

static void on_close(void *arg)
{
    (void)arg;
}

static void wake_after(void *arg, uint64_t ms)
{
    (void)arg;
    ASSERT(ms <= XDS_CLIENT_REST_MAX_MS);
}

static void on_update(void *arg, const struct xds_client_update *u)
{
    (void)arg;
    xds_client_ack(client, u->type, u->count ? "x: no" : NULL);
}

static struct str no_token(void *arg, uint32_t type)
{
    (void)arg;
    (void)type;
    return STR_NONE;
}

static void each_held(void *arg, uint32_t type,
                      void (*each)(void *each_arg, struct str name, struct str version),
                      void *each_arg)
{
    (void)arg;
    (void)type;
    each(each_arg, STR("x"), STR("1"));
}

static const struct xds_client_ops client_ops = { .open = on_open,
                                                  .send = on_request,
                                                  .close = on_close,
                                                  .wake_after = wake_after,
                                                  .update = on_update,
                                                  .token = no_token,
                                                  .each_held = each_held };

static void consume(struct str message)
{
    static const char *const types[] = { "t" };
    static const struct xds_msg_node node = { .id = STR_INIT("n") };
    struct random random;
    struct xds_client_options options = {
        .node = &node, .types = types, .type_count = 1, .server_count = 1, .random = &random
    };

    random_init(&random, 1);
    client = xds_client_new(&options, &client_ops, NULL);
    xds_client_start(client);
    xds_client_opened(client);
    xds_client_receive(client, message);
    xds_client_receive(client, message);
    xds_client_free(client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 65536)
        return 0;
    serve(str_make(data, size));
    consume(str_make(data, size));
    return 0;
}
