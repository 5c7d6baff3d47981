#include "core/telemetry/telemetry_ring.h"

#include <string.h>

#include "core/base/mem.h"

#define MAX_TEXT   255 /* of one text */
#define WORDS      ((sizeof(struct telemetry_record) + 7) / 8)
#define AREA_START offsetof(struct telemetry_record, area)

/* Words, not bytes, because they are copied by atomic loads and stores: what a reader gets while
 * the writer is at work is thrown away, but reading it must be no race. */
struct slot {
    atomic_uint_fast64_t sequence; /* 2n + 1 while record n is written, 2n + 2 after; 0: empty */
    atomic_uint_fast64_t words[WORDS];
};

struct telemetry_ring {
    atomic_uint_fast64_t written; /* records, ever */
    uint16_t worker;
    struct slot slots[TELEMETRY_RING_RECORDS];
};

struct telemetry_ring *telemetry_ring_new(uint16_t worker)
{
    struct telemetry_ring *ring = mem_alloc0(1, sizeof(*ring));

    ring->worker = worker;
    return ring;
}

void telemetry_ring_free(struct telemetry_ring *ring)
{
    mem_free(ring);
}

/* ---- writing ---- */

static void copy_addr(struct telemetry_ring_addr *to, const struct addr *from)
{
    to->family = from->family;
    to->port = from->port;
    if (from->family == ADDR_IPV4 || from->family == ADDR_IPV6)
        memcpy(to->ip, from->ip, sizeof(to->ip));
}

static size_t add_text(struct telemetry_record *r, size_t at, enum telemetry_ring_text which,
                       struct str text)
{
    size_t len = text.len < MAX_TEXT ? text.len : MAX_TEXT;

    if (len > TELEMETRY_RING_AREA_BYTES - at)
        len = TELEMETRY_RING_AREA_BYTES - at;
    r->text_len[which] = (uint16_t)len;
    if (len)
        memcpy(r->area + at, text.p, len);
    return at + len;
}

static size_t add_texts(struct telemetry_record *r, const struct decision *d, size_t at)
{
    static const struct model_source none;
    const struct model_source *route = d->route ? &d->route->source : &none;
    const struct model_source *authz = d->authz_policy ? &d->authz_policy->source : &none;
    const struct str texts[TELEMETRY_RING_TEXT_COUNT] = {
        [TELEMETRY_RING_METHOD] = d->method,
        [TELEMETRY_RING_REQUEST_ID] = d->request_id,
        [TELEMETRY_RING_CLUSTER] = d->cluster ? d->cluster->config->name : STR_NONE,
        [TELEMETRY_RING_ROUTE] = d->route ? d->route->name : STR_NONE,
        [TELEMETRY_RING_ROUTE_KIND] = route->kind,
        [TELEMETRY_RING_ROUTE_NS] = route->ns,
        [TELEMETRY_RING_ROUTE_NAME] = route->name,
        [TELEMETRY_RING_AUTHZ_NS] = authz->ns,
        [TELEMETRY_RING_AUTHZ_NAME] = authz->name,
        [TELEMETRY_RING_DETAILS] = str_of(d->details ? d->details : d->termination),
        [TELEMETRY_RING_FAILURE] = str_of(d->upstream_failure),
        [TELEMETRY_RING_PEER] = d->peer_identity,
        [TELEMETRY_RING_UPSTREAM_PEER] = d->upstream_identity,
        [TELEMETRY_RING_AUTHORITY] = d->authority,
        [TELEMETRY_RING_PATH] = d->path.len ? d->path : d->original_path,
        [TELEMETRY_RING_LISTENER] = d->listener ? d->listener->name : STR_NONE,
        [TELEMETRY_RING_SNI] = d->sni,
        [TELEMETRY_RING_ROUTE_FILE] = route->file,
        [TELEMETRY_RING_USER_AGENT] = d->user_agent,
    };

    for (int i = 0; i < TELEMETRY_RING_TEXT_COUNT; i++)
        at = add_text(r, at, (enum telemetry_ring_text)i, texts[i]);
    return at;
}

static size_t add_tries(struct telemetry_record *r, const struct decision *d)
{
    r->try_count = (uint8_t)(d->try_count < DECISION_TRIES_MAX ? d->try_count : DECISION_TRIES_MAX);
    for (uint32_t i = 0; i < r->try_count; i++) {
        struct telemetry_ring_try one = {
            .status = d->tries[i].status,
            .flags = d->tries[i].flags,
            .duration_us = d->tries[i].duration_us,
        };

        copy_addr(&one.addr, &d->tries[i].addr);
        memcpy(r->area + i * sizeof(one), &one, sizeof(one));
    }
    return r->try_count * sizeof(struct telemetry_ring_try);
}

static uint64_t us_between(uint64_t from_ns, uint64_t to_ns)
{
    return to_ns > from_ns ? (to_ns - from_ns) / 1000 : 0;
}

/* Returns how many bytes of r are used. */
static size_t fill(struct telemetry_record *r, const struct decision *d, uint16_t worker)
{
    memset(r, 0, AREA_START);
    r->id = d->id;
    r->start_wall_us = d->start_wall_us;
    r->snapshot_version = d->snapshot ? d->snapshot->version : 0;
    r->bytes_in = d->bytes_in;
    r->bytes_out = d->bytes_out;
    r->duration_us = us_between(d->start_ns, d->end_ns);
    r->first_byte_us =
        d->upstream_first_ns ? us_between(d->start_ns, d->upstream_first_ns) : UINT64_MAX;
    r->flags = d->flags;
    r->route_line = d->route ? d->route->source.line : 0;
    r->authz_line = d->authz_policy ? d->authz_policy->source.line : 0;
    r->authz_rule = d->authz_rule;
    r->status = d->status;
    r->worker = worker;
    r->grpc_status = d->grpc_status;
    r->version = d->version;
    r->inbound = d->inbound;
    r->gateway = d->gateway;
    r->is_tcp = d->is_tcp;
    r->is_grpc = d->is_grpc;
    r->mtls_down = d->mtls_down;
    r->mtls_up = d->mtls_up;
    r->authz_denied = d->authz_denied;
    r->has_authz_policy = d->authz_policy != NULL;
    r->shadow_denied = d->shadow_denied;
    copy_addr(&r->peer, &d->peer);
    copy_addr(&r->local, d->original_dst.family == ADDR_NONE ? &d->local : &d->original_dst);
    copy_addr(&r->upstream, &d->upstream_remote);
    return AREA_START + add_texts(r, d, add_tries(r, d));
}

void telemetry_ring_add(struct telemetry_ring *ring, const struct decision *d)
{
    uint64_t n = atomic_load_explicit(&ring->written, memory_order_relaxed);
    struct slot *slot = &ring->slots[n % TELEMETRY_RING_RECORDS];
    union {
        struct telemetry_record record;
        uint64_t words[WORDS];
    } copy;
    size_t used = fill(&copy.record, d, ring->worker);

    /* Release on each word keeps it behind the odd number that announces it. */
    memset((char *)&copy + used, 0, (8 - used % 8) % 8);
    atomic_store_explicit(&slot->sequence, 2 * n + 1, memory_order_relaxed);
    for (size_t i = 0; i < (used + 7) / 8; i++)
        atomic_store_explicit(&slot->words[i], copy.words[i], memory_order_release);
    atomic_store_explicit(&slot->sequence, 2 * n + 2, memory_order_release);
    atomic_store_explicit(&ring->written, n + 1, memory_order_release);
}

/* ---- reading ---- */

static size_t area_bytes(const struct telemetry_record *r)
{
    size_t total = r->try_count * sizeof(struct telemetry_ring_try);

    for (int i = 0; i < TELEMETRY_RING_TEXT_COUNT; i++)
        total += r->text_len[i];
    return total;
}

bool telemetry_ring_get(const struct telemetry_ring *ring, uint32_t back,
                        struct telemetry_record *out)
{
    uint64_t written = atomic_load_explicit(&ring->written, memory_order_acquire), n;
    const struct slot *slot;
    union {
        struct telemetry_record record;
        uint64_t words[WORDS];
    } copy;

    if (back >= written || back >= TELEMETRY_RING_RECORDS)
        return false;
    n = written - 1 - back;
    slot = &ring->slots[n % TELEMETRY_RING_RECORDS];
    if (atomic_load_explicit(&slot->sequence, memory_order_acquire) != 2 * n + 2)
        return false;
    /* Acquire on each word keeps the second look at the number behind them. */
    for (size_t i = 0; i < WORDS; i++)
        copy.words[i] = atomic_load_explicit(&slot->words[i], memory_order_acquire);
    if (atomic_load_explicit(&slot->sequence, memory_order_relaxed) != 2 * n + 2 ||
        area_bytes(&copy.record) > TELEMETRY_RING_AREA_BYTES)
        return false;
    *out = copy.record;
    return true;
}

struct str telemetry_ring_text(const struct telemetry_record *r, enum telemetry_ring_text which)
{
    size_t at = r->try_count * sizeof(struct telemetry_ring_try);

    for (int i = 0; i < (int)which; i++)
        at += r->text_len[i];
    return str_make(r->area + at, r->text_len[which]);
}

struct telemetry_ring_try telemetry_ring_try(const struct telemetry_record *r, uint32_t i)
{
    struct telemetry_ring_try one;

    memcpy(&one, r->area + i * sizeof(one), sizeof(one));
    return one;
}
