#include "core/telemetry/telemetry_ring.h"

#include <pthread.h>

#include "core/base/mem.h"
#include "core/http/http_msg.h"
#include "core/telemetry/telemetry_json.h"
#include "tests/tap.h"

static struct model_route route = { .name = STR_INIT("canary"),
                                    .source = { .kind = STR_INIT("VirtualService"),
                                                .ns = STR_INIT("default"),
                                                .name = STR_INIT("reviews"),
                                                .file = STR_INIT("reviews.yaml"),
                                                .line = 12 } };
static struct model_authz_policy policy = {
    .source = { .ns = STR_INIT("foo"), .name = STR_INIT("bar"), .line = 3 }
};

static struct decision decision_of(uint64_t id)
{
    struct decision d = {
        .id = id,
        .start_wall_us = 1714566896789012,
        .start_ns = 1000,
        .end_ns = 5001000,
        .upstream_first_ns = 3001000,
        .version = HTTP_VERSION_2,
        .status = 503,
        .grpc_status = -1,
        .flags = DECISION_UF,
        .details = "no_healthy_upstream",
        .route = &route,
        .authz_policy = &policy,
        .authz_rule = 1,
        .method = STR("GET"),
        .path = STR("/a\"b"),
        .authority = STR("reviews"),
        .request_id = STR("abc"),
        .try_count = 2,
        .bytes_out = 7,
    };

    addr_parse(STR("10.0.0.1:5"), 0, &d.peer);
    addr_parse(STR("10.0.0.2:80"), 0, &d.tries[0].addr);
    d.tries[0].flags = DECISION_UF;
    addr_parse(STR("[fd00::1]:80"), 0, &d.tries[1].addr);
    d.tries[1].status = 503;
    d.tries[1].duration_us = 9;
    return d;
}

static void json_has_what_was_decided(void)
{
    struct telemetry_ring *ring = telemetry_ring_new(3);
    struct decision d = decision_of(77);
    struct telemetry_record r;
    struct buf out;

    buf_init(&out, 0);
    telemetry_ring_add(ring, &d);
    if (OK(telemetry_ring_get(ring, 0, &r))) {
        telemetry_json_write(&r, &out);
        EQ_STRN(
            buf_str(&out).p, buf_len(&out),
            "{\"time\":\"2024-05-01T12:34:56.789Z\",\"id\":77,\"worker\":3,"
            "\"direction\":\"outbound\",\"protocol\":\"HTTP/2\",\"status\":503,\"flags\":\"UF\","
            "\"requestId\":\"abc\",\"method\":\"GET\",\"authority\":\"reviews\","
            "\"path\":\"/a\\\"b\",\"details\":\"no_healthy_upstream\",\"peer\":\"10.0.0.1:5\","
            "\"route\":{\"name\":\"canary\",\"kind\":\"VirtualService\",\"object\":\"reviews\","
            "\"namespace\":\"default\",\"file\":\"reviews.yaml\",\"line\":12},"
            "\"authz\":{\"result\":\"allowed\",\"namespace\":\"foo\",\"policy\":\"bar\","
            "\"rule\":1,\"line\":3},"
            "\"tries\":[{\"endpoint\":\"10.0.0.2:80\",\"flags\":\"UF\",\"durationUs\":0},"
            "{\"endpoint\":\"[fd00::1]:80\",\"status\":503,\"durationUs\":9}],"
            "\"bytesReceived\":0,\"bytesSent\":7,\"durationUs\":5000,\"firstByteUs\":3000,"
            "\"snapshot\":0}");
    }
    buf_deinit(&out);
    telemetry_ring_free(ring);
}

static void the_last_ones_are_kept(void)
{
    struct telemetry_ring *ring = telemetry_ring_new(0);
    struct telemetry_record r;

    OK(!telemetry_ring_get(ring, 0, &r));
    for (uint64_t id = 1; id <= TELEMETRY_RING_RECORDS + 10; id++) {
        struct decision d = decision_of(id);

        telemetry_ring_add(ring, &d);
    }
    for (uint32_t back = 0; back < TELEMETRY_RING_RECORDS; back++) {
        OK(telemetry_ring_get(ring, back, &r));
        EQ_UINT(r.id, TELEMETRY_RING_RECORDS + 10 - back);
    }
    OK(!telemetry_ring_get(ring, TELEMETRY_RING_RECORDS, &r));
    telemetry_ring_free(ring);
}

static void long_texts_are_cut(void)
{
    static char text[5000];
    struct telemetry_ring *ring = telemetry_ring_new(0);
    struct decision d = decision_of(1);
    struct telemetry_record r;

    memset(text, 'x', sizeof(text));
    d.path = d.authority = d.method = d.request_id = d.user_agent = str_make(text, sizeof(text));
    d.peer_identity = d.sni = d.upstream_identity = d.path;
    d.tries[1].duration_us = 5;
    d.try_count = 50;
    telemetry_ring_add(ring, &d);
    if (OK(telemetry_ring_get(ring, 0, &r))) {
        EQ_UINT(telemetry_ring_text(&r, TELEMETRY_RING_METHOD).len, 255);
        OK(telemetry_ring_text(&r, TELEMETRY_RING_PATH).len < 255);
        EQ_UINT(r.try_count, DECISION_TRIES_MAX);
    }
    telemetry_ring_free(ring);
}

/* ---- one writes, one reads ---- */

struct race {
    struct telemetry_ring *ring;
    atomic_bool stop;
};

/* A record whose texts say its id, so that a mixture is noticed. */
static void add_numbered(struct telemetry_ring *ring, uint64_t id)
{
    char text[200];
    struct decision d = { .id = id, .grpc_status = -1 };

    snprintf(text, sizeof(text), "%0*u", (int)(20 + id % 150), (unsigned)(id % 1000000));
    d.method = d.path = str_of(text);
    telemetry_ring_add(ring, &d);
}

static void *write_all(void *arg)
{
    struct race *race = arg;

    for (uint64_t id = 1; !atomic_load(&race->stop); id++)
        add_numbered(race->ring, id);
    return NULL;
}

static void readers_see_whole_records(void)
{
    struct race race = { .ring = telemetry_ring_new(0) };
    time_t late = time(NULL) + 20;
    pthread_t writer;
    uint32_t seen = 0;

    atomic_init(&race.stop, false);
    if (!OK(pthread_create(&writer, NULL, write_all, &race) == 0))
        return;
    /* Where code runs slowly the writer often laps the reader: then it takes more looks. */
    for (uint32_t i = 0; (i < 200000 && seen < 20000) || (seen <= 100 && time(NULL) < late); i++) {
        struct telemetry_record r;
        struct str method;
        uint64_t number = 0;

        if (!telemetry_ring_get(race.ring, i % TELEMETRY_RING_RECORDS, &r))
            continue;
        seen++;
        method = telemetry_ring_text(&r, TELEMETRY_RING_METHOD);
        if (!OK(str_to_u64(method, UINT64_MAX, &number) == 0) || !EQ_UINT(number, r.id % 1000000) ||
            !OK(str_eq(method, telemetry_ring_text(&r, TELEMETRY_RING_PATH))))
            break;
    }
    atomic_store(&race.stop, true);
    pthread_join(writer, NULL);
    OK(seen > 100);
    telemetry_ring_free(race.ring);
}

static const struct tap_case cases[] = {
    { "json_has_what_was_decided", json_has_what_was_decided },
    { "the_last_ones_are_kept", the_last_ones_are_kept },
    { "long_texts_are_cut", long_texts_are_cut },
    { "readers_see_whole_records", readers_see_whole_records },
};

TAP_MAIN(cases)
