/* Circuit breakers through a whole proxy: what is refused, how, and what is counted. */
#include "core/flow/upstream_limits.h"

#include <string.h>

#include "core/flow/upstream_dial.h"
#include "tests/tap.h"
#include "tests/unit/support/flow_rig.h"

#define GET "GET / HTTP/1.1\r\nHost: svc\r\n\r\n"

struct wanted {
    const char *name;
    uint64_t sum;
};

static void on_sample(void *arg, const struct stats_sample *s)
{
    struct wanted *w = arg;

    if (strcmp(s->def->name, w->name) == 0)
        w->sum += s->value;
}

static uint64_t metric(struct flow_rig *r, const char *name)
{
    struct wanted w = { .name = name };

    stats_visit(r->stats, on_sample, &w);
    return w.sum;
}

/* Two requests wait at one upstream that does not answer; a third one comes. */
static void cb_2_pending_beyond_the_limit_is_503_uo(void)
{
    struct flow_rig r;
    struct wire a, b, c;

    flow_rig_init(&r);
    flow_rig_overflow(&r, &a, &b, &c);
    HAS_STR(http_wire_text(&c), "reset reason: overflow");
    HAS_STR(http_wire_text(&c), "HTTP/1.1 503");
    HAS_STR(http_wire_text(&c), "x-envoy-overloaded: true");
    HAS_STR(flow_rig_decision(&r), "\"UO\"");
    EQ_UINT(metric(&r, "envoy_cluster_upstream_rq_pending_overflow"), 1);
    /* What waited is served when there is room. */
    buf_clear(&r.ups[0].raw.got);
    http_wire_send(&r.ups[0].raw, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
    OK(flow_rig_wait_text(&r, &a, "\r\n\r\na"));
    OK(flow_rig_wait_text(&r, &r.ups[0].raw, "\r\n\r\n"));
    http_wire_send(&r.ups[0].raw, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb");
    OK(flow_rig_wait_text(&r, &b, "\r\n\r\nb"));
    EQ_INT(r.ups[0].connections, 1);
    http_wire_close(&a);
    http_wire_close(&b);
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

/* One connection for the cluster, not for each of its endpoints; yet a request for an endpoint
 * without one gets it. */
static void cb_1_connections_are_counted_for_the_cluster(void)
{
    struct flow_rig r;
    struct wire c[4];

    flow_rig_init(&r);
    r.raw_upstreams = true;
    r.endpoint_count = 2;
    r.limits.max_connections = 1;
    flow_rig_publish(&r);
    for (int i = 0; i < 4; i++) {
        flow_rig_connect(&r, &c[i]);
        http_wire_send(&c[i], GET);
        http_wire_wait(&r.w, 20);
    }
    EQ_INT(r.ups[0].connections, 1);
    EQ_INT(r.ups[1].connections, 1);
    for (int i = 0; i < 4; i++)
        http_wire_close(&c[i]);
    flow_rig_deinit(&r);
}

static void cb_2_requests_of_http2_beyond_the_limit_are_503_uo(void)
{
    struct flow_rig r;
    struct wire a, b, c;

    flow_rig_init(&r);
    r.cluster_protocol = MODEL_PROTOCOL_HTTP2;
    r.limits.max_requests = 2;
    r.raw_upstreams = true; /* a peer that accepts and keeps still */
    flow_rig_publish(&r);
    flow_rig_connect(&r, &a);
    flow_rig_connect(&r, &b);
    flow_rig_connect(&r, &c);
    http_wire_send(&a, GET);
    OK(flow_rig_wait_text(&r, &r.ups[0].raw, "PRI"));
    http_wire_send(&b, GET);
    http_wire_wait(&r.w, 50);
    OK(flow_rig_ask(&r, &c, GET, "reset reason: overflow"));
    http_wire_close(&a); /* makes room */
    http_wire_wait(&r.w, 20);
    buf_clear(&c.got);
    http_wire_send(&c, GET);
    http_wire_wait(&r.w, 50);
    EQ_STR(http_wire_text(&c), "");
    http_wire_close(&b);
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static struct model_retry retry_5xx = {
    .attempts = 5, .on = MODEL_RETRY_5XX, .backoff_base_ms = 1, .backoff_max_ms = 1000
};

static void fail_always(struct flow_rig_upstream *up, struct http_stream *hs, struct http_msg *head,
                        bool end)
{
    (void)up, (void)head, (void)end;
    http_stream_reply(hs, 500, "text/plain", STR("broken"));
    http_stream_release(hs);
}

/* One retry at a time: two requests that fail at once cannot both be tried again. */
static void retries_beyond_the_limit_are_not_made(void)
{
    struct model_limits limits = { .max_retries = 1 };
    struct upstream_counts counts = { 0 };
    struct flow_rig r;
    struct wire c;

    OK(upstream_limits_begin_retry(&counts, &limits, false, 0));
    OK(!upstream_limits_begin_retry(&counts, &limits, false, 0));
    upstream_limits_end_retry(&counts);
    OK(upstream_limits_begin_retry(&counts, &limits, false, 0));
    OK(upstream_limits_begin_retry(NULL, &limits, false, 0));

    flow_rig_init(&r);
    r.limits.max_retries = 1;
    r.route.retry = &retry_5xx;
    r.on_request = fail_always;
    flow_rig_publish(&r);
    flow_rig_connect(&r, &c);
    OK(flow_rig_ask(&r, &c, GET, "broken")); /* its own retries count as one */
    EQ_INT(r.ups[0].requests, 6);
    EQ_UINT(metric(&r, "envoy_cluster_upstream_rq_retry_overflow"), 0);
    http_wire_close(&c);
    flow_rig_deinit(&r);
}

static void rt_9_budget_follows_the_requests(void)
{
    struct model_limits limits = { .max_retries = 1, /* ignored */
                                   .budget = { .is_on = true, .pct = 20, .min_concurrency = 3 } };
    struct upstream_counts counts = { 0 };
    int taken = 0;

    while (upstream_limits_begin_retry(&counts, &limits, false, 0))
        taken++;
    EQ_INT(taken, 3);
    http_pool_count(&counts.pool.requests, 15);
    http_pool_count(&counts.pool.pending, 10);
    while (upstream_limits_begin_retry(&counts, &limits, false, 0))
        taken++;
    EQ_INT(taken, 5);
}

/* GEP-3388: of what was sent in the interval a share may be retries, whatever is in motion now. */
static void gep_3388_budget_is_of_a_time(void)
{
    struct model_limits limits = { .budget = { .is_on = true, .pct = 20, .interval_ms = 10000 } };
    struct upstream_counts counts = { 0 };
    int taken = 0;

    OK(!upstream_limits_begin_retry(&counts, &limits, false, 5000));
    for (int i = 0; i < 20; i++)
        upstream_limits_begin_try(&counts, &limits, 5000);
    while (upstream_limits_begin_retry(&counts, &limits, false, 6000)) {
        upstream_limits_end_retry(&counts); /* what has ended counts */
        taken++;
    }
    EQ_INT(taken, 4);
    OK(!upstream_limits_begin_retry(&counts, &limits, false, 14000));
    for (int i = 0; i < 10; i++)
        upstream_limits_begin_try(&counts, &limits, 16500);
    OK(upstream_limits_begin_retry(&counts, &limits, false, 16500)); /* the first ones are past */
    OK(upstream_limits_begin_retry(&counts, &limits, true, 16500));  /* and once more */
    OK(!upstream_limits_begin_retry(&counts, &limits, true, 16500));
    EQ_UINT(http_pool_count_of(&counts.retries), 1);
}

/* What lasts longer than the interval counts as long as it is there. */
static void gep_3388_long_requests_count(void)
{
    struct model_limits limits = { .budget = { .is_on = true, .pct = 20, .interval_ms = 1000 } };
    struct upstream_counts counts = { 0 };
    int taken = 0;

    http_pool_count(&counts.pool.requests, 10);
    while (upstream_limits_begin_retry(&counts, &limits, false, 5000))
        taken++;
    EQ_INT(taken, 2);
    OK(!upstream_limits_begin_retry(&counts, &limits, false, 50000));
    upstream_limits_end_retry(&counts);
    OK(upstream_limits_begin_retry(&counts, &limits, false, 50000));
}

static void gep_3388_least_rate_is_always_there(void)
{
    struct model_limits limits = {
        .budget = { .is_on = true, .interval_ms = 10000, .min_count = 3, .min_ms = 1000 }
    };
    struct upstream_counts counts = { 0 };

    for (uint64_t now = 5000; now < 9000; now += 1000) {
        for (int i = 0; i < 3; i++)
            OK(upstream_limits_begin_retry(&counts, &limits, i > 0, now));
        OK(!upstream_limits_begin_retry(&counts, &limits, true, now));
        OK(!upstream_limits_begin_retry(&counts, &limits, false, now + 800));
        upstream_limits_end_retry(&counts);
    }
}

/* A limit that comes with new configuration holds for connections that are there. */
static void new_limits_hold_for_old_connections(void)
{
    struct flow_rig r;
    struct wire a, b;

    flow_rig_init(&r);
    r.raw_upstreams = true;
    flow_rig_publish(&r);
    flow_rig_connect(&r, &a);
    flow_rig_connect(&r, &b);
    http_wire_send(&a, GET);
    OK(flow_rig_wait_text(&r, &r.ups[0].raw, "\r\n\r\n"));
    r.limits.max_connections = 1;
    r.limits.max_pending = 1;
    flow_rig_publish(&r);
    http_wire_send(&b, GET);
    http_wire_wait(&r.w, 50);
    EQ_INT(r.ups[0].connections, 1);
    http_wire_close(&a);
    http_wire_close(&b);
    flow_rig_deinit(&r);
}

static void rt_10_idle_connections_are_kept_for_an_hour_by_default(void)
{
    struct model_cluster_config config = { 0 };
    struct model_cluster cluster = { .config = &config };
    struct upstream_host host = { .cluster = &cluster };

    EQ_UINT(upstream_dial_pool_config(&host, UPSTREAM_H1).idle_timeout_ms, 3600 * 1000);
    EQ_UINT(upstream_dial_pool_config(&host, UPSTREAM_MESH).idle_timeout_ms, 3600 * 1000);
    config.limits.idle_timeout_ms = 5000;
    EQ_UINT(upstream_dial_pool_config(&host, UPSTREAM_H1).idle_timeout_ms, 5000);
}

static const struct tap_case cases[] = {
    { "rt_10_idle_connections_are_kept_for_an_hour_by_default",
      rt_10_idle_connections_are_kept_for_an_hour_by_default },
    { "cb_1_connections_are_counted_for_the_cluster",
      cb_1_connections_are_counted_for_the_cluster },
    { "cb_2_pending_beyond_the_limit_is_503_uo", cb_2_pending_beyond_the_limit_is_503_uo },
    { "cb_2_requests_of_http2_beyond_the_limit_are_503_uo",
      cb_2_requests_of_http2_beyond_the_limit_are_503_uo },
    { "retries_beyond_the_limit_are_not_made", retries_beyond_the_limit_are_not_made },
    { "rt_9_budget_follows_the_requests", rt_9_budget_follows_the_requests },
    { "gep_3388_budget_is_of_a_time", gep_3388_budget_is_of_a_time },
    { "gep_3388_long_requests_count", gep_3388_long_requests_count },
    { "gep_3388_least_rate_is_always_there", gep_3388_least_rate_is_always_there },
    { "new_limits_hold_for_old_connections", new_limits_hold_for_old_connections },
};

TAP_MAIN(cases)
