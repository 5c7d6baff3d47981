/* A running hash over the fields of a struct, to tell whether two builds came out equal. Texts are
 * hashed with their length, so that neighbours do not run into each other. Stable. Any thread. */
#ifndef CORE_COMPILE_DIGEST_H
#define CORE_COMPILE_DIGEST_H

#include "core/base/hash.h"
#include "core/base/str.h"

static inline uint64_t digest_u64(uint64_t h, uint64_t value)
{
    return hash_mix(h ^ (value + 0x9e3779b97f4a7c15ULL)) + h;
}

static inline uint64_t digest_str(uint64_t h, struct str s)
{
    return digest_u64(hash_content_seeded(s.p ? s.p : "", s.len, h), s.len);
}

static inline uint64_t digest_strs(uint64_t h, const struct str *list, size_t count)
{
    h = digest_u64(h, count);
    for (size_t i = 0; i < count; i++)
        h = digest_str(h, list[i]);
    return h;
}

#endif
