/* How the store packs numbers and strings, on disk, on the wire and in versions people see.
 *
 *      number   LEB128: 7 bits a byte, low ones first, bit 7 = more; the shortest form only
 *      string   number (length), bytes
 *      text     base32hex in lower case without padding, so that order and equality survive
 *
 * Reading is strict: there is one form of everything, and what breaks it sets `bad`, once and for
 * all; the reader checks at the end. Any thread. */
#ifndef STORE_PACKING_H
#define STORE_PACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/str.h"

#define PACKING_U64_MAX_BYTES 10

/* Writes n and returns the bytes used. */
size_t packing_write_u64(uint8_t *at, uint64_t n);
void packing_put_u64(struct buf *out, uint64_t n);
void packing_put_str(struct buf *out, struct str s);

struct packing_in {
    const uint8_t *at, *end;
    bool bad;
};

struct packing_in packing_in_of(struct str bytes);

static inline size_t packing_left(const struct packing_in *in)
{
    return (size_t)(in->end - in->at);
}

/* 0 once bad, or when the number is above max (which is bad too). */
uint64_t packing_get_u64(struct packing_in *in, uint64_t max);
/* Borrowed from the input. */
struct str packing_get_str(struct packing_in *in, size_t max_len);
struct str packing_get_bytes(struct packing_in *in, size_t len);

#define PACKING_TEXT_LEN(bytes) (((bytes)*8 + 4) / 5)
/* Writes PACKING_TEXT_LEN(len) characters, no zero, and returns how many. */
size_t packing_write_text(struct str bytes, char *out);
/* The reverse, into out[0..size-1]; ERR_INVALID for what packing_write_text does not write,
 * ERR_LIMIT when it does not fit. */
int packing_undo_text(struct str text, uint8_t *out, size_t size, size_t *len);

#endif
