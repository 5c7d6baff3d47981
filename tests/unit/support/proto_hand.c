#include "tests/unit/support/proto_hand.h"

#include <string.h>

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

static size_t put_varint(char *out, unsigned value)
{
    size_t n = 0;

    for (; value > 127; value >>= 7)
        out[n++] = (char)((value & 127) | 128);
    out[n++] = (char)value;
    return n;
}

struct str proto_hand_field(struct arena *a, int number, struct str value)
{
    char *out = arena_alloc(a, value.len + 8);
    size_t at = put_varint(out, (unsigned)number << 3 | WIRE_BYTES);

    at += put_varint(out + at, (unsigned)value.len);
    if (value.len)
        memcpy(out + at, value.p, value.len);
    return str_make(out, at + value.len);
}

struct str proto_hand_int(struct arena *a, int number, int value)
{
    char *out = arena_alloc(a, 16);
    size_t at = put_varint(out, (unsigned)number << 3 | WIRE_VARINT);

    return str_make(out, at + put_varint(out + at, (unsigned)value));
}

struct str proto_hand_cat(struct arena *a, struct str first, struct str second)
{
    char *out = arena_alloc(a, first.len + second.len + 1);

    if (first.len)
        memcpy(out, first.p, first.len);
    if (second.len)
        memcpy(out + first.len, second.p, second.len);
    return str_make(out, first.len + second.len);
}

static bool get_varint(struct str *rest, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; rest->len && shift < 64; shift += 7) {
        unsigned char byte = (unsigned char)rest->p[0];

        *rest = str_skip(*rest, 1);
        *out |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return true;
    }
    return false;
}

struct str proto_hand_find(struct str message, unsigned number)
{
    uint64_t tag, value;

    while (get_varint(&message, &tag) && get_varint(&message, &value)) {
        if ((tag & 7) == WIRE_VARINT) {
            if (tag >> 3 == number)
                return STR("");
            continue;
        }
        if ((tag & 7) != WIRE_BYTES || value > message.len)
            return STR_NONE;
        if (tag >> 3 == number)
            return str_make(message.p, (size_t)value);
        message = str_skip(message, (size_t)value);
    }
    return STR_NONE;
}
