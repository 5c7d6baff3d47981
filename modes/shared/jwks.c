#include "modes/shared/jwks.h"

#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/dns/dns_resolver.h"
#include "core/http/http_fetch.h"
#include "core/loop/worker.h"
#include "core/pki/jwk.h"
#include "core/pki/pki_trust.h"
#include "core/text/duration.h"
#include "core/text/node_json.h"

#define REFRESH_MS   ((uint64_t)20 * 60 * 1000)
#define RETRY_MS     ((uint64_t)1000)
#define RETRY_MAX_MS ((uint64_t)60 * 60 * 1000)
#define UNUSED_MS    ((uint64_t)7 * 24 * 3600 * 1000)
#define BLOCKED_MAX  32

static struct log_module log_module = LOG_MODULE("jwks");

struct jwks_set {
    struct jwks *owner;
    char *key;  /* the URL, or "issuer " and the issuer */
    char *url;  /* of the keys; NULL: to be discovered */
    char *text; /* the last good answer, or NULL */
    struct http_fetch *fetch;
    struct timer timer;
    uint64_t timeout_ms, last_used_ms, pause_ms;
    bool is_discovery; /* what the fetch is for */
};

struct jwks {
    struct worker *worker;
    struct jwks_options options;
    struct addr_net blocked[BLOCKED_MAX];
    uint32_t blocked_count;
    struct dns_resolver *dns;
    struct pki_trust *trust; /* NULL: the system has none */
    struct map sets;         /* key -> struct jwks_set */
};

/* ---- life ---- */

/* Blocks separated by commas; out may be NULL. Their number, or ERR_INVALID. */
static int read_blocks(const char *text, struct addr_net *out)
{
    struct str rest = str_of(text ? text : JWKS_BLOCKED);
    int n = 0;

    while (rest.len) {
        struct addr_net net;

        if (n == BLOCKED_MAX || addr_net_parse(str_trim(str_cut(&rest, ',')), &net) != 0)
            return ERR_INVALID;
        if (out)
            out[n] = net;
        n++;
    }
    return n;
}

bool jwks_is_list(const char *text)
{
    return read_blocks(text, NULL) >= 0;
}

int jwks_new(struct worker *w, const struct jwks_options *options, struct jwks **out)
{
    struct jwks *j = mem_alloc0(1, sizeof(*j));
    int count;

    j->worker = w;
    j->options = *options;
    map_init(&j->sets);
    count = read_blocks(options->blocked, j->blocked);
    if (count < 0) {
        jwks_free(j);
        return count;
    }
    j->blocked_count = (uint32_t)count;
    *out = j;
    return 0;
}

/* With the first thing to ask for: most meshes have none. */
static int open_ways(struct jwks *j)
{
    int err;

    if (j->dns)
        return 0;
    err = dns_resolver_new(j->worker, NULL, &j->dns);
    if (!err && pki_trust_new_system(&j->trust) != 0)
        log_warn("there are no system roots: keys cannot be fetched by https");
    return err;
}

static void free_set(struct jwks_set *s)
{
    timer_cancel(&s->timer);
    http_fetch_cancel(s->fetch);
    mem_free(s->key);
    mem_free(s->url);
    mem_free(s->text);
    mem_free(s);
}

void jwks_free(struct jwks *j)
{
    struct map_slot *slot;

    if (!j)
        return;
    for (size_t at = 0; (slot = map_next(&j->sets, &at));)
        free_set(slot->value);
    map_deinit(&j->sets);
    dns_resolver_free(j->dns);
    pki_trust_unref(j->trust);
    mem_free(j);
}

/* ---- asking ---- */

static void ask(struct jwks_set *s);

static void again(struct jwks_set *s, uint64_t after_ms)
{
    timer_start(&s->timer, after_ms);
}

/* The last good set stays. */
static void failed(struct jwks_set *s, const char *why)
{
    s->pause_ms = s->pause_ms ? s->pause_ms * 2 : RETRY_MS;
    if (s->pause_ms > RETRY_MAX_MS)
        s->pause_ms = RETRY_MAX_MS;
    log_warn("the keys of %s could not be had: %s; next try in %llu s", s->url ? s->url : s->key,
             why, (unsigned long long)(s->pause_ms / 1000));
    again(s, s->pause_ms);
}

/* The document of an issuer says where its keys are. */
static void take_discovery(struct jwks_set *s, struct str body)
{
    struct http_fetch_url url;
    struct arena a;
    struct node *root;
    struct str uri = STR_NONE;

    arena_init(&a, 4096);
    if (node_json_read(&a, body, NULL, NULL, &root) == 0)
        uri = node_get_str(root, "jwks_uri");
    if (!uri.len || http_fetch_parse(uri, &url) != 0) {
        failed(s, "its openid-configuration names no jwks_uri");
    } else {
        s->url = str_dup(uri);
        ask(s);
    }
    arena_deinit(&a);
}

static void take_keys(struct jwks_set *s, struct str body)
{
    struct jwk_set *keys = NULL;
    const char *why;

    if (jwk_set_parse(body, &keys, &why) != 0) {
        failed(s, why);
        return;
    }
    jwk_set_unref(keys);
    s->pause_ms = 0;
    again(s, REFRESH_MS);
    if (s->text && str_eq(body, str_of(s->text)))
        return;
    mem_free(s->text);
    s->text = str_dup(body);
    s->owner->options.changed(s->owner->options.arg);
}

static void on_answer(void *arg, const struct http_fetch_answer *answer)
{
    struct jwks_set *s = arg;
    char why[64];

    s->fetch = NULL;
    if (answer->err == ERR_DENIED) {
        failed(s, "its address is one that is not asked");
    } else if (answer->err) {
        failed(s, error_text(answer->err));
    } else if (answer->status != 200) {
        snprintf(why, sizeof(why), "it answered %u", answer->status);
        failed(s, why);
    } else if (s->is_discovery) {
        take_discovery(s, answer->body);
    } else {
        take_keys(s, answer->body);
    }
}

static bool is_allowed(void *arg, const struct addr *to)
{
    const struct jwks *j = ((const struct jwks_set *)arg)->owner;

    for (uint32_t i = 0; i < j->blocked_count; i++) {
        if (addr_net_has(&j->blocked[i], to))
            return false;
    }
    return true;
}

static void ask(struct jwks_set *s)
{
    struct jwks *j = s->owner;
    struct http_fetch_request request = { .timeout_ms = s->timeout_ms,
                                          .max_bytes = JWK_MAX_BYTES,
                                          .is_allowed = is_allowed };
    struct http_fetch_url url;
    struct addr to;
    struct arena a;

    if (open_ways(j) != 0) {
        failed(s, "there is no resolver");
        return;
    }
    arena_init(&a, 512);
    s->is_discovery = !s->url;
    request.trust = j->trust;
    request.url = s->url ? str_of(s->url)
                         : arena_printf(&a, "%s%s.well-known/openid-configuration", s->key + 7,
                                        str_ends(str_of(s->key), STR("/")) ? "" : "/");
    if (j->options.locate && http_fetch_parse(request.url, &url) == 0 &&
        j->options.locate(j->options.arg, url.host, url.port, &to))
        request.to = &to;
    if (http_fetch_start(j->worker, j->dns, &request, on_answer, s, &s->fetch) != 0)
        failed(s, "it is not a URL");
    arena_deinit(&a);
}

static void on_timer(struct timer *t)
{
    struct jwks_set *s = CONTAINER_OF(t, struct jwks_set, timer);
    struct jwks *j = s->owner;

    if (worker_now_ms(j->worker) - s->last_used_ms > UNUSED_MS) {
        map_remove(&j->sets, str_of(s->key));
        free_set(s);
        return;
    }
    if (strncmp(s->key, "issuer ", 7) == 0) { /* it may have moved */
        mem_free(s->url);
        s->url = NULL;
    }
    ask(s);
}

/* ---- objects ---- */

static struct jwks_set *set_of(struct jwks *j, struct str key, bool is_url, uint64_t timeout_ms)
{
    struct jwks_set *s = map_get(&j->sets, key);

    if (!s && j->sets.count < JWKS_MAX) {
        s = mem_alloc0(1, sizeof(*s));
        s->owner = j;
        s->key = str_dup(key);
        s->url = is_url ? str_dup(key) : NULL;
        s->timeout_ms = timeout_ms;
        timer_init(&s->timer, &j->worker->timers, on_timer);
        map_put(&j->sets, str_of(s->key), s);
        ask(s);
    }
    if (s)
        s->last_used_ms = worker_now_ms(j->worker);
    return s;
}

static void fill_rule(struct jwks *j, struct node *rule, struct arena *a)
{
    struct str uri = node_get_str(rule, "jwksUri"), issuer = node_get_str(rule, "issuer");
    struct jwks_set *s;
    int64_t timeout = 5 * DURATION_S;

    if (!uri.len)
        uri = node_get_str(rule, "jwks_uri");
    if (node_get_str(rule, "jwks").len || (!uri.len && !issuer.len))
        return;
    (void)duration_parse(node_get_str(rule, "timeout"), &timeout);
    s = set_of(j, uri.len ? uri : arena_printf(a, "issuer %.*s", STR_ARG(issuer)), uri.len > 0,
               (uint64_t)(timeout / DURATION_MS));
    if (s && s->text)
        node_set_str(a, rule, "jwks", arena_str(a, str_of(s->text)));
}

void jwks_fill(struct jwks *j, struct node *object, struct arena *a)
{
    struct node *rules = node_path(object, "spec.jwtRules");

    if (!rules || rules->kind != NODE_LIST)
        return;
    NODE_EACH(rule, rules)
    fill_rule(j, rule, a);
}
