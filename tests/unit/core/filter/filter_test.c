#include "core/filter/filter.h"

#include "core/base/mem.h"
#include "core/filter/filter_headers.h"
#include "core/loop/worker.h"
#include "tests/tap.h"

struct run {
    struct worker worker;
    struct filter_request fr;
    struct decision d;
    struct http_msg head, response;
    struct arena arena;
    struct model_route route;
    uint32_t at;
    bool resumed;
    enum filter_result result;
};

static void on_resume(struct filter_request *fr, enum filter_result result)
{
    struct run *r = CONTAINER_OF(fr, struct run, fr);

    r->resumed = true;
    r->result = result;
}

static bool is_resumed(void *arg)
{
    return ((struct run *)arg)->resumed;
}

static struct run *run_new(void)
{
    struct run *r = mem_alloc0(1, sizeof(*r));

    OK(worker_init(&r->worker, 0, 1) == 0);
    random_init(&r->worker.random, 5);
    arena_init(&r->arena, 0);
    http_msg_init(&r->head, &r->arena);
    http_msg_init(&r->response, &r->arena);
    http_msg_set_method(&r->head, STR("GET"));
    r->head.path = STR("/");
    r->head.authority = STR("app");
    r->d.grpc_status = -1;
    r->route = (struct model_route){ .name = STR("r") };
    r->fr = (struct filter_request){ .worker = &r->worker,
                                     .arena = &r->arena,
                                     .head = &r->head,
                                     .decision = &r->d,
                                     .route = &r->route,
                                     .resume = on_resume };
    return r;
}

static void run_free(struct run *r)
{
    filter_run_end(&r->fr);
    worker_deinit(&r->worker);
    arena_deinit(&r->arena);
    mem_free(r);
}

/* A request of its own over the same worker and route. */
static enum filter_result again(struct run *r)
{
    filter_run_end(&r->fr);
    memset(r->fr.state, 0, sizeof(r->fr.state));
    r->d.flags = 0;
    r->at = 0;
    return filter_run_request(&r->fr, &r->at);
}

static void header(struct run *r, const char *name, const char *value)
{
    http_headers_add(&r->head.headers, str_of(name), str_of(value));
}

static bool has(const struct http_headers *h, const char *name, const char *want)
{
    struct str got = http_headers_get_name(h, str_of(name));

    return want ? EQ_STRN(got.p, got.len, want) : OK(!got.p);
}

/* ---- fault ---- */

static void vs_16_faults_hit_their_share(void)
{
    struct run *r = run_new();
    struct model_fault fault = { .abort_pct = 30, .abort_status = 418, .abort_grpc = -1 };
    uint32_t aborted = 0;

    r->route.fault = &fault;
    for (int i = 0; i < 10000; i++)
        aborted += again(r) == FILTER_REPLY;
    OK(aborted > 2800 && aborted < 3200);
    fault.abort_pct = 100;
    EQ_INT(again(r), FILTER_REPLY);
    EQ_UINT(r->fr.reply.status, 418);
    EQ_INT(r->fr.reply.grpc_status, -1);
    EQ_UINT(r->fr.reply.flags, DECISION_FI);
    EQ_STR(r->fr.reply.details, "fault_filter_abort");
    EQ_STRN(r->fr.reply.body.p, r->fr.reply.body.len, "fault filter abort");
    fault.abort_pct = 0;
    EQ_INT(again(r), FILTER_CONTINUE);
    run_free(r);
}

static void vs_16_grpc_aborts_carry_their_code(void)
{
    struct run *r = run_new();
    struct model_fault fault = { .abort_pct = 100, .abort_grpc = 14 };

    r->route.fault = &fault;
    EQ_INT(again(r), FILTER_REPLY);
    EQ_UINT(r->fr.reply.status, 503);
    EQ_INT(r->fr.reply.grpc_status, 14);
    run_free(r);
}

static void vs_16_a_delay_waits_then_goes_on(void)
{
    struct run *r = run_new();
    struct model_fault fault = { .delay_pct = 100, .delay_ms = 30, .abort_grpc = -1 };
    uint64_t before = worker_now_ms(&r->worker); /* timers count from the loop's time */

    r->route.fault = &fault;
    EQ_INT(again(r), FILTER_WAIT);
    OK(r->d.flags == DECISION_DI);
    EQ_INT(worker_run_until(&r->worker, is_resumed, r, 5000), 0);
    EQ_INT(r->result, FILTER_CONTINUE);
    OK(worker_now_ms(&r->worker) - before >= 30);
    EQ_INT(filter_run_request(&r->fr, &r->at), FILTER_CONTINUE); /* the filters behind it */
    run_free(r);
}

static void vs_16_a_delay_comes_before_the_abort(void)
{
    struct run *r = run_new();
    struct model_fault fault = {
        .delay_pct = 100, .delay_ms = 10, .abort_pct = 100, .abort_status = 500, .abort_grpc = -1
    };

    r->route.fault = &fault;
    EQ_INT(again(r), FILTER_WAIT);
    EQ_INT(worker_run_until(&r->worker, is_resumed, r, 5000), 0);
    EQ_INT(r->result, FILTER_REPLY);
    EQ_UINT(r->fr.reply.status, 500);
    run_free(r);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void a_request_that_ends_is_not_resumed(void)
{
    struct run *r = run_new();
    struct model_fault fault = { .delay_pct = 100, .delay_ms = 10, .abort_grpc = -1 };

    r->route.fault = &fault;
    EQ_INT(again(r), FILTER_WAIT);
    filter_run_end(&r->fr);
    worker_run_until(&r->worker, never, NULL, 60);
    OK(!r->resumed);
    run_free(r);
}

/* ---- CORS ---- */

static struct model_string_match allowed = { .type = MODEL_MATCH_EXACT,
                                             .value = STR_INIT("https://a") };
static struct model_cors cors = {
    .origins = &allowed,
    .origin_count = 1,
    .methods = STR_INIT("GET,POST"),
    .headers = STR_INIT("x-h"),
    .expose = STR_INIT("x-e"),
    .max_age = STR_INIT("600"),
    .credentials = 1,
    .forward_unmatched = true,
};

static struct run *cors_run(const char *method, const char *origin, bool preflight)
{
    struct run *r = run_new();

    r->route.cors = &cors;
    http_msg_set_method(&r->head, str_of(method));
    if (origin)
        header(r, "origin", origin);
    if (preflight)
        header(r, "access-control-request-method", "PUT");
    return r;
}

static void vs_17_preflights_are_answered(void)
{
    struct run *r = cors_run("OPTIONS", "https://a", true);
    const struct http_headers *h = &r->fr.reply.headers;

    EQ_INT(again(r), FILTER_REPLY);
    EQ_UINT(r->fr.reply.status, 200);
    has(h, "access-control-allow-origin", "https://a");
    has(h, "access-control-allow-methods", "GET,POST");
    has(h, "access-control-allow-headers", "x-h");
    has(h, "access-control-max-age", "600");
    has(h, "access-control-allow-credentials", "true");
    has(h, "access-control-expose-headers", NULL);
    run_free(r);
}

static void vs_17_unmatched_preflights_go_on_or_end(void)
{
    struct run *r = cors_run("OPTIONS", "https://b", true);

    EQ_INT(again(r), FILTER_CONTINUE);
    filter_run_response(&r->fr, &r->response);
    has(&r->response.headers, "access-control-allow-origin", NULL);
    cors.forward_unmatched = false;
    EQ_INT(again(r), FILTER_REPLY);
    EQ_UINT(r->fr.reply.headers.count, 0);
    cors.forward_unmatched = true;
    run_free(r);
}

static void vs_17_answers_get_the_origin(void)
{
    struct run *r = cors_run("GET", "https://a", false);

    EQ_INT(again(r), FILTER_CONTINUE);
    http_headers_add(&r->response.headers, STR("access-control-allow-origin"), STR("*"));
    filter_run_response(&r->fr, &r->response);
    has(&r->response.headers, "access-control-allow-origin", "https://a");
    has(&r->response.headers, "access-control-expose-headers", "x-e");
    has(&r->response.headers, "access-control-allow-methods", NULL);
    run_free(r);
    r = cors_run("OPTIONS", "https://a", false); /* no preflight: nothing is asked for */
    EQ_INT(again(r), FILTER_CONTINUE);
    run_free(r);
    r = cors_run("GET", NULL, false);
    EQ_INT(again(r), FILTER_CONTINUE);
    filter_run_response(&r->fr, &r->response);
    EQ_UINT(r->response.headers.count, 0);
    run_free(r);
}

/* ---- the table ---- */

static void without_policies_nothing_happens(void)
{
    struct run *r = run_new();

    EQ_INT(again(r), FILTER_CONTINUE);
    EQ_UINT(r->fr.ran, (1u << FILTER_COUNT) - 1);
    filter_run_response(&r->fr, &r->response);
    EQ_UINT(r->response.headers.count, 0);
    r->fr.route = NULL;
    EQ_INT(again(r), FILTER_CONTINUE);
    run_free(r);
}

/* ---- headers ---- */

#define HEADER_OP(kind, n, v)                                                                      \
    {                                                                                              \
        .op = MODEL_HEADER_##kind, .name = STR_INIT(n), .value = STR_INIT(v)                       \
    }
#define HEADER_FORMAT(kind, n, v)                                                                  \
    {                                                                                              \
        .op = MODEL_HEADER_##kind, .name = STR_INIT(n), .value = STR_INIT(v),                      \
        .has_operators = true                                                                      \
    }

static struct model_header_ops ops_of(struct model_header_op *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        items[i].token = (uint16_t)http_token_of(items[i].name);
    return (struct model_header_ops){ .items = items, .count = count };
}

static void vs_13_request_headers_change(void)
{
    struct model_header_op items[] = {
        HEADER_OP(SET, "x-set", "new"),
        HEADER_OP(ADD, "x-add", "2"),
        HEADER_OP(REMOVE, "x-gone", ""),
        HEADER_OP(REMOVE, "x-back", ""),
        HEADER_OP(ADD, "x-back", "again"),
        HEADER_OP(SET, "host", "other"),
        HEADER_OP(SET, ":path", "/evil"),
        HEADER_OP(SET, "content-length", "5"),
        HEADER_OP(ADD, "transfer-encoding", "chunked"),
        HEADER_FORMAT(SET, "x-peer", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
        HEADER_FORMAT(SET, "x-req", "<%REQ(X-SET)%> 100%%"),
        HEADER_FORMAT(SET, "x-none", "%REQ(X-NONE)%"),
        HEADER_FORMAT(SET, "x-odd", "50% off"),
    };
    struct model_header_ops ops = ops_of(items, COUNT_OF(items));
    struct run *r = run_new();
    struct str all;

    addr_parse(STR("10.0.0.9:5"), 0, &r->d.peer);
    header(r, "x-set", "old");
    header(r, "x-set", "older");
    header(r, "x-add", "1");
    header(r, "x-gone", "x");
    header(r, "x-back", "x");
    filter_headers_request(&ops, &r->fr);
    all = http_headers_get_all(&r->head.headers, STR("x-set"), &r->arena);
    EQ_STRN(all.p, all.len, "new");
    all = http_headers_get_all(&r->head.headers, STR("x-add"), &r->arena);
    EQ_STRN(all.p, all.len, "1,2");
    has(&r->head.headers, "x-gone", NULL);
    has(&r->head.headers, "x-back", "again");
    has(&r->head.headers, "x-peer", "10.0.0.9");
    has(&r->head.headers, "x-req", "<new> 100%");
    has(&r->head.headers, "x-none", NULL);
    has(&r->head.headers, "x-odd", "50% off"); /* no format: sent as it stands */
    has(&r->head.headers, "content-length", NULL);
    has(&r->head.headers, "transfer-encoding", NULL);
    has(&r->head.headers, "host", NULL);
    EQ_STRN(r->head.authority.p, r->head.authority.len, "other");
    EQ_STRN(r->head.path.p, r->head.path.len, "/");
    run_free(r);
}

static void vs_13_response_headers_change(void)
{
    struct model_header_op items[] = {
        HEADER_FORMAT(SET, "x-was", "%RESP(X-GIVEN)%:%RESPONSE_CODE%"),
        HEADER_OP(REMOVE, "x-given", ""),
        HEADER_OP(SET, "host", "evil"),
    };
    struct model_header_ops ops = ops_of(items, COUNT_OF(items));
    struct run *r = run_new();

    r->d.status = 204;
    http_headers_add(&r->response.headers, STR("x-given"), STR("v"));
    filter_headers_response(&ops, &r->fr, &r->response);
    has(&r->response.headers, "x-given", NULL);
    has(&r->response.headers, "x-was", ":204"); /* removed first, as in Envoy */
    EQ_STRN(r->head.authority.p, r->head.authority.len, "app");
    run_free(r);
}

/* ---- all of them ---- */

/* A request that a policy denies meets no fault, and a preflight no CORS answer. */
static void az_18_policies_come_before_fault_and_cors(void)
{
    struct run *r = run_new();
    struct model_fault fault = { .abort_pct = 100, .abort_status = 418, .abort_grpc = -1 };
    struct model_authz_policy nothing = { .action = MODEL_AUTHZ_ALLOW };
    struct model_authz authz = { 0 };

    r->route.fault = &fault;
    EQ_INT(again(r), FILTER_REPLY);
    EQ_UINT(r->fr.reply.status, 418);
    authz.by_action[MODEL_AUTHZ_ALLOW].list = &nothing;
    authz.by_action[MODEL_AUTHZ_ALLOW].count = 1;
    r->fr.authz = &authz;
    http_msg_set_method(&r->head, STR("OPTIONS"));
    header(r, "origin", "http://a");
    header(r, "access-control-request-method", "GET");
    EQ_INT(again(r), FILTER_REPLY);
    EQ_UINT(r->fr.reply.status, 403);
    OK(r->d.authz_denied);
    run_free(r);
}

static const struct tap_case cases[] = {
    { "az_18_policies_come_before_fault_and_cors", az_18_policies_come_before_fault_and_cors },
    { "vs_16_faults_hit_their_share", vs_16_faults_hit_their_share },
    { "vs_16_grpc_aborts_carry_their_code", vs_16_grpc_aborts_carry_their_code },
    { "vs_16_a_delay_waits_then_goes_on", vs_16_a_delay_waits_then_goes_on },
    { "vs_16_a_delay_comes_before_the_abort", vs_16_a_delay_comes_before_the_abort },
    { "a_request_that_ends_is_not_resumed", a_request_that_ends_is_not_resumed },
    { "vs_17_preflights_are_answered", vs_17_preflights_are_answered },
    { "vs_17_unmatched_preflights_go_on_or_end", vs_17_unmatched_preflights_go_on_or_end },
    { "vs_17_answers_get_the_origin", vs_17_answers_get_the_origin },
    { "without_policies_nothing_happens", without_policies_nothing_happens },
    { "vs_13_request_headers_change", vs_13_request_headers_change },
    { "vs_13_response_headers_change", vs_13_response_headers_change },
};

TAP_MAIN(cases)
