#include "core/telemetry/access_format.h"

#include <stdlib.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/telemetry/access_time.h"
#include "tests/tap.h"

static struct arena arena;
static struct http_msg request, response;
static struct model_cluster_config config;
static struct model_cluster cluster;
static struct model_route route;
static struct decision d;

static void begin(void)
{
    arena_init(&arena, 0);
    http_msg_init(&request, &arena);
    http_msg_init(&response, &arena);
    http_msg_set_method(&request, STR("GET"));
    request.path = STR("/new?x=1");
    request.scheme = STR("https");
    request.authority = STR("reviews:9080");
    http_headers_add(&request.headers, STR("x-a"), STR("alpha"));
    http_headers_add(&request.headers, STR("x-bad"), STR("a\tb\x1b[1m\xffü\x7f"));
    http_headers_add(&response.headers, STR("x-b"), STR("beta"));
    config.name = STR("outbound|9080|v1|reviews.default.svc.cluster.local");
    cluster.config = &config;
    route.name = STR("default");
    d = (struct decision){
        .start_wall_us = 1714566896789012,
        .start_ns = 1000000,
        .end_ns = 13900000,
        .upstream_first_ns = 11000000,
        .version = HTTP_VERSION_11,
        .status = 200,
        .grpc_status = -1,
        .details = "via_upstream",
        .bytes_in = 5,
        .bytes_out = 178,
        .cluster = &cluster,
        .route = &route,
        .try_count = 2,
        .sni = STR("sni.example"),
        .peer_identity = STR("spiffe://cluster.local/ns/a/sa/b"),
        .request_id = STR("req-1"),
        .original_path = STR("/old"),
        .method = STR("GET"),
        .upstream_service_time_ms = 9,
        .has_upstream_service_time = true,
    };
    addr_parse(STR("10.0.0.9:41000"), 0, &d.peer);
    addr_parse(STR("10.96.0.7:9080"), 0, &d.local);
    addr_parse(STR("[fd00::2]:9080"), 0, &d.upstream_remote);
}

static void check(const char *format, const char *want, enum access_format_missing missing)
{
    struct access_source source = { &d, &request, &response, NULL };
    struct access_format f;
    struct str why = STR("");
    struct buf out;

    buf_init(&out, 0);
    if (EQ_INT(access_format_parse(&f, str_of(format), &arena, &why), 0)) {
        access_format_write(&f, &source, missing, &out);
        if (!EQ_STRN(buf_str(&out).p, buf_len(&out), want))
            NOTE("%s", format);
    }
    buf_deinit(&out);
}

static const struct {
    const char *format, *want;
} fills[] = {
    { "", "" },
    { "plain", "plain" },
    { "100%%", "100%" },
    { "%REQ(X-A)%", "alpha" },
    { "%REQ(x-a):3%|", "alp|" },
    { "%REQ(X-NONE?X-A)%", "alpha" },
    { "%REQ(X-NONE)%", "-" },
    { "\t%REQ(X-BAD)%", "\ta\\x09b\\x1b[1m\\xffü\\x7f" },
    { "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", "/old" },
    { "%REQ(:AUTHORITY)% %REQ(:SCHEME)%", "reviews:9080 https" },
    { "%REQ_WITHOUT_QUERY(:PATH)%", "/old" },
    { "%RESP(X-B)% %RESP(:STATUS)%", "beta 200" },
    { "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%", "9" },
    { "%START_TIME%", "2024-05-01T12:34:56.789Z" },
    { "%START_TIME(%Y/%m/%dT%H:%M:%S%z %s %3f %E6S %q)%",
      "2024/05/01T12:34:56+0000 1714566896 789 56.789012 %q" },
    { "%DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%", "12 10 2" },
    { "%PROTOCOL% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%",
      "HTTP/1.1 200 - via_upstream" },
    { "%BYTES_RECEIVED%/%BYTES_SENT%", "5/178" },
    { "%UPSTREAM_HOST% %UPSTREAM_CLUSTER_RAW%",
      "[fd00::2]:9080 outbound|9080|v1|reviews.default.svc.cluster.local" },
    { "%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %UPSTREAM_REMOTE_PORT%", "fd00::2 9080" },
    { "%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% "
      "%DOWNSTREAM_REMOTE_PORT%",
      "10.0.0.9:41000 10.0.0.9 41000" },
    { "%DOWNSTREAM_LOCAL_ADDRESS% %UPSTREAM_LOCAL_ADDRESS%", "10.96.0.7:9080 -" },
    { "%DOWNSTREAM_PEER_URI_SAN% %REQUESTED_SERVER_NAME% %ROUTE_NAME%",
      "spiffe://cluster.local/ns/a/sa/b sni.example default" },
    { "%GRPC_STATUS% %UPSTREAM_REQUEST_ATTEMPT_COUNT% %STREAM_ID%", "- 2 req-1" },
    { "%ENVIRONMENT(MESH_TEST_VALUE)% %ENVIRONMENT(MESH_TEST_NONE)%", "here -" },
    { "%DYNAMIC_METADATA(a:b)% %TRACE_ID%", "- -" },
    { "%FILTER_STATE(downstream_peer)% %FILTER_STATE(upstream_peer:PLAIN):9%", "- -" },
    { "%FILTER_STATE%", NULL },
    { "%FILTER_STATE(:PLAIN)%", NULL },
    { "%FILTER_STATE(downstream_peer:plain)%", NULL },
    { "%FILTER_STATE(downstream_peer:FIELD)%", NULL },
    { "%FILTER_STATE(downstream_peer:TYPED:app)%", NULL },
    { "%", NULL },
    { "a % b", NULL },
    { "%NOSUCH%", NULL },
    { "%REQ%", NULL },
    { "%REQ()%", NULL },
    { "%DURATION(x)%", NULL },
    { "%REQ(x)y%", NULL },
    { "%REQ(x):zz%", NULL },
    { "%REQ(x%", NULL },
    { "%)(%", NULL },
};

static void operators_are_filled(void)
{
    setenv("MESH_TEST_VALUE", "here", 1);
    begin();
    for (size_t i = 0; i < COUNT_OF(fills); i++) {
        struct access_format f;
        struct str why = STR_NONE;

        if (fills[i].want) {
            check(fills[i].format, fills[i].want, ACCESS_FORMAT_DASH);
        } else {
            if (!EQ_INT(access_format_parse(&f, str_of(fills[i].format), &arena, &why),
                        ERR_INVALID))
                NOTE("%s", fills[i].format);
            OK(why.len > 0);
        }
    }
    check("[%REQ(X-NONE)%]", "[]", ACCESS_FORMAT_EMPTY);
    arena_deinit(&arena);
}

static void failures_are_shown(void)
{
    begin();
    d.flags = DECISION_UF | DECISION_URX;
    d.grpc_status = 14;
    d.upstream_failure = "connection refused";
    check("%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%",
          "UF,URX UpstreamConnectionFailure,UpstreamRetryLimitExceeded", ACCESS_FORMAT_DASH);
    check("%GRPC_STATUS% %GRPC_STATUS(NUMBER)% %UPSTREAM_TRANSPORT_FAILURE_REASON%",
          "Unavailable 14 connection refused", ACCESS_FORMAT_DASH);
    d.details = "rbac_access_denied_matched_policy[none]";
    check("%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS%",
          "rbac_access_denied_matched_policy[none] -", ACCESS_FORMAT_DASH);
    d.is_tcp = true;
    d.details = NULL;
    d.termination = "rbac_access_denied_matched_policy[ns[foo]-policy[bar]-rule[2]]";
    check("%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% %PROTOCOL%",
          "- rbac_access_denied_matched_policy[ns[foo]-policy[bar]-rule[2]] -", ACCESS_FORMAT_DASH);
    arena_deinit(&arena);
}

static void json_values_have_types(void)
{
    static const struct {
        const char *format, *want;
    } values[] = {
        { "%RESPONSE_CODE%", "200" }, { "%REQ(X-A)%", "\"alpha\"" },
        { "%REQ(X-NONE)%", "null" },  { "%RESPONSE_CODE% %REQ(X-NONE)%", "\"200 -\"" },
        { "a\"b", "\"a\\\"b\"" },
    };
    struct access_source source = { &d, &request, &response, NULL };

    begin();
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct access_format f;
        struct buf out;

        buf_init(&out, 0);
        EQ_INT(access_format_parse(&f, str_of(values[i].format), &arena, NULL), 0);
        access_format_write_json(&f, &source, &out);
        EQ_STRN(buf_str(&out).p, buf_len(&out), values[i].want);
        buf_deinit(&out);
    }
    arena_deinit(&arena);
}

static void nothing_known_is_no_crash(void)
{
    static const struct decision empty = { .grpc_status = -1 };
    struct access_source source = { &empty, NULL, NULL, NULL };

    arena_init(&arena, 0);
    for (size_t i = 0; i < COUNT_OF(fills); i++) {
        struct access_format f;
        struct buf out;

        buf_init(&out, 0);
        if (access_format_parse(&f, str_of(fills[i].format), &arena, NULL) == 0)
            access_format_write(&f, &source, ACCESS_FORMAT_DASH, &out);
        buf_deinit(&out);
    }
    arena_deinit(&arena);
}

static const struct tap_case cases[] = {
    { "operators_are_filled", operators_are_filled },
    { "failures_are_shown", failures_are_shown },
    { "json_values_have_types", json_values_have_types },
    { "nothing_known_is_no_crash", nothing_known_is_no_crash },
};

TAP_MAIN(cases)
