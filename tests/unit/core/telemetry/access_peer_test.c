#include "core/telemetry/access_peer.h"

#include "core/base/mem.h"
#include "core/telemetry/access_format.h"
#include "core/telemetry/telemetry_peer.h"
#include "tests/tap.h"

#define ANY "{\"@type\":\"type.googleapis.com/google.protobuf.Struct\",\"value\":"
#define REVIEWS_TEXT                                                                               \
    "workload=reviews-v2,cluster=Kubernetes,namespace=default,service=reviews,revision=v2,"        \
    "app=reviews,version=v2"
#define REVIEWS_JSON                                                                               \
    "{\"workload\":\"reviews-v2\",\"cluster\":\"Kubernetes\",\"namespace\":\"default\","           \
    "\"service\":\"reviews\",\"revision\":\"v2\",\"app\":\"reviews\",\"version\":\"v2\","          \
    "\"identity\":\"spiffe://cluster.local/ns/default/sa/reviews\"}"

static struct model_telemetry_peer reviews = {
    .workload = STR_INIT("reviews-v2"),
    .ns = STR_INIT("default"),
    .app = STR_INIT("reviews"),
    .version = STR_INIT("v2"),
    .cluster = STR_INIT("Kubernetes"),
    .principal = STR_INIT("cluster.local/ns/default/sa/reviews"),
    .canonical_service = STR_INIT("reviews"),
    .canonical_revision = STR_INIT("v2"),
};

static struct arena arena;
static struct snapshot snapshot;
static struct model_endpoint endpoint;
static struct telemetry_peer cache;

/* reviews is at the other end, as client or as server. */
static struct decision begin(bool inbound)
{
    struct decision d = { .inbound = inbound, .snapshot = &snapshot };

    arena_init(&arena, 0);
    endpoint.peer = reviews;
    snapshot = (struct snapshot){ .version = 1 };
    pmap_init(&snapshot.peers_by_ip, NULL);
    pmap_init(&snapshot.peers_by_identity, NULL);
    pmap_put(&snapshot.peers_by_ip, STR("10.0.0.9"), &reviews);
    addr_parse(STR("10.0.0.9:41000"), 0, &d.peer);
    if (!inbound)
        d.endpoint = &endpoint;
    return d;
}

static void end(void)
{
    pmap_deinit(&snapshot.peers_by_ip);
    pmap_deinit(&snapshot.peers_by_identity);
    arena_deinit(&arena);
}

static void check(const struct decision *d, const char *format, bool as_json, const char *want)
{
    struct access_source source = { d, NULL, NULL, &cache };
    struct access_format f;
    struct buf out;

    buf_init(&out, 0);
    if (EQ_INT(access_format_parse(&f, str_of(format), &arena, NULL), 0)) {
        if (as_json)
            access_format_write_json(&f, &source, &out);
        else
            access_format_write(&f, &source, ACCESS_FORMAT_DASH, &out);
        if (!EQ_STRN(buf_str(&out).p, buf_len(&out), want))
            NOTE("%s", format);
    }
    buf_deinit(&out);
}

static void a_client_is_shown_inbound(void)
{
    struct decision d = begin(true);

    check(&d, "%FILTER_STATE(downstream_peer:PLAIN)%", false, REVIEWS_TEXT);
    check(&d, "%FILTER_STATE(downstream_peer:FIELD:workload)%", false, "reviews-v2");
    check(&d, "%FILTER_STATE(upstream_peer)%", false, "-");
    addr_parse(STR("10.0.0.10:41000"), 0, &d.peer); /* nobody's */
    check(&d, "%FILTER_STATE(downstream_peer)%", false, "-");
    end();
}

static void an_endpoint_is_shown_outbound(void)
{
    struct decision d = begin(false);

    check(&d, "%FILTER_STATE(upstream_peer)%", false, ANY REVIEWS_JSON "}");
    check(&d, "%FILTER_STATE(upstream_peer:TYPED)%", false, ANY REVIEWS_JSON "}");
    check(&d, "%FILTER_STATE(upstream_peer_obj)%", false, REVIEWS_JSON);
    check(&d, "%UPSTREAM_FILTER_STATE(upstream_peer:FIELD:namespace)%", false, "default");
    check(&d, "%FILTER_STATE(downstream_peer)%", false, "-");
    endpoint.peer.workload = STR("");
    check(&d, "%FILTER_STATE(upstream_peer)%", false, "-");
    d.endpoint = NULL;
    check(&d, "%FILTER_STATE(upstream_peer)%", false, "-");
    end();
}

static void only_what_is_known_is_shown(void)
{
    struct decision d = begin(false);

    endpoint.peer = (struct model_telemetry_peer){ .workload = STR("a\"b"), .app = STR("x") };
    check(&d, "%FILTER_STATE(upstream_peer_obj)%", false,
          "{\"workload\":\"a\\\"b\",\"app\":\"x\"}");
    check(&d, "%FILTER_STATE(upstream_peer:PLAIN)%", false, "workload=a\"b,app=x");
    check(&d, "%FILTER_STATE(upstream_peer:FIELD:version)%", false, "-");
    check(&d, "%FILTER_STATE(upstream_peer:FIELD:type)%", false, "-");
    check(&d, "%FILTER_STATE(other_peer)% %FILTER_STATE(upstream_peers:PLAIN)%", false, "- -");
    end();
}

static void text_is_cut_and_json_is_not(void)
{
    struct decision d = begin(false);

    check(&d, "%FILTER_STATE(upstream_peer:PLAIN):8%", false, "workload");
    check(&d, "%FILTER_STATE(upstream_peer:FIELD:workload):4%", false, "revi");
    check(&d, "%FILTER_STATE(upstream_peer_obj):4%", false, REVIEWS_JSON);
    end();
}

static void a_log_of_json_has_an_object(void)
{
    struct decision d = begin(false);

    check(&d, "%FILTER_STATE(upstream_peer)%", true, ANY REVIEWS_JSON "}");
    check(&d, "%FILTER_STATE(downstream_peer)%", true, "null");
    check(&d, "%FILTER_STATE(upstream_peer:PLAIN)%", true, "\"" REVIEWS_TEXT "\"");
    check(&d, "to %FILTER_STATE(upstream_peer:FIELD:app)%", true, "\"to reviews\"");
    end();
}

static const struct tap_case cases[] = {
    { "a_client_is_shown_inbound", a_client_is_shown_inbound },
    { "an_endpoint_is_shown_outbound", an_endpoint_is_shown_outbound },
    { "only_what_is_known_is_shown", only_what_is_known_is_shown },
    { "text_is_cut_and_json_is_not", text_is_cut_and_json_is_not },
    { "a_log_of_json_has_an_object", a_log_of_json_has_an_object },
};

TAP_MAIN(cases)
