/* What a gateway does to heads on their way, by MeshConfig's and ProxyConfig's settings: paths,
 * names, addresses, who says what. The snapshot's settings are set by hand. */
#include "core/flow/flow_edge.h"

#include <string.h>

#include "tests/tap.h"
#include "tests/unit/support/flow_rig.h"

#define OK_REPLY "HTTP/1.1 200 OK\r\nserver: app\r\ncontent-length: 0\r\n\r\n"

static struct flow_rig r;
static struct wire c;

static void begin(const struct model_http_settings *s)
{
    flow_rig_init(&r);
    r.raw_upstreams = true;
    r.http = *s;
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
}

static void finish(void)
{
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

/* What the upstream got of a request with these lines; NULL: nothing within the wait. */
static const char *sent(const char *head)
{
    static char text[4096];

    buf_clear(&c.got);
    if (r.ups[0].raw.s)
        buf_clear(&r.ups[0].raw.got);
    http_wire_send(&c, head);
    if (!flow_rig_wait_text(&r, &r.ups[0].raw, "\r\n\r\n"))
        return "nothing";
    str_copy(str_of(http_wire_text(&r.ups[0].raw)), text, sizeof(text));
    http_wire_send(&r.ups[0].raw, OK_REPLY);
    OK(flow_rig_wait_text(&r, &c, "\r\n\r\n"));
    return text;
}

/* The answer of the proxy itself. */
static const char *answered(const char *head)
{
    buf_clear(&c.got);
    http_wire_send(&c, head);
    OK(flow_rig_wait_text(&r, &c, "\r\n\r\n"));
    return http_wire_text(&c);
}

static bool has_not(const char *text, const char *part)
{
    bool found = strstr(text, part) != NULL;

    if (found)
        printf("# \"%s\" in \"%s\"\n", part, text);
    return !found;
}

/* ---- paths ---- */

/* Istio's cases, by their ids. */
static void pn_1_and_pn_3_paths_of_each_mode(void)
{
    static const struct {
        const char *id;
        uint8_t mode;
        const char *path, *want;
    } rows[] = {
        { "norm_00_merge", MODEL_PATH_MERGE_SLASHES, "/", "/" },
        { "norm_01_none", MODEL_PATH_NONE, "/app#foo", "/app" },
        { "norm_01_base", MODEL_PATH_BASE, "/app#foo", "/app" },
        { "norm_01_merge", MODEL_PATH_MERGE_SLASHES, "/app#foo", "/app" },
        { "norm_02_none", MODEL_PATH_NONE, "/app/", "/app/" },
        { "norm_02_base", MODEL_PATH_BASE, "/app/", "/app/" },
        { "norm_02_decode", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/app/", "/app/" },
        { "norm_03_decode", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/app/../admin", "/admin" },
        { "norm_05_none", MODEL_PATH_NONE, "/app//", "/app//" },
        { "norm_05_base", MODEL_PATH_BASE, "/app//", "/app//" },
        { "norm_06_none", MODEL_PATH_NONE, "/app/%2f", "/app/%2f" },
        { "norm_06_base", MODEL_PATH_BASE, "/app/%2f", "/app/%2f" },
        { "norm_06_merge", MODEL_PATH_MERGE_SLASHES, "/app/%2f", "/app/%2f" },
        { "norm_06_decode", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/app/%2f", "/app/" },
        { "norm_07_merge", MODEL_PATH_MERGE_SLASHES, "/app%2f/", "/app%2f/" },
        { "norm_07_decode", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/app%2f/", "/app/" },
        { "norm_08_none", MODEL_PATH_NONE, "/xyz%30..//abc", "/xyz%30..//abc" },
        { "norm_08_base", MODEL_PATH_BASE, "/xyz%30..//abc", "/xyz0..//abc" },
        { "norm_08_decode", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/xyz%30..//abc", "/xyz0../abc" },
        { "norm_09_decode", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/app/%2E./admin", "/admin" },
        { "norm_10_merge", MODEL_PATH_MERGE_SLASHES, "/app\\admin", "/app/admin" },
        { "norm_10_decode", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/app\\admin", "/app/admin" },
        { "norm_11_none", MODEL_PATH_NONE, "/app/\\/\\/\\admin", "/app/\\/\\/\\admin" },
        { "norm_11_base", MODEL_PATH_BASE, "/app/\\/\\/\\admin", "/app//////admin" },
        { "norm_11_merge", MODEL_PATH_MERGE_SLASHES, "/app/\\/\\/\\admin", "/app/admin" },
        { "norm_11_decode", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/app/\\/\\/\\admin",
          "/app/admin" },
        { "norm_12_none", MODEL_PATH_NONE, "/%2Fapp%5cadmin%5Cabc", "/%2Fapp%5cadmin%5Cabc" },
        { "norm_12_base", MODEL_PATH_BASE, "/%2Fapp%5cadmin%5Cabc", "/%2Fapp%5cadmin%5Cabc" },
        { "norm_14_decode", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/app//../admin", "/app/admin" },
        { "norm_15_none", MODEL_PATH_NONE, "/app//../../admin", "/app//../../admin" },
        { "norm_15_base", MODEL_PATH_BASE, "/app//../../admin", "/admin" },
        { "norm_15_decode", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/app//../../admin", "/admin" },
        { "norm_keep_04", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/0x5c0x5cadmin", "/0x5c0x5cadmin" },
        { "norm_keep_05", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/%25c0%25ae%25c1%259cadmin",
          "/%25c0%25ae%25c1%259cadmin" },
        { "norm_keep_06", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/%25c0%25ae%25c0%25ae/admin",
          "/%25c0%25ae%25c0%25ae/admin" },
        { "norm_keep_07", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/%25c0%25afadmin",
          "/%25c0%25afadmin" },
        { "norm_keep_10", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/%252e%252e%252fadmin",
          "/%252e%252e%252fadmin" },
        { "norm_keep_11", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/%c1%9cadmin", "/%c1%9cadmin" },
        { "norm_keep_12", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/%c0%ae%c0%ae/admin",
          "/%c0%ae%c0%ae/admin" },
        { "norm_keep_13", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/%c0%afadmin", "/%c0%afadmin" },
        { "norm_keep_18", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/admin;a=b", "/admin;a=b" },
        { "norm_keep_19", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/admin;a=b/xyz", "/admin;a=b/xyz" },
        /* And what they leave out. */
        { "default_is_base", MODEL_PATH_DEFAULT, "/a/./b\\c//d%41%2f", "/a/b/c//dA%2f" },
        { "query_stays", MODEL_PATH_DECODE_AND_MERGE_SLASHES, "/a%2Fb?x=%2F//..",
          "/a/b?x=%2F//.." },
        { "fragment_after_query", MODEL_PATH_NONE, "/a?b#c", "/a?b" },
    };
    struct model_http_settings s = { 0 };
    char head[512], want[512];

    begin(&s);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        r.http.path_normalization = rows[i].mode;
        flow_rig_publish(&r);
        snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: svc\r\n\r\n", rows[i].path);
        snprintf(want, sizeof(want), "GET %s HTTP/1.1\r\n", rows[i].want);
        if (!HAS_STR(sent(head), want))
            NOTE("%s", rows[i].id);
    }
    finish();
}

static void escaped_slashes_are_treated_as_told(void)
{
    struct model_http_settings s = { .escaped_slashes = MODEL_ESCAPED_SLASHES_REJECT,
                                     .merge_slashes = true };

    begin(&s);
    HAS_STR(sent("GET /a//b?c=%2f HTTP/1.1\r\nHost: svc\r\n\r\n"), "GET /a/b?c=%2f ");
    HAS_STR(answered("GET /a%2Fb HTTP/1.1\r\nHost: svc\r\n\r\n"), "HTTP/1.1 400 ");
    r.http.escaped_slashes = MODEL_ESCAPED_SLASHES_UNESCAPE_AND_REDIRECT;
    flow_rig_publish(&r);
    HAS_STR(answered("GET /a%5cb%2F%2f../d?e HTTP/1.1\r\nHost: svc\r\n\r\n"), "HTTP/1.1 307 ");
    HAS_STR(http_wire_text(&c), "location: /a/b/d?e\r\n");
    r.http.escaped_slashes = MODEL_ESCAPED_SLASHES_UNESCAPE_AND_FORWARD;
    flow_rig_publish(&r);
    HAS_STR(sent("GET /a%5cb%2F%2fd HTTP/1.1\r\nHost: svc\r\n\r\n"), "GET /a/b/d ");
    finish();
}

/* ---- names ---- */

static void underscores_in_names_are_treated_as_told(void)
{
    static const char head[] = "GET / HTTP/1.1\r\nHost: svc\r\nx_user: 1\r\nx-user: 2\r\n\r\n";
    struct model_http_settings s = { 0 };

    begin(&s);
    HAS_STR(sent(head), "x_user: 1\r\n");
    r.http.underscores = MODEL_UNDERSCORES_DROP;
    flow_rig_publish(&r);
    OK(has_not(sent(head), "x_user"));
    HAS_STR(http_wire_text(&r.ups[0].raw), "x-user: 2\r\n");
    r.http.underscores = MODEL_UNDERSCORES_REJECT;
    flow_rig_publish(&r);
    HAS_STR(answered(head), "HTTP/1.1 400 ");
    HAS_STR(flow_rig_decision(&r), "unexpected_underscore");
    finish();
}

static void gwb_8_internal_headers_of_strangers_are_removed(void)
{
    static const char *const names[] = {
        "x-envoy-retry-on",
        "x-envoy-retry-grpc-on",
        "x-envoy-max-retries",
        "x-envoy-upstream-rq-timeout-ms",
        "x-envoy-original-path",
        "x-envoy-original-host",
        "x-envoy-internal",
        "x-envoy-force-trace",
        "x-envoy-peer-metadata",
        "x-envoy-decorator-operation",
        "x-envoy-ip-tags",
        "x-envoy-upstream-rq-per-try-timeout-ms",
        "x-forwarded-client-cert",
        "x-envoy-downstream-service-cluster",
        "x-envoy-retriable-status-codes",
    };
    struct model_http_settings s = { 0 };
    char head[256];

    begin(&s);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: svc\r\n%s: forged\r\n\r\n", names[i]);
        if (!OK(has_not(sent(head), "forged")))
            NOTE("%s", names[i]);
    }
    HAS_STR(sent("GET / HTTP/1.1\r\nHost: svc\r\nx-envoy-custom: mine\r\n\r\n"), "mine");
    finish();
}

/* ---- who asks ---- */

#define XFF(list)                                                                                  \
    "GET / HTTP/1.1\r\nHost: svc\r\nX-Forwarded-For: " list "\r\n"                                 \
    "X-Forwarded-Proto: https\r\n\r\n"

static void gwb_7_trusted_proxies_count_from_the_right(void)
{
    static const struct {
        uint32_t trusted;
        const char *head, *external, *forwarded;
    } rows[] = {
        { 0, XFF("56.5.6.7, 72.9.5.6, 98.1.2.3"), "127.0.0.1",
          "56.5.6.7, 72.9.5.6, 98.1.2.3,127.0.0.1" },
        { 1, XFF("56.5.6.7, 72.9.5.6, 98.1.2.3"), "98.1.2.3",
          "56.5.6.7, 72.9.5.6, 98.1.2.3,127.0.0.1" },
        { 2, XFF("56.5.6.7, 72.9.5.6, 98.1.2.3"), "72.9.5.6",
          "56.5.6.7, 72.9.5.6, 98.1.2.3,127.0.0.1" },
        { 4, XFF("56.5.6.7, 72.9.5.6, 98.1.2.3"), "127.0.0.1",
          "56.5.6.7, 72.9.5.6, 98.1.2.3,127.0.0.1" },
        { 1, XFF("2001:db8::1"), "2001:db8::1", "2001:db8::1,127.0.0.1" },
        { 1, XFF("1.2.3.4:80"), "127.0.0.1", "1.2.3.4:80,127.0.0.1" },
        { 1, XFF("rubbish"), "127.0.0.1", "rubbish,127.0.0.1" },
        { 1, XFF("1.1.1.1\r\nX-Forwarded-For: 2.2.2.2"), "2.2.2.2", "1.1.1.1,2.2.2.2,127.0.0.1" },
        { 1, "GET / HTTP/1.1\r\nHost: svc\r\n\r\n", "127.0.0.1", "127.0.0.1" },
    };
    struct model_http_settings s = { 0 };
    char want[256];

    begin(&s);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *text;

        r.http.trusted_proxies = rows[i].trusted;
        flow_rig_publish(&r);
        text = sent(rows[i].head);
        snprintf(want, sizeof(want), "x-envoy-external-address: %s\r\n", rows[i].external);
        HAS_STR(text, want);
        snprintf(want, sizeof(want), "x-forwarded-for: %s\r\n", rows[i].forwarded);
        HAS_STR(text, want);
        HAS_STR(text, rows[i].trusted && strstr(rows[i].head, "https")
                          ? "x-forwarded-proto: https\r\n"
                          : "x-forwarded-proto: http\r\n");
    }
    finish();
}

static void request_ids_are_ours_and_may_be_left_alone(void)
{
    static const char head[] = "GET / HTTP/1.1\r\nHost: svc\r\nX-Request-Id: theirs\r\n\r\n";
    struct model_http_settings s = { 0 };

    begin(&s);
    OK(has_not(sent(head), "theirs"));
    r.http.no_request_id = true;
    flow_rig_publish(&r);
    HAS_STR(sent(head), "x-request-id: theirs\r\n");
    OK(has_not(sent("GET / HTTP/1.1\r\nHost: svc\r\n\r\n"), "x-request-id"));
    finish();
}

/* ---- what we say of ourselves ---- */

static void headers_of_ours_may_be_left_out(void)
{
    struct model_http_settings s = { 0 };
    struct model_rewrite rewrite = { .authority = STR_INIT("inside"),
                                     .path = STR_INIT("/new"),
                                     .has_path = true };
    static const char head[] = "GET /old HTTP/1.1\r\nHost: svc\r\n\r\n";
    const char *text;

    flow_rig_init(&r);
    r.raw_upstreams = true;
    r.route.timeout_ms = 15000;
    r.route.rewrite = &rewrite;
    r.http = s;
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    text = sent(head);
    HAS_STR(text, "x-envoy-attempt-count: 1\r\n");
    HAS_STR(text, "x-envoy-expected-rq-timeout-ms: 15000\r\n");
    HAS_STR(text, "x-envoy-original-path: /old\r\n");
    HAS_STR(text, "x-envoy-original-host: svc\r\n");
    OK(has_not(text, "x-forwarded-host"));
    HAS_STR(http_wire_text(&c), "server: istio-envoy\r\n");
    HAS_STR(http_wire_text(&c), "x-envoy-upstream-service-time: ");
    r.http = (struct model_http_settings){ .no_attempt_count = true,
                                           .no_debug_headers = true,
                                           .no_server = true,
                                           .add_forwarded_host = true,
                                           .add_forwarded_port = true };
    flow_rig_publish(&r);
    text = sent(head);
    OK(has_not(text, "x-envoy-attempt-count"));
    OK(has_not(text, "x-envoy-expected"));
    OK(has_not(text, "x-envoy-original"));
    HAS_STR(text, "x-forwarded-host: svc\r\n");
    HAS_STR(text, "x-forwarded-port: ");
    HAS_STR(http_wire_text(&c), "server: app\r\n");
    OK(has_not(http_wire_text(&c), "x-envoy-upstream-service-time"));
    r.http = (struct model_http_settings){ .server = STR("front") };
    flow_rig_publish(&r);
    sent(head);
    HAS_STR(http_wire_text(&c), "server: front\r\n");
    finish();
}

/* ---- versions ---- */

static void ht_2_http10_is_served_only_when_told(void)
{
    struct model_http_settings s = { 0 };

    begin(&s);
    HAS_STR(answered("GET / HTTP/1.0\r\nHost: svc\r\n\r\n"), "HTTP/1.1 426 ");
    OK(flow_rig_wait_eof(&r, &c));
    http_wire_close(&c);
    r.http.accept_http10 = true;
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    HAS_STR(sent("GET / HTTP/1.0\r\nHost: svc\r\n\r\n"), "GET / HTTP/1.1\r\n");
    HAS_STR(http_wire_text(&c), " 200 OK\r\n");
    OK(flow_rig_wait_eof(&r, &c)); /* HTTP/1.0's default */
    finish();
}

static const struct tap_case cases[] = {
    { "pn_1_and_pn_3_paths_of_each_mode", pn_1_and_pn_3_paths_of_each_mode },
    { "escaped_slashes_are_treated_as_told", escaped_slashes_are_treated_as_told },
    { "underscores_in_names_are_treated_as_told", underscores_in_names_are_treated_as_told },
    { "gwb_8_internal_headers_of_strangers_are_removed",
      gwb_8_internal_headers_of_strangers_are_removed },
    { "gwb_7_trusted_proxies_count_from_the_right", gwb_7_trusted_proxies_count_from_the_right },
    { "request_ids_are_ours_and_may_be_left_alone", request_ids_are_ours_and_may_be_left_alone },
    { "headers_of_ours_may_be_left_out", headers_of_ours_may_be_left_out },
    { "ht_2_http10_is_served_only_when_told", ht_2_http10_is_served_only_when_told },
};

TAP_MAIN(cases)
