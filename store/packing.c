#include "store/packing.h"

#include "core/base/error.h"

size_t packing_write_u64(uint8_t *at, uint64_t n)
{
    size_t len = 0;

    for (; n >= 0x80; n >>= 7)
        at[len++] = (uint8_t)(n | 0x80);
    at[len++] = (uint8_t)n;
    return len;
}

void packing_put_u64(struct buf *out, uint64_t n)
{
    uint8_t bytes[PACKING_U64_MAX_BYTES];

    buf_add(out, bytes, packing_write_u64(bytes, n));
}

void packing_put_str(struct buf *out, struct str s)
{
    packing_put_u64(out, s.len);
    buf_add_str(out, s);
}

struct packing_in packing_in_of(struct str bytes)
{
    const uint8_t *at = (const uint8_t *)bytes.p;

    return (struct packing_in){ .at = at, .end = at ? at + bytes.len : at };
}

static uint64_t refuse(struct packing_in *in)
{
    in->bad = true;
    in->at = in->end;
    return 0;
}

uint64_t packing_get_u64(struct packing_in *in, uint64_t max)
{
    uint64_t n = 0;

    for (unsigned int shift = 0; shift < 64; shift += 7) {
        uint8_t byte;

        if (in->at == in->end)
            return refuse(in);
        byte = *in->at++;
        if (shift == 63 && byte > 1)
            return refuse(in); /* more than 64 bits */
        n |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            if ((byte == 0 && shift > 0) || n > max)
                return refuse(in); /* not the shortest form, or too large */
            return n;
        }
    }
    return refuse(in);
}

struct str packing_get_bytes(struct packing_in *in, size_t len)
{
    struct str s;

    if (len > packing_left(in)) {
        refuse(in);
        return STR_NONE;
    }
    s = str_make(in->at, len);
    in->at += len;
    return s;
}

struct str packing_get_str(struct packing_in *in, size_t max_len)
{
    return packing_get_bytes(in, (size_t)packing_get_u64(in, max_len));
}

static const char digits[] = "0123456789abcdefghijklmnopqrstuv";

size_t packing_write_text(struct str bytes, char *out)
{
    size_t len = 0;
    unsigned int held = 0; /* bits in acc not yet written */
    uint32_t acc = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        acc = (acc << 8) | (uint8_t)bytes.p[i];
        for (held += 8; held >= 5; held -= 5)
            out[len++] = digits[(acc >> (held - 5)) & 31];
    }
    if (held > 0)
        out[len++] = digits[(acc << (5 - held)) & 31];
    return len;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'v')
        return c - 'a' + 10;
    return -1;
}

int packing_undo_text(struct str text, uint8_t *out, size_t size, size_t *len)
{
    size_t n = 0;
    unsigned int held = 0;
    uint32_t acc = 0;

    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.p[i]);

        if (digit < 0)
            return ERR_INVALID;
        acc = (acc << 5) | (uint32_t)digit;
        held += 5;
        if (held >= 8) {
            if (n == size)
                return ERR_LIMIT;
            held -= 8;
            out[n++] = (uint8_t)(acc >> held);
        }
    }
    /* What is left over is fewer than 5 bits, all zero; else a shorter text says the same. */
    if (held >= 5 || (acc & ((1U << held) - 1)) != 0)
        return ERR_INVALID;
    *len = n;
    return 0;
}
