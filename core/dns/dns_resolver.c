#include "core/dns/dns_resolver.h"

#include <ares.h>
#include <netdb.h>
#include <pthread.h>

#include "core/base/error.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/dns/dns_hosts.h"
#include "core/loop/worker.h"

#define NAME_MAX_BYTES 253
#define KEY_MAX_BYTES  (NAME_MAX_BYTES + 2)
#define ADDRS_MAX      256

/* A name that is being asked for, or whose answer is kept. */
struct entry {
    struct list used; /* in resolver->entries, the one not used for longest first */
    struct dns_resolver *resolver;
    struct list waiters; /* lookups */
    const struct dns_addrs *addrs;
    uint64_t expires_ms;
    int err;
    bool is_pending;
    enum dns_family family;
    struct str key; /* "1name": the family's digit, then the name */
    char text[];    /* key, terminated */
};

struct dns_lookup {
    struct list link;    /* in resolver->lookups */
    struct list waiting; /* in entry->waiters */
    struct worker_task task;
    dns_lookup_fn done;
    void *arg;
    int err;
    const struct dns_addrs *addrs; /* referenced */
};

/* A socket of c-ares. */
struct watch {
    uv_poll_t poll;
    struct list link;
    struct dns_resolver *resolver;
    ares_socket_t fd;
};

struct dns_resolver {
    struct worker *worker;
    struct dns_resolver_options options;
    ares_channel channel;
    struct dns_hosts *hosts;
    struct map by_key;
    struct list entries, lookups, watches;
    struct timer timer;
    size_t pending_count;
    bool is_freeing;
};

/* ---- telling the caller ---- */

static void free_lookup(struct dns_lookup *l)
{
    worker_undefer(&l->task);
    list_remove(&l->link);
    list_remove(&l->waiting);
    dns_addrs_unref(l->addrs);
    mem_free(l);
}

static void run_lookup(struct worker_task *task)
{
    struct dns_lookup *l = CONTAINER_OF(task, struct dns_lookup, task);
    const struct dns_addrs *addrs = l->addrs;
    dns_lookup_fn done = l->done;
    void *arg = l->arg;
    int err = l->err;

    l->addrs = NULL; /* ours now */
    free_lookup(l);
    done(arg, err, addrs);
    dns_addrs_unref(addrs);
}

/* addrs is referenced for the lookup. */
static void finish(struct dns_resolver *r, struct dns_lookup *l, int err,
                   const struct dns_addrs *addrs)
{
    list_remove(&l->waiting);
    l->err = err;
    l->addrs = err == 0 ? dns_addrs_ref(addrs) : NULL;
    worker_defer(r->worker, &l->task);
}

void dns_resolver_cancel(struct dns_lookup *lookup)
{
    if (lookup)
        free_lookup(lookup);
}

/* ---- the cache ---- */

static void free_entry(struct entry *e)
{
    map_remove(&e->resolver->by_key, e->key);
    list_remove(&e->used);
    dns_addrs_unref(e->addrs);
    mem_free(e);
}

static void make_room(struct dns_resolver *r)
{
    LIST_FOREACH(item, next, &r->entries)
    {
        struct entry *e = LIST_ITEM(item, struct entry, used);

        if (r->by_key.count < r->options.cache_max)
            return;
        if (!e->is_pending)
            free_entry(e);
    }
}

static struct entry *new_entry(struct dns_resolver *r, struct str key, enum dns_family family)
{
    struct entry *e = mem_alloc_flex(sizeof(*e), key.len + 1, 1);

    make_room(r);
    e->resolver = r;
    e->family = family;
    list_init(&e->waiters);
    memcpy(e->text, key.p, key.len);
    e->key = str_make(e->text, key.len);
    list_push(&r->entries, &e->used);
    map_put(&r->by_key, e->key, e);
    return e;
}

static bool is_fresh(const struct entry *e)
{
    return !e->is_pending && worker_now_ms(e->resolver->worker) < e->expires_ms;
}

/* Lower case and without a trailing dot, behind the family's digit. ERR_INVALID: no name. */
static int make_key(struct str name, enum dns_family family, char out[KEY_MAX_BYTES],
                    struct str *key)
{
    if (str_ends(name, STR(".")))
        name = str_head(name, name.len - 1);
    if (name.len == 0 || name.len > NAME_MAX_BYTES)
        return ERR_INVALID;
    out[0] = (char)('0' + family);
    for (size_t i = 0; i < name.len; i++) {
        if ((uint8_t)name.p[i] <= 0x20 || (uint8_t)name.p[i] >= 0x7f)
            return ERR_INVALID;
        out[i + 1] = str_lower_char(name.p[i]);
    }
    *key = str_make(out, name.len + 1);
    return 0;
}

static void settle(struct entry *e, int err, const struct dns_addrs *addrs)
{
    struct dns_resolver *r = e->resolver;
    uint64_t ttl_s = err == 0 ? addrs->ttl_s : r->options.failure_ttl_s;

    e->is_pending = false;
    r->pending_count--;
    dns_addrs_unref(e->addrs);
    e->addrs = addrs;
    e->err = err;
    e->expires_ms = worker_now_ms(r->worker) + ttl_s * 1000;
    LIST_FOREACH(item, next, &e->waiters)
    {
        finish(r, LIST_ITEM(item, struct dns_lookup, waiting), err, addrs);
    }
}

/* ---- c-ares ---- */

static void rearm(struct dns_resolver *r)
{
    struct timeval tv;

    if (ares_timeout(r->channel, NULL, &tv))
        timer_start(&r->timer, (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000 + 1);
    else
        timer_cancel(&r->timer);
}

static void on_timer(struct timer *t)
{
    struct dns_resolver *r = CONTAINER_OF(t, struct dns_resolver, timer);

    ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    rearm(r);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = CONTAINER_OF(poll, struct watch, poll);
    struct dns_resolver *r = watch->resolver;

    /* An error shows when c-ares reads or writes. */
    if (status < 0)
        events = UV_READABLE | UV_WRITABLE;
    ares_process_fd(r->channel, events & UV_READABLE ? watch->fd : ARES_SOCKET_BAD,
                    events & UV_WRITABLE ? watch->fd : ARES_SOCKET_BAD);
    rearm(r);
}

static void on_watch_closed(uv_handle_t *handle)
{
    mem_free(CONTAINER_OF((uv_poll_t *)handle, struct watch, poll));
}

static struct watch *find_watch(struct dns_resolver *r, ares_socket_t fd)
{
    LIST_FOREACH(item, next, &r->watches)
    {
        struct watch *watch = LIST_ITEM(item, struct watch, link);

        if (watch->fd == fd)
            return watch;
    }
    return NULL;
}

/* c-ares says what it waits for on a socket; neither: the socket is about to be closed. */
static void on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct dns_resolver *r = arg;
    struct watch *watch = find_watch(r, fd);

    if (!readable && !writable) {
        if (watch) {
            list_remove(&watch->link);
            uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
        }
        return;
    }
    if (!watch) {
        watch = mem_alloc0(1, sizeof(*watch));
        watch->resolver = r;
        watch->fd = fd;
        if (uv_poll_init(&r->worker->loop, &watch->poll, fd) != 0) {
            mem_free(watch); /* the query then times out */
            return;
        }
        list_push(&r->watches, &watch->link);
    }
    uv_poll_start(&watch->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0),
                  on_poll);
}

static int error_of(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return 0;
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
        return ERR_NOT_FOUND;
    case ARES_ETIMEOUT:
        return ERR_TIMEOUT;
    case ARES_EBADNAME:
        return ERR_INVALID;
    case ARES_ECONNREFUSED:
        return UV_ECONNREFUSED;
    default: /* the server failed, or said nothing sensible */
        return UV_EAI_AGAIN;
    }
}

static uint32_t bound_ttl(const struct dns_resolver *r, int64_t ttl_s)
{
    if (ttl_s < (int64_t)r->options.ttl_min_s)
        return r->options.ttl_min_s;
    return ttl_s > (int64_t)r->options.ttl_max_s ? r->options.ttl_max_s : (uint32_t)ttl_s;
}

/* NULL when no address is of use. */
static struct dns_addrs *take_nodes(const struct dns_resolver *r, const struct ares_addrinfo *info)
{
    struct dns_addrs *addrs = dns_addrs_new(ADDRS_MAX);
    int64_t ttl_s = INT32_MAX;

    for (const struct ares_addrinfo_node *n = info->nodes; n && addrs->count < ADDRS_MAX;
         n = n->ai_next) {
        struct addr *a = &addrs->list[addrs->count];

        if (addr_from_sockaddr(n->ai_addr, n->ai_addrlen, a) != 0)
            continue;
        a->port = 0;
        addrs->count++;
        if (n->ai_ttl < ttl_s)
            ttl_s = n->ai_ttl;
    }
    for (const struct ares_addrinfo_cname *c = info->cnames; c; c = c->next) {
        if (c->ttl < ttl_s)
            ttl_s = c->ttl;
    }
    if (addrs->count == 0) {
        dns_addrs_unref(addrs);
        return NULL;
    }
    addrs->ttl_s = bound_ttl(r, ttl_s);
    return addrs;
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct entry *e = arg;
    struct dns_addrs *addrs = NULL;
    int err = error_of(status);

    (void)timeouts;
    if (!e->resolver->is_freeing) {
        if (err == 0 && !(addrs = take_nodes(e->resolver, info)))
            err = ERR_NOT_FOUND;
        settle(e, err, addrs ? dns_addrs_shrink(addrs) : NULL);
    }
    if (info)
        ares_freeaddrinfo(info);
}

static void ask(struct entry *e)
{
    static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };
    struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NOSORT,
                                         .ai_family = families[e->family],
                                         .ai_socktype = SOCK_STREAM };

    e->is_pending = true;
    e->resolver->pending_count++;
    ares_getaddrinfo(e->resolver->channel, e->text + 1, NULL, &hints, on_answer, e);
    rearm(e->resolver);
}

/* ---- looking up ---- */

static bool is_wanted(const struct addr *a, enum dns_family family)
{
    return family == DNS_FAMILY_ANY || (family == DNS_FAMILY_IPV4) == (a->family == ADDR_IPV4);
}

/* What needs no server: an address, a name of the hosts file. Returns whether that settled it. */
static bool find_local(struct dns_resolver *r, struct dns_lookup *l, struct str name,
                       enum dns_family family)
{
    const struct addr *found = NULL;
    struct dns_addrs *addrs;
    struct addr literal;
    size_t count = 1;

    if (addr_parse_ip(name, &literal) == 0)
        found = &literal;
    else if (r->hosts)
        count = dns_hosts_find(r->hosts, name, worker_now_ms(r->worker), &found);
    if (!found || count == 0)
        return false;
    addrs = dns_addrs_new(count);
    addrs->ttl_s = bound_ttl(r, INT32_MAX);
    for (size_t i = 0; i < count; i++) {
        if (is_wanted(&found[i], family))
            addrs->list[addrs->count++] = found[i];
    }
    finish(r, l, addrs->count ? 0 : ERR_NOT_FOUND, addrs);
    dns_addrs_unref(addrs);
    return true;
}

static void find_cached(struct dns_resolver *r, struct dns_lookup *l, struct str key,
                        enum dns_family family)
{
    struct entry *e = map_get(&r->by_key, key);

    if (e && is_fresh(e)) {
        list_remove(&e->used);
        list_push(&r->entries, &e->used);
        finish(r, l, e->err, e->addrs);
        return;
    }
    if ((!e || !e->is_pending) && r->pending_count >= r->options.pending_max) {
        finish(r, l, ERR_OVERLOAD, NULL);
        return;
    }
    if (!e)
        e = new_entry(r, key, family);
    list_push(&e->waiters, &l->waiting);
    if (!e->is_pending)
        ask(e);
}

struct dns_lookup *dns_resolver_start(struct dns_resolver *r, struct str name,
                                      enum dns_family family, dns_lookup_fn done, void *arg)
{
    struct dns_lookup *l = mem_alloc0(1, sizeof(*l));
    char text[KEY_MAX_BYTES];
    struct str key;

    worker_task_init(&l->task, run_lookup);
    l->done = done;
    l->arg = arg;
    list_push(&r->lookups, &l->link);
    if (make_key(name, family, text, &key) != 0)
        finish(r, l, ERR_INVALID, NULL);
    else if (!find_local(r, l, str_skip(key, 1), family))
        find_cached(r, l, key, family);
    return l;
}

const struct dns_addrs *dns_resolver_peek(struct dns_resolver *r, struct str name,
                                          enum dns_family family)
{
    char text[KEY_MAX_BYTES];
    const struct entry *e;
    struct str key;

    if (make_key(name, family, text, &key) != 0)
        return NULL;
    e = map_get(&r->by_key, key);
    return e && is_fresh(e) ? e->addrs : NULL;
}

void dns_resolver_flush(struct dns_resolver *r)
{
    LIST_FOREACH(item, next, &r->entries)
    {
        struct entry *e = LIST_ITEM(item, struct entry, used);

        if (!e->is_pending)
            free_entry(e);
    }
}

/* ---- start and end ---- */

static int library_status;

static void init_library(void)
{
    library_status = ares_library_init(ARES_LIB_INIT_ALL);
}

static int open_channel(struct dns_resolver *r)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static char servers_only[] = "b"; /* the hosts file is ours */
    struct ares_options o = { .timeout = (int)r->options.timeout_ms,
                              .tries = (int)r->options.tries,
                              .lookups = servers_only,
                              .sock_state_cb = on_socket,
                              .sock_state_cb_data = r };

    pthread_once(&once, init_library);
    if (library_status != ARES_SUCCESS ||
        ares_init_options(&r->channel, &o,
                          ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
                              ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS)
        return ERR_INTERNAL;
    if (r->options.servers &&
        ares_set_servers_ports_csv(r->channel, r->options.servers) != ARES_SUCCESS) {
        ares_destroy(r->channel);
        return ERR_INVALID;
    }
    return 0;
}

static void set_defaults(struct dns_resolver_options *o)
{
    o->timeout_ms = o->timeout_ms ? o->timeout_ms : 2000;
    o->tries = o->tries ? o->tries : 3;
    o->cache_max = o->cache_max ? o->cache_max : 4096;
    o->pending_max = o->pending_max ? o->pending_max : 1024;
    o->ttl_max_s = o->ttl_max_s ? o->ttl_max_s : 3600;
    o->failure_ttl_s = o->failure_ttl_s ? o->failure_ttl_s : 5;
}

int dns_resolver_new(struct worker *w, const struct dns_resolver_options *options,
                     struct dns_resolver **out)
{
    struct dns_resolver *r = mem_alloc0(1, sizeof(*r));
    const char *hosts;
    int err;

    r->worker = w;
    if (options)
        r->options = *options;
    set_defaults(&r->options);
    list_init(&r->watches);
    list_init(&r->entries);
    list_init(&r->lookups);
    err = open_channel(r);
    if (err != 0) {
        mem_free(r);
        return err;
    }
    map_init(&r->by_key);
    timer_init(&r->timer, &w->timers, on_timer);
    hosts = r->options.hosts_file ? r->options.hosts_file : "/etc/hosts";
    r->hosts = hosts[0] ? dns_hosts_new(hosts) : NULL;
    r->options.servers = r->options.hosts_file = NULL; /* not ours to keep */
    *out = r;
    return 0;
}

void dns_resolver_free(struct dns_resolver *r)
{
    struct list *item;

    if (!r)
        return;
    r->is_freeing = true;
    timer_cancel(&r->timer);
    ares_destroy(r->channel); /* ends every query and closes every socket */
    while ((item = r->lookups.next) != &r->lookups)
        free_lookup(LIST_ITEM(item, struct dns_lookup, link));
    while ((item = r->entries.next) != &r->entries)
        free_entry(LIST_ITEM(item, struct entry, used));
    map_deinit(&r->by_key);
    dns_hosts_free(r->hosts);
    mem_free(r);
}
