#include "core/acme/acme_http.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/dns/dns_resolver.h"
#include "core/http/http_client.h"
#include "core/http/http_fetch.h"
#include "core/loop/worker.h"
#include "core/net/stream_tcp.h"
#include "core/pki/pki_trust.h"
#include "core/tls/stream_tls.h"
#include "core/tls/tls_config.h"

#define TIMEOUT_MS     30000
#define ANSWER_MAX     ((size_t)1024 * 1024)
#define USER_AGENT     "mesh"
#define RETRY_MAX_S    86400
#define JOSE_MEDIATYPE "application/jose+json"

struct acme_http {
    struct worker *worker;
    struct dns_resolver *dns;
    struct pki_trust *trust;
    /* Where we are connected to. */
    char *host;
    struct addr addr;
    struct tls_config *tls;
    struct http_pool *pool;
    /* The request in motion. */
    struct dns_lookup *lookup;
    struct http_client_call *call;
    struct arena arena; /* of its texts */
    const char *method;
    struct str authority, path, body;
    acme_http_fn done;
    void *arg;
};

struct acme_http *acme_http_new(struct worker *w, struct dns_resolver *dns, struct pki_trust *trust)
{
    struct acme_http *h = mem_alloc0(1, sizeof(*h));

    h->worker = w;
    h->dns = dns;
    h->trust = pki_trust_ref(trust);
    arena_init(&h->arena, 1024);
    return h;
}

static void leave(struct acme_http *h)
{
    http_pool_free(h->pool);
    tls_config_unref(h->tls);
    mem_free(h->host);
    h->pool = NULL;
    h->tls = NULL;
    h->host = NULL;
}

void acme_http_free(struct acme_http *h)
{
    if (!h)
        return;
    dns_resolver_cancel(h->lookup);
    if (h->call)
        http_client_cancel(h->call);
    leave(h);
    pki_trust_unref(h->trust);
    arena_deinit(&h->arena);
    mem_free(h);
}

/* ---- the answer ---- */

static void finish(struct acme_http *h, const struct acme_http_answer *answer)
{
    acme_http_fn done = h->done;

    h->done = NULL;
    done(h->arg, answer); /* h may be gone */
}

static void fail(struct acme_http *h, int err)
{
    struct acme_http_answer answer = { .err = err };

    finish(h, &answer);
}

static void on_answer(void *arg, const struct http_client_answer *got)
{
    struct acme_http *h = arg;
    struct acme_http_answer answer = { .err = got->err };
    struct str after;
    uint64_t seconds = 0;

    h->call = NULL;
    if (got->err) {
        leave(h); /* maybe another address next time */
        fail(h, got->err);
        return;
    }
    answer.status = got->head->status;
    answer.body = got->body;
    answer.nonce = http_headers_get_name(&got->head->headers, STR("replay-nonce"));
    answer.location = http_headers_get(&got->head->headers, HTTP_TOKEN_LOCATION);
    after = http_headers_get(&got->head->headers, HTTP_TOKEN_RETRY_AFTER);
    if (after.len && str_to_u64(after, RETRY_MAX_S, &seconds) == 0)
        answer.retry_after_s = (uint32_t)seconds;
    finish(h, &answer);
}

/* ---- the way there ---- */

static int dial(void *arg, struct worker *w, struct stream **out)
{
    struct acme_http *h = arg;
    struct stream *tcp;
    int err = stream_tcp_connect(w, &h->addr, NULL, &tcp);

    return err ? err : stream_tls_client(tcp, h->tls, out);
}

static void ask(struct acme_http *h)
{
    struct http_headers headers;
    struct http_client_request request = { .method = h->method,
                                           .scheme = STR("https"),
                                           .authority = h->authority,
                                           .path = h->path,
                                           .headers = &headers,
                                           .body = h->body,
                                           .content_type = h->body.len ? JOSE_MEDIATYPE : NULL,
                                           .timeout_ms = TIMEOUT_MS,
                                           .max_body_bytes = ANSWER_MAX };

    http_headers_init(&headers, &h->arena);
    http_headers_add_token(&headers, HTTP_TOKEN_USER_AGENT, STR(USER_AGENT));
    h->call = http_client_send(h->worker, h->pool, &request, on_answer, h);
}

static int open_pool(struct acme_http *h)
{
    struct http_pool_config config = { .protocol = HTTP_PROTOCOL_H1, .max_connections = 1 };
    int err = http_fetch_tls(h->trust, str_of(h->host), &h->tls);

    if (!err)
        h->pool = http_pool_new(h->worker, &config, dial, h);
    return err;
}

static void on_resolved(void *arg, int err, const struct dns_addrs *addrs)
{
    struct acme_http *h = arg;
    uint16_t port = h->addr.port;

    h->lookup = NULL;
    if (!err) {
        h->addr = addrs->list[random_below(&h->worker->random, addrs->count)];
        h->addr.port = port;
        err = open_pool(h);
    }
    if (err) {
        leave(h);
        fail(h, err);
        return;
    }
    ask(h);
}

int acme_http_send(struct acme_http *h, const char *method, struct str url, struct str body,
                   acme_http_fn done, void *arg)
{
    struct http_fetch_url to;

    if (h->done)
        return ERR_EXISTS;
    if (http_fetch_parse(url, &to) != 0 || !str_is(to.scheme, "https"))
        return ERR_INVALID;
    arena_reset(&h->arena);
    h->method = method;
    h->authority = arena_str(&h->arena, to.authority);
    h->path = arena_str(&h->arena, to.path);
    h->body = arena_str(&h->arena, body);
    h->done = done;
    h->arg = arg;
    if (h->host && str_is(to.host, h->host) && h->addr.port == to.port) {
        ask(h);
        return 0;
    }
    leave(h);
    h->host = str_dup(to.host);
    h->addr = (struct addr){ .port = to.port };
    h->lookup = dns_resolver_start(h->dns, str_of(h->host), DNS_FAMILY_ANY, on_resolved, h);
    return 0;
}
