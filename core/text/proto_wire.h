/* Reading and writing the wire's smallest parts: for proto.h, and for the few messages that are
 * read or put together without a table. Any thread. */
#ifndef CORE_TEXT_PROTO_WIRE_H
#define CORE_TEXT_PROTO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/str.h"

enum proto_wire {
    PROTO_WIRE_VARINT = 0,
    PROTO_WIRE_64 = 1,
    PROTO_WIRE_BYTES = 2,
    PROTO_WIRE_GROUP = 3,
    PROTO_WIRE_END = 4,
    PROTO_WIRE_32 = 5,
};

struct proto_reader {
    const unsigned char *p, *end;
};

bool proto_wire_varint_slow(struct proto_reader *r, uint64_t *out);

/* False: the input ends in it, or it has more than 64 bits. */
static inline bool proto_wire_varint(struct proto_reader *r, uint64_t *out)
{
    if (__builtin_expect(r->p < r->end && *r->p < 0x80, 1)) {
        *out = *r->p++;
        return true;
    }
    return proto_wire_varint_slow(r, out);
}

/* A tag: number from 1 to 2^29 - 1, and the type. */
static inline bool proto_wire_tag(struct proto_reader *r, uint32_t *number, unsigned *type)
{
    uint64_t tag;

    if (!proto_wire_varint(r, &tag) || tag > UINT32_MAX || tag < 8)
        return false;
    *number = (uint32_t)(tag >> 3);
    *type = (unsigned)(tag & 7);
    return true;
}

static inline bool proto_wire_bytes(struct proto_reader *r, struct str *out)
{
    uint64_t len;

    if (!proto_wire_varint(r, &len) || len > (uint64_t)(r->end - r->p))
        return false;
    *out = str_make(r->p, (size_t)len);
    r->p += len;
    return true;
}

/* Little-endian, as this machine is. */
static inline bool proto_wire_fixed(struct proto_reader *r, void *out, size_t size)
{
    if ((size_t)(r->end - r->p) < size)
        return false;
    memcpy(out, r->p, size);
    r->p += size;
    return true;
}

static inline struct proto_reader proto_wire_reader(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;

    return (struct proto_reader){ p, p ? p + s.len : p };
}

/* Passes over a value of that type, groups included. */
bool proto_wire_skip(struct proto_reader *r, uint32_t number, unsigned type);

/* What does not fit sets out->full. */
void proto_wire_put_varint(struct buf *out, uint64_t v);
void proto_wire_put_tag(struct buf *out, uint32_t number, enum proto_wire type);
void proto_wire_put_bytes(struct buf *out, uint32_t number, struct str bytes);

static inline uint64_t proto_wire_zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

static inline int64_t proto_wire_unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

#endif
