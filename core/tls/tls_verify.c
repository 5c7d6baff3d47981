#include "core/tls/tls_verify.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <openssl/pool.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/tls/tls_config_data.h"

/* ---- the memory ---- */

#define SHARDS 16
#define SETS   64 /* per shard */
#define WAYS   4

struct cache_key {
    uint8_t chain_sha256[32];
    uint8_t way_sha256[32]; /* tls_config.way_sha256 */
};

struct cache_entry {
    struct cache_key key;
    struct tls_peer *peer; /* NULL: free */
    uint64_t used;         /* shard's tick at the last look */
};

static struct cache_shard {
    pthread_mutex_t lock;
    uint64_t tick;
    struct cache_entry entries[SETS][WAYS];
} * shards;
static pthread_once_t shards_once = PTHREAD_ONCE_INIT;
static atomic_uint_fast64_t hit_count, miss_count;

static void make_shards(void)
{
    shards = mem_alloc0(SHARDS, sizeof(*shards));
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&shards[i].lock, NULL);
}

/* The hash is uniform: its bytes are as good as any other. */
static struct cache_shard *shard_of(const struct cache_key *key)
{
    pthread_once(&shards_once, make_shards);
    return &shards[key->chain_sha256[0] % SHARDS];
}

static struct cache_entry *set_of(struct cache_shard *shard, const struct cache_key *key)
{
    return shard->entries[key->chain_sha256[1] % SETS];
}

static struct tls_peer *cache_get(const struct cache_key *key)
{
    struct cache_shard *shard = shard_of(key);
    struct cache_entry *set = set_of(shard, key);
    struct tls_peer *peer = NULL;

    pthread_mutex_lock(&shard->lock);
    for (size_t i = 0; i < WAYS && !peer; i++) {
        if (set[i].peer && memcmp(&set[i].key, key, sizeof(*key)) == 0) {
            peer = tls_peer_ref(set[i].peer);
            set[i].used = ++shard->tick;
        }
    }
    pthread_mutex_unlock(&shard->lock);
    atomic_fetch_add_explicit(peer ? &hit_count : &miss_count, 1, memory_order_relaxed);
    return peer;
}

static void cache_put(const struct cache_key *key, struct tls_peer *peer)
{
    struct cache_shard *shard = shard_of(key);
    struct cache_entry *set = set_of(shard, key), *to = &set[0];
    struct tls_peer *old;

    pthread_mutex_lock(&shard->lock);
    for (size_t i = 0; i < WAYS; i++) {
        if (memcmp(&set[i].key, key, sizeof(*key)) == 0) {
            to = &set[i]; /* two handshakes of one peer at once */
            break;
        }
        if (set[i].used < to->used)
            to = &set[i];
    }
    old = to->peer;
    to->key = *key;
    to->peer = tls_peer_ref(peer);
    to->used = ++shard->tick;
    pthread_mutex_unlock(&shard->lock);
    tls_peer_unref(old);
}

void tls_verify_flush(void)
{
    pthread_once(&shards_once, make_shards);
    for (size_t i = 0; i < SHARDS; i++) {
        struct cache_entry *e = shards[i].entries[0];

        pthread_mutex_lock(&shards[i].lock);
        for (size_t j = 0; j < (size_t)SETS * WAYS; j++) {
            tls_peer_unref(e[j].peer);
            memset(&e[j], 0, sizeof(e[j]));
        }
        pthread_mutex_unlock(&shards[i].lock);
    }
}

void tls_verify_counts(uint64_t *hits, uint64_t *misses)
{
    *hits = atomic_load_explicit(&hit_count, memory_order_relaxed);
    *misses = atomic_load_explicit(&miss_count, memory_order_relaxed);
}

/* ---- checking a chain for the first time ---- */

static const char no_spiffe[] = "certificate has no SPIFFE id as its only URI name";
static const char wrong_names[] = "names do not match";
static const char wrong_domain[] = "trust domain is not accepted";
static const char wrong_pin[] = "certificate is not one of those listed";
static const char denied[] = "certificate is on the deny list";
static const char expired[] = "certificate expired";
static const char too_early[] = "certificate not yet valid";

static void hash_chain(CRYPTO_BUFFER *const *chain, size_t count, uint8_t out[32])
{
    SHA256_CTX sha;

    SHA256_Init(&sha);
    for (size_t i = 0; i < count; i++) {
        uint64_t len = CRYPTO_BUFFER_len(chain[i]);

        SHA256_Update(&sha, &len, sizeof(len));
        SHA256_Update(&sha, CRYPTO_BUFFER_data(chain[i]), (size_t)len);
    }
    SHA256_Final(out, &sha);
}

static int parse_chain(const struct tls_config *config, CRYPTO_BUFFER *const *chain, size_t count,
                       struct pki_chain *out, const char **why)
{
    bool outside = !config->is_server && !config->rules.mesh;
    size_t max = outside ? PKI_CERT_CHAIN_MAX_PUBLIC : PKI_CERT_CHAIN_MAX;
    size_t max_bytes = outside ? PKI_CERT_MAX_BYTES : PKI_CERT_CHAIN_MAX_BYTES, bytes = 0;
    struct pki_cert *c;

    *out = (struct pki_chain){ 0 };
    for (size_t i = 0; i < count; i++)
        bytes += CRYPTO_BUFFER_len(chain[i]);
    *why = "certificate chain too long";
    if (count == 0 || count > max || bytes > max_bytes)
        return ERR_CERT;
    for (size_t i = 0; i < count; i++) {
        if (pki_cert_parse_buffer(chain[i], &c)) {
            pki_chain_deinit(out);
            *why = "certificate cannot be read";
            return ERR_CERT;
        }
        pki_chain_give(out, c);
    }
    return 0;
}

static int check_mesh_leaf(const struct pki_cert_info *leaf, struct pki_spiffe *id,
                           const char **why)
{
    *why = no_spiffe;
    if (leaf->uri_count != 1 || pki_spiffe_parse(leaf->uris[0], id))
        return ERR_CERT;
    *why = "certificate has its trust domain's SPIFFE id, not a workload's";
    if (!id->path.len)
        return ERR_CERT;
    *why = "certificate has too many names";
    return leaf->uri_count + leaf->dns_count + leaf->ip_count > PKI_CERT_SAN_MAX ? ERR_CERT : 0;
}

static enum pki_trust_usage usage_of_peer(const struct tls_config *c)
{
    return c->is_server ? PKI_TRUST_CLIENT : PKI_TRUST_SERVER;
}

/* Whose roots a mesh peer of trust domain td is checked with; td itself when none are known. */
static struct str roots_of(const struct tls_rules *rules, struct str td)
{
    if (pki_trust_has_domain(rules->trust, td))
        return td;
    for (size_t i = 0; i < rules->alias_count; i++) {
        if (str_eq(rules->aliases[i], td))
            return rules->alias_of;
    }
    return td;
}

/* The result is remembered: what it depends on is part of tls_verify_prepare's digest. */
static int check_chain(const struct tls_config *c, const struct pki_chain *chain, int64_t now_s,
                       struct tls_peer_facts *facts, const char **why)
{
    struct pki_trust_check check = { .usage = usage_of_peer(c),
                                     .need_usage = c->rules.mesh,
                                     .now_s = now_s };
    struct pki_trust_result result;
    struct pki_spiffe id;
    int err = 0;

    if (c->rules.mesh) {
        err = check_mesh_leaf(pki_cert_get_info(chain->certs[0]), &id, why);
        if (err)
            return err;
        check.trust_domain = roots_of(&c->rules, id.trust_domain);
    }
    err = pki_trust_verify(c->rules.trust, chain->certs, chain->count, &check, &result, why);
    if (err)
        return err;
    facts->is_verified = true;
    facts->not_before_s = result.not_before_s;
    facts->not_after_s = result.not_after_s;
    memcpy(facts->issuer_spki_sha256, result.issuer_spki_sha256, sizeof(result.issuer_spki_sha256));
    return 0;
}

/* believe: whoever it is. */
static int check_new(const struct tls_config *c, CRYPTO_BUFFER *const *chain, size_t count,
                     bool believe, int64_t now_s, const uint8_t chain_sha256[32],
                     struct tls_peer **out, const char **why)
{
    struct tls_peer_facts facts = { 0 };
    struct pki_chain parsed;
    int err = parse_chain(c, chain, count, &parsed, why);

    if (err)
        return err;
    memcpy(facts.chain_sha256, chain_sha256, sizeof(facts.chain_sha256));
    facts.not_after_s = INT64_MAX;
    if (!believe)
        err = check_chain(c, &parsed, now_s, &facts, why);
    if (!err)
        *out = tls_peer_new(&parsed, &facts);
    pki_chain_deinit(&parsed);
    return err;
}

/* ---- checking a peer on every handshake ---- */

bool tls_verify_dns_covers(struct str pattern, struct str name)
{
    ptrdiff_t dot;

    if (name.len > 0 && name.p[name.len - 1] == '.')
        name = str_head(name, name.len - 1);
    if (!str_starts(pattern, STR("*.")))
        return pattern.len > 0 && str_ieq(pattern, name);
    dot = str_chr(name, '.');
    /* Below two labels, "*.com" would stand for a whole top-level domain. */
    if (dot <= 0 || str_chr(str_skip(pattern, 2), '.') < 0)
        return false;
    return str_ieq(str_skip(pattern, 1), str_skip(name, (size_t)dot));
}

static bool has_name(const struct pki_cert_info *leaf, struct str want)
{
    for (size_t i = 0; i < leaf->uri_count; i++) {
        if (str_eq(leaf->uris[i], want))
            return true;
    }
    for (size_t i = 0; i < leaf->dns_count; i++) {
        if (tls_verify_dns_covers(leaf->dns_names[i], want))
            return true;
    }
    for (size_t i = 0; i < leaf->ip_count; i++) {
        if (str_eq(leaf->ips[i], want))
            return true;
    }
    return false;
}

static bool is_named_right(const struct tls_rules *rules, const struct pki_cert_info *leaf)
{
    if (rules->name_count == 0)
        return true;
    for (size_t i = 0; i < rules->name_count; i++) {
        if (has_name(leaf, rules->names[i]))
            return true;
    }
    return false;
}

static bool is_pinned(const struct tls_rules *rules, const struct pki_cert_info *leaf)
{
    for (size_t i = 0; i < rules->pin_count; i++) {
        if (memcmp(rules->pins[i], leaf->sha256, TLS_PIN_BYTES) == 0 ||
            memcmp(rules->pins[i], leaf->spki_sha256, TLS_PIN_BYTES) == 0)
            return true;
    }
    return rules->pin_count == 0;
}

static bool is_from_accepted_domain(const struct tls_rules *rules, const struct tls_peer *peer)
{
    if (!rules->mesh || rules->trust_domain_count == 0)
        return true;
    return pki_spiffe_in_domain(tls_peer_spiffe(peer), rules->trust_domains[0],
                                rules->trust_domains + 1, rules->trust_domain_count - 1);
}

static int check_peer(const struct tls_rules *rules, const struct tls_peer *peer, int64_t now_s,
                      const char **why)
{
    if (now_s > tls_peer_not_after_s(peer))
        *why = expired;
    else if (now_s < tls_peer_not_before_s(peer))
        *why = too_early;
    else if (!is_from_accepted_domain(rules, peer))
        *why = wrong_domain;
    else if (!is_named_right(rules, tls_peer_info(peer)))
        *why = wrong_names;
    else if (!is_pinned(rules, tls_peer_info(peer)))
        *why = wrong_pin;
    else if (rules->is_denied && rules->is_denied(rules->denied_arg, peer))
        *why = denied;
    else
        return 0;
    return ERR_CERT;
}

static const struct {
    const char *why;
    uint8_t alert;
} alerts[] = {
    { expired, SSL_AD_CERTIFICATE_EXPIRED },
    { too_early, SSL_AD_CERTIFICATE_EXPIRED },
    { denied, SSL_AD_CERTIFICATE_REVOKED },
    { "unknown authority", SSL_AD_UNKNOWN_CA },
    { "self-signed certificate", SSL_AD_UNKNOWN_CA },
    { "unknown trust domain", SSL_AD_UNKNOWN_CA },
    { "certificate is revoked", SSL_AD_CERTIFICATE_REVOKED },
    { "its authority has no revocation list", SSL_AD_UNKNOWN_CA },
    { "revocation list out of date", SSL_AD_CERTIFICATE_EXPIRED },
};

static uint8_t alert_for(const char *why)
{
    for (size_t i = 0; i < COUNT_OF(alerts); i++) {
        if (strcmp(alerts[i].why, why) == 0)
            return alerts[i].alert;
    }
    return SSL_AD_BAD_CERTIFICATE;
}

static void hash_text(SHA256_CTX *sha, struct str text)
{
    uint64_t len = text.len;

    SHA256_Update(sha, &len, sizeof(len));
    SHA256_Update(sha, text.p, text.len);
}

void tls_verify_prepare(struct tls_config *c)
{
    const struct tls_rules *rules = &c->rules;
    bool insecure = rules->verify == TLS_VERIFY_INSECURE;
    const uint64_t facts[] = {
        (uint64_t)usage_of_peer(c),
        rules->mesh,
        insecure,
        insecure || !rules->trust ? 0 : pki_trust_generation(rules->trust),
    };
    SHA256_CTX sha;

    SHA256_Init(&sha);
    SHA256_Update(&sha, facts, sizeof(facts));
    hash_text(&sha, rules->alias_of);
    for (size_t i = 0; i < rules->alias_count; i++)
        hash_text(&sha, rules->aliases[i]);
    SHA256_Final(c->way_sha256, &sha);
}

int tls_verify_chain(const struct tls_config *c, struct crypto_buffer_st *const *chain,
                     size_t count, int64_t now_s, struct tls_peer **out, const char **why,
                     uint8_t *alert)
{
    bool insecure = c->rules.verify == TLS_VERIFY_INSECURE;
    struct cache_key key;
    struct tls_peer *peer = NULL;
    int err = 0;

    hash_chain(chain, count, key.chain_sha256);
    memcpy(key.way_sha256, c->way_sha256, sizeof(key.way_sha256));
    *why = "";
    peer = cache_get(&key);
    if (!peer) {
        err = check_new(c, chain, count, insecure, now_s, key.chain_sha256, &peer, why);
        if (!err)
            cache_put(&key, peer);
    }
    if (!err && !insecure)
        err = check_peer(&c->rules, peer, now_s, why);
    if (err && c->rules.accept_untrusted) {
        tls_peer_unref(peer);
        peer = NULL;
        err = check_new(c, chain, count, true, now_s, key.chain_sha256, &peer, why);
    }
    if (err) {
        tls_peer_unref(peer);
        *alert = alert_for(*why);
        return err;
    }
    *out = peer;
    return 0;
}
