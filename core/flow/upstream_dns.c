#include "core/flow/upstream_dns.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/dns/dns_resolver.h"

#define REFRESH_MIN_MS ((uint64_t)1000)
#define RETRY_MS       ((uint64_t)5000) /* after a failure, unless dnsRefreshRate says */

/* One name of the cluster. */
struct dns_name {
    struct upstream *up;
    uint32_t endpoint; /* its place in up->cluster->endpoints */
    struct dns_lookup *lookup;
    const struct dns_addrs *addrs; /* last good answer, or NULL */
    bool answered;
};

struct upstream_dns {
    struct dns_name *names;
    uint32_t count, unanswered;
    struct list waits; /* struct upstream_wait */
    struct timer refresh;
    struct worker_task wake; /* waiters run later, never inside a call of theirs */
    int wake_err;
};

/* One resolver per worker, made when the first name is met. */
static struct worker_key resolver_key;

static void free_resolver(void *ptr)
{
    dns_resolver_free(ptr);
}

static struct dns_resolver *resolver_of(struct worker *w)
{
    struct dns_resolver *r = worker_get(w, &resolver_key);

    if (r || dns_resolver_new(w, NULL, &r) != 0)
        return r;
    worker_set(w, &resolver_key, r, free_resolver);
    return r;
}

/* ---- from answers to hosts ---- */

static bool is_beside_us(const struct addr *a)
{
    static const uint8_t none[16];
    size_t len = a->family == ADDR_IPV4 ? 4 : 16;

    return addr_is_loopback(a) || memcmp(a->ip, none, len) == 0;
}

static uint32_t use_addrs(const struct upstream *up, const struct dns_name *n,
                          struct model_endpoint *out)
{
    bool one = up->cluster->config->type == MODEL_CLUSTER_DNS_ONE;
    const struct model_endpoint *e = &up->cluster->endpoints->list[n->endpoint];
    size_t count = !n->addrs ? 0 : one ? 1 : n->addrs->count;
    uint32_t used = 0;

    for (size_t i = 0; i < count; i++) {
        /* What listens beside us is nothing that a client may name. */
        if (up->cluster->config->by_asked_name && is_beside_us(&n->addrs->list[i]))
            continue;
        out[used] = *e;
        out[used].addr = n->addrs->list[i];
        out[used++].addr.port = e->port;
    }
    return used;
}

static void copy_groups(const struct model_endpoints *from, struct model_endpoints *to)
{
    to->source_total = from->source_total;
    to->group_count = from->group_count;
    if (from->groups)
        to->groups = arena_dup(&to->arena, from->groups, from->group_count * sizeof(*from->groups));
    for (uint32_t i = 0; i < to->group_count; i++)
        to->groups[i].locality = arena_str(&to->arena, to->groups[i].locality);
}

/* The endpoints with addresses, as a cluster of the same config. Text stays in the named set. */
static void rebuild(struct upstream *up)
{
    struct upstream_dns *dns = up->dns;
    struct model_endpoints *set = mem_alloc0(1, sizeof(*set));
    struct model_cluster *resolved;
    size_t most = 0; /* addresses of all names */

    atomic_init(&set->refs, 1);
    arena_init(&set->arena, 1024);
    for (uint32_t i = 0; i < dns->count; i++)
        most += dns->names[i].addrs ? dns->names[i].addrs->count : 0;
    set->list = arena_alloc0(&set->arena, most, sizeof(*set->list));
    for (uint32_t i = 0; i < dns->count; i++)
        set->count += use_addrs(up, &dns->names[i], set->list + set->count);
    for (uint32_t i = 0; i < set->count; i++) {
        struct model_endpoint *e = &set->list[i];

        e->identity = arena_str(&set->arena, e->identity);
        e->hostname = arena_str(&set->arena, e->hostname);
        e->workload_uid = arena_str(&set->arena, e->workload_uid);
        e->locality = arena_str(&set->arena, e->locality);
        e->peer.workload = arena_str(&set->arena, e->peer.workload);
        e->peer.ns = arena_str(&set->arena, e->peer.ns);
        e->peer.principal = arena_str(&set->arena, e->peer.principal);
        e->peer.app = arena_str(&set->arena, e->peer.app);
        e->peer.version = arena_str(&set->arena, e->peer.version);
        e->peer.cluster = arena_str(&set->arena, e->peer.cluster);
        e->peer.canonical_service = arena_str(&set->arena, e->peer.canonical_service);
        e->peer.canonical_revision = arena_str(&set->arena, e->peer.canonical_revision);
    }
    copy_groups(up->cluster->endpoints, set);
    resolved = model_cluster_new(model_cluster_config_ref(up->cluster->config), set);
    upstream_set_hosts(up, resolved);
    model_cluster_unref(resolved);
}

static void run_waits(struct worker_task *task)
{
    struct upstream_dns *dns = CONTAINER_OF(task, struct upstream_dns, wake);
    int err = dns->wake_err;
    struct list ready;

    list_init(&ready);
    list_splice(&ready, &dns->waits);
    for (struct list *l; (l = list_pop(&ready));)
        LIST_ITEM(l, struct upstream_wait, link)
            ->ready(LIST_ITEM(l, struct upstream_wait, link), err);
}

static void wake_waits(struct upstream *up)
{
    if (list_is_empty(&up->dns->waits))
        return;
    up->dns->wake_err = up->count ? 0 : ERR_NOT_FOUND;
    worker_defer(up->fw->worker, &up->dns->wake);
}

uint64_t upstream_dns_again_ms(const struct dns_addrs *addrs, uint64_t retry_ms)
{
    uint64_t ms = addrs ? (uint64_t)addrs->ttl_s * 1000 : retry_ms ? retry_ms : RETRY_MS;

    return ms < REFRESH_MIN_MS ? REFRESH_MIN_MS : ms;
}

static void plan_refresh(struct upstream *up)
{
    struct upstream_dns *dns = up->dns;
    const struct flow_lease *lease = up->fw->lease;
    uint64_t retry = lease ? lease->snapshot->settings.dns_retry_ms : 0, next = UINT64_MAX;

    for (uint32_t i = 0; i < dns->count; i++) {
        uint64_t ms = upstream_dns_again_ms(dns->names[i].addrs, retry);

        next = ms < next ? ms : next;
    }
    if (dns->count)
        timer_start(&dns->refresh, next);
}

/* Every name was answered (there may be none). */
static void settle(struct upstream *up)
{
    rebuild(up);
    wake_waits(up);
    plan_refresh(up);
}

static void on_answer(void *arg, int err, const struct dns_addrs *addrs)
{
    struct dns_name *n = arg;
    struct upstream *up = n->up;

    n->lookup = NULL;
    if (!n->answered) {
        n->answered = true;
        up->dns->unanswered--;
    }
    if (!err) {
        dns_addrs_unref(n->addrs);
        n->addrs = dns_addrs_ref(addrs);
    }
    if (!up->dns->unanswered)
        settle(up);
}

/* ---- asking ---- */

/* An endpoint of a DNS cluster may be an address all the same; the resolver takes it as one. */
static struct str name_of(const struct upstream *up, const struct dns_name *n)
{
    static _Thread_local char text[ADDR_TEXT_MAX];
    const struct model_endpoint *e = &up->cluster->endpoints->list[n->endpoint];

    return e->hostname.len ? e->hostname : str_of(addr_format_ip(&e->addr, text));
}

static void ask(struct upstream *up)
{
    struct dns_resolver *r = resolver_of(up->fw->worker);
    struct upstream_dns *dns = up->dns;

    for (uint32_t i = 0; i < dns->count; i++) {
        struct dns_name *n = &dns->names[i];

        if (n->lookup)
            continue;
        if (r)
            n->lookup = dns_resolver_start(r, name_of(up, n), DNS_FAMILY_ANY, on_answer, n);
        else
            on_answer(n, ERR_INTERNAL, NULL);
    }
}

static void on_refresh(struct timer *t)
{
    struct upstream_dns *dns = CONTAINER_OF(t, struct upstream_dns, refresh);

    if (dns->count)
        ask(dns->names[0].up);
}

static void clear_names(struct upstream_dns *dns)
{
    for (uint32_t i = 0; i < dns->count; i++) {
        dns_resolver_cancel(dns->names[i].lookup);
        dns_addrs_unref(dns->names[i].addrs);
    }
    mem_free(dns->names);
    dns->names = NULL;
    dns->count = dns->unanswered = 0;
    timer_cancel(&dns->refresh);
}

void upstream_dns_new(struct upstream *up)
{
    struct upstream_dns *dns = mem_alloc0(1, sizeof(*dns));

    list_init(&dns->waits);
    timer_init(&dns->refresh, &up->fw->worker->timers, on_refresh);
    worker_task_init(&dns->wake, run_waits);
    up->dns = dns;
}

void upstream_dns_free(struct upstream *up)
{
    struct upstream_dns *dns = up->dns;

    clear_names(dns);
    dns->wake_err = ERR_NOT_FOUND;
    run_waits(&dns->wake);
    worker_undefer(&dns->wake);
    mem_free(dns);
    up->dns = NULL;
}

void upstream_dns_follow(struct upstream *up)
{
    struct upstream_dns *dns = up->dns;
    const struct model_endpoints *set = up->cluster->endpoints;

    clear_names(dns);
    dns->names = mem_alloc0(set->count, sizeof(*dns->names));
    dns->count = dns->unanswered = set->count;
    for (uint32_t i = 0; i < set->count; i++) {
        dns->names[i].up = up;
        dns->names[i].endpoint = i;
    }
    ask(up);
    if (!dns->count)
        settle(up);
}

bool upstream_dns_is_ready(const struct upstream *up)
{
    return up->dns->unanswered == 0;
}

bool upstream_dns_has_no_waits(const struct upstream *up)
{
    return list_is_empty(&up->dns->waits);
}

void upstream_dns_add_wait(struct upstream *up, struct upstream_wait *wait)
{
    list_push(&up->dns->waits, &wait->link);
}
