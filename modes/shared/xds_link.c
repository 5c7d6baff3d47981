#include "modes/shared/xds_link.h"

#include <stdio.h>

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/list.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/dns/dns_resolver.h"
#include "core/loop/worker.h"
#include "core/net/stream_tcp.h"
#include "core/pki/pki_chain.h"
#include "core/pki/pki_file.h"
#include "core/tls/stream_tls.h"

static struct log_module log_module = LOG_MODULE("xds");

enum kind { KIND_UNIX, KIND_PLAIN, KIND_TLS };

struct server {
    struct xds_link *link;
    enum kind kind;
    char *name; /* as written */
    char *host; /* to resolve; NULL: addr is known */
    struct addr addr;
    struct http_pool *pool;
    struct grpc_client *client;
};

struct xds_link {
    struct worker *worker;
    struct str trust_domain; /* owned text */
    char *control_id;        /* SPIFFE id that controls have */
    char *root_sha256;       /* hex; NULL: none */
    struct pki_trust *trust; /* NULL: not yet known */
    struct tls_identity *identity;
    struct dns_resolver *resolver;
    struct http_pool_config pool_config;
    struct server servers[XDS_LINK_SERVERS_MAX];
    uint32_t count;
    struct list dials;
};

struct xds_link_dial {
    struct list link;
    struct server *server;
    struct dns_lookup *lookup;
    struct stream *probe;
    struct worker_task task;
    int err;
    xds_link_ready_fn ready;
    void *arg;
};

/* ---- streams ---- */

static int tls_layer(struct xds_link *l, struct stream *lower, bool probe, struct stream **out)
{
    static const struct str h2 = STR_INIT("h2");
    struct str name = str_of(l->control_id);
    struct tls_options o = {
        .rules = { .verify = probe ? TLS_VERIFY_INSECURE : TLS_VERIFY_REQUIRED,
                   .trust = probe ? NULL : l->trust,
                   .mesh = !probe,
                   .names = probe ? NULL : &name,
                   .name_count = probe ? 0 : 1 },
        .identity = probe ? NULL : l->identity,
        .min_version = TLS_VERSION_1_2,
        .alpn = &h2,
        .alpn_count = 1,
    };
    struct tls_config *config;
    const char *why = "";
    int err = tls_config_new_client(&o, &config, &why);

    if (err) {
        log_error("TLS to control: %s", why);
        stream_close(lower);
        return err;
    }
    err = stream_tls_client(lower, config, out);
    tls_config_unref(config);
    return err;
}

static int dial_server(void *arg, struct worker *w, struct stream **out)
{
    struct server *s = arg;
    struct stream_tcp_options options = { .keepalive = { 60, 15, 4 } };
    struct stream *tcp;
    int err = stream_tcp_connect(w, &s->addr, &options, &tcp);

    if (err)
        return err;
    if (s->kind != KIND_TLS) {
        *out = tcp;
        return 0;
    }
    return tls_layer(s->link, tcp, false, out);
}

static void open_client(struct server *s)
{
    if (s->client)
        return;
    s->pool = http_pool_new(s->link->worker, &s->link->pool_config, dial_server, s);
    s->client = grpc_client_new(s->link->worker, s->pool, s->kind == KIND_TLS ? "https" : "http",
                                s->host ? s->host : "localhost");
}

/* ---- settings ---- */

static int add_server(struct xds_link *l, struct str text)
{
    struct server *s = &l->servers[l->count];
    struct str rest = text;

    if (l->count == XDS_LINK_SERVERS_MAX)
        return ERR_LIMIT;
    *s = (struct server){ .link = l, .kind = KIND_TLS };
    if (str_starts(text, STR("unix:"))) {
        s->kind = KIND_UNIX;
    } else if (str_starts(text, STR("http://"))) {
        s->kind = KIND_PLAIN;
        rest = str_skip(text, 7);
    } else if (str_starts(text, STR("https://"))) {
        rest = str_skip(text, 8);
    }
    if (addr_parse(rest, 15012, &s->addr) != 0) {
        struct str port = rest, host = str_cut(&port, ':');
        uint64_t number = 15012;

        if (!host.len || (port.p && str_to_u64(port, 65535, &number) != 0) || s->kind != KIND_TLS)
            return ERR_INVALID;
        s->host = str_dup(host);
        s->addr.port = (uint16_t)number;
    } else if (s->kind == KIND_PLAIN && !addr_is_loopback(&s->addr)) {
        return ERR_INVALID;
    }
    s->name = str_dup(text);
    l->count++;
    return 0;
}

static int read_root(struct xds_link *l, const char *path)
{
    struct pki_trust_domain domain = { .trust_domain = l->trust_domain };
    struct buf pem;
    int err;

    buf_init(&pem, PKI_CERT_BUNDLE_MAX_BYTES);
    err = pki_file_read(path, &pem);
    domain.roots_pem = buf_str(&pem);
    if (!err)
        err = pki_trust_new(&domain, 1, &l->trust);
    if (err)
        fprintf(stderr, "mesh: %s: %s\n", path, error_text(err));
    buf_deinit(&pem);
    return err;
}

static int read_options(struct xds_link *l, const struct xds_link_options *o)
{
    for (struct str rest = str_of(o->control); rest.len;) {
        struct str one = str_trim(str_cut(&rest, ','));

        if (one.len && add_server(l, one) != 0) {
            fprintf(stderr,
                    "mesh: \"%.*s\" is no address of a control: host:port, unix:PATH or "
                    "http://127.0.0.1:PORT\n",
                    STR_ARG(one));
            return ERR_INVALID;
        }
    }
    if (l->count == 0) {
        fprintf(stderr, "mesh: no address of a control\n");
        return ERR_INVALID;
    }
    return o->root_cert ? read_root(l, o->root_cert) : 0;
}

int xds_link_new(struct worker *w, const struct xds_link_options *options, struct xds_link **out)
{
    struct xds_link *l = mem_alloc0(1, sizeof(*l));

    l->worker = w;
    l->trust_domain = str_make(str_dup(options->trust_domain), options->trust_domain.len);
    l->control_id =
        mem_printf("spiffe://%.*s/ns/istio-system/sa/mesh-control", STR_ARG(options->trust_domain));
    if (options->root_sha256.len)
        l->root_sha256 = str_dup(options->root_sha256);
    l->pool_config = (struct http_pool_config){ .protocol = HTTP_PROTOCOL_H2,
                                                .connect_timeout_ms = 10000,
                                                .ping_interval_ms = 30000 };
    list_init(&l->dials);
    if (read_options(l, options) != 0) {
        xds_link_free(l);
        return ERR_INVALID;
    }
    *out = l;
    return 0;
}

void xds_link_free(struct xds_link *l)
{
    if (!l)
        return;
    LIST_FOREACH(it, tmp, &l->dials)
    xds_link_cancel(LIST_ITEM(it, struct xds_link_dial, link));
    for (uint32_t i = 0; i < XDS_LINK_SERVERS_MAX; i++) {
        grpc_client_free(l->servers[i].client);
        http_pool_free(l->servers[i].pool);
        mem_free(l->servers[i].name);
        mem_free(l->servers[i].host);
    }
    dns_resolver_free(l->resolver);
    pki_trust_unref(l->trust);
    tls_identity_unref(l->identity);
    mem_free((void *)(uintptr_t)l->trust_domain.p); /* made by str_dup */
    mem_free(l->control_id);
    mem_free(l->root_sha256);
    mem_free(l);
}

uint32_t xds_link_count(const struct xds_link *l)
{
    return l->count;
}

const char *xds_link_name(const struct xds_link *l, uint32_t n)
{
    return l->servers[n].name;
}

bool xds_link_is_tls(const struct xds_link *l, uint32_t n)
{
    return l->servers[n].kind == KIND_TLS;
}

bool xds_link_is_plain(const struct xds_link *l, uint32_t n)
{
    return l->servers[n].kind == KIND_PLAIN;
}

void xds_link_set_identity(struct xds_link *l, struct tls_identity *identity,
                           struct pki_trust *trust)
{
    if (identity)
        tls_identity_ref(identity);
    tls_identity_unref(l->identity);
    l->identity = identity;
    if (trust) {
        pki_trust_ref(trust);
        pki_trust_unref(l->trust);
        l->trust = trust;
    }
    for (uint32_t i = 0; i < l->count; i++)
        if (l->servers[i].pool && l->servers[i].kind == KIND_TLS)
            http_pool_drain(l->servers[i].pool);
}

/* ---- dials ---- */

static void dial_free(struct xds_link_dial *d)
{
    list_remove(&d->link);
    worker_undefer(&d->task);
    if (d->lookup)
        dns_resolver_cancel(d->lookup);
    stream_close(d->probe);
    mem_free(d);
}

void xds_link_cancel(struct xds_link_dial *d)
{
    if (d)
        dial_free(d);
}

static void on_done(struct worker_task *task)
{
    struct xds_link_dial *d = CONTAINER_OF(task, struct xds_link_dial, task);
    struct server *s = d->server;
    xds_link_ready_fn ready = d->ready;
    void *arg = d->arg;
    int err = d->err;

    dial_free(d);
    if (!err)
        open_client(s);
    ready(arg, err ? NULL : s->client, err);
}

static void finish(struct xds_link_dial *d, int err)
{
    if (err)
        log_warn("control %s: %s", d->server->name, error_text(err));
    d->err = err;
    worker_defer(d->server->link->worker, &d->task);
}

/* ---- the first look at a control whose root's hash is known ---- */

static bool has_hash(const struct xds_link *l, const struct pki_cert *c)
{
    char hex[80];
    struct buf out;
    bool same;

    buf_init(&out, sizeof(hex));
    encode_hex(&out, str_make(pki_cert_get_info(c)->spki_sha256, 32));
    same = str_is(buf_str(&out), l->root_sha256);
    buf_deinit(&out);
    return same;
}

/* Trusts the root in the peer's chain that has the hash, if the chain leads there. */
static int pin_root(struct xds_link *l, struct tls_peer *peer)
{
    struct pki_trust_check check = { .trust_domain = l->trust_domain,
                                     .usage = PKI_TRUST_SERVER,
                                     .now_s = clock_wall_s() };
    struct pki_trust_domain domain = { .trust_domain = l->trust_domain };
    struct pki_trust_result result;
    struct pki_trust *trust = NULL;
    struct pki_chain chain;
    struct buf pem, root;
    const char *why = "control does not show the root that the token is for";
    int err;

    buf_init(&pem, 0);
    buf_init(&root, 0);
    chain = (struct pki_chain){ 0 };
    err = tls_peer_chain_pem(peer, &pem);
    if (!err)
        err = pki_chain_parse_pem(buf_str(&pem), PKI_CERT_CHAIN_MAX, &chain);
    for (size_t i = 1; !err && i < chain.count; i++)
        if (has_hash(l, chain.certs[i]))
            (void)pki_cert_to_pem(chain.certs[i], &root);
    domain.roots_pem = buf_str(&root);
    if (!err)
        err = buf_len(&root) ? pki_trust_new(&domain, 1, &trust) : ERR_CERT;
    if (!err)
        err = pki_trust_verify(trust, chain.certs, chain.count, &check, &result, &why);
    if (!err && !str_is(tls_peer_spiffe(peer)->id, l->control_id)) {
        why = "that is not a control";
        err = ERR_CERT;
    }
    if (err)
        log_error("control is not trusted: %s", why);
    else
        l->trust = pki_trust_ref(trust);
    pki_trust_unref(trust);
    pki_chain_deinit(&chain);
    buf_deinit(&pem);
    buf_deinit(&root);
    return err;
}

static void on_probe_ready(void *arg)
{
    struct xds_link_dial *d = arg;
    struct xds_link *l = d->server->link;
    struct stream_tls_info info = { 0 };
    int err = ERR_CERT;

    if (l->trust) /* another dial was faster */
        err = 0;
    else if (stream_tls_get_info(d->probe, &info) && info.peer)
        err = pin_root(l, info.peer);
    stream_close(d->probe);
    d->probe = NULL;
    finish(d, err);
}

static void on_probe_read(void *arg, const uint8_t *p, size_t len)
{
    (void)arg;
    (void)p;
    (void)len;
}

static void on_probe_eof(void *arg)
{
    (void)arg;
}

static void on_probe_error(void *arg, int err)
{
    struct xds_link_dial *d = arg;

    stream_close(d->probe);
    d->probe = NULL;
    finish(d, err);
}

static const struct stream_events probe_events = {
    .on_ready = on_probe_ready,
    .on_read = on_probe_read,
    .on_eof = on_probe_eof,
    .on_error = on_probe_error,
};

static void probe(struct xds_link_dial *d)
{
    struct xds_link *l = d->server->link;
    struct stream_tcp_options options = { 0 };
    struct stream *tcp;
    int err;

    if (d->server->kind != KIND_TLS || l->trust) {
        finish(d, 0);
        return;
    }
    if (!l->root_sha256) {
        log_error("control %s: neither a root certificate nor a join token says whom to trust",
                  d->server->name);
        finish(d, ERR_CERT);
        return;
    }
    err = stream_tcp_connect(l->worker, &d->server->addr, &options, &tcp);
    if (!err)
        err = tls_layer(l, tcp, true, &d->probe);
    if (err) {
        finish(d, err);
        return;
    }
    stream_set_events(d->probe, &probe_events, d);
    stream_read_start(d->probe);
}

static void on_resolved(void *arg, int err, const struct dns_addrs *addrs)
{
    struct xds_link_dial *d = arg;
    uint16_t port = d->server->addr.port;

    d->lookup = NULL;
    if (err) {
        finish(d, err);
        return;
    }
    d->server->addr = addrs->list[random_below(&d->server->link->worker->random, addrs->count)];
    d->server->addr.port = port;
    probe(d);
}

struct xds_link_dial *xds_link_prepare(struct xds_link *l, uint32_t n, xds_link_ready_fn ready,
                                       void *arg)
{
    struct xds_link_dial *d = mem_alloc0(1, sizeof(*d));
    int err = 0;

    d->server = &l->servers[n];
    d->ready = ready;
    d->arg = arg;
    worker_task_init(&d->task, on_done);
    list_push(&l->dials, &d->link);
    if (!d->server->host) {
        probe(d);
        return d;
    }
    if (!l->resolver)
        err = dns_resolver_new(l->worker, NULL, &l->resolver);
    if (err)
        finish(d, err);
    else
        d->lookup = dns_resolver_start(l->resolver, str_of(d->server->host), DNS_FAMILY_ANY,
                                       on_resolved, d);
    return d;
}
