#include "core/base/hash.h"

#include "core/base/mem.h"
#include "tests/tap.h"

/* Key 00 01 .. 0f, message 00 01 .. n-1: the values the algorithm's other implementations use. */
static void sip13_agrees_with_known_values(void)
{
    static const uint64_t want[] = { 0xabac0158050fc4dcULL, 0xc9f49bf37d57ca93ULL,
                                     0x82cb9b024dc7d44dULL };
    uint8_t message[COUNT_OF(want)];

    for (size_t i = 0; i < COUNT_OF(want); i++) {
        message[i] = (uint8_t)i;
        EQ_UINT(hash_sip13(0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL, message, i), want[i]);
    }
}

/* The definition, a byte at a time, in words of the test's own. */
static uint64_t plain_sip13(uint64_t k0, uint64_t k1, const uint8_t *p, size_t len)
{
#define ROTL(x, k) ((x) << (k) | (x) >> (64 - (k)))
    uint64_t v[] = { k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL,
                     k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL };
    size_t blocks = len / 8 + 1;

    for (size_t i = 0; i < blocks + 3; i++) {
        uint64_t word = i == blocks - 1 ? (uint64_t)len << 56 : 0;

        for (size_t j = i * 8; j < len && j < i * 8 + 8; j++)
            word |= (uint64_t)p[j] << (8 * (j % 8));
        if (i == blocks)
            v[2] ^= 0xff;
        v[3] ^= word;
        v[0] += v[1], v[1] = ROTL(v[1], 13) ^ v[0], v[0] = ROTL(v[0], 32);
        v[2] += v[3], v[3] = ROTL(v[3], 16) ^ v[2];
        v[0] += v[3], v[3] = ROTL(v[3], 21) ^ v[0];
        v[2] += v[1], v[1] = ROTL(v[1], 17) ^ v[2], v[2] = ROTL(v[2], 32);
        v[0] ^= word;
    }
#undef ROTL
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void sip13_agrees_with_its_definition_at_every_length(void)
{
    uint8_t message[100];

    for (size_t len = 0; len < sizeof(message); len++) {
        message[len] = (uint8_t)(len * 37 + 200);
        EQ_UINT(hash_sip13(3, 4, message, len), plain_sip13(3, 4, message, len));
    }
}

static void keyed_hash_depends_on_every_byte_and_the_length(void)
{
    char a[40] = { 0 }, b[40] = { 0 };

    for (size_t len = 1; len <= sizeof(a); len++) {
        OK(hash_keyed(a, len) != hash_keyed(a, len - 1));
        EQ_UINT(hash_keyed(a, len), hash_keyed(b, len));
        for (size_t i = 0; i < len; i++) {
            b[i] = 1;
            OK(hash_keyed(a, len) != hash_keyed(b, len));
            b[i] = 0;
        }
    }
    EQ_UINT(hash_keyed(NULL, 0), hash_keyed("", 0));
}

static void other_secret_gives_other_values(void)
{
    OK(hash_sip13(1, 2, "abc", 3) != hash_sip13(1, 3, "abc", 3));
    OK(hash_sip13(1, 2, "abc", 3) != hash_sip13(2, 2, "abc", 3));
}

static void low_bits_of_neighbouring_numbers_are_spread(void)
{
    int counts[64] = { 0 };

    for (uint64_t i = 0; i < 6400; i++)
        counts[hash_keyed_u64(i << 32) % 64]++;
    for (int i = 0; i < 64; i++)
        OK(counts[i] > 40 && counts[i] < 180);
}

/* Stored and sent: these values may never change. */
static void content_hash_is_stable(void)
{
    EQ_UINT(hash_content("", 0), 0xef46db3751d8e999ULL);
    EQ_UINT(hash_content(NULL, 0), 0xef46db3751d8e999ULL);
    EQ_UINT(hash_content("a", 1), 0xd24ec4f1a98c6e5bULL);
    EQ_UINT(hash_content("abc", 3), 0x44bc2cf5ad770999ULL);
    EQ_UINT(hash_content_seeded("abc", 3, 0), hash_content("abc", 3));
    OK(hash_content_seeded("abc", 3, 1) != hash_content("abc", 3));
}

static const struct tap_case cases[] = {
    { "sip13_agrees_with_known_values", sip13_agrees_with_known_values },
    { "sip13_agrees_with_its_definition_at_every_length",
      sip13_agrees_with_its_definition_at_every_length },
    { "keyed_hash_depends_on_every_byte_and_the_length",
      keyed_hash_depends_on_every_byte_and_the_length },
    { "other_secret_gives_other_values", other_secret_gives_other_values },
    { "low_bits_of_neighbouring_numbers_are_spread", low_bits_of_neighbouring_numbers_are_spread },
    { "content_hash_is_stable", content_hash_is_stable },
};

TAP_MAIN(cases)
