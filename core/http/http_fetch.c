#include "core/http/http_fetch.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/dns/dns_resolver.h"
#include "core/http/http_client.h"
#include "core/loop/worker.h"
#include "core/net/stream_tcp.h"
#include "core/pki/pki_trust.h"
#include "core/tls/stream_tls.h"
#include "core/tls/tls_config.h"

#define TIMEOUT_MS 10000
#define MAX_BYTES  ((size_t)1024 * 1024)

struct http_fetch {
    struct worker *worker;
    struct arena arena; /* of its texts */
    struct http_fetch_request request;
    struct http_fetch_url url;
    struct http_headers headers;
    struct addr addr;
    struct pki_trust *trust; /* one reference, or NULL */
    struct tls_config *tls;
    struct http_pool *pool;
    struct dns_lookup *lookup;
    struct http_client_call *call;
    struct worker_task failed;
    int err;
    http_fetch_fn done;
    void *arg;
};

int http_fetch_parse(struct str url, struct http_fetch_url *out)
{
    bool is_tls = str_starts(url, STR("https://"));
    uint64_t port = is_tls ? 443 : 80;
    ptrdiff_t end, colon;
    struct str rest;

    if (!is_tls && !str_starts(url, STR("http://")))
        return ERR_INVALID;
    rest = str_skip(url, is_tls ? 8 : 7);
    end = str_chr(rest, '/');
    out->scheme = is_tls ? STR("https") : STR("http");
    out->authority = end < 0 ? rest : str_head(rest, (size_t)end);
    out->path = end < 0 ? STR("/") : str_skip(rest, (size_t)end);
    colon = str_rchr(out->authority, ':');
    if (str_ends(out->authority, STR("]")))
        colon = -1; /* an IPv6 address without port */
    out->host = colon < 0 ? out->authority : str_head(out->authority, (size_t)colon);
    if (colon >= 0 &&
        (str_to_u64(str_skip(out->authority, (size_t)colon + 1), 65535, &port) != 0 || port == 0))
        return ERR_INVALID;
    if (str_starts(out->host, STR("[")) && str_ends(out->host, STR("]")))
        out->host = str_make(out->host.p + 1, out->host.len - 2);
    out->port = (uint16_t)port;
    if (!out->host.len || str_chr(out->authority, '@') >= 0)
        return ERR_INVALID;
    for (size_t i = 0; i < url.len; i++) {
        if ((unsigned char)url.p[i] <= ' ' || url.p[i] == '#' || url.p[i] == 127)
            return ERR_INVALID;
    }
    return 0;
}

int http_fetch_tls(struct pki_trust *trust, struct str host, struct tls_config **out)
{
    static const struct str alpn[] = { STR_INIT("http/1.1") };
    struct addr ip;
    struct tls_options o = {
        .rules = { .verify = TLS_VERIFY_REQUIRED, .trust = trust, .names = &host, .name_count = 1 },
        .alpn = alpn,
        .alpn_count = 1,
        .sni = addr_parse_ip(host, &ip) == 0 ? STR_NONE : host
    };
    const char *why;

    return tls_config_new_client(&o, out, &why);
}

static void free_fetch(struct http_fetch *f)
{
    dns_resolver_cancel(f->lookup);
    if (f->call)
        http_client_cancel(f->call);
    worker_undefer(&f->failed);
    http_pool_free(f->pool);
    tls_config_unref(f->tls);
    pki_trust_unref(f->trust);
    arena_deinit(&f->arena);
    mem_free(f);
}

void http_fetch_cancel(struct http_fetch *f)
{
    if (f)
        free_fetch(f);
}

static void finish(struct http_fetch *f, const struct http_fetch_answer *answer)
{
    http_fetch_fn done = f->done;
    void *arg = f->arg;

    done(arg, answer);
    free_fetch(f);
}

static void on_failed(struct worker_task *task)
{
    struct http_fetch *f = CONTAINER_OF(task, struct http_fetch, failed);
    struct http_fetch_answer answer = { .err = f->err };

    finish(f, &answer);
}

static void fail(struct http_fetch *f, int err)
{
    f->err = err;
    worker_defer(f->worker, &f->failed);
}

static void on_answer(void *arg, const struct http_client_answer *got)
{
    struct http_fetch *f = arg;
    struct http_fetch_answer answer = { .err = got->err };

    f->call = NULL;
    if (!got->err) {
        answer.status = got->head->status;
        answer.content_type = http_headers_get(&got->head->headers, HTTP_TOKEN_CONTENT_TYPE);
        answer.location = http_headers_get(&got->head->headers, HTTP_TOKEN_LOCATION);
        if (answer.status == 200)
            answer.body = got->body;
    }
    finish(f, &answer);
}

static int dial(void *arg, struct worker *w, struct stream **out)
{
    struct http_fetch *f = arg;
    struct stream *tcp;
    int err = f->request.dial ? f->request.dial(f->request.dial_arg, w, &f->addr, &tcp)
                              : stream_tcp_connect(w, &f->addr, NULL, &tcp);

    if (err || !f->tls) {
        *out = tcp;
        return err;
    }
    return stream_tls_client(tcp, f->tls, out);
}

static void ask(struct http_fetch *f)
{
    struct http_pool_config config = { .protocol = HTTP_PROTOCOL_H1, .max_connections = 1 };
    struct http_client_request request = { .scheme = f->url.scheme,
                                           .authority = f->url.authority,
                                           .path = f->url.path,
                                           .headers = &f->headers,
                                           .timeout_ms = f->request.timeout_ms,
                                           .max_body_bytes = f->request.max_bytes };
    int err = 0;

    if (f->request.is_allowed && !f->request.is_allowed(f->arg, &f->addr))
        err = ERR_DENIED;
    else if (str_is(f->url.scheme, "https"))
        err = f->trust ? http_fetch_tls(f->trust, f->url.host, &f->tls) : ERR_CERT;
    if (err) {
        fail(f, err);
        return;
    }
    f->pool = http_pool_new(f->worker, &config, dial, f);
    f->call = http_client_send(f->worker, f->pool, &request, on_answer, f);
}

static void on_resolved(void *arg, int err, const struct dns_addrs *addrs)
{
    struct http_fetch *f = arg;

    f->lookup = NULL;
    if (err) {
        fail(f, err);
        return;
    }
    f->addr = addrs->list[random_below(&f->worker->random, addrs->count)];
    f->addr.port = f->url.port;
    ask(f);
}

int http_fetch_start(struct worker *w, struct dns_resolver *dns,
                     const struct http_fetch_request *request, http_fetch_fn done, void *arg,
                     struct http_fetch **out)
{
    struct http_fetch_url url;
    struct http_fetch *f;

    if (http_fetch_parse(request->url, &url) != 0)
        return ERR_INVALID;
    f = mem_alloc0(1, sizeof(*f));
    f->worker = w;
    arena_init(&f->arena, 512);
    f->request = *request;
    f->request.url = arena_str(&f->arena, request->url);
    (void)http_fetch_parse(f->request.url, &f->url);
    http_headers_init(&f->headers, &f->arena);
    if (request->headers)
        http_headers_copy(&f->headers, request->headers, true);
    if (!f->request.timeout_ms)
        f->request.timeout_ms = TIMEOUT_MS;
    if (!f->request.max_bytes)
        f->request.max_bytes = MAX_BYTES;
    f->trust = request->trust ? pki_trust_ref(request->trust) : NULL;
    worker_task_init(&f->failed, on_failed);
    f->done = done;
    f->arg = arg;
    *out = f;
    if (request->to) {
        f->addr = *request->to;
        ask(f);
    } else {
        f->lookup = dns_resolver_start(dns, f->url.host, DNS_FAMILY_ANY, on_resolved, f);
    }
    return 0;
}
