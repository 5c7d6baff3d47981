#include "core/telemetry/telemetry_peer.h"

#include <string.h>

#include "core/base/hash.h"

static struct str bare(struct str identity)
{
    return str_starts(identity, STR("spiffe://")) ? str_skip(identity, 9) : identity;
}

static const struct model_telemetry_peer *look_up(const struct decision *d)
{
    const struct snapshot *s = d->snapshot;
    const struct model_telemetry_peer *there = NULL, *named;
    struct str identity = bare(d->peer_identity);

    if (d->peer.family == ADDR_IPV4 || d->peer.family == ADDR_IPV6)
        there = snapshot_find_peer(s, &d->peer);
    if (identity.len == 0 || (there && str_eq(bare(there->principal), identity)))
        return there;
    named = snapshot_find_peer_by_identity(s, identity);
    return named; /* what is at the address is somebody else */
}

/* Address without port, then identity. 0: does not fit. */
static uint32_t make_key(const struct decision *d, uint8_t key[TELEMETRY_PEER_KEY_BYTES])
{
    size_t ip_len = d->peer.family == ADDR_IPV6 ? 16 : d->peer.family == ADDR_IPV4 ? 4 : 0;

    if (1 + ip_len + d->peer_identity.len > TELEMETRY_PEER_KEY_BYTES)
        return 0;
    key[0] = d->peer.family;
    memcpy(key + 1, d->peer.ip, ip_len);
    if (d->peer_identity.len)
        memcpy(key + 1 + ip_len, d->peer_identity.p, d->peer_identity.len);
    return (uint32_t)(1 + ip_len + d->peer_identity.len);
}

const struct model_telemetry_peer *telemetry_peer_find(struct telemetry_peer *cache,
                                                       const struct decision *d)
{
    uint8_t key[TELEMETRY_PEER_KEY_BYTES];
    uint32_t len = make_key(d, key);
    struct telemetry_peer_slot *slot;

    if (!d->snapshot)
        return NULL;
    if (!len || !cache)
        return look_up(d);
    slot = &cache->slots[hash_content(key, len) & (TELEMETRY_PEER_SLOTS - 1)];
    if (slot->version == d->snapshot->version && slot->key_len == len &&
        memcmp(slot->key, key, len) == 0)
        return slot->peer;
    slot->version = d->snapshot->version;
    slot->peer = look_up(d);
    slot->key_len = len;
    memcpy(slot->key, key, len);
    return slot->peer;
}
