#include "modes/control/ads_listen.h"

#include <unistd.h>

#include "core/base/error.h"
#include "core/base/list.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/http/http_server.h"
#include "core/loop/worker.h"
#include "core/net/listener.h"
#include "core/tls/stream_tls.h"
#include "modes/control/ads.h"
#include "modes/control/ca.h"
#include "modes/control/ca_service.h"

static struct log_module log_module = LOG_MODULE("ads");

#define RENEW_CHECK_MS ((uint64_t)1800 * 1000)
/* A proxy that lost its position lists all it holds. */
#define MESSAGE_MAX_BYTES ((uint32_t)32 * 1024 * 1024)

enum { PORT_UNIX, PORT_PLAIN, PORT_TLS, PORT_COUNT };

struct port {
    struct ca_service_port service; /* first: what the methods get */
    struct ads_listen *owner;
    struct grpc_server grpc;
    struct listener *listener;
    struct addr addr;
};

struct conn {
    struct list link;
    struct port *port;
    struct http_server_conn *http;
};

struct ads_listen {
    struct worker *worker;
    struct ads_listen_options options;
    struct http_server_config http;
    struct grpc_server_method with_ca[2], without_ca[1];
    struct port ports[PORT_COUNT];
    struct list conns;
    struct tls_config *tls;
    struct timer renew;
    struct worker_task closed_task;
    void (*closed)(void *arg);
    void *closed_arg;
};

/* ---- TLS ---- */

static int make_tls(struct ads_listen *l)
{
    static const struct str h2 = STR_INIT("h2");
    char host[254] = "";
    struct str names[] = { STR("localhost"), STR("istiod.istio-system.svc"),
                           STR("istiod.istio-system"), STR("mesh-control"), STR_NONE };
    struct tls_options o = {
        .rules = { .verify = TLS_VERIFY_OPTIONAL, .trust = ca_trust(l->options.ca), .mesh = true },
        .min_version = TLS_VERSION_1_2,
        .alpn = &h2,
        .alpn_count = 1
    };
    struct tls_config *made;
    const char *why = "";
    int err;

    (void)gethostname(host, sizeof(host) - 1);
    names[4] = str_of(host);
    err = ca_issue_server(l->options.ca, names, COUNT_OF(names), &o.identity);
    if (err == ERR_INVALID) /* a host name that is no DNS name */
        err = ca_issue_server(l->options.ca, names, COUNT_OF(names) - 1, &o.identity);
    if (err)
        return err;
    err = tls_config_new_server(&o, &made, &why);
    tls_identity_unref(o.identity);
    if (err) {
        log_error("TLS of the xDS port: %s", why);
        return err;
    }
    tls_config_unref(l->tls);
    l->tls = made;
    return 0;
}

static bool is_due(const struct ads_listen *l)
{
    const struct pki_cert_info *info = tls_identity_info(tls_config_identity(l->tls));

    return clock_wall_s() > info->not_before_s + (info->not_after_s - info->not_before_s) / 3;
}

static void on_renew(struct timer *t)
{
    struct ads_listen *l = CONTAINER_OF(t, struct ads_listen, renew);

    if (is_due(l) && make_tls(l) != 0)
        log_error("the certificate of the xDS port cannot be renewed");
    timer_start(t, RENEW_CHECK_MS);
}

/* ---- connections ---- */

static void on_request(void *arg, struct http_server_conn *http, struct http_stream *hs,
                       struct http_msg *head, bool end)
{
    struct conn *c = arg;

    (void)http;
    if (grpc_server_wants(head)) {
        grpc_server_accept(&c->port->grpc, hs, head, end);
        return;
    }
    http_stream_reply(hs, 415, NULL, STR("this port speaks gRPC\n"));
    http_stream_release(hs);
}

static void look_if_closed(struct ads_listen *l)
{
    if (l->closed && list_is_empty(&l->conns))
        worker_defer(l->worker, &l->closed_task);
}

static void on_conn_close(void *arg, struct http_server_conn *http, int err)
{
    struct conn *c = arg;
    struct ads_listen *l = c->port->owner;

    (void)http;
    (void)err;
    list_remove(&c->link);
    mem_free(c);
    look_if_closed(l);
}

static const struct http_server_handler handler = {
    .on_request = on_request,
    .on_close = on_conn_close,
};

static void on_accept(void *arg, struct stream *s)
{
    struct port *p = arg;
    struct ads_listen *l = p->owner;
    struct conn *c;

    if (p == &l->ports[PORT_TLS] && stream_tls_server(s, l->tls, &s) != 0)
        return;
    c = mem_alloc0(1, sizeof(*c));
    c->port = p;
    list_push(&l->conns, &c->link);
    if (http_server_conn_new(s, &l->http, &handler, c, &c->http) != 0) {
        list_remove(&c->link);
        mem_free(c);
    }
}

/* ---- life ---- */

static int open_port(struct ads_listen *l, int which, const struct addr *at, enum ads_trust trust)
{
    static const char *const names[] = { "socket", "plain xDS port", "xDS port" };
    struct listener_options options = { .fd = -1 };
    struct port *p = &l->ports[which];
    bool ca = trust != ADS_TRUST_PLAIN;
    char text[ADDR_TEXT_MAX];
    int err;

    if (at->family == ADDR_NONE)
        return 0;
    p->owner = l;
    p->service = (struct ca_service_port){ .ads = { l->options.ads, trust },
                                           .ca = l->options.ca,
                                           .store = l->options.store };
    p->grpc = (struct grpc_server){ .methods = ca ? l->with_ca : l->without_ca,
                                    .count = ca ? 2 : 1,
                                    .arg = &p->service,
                                    .max_message_bytes = MESSAGE_MAX_BYTES };
    err = listener_open(l->worker, at, &options, on_accept, p, &p->listener);
    if (err)
        log_error("%s %s: %s", names[which], addr_format(at, text), error_text(err));
    else
        p->addr = *listener_addr(p->listener);
    return err;
}

static int open_all(struct ads_listen *l, const char **why)
{
    const struct ads_listen_options *o = &l->options;
    struct addr local = { 0 };
    char text[128];
    struct buf path;
    int err = 0;

    *why = "the path of the xDS socket is too long";
    buf_init(&path, sizeof(text));
    if (o->socket_path) {
        err = buf_printf(&path, "unix:%s", o->socket_path);
        if (!err)
            err = addr_parse(buf_str(&path), 0, &local);
    }
    buf_deinit(&path);
    if (err)
        return err;
    *why = "the plain xDS port is for loopback addresses only";
    if (o->plain.family != ADDR_NONE && !addr_is_loopback(&o->plain))
        return ERR_INVALID;
    *why = "control cannot certify itself";
    err = make_tls(l);
    if (err)
        return err;
    *why = "an xDS port cannot be opened; is another control running?";
    err = open_port(l, PORT_UNIX, &local, ADS_TRUST_LOCAL);
    if (!err)
        err = open_port(l, PORT_PLAIN, &o->plain, ADS_TRUST_PLAIN);
    if (!err)
        err = open_port(l, PORT_TLS, &o->tls, ADS_TRUST_TLS);
    return err;
}

static void on_closed(struct worker_task *task)
{
    struct ads_listen *l = CONTAINER_OF(task, struct ads_listen, closed_task);

    l->closed(l->closed_arg);
}

int ads_listen_open(struct worker *w, const struct ads_listen_options *options,
                    struct ads_listen **out, const char **why)
{
    struct ads_listen *l = mem_alloc0(1, sizeof(*l));
    int err;

    l->worker = w;
    l->options = *options;
    l->http = (struct http_server_config){ .protocol = HTTP_PROTOCOL_H2, .max_streams = 100 };
    l->with_ca[0] = l->without_ca[0] = ads_method;
    l->with_ca[1] = ca_service_method;
    list_init(&l->conns);
    timer_init(&l->renew, &w->timers, on_renew);
    worker_task_init(&l->closed_task, on_closed);
    err = open_all(l, why);
    if (err) {
        ads_listen_free(l);
        return err;
    }
    timer_start(&l->renew, RENEW_CHECK_MS);
    *out = l;
    return 0;
}

static void stop_listening(struct ads_listen *l)
{
    for (int i = 0; i < PORT_COUNT; i++) {
        listener_close(l->ports[i].listener, false);
        l->ports[i].listener = NULL;
    }
    timer_cancel(&l->renew);
}

void ads_listen_close(struct ads_listen *l, void (*done)(void *arg), void *arg)
{
    l->closed = done;
    l->closed_arg = arg;
    stop_listening(l);
    LIST_FOREACH(it, tmp, &l->conns)
    http_server_conn_close(LIST_ITEM(it, struct conn, link)->http);
    look_if_closed(l);
}

void ads_listen_free(struct ads_listen *l)
{
    if (!l)
        return;
    stop_listening(l);
    worker_undefer(&l->closed_task);
    tls_config_unref(l->tls);
    mem_free(l);
}

const struct addr *ads_listen_plain_addr(const struct ads_listen *l)
{
    return &l->ports[PORT_PLAIN].addr;
}

const struct addr *ads_listen_tls_addr(const struct ads_listen *l)
{
    return &l->ports[PORT_TLS].addr;
}
