#include "core/flow/flow_request.h"

#include <string.h>

#include "core/base/error.h"
#include "core/filter/filter_headers.h"
#include "core/filter/filter_jwt.h"
#include "core/flow/flow_challenge.h"
#include "core/flow/flow_edge.h"
#include "core/flow/flow_exchange.h"
#include "core/flow/flow_ext_authz.h"
#include "core/flow/flow_gateway.h"
#include "core/flow/flow_guard.h"
#include "core/flow/flow_heads.h"
#include "core/flow/flow_mirror.h"
#include "core/flow/flow_path.h"
#include "core/flow/flow_reply.h"
#include "core/http/grpc_web.h"
#include "core/loop/clock.h"
#include "core/telemetry/telemetry.h"

/* ---- the end ---- */

void flow_request_finish(struct flow_request *r)
{
    struct flow_worker *fw = r->fw;

    ASSERT(r->state != FLOW_REQUEST_DONE);
    r->state = FLOW_REQUEST_DONE;
    flow_mirror_detach(r);
    flow_ext_authz_end(r->ext_authz);
    filter_run_end(&r->filter);
    filter_jwt_end(&r->filter);
    r->decision.end_ns = clock_ns();
    r->decision.bytes_in = r->down->bytes_in;
    r->decision.bytes_out = r->down->bytes_out;
    telemetry_http(flow_worker_options(fw)->telemetry, fw->worker, &r->decision);
    flow_guard_finish(r);
    flow_exchange_abort(r); /* the response's head goes with the upstream's stream */
    for (uint32_t i = 0; i < r->tried_count; i++)
        upstream_drop(r->tried[i]);
    for (uint32_t i = 0; i < r->set_count; i++)
        model_cluster_unref(r->sets[i]);
    chunk_queue_clear(&r->pending);
    flow_replay_clear(&r->replay);
    http_stream_release(r->down); /* the arena goes with it: last use of its text above */
    flow_worker_drop_lease(fw, r->lease);
    flow_worker_count(&fw->requests_active, -1);
    slab_free(&fw->requests, r);
}

/* ---- the response on its way down ---- */

/* Over HTTP/2 a 2xx would tell the client that the upgrade it asked for was done (RFC 8441): an app
 * that gives an ordinary answer instead is told about in a field to a proxy of ours, which restores
 * the status, and as a failure to anybody else. */
static void hide_success(struct flow_request *r, struct http_msg *head)
{
    if (!r->filter.head->upgrade.len || head->status / 100 != 2 ||
        r->down->version != HTTP_VERSION_2)
        return;
    if (r->conn->is_mesh_hop)
        http_headers_set_token(&head->headers, HTTP_TOKEN_MESH_PROTO,
                               arena_printf(r->filter.arena, "%u", head->status));
    head->status = 502;
}

void flow_request_filter_response(struct flow_request *r, struct http_msg *head)
{
    filter_run_response(&r->filter, head);
    flow_ext_authz_respond(r, head);
    if (r->target)
        filter_headers_response(&r->target->response, &r->filter, head);
    if (r->filter.route)
        filter_headers_response(&r->filter.route->response, &r->filter, head);
}

void flow_request_respond(struct flow_request *r, struct http_msg *head, bool end)
{
    r->head_sent = true;
    r->decision.status = head->status;
    if (r->filter.is_grpc) {
        struct str code = http_headers_get(&head->headers, HTTP_TOKEN_GRPC_STATUS);
        uint64_t number;

        if (code.p && str_to_u64(code, 1000, &number) == 0)
            r->decision.grpc_status = (int16_t)number;
    }
    flow_request_filter_response(r, head);
    flow_heads_to_downstream(r, head, false);
    if (r->hash.set_cookie.p)
        http_headers_add(&head->headers, STR("set-cookie"), r->hash.set_cookie);
    flow_session_respond(r, head);
    hide_success(r, head);
    r->decision.response_head = head;
    if (head->status == 101)
        r->is_websocket = true;
    http_stream_send_head(r->down, head, end);
    if (end) {
        r->response_ended = true;
        flow_request_finish(r);
    }
}

/* ---- where it goes ---- */

static void forward(struct flow_request *r, struct model_cluster *cluster)
{
    r->cluster_model = cluster;
    flow_exchange_start(r);
}

static void rewrite_host(struct flow_request *r, struct str to)
{
    struct http_msg *head = r->filter.head;
    struct str before = STR_NONE;

    if (r->lease->snapshot->settings.http.add_forwarded_host) {
        before = http_headers_get_all(&head->headers, STR("x-forwarded-host"), r->filter.arena);
        http_headers_set_token(&head->headers, HTTP_TOKEN_X_FORWARDED_HOST,
                               before.p ? arena_printf(r->filter.arena, "%.*s,%.*s",
                                                       STR_ARG(before), STR_ARG(head->authority))
                                        : head->authority);
    }
    head->authority = to;
}

static void forward_route(struct flow_request *r)
{
    const struct model_route *route = r->filter.route;
    struct filter_request *fr = &r->filter;

    r->target = flow_session_choose(r, route, random_next(&r->fw->worker->random));
    if (!r->target || !r->target->cluster) {
        flow_reply_local(r, route->unknown_cluster_status ? route->unknown_cluster_status : 503,
                         STR_NONE, "cluster_not_found", DECISION_NC);
        return;
    }
    /* VS-12: of two authorities the route's wins; VS-13: its headers too, as in Envoy. */
    filter_headers_request(&r->target->request, fr);
    filter_headers_request(&route->request, fr);
    if (route->rewrite) {
        if (route->rewrite->has_path || route->rewrite->regex)
            fr->head->path = route_rewrite_path(route, &fr->query);
        if (route->rewrite->authority.len)
            rewrite_host(r, route->rewrite->authority);
    }
    if (route->mirror_count)
        flow_mirror_start(r);
    forward(r, r->target->cluster);
}

static void redirect_to_https(struct flow_request *r)
{
    struct str host = route_host_of(r->filter.head->authority, r->filter.arena);

    flow_reply_redirect(r, 301,
                        arena_printf(r->filter.arena, "https://%.*s%.*s", STR_ARG(host),
                                     STR_ARG(r->filter.head->path)));
}

/* Nothing in the tables: pass it on to where the client was going, or say no. */
static void forward_unknown(struct flow_request *r)
{
    const struct snapshot *s = r->lease->snapshot;
    const struct addr *dst = &r->conn->original_dst;

    if (r->conn->kind == MODEL_LISTENER_OUTBOUND && s->outbound &&
        s->outbound->policy == MODEL_REGISTRY_ONLY) {
        r->decision.cluster = s->outbound->blackhole; /* counted as such */
        flow_reply_local(r, 502, STR_NONE, "direct_response", 0);
        return;
    }
    if (r->conn->kind == MODEL_LISTENER_OUTBOUND && s->outbound && s->outbound->by_name) {
        forward(r, s->outbound->by_name);
        return;
    }
    if (r->conn->kind == MODEL_LISTENER_OUTBOUND && s->outbound && s->outbound->passthrough &&
        !addr_eq(dst, &r->conn->local)) {
        forward(r, s->outbound->passthrough);
        return;
    }
    if (flow_gateway_is_misdirected(r->conn, flow_conn_view(r->conn), r->filter.head->authority)) {
        flow_reply_local(r, 421, STR_NONE, "misdirected_request", DECISION_NR);
        return;
    }
    flow_reply_local(r, 404, STR_NONE, "route_not_found", DECISION_NR);
}

static void act(struct flow_request *r)
{
    const struct model_route *route = r->filter.route;

    if (r->filter.port) {
        forward(r, r->filter.port->cluster);
        return;
    }
    if (r->decision.vhost && r->decision.vhost->require_tls &&
        !str_is(r->filter.head->scheme, "https")) {
        redirect_to_https(r);
        return;
    }
    if (!route) {
        if (r->decision.vhost) /* a known host without a matching route (NR-5) */
            flow_reply_local(r, 404, STR_NONE, "route_not_found", DECISION_NR);
        else
            forward_unknown(r);
        return;
    }
    switch (route->action) {
    case MODEL_ACTION_FORWARD:
        forward_route(r);
        return;
    case MODEL_ACTION_REDIRECT:
        flow_reply_redirect(r, route->redirect->status,
                            route_redirect_location(route, &r->filter.query, r->conn->port));
        return;
    case MODEL_ACTION_DIRECT:
        flow_reply_local(r, route->direct_status, route->direct_body, "direct_response", 0);
        return;
    default:
        flow_reply_local(r, 404, STR_NONE, "route_not_found", DECISION_NR);
        return;
    }
}

static void after_filters(struct flow_request *r, enum filter_result result)
{
    if (result == FILTER_CONTINUE && !flow_ext_authz_begin_route(r, act))
        act(r);
    else if (result == FILTER_REPLY)
        flow_reply_filter(r);
}

static void on_filter_resume(struct filter_request *fr, enum filter_result result)
{
    struct flow_request *r = CONTAINER_OF(fr, struct flow_request, filter);

    if (result == FILTER_CONTINUE)
        result = filter_run_request(fr, &r->filter_at);
    after_filters(r, result);
}

/* ---- from downstream ---- */

static void on_down_body(void *arg, const uint8_t *p, size_t len, bool end)
{
    struct flow_request *r = arg;

    r->down_ended = end;
    if (!list_is_empty(&r->mirrors))
        flow_mirror_body(r, p, len, end);
    flow_exchange_body(r, p, len, end);
    if (r->ext_authz)
        flow_ext_authz_body(r);
}

static void on_down_trailers(void *arg, struct http_headers *trailers)
{
    struct flow_request *r = arg;

    r->down_ended = true;
    if (!list_is_empty(&r->mirrors))
        flow_mirror_body(r, NULL, 0, true);
    flow_exchange_trailers(r, trailers);
    if (r->ext_authz)
        flow_ext_authz_body(r);
}

static void on_down_writable(void *arg)
{
    flow_exchange_resume(arg);
}

static void on_down_reset(void *arg, const struct http_failure *f)
{
    struct flow_request *r = arg;

    if (f->err == ERR_PROTO || f->err == ERR_LIMIT)
        r->decision.flags |= DECISION_DPE;
    else
        r->decision.flags |= DECISION_DC;
    r->decision.details = f->by_peer_reset ? "http2.remote_reset" : "downstream_remote_disconnect";
    if (!r->head_sent)
        r->decision.status = 0;
    flow_request_finish(r);
}

static const struct http_stream_events down_events = {
    .on_body = on_down_body,
    .on_trailers = on_down_trailers,
    .on_writable = on_down_writable,
    .on_reset = on_down_reset,
};

/* ---- the beginning ---- */

static bool is_grpc(const struct http_msg *head)
{
    struct str type = http_headers_get(&head->headers, HTTP_TOKEN_CONTENT_TYPE);

    return head->method == HTTP_METHOD_POST && str_starts(type, STR("application/grpc")) &&
           (type.len == 16 || type.p[16] == '+' || type.p[16] == ';');
}

static void describe_connection(struct flow_request *r, const struct flow_view *view)
{
    const struct flow_conn *c = r->conn;
    struct decision *d = &r->decision;

    d->snapshot = r->lease->snapshot;
    d->listener = view->listener;
    d->inbound = c->kind == MODEL_LISTENER_INBOUND || c->kind == MODEL_LISTENER_INBOUND_PORT;
    d->gateway = c->kind == MODEL_LISTENER_GATEWAY;
    d->peer = c->peer;
    d->local = c->local;
    d->original_dst = c->original_dst;
    d->mtls_down = c->is_mtls;
    d->peer_identity = c->peer_identity;
    d->sni = c->sni;
    d->version = r->down->version;
    d->grpc_status = -1;
    d->authz_rule = -1;
}

void flow_request_find_route(struct flow_request *r)
{
    struct filter_request *fr = &r->filter;

    r->decision.vhost = NULL;
    r->decision.route = fr->route = NULL;
    if (!r->table || r->filter.port)
        return;
    r->decision.vhost = route_find_vhost(r->table, fr->head->authority);
    if (!r->decision.vhost)
        return;
    fr->route = route_find(r->decision.vhost, &fr->query);
    r->decision.route = fr->route;
}

static void note_path(struct flow_request *r)
{
    struct http_msg *head = r->filter.head;

    r->original_path = head->path;
    r->decision.original_path = head->path;
    r->filter.query = (struct route_query){
        .head = head,
        .path = http_msg_path_only(head),
        .query = http_msg_query(head),
        .port = r->conn->port,
        .arena = r->filter.arena,
    };
}

static struct flow_request *request_new(struct flow_conn *conn, struct http_stream *hs,
                                        struct http_msg *head, bool end)
{
    struct flow_worker *fw = conn->fw;
    struct flow_request *r = slab_alloc(&fw->requests);

    memset(r, 0, offsetof(struct flow_request, decision.tries));
    r->fw = fw;
    r->conn = conn;
    r->down = hs;
    r->down_ended = end;
    r->is_websocket = head->upgrade.len > 0;
    r->lease = flow_worker_take_lease(fw);
    flow_worker_begin_decision(fw, &r->decision);
    list_init(&r->mirrors);
    chunk_queue_init(&r->pending, &fw->worker->chunks);
    flow_replay_init(&r->replay, &fw->worker->chunks, &fw->replay_bytes);
    r->filter = (struct filter_request){
        .worker = fw->worker,
        .arena = hs->arena,
        .head = head,
        .snapshot = r->lease->snapshot,
        .decision = &r->decision,
        .is_grpc = is_grpc(head),
        .resume = on_filter_resume,
    };
    r->decision.is_grpc = r->filter.is_grpc;
    flow_worker_count(&fw->requests_active, 1);
    flow_worker_count(&fw->requests_total, 1);
    http_stream_set_events(hs, &down_events, r);
    return r;
}

/* Before all policies, which an ACME server knows nothing of. */
static bool answer_challenge(struct flow_request *r)
{
    struct flow_challenge *table = flow_worker_options(r->fw)->challenges;
    struct str text;

    if (flow_challenge_is_empty(table))
        return false;
    text = flow_challenge_find_text(table, r->filter.query.path, r->filter.arena);
    if (text.p)
        flow_reply_local(r, 200, text, "acme_challenge", 0);
    return text.p != NULL;
}

/* Before the route is looked for, because routes may ask for claims. False: refused. */
static bool authenticate(struct flow_request *r)
{
    struct filter_request *fr = &r->filter;

    if (filter_jwt_request(fr, (int64_t)(r->decision.start_wall_us / 1000000)) == FILTER_REPLY) {
        flow_reply_filter(r);
        return false;
    }
    fr->query.path = http_msg_path_only(fr->head);
    fr->query.query = http_msg_query(fr->head);
    fr->query.claims = fr->claims;
    return true;
}

/* From here on the request may wait for others. */
static void authorized_outside(struct flow_request *r)
{
    if (r->filter.jwt && !authenticate(r))
        return;
    if (!r->ext_authz || r->filter.jwt) /* claims may choose it */
        flow_request_find_route(r);
    after_filters(r, filter_run_request(&r->filter, &r->filter_at));
}

void flow_request_begin(struct flow_conn *conn, struct http_stream *hs, struct http_msg *head,
                        bool end)
{
    const struct flow_view *view = flow_conn_view(conn);
    struct flow_request *r;
    struct filter_request *fr;
    enum flow_path_result path;
    bool names_ok;

    if (view->server && view->server->grpc_web && grpc_web_is(head))
        hs = grpc_web_wrap(hs, head);
    r = request_new(conn, hs, head, end);
    fr = &r->filter;
    describe_connection(r, view);
    fr->listener = view->listener;
    fr->port = view->inbound;
    r->table = view->table;
    fr->authz = view->inbound                               ? view->inbound->authz
                : view->listener && view->listener->gateway ? view->listener->gateway->authz
                                                            : NULL;
    fr->jwt = view->inbound                               ? view->inbound->jwt
              : view->listener && view->listener->gateway ? view->listener->gateway->jwt
                                                          : NULL;
    path = flow_path_prepare(r);
    note_path(r);
    names_ok = flow_edge_check_names(r);
    flow_heads_on_arrival(r);
    if (path == FLOW_PATH_BAD || !names_ok) {
        flow_reply_local(r, 400, STR_NONE,
                         names_ok ? "path_normalization_failed" : "unexpected_underscore",
                         DECISION_DPE);
        return;
    }
    if (path == FLOW_PATH_REDIRECT) {
        flow_reply_redirect(r, 307, head->path);
        return;
    }
    if (r->decision.gateway && answer_challenge(r))
        return;
    if (!flow_ext_authz_begin(r, authorized_outside))
        authorized_outside(r);
}
