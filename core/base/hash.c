#include "core/base/hash.h"

#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/random.h"

static uint64_t secret[2];

/* Before main, so that no thread can be early and hash_keyed needs no check. */
__attribute__((constructor)) static void make_secret(void)
{
    random_bytes(secret, sizeof(secret));
}

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotl(s->v1, 13) ^ s->v0;
    s->v3 = rotl(s->v3, 16) ^ s->v2;
    s->v0 = rotl(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotl(s->v1, 17) ^ s->v2;
    s->v3 = rotl(s->v3, 21) ^ s->v0;
    s->v2 = rotl(s->v2, 32);
}

static inline struct sip sip_start(uint64_t k0, uint64_t k1)
{
    return (struct sip){ k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL,
                         k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL };
}

static inline void sip_add(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

static inline uint64_t sip_end(struct sip *s)
{
    s->v2 ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static uint64_t load64(const char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof(word));
    return word;
}

/* The last len % 8 bytes of p[0..len-1] as the low bytes of a word, without a loop over them. */
static uint64_t tail_of(const char *p, size_t len)
{
    size_t rest = len % 8;
    const char *at = p + (len - rest);
    uint32_t low, high;

    if (rest == 0)
        return 0;
    if (len > 8)
        return load64(p + len - 8) >> (8 * (8 - rest));
    if (rest < 4)
        return (uint64_t)(uint8_t)at[0] | (uint64_t)(uint8_t)at[rest / 2] << (8 * (rest / 2)) |
               (uint64_t)(uint8_t)at[rest - 1] << (8 * (rest - 1));
    memcpy(&low, at, 4); /* the two overlap where rest < 8, with equal bits */
    memcpy(&high, at + rest - 4, 4);
    return low | (uint64_t)high << (8 * (rest - 4));
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read as they lie in memory");

/* XXH3 with a seed would be quicker, but its multipliers are public and collisions that hold for
 * every seed are known. */
uint64_t hash_sip13(uint64_t k0, uint64_t k1, const void *p, size_t len)
{
    struct sip s = sip_start(k0, k1);
    const char *at = len ? p : "";

    for (size_t i = 0; i + 8 <= len; i += 8)
        sip_add(&s, load64(at + i));
    sip_add(&s, (uint64_t)len << 56 | tail_of(at, len));
    return sip_end(&s);
}

uint64_t hash_keyed(const void *p, size_t len)
{
    return hash_sip13(secret[0], secret[1], p, len);
}

uint64_t hash_keyed_u64(uint64_t key)
{
    struct sip s = sip_start(secret[0], secret[1]);

    sip_add(&s, key); /* all keys have one length, so none is mixed in */
    return sip_end(&s);
}

uint64_t hash_content(const void *p, size_t len)
{
    return XXH64(len ? p : "", len, 0);
}

uint64_t hash_content_seeded(const void *p, size_t len, uint64_t seed)
{
    return XXH64(len ? p : "", len, seed);
}
