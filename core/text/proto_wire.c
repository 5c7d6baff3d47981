#include "core/text/proto_wire.h"

#include "core/text/proto.h"

bool proto_wire_varint_slow(struct proto_reader *r, uint64_t *out)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 70 && r->p < r->end; shift += 7) {
        unsigned char c = *r->p++;

        if (shift == 63 && c > 1)
            return false;
        value |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

/* A group ends with its own number; only depth is kept, since nothing in it is used. */
static bool skip_group(struct proto_reader *r, uint32_t number)
{
    uint32_t open[PROTO_MAX_DEPTH], n;
    int depth = 0;
    unsigned type;

    open[depth++] = number;
    while (depth) {
        if (!proto_wire_tag(r, &n, &type))
            return false;
        if (type == PROTO_WIRE_GROUP) {
            if (depth == PROTO_MAX_DEPTH)
                return false;
            open[depth++] = n;
        } else if (type == PROTO_WIRE_END) {
            if (open[--depth] != n)
                return false;
        } else if (!proto_wire_skip(r, n, type)) {
            return false;
        }
    }
    return true;
}

bool proto_wire_skip(struct proto_reader *r, uint32_t number, unsigned type)
{
    uint64_t value;
    struct str bytes;

    switch (type) {
    case PROTO_WIRE_VARINT:
        return proto_wire_varint(r, &value);
    case PROTO_WIRE_64:
        return proto_wire_fixed(r, &value, 8);
    case PROTO_WIRE_32:
        return proto_wire_fixed(r, &value, 4);
    case PROTO_WIRE_BYTES:
        return proto_wire_bytes(r, &bytes);
    case PROTO_WIRE_GROUP:
        return skip_group(r, number);
    default:
        return false;
    }
}

void proto_wire_put_varint(struct buf *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        buf_add_char(out, (char)(v | 0x80));
    buf_add_char(out, (char)v);
}

void proto_wire_put_tag(struct buf *out, uint32_t number, enum proto_wire type)
{
    proto_wire_put_varint(out, (uint64_t)number << 3 | type);
}

void proto_wire_put_bytes(struct buf *out, uint32_t number, struct str bytes)
{
    proto_wire_put_tag(out, number, PROTO_WIRE_BYTES);
    proto_wire_put_varint(out, bytes.len);
    buf_add_str(out, bytes);
}
