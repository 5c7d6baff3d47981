#include "core/acme/acme_order.h"

#include "core/acme/acme_http.h"
#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/pki/pki_acme.h"
#include "core/pki/pki_jws.h"
#include "core/pki/pki_key.h"
#include "core/pki/pki_trust.h"
#include "core/text/node_json.h"

#define NONCE_TRIES     5
#define POLLS_MAX       40
#define POLL_FIRST_MS   ((uint64_t)250)
#define POLL_MAX_MS     ((uint64_t)5000)
#define RETRY_AFTER_MAX 30 /* s; while polling */
#define TOKEN_MAX       256

typedef void (*step_fn)(struct acme_order *o, const struct acme_http_answer *answer,
                        const struct node *json);

struct acme_order {
    struct acme_order_options options;
    struct arena arena; /* all texts */
    struct acme_http *http;
    struct timer timer;
    struct str nonce, account_url;
    struct str new_nonce, new_account, new_order; /* of the directory */
    struct str order_url, finalize_url;
    struct str *auths;
    size_t auth_count, auth_at;
    struct str challenge_url;
    uint32_t polls;
    uint64_t poll_ms;
    /* The request in motion, to be sent again with another nonce. */
    struct str url, payload;
    bool wants_nonce; /* a nonce is asked for, the request comes after */
    bool by_key;      /* signed with the key itself: there is no account URL yet */
    step_fn next;
    uint32_t nonce_tries;
    void (*timer_fn)(struct acme_order *o);
};

/* ---- the end ---- */

void acme_order_cancel(struct acme_order *o)
{
    if (!o)
        return;
    timer_cancel(&o->timer);
    acme_http_free(o->http);
    pki_trust_unref(o->options.trust);
    pki_key_unref(o->options.account);
    pki_key_unref(o->options.key);
    arena_deinit(&o->arena);
    mem_free(o);
}

static void finish(struct acme_order *o, const struct acme_result *result)
{
    o->options.done(o->options.arg, result);
    acme_order_cancel(o);
}

static void fail(struct acme_order *o, int err, struct str problem, uint32_t retry_after_s)
{
    struct acme_result result = { .err = err, .problem = problem, .retry_after_s = retry_after_s };

    finish(o, &result);
}

/* ---- requests ---- */

static void on_answer(void *arg, const struct acme_http_answer *answer);

static struct str header_of(struct acme_order *o)
{
    struct buf text;
    struct str out;

    buf_init(&text, 0);
    buf_printf(&text, "{\"alg\":\"ES256\",\"nonce\":");
    encode_json(&text, o->nonce);
    buf_printf(&text, ",\"url\":");
    encode_json(&text, o->url);
    if (o->by_key) {
        buf_printf(&text, ",\"jwk\":");
        pki_jws_jwk(o->options.account, &text);
    } else {
        buf_printf(&text, ",\"kid\":");
        encode_json(&text, o->account_url);
    }
    buf_printf(&text, "}");
    out = arena_str(&o->arena, buf_str(&text));
    buf_deinit(&text);
    return out;
}

static void send_raw(struct acme_order *o, const char *method, struct str url, struct str body)
{
    int err = acme_http_send(o->http, method, url, body, on_answer, o);

    if (err)
        fail(o, err, STR("the server's directory or answer has no https URL where one must be"), 0);
}

/* Without a nonce, one is asked for first; on_answer comes back here. o may be gone afterwards. */
static void send_signed(struct acme_order *o)
{
    struct buf body;
    int err;

    if (!o->nonce.len) {
        o->wants_nonce = true;
        send_raw(o, "HEAD", o->new_nonce, STR_NONE);
        return;
    }
    buf_init(&body, 0);
    err = pki_jws_sign(o->options.account, header_of(o), o->payload, &body);
    o->nonce = STR_NONE; /* good for one request */
    if (err)
        fail(o, err, STR("the account's key cannot sign"), 0);
    else
        send_raw(o, "POST", o->url, buf_str(&body));
    buf_deinit(&body);
}

static void post(struct acme_order *o, struct str url, struct str payload, step_fn next)
{
    o->url = url;
    o->payload = payload;
    o->next = next;
    o->nonce_tries = 0;
    send_signed(o);
}

static bool is_problem(const struct node *json, const char *type)
{
    return str_ends(node_get_str(json, "type"), str_of(type));
}

static void refuse(struct acme_order *o, const struct acme_http_answer *answer,
                   const struct node *json)
{
    struct str detail = node_get_str(json, "detail"), type = node_get_str(json, "type");
    bool limited = answer->status == 429 || is_problem(json, ":rateLimited");

    fail(o, limited ? ERR_OVERLOAD : ERR_DENIED,
         arena_printf(&o->arena, "%u %.*s %.*s", answer->status, STR_ARG(type), STR_ARG(detail)),
         answer->retry_after_s);
}

static void on_answer(void *arg, const struct acme_http_answer *answer)
{
    struct acme_order *o = arg;
    struct node *json = NULL;

    if (answer->err) {
        fail(o, answer->err, str_of(error_text(answer->err)), 0);
        return;
    }
    if (answer->nonce.len)
        o->nonce = arena_str(&o->arena, answer->nonce);
    if (answer->body.len && answer->body.p[0] == '{')
        (void)node_json_read(&o->arena, answer->body, NULL, NULL, &json);
    if (answer->status >= 400) {
        if (is_problem(json, ":badNonce") && ++o->nonce_tries < NONCE_TRIES)
            send_signed(o);
        else
            refuse(o, answer, json);
    } else if (!o->wants_nonce) {
        o->next(o, answer, json);
    } else if (o->nonce.len) {
        o->wants_nonce = false;
        send_signed(o);
    } else {
        fail(o, ERR_PROTO, STR("the server gives no nonce"), 0);
    }
}

/* ---- waiting ---- */

static void on_timer(struct timer *t)
{
    struct acme_order *o = CONTAINER_OF(t, struct acme_order, timer);

    o->timer_fn(o);
}

static void wait_for(struct acme_order *o, uint64_t ms, void (*then)(struct acme_order *o))
{
    o->timer_fn = then;
    timer_start(&o->timer, ms);
}

/* Sooner at first, then slower, or when the server says. */
static void poll_again(struct acme_order *o, uint32_t retry_after_s,
                       void (*then)(struct acme_order *o))
{
    uint64_t ms = o->poll_ms;

    if (++o->polls > POLLS_MAX) {
        fail(o, ERR_TIMEOUT, STR("the server does not decide"), 0);
        return;
    }
    if (retry_after_s)
        ms = 1000 * (uint64_t)(retry_after_s < RETRY_AFTER_MAX ? retry_after_s : RETRY_AFTER_MAX);
    o->poll_ms = o->poll_ms * 2 < POLL_MAX_MS ? o->poll_ms * 2 : POLL_MAX_MS;
    wait_for(o, ms, then);
}

static void begin_polling(struct acme_order *o)
{
    o->polls = 0;
    o->poll_ms = POLL_FIRST_MS;
}

static struct str keep(struct acme_order *o, struct str s)
{
    return arena_str(&o->arena, s);
}

static void fail_shape(struct acme_order *o, const char *what)
{
    fail(o, ERR_PROTO, arena_printf(&o->arena, "the server's answer has no %s", what), 0);
}

/* ---- the certificate ---- */

static void poll_order(struct acme_order *o);

static void on_certificate(struct acme_order *o, const struct acme_http_answer *answer,
                           const struct node *json)
{
    struct acme_result result = { .chain_pem = answer->body };

    (void)json;
    finish(o, &result);
}

static void on_order_state(struct acme_order *o, const struct acme_http_answer *answer,
                           const struct node *json)
{
    struct str status = node_get_str(json, "status"), url = node_get_str(json, "certificate");

    if (str_is(status, "valid") && url.len)
        post(o, keep(o, url), STR_NONE, on_certificate);
    else if (str_is(status, "invalid"))
        fail(o, ERR_DENIED,
             arena_printf(&o->arena, "the order is invalid: %.*s",
                          STR_ARG(node_get_str(node_getz(json, "error"), "detail"))),
             0);
    else
        poll_again(o, answer->retry_after_s, poll_order);
}

static void poll_order(struct acme_order *o)
{
    post(o, o->order_url, STR_NONE, on_order_state);
}

static void finalize(struct acme_order *o)
{
    struct buf der, payload;
    int err;

    buf_init(&der, 0);
    buf_init(&payload, 0);
    err = pki_acme_request(o->options.key, o->options.names, o->options.name_count, &der);
    buf_printf(&payload, "{\"csr\":\"");
    encode_base64url(&payload, buf_str(&der));
    buf_printf(&payload, "\"}");
    begin_polling(o);
    if (err)
        fail(o, err, STR("the certificate request cannot be made"), 0);
    else
        post(o, o->finalize_url, keep(o, buf_str(&payload)), on_order_state);
    buf_deinit(&der);
    buf_deinit(&payload);
}

/* ---- authorizations ---- */

static void ask_auth(struct acme_order *o);
static void poll_auth(struct acme_order *o);

static void next_auth(struct acme_order *o)
{
    if (++o->auth_at < o->auth_count)
        ask_auth(o);
    else
        finalize(o);
}

static struct str problem_of_challenges(const struct node *json)
{
    const struct node *list = node_getz(json, "challenges");

    if (!list || list->kind != NODE_LIST)
        return STR_NONE;
    NODE_EACH(c, list)
    {
        struct str detail = node_get_str(node_getz(c, "error"), "detail");

        if (detail.len)
            return detail;
    }
    return STR_NONE;
}

static void on_auth_state(struct acme_order *o, const struct acme_http_answer *answer,
                          const struct node *json)
{
    struct str status = node_get_str(json, "status");

    if (str_is(status, "valid"))
        next_auth(o);
    else if (str_is(status, "pending") || str_is(status, "processing"))
        poll_again(o, answer->retry_after_s, poll_auth);
    else
        fail(o, ERR_DENIED,
             arena_printf(&o->arena, "the server could not verify %.*s: %.*s",
                          STR_ARG(node_get_str(node_getz(json, "identifier"), "value")),
                          STR_ARG(problem_of_challenges(json))),
             0);
}

static void poll_auth(struct acme_order *o)
{
    post(o, o->auths[o->auth_at], STR_NONE, on_auth_state);
}

static void on_challenged(struct acme_order *o, const struct acme_http_answer *answer,
                          const struct node *json)
{
    (void)json;
    begin_polling(o);
    poll_again(o, answer->retry_after_s, poll_auth);
}

static void accept_challenge(struct acme_order *o)
{
    post(o, o->challenge_url, STR("{}"), on_challenged);
}

/* It becomes part of a path. */
static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              c == '-' || c == '_'))
            return false;
    }
    return s.len > 0 && s.len <= TOKEN_MAX;
}

static const struct node *find_challenge(const struct acme_order *o, const struct node *json)
{
    static const char *const types[] = {
        [ACME_HTTP_01] = "http-01", [ACME_TLS_ALPN_01] = "tls-alpn-01"
    };
    const struct node *list = node_getz(json, "challenges");

    if (!list || list->kind != NODE_LIST)
        return NULL;
    NODE_EACH(c, list)
    {
        if (str_is(node_get_str(c, "type"), types[o->options.challenge]))
            return c;
    }
    return NULL;
}

static void on_auth(struct acme_order *o, const struct acme_http_answer *answer,
                    const struct node *json)
{
    const struct node *challenge = find_challenge(o, json);
    struct acme_challenge c = { .type = o->options.challenge };
    struct buf text;

    (void)answer;
    if (str_is(node_get_str(json, "status"), "valid")) { /* from an order before */
        next_auth(o);
        return;
    }
    c.name = node_get_str(node_getz(json, "identifier"), "value");
    c.token = node_get_str(challenge, "token");
    o->challenge_url = node_get_str(challenge, "url");
    if (!challenge || !is_token(c.token) || !o->challenge_url.len) {
        fail_shape(o, "challenge of the kind that is answered here");
        return;
    }
    buf_init(&text, 0);
    buf_printf(&text, "%.*s.", STR_ARG(c.token));
    pki_jws_thumbprint(o->options.account, &text);
    c.key_authorization = buf_str(&text);
    o->options.publish(o->options.arg, &c);
    buf_deinit(&text);
    wait_for(o, o->options.served_after_ms, accept_challenge);
}

static void ask_auth(struct acme_order *o)
{
    post(o, o->auths[o->auth_at], STR_NONE, on_auth);
}

/* ---- the order ---- */

static void on_order(struct acme_order *o, const struct acme_http_answer *answer,
                     const struct node *json)
{
    const struct node *list = node_getz(json, "authorizations");

    o->order_url = keep(o, answer->location);
    o->finalize_url = node_get_str(json, "finalize");
    if (!o->order_url.len || !o->finalize_url.len || !list || list->kind != NODE_LIST) {
        fail_shape(o, "order");
        return;
    }
    o->auths = arena_alloc0(&o->arena, list->count, sizeof(*o->auths));
    NODE_EACH(url, list)
    o->auths[o->auth_count++] = url->text;
    if (o->auth_count)
        ask_auth(o);
    else
        finalize(o);
}

static void on_account(struct acme_order *o, const struct acme_http_answer *answer,
                       const struct node *json)
{
    struct buf payload;

    (void)json;
    o->account_url = keep(o, answer->location);
    o->by_key = false;
    if (!o->account_url.len) {
        fail_shape(o, "account");
        return;
    }
    buf_init(&payload, 0);
    for (size_t i = 0; i < o->options.name_count; i++) {
        buf_printf(&payload, "%s{\"type\":\"dns\",\"value\":", i ? "," : "{\"identifiers\":[");
        encode_json(&payload, o->options.names[i]);
        buf_printf(&payload, "}");
    }
    buf_printf(&payload, "]}");
    post(o, o->new_order, keep(o, buf_str(&payload)), on_order);
    buf_deinit(&payload);
}

/* An account that exists already is answered in the same way (RFC 8555 section 7.3.1). */
static void on_directory(struct acme_order *o, const struct acme_http_answer *answer,
                         const struct node *json)
{
    struct buf payload;

    (void)answer;
    o->new_nonce = node_get_str(json, "newNonce");
    o->new_account = node_get_str(json, "newAccount");
    o->new_order = node_get_str(json, "newOrder");
    if (!o->new_nonce.len || !o->new_account.len || !o->new_order.len) {
        fail_shape(o, "directory");
        return;
    }
    buf_init(&payload, 0);
    buf_printf(&payload, "{\"termsOfServiceAgreed\":true");
    if (o->options.email.len) {
        struct str contact = arena_printf(&o->arena, "mailto:%.*s", STR_ARG(o->options.email));

        buf_printf(&payload, ",\"contact\":[");
        encode_json(&payload, contact);
        buf_printf(&payload, "]");
    }
    buf_printf(&payload, "}");
    o->by_key = true;
    post(o, o->new_account, keep(o, buf_str(&payload)), on_account);
    buf_deinit(&payload);
}

/* ---- the beginning ---- */

static void begin(struct acme_order *o)
{
    o->next = on_directory;
    send_raw(o, "GET", o->options.directory, STR_NONE);
}

struct acme_order *acme_order_start(const struct acme_order_options *options)
{
    struct acme_order *o = mem_alloc0(1, sizeof(*o));
    struct str *names;

    o->options = *options;
    arena_init(&o->arena, 4096);
    o->options.directory = keep(o, options->directory);
    o->options.email = keep(o, options->email);
    names = arena_alloc0(&o->arena, options->name_count, sizeof(*names));
    for (size_t i = 0; i < options->name_count; i++)
        names[i] = keep(o, options->names[i]);
    o->options.names = names;
    o->options.trust = pki_trust_ref(options->trust);
    o->options.account = pki_key_ref(options->account);
    o->options.key = pki_key_ref(options->key);
    o->http = acme_http_new(options->worker, options->dns, options->trust);
    timer_init(&o->timer, &options->worker->timers, on_timer);
    wait_for(o, 0, begin); /* never from inside this call */
    return o;
}
