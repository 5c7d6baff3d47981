#include "core/flow/flow_exchange.h"

#include "core/base/error.h"
#include "core/filter/filter_headers.h"
#include "core/flow/flow_guard.h"
#include "core/flow/flow_heads.h"
#include "core/flow/flow_reply.h"
#include "core/flow/flow_retry.h"
#include "core/flow/upstream_pick.h"
#include "core/loop/clock.h"
#include "core/tls/stream_tls.h"

static void attempt(struct flow_request *r);
static void ask_pool(struct flow_request *r);

static struct decision_try *this_try(struct flow_request *r)
{
    uint32_t at = r->decision.try_count - 1; /* before the first one there is nothing to describe */

    ASSERT(at != UINT32_MAX);
    return &r->decision.tries[at < DECISION_TRIES_MAX ? at : DECISION_TRIES_MAX - 1];
}

static void end_try(struct flow_request *r, uint16_t status, uint32_t flags)
{
    struct decision_try *t = this_try(r);

    t->status = status;
    t->flags = flags;
    t->duration_us = (uint32_t)((clock_ns() - r->try_start_ns) / 1000);
}

static void drop_upstream(struct flow_request *r)
{
    timer_cancel(&r->per_try);
    if (r->is_waiting) {
        upstream_wait_cancel(&r->wait);
        r->is_waiting = false;
    }
    if (r->waiter) {
        http_pool_cancel(r->waiter);
        r->waiter = NULL;
    }
    if (r->up) {
        flow_guard_ended(r);
        http_stream_release(r->up);
        r->up = NULL;
        r->decision.response_head = NULL;
    }
    if (r->host) {
        if (r->tried_count < DECISION_TRIES_MAX)
            r->tried[r->tried_count++] = upstream_hold(r->host);
        upstream_done(r->host);
        r->host = NULL;
    }
    r->up_held = 0;
}

void flow_exchange_abort(struct flow_request *r)
{
    timer_cancel(&r->total);
    drop_upstream(r);
}

/* ---- trying again ---- */

static bool is_idempotent(uint8_t method)
{
    return method == HTTP_METHOD_GET || method == HTTP_METHOD_HEAD || method == HTTP_METHOD_PUT ||
           method == HTTP_METHOD_DELETE || method == HTTP_METHOD_OPTIONS;
}

static bool has_attempt_left(const struct flow_request *r)
{
    const struct model_retry *retry = r->policy.retry;

    return !r->head_sent && !r->is_websocket && !r->replay.is_lost && retry &&
           r->retries < retry->attempts;
}

static void try_again(struct flow_request *r)
{
    const struct model_retry *retry = r->policy.retry;

    r->retries++;
    drop_upstream(r);
    r->state = FLOW_REQUEST_BACKOFF;
    timer_start(&r->per_try, flow_retry_backoff_ms(retry, r->retries, &r->fw->worker->random));
}

static void fail(struct flow_request *r, uint16_t status, uint32_t flags, const char *details,
                 const char *reason)
{
    struct str body = arena_printf(
        r->filter.arena,
        "upstream connect error or disconnect/reset before headers. reset reason: %s", reason);

    if (r->retries > 0 && r->policy.retry && r->retries >= r->policy.retry->attempts)
        flags |= DECISION_URX;
    flow_reply_local(r, status, body, details, flags);
}

static void on_connect_failed(struct flow_request *r, int err)
{
    const struct model_retry *retry = r->policy.retry;

    if (err == ERR_UNSUPPORTED && upstream_is_multiplexed(r->host)) {
        upstream_is_no_mesh(r->host);
        ask_pool(r);
        return;
    }
    if (err == ERR_LIMIT) {
        end_try(r, 0, DECISION_UO);
        drop_upstream(r);
        flow_guard_reply_overflow(r);
        return;
    }
    r->decision.upstream_failure = error_text(err);
    end_try(r, 0, DECISION_UF);
    flow_guard_failed(r, err == ERR_TIMEOUT ? 504 : 503);
    if (has_attempt_left(r) && flow_retry_on_connect_failure(retry) && flow_guard_begin_retry(r)) {
        try_again(r);
        return;
    }
    drop_upstream(r);
    fail(r, 503, DECISION_UF, "upstream_reset_before_response_started{connection_failure}",
         arena_printf(r->filter.arena, "connection failure, transport failure reason: %s",
                      error_text(err))
             .p);
}

/* ---- receiving ---- */

/* See hide_success in flow_request.c. */
static void restore_status(struct flow_request *r, struct http_msg *head)
{
    struct str text = http_headers_get(&head->headers, HTTP_TOKEN_MESH_PROTO);
    uint64_t status;

    if (r->filter.head->upgrade.len && text.p && str_to_u64(text, 299, &status) == 0 &&
        status >= 200 && upstream_kind_for(r->host, r->wants_h2, r->wants_case) == UPSTREAM_MESH)
        head->status = (uint16_t)status;
}

static void on_up_head(void *arg, struct http_msg *head, bool end)
{
    struct flow_request *r = arg;
    const struct model_retry *retry = r->policy.retry;

    if (head->status < 200 && head->status != 101) {
        if (!r->head_sent)
            http_stream_send_head(r->down, head, false);
        return;
    }
    restore_status(r, head);
    if (!r->decision.upstream_first_ns)
        r->decision.upstream_first_ns = clock_ns();
    flow_guard_answered(r, head, end);
    if (has_attempt_left(r) && flow_retry_on_response(retry, head) && flow_guard_begin_retry(r)) {
        end_try(r, head->status, 0);
        try_again(r);
        return;
    }
    timer_cancel(&r->per_try);
    end_try(r, head->status, 0);
    if (retry && r->retries >= retry->attempts && retry->attempts &&
        flow_retry_on_response(retry, head))
        r->decision.flags |= DECISION_URX;
    flow_replay_clear(&r->replay);
    r->decision.details = "via_upstream";
    r->decision.upstream_service_time_ms =
        (r->decision.upstream_first_ns - r->decision.start_ns) / 1000000;
    r->decision.has_upstream_service_time = true;
    flow_request_respond(r, head, end);
}

static void pass_down(struct flow_request *r, size_t len)
{
    if (http_stream_unsent(r->down) > FLOW_REQUEST_HIGH_BYTES)
        r->up_held += len;
    else
        http_stream_consume(r->up, len);
}

static void note_grpc_status(struct flow_request *r, const struct http_headers *h)
{
    struct str text = http_headers_get(h, HTTP_TOKEN_GRPC_STATUS);
    uint64_t code;

    if (text.p && str_to_u64(text, 1000, &code) == 0)
        r->decision.grpc_status = (int16_t)code;
}

static void on_up_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct flow_request *r = arg;
    struct iovec iov = { (void *)(uintptr_t)p, len };

    if (http_stream_send_body(r->down, &iov, 1, end) != 0)
        return; /* on_reset of the client's side follows */
    if (end) {
        r->response_ended = true;
        flow_request_finish(r);
        return;
    }
    pass_down(r, len);
}

static void on_up_trailers(void *arg, struct http_headers *trailers)
{
    struct flow_request *r = arg;

    note_grpc_status(r, trailers);
    flow_guard_trailers(r, trailers);
    http_stream_send_trailers(r->down, trailers);
    r->response_ended = true;
    flow_request_finish(r);
}

static void on_up_writable(void *arg)
{
    struct flow_request *r = arg;
    size_t held = r->down_held;

    r->down_held = 0;
    if (held)
        http_stream_consume(r->down, held);
}

static bool free_retry(struct flow_request *r, const struct http_failure *f)
{
    if (r->free_retry_used || r->head_sent || r->replay.is_lost || r->is_websocket)
        return false;
    if (!f->unprocessed && !(f->reused && !f->by_peer_reset && is_idempotent(r->sent.method)))
        return false;
    r->free_retry_used = true;
    return true;
}

static void on_up_reset(void *arg, const struct http_failure *f)
{
    struct flow_request *r = arg;
    const struct model_retry *retry = r->policy.retry;
    uint32_t flag = f->by_peer_reset ? DECISION_UR : DECISION_UC;
    bool body_started = r->replay.queue.len > 0 || r->replay.is_lost;

    if (f->err == ERR_PROTO || f->err == ERR_LIMIT)
        flag = DECISION_UPE;
    end_try(r, 0, flag);
    if (!r->head_sent && !(f->reused && f->unprocessed))
        flow_guard_failed(r, 503);
    if (has_attempt_left(r) && flow_retry_on_reset(retry, f, body_started) &&
        flow_guard_begin_retry(r)) {
        try_again(r);
        return;
    }
    if (free_retry(r, f)) {
        drop_upstream(r);
        attempt(r);
        return;
    }
    r->decision.upstream_failure = error_text(f->err);
    fail(r, flag == DECISION_UPE ? 502 : 503, flag,
         f->by_peer_reset       ? "upstream_reset_before_response_started{remote_reset}"
         : flag == DECISION_UPE ? "upstream_reset_before_response_started{protocol_error}"
                                : "upstream_reset_before_response_started{connection_termination}",
         f->by_peer_reset       ? "remote reset"
         : flag == DECISION_UPE ? "protocol error"
                                : "connection termination");
}

static const struct http_stream_events up_events = {
    .on_head = on_up_head,
    .on_body = on_up_body,
    .on_trailers = on_up_trailers,
    .on_writable = on_up_writable,
    .on_reset = on_up_reset,
};

void flow_exchange_resume(struct flow_request *r)
{
    size_t held = r->up_held;

    r->up_held = 0;
    if (held && r->up)
        http_stream_consume(r->up, held);
}

/* ---- sending ---- */

/* An authorizer may have wanted much of the body before. */
static void send_pending(struct flow_request *r, bool end)
{
    size_t max = r->pending.len / 2048 + 2; /* chunks have at least 4 KiB */
    struct iovec *iov = arena_alloc0(r->filter.arena, max, sizeof(*iov));

    http_stream_send_body(r->up, iov, chunk_queue_peek(&r->pending, iov, (int)max), end);
}

/* The head and whatever of the body has come: first what earlier attempts sent, then what waited.
 */
static void send_request(struct flow_request *r)
{
    struct http_msg *head = r->filter.head;
    bool has_body = r->replay.queue.len || r->pending.len;
    bool end = r->down_ended && !r->trailers;
    size_t waited = r->pending.len;

    r->sent = *head;
    http_stream_send_head(r->up, &r->sent, end && !has_body);
    if (has_body) {
        flow_replay_send(&r->replay, r->up, end && !r->pending.len);
        if (r->pending.len)
            send_pending(r, end);
    }
    if (r->trailers)
        http_stream_send_trailers(r->up, r->trailers);
    if (waited)
        flow_replay_take(&r->replay, &r->pending, r->policy.retry != NULL);
    if (r->down_held && http_stream_unsent(r->up) <= FLOW_REQUEST_HIGH_BYTES)
        on_up_writable(r);
}

/* Hosts follow the newest snapshot, so their endpoints may be of a set that is newer than the
 * request's own snapshot and goes before it; the decision needs them to the end. */
static void keep_endpoints(struct flow_request *r)
{
    struct model_cluster *set = r->host->cluster;

    if (set == r->cluster_model || (r->set_count && r->sets[r->set_count - 1] == set))
        return;
    if (r->set_count == COUNT_OF(r->sets)) /* of the last try, whose place is shared */
        model_cluster_unref(r->sets[--r->set_count]);
    r->sets[r->set_count++] = model_cluster_ref(set);
}

static void note_connection(struct flow_request *r)
{
    struct stream_tls_info tls;

    keep_endpoints(r);
    r->decision.endpoint = r->host->endpoint;
    r->decision.upstream_remote = r->host->addr;
    r->decision.mtls_up = upstream_is_mtls(r->host);
    if (!r->up->transport)
        return;
    r->decision.upstream_local = *stream_local(r->up->transport);
    if (r->decision.mtls_up && stream_tls_get_info(r->up->transport, &tls) && tls.peer)
        r->decision.upstream_identity = arena_str(r->filter.arena, tls_peer_spiffe(tls.peer)->id);
}

/* Time is counted from the end of the request, and from a connection at hand. */
static void start_per_try(struct flow_request *r)
{
    if (r->up && r->down_ended && r->policy.per_try_ms && !r->is_websocket && !r->head_sent)
        timer_start(&r->per_try, r->policy.per_try_ms);
}

static void on_stream(struct flow_request *r, struct http_stream *up)
{
    r->up = up;
    flow_guard_began(r);
    r->state = r->head_sent ? r->state : FLOW_REQUEST_EXCHANGE;
    http_stream_set_events(up, &up_events, r);
    note_connection(r);
    flow_heads_to_upstream(r);
    if (upstream_kind_for(r->host, r->wants_h2, r->wants_case) == UPSTREAM_MESH)
        http_headers_set_token(&r->filter.head->headers, HTTP_TOKEN_MESH_PROTO,
                               r->wants_h2 ? STR("2") : STR("1"));
    else
        http_headers_remove_token(&r->filter.head->headers, HTTP_TOKEN_MESH_PROTO);
    start_per_try(r);
    send_request(r);
}

static void on_pool_ready(void *arg, struct http_stream *hs, int err)
{
    struct flow_request *r = arg;

    r->waiter = NULL;
    if (err)
        on_connect_failed(r, err);
    else
        on_stream(r, hs);
}

static void on_resolved(struct upstream_wait *wait, int err)
{
    struct flow_request *r = CONTAINER_OF(wait, struct flow_request, wait);

    r->is_waiting = false;
    if (err) {
        r->decision.flags |= DECISION_DF;
        fail(r, 503, DECISION_UH, "no_healthy_upstream", "dns resolution failure");
        return;
    }
    r->decision.try_count--; /* the attempt begins anew */
    attempt(r);
}

static uint32_t avoided_count(const struct flow_request *r)
{
    return r->policy.retry && !r->policy.retry->avoid_previous_hosts ? 0 : r->tried_count;
}

static void ask_pool(struct flow_request *r)
{
    struct http_stream *hs = NULL;
    const struct addr *dst =
        r->conn->original_dst.family != ADDR_NONE ? &r->conn->original_dst : &r->conn->local;
    struct upstream_from from = { .src = &r->decision.peer, .dst = dst };
    int err = http_pool_get(
        upstream_pool(r->host, upstream_kind_for(r->host, r->wants_h2, r->wants_case), &from),
        on_pool_ready, r, &hs, &r->waiter);

    if (err)
        on_connect_failed(r, err);
    else if (hs)
        on_stream(r, hs);
}

/* The first two tries go where the balancer wants; each further two leave the priorities of all
 * before them alone, as Envoy's previous_priorities with the frequency 2 that Istio sets. */
static uint32_t shunned_count(const struct flow_request *r)
{
    uint32_t before = r->retries / 2 * 2;

    if (!r->policy.retry || !r->policy.retry->remote_localities)
        return 0;
    return before < r->tried_count ? before : r->tried_count;
}

static void attempt(struct flow_request *r)
{
    struct upstream_want want = { .dst = flow_conn_dst(r->conn),
                                  .tried = r->tried,
                                  .tried_count = avoided_count(r),
                                  .shun_count = shunned_count(r),
                                  .hash = &r->hash,
                                  .session = flow_session_endpoint(r),
                                  .name = r->filter.head->authority };
    int err;

    /* A change may have taken the cluster's hosts away while we waited to try again. */
    r->cluster = upstream_get(r->fw, r->cluster_model);
    r->decision.try_count++;
    r->try_start_ns = r->decision.try_count == 1 ? r->decision.start_ns : clock_ns();
    *this_try(r) = (struct decision_try){ 0 };
    err = upstream_pick(r->cluster, &want, &r->host);
    if (err == ERR_AGAIN) {
        r->state = FLOW_REQUEST_RESOLVING;
        r->wait.ready = on_resolved;
        r->is_waiting = true;
        upstream_wait(r->cluster, &r->wait);
        return;
    }
    if (err) {
        end_try(r, 0, DECISION_UH);
        flow_reply_local(r, 503, STR("no healthy upstream"), "no_healthy_upstream", DECISION_UH);
        return;
    }
    keep_endpoints(r);
    this_try(r)->endpoint = r->host->endpoint;
    this_try(r)->addr = r->host->addr;
    flow_guard_tries(r);
    r->state = FLOW_REQUEST_CONNECTING;
    ask_pool(r);
}

/* ---- timers ---- */

static void on_total(struct timer *t)
{
    struct flow_request *r = CONTAINER_OF(t, struct flow_request, total);

    if (r->decision.try_count)
        end_try(r, 0, DECISION_UT);
    flow_guard_failed(r, 504);
    flow_reply_local(r, 504, STR("upstream request timeout"), "upstream_response_timeout",
                     DECISION_UT);
}

static void on_per_try(struct timer *t)
{
    struct flow_request *r = CONTAINER_OF(t, struct flow_request, per_try);

    if (r->state == FLOW_REQUEST_BACKOFF) {
        attempt(r);
        return;
    }
    end_try(r, 0, DECISION_UT);
    flow_guard_failed(r, 504);
    if (has_attempt_left(r) && flow_retry_on_timeout(r->policy.retry) &&
        flow_guard_begin_retry(r)) {
        try_again(r);
        return;
    }
    flow_reply_local(r, 504, STR("upstream request timeout"), "upstream_per_try_timeout",
                     DECISION_UT);
}

static void start_timeout(struct flow_request *r)
{
    if (r->policy.timeout_ms && !r->is_websocket)
        timer_start(&r->total, r->policy.timeout_ms);
}

static void start_timers(struct flow_request *r)
{
    start_timeout(r);
    start_per_try(r);
}

static void init_policy(struct flow_request *r)
{
    const struct model_inbound *in = r->lease->snapshot->inbound;

    if (r->decision.inbound)
        flow_policy_init_inbound(&r->policy, in ? in->retry : NULL, r->filter.is_grpc);
    else
        flow_policy_init(&r->policy,
                         r->decision.gateway ? FLOW_POLICY_GATEWAY : FLOW_POLICY_OUTBOUND,
                         r->filter.route, r->filter.head, r->filter.is_grpc, r->filter.arena);
}

void flow_exchange_start(struct flow_request *r)
{
    init_policy(r);
    timer_init(&r->total, &r->fw->worker->timers, on_total);
    timer_init(&r->per_try, &r->fw->worker->timers, on_per_try);
    r->decision.cluster = r->cluster_model;
    r->cluster = upstream_get(r->fw, r->cluster_model);
    if (upstream_wants_hash(r->cluster))
        upstream_hash_request(&r->cluster->cluster->config->hash_by, r->filter.head,
                              &r->decision.peer, &r->conn->local, r->filter.arena, &r->hash);
    if (r->down_ended)
        start_timeout(r);
    attempt(r);
}

/* ---- from downstream ---- */

void flow_exchange_body(struct flow_request *r, const uint8_t *p, size_t len, bool end)
{
    struct iovec iov = { (void *)(uintptr_t)p, len };

    if (end && r->cluster)
        start_timers(r);
    if (!r->up) {
        chunk_queue_add(&r->pending, p, len);
        r->down_held += len;
        return;
    }
    flow_replay_add(&r->replay, p, len, r->policy.retry && !r->head_sent);
    if (http_stream_send_body(r->up, &iov, 1, end) != 0)
        return; /* on_up_reset follows */
    if (http_stream_unsent(r->up) > FLOW_REQUEST_HIGH_BYTES)
        r->down_held += len;
    else if (len)
        http_stream_consume(r->down, len);
}

void flow_exchange_trailers(struct flow_request *r, struct http_headers *trailers)
{
    if (r->cluster)
        start_timers(r);
    r->trailers = trailers; /* lives in the client stream's arena, kept for a retry */
    if (r->up)
        http_stream_send_trailers(r->up, trailers);
}
