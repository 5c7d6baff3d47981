/* Clusters of host names. Addresses stand for the names: they need no server. */
#include "core/flow/upstream_dns.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/dns/dns_addrs.h"
#include "core/flow/flow_worker.h"
#include "tests/tap.h"
#include "tests/unit/support/flow_rig.h"

struct waiter {
    struct upstream_wait wait;
    int calls, err;
};

static void on_ready(struct upstream_wait *wait, int err)
{
    struct waiter *w = CONTAINER_OF(wait, struct waiter, wait);

    w->calls++;
    w->err = err;
}

/* An upstream of endpoint_count names, and who waits for their addresses. */
struct dns_rig {
    struct flow_rig r;
    struct flow_worker fw;
    struct upstream *up;
    struct waiter waiter;
};

static void begin(struct dns_rig *d)
{
    struct model_cluster *cluster;

    flow_rig_init(&d->r);
    d->r.cluster_type = MODEL_CLUSTER_DNS;
    d->fw = (struct flow_worker){ .flow = d->r.flow, .worker = &d->r.w };
    cluster = flow_rig_cluster(&d->r);
    d->up = upstream_open(&d->fw, cluster);
    model_cluster_unref(cluster);
    d->waiter = (struct waiter){ .wait.ready = on_ready };
    OK(!upstream_dns_is_ready(d->up));
    upstream_wait(d->up, &d->waiter.wait);
}

static void end(struct dns_rig *d)
{
    upstream_close(d->up);
    flow_rig_deinit(&d->r);
}

/* Turns the loop until the waiter was called, or 5 s have passed. */
static void wait_called(struct dns_rig *d)
{
    for (int i = 0; i < 500 && !d->waiter.calls; i++)
        http_wire_wait(&d->r.w, 10);
    EQ_INT(d->waiter.calls, 1);
}

static void addresses_end_the_wait(void)
{
    struct dns_rig d;

    begin(&d);
    wait_called(&d);
    EQ_INT(d.waiter.err, 0);
    EQ_UINT(d.up->count, 1);
    end(&d);
}

static void a_change_to_no_names_ends_the_wait(void)
{
    struct model_cluster *none;
    struct dns_rig d;

    begin(&d);
    d.r.endpoint_count = 0;
    none = flow_rig_cluster(&d.r);
    upstream_set_cluster(d.up, none);
    model_cluster_unref(none);
    wait_called(&d);
    EQ_INT(d.waiter.err, ERR_NOT_FOUND);
    end(&d);
}

static void the_end_of_the_cluster_ends_the_wait(void)
{
    struct dns_rig d;

    begin(&d);
    end(&d);
    EQ_INT(d.waiter.calls, 1);
    EQ_INT(d.waiter.err, ERR_NOT_FOUND);
}

static void dn_4_names_are_asked_again_after_their_time_or_the_meshs(void)
{
    const struct dns_addrs minute = { .ttl_s = 60 }, none = { .ttl_s = 0 };

    EQ_UINT(upstream_dns_again_ms(&minute, 2000), 60000);
    EQ_UINT(upstream_dns_again_ms(&none, 60000),
            1000); /* a server must not make us ask on and on */
    EQ_UINT(upstream_dns_again_ms(NULL, 60000), 60000);
    EQ_UINT(upstream_dns_again_ms(NULL, 1), 1000);
    EQ_UINT(upstream_dns_again_ms(NULL, 0), 5000);
}

static const struct tap_case cases[] = {
    { "dn_4_names_are_asked_again_after_their_time_or_the_meshs",
      dn_4_names_are_asked_again_after_their_time_or_the_meshs },
    { "addresses_end_the_wait", addresses_end_the_wait },
    { "a_change_to_no_names_ends_the_wait", a_change_to_no_names_ends_the_wait },
    { "the_end_of_the_cluster_ends_the_wait", the_end_of_the_cluster_ends_the_wait },
};

TAP_MAIN(cases)
