/* Outlier detection through a whole proxy: three endpoints, some of which answer with errors. */
#include "core/flow/upstream_outlier.h"

#include <string.h>

#include "tests/tap.h"
#include "tests/unit/support/flow_rig.h"

#define GET "GET / HTTP/1.1\r\nHost: svc\r\n\r\n"

static int statuses[FLOW_RIG_UPSTREAMS]; /* 0: 200 */

static void answer(struct flow_rig_upstream *up, struct http_stream *hs, struct http_msg *head,
                   bool end)
{
    int status = statuses[up - up->rig->ups];

    (void)head, (void)end;
    http_stream_reply(hs, (uint16_t)(status ? status : 200), "text/plain", STR("body."));
    http_stream_release(hs);
}

static void begin(struct flow_rig *r, struct wire *c)
{
    memset(statuses, 0, sizeof(statuses));
    flow_rig_init(r);
    r->endpoint_count = 3;
    r->lb = MODEL_LB_ROUND_ROBIN;
    r->on_request = answer;
    r->outlier = (struct model_outlier){ .is_on = true,
                                         .consecutive_5xx = 2,
                                         .interval_ms = 100,
                                         .base_ms = 60000,
                                         .max_ms = 300000,
                                         .max_ejection_pct = 100 };
    flow_rig_publish(r);
    flow_rig_connect(r, c);
}

static void end(struct flow_rig *r, struct wire *c)
{
    http_wire_close(c);
    flow_rig_deinit(r);
}

/* Requests that endpoint i gets of the next n. */
static int share(struct flow_rig *r, struct wire *c, int i, int n)
{
    int before = r->ups[i].requests;

    while (n-- > 0) {
        buf_clear(&c->got);
        OK(flow_rig_ask(r, c, GET, "body."));
    }
    return r->ups[i].requests - before;
}

static void errors_in_a_row_eject(void)
{
    struct flow_rig r;
    struct wire c;

    begin(&r, &c);
    statuses[1] = 500;
    EQ_INT(share(&r, &c, 1, 12), 2);
    statuses[1] = 0;
    EQ_INT(share(&r, &c, 1, 6), 0); /* it stays out for a minute */
    end(&r, &c);
}

static void a_success_between_starts_the_count_anew(void)
{
    struct flow_rig r;
    struct wire c;

    begin(&r, &c);
    for (int i = 0; i < 4; i++) {
        statuses[1] = i % 2 ? 0 : 500;
        EQ_INT(share(&r, &c, 1, 3), 1);
    }
    end(&r, &c);
}

static void gateway_errors_have_a_count_of_their_own(void)
{
    struct flow_rig r;
    struct wire c;

    begin(&r, &c);
    r.outlier.consecutive_5xx = 0;
    r.outlier.consecutive_gateway = 1;
    flow_rig_publish(&r);
    statuses[0] = 500;
    EQ_INT(share(&r, &c, 0, 9), 3);
    statuses[0] = 503;
    EQ_INT(share(&r, &c, 0, 9), 1);
    end(&r, &c);
}

static void cb_5_without_outlier_detection_nobody_is_ejected(void)
{
    struct flow_rig r;
    struct wire c;

    begin(&r, &c);
    r.outlier = (struct model_outlier){ 0 };
    flow_rig_publish(&r);
    statuses[1] = 500;
    EQ_INT(share(&r, &c, 1, 12), 4);
    end(&r, &c);
}

static void cb_6_no_more_than_the_share_is_ejected(void)
{
    struct flow_rig r;
    struct wire c;

    begin(&r, &c);
    r.outlier.max_ejection_pct = 10; /* one of three would be more than that */
    flow_rig_publish(&r);
    statuses[1] = 500;
    EQ_INT(share(&r, &c, 1, 12), 4);
    r.outlier.max_ejection_pct = 34;
    flow_rig_publish(&r);
    statuses[0] = 500;
    (void)share(&r, &c, 0, 12);
    EQ_INT(share(&r, &c, 2, 12), 6); /* one of the two bad ones is out, not both */
    end(&r, &c);
}

static void cb_6_ejection_ends_and_grows(void)
{
    struct flow_rig r;
    struct wire c;

    begin(&r, &c);
    r.outlier.base_ms = 300;
    r.outlier.interval_ms = 50;
    flow_rig_publish(&r);
    statuses[1] = 500;
    EQ_INT(share(&r, &c, 1, 12), 2);
    for (int i = 0; i < 100 && share(&r, &c, 1, 3) == 0; i++)
        http_wire_wait(&r.w, 10);
    OK(r.ups[1].requests >= 3); /* it was tried again, and failed again */
    (void)share(&r, &c, 1, 3);
    http_wire_wait(&r.w, 320);
    EQ_INT(share(&r, &c, 1, 6), 0); /* the second time lasts twice as long */
    end(&r, &c);
}

static void state_outlives_new_snapshots(void)
{
    struct flow_rig r;
    struct wire c;

    begin(&r, &c);
    statuses[1] = 500;
    (void)share(&r, &c, 1, 12);
    flow_rig_publish(&r);
    EQ_INT(share(&r, &c, 1, 6), 0);
    end(&r, &c);
}

static void cb_7_failures_to_connect_count(void)
{
    struct flow_rig r;
    struct wire c;
    int refused = 0;

    begin(&r, &c);
    listener_close(r.ups[1].listener, false);
    http_wire_wait(&r.w, 10);
    for (int i = 0; i < 12; i++) {
        buf_clear(&c.got);
        OK(flow_rig_ask(&r, &c, GET, "."));
        refused += strstr(http_wire_text(&c), "connection failure") != NULL;
    }
    EQ_INT(refused, 2);
    {
        struct listener_options lo = { .fd = -1 };
        struct addr any;

        addr_parse(STR("127.0.0.1:0"), 0, &any);
        (void)listener_open(&r.w, &any, &lo, NULL, NULL, &r.ups[1].listener);
    }
    end(&r, &c);
}

static void cb_7_split_failures_to_connect_count_apart(void)
{
    struct flow_rig r;
    struct wire c;

    begin(&r, &c);
    r.outlier.split_local = true;
    r.outlier.consecutive_local = 1;
    r.outlier.consecutive_5xx = 0;
    flow_rig_publish(&r);
    statuses[1] = 503; /* answered, so nothing local */
    EQ_INT(share(&r, &c, 1, 12), 4);
    end(&r, &c);
}

static void all_ejected_is_503_uh(void)
{
    struct flow_rig r;
    struct wire c;

    begin(&r, &c);
    statuses[0] = statuses[1] = statuses[2] = 500;
    (void)share(&r, &c, 0, 6);
    buf_clear(&c.got);
    OK(flow_rig_ask(&r, &c, GET, "no healthy upstream"));
    OK(strstr(flow_rig_decision(&r), "\"UH\""));
    end(&r, &c);
}

static void other_codes_take_the_place_of_5xx(void)
{
    static uint16_t codes[] = { 429 };
    struct flow_rig r;
    struct wire c;

    begin(&r, &c);
    r.outlier.codes = codes;
    r.outlier.code_count = 1;
    flow_rig_publish(&r);
    statuses[0] = 500;
    statuses[1] = 429;
    EQ_INT(share(&r, &c, 1, 12), 2);
    OK(share(&r, &c, 0, 4) == 2);
    end(&r, &c);
}

static const struct tap_case cases[] = {
    { "errors_in_a_row_eject", errors_in_a_row_eject },
    { "a_success_between_starts_the_count_anew", a_success_between_starts_the_count_anew },
    { "gateway_errors_have_a_count_of_their_own", gateway_errors_have_a_count_of_their_own },
    { "cb_5_without_outlier_detection_nobody_is_ejected",
      cb_5_without_outlier_detection_nobody_is_ejected },
    { "cb_6_no_more_than_the_share_is_ejected", cb_6_no_more_than_the_share_is_ejected },
    { "cb_6_ejection_ends_and_grows", cb_6_ejection_ends_and_grows },
    { "state_outlives_new_snapshots", state_outlives_new_snapshots },
    { "cb_7_failures_to_connect_count", cb_7_failures_to_connect_count },
    { "cb_7_split_failures_to_connect_count_apart", cb_7_split_failures_to_connect_count_apart },
    { "all_ejected_is_503_uh", all_ejected_is_503_uh },
    { "other_codes_take_the_place_of_5xx", other_codes_take_the_place_of_5xx },
};

TAP_MAIN(cases)
