#include "core/acme/acme_http.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/dns/dns_resolver.h"
#include "core/http/http_client.h"
#include "core/loop/worker.h"
#include "core/net/stream_tcp.h"
#include "core/pki/pki_trust.h"
#include "core/tls/stream_tls.h"
#include "core/tls/tls_config.h"

#define TIMEOUT_MS     30000
#define ANSWER_MAX     ((size_t)1024 * 1024)
#define HTTPS_PORT     443
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
    static const struct str alpn[] = { STR_INIT("http/1.1") };
    struct str name = str_of(h->host);
    struct addr ip;
    struct tls_options o = { .rules = { .verify = TLS_VERIFY_REQUIRED,
                                        .trust = h->trust,
                                        .names = &name,
                                        .name_count = 1 },
                             .alpn = alpn,
                             .alpn_count = 1,
                             .sni = addr_parse_ip(name, &ip) == 0 ? STR_NONE : name };
    struct http_pool_config config = { .protocol = HTTP_PROTOCOL_H1, .max_connections = 1 };
    const char *why;
    int err = tls_config_new_client(&o, &h->tls, &why);

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

/* "https://host[:port]/path" in parts. */
static int read_url(struct str url, struct str *authority, struct str *host, uint16_t *port,
                    struct str *path)
{
    uint64_t number = HTTPS_PORT;
    ptrdiff_t slash, colon;

    if (!str_starts(url, STR("https://")))
        return ERR_INVALID;
    url = str_skip(url, 8);
    slash = str_chr(url, '/');
    *authority = slash < 0 ? url : str_head(url, (size_t)slash);
    *path = slash < 0 ? STR("/") : str_skip(url, (size_t)slash);
    colon = str_rchr(*authority, ':');
    *host = colon < 0 ? *authority : str_head(*authority, (size_t)colon);
    if (colon >= 0 &&
        (str_to_u64(str_skip(*authority, (size_t)colon + 1), 65535, &number) != 0 || number == 0))
        return ERR_INVALID;
    *port = (uint16_t)number;
    return host->len && str_chr(*authority, '@') < 0 && str_chr(*path, ' ') < 0 ? 0 : ERR_INVALID;
}

int acme_http_send(struct acme_http *h, const char *method, struct str url, struct str body,
                   acme_http_fn done, void *arg)
{
    struct str authority, host, path;
    uint16_t port;

    if (h->done)
        return ERR_EXISTS;
    if (read_url(url, &authority, &host, &port, &path) != 0)
        return ERR_INVALID;
    arena_reset(&h->arena);
    h->method = method;
    h->authority = arena_str(&h->arena, authority);
    h->path = arena_str(&h->arena, path);
    h->body = arena_str(&h->arena, body);
    h->done = done;
    h->arg = arg;
    if (h->host && str_is(host, h->host) && h->addr.port == port) {
        ask(h);
        return 0;
    }
    leave(h);
    h->host = str_dup(host);
    h->addr = (struct addr){ .port = port };
    h->lookup = dns_resolver_start(h->dns, str_of(h->host), DNS_FAMILY_ANY, on_resolved, h);
    return 0;
}
