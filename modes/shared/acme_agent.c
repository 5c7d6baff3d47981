#include "modes/shared/acme_agent.h"

#include "core/acme/acme_order.h"
#include "core/api/object.h"
#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/compile/compile_acme.h"
#include "core/dns/dns_resolver.h"
#include "core/flow/flow_challenge.h"
#include "core/pki/pki_file.h"
#include "core/pki/pki_key.h"
#include "core/pki/pki_trust.h"
#include "core/tls/tls_identity.h"
#include "modes/shared/acme_serve.h"
#include "modes/shared/acme_store.h"
#include "modes/shared/dirwatch.h"
#include "modes/shared/runtime.h"

static struct log_module log_module = LOG_MODULE("acme");

#define PEM_MAX_BYTES   ((size_t)256 * 1024)
#define LOOK_MS         ((uint64_t)60 * 60 * 1000) /* at least so often */
#define LOCKED_MS       ((uint64_t)5000)           /* another gateway orders */
#define SERVED_AFTER_MS 300 /* until the other gateways have seen the folder change */
#define BACKOFF_S       ((int64_t)60)
#define BACKOFF_MAX_S   ((int64_t)86400)

/* A Secret that is wanted. */
struct item {
    struct list link;
    char *secret, *directory, *email;
    struct arena arena; /* of names */
    struct str *names;
    size_t name_count;
    uint64_t names_seen; /* hash of those that its file was held against */
    bool by_tls, is_not_ours, is_wanted;
    bool is_read;  /* its file was looked for */
    int64_t due_s; /* when to order; 0: now */
    uint32_t failures;
    int64_t not_before_s; /* of the next try */
};

struct acme_agent {
    struct runtime *rt;
    struct worker *worker;
    struct acme_store store;
    struct dns_resolver *dns;
    struct pki_trust *trust;
    struct dirwatch *watch;
    struct list items;
    struct timer timer;
    struct acme_order *order; /* under way for `ordering` */
    struct item *ordering;
    struct pki_key *key; /* of the certificate that is being ordered */
    struct acme_serve serve;
};

static void item_free(struct item *it)
{
    list_remove(&it->link);
    mem_free(it->secret);
    mem_free(it->directory);
    mem_free(it->email);
    arena_deinit(&it->arena);
    mem_free(it);
}

/* ---- from a file to a Secret ---- */

static bool covers(const struct item *it, const struct pki_cert_info *leaf)
{
    for (size_t i = 0; i < it->name_count; i++) {
        bool found = false;

        for (size_t j = 0; j < leaf->dns_count && !found; j++)
            found = str_ieq(leaf->dns_names[j], it->names[i]);
        if (!found)
            return false;
    }
    return true;
}

static uint64_t hash_names(const struct item *it)
{
    uint64_t h = it->name_count;

    for (size_t i = 0; i < it->name_count; i++)
        h = hash_content_seeded(it->names[i].p, it->names[i].len, h);
    return h;
}

static void set_due(struct acme_agent *a, struct item *it, const struct tls_identity *id)
{
    const struct pki_cert_info *leaf = tls_identity_info(id);
    int64_t life = leaf->not_after_s - leaf->not_before_s;
    uint64_t spread = life > 30 ? (uint64_t)(life / 30) : 0;

    it->due_s =
        leaf->not_after_s - life / 3 - (int64_t)random_below(&a->worker->random, spread + 1);
    if (!covers(it, leaf))
        it->due_s = 0; /* a name was added */
}

static void put_secret(struct acme_agent *a, const struct item *it, struct str pem)
{
    struct buf json;
    struct object *o = NULL;

    buf_init(&json, 0);
    buf_printf(&json,
               "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"kubernetes.io/tls\","
               "\"metadata\":{\"name\":\"%s\",\"namespace\":\"%.*s\","
               "\"annotations\":{\"" COMPILE_ACME_MANAGED "\":\"true\"}},\"data\":{\"tls.crt\":\"",
               it->secret, STR_ARG(runtime_get_options(a->rt)->node->ns));
    encode_base64(&json, pem); /* readers of PEM take what they look for */
    buf_printf(&json, "\",\"tls.key\":\"");
    encode_base64(&json, pem);
    buf_printf(&json, "\"}}");
    if (object_decode_json(&o, buf_str(&json), "acme", NULL, NULL) == 0) {
        runtime_put(a->rt, o);
        object_unref(o);
    } else {
        log_error("%s: the certificate cannot be made a Secret", it->secret);
    }
    buf_wipe(&json);
}

/* Whether there is a certificate; it is put into the runtime without a commit. */
static bool load(struct acme_agent *a, struct item *it)
{
    struct tls_identity *id;
    struct buf pem;
    const char *why;
    bool ok = false;

    it->is_read = true;
    it->names_seen = hash_names(it);
    acme_store_read_try(&a->store, str_of(it->secret), &it->failures, &it->not_before_s);
    buf_init(&pem, PEM_MAX_BYTES);
    if (acme_store_read(&a->store, str_of(it->secret), &pem) == 0) {
        if (tls_identity_from_pem(buf_str(&pem), buf_str(&pem), &id, &why) == 0) {
            set_due(a, it, id);
            put_secret(a, it, buf_str(&pem));
            tls_identity_unref(id);
            ok = true;
        } else {
            log_warn("%s/%s.pem: %s", a->store.dir, it->secret, why);
        }
    }
    buf_wipe(&pem);
    return ok;
}

/* ---- ordering ---- */

static void look_later(struct acme_agent *a, uint64_t ms)
{
    if (!timer_is_running(&a->timer) || timer_left_ms(&a->timer) > ms)
        timer_start(&a->timer, ms);
}

static void on_publish(void *arg, const struct acme_challenge *c)
{
    struct acme_agent *a = arg;

    log_info("%.*s: challenge of the ACME server is served", STR_ARG(c->name));
    acme_serve_add(&a->serve, c, &a->store);
}

static void leave_order(struct acme_agent *a)
{
    a->order = NULL;
    a->ordering = NULL;
    pki_key_unref(a->key);
    a->key = NULL;
    acme_serve_clear(&a->serve, &a->store);
    acme_store_unlock(&a->store);
    look_later(a, 0);
}

static void note_failure(struct acme_agent *a, struct item *it, struct str problem,
                         uint32_t retry_after_s)
{
    int64_t wait = BACKOFF_S << (it->failures < 11 ? it->failures : 11);

    wait = wait < BACKOFF_MAX_S ? wait : BACKOFF_MAX_S;
    wait = wait > retry_after_s ? wait : retry_after_s;
    wait += (int64_t)random_below(&a->worker->random, (uint64_t)wait / 5);
    it->failures++;
    it->not_before_s = clock_wall_s() + wait;
    acme_store_write_try(&a->store, str_of(it->secret), it->failures, it->not_before_s);
    log_warn("%s: no certificate from %s: %.*s; next try in %lld s", it->secret, it->directory,
             STR_ARG(problem), (long long)wait);
}

static int keep_certificate(struct acme_agent *a, struct item *it, struct str chain)
{
    struct tls_identity *id;
    struct buf pem;
    const char *why = "";
    int err;

    buf_init(&pem, PEM_MAX_BYTES);
    err = pki_key_to_pem(a->key, &pem);
    if (!err)
        err = buf_add_str(&pem, chain);
    if (!err)
        err = tls_identity_from_pem(buf_str(&pem), buf_str(&pem), &id, &why);
    if (!err) {
        tls_identity_unref(id);
        err = acme_store_write(&a->store, str_of(it->secret), buf_str(&pem));
    }
    if (err)
        note_failure(a, it, str_of(why[0] ? why : error_text(err)), 0);
    buf_wipe(&pem);
    return err;
}

static void on_ordered(void *arg, const struct acme_result *result)
{
    struct acme_agent *a = arg;
    struct item *it = a->ordering;

    if (result->err) {
        note_failure(a, it, result->problem, result->retry_after_s);
    } else if (keep_certificate(a, it, result->chain_pem) == 0) {
        acme_store_write_try(&a->store, str_of(it->secret), 0, 0);
        load(a, it);
        log_info("%s: certificate from %s", it->secret, it->directory);
        runtime_commit(a->rt, NULL, NULL, NULL);
    }
    leave_order(a);
}

static void order(struct acme_agent *a, struct item *it)
{
    struct acme_order_options o = {
        .worker = a->worker,
        .dns = a->dns,
        .trust = a->trust,
        .directory = str_of(it->directory),
        .email = str_of(it->email),
        .names = it->names,
        .name_count = it->name_count,
        .challenge = it->by_tls ? ACME_TLS_ALPN_01 : ACME_HTTP_01,
        .served_after_ms = SERVED_AFTER_MS,
        .publish = on_publish,
        .done = on_ordered,
        .arg = a,
    };
    int err = acme_store_account(&a->store, o.directory, &o.account);

    if (!err)
        err = pki_key_generate(&a->key);
    if (err) {
        note_failure(a, it, str_of(error_text(err)), 0);
        pki_key_unref(o.account);
        acme_store_unlock(&a->store);
        return;
    }
    o.key = a->key;
    a->ordering = it;
    log_info("%s: asking %s for a certificate", it->secret, it->directory);
    a->order = acme_order_start(&o);
    pki_key_unref(o.account);
}

/* ---- when ---- */

static int64_t next_s(const struct item *it)
{
    return it->due_s > it->not_before_s ? it->due_s : it->not_before_s;
}

static bool is_due(const struct item *it)
{
    return it->is_wanted && !it->is_not_ours && it->name_count && next_s(it) <= clock_wall_s();
}

/* Orders one, or finds out when to look again. */
static void look(struct acme_agent *a)
{
    uint64_t soonest = LOOK_MS;
    int64_t now = clock_wall_s();
    bool is_fresh = false;

    if (a->order)
        return;
    LIST_FOREACH(at, tmp, &a->items)
    {
        struct item *it = LIST_ITEM(at, struct item, link);

        if (!is_due(it)) {
            if (it->is_wanted && next_s(it) > now && (uint64_t)(next_s(it) - now) < LOOK_MS / 1000)
                soonest = (uint64_t)(next_s(it) - now) * 1000 < soonest
                              ? (uint64_t)(next_s(it) - now) * 1000
                              : soonest;
            continue;
        }
        if (!acme_store_lock(&a->store)) {
            soonest = LOCKED_MS < soonest ? LOCKED_MS : soonest;
            continue;
        }
        /* Another gateway may have been here while this one waited. */
        (void)load(a, it);
        if (is_due(it)) {
            order(a, it);
            if (a->order)
                return;
        }
        acme_store_unlock(&a->store);
        is_fresh = true;
    }
    look_later(a, is_fresh ? 0 : soonest);
    if (is_fresh)
        runtime_commit(a->rt, NULL, NULL, NULL);
}

static void on_timer(struct timer *t)
{
    look(CONTAINER_OF(t, struct acme_agent, timer));
}

/* ---- what is wanted ---- */

static bool is_file_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || (c == '.' && i)))
            return false;
    }
    return s.len > 0 && s.len < 200;
}

static struct item *get_item(struct acme_agent *a, struct str secret)
{
    struct item *it;

    LIST_FOREACH(at, tmp, &a->items)
    {
        it = LIST_ITEM(at, struct item, link);
        if (str_is(secret, it->secret))
            return it;
    }
    it = mem_alloc0(1, sizeof(*it));
    it->secret = str_dup(secret);
    arena_init(&it->arena, 256);
    list_push(&a->items, &it->link);
    return it;
}

static void set_text(char **to, struct str text)
{
    mem_free(*to);
    *to = str_dup(text);
}

static void add_names(struct item *it, const struct compile_acme_want *want)
{
    it->names = arena_grow(&it->arena, it->names, it->name_count, it->name_count + want->name_count,
                           sizeof(*it->names));
    for (size_t i = 0; i < want->name_count; i++) {
        size_t j = 0;

        while (j < it->name_count && !str_eq(it->names[j], want->names[i]))
            j++;
        if (j == it->name_count)
            it->names[it->name_count++] = arena_str(&it->arena, want->names[i]);
    }
}

static void on_want(void *arg, const struct compile_acme_want *want)
{
    struct acme_agent *a = arg;
    struct item *it;

    if (!is_file_name(want->secret)) {
        log_warn("credentialName \"%.*s\" is no name for a certificate to be ordered",
                 STR_ARG(want->secret));
        return;
    }
    it = get_item(a, want->secret);
    if (it == a->ordering)
        return;
    if (!it->is_wanted) { /* first of this round */
        arena_reset(&it->arena);
        it->names = NULL;
        it->name_count = 0;
    }
    it->is_wanted = true;
    it->is_not_ours = want->is_not_ours;
    it->by_tls = want->by_tls;
    set_text(&it->directory, want->directory);
    set_text(&it->email, want->email);
    add_names(it, want);
}

static void on_commit(void *arg)
{
    struct acme_agent *a = arg;

    LIST_FOREACH(at, tmp, &a->items)
    {
        struct item *it = LIST_ITEM(at, struct item, link);

        it->is_wanted = it == a->ordering;
    }
    runtime_each_acme(a->rt, on_want, a);
    LIST_FOREACH(at, tmp, &a->items)
    {
        struct item *it = LIST_ITEM(at, struct item, link);

        if (!it->is_wanted) {
            item_free(it);
            continue;
        }
        if (it->names_seen != hash_names(it))
            it->is_read = false;
        if (!it->is_read)
            look_later(a, 0);
    }
}

/* The first look at files, outside of the commit that brought the wish. */
static void read_new(struct acme_agent *a)
{
    bool any = false;

    LIST_FOREACH(at, tmp, &a->items)
    {
        struct item *it = LIST_ITEM(at, struct item, link);

        if (!it->is_read && !it->is_not_ours)
            any |= load(a, it);
    }
    if (any)
        runtime_commit(a->rt, NULL, NULL, NULL);
}

static void on_first_timer(struct timer *t)
{
    struct acme_agent *a = CONTAINER_OF(t, struct acme_agent, timer);

    read_new(a);
    on_timer(t);
}

/* Another gateway wrote something. */
static void on_folder(void *arg)
{
    struct acme_agent *a = arg;

    if (a->order)
        return;
    acme_serve_read(&a->serve, &a->store);
    LIST_FOREACH(at, tmp, &a->items)
    LIST_ITEM(at, struct item, link)->is_read = false;
    look_later(a, 0);
}

/* ---- life ---- */

static int open_trust(struct acme_agent *a, const char *ca)
{
    struct pki_trust_domain any = { 0 };
    struct buf pem;
    int err;

    if (!ca)
        return pki_trust_new_system(&a->trust);
    buf_init(&pem, PKI_CERT_BUNDLE_MAX_BYTES);
    err = pki_file_read(ca, &pem);
    any.roots_pem = buf_str(&pem);
    if (!err)
        err = pki_trust_new(&any, 1, &a->trust);
    buf_deinit(&pem);
    return err;
}

int acme_agent_new(struct runtime *rt, const struct acme_agent_options *options,
                   struct acme_agent **out)
{
    struct acme_agent *a = mem_alloc0(1, sizeof(*a));
    struct dns_resolver_options dns = { .servers = options->resolvers };
    int err;

    a->rt = rt;
    a->worker = runtime_main(rt);
    list_init(&a->items);
    timer_init(&a->timer, &a->worker->timers, on_first_timer);
    acme_serve_init(&a->serve, runtime_challenges(rt));
    err = acme_store_init(&a->store, options->dir);
    if (err)
        log_error("%s: %s", options->dir, error_text(err));
    if (!err) {
        err = open_trust(a, options->ca);
        if (err)
            log_error("%s: %s", options->ca ? options->ca : "the system's CA certificates",
                      error_text(err));
    }
    if (!err)
        err = dns_resolver_new(a->worker, &dns, &a->dns);
    if (!err)
        err = dirwatch_new(a->worker, options->dir, on_folder, a, &a->watch);
    if (err) {
        acme_agent_free(a);
        return err;
    }
    acme_serve_read(&a->serve, &a->store);
    runtime_on_commit(rt, on_commit, a);
    *out = a;
    return 0;
}

void acme_agent_free(struct acme_agent *a)
{
    if (!a)
        return;
    runtime_on_commit(a->rt, NULL, NULL);
    timer_cancel(&a->timer);
    acme_order_cancel(a->order);
    if (a->order)
        acme_serve_clear(&a->serve, &a->store);
    pki_key_unref(a->key);
    LIST_FOREACH(at, tmp, &a->items)
    item_free(LIST_ITEM(at, struct item, link));
    dirwatch_free(a->watch);
    dns_resolver_free(a->dns);
    pki_trust_unref(a->trust);
    acme_store_deinit(&a->store);
    mem_free(a);
}
