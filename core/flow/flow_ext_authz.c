#include "core/flow/flow_ext_authz.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/filter/ext_authz.h"
#include "core/filter/filter_authz.h"
#include "core/flow/flow_call.h"
#include "core/flow/flow_reply.h"
#include "core/tls/tls_identity.h"

static struct log_module log_module = LOG_MODULE("flow");

struct flow_ext_authz {
    struct flow_request *r; /* this one, */
    struct flow_tcp *t;     /* or this one */
    void (*go_on)(struct flow_request *r);
    void (*go_on_tcp)(struct flow_tcp *t);
    void (*refuse_tcp)(struct flow_tcp *t, const char *why);
    const struct model_authz *authz; /* NULL: the route's authorizer is asked, */
    uint32_t at;                     /* else which of authz->externals */
    struct filter_authz_verdict match;
    bool is_collecting;   /* the body, for that one */
    struct http_msg head; /* of the question */
    struct flow_call_request question;
    struct flow_call *call;
    struct ext_authz_changes response; /* of all so far */
};

static void ask(struct flow_ext_authz *x);

static struct arena *arena_of(const struct flow_ext_authz *x)
{
    return x->r ? x->r->filter.arena : &x->t->arena;
}

static const struct model_ext_authz *who_of(const struct flow_ext_authz *x)
{
    return x->authz ? x->authz->externals[x->at] : x->r->filter.route->ext_authz;
}

static struct decision *decision_of(struct flow_ext_authz *x)
{
    return x->r ? &x->r->decision : &x->t->decision;
}

void flow_ext_authz_end(struct flow_ext_authz *x)
{
    if (!x)
        return;
    flow_call_cancel(x->call);
    x->call = NULL;
}

/* ---- what becomes of it ---- */

/* Moves on to the first from `from` on who is to be asked. */
static bool find_next(struct flow_ext_authz *x, uint32_t from)
{
    x->at = x->r ? filter_authz_external(&x->r->filter, from, &x->match)
                 : filter_authz_external_tcp(x->authz, &x->t->decision, from, &x->match);
    return x->at < x->authz->external_count;
}

static void proceed(struct flow_ext_authz *x)
{
    if (x->authz && find_next(x, x->at + 1))
        ask(x);
    else if (x->r)
        x->go_on(x->r);
    else
        x->go_on_tcp(x->t);
}

static void keep_changes(struct flow_ext_authz *x, const struct ext_authz_changes *more)
{
    struct ext_authz_changes *all = &x->response;
    struct ext_authz_change *list;

    if (!more->count)
        return;
    list = arena_alloc0(arena_of(x), all->count + more->count, sizeof(*list));
    if (all->count)
        memcpy(list, all->list, all->count * sizeof(*list));
    memcpy(list + all->count, more->list, more->count * sizeof(*list));
    all->list = list;
    all->count += more->count;
}

static void allow(struct flow_ext_authz *x, const struct ext_authz_answer *answer)
{
    struct flow_request *r = x->r;

    if (r) {
        struct filter_request *fr = &r->filter;
        struct str path = fr->head->path, authority = fr->head->authority;

        ext_authz_apply(&answer->request, fr->head);
        fr->query.path = http_msg_path_only(fr->head);
        fr->query.query = http_msg_query(fr->head);
        if (x->authz && (who_of(x)->clears_route || !str_eq(path, fr->head->path) ||
                         !str_eq(authority, fr->head->authority)))
            flow_request_find_route(r);
        keep_changes(x, &answer->response);
    }
    proceed(x);
}

/* An answer to the client instead of the upstream's. */
static void deny(struct flow_ext_authz *x, uint16_t status, struct str body, const char *details,
                 const struct ext_authz_changes *changes)
{
    struct decision *d = decision_of(x);
    struct http_msg extra;

    d->authz_policy = x->match.policy;
    d->authz_rule = x->match.rule;
    d->authz_denied = true;
    d->flags |= DECISION_UAEX;
    if (!x->r) {
        x->refuse_tcp(x->t, details);
        return;
    }
    http_msg_init(&extra, x->r->filter.arena);
    extra.is_response = true;
    if (changes)
        ext_authz_apply(changes, &extra);
    x->response = (struct ext_authz_changes){ 0 }; /* it was not allowed after all */
    x->r->filter.reply = (struct filter_reply){ .status = status,
                                                .grpc_status = -1,
                                                .body = body,
                                                .headers = extra.headers,
                                                .details = details };
    flow_reply_filter(x->r);
}

static void on_failure(struct flow_ext_authz *x, const char *why)
{
    const struct model_ext_authz *who = who_of(x);

    log_info("authorizer \"%.*s\" gives no answer: %s; %s", STR_ARG(who->name), why,
             who->fail_open ? "passes all the same (failOpen)" : "refused");
    decision_of(x)->upstream_failure = why;
    if (who->fail_open)
        proceed(x);
    else
        deny(x, who->error_status, STR_NONE, "ext_authz_error", NULL);
}

static void on_answer(void *arg, const struct http_client_answer *answer)
{
    struct flow_ext_authz *x = arg;
    struct ext_authz_answer meaning;

    x->call = NULL;
    if (answer->err) {
        on_failure(x, error_text(answer->err));
        return;
    }
    ext_authz_understand(who_of(x), answer, arena_of(x), &meaning);
    if (meaning.verdict == EXT_AUTHZ_ALLOWED)
        allow(x, &meaning);
    else if (meaning.verdict == EXT_AUTHZ_DENIED)
        deny(x, meaning.status, meaning.body, "ext_authz_denied", &meaning.response);
    else
        on_failure(x, "what it said is no answer");
}

/* ---- the question ---- */

static bool has_whole_body(const struct flow_request *r)
{
    return r->down_ended || r->is_websocket || r->filter.head->method == HTTP_METHOD_CONNECT;
}

/* The first bytes of the body, as one slice. */
static struct str body_of(const struct flow_request *r, size_t max)
{
    size_t len = r->pending.len < max ? r->pending.len : max, at = 0;
    size_t piece_max = r->pending.len / 2048 + 2; /* chunks have at least 4 KiB */
    struct iovec *iov = arena_alloc0(r->filter.arena, piece_max, sizeof(*iov));
    char *out = arena_alloc(r->filter.arena, len + 1);
    int count = chunk_queue_peek(&r->pending, iov, (int)piece_max);

    for (int i = 0; i < count && at < len; i++) {
        size_t part = iov[i].iov_len < len - at ? iov[i].iov_len : len - at;

        memcpy(out + at, iov[i].iov_base, part);
        at += part;
    }
    return str_make(out, at);
}

static struct str shown_identity(const struct flow_worker *fw, const struct decision *d)
{
    return d->mtls_down && fw->id.identity ? tls_identity_spiffe(fw->id.identity)->id : STR_NONE;
}

static void send_question(struct flow_ext_authz *x)
{
    const struct model_ext_authz *who = who_of(x);
    struct flow_worker *fw = x->r ? x->r->fw : x->t->fw;
    struct ext_authz_subject subject = { .decision = decision_of(x),
                                         .own_identity = shown_identity(fw, decision_of(x)) };
    const struct flow_lease *lease = x->r ? x->r->lease : x->t->lease;
    struct model_cluster *cluster = snapshot_find_cluster(lease->snapshot, who->cluster);

    if (!cluster) {
        on_failure(x, "its service is not known");
        return;
    }
    if (x->r) {
        subject.head = x->r->filter.head;
        subject.body = body_of(x->r, who->body_bytes);
        subject.is_partial = x->r->pending.len > subject.body.len || !has_whole_body(x->r);
    }
    x->question = (struct flow_call_request){ .head = &x->head,
                                              .h2 = who->is_grpc,
                                              .timeout_ms = who->timeout_ms };
    ext_authz_ask(who, &subject, arena_of(x), &x->head, &x->question.body);
    x->call = flow_call_start(fw, cluster, &x->question, on_answer, x);
}

/* Sends the question once enough of the body is here. */
static void collect(struct flow_ext_authz *x)
{
    const struct model_ext_authz *who = who_of(x);
    struct flow_request *r = x->r;
    size_t held = r->down_held;

    if (r->pending.len > who->body_bytes && !who->body_partial) {
        flow_reply_local(r, 413, STR("Payload Too Large"), "request_payload_too_large", 0);
        return;
    }
    if (has_whole_body(r) || (who->body_partial && r->pending.len >= who->body_bytes)) {
        x->is_collecting = false;
        send_question(x);
        return;
    }
    x->is_collecting = true;
    r->down_held = 0;
    http_stream_consume(r->down, held); /* asks for the body, too, of who waits to be asked */
}

static void ask(struct flow_ext_authz *x)
{
    if (x->r && who_of(x)->body_bytes)
        collect(x);
    else
        send_question(x);
}

void flow_ext_authz_body(struct flow_request *r)
{
    if (r->ext_authz && r->ext_authz->is_collecting)
        collect(r->ext_authz);
}

/* ---- begin ---- */

bool flow_ext_authz_begin(struct flow_request *r, void (*go_on)(struct flow_request *r))
{
    struct flow_ext_authz *x;

    if (!r->filter.authz || !r->filter.authz->external_count)
        return false;
    x = arena_alloc0(r->filter.arena, 1, sizeof(*x));
    x->r = r;
    x->go_on = go_on;
    x->authz = r->filter.authz;
    if (!find_next(x, 0))
        return false;
    r->ext_authz = x;
    flow_request_find_route(r); /* by what the client sent */
    ask(x);
    return true;
}

bool flow_ext_authz_begin_tcp(struct flow_tcp *t, const struct model_authz *authz,
                              void (*go_on)(struct flow_tcp *t),
                              void (*refuse)(struct flow_tcp *t, const char *why))
{
    struct flow_ext_authz *x;

    if (!authz || !authz->external_count)
        return false;
    x = arena_alloc0(&t->arena, 1, sizeof(*x));
    x->t = t;
    x->go_on_tcp = go_on;
    x->refuse_tcp = refuse;
    x->authz = authz;
    if (!find_next(x, 0))
        return false;
    t->ext_authz = x;
    ask(x);
    return true;
}

bool flow_ext_authz_begin_route(struct flow_request *r, void (*go_on)(struct flow_request *r))
{
    struct flow_ext_authz *x = r->ext_authz;

    if (!r->filter.route || !r->filter.route->ext_authz)
        return false;
    if (!x)
        x = r->ext_authz = arena_alloc0(r->filter.arena, 1, sizeof(*x));
    x->r = r;
    x->go_on = go_on;
    x->authz = NULL;
    x->match = (struct filter_authz_verdict){ .rule = -1 };
    ask(x);
    return true;
}

void flow_ext_authz_respond(const struct flow_request *r, struct http_msg *head)
{
    if (r->ext_authz && r->ext_authz->response.count)
        ext_authz_apply(&r->ext_authz->response, head);
}
