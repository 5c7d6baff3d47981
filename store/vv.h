/* A version vector: for each origin, how many of its writes are here. Since writes of one origin
 * are taken in order and without holes, that is all there is to know about what a store has seen.
 *
 *      count, count x (origin - previous origin, seq)       numbers as in packing.h, origins
 * ascending
 *
 * A vector has at most VV_ENTRIES_MAX origins (15 members and their former lives). */
#ifndef STORE_VV_H
#define STORE_VV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/str.h"
#include "store/dot.h"

#define VV_ENTRIES_MAX 256

struct vv {
    struct dot *list; /* ascending by origin; seq is the last one seen, from 1 */
    size_t count, cap;
};

void vv_init(struct vv *v);
void vv_deinit(struct vv *v);
void vv_copy(struct vv *to, const struct vv *from); /* to is initialised */

uint64_t vv_get(const struct vv *v, uint32_t origin); /* 0: none */
/* Raises an entry; a lower seq than the present one changes nothing. ERR_LIMIT: too many origins.
 */
int vv_raise(struct vv *v, struct dot d);
/* Takes an entry back to d.seq (0 removes it): only for seqs that nobody has seen. */
void vv_lower(struct vv *v, struct dot d);
/* Raises all entries to those of from; ERR_LIMIT leaves v partly raised. */
int vv_merge(struct vv *v, const struct vv *from);

static inline bool vv_covers_dot(const struct vv *v, struct dot d)
{
    return vv_get(v, d.origin) >= d.seq;
}

/* a has seen everything b has. */
bool vv_covers(const struct vv *a, const struct vv *b);
bool vv_eq(const struct vv *a, const struct vv *b);

void vv_encode(const struct vv *v, struct buf *out);
/* Takes all of bytes; v is initialised and replaced. ERR_INVALID leaves it empty. */
int vv_decode(struct vv *v, struct str bytes);
/* Whether the encoded vector (which vv_decode accepts, or is empty) covers d. */
bool vv_encoded_covers(struct str bytes, struct dot d);

/* 'x' and the packed text of the encoding. */
void vv_format(const struct vv *v, struct buf *out);
int vv_parse(struct vv *v, struct str text);

#endif
