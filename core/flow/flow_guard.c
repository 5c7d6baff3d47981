#include "core/flow/flow_guard.h"

#include "core/flow/flow_reply.h"
#include "core/http/grpc_status.h"

/* A change may have taken the cluster's hosts away since the request was sent. */
static struct upstream *cluster_of(struct flow_request *r)
{
    r->cluster = upstream_get(r->fw, r->cluster_model);
    return r->cluster;
}

/* ---- limits ---- */

bool flow_guard_begin_retry(struct flow_request *r)
{
    struct upstream *up = cluster_of(r);
    struct upstream_counts *counts = r->retry_counts ? r->retry_counts : up->counts;

    /* As long as the request lives it counts as one. */
    if (!upstream_limits_begin_retry(counts, &up->cluster->config->limits, r->retry_counts != NULL,
                                     worker_now_ms(r->fw->worker))) {
        upstream_stats_add(&up->stats, UPSTREAM_STAT_RETRY_OVERFLOW, 1);
        r->decision.flags |= DECISION_UO;
        return false;
    }
    r->retry_counts = counts;
    return true;
}

void flow_guard_tries(struct flow_request *r)
{
    upstream_limits_begin_try(r->cluster->counts, &r->cluster->cluster->config->limits,
                              worker_now_ms(r->fw->worker));
}

void flow_guard_began(struct flow_request *r)
{
    upstream_outlier_connected(r->host);
    r->request_counts = cluster_of(r)->counts;
    if (r->request_counts)
        http_pool_count(&r->request_counts->pool.requests, 1);
}

void flow_guard_ended(struct flow_request *r)
{
    if (r->request_counts)
        http_pool_count(&r->request_counts->pool.requests, -1);
    r->request_counts = NULL;
}

void flow_guard_finish(struct flow_request *r)
{
    flow_guard_ended(r);
    upstream_limits_end_retry(r->retry_counts);
    r->retry_counts = NULL;
}

void flow_guard_reply_overflow(struct flow_request *r)
{
    upstream_stats_add(&cluster_of(r)->stats, UPSTREAM_STAT_PENDING_OVERFLOW, 1);
    http_headers_init(&r->filter.reply.headers, r->filter.arena);
    http_headers_add(&r->filter.reply.headers, STR("x-envoy-overloaded"), STR("true"));
    r->filter.reply.status = 503;
    r->filter.reply.grpc_status = -1;
    r->filter.reply.flags = DECISION_UO;
    r->filter.reply.details = "upstream_reset_before_response_started{overflow}";
    r->filter.reply.body = STR("upstream connect error or disconnect/reset before headers. "
                               "reset reason: overflow");
    flow_reply_filter(r);
}

/* ---- outcomes ---- */

void flow_guard_answered(struct flow_request *r, const struct http_msg *head, bool end)
{
    int code = r->filter.is_grpc ? grpc_status_get(&head->headers) : -1;

    if (code >= 0)
        upstream_outlier_answered(r->host, grpc_status_to_http(code));
    else if (!r->filter.is_grpc || head->status != 200 || end)
        upstream_outlier_answered(r->host, head->status);
    /* else the trailers tell */
}

void flow_guard_trailers(struct flow_request *r, const struct http_headers *trailers)
{
    int code = r->filter.is_grpc ? grpc_status_get(trailers) : -1;

    if (code >= 0 && r->host)
        upstream_outlier_answered(r->host, grpc_status_to_http(code));
}

void flow_guard_failed(struct flow_request *r, uint16_t status)
{
    if (r->host)
        upstream_outlier_failed(r->host, status);
}
