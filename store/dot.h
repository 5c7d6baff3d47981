/* A dot: the name of one write. origin is one life of one store (a random id taken when a database
 * is begun), seq counts its writes from 1 without a hole. Any thread. */
#ifndef STORE_DOT_H
#define STORE_DOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

struct dot {
    uint32_t origin; /* not 0 */
    uint64_t seq;    /* from 1 */
};

/* base32hex of varint(origin) varint(seq): at most 24 characters, and a zero. */
#define DOT_TEXT_BYTES 25

static inline bool dot_eq(struct dot a, struct dot b)
{
    return a.origin == b.origin && a.seq == b.seq;
}

void dot_format(struct dot d, char out[DOT_TEXT_BYTES]);
/* ERR_INVALID unless text is exactly what dot_format writes. */
int dot_parse(struct str text, struct dot *out);

#endif
