#include "modes/control/control.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/pki/pki_seal.h"
#include "core/stats/stats.h"
#include "modes/control/ads.h"
#include "modes/control/ads_listen.h"
#include "modes/control/ca.h"
#include "modes/control/gwapi_status.h"
#include "modes/control/rest.h"
#include "modes/control/rest_object.h"
#include "modes/control/vip_status.h"
#include "store/store.h"

static struct log_module log_module = LOG_MODULE("control");

#define STORE_LIMIT_MS ((uint64_t)10000) /* of what is waited for when we start or fail to */

struct control {
    struct worker *worker;
    struct control_options options;
    struct stats *stats;
    struct store *store;
    struct store_seal seal;
    struct ca *ca;
    struct ads *ads;
    struct ads_listen *listen;
    struct rest *rest;
    struct gwapi_status *status;
    struct vip_status *vips;
    void (*stopped)(void *arg);
    void *stopped_arg;
    char why[1280];
    bool has_namespaces; /* the first ones were written, if they were missing */
};

static const struct addr no_addr;

struct worker *control_worker(struct control *c)
{
    return c->worker;
}

const struct control_options *control_get_options(const struct control *c)
{
    return &c->options;
}

struct store *control_store(struct control *c)
{
    return c->store;
}

struct ca *control_ca(struct control *c)
{
    return c->ca;
}

const struct registry *control_registry(const struct control *c)
{
    return ads_registry(c->ads);
}

struct ads *control_ads(struct control *c)
{
    return c->ads;
}

struct stats *control_stats(struct control *c)
{
    return c->stats;
}

const struct addr *control_api_addr(const struct control *c)
{
    return c->rest ? rest_addr(c->rest) : &no_addr;
}

const struct addr *control_xds_addr(const struct control *c)
{
    return c->listen ? ads_listen_tls_addr(c->listen) : &no_addr;
}

const struct addr *control_xds_plain_addr(const struct control *c)
{
    return c->listen ? ads_listen_plain_addr(c->listen) : &no_addr;
}

/* ---- start ---- */

static int seal(void *arg, struct str plain, struct str aad, struct buf *out)
{
    return pki_seal_wrap(arg, aad, plain, out);
}

static int unseal(void *arg, struct str sealed, struct str aad, struct buf *out)
{
    return pki_seal_unwrap(arg, aad, sealed, out);
}

static int open_store(struct control *c)
{
    struct store_options options = { .seal = &c->seal, .same_spec = rest_object_same_spec };

    /* The callbacks only read it, from the disk's threads. */
    c->seal = (struct store_seal){ seal, unseal, (void *)(uintptr_t)ca_seal(c->ca) };
    return store_open(&c->store, &c->worker->loop, c->options.state_dir, &options, c->why,
                      sizeof(c->why));
}

static int open_ca(struct control *c)
{
    const char *why = "";
    int err;

    if (mkdir(c->options.state_dir, 0700) != 0 && errno != EEXIST) {
        err = -errno;
        snprintf(c->why, sizeof(c->why), "%s cannot be made: %s", c->options.state_dir,
                 error_text(err));
        return err;
    }
    err = ca_open(c->worker, c->options.state_dir, c->options.trust_domain, &c->ca, &why);
    if (err)
        snprintf(c->why, sizeof(c->why), "the CA in %s: %s (%s)", c->options.state_dir, why,
                 error_text(err));
    return err;
}

static int open_ads(struct control *c)
{
    struct ads_options options = { .store = c->store,
                                   .worker = c->worker,
                                   .jwks_blocked = c->options.jwks_blocked,
                                   .trust_domain = c->options.trust_domain,
                                   .cluster_id = c->options.cluster_id,
                                   .dns_domain = c->options.dns_domain };
    struct ads_listen_options listen = { .ca = c->ca,
                                         .store = c->store,
                                         .socket_path = c->options.xds_socket_path,
                                         .plain = c->options.xds_plain,
                                         .tls = c->options.xds };
    const char *why = "";
    int err = ads_new(c->worker, &options, &c->ads);

    listen.ads = c->ads;
    if (!err)
        err = ads_listen_open(c->worker, &listen, &c->listen, &why);
    if (err)
        snprintf(c->why, sizeof(c->why), "%s", *why ? why : "discovery cannot start");
    return err;
}

static bool is_set(void *arg)
{
    return *(bool *)arg;
}

static void on_namespaces(void *arg, const struct store_reply *reply)
{
    struct control *c = arg;

    if (reply->code)
        log_warn("the first namespaces cannot be made: %s", reply->text);
    c->has_namespaces = true;
}

/* Namespaces that are there from the first start; whoever hears that we are ready may use them. */
static void make_namespaces(struct control *c)
{
    static const char *const names[] = { "default", "istio-system" };
    struct store_expect absent = { .absent = true };
    struct store_txn *t = store_txn_new();
    bool missing = false;

    store_txn_set_user(t, STR("system:mesh-control"));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char body[256];

        if (store_find(c->store, API_KIND_NAMESPACE, STR(""), str_of(names[i])))
            continue;
        snprintf(body, sizeof(body),
                 "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"labels\":"
                 "{\"kubernetes.io/metadata.name\":\"%s\"},\"name\":\"%s\"}}",
                 names[i], names[i]);
        store_txn_put(t, API_KIND_NAMESPACE, STR(""), str_of(names[i]), str_of(body), false,
                      &absent);
        missing = true;
    }
    if (!missing) {
        store_txn_free(t);
        return;
    }
    store_write(c->store, t, on_namespaces, c);
    if (worker_run_until(c->worker, is_set, &c->has_namespaces, STORE_LIMIT_MS) != 0)
        log_warn("the store is slow: the first namespaces are not there yet");
}

static int open_api(struct control *c)
{
    const char *why = "";
    int err;

    make_namespaces(c);
    err = rest_new(c, &c->rest, &why);
    if (err)
        snprintf(c->why, sizeof(c->why), "%s", why);
    return err;
}

static int open_status(struct control *c)
{
    int err = gwapi_status_new(c->worker, c->store, c->ads, c->options.dns_domain, &c->status);

    if (!err)
        err = vip_status_new(c->worker, c->store, c->ads, &c->vips);
    if (err)
        snprintf(c->why, sizeof(c->why), "the store cannot be followed: %s", error_text(err));
    return err;
}

static void on_store_gone(void *arg)
{
    bool *gone = arg;

    *gone = true;
}

static int fail_start(struct control *c, int err, const char *why)
{
    bool gone = false;

    log_error("%s", why);
    gwapi_status_free(c->status);
    vip_status_free(c->vips);
    c->status = NULL;
    c->vips = NULL;
    if (c->rest)
        rest_stop(c->rest);
    ads_listen_free(c->listen);
    c->listen = NULL;
    ads_free(c->ads);
    c->ads = NULL;
    if (c->store) {
        store_close(c->store, on_store_gone, &gone);
        worker_run_until(c->worker, is_set, &gone, STORE_LIMIT_MS);
    }
    c->store = NULL;
    control_free(c);
    return err;
}

static void set_defaults(struct control_options *o)
{
    if (!o->trust_domain)
        o->trust_domain = "cluster.local";
    if (!o->cluster_id)
        o->cluster_id = "Kubernetes";
    if (!o->dns_domain)
        o->dns_domain = "cluster.local";
}

int control_start(struct worker *w, const struct control_options *options, struct control **out)
{
    struct control *c = mem_alloc0(1, sizeof(*c));
    int err;

    c->worker = w;
    c->options = *options;
    set_defaults(&c->options);
    c->stats = stats_new(1);
    err = open_ca(c); /* first: the store's secrets are sealed with its key */
    if (!err)
        err = open_store(c);
    if (err)
        return fail_start(c, err, c->why);
    if (store_get_health(c->store, STORE_CLASS_CONFIG)->notice[0])
        log_warn("%s", store_get_health(c->store, STORE_CLASS_CONFIG)->notice);
    err = open_ads(c);
    if (!err)
        err = open_api(c);
    if (!err)
        err = open_status(c);
    if (err)
        return fail_start(c, err, c->why);
    *out = c;
    return 0;
}

/* ---- end ---- */

static void on_store_closed(void *arg)
{
    struct control *c = arg;

    c->store = NULL;
    c->stopped(c->stopped_arg);
}

static void on_ports_closed(void *arg)
{
    struct control *c = arg;

    ads_listen_free(c->listen);
    c->listen = NULL;
    ads_free(c->ads);
    c->ads = NULL;
    store_close(c->store, on_store_closed, c);
}

void control_stop(struct control *c, void (*done)(void *arg), void *arg)
{
    c->stopped = done;
    c->stopped_arg = arg;
    gwapi_status_free(c->status);
    vip_status_free(c->vips);
    c->status = NULL;
    c->vips = NULL;
    rest_stop(c->rest);
    ads_listen_close(c->listen, on_ports_closed, c);
}

void control_free(struct control *c)
{
    if (!c)
        return;
    rest_free(c->rest);
    ca_free(c->ca);
    stats_free(c->stats);
    mem_free(c);
}
